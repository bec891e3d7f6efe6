-- mf.pde.particles{ eps =, common = true }: the noise that neurons share across the directions of a multi-index law.
local mf = require "meanfield"
local common = require "tests.common"

local erf = mf.activation.erf()

local function law(o)
  return mf.distribution.multi_index { d = o.d, directions = 1, inputs = o.inputs,
                                       target = o.target or function(z) return z end, noise = o.noise }
end

local function solve(o)
  if o.common == nil then o.common = true end
  return mf.pde.particles(o)
end

-- One direction, z = +-1, y = z + 1/2, noise of the labels of variance 1/4, and erf, in the limit; x = { a, b, m, r }.
local sides = { { z = 1, y = 1.5, weight = 0.5, tau = { 1 } }, { z = -1, y = -0.5, weight = 0.5, tau = { 1 } } }
local model = { nodes = sides, radii = { 4 }, dims = { 199 }, noise = 0.25 }
function model.answer(x, node) return x[1] * erf((x[3] * node.z + x[2]) / math.sqrt(1 + 2 * x[4] ^ 2)) end
function model.tilt(x, node)
  local v = 1 + 2 * x[4] ^ 2
  return x[1] * 2 / math.sqrt(math.pi * v) * math.exp(-(x[3] * node.z + x[2]) ^ 2 / v)
end
function model.square(x, node)
  local v = 1 + 4 * x[4] ^ 2
  return x[1] ^ 2 * 4 / math.pi / math.sqrt(v) * math.exp(-2 * (x[3] * node.z + x[2]) ^ 2 / v)
end

