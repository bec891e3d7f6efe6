-- mf.pde.particles{ eps =, common = true }: the noise that neurons a sigma(<w,x> + b) of two radii share.
local mf = require "meanfield"
local common = require "tests.common"

local erf, relu = mf.activation.erf(), mf.activation.relu()
local function density(x) return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) end
local function below(x) return 0.5 * (1 + erf(x / math.sqrt(2))) end
local function law(d, s0) return mf.distribution.anisotropic { d = d, s0 = s0, delta = 0.6 } end

local function solve(o)
  if o.common == nil then o.common = true end
  return mf.pde.particles(o)
end

local sides = { { y = 1, weight = 0.5, tau = { 1.6, 1 } }, { y = -1, weight = 0.5, tau = { 0.4, 1 } } }
local function scale(x, node) return math.sqrt((node.tau[1] * x[3]) ^ 2 + (node.tau[2] * x[4]) ^ 2) end

local model = { nodes = sides, radii = { 3, 4 }, dims = { 60, 140 }, noise = 0.04 } -- relu, in x = { a, b, r1, r2 }
function model.answer(x, node)
  local s = scale(x, node)
  return x[1] * (x[2] * below(x[2] / s) + s * density(x[2] / s))
end
function model.tilt(x, node) return x[1] * below(x[2] / scale(x, node)) end
function model.square(x, node) return x[1] * model.tilt(x, node) end

describe("the noise that affine neurons share", function()
  for name, pot in pairs {
    relu = mf.potential.relu { delta = 0.6, gamma = 0.3 },
    affine = mf.potential.affine { distribution = law(200, 60), activation = relu, d = math.huge },
  } do
    it("is that of the equations for products of weights, by another integrator: " .. name, function()
      local x, p = { { 1, 0.3, 0.5, 0.9 }, { -0.7, -0.2, 0.8, 0.6 } }, { 0.6, 0.4 }
      local share, ratio = common.apart(model, x, p, 1e-4, 0.5, 60, function(eps, shared)
        return solve { potential = pot, d = 200, s0 = 60, eps = eps, step = 2e-3, common = shared, label_noise = 0.2,
                       measure = mf.measure { x = x, weights = p, space = "relu" } }:advance(0.5):risk()
      end)
      assert.is_true(share < 0.02, share)
      assert.near(4, ratio, 0.4)
    end)
  end

  -- Neurons of a = 1 and b = 0 are plain ones. What the overlaps add to R is of order t, what they move of order t^2;
  -- a and b do not stay what they were, which is an order of t more.
  it("in finite dimensions is that of plain neurons", function()
    local r, p, t = { { 1, 0.7 }, { 0.5, 1.2 } }, { 0.6, 0.4 }, 1e-4
    for _, sigma in ipairs { erf, mf.activation.piecewise { { 0.5, -1 }, { 1.5, 3 } } } do
      local function run(affine)
        local pot = mf.potential[affine and "affine" or "two_radius"] { distribution = law(30, 12), activation = sigma }
        local x = r
        if affine then x = { { 1, 0, 1, 0.7 }, { 1, 0, 0.5, 1.2 } } end
        local function end_at(shared)
          return solve { potential = pot, eps = 1e-2, step = t / 4, common = shared, measure = mf.measure {
            x = x, weights = p, space = affine and "relu" or "two_radius" } }:advance(t)
        end
        local all, drift = end_at(true), end_at(false)
        local out, one, other = { all:risk() - pot:risk(all:measure()) }, all:measure():atoms(), drift:measure():atoms()
        for j = 1, 2 do
          for c = 1, 2 do
            local at = affine and c + 2 or c
            out[#out + 1] = one[j][at] - other[j][at]
          end
        end
        return out
      end
      local plain, affine = run(false), run(true)
      for i = 1, 5 do assert.near(1, affine[i] / plain[i], 0.01) end
    end
  end)

  it("takes any loss, in finite dimensions and the limit", function()
    local rho0 = mf.init.gaussian { kappa = 0.6, a = mf.number.signs() }
    for _, d in ipairs { 30, math.huge } do
      local function R(loss) -- that of Huber is the square as far as yhat goes
        local pot = mf.potential.relu { distribution = law(30, 12), loss = loss, d = d, tol = 1e-4 }
        return solve { potential = pot, eps = 1e-3, step = 0.01, init = rho0, J = 40, d = d > 30 and 30 or nil,
                       s0 = d > 30 and 12 or nil }:advance(0.1):risk()
      end
      assert.near(R(), R(mf.loss.huber(1e3)), 1e-4)
    end
  end)

  it("gives the same bits on any number of threads, and from a file", function()
    local pot = mf.potential.affine { distribution = law(30, 12), activation = relu, tol = 1e-3 }
    local rho0 = mf.init.gaussian { kappa = 0.5, a = mf.number.signs(), b = mf.number.normal() }
    local function run() return solve { potential = pot, init = rho0, J = 40, eps = 1e-3 } end
    common.same_bits(run, pot)
  end)
end)