describe("the noise that neurons share across a few directions", function()
  it("is that of the equations for products of weights, by another integrator", function()
    local pot = mf.potential.multi_index { activation = erf, d = math.huge, distribution = law {
      d = 200, inputs = "hypercube", noise = 0.5, target = function(z) return z + 0.5 end } }
    local x, p = { { 1, 0.3, 0.5, 0.9 }, { -0.7, -0.2, 0.8, 0.6 } }, { 0.6, 0.4 }
    local share, ratio = common.apart(model, x, p, 1e-4, 0.5, 60, function(eps, shared)
      return solve { potential = pot, d = 200, eps = eps, step = 2e-3, common = shared,
                     measure = mf.measure { x = x, weights = p, space = "multi_index" } }:advance(0.5):risk()
    end)
    assert.is_true(share < 0.01, share)
    assert.near(4, ratio, 0.4)
  end)

  -- Neurons that do not see z, without biases, and an odd sigma: yhat = 0, (y - yhat)^2 = z^2 has the mean 1. Overlaps
  -- grow by 4 eps (p - 2) S_ij / (r_i r_j)^2 and cost sum_ij p_i p_j S_ij c_ij, with S_ij the part of degree 1 in the
  -- cosine zeta of erf's kernel 2/pi asin(2 C / ..) (Williams). Cosines are integrated by the midpoint rule in the
  -- angle.
  it("in finite dimensions is what the kernel of erf says", function()
    local d, t, eps, p, x = 21, 1e-4, 1e-3, { 0.6, 0.4 }, { { 1, 0, 0, 0.7 }, { -0.8, 0, 0, 1.2 } }
    local function S(i, j)
      local sum, all, n, r, s = 0, 0, 64, x[i][4], x[j][4]
      for k = 1, n do
        local angle = (k - 0.5) / n * math.pi
        local zeta, w = math.cos(angle), math.sin(angle) ^ (d - 3)
        local K = 2 / math.pi * math.asin(2 * r * s * zeta / math.sqrt((1 + 2 * r * r) * (1 + 2 * s * s)))
        sum, all = sum + w * (d - 1) * zeta * K, all + w
      end
      return x[i][1] * x[j][1] * sum / all
    end
    local expected = 0
    for i = 1, 2 do
      for j = 1, 2 do
        local grown = 4 * eps * t * (d - 3) * S(i, j) / (x[i][4] * x[j][4]) ^ 2
        expected = expected + p[i] * p[j] * S(i, j) * grown
      end
    end
    local pot = mf.potential.multi_index { activation = erf, distribution = law { d = d, inputs = "gaussian" } }
    local flow = solve { potential = pot, eps = eps, step = t / 2,
                         measure = mf.measure { x = x, weights = p, space = "multi_index" } }:advance(t)
    assert.near(1, (flow:risk() - pot:risk(flow:measure())) / expected, 1e-3)
  end)

  -- R less R of a smaller step from the same neurons. What is left of SGD's mean over seeds counts with four of its
  -- standard errors.
  it("explains what steps do to SGD better than Eq. 7 and the drift do", function()
    local d, seeds, sigma = 80, 32, mf.activation.softplus()
    local stair = mf.distribution.multi_index { d = d, directions = 2, inputs = "hypercube",
                                                target = function(a, b) return a + a * b end }
    local pot = mf.potential.multi_index { distribution = stair, activation = sigma, d = math.huge }
    local rho0 = mf.init.gaussian { kappa = 0.5, a = mf.number.signs(), b = mf.number.normal(), d = d }
    local function difference(risk) return risk(0.08 / d) - risk(0.02 / d) end
    local mean, error = common.over_seeds(seeds, function(seed)
      return difference(function(eps)
        local net = mf.sgd { distribution = stair, activation = sigma, neuron = "affine", N = 100, init = rho0,
                             seed = seed, eps = eps }
        return (net:advance(5):risk { samples = 20000, seed = 5 })
      end)
    end)
    local function theory(shared)
      return difference(function(eps)
        return solve { potential = pot, d = d, init = rho0, J = 400, eps = eps, common = shared, tol = 1e-5 }
          :advance(5):risk()
      end)
    end
    local left, drift = math.abs(mean - theory(true)) + 4 * error, math.abs(mean - theory(false))
    assert.is_true(left < 0.35 * math.abs(mean), left / math.abs(mean)) -- by Eq. 7, R does not depend on eps
    assert.is_true(left < 0.6 * drift, left / drift)
  end)

  it("gives the same bits on any number of threads, and from a file", function()
    local pot = mf.potential.multi_index { activation = erf, distribution = law { d = 40, inputs = "gaussian" },
                                           tol = 1e-3 }
    local rho0 = mf.init.gaussian { kappa = 0.5, a = mf.number.signs(), b = mf.number.normal() }
    local function run() return solve { potential = pot, init = rho0, J = 40, eps = 1e-3 } end
    common.same_bits(run, pot)
  end)

  it("holds what is fixed", function()
    local held = mf.distribution.multi_index { d = 40, directions = 1, inputs = "hypercube",
                                               target = function(z) return z end }
    local pot = mf.potential.multi_index { distribution = held, activation = mf.activation.softplus(), d = math.huge,
                                           fix_a = true, fix_b = true }
    local o = { potential = pot, init = mf.init.gaussian { kappa = 0.5, a = 1 }, J = 20, eps = 1e-3, d = 40 }
    for _, x in ipairs(solve(o):advance(0.2):measure():atoms()) do
      assert.equal(1, x[1])
      assert.equal(0, x[2])
    end
  end)

  it("names what it cannot do", function()
    local function fails(text, o) assert.error_matches(function()
      o.init, o.eps = mf.init.gaussian { kappa = 0.5, a = 1 }, 1e-3
      solve(o)
    end, text, 1, true) end
    local few = mf.potential.multi_index { activation = erf, distribution = law { d = 5, inputs = "gaussian" } }
    fails("what neurons of a multi_index potential share is not known in so few dimensions: leave out 'common'",
          { potential = few })
    local many = mf.potential.multi_index { activation = erf, points = 60, distribution = mf.distribution.multi_index {
      d = 40, directions = 2, inputs = "gaussian", target = function(a, b) return a * b end } }
    fails("nodes for each of 1000 particles: at most 4194304 in all; fewer follow from the potential's 'tol'",
          { potential = many, J = 1000 })
  end)
end)
