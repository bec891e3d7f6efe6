-- mf.pde.particles{ eps =, common = true }: the noise of SGD's steps that all neurons share.
local mf = require "meanfield"
local common = require "tests.common"

local ramp = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local law = mf.distribution.isotropic { d = 40, delta = 0.6 }
local finite = mf.potential.radial { distribution = law, activation = ramp }
local limit = mf.potential.radial { distribution = law, activation = ramp, d = math.huge }

local function solve(o)
  o.potential, o.common = o.potential or finite, o.common == nil or o.common
  o.init = not o.measure and mf.init.gaussian { kappa = 0.6 } or nil
  o.J = not o.measure and (o.J or 40) or nil
  return mf.pde.particles(o)
end

local law60 = mf.distribution.anisotropic { d = 60, s0 = 24, delta = 0.6 }
local pair = mf.potential.two_radius { distribution = law60, activation = ramp, tol = 1e-5 }
local two_limit = mf.potential.two_radius { distribution = law60, activation = ramp, d = math.huge }

-- At d = inf integrals over G are closed forms.
local erf = mf.activation.erf()
local function phi(x) return 0.5 * (1 + erf(x / math.sqrt(2))) end
local function answer(s) -- E sigma(sG)
  local function below(t) -- E (sG - t)_+
    local x = t / s
    return s * math.exp(-x * x / 2) / math.sqrt(2 * math.pi) - t * phi(-x)
  end
  return -2.5 + 10 * (below(0.5) - below(1.5))
end
local function share(s) return phi(1.5 / s) - phi(0.5 / s) end -- of G on the ramp, where sigma' = 10

-- Of plain neurons x = { r } or { r1, r2 }, whose tau in either space are given on the sides + and -.
local function model(taus, dims)
  local function scale(x, node)
    local sum = 0
    for h = 1, #x do sum = sum + (node.tau[h] * x[h]) ^ 2 end
    return math.sqrt(sum)
  end
  return {
    nodes = { { y = 1, weight = 0.5, tau = taus[1] }, { y = -1, weight = 0.5, tau = taus[2] } }, dims = dims,
    radii = dims[2] and { 1, 2 } or { 1 }, noise = 0,
    answer = function(x, node) return answer(scale(x, node)) end,
    tilt = function(x, node) return 10 * share(scale(x, node)) end,
    square = function(x, node) return 100 * share(scale(x, node)) end }
end
local taus = { { 1.6, 1 }, { 0.4, 1 } }

describe("the noise that neurons share", function()
  local function follows_reference(pot, space, x, dims)
    local p = { 0.5, 0.3, 0.2 }
    local share_left, ratio = common.apart(model(taus, dims), x, p, 1e-5, 0.3, 150, function(eps, shared)
      return solve { potential = pot, d = 200, s0 = dims[2] and dims[1], eps = eps, step = 5e-4, common = shared,
                     measure = mf.measure { x = x, weights = p, space = space } }:advance(0.3):risk()
    end)
    assert.is_true(share_left < 0.01, share_left)
    assert.near(4, ratio, 0.4)
  end

  it("is that of the equations for products of weights, by another integrator", function()
    follows_reference(limit, "radial", { { 0.5 }, { 0.9 }, { 1.6 } }, { 200 })
  end)

  it("is that of these equations in two spaces", function()
    follows_reference(two_limit, "two_radius", { { 0.5, 0.8 }, { 0.9, 0.4 }, { 1.2, 1.1 } }, { 60, 140 })
  end)

  -- Where sigma is odd yhat starts at 0, and (y - yhat)^2 = 1: overlaps grow by 4 eps (p - 2) S_ij / (r_i r_j)^2, and
  -- their excess is sum_ij p_i p_j S_ij c_ij, with S_ij what the kernel K has of degree 1 in the cosine z1, whose
  -- second moment is 1/p. That of erf is 2/pi asin(2 C / ..) (Williams); cosines are integrated by the midpoint rule
  -- in the angle.
  it("in finite dimensions is what the kernel of erf says", function()
    local p, r, dims, t, eps = { 0.6, 0.4 }, { { 1, 0.7 }, { 0.5, 1.2 } }, { 12, 18 }, 1e-4, 1e-3
    local function cosines(dim) -- of two directions of R^dim: z, and its probability
      local z, w, sum, n = {}, {}, 0, 48
      for i = 1, n do
        local angle = (i - 0.5) / n * math.pi
        z[i], w[i] = math.cos(angle), math.sin(angle) ^ (dim - 2)
        sum = sum + w[i]
      end
      for i = 1, n do w[i] = w[i] / sum end
      return z, w
    end
    local z1, w1 = cosines(dims[1])
    local z2, w2 = cosines(dims[2])
    local function S(h, a, b)
      local sum = 0
      for side = 1, 2 do
        local tau = taus[side]
        local function product(v, w, x, y) return tau[1] ^ 2 * v[1] * w[1] * x + tau[2] ^ 2 * v[2] * w[2] * y end
        local norm = math.sqrt((1 + 2 * product(a, a, 1, 1)) * (1 + 2 * product(b, b, 1, 1)))
        for i = 1, #z1 do
          for j = 1, #z2 do
            local K = 2 / math.pi * math.asin(2 * product(a, b, z1[i], z2[j]) / norm)
            sum = sum + w1[i] * w2[j] / 2 * dims[h] * (h == 1 and z1[i] or z2[j]) * K
          end
        end
      end
      return sum
    end
    local expected = 0
    for h = 1, 2 do
      for i = 1, 2 do
        for j = 1, 2 do
          local grown = 4 * eps * t * (dims[h] - 2) * S(h, r[i], r[j]) / (r[i][h] * r[j][h]) ^ 2
          expected = expected + p[i] * p[j] * S(h, r[i], r[j]) * grown
        end
      end
    end
    local pot = mf.potential.two_radius {
      distribution = mf.distribution.anisotropic { d = 30, s0 = 12, delta = 0.6 }, activation = erf }
    local flow = solve { potential = pot, eps = eps, step = t / 2,
                         measure = mf.measure { x = r, weights = p, space = "two_radius" } }:advance(t)
    assert.near(1, (flow:risk() - pot:risk(flow:measure())) / expected, 1e-3) -- and they are unlearned at a rate of 3
  end)

  it("with two radii, one of them of dimension 0, is that of one radius", function()
    local law20 = mf.distribution.anisotropic { d = 20, s0 = 20, delta = 0.6 }
    local one20 = mf.distribution.isotropic { d = 20, delta = 0.6 }
    local pots = { mf.potential.radial { distribution = one20, activation = ramp },
                   mf.potential.two_radius { distribution = law20, activation = ramp, tol = 1e-6 } }
    local function effect(k)
      local function R(shared)
        return solve { potential = pots[k], eps = 2e-4, step = 5e-3, common = shared, measure = mf.measure {
          x = k == 1 and { 0.5, 0.9, 1.6 } or { { 0.5, 0 }, { 0.9, 0 }, { 1.6, 0 } }, weights = { 0.5, 0.3, 0.2 },
          space = k == 1 and "radial" or "two_radius" } }:advance(0.3):risk()
      end
      return R(true) - R(false)
    end
    assert.near(1, effect(2) / effect(1), 1e-3) -- seen: 6e-5, what nodes and series leave out
  end)

  it("with two radii takes the residuals and the curvature of any loss", function()
    local function R(loss) -- that of Huber is the square as far as yhat goes
      local pot = mf.potential.two_radius { distribution = law60, activation = ramp, tol = 1e-4, loss = loss }
      return solve { potential = pot, eps = 1e-4, step = 0.01 }:advance(0.1):risk()
    end
    assert.near(R(), R(mf.loss.huber(1e3)), 1e-4)
  end)

  -- Residuals of R against SGD's mean over seeds, less R of a smaller step from the same neurons; what is left is of
  -- order eps without the factor d, and falls like 1/d (docs/numerics.md). Four standard errors count against it.
  it("with two radii explains what steps do to SGD better than Eq. 7 and the drift do", function()
    local d, seeds, sigma = 80, 256, mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } }
    local law80 = mf.distribution.anisotropic { d = d, s0 = 32, delta = 0.5 }
    local pot = mf.potential.two_radius { distribution = law80, activation = sigma, tol = 1e-5 }
    local rho0 = mf.init.gaussian { kappa = 0.4 }
    local function difference(risk) return risk(3.2e-3 / d) - risk(8e-4 / d) end
    local mean, error = common.over_seeds(seeds, function(seed)
      return difference(function(eps)
        return mf.sgd { distribution = law80, activation = sigma, N = 100, init = rho0, seed = seed, eps = eps }
          :advance(0.1):risk()
      end)
    end)
    local function theory(shared)
      return difference(function(eps)
        local o = { potential = pot, init = rho0, J = 150, eps = eps, common = shared }
        return mf.pde.particles(o):advance(0.1):risk()
      end)
    end
    local left = math.abs(mean - theory(true)) + 4 * error
    assert.is_true(left < 0.4 * math.abs(mean), left / math.abs(mean)) -- by Eq. 7, R does not depend on eps
    local drift = math.abs(mean - theory(false))
    assert.is_true(left < 0.3 * drift, left / drift)
  end)

  it("is solved to second order in the step", function()
    local function R(step) return solve { eps = 1e-4, step = step }:advance(0.08):risk() end
    local a, b, c = R(0.02), R(0.01), R(0.005)
    local order = math.log((a - b) / (b - c), 2)
    assert.is_true(order > 1.8 and order < 2.4, order)
  end)

  it("steps that choose their length leave less than 3e-4 of R to the split", function()
    local chosen, fine = solve { eps = 1e-4 }:advance(0.5), solve { eps = 1e-4, step = 1e-3 }:advance(0.5)
    assert.near(fine:risk(), chosen:risk(), 3e-4 * fine:risk())
  end)

  it("bounds its steps by the overlaps' own rate where sigma is odd, so that particles hardly move", function()
    local law40 = mf.distribution.isotropic { d = 40, delta = 0.5 }
    local pot = mf.potential.radial { distribution = law40, activation = mf.activation.erf() }
    local function run(step) return solve { potential = pot, eps = 1e-4, J = 20, step = step } end
    local free, fine = run(), run(0.01)
    for _, t in ipairs { 1, 3, 10 } do -- seen: 1e-3 of the excess; without the bound 0.2
      local all, R = fine:advance(t):risk(), free:advance(t):risk()
      assert.is_true(all - 1 > 1e-3) -- the risk of such a sigma at c = 0 is 1
      assert.near(all, R, 5e-3 * (all - 1))
    end
  end)

  it("goes like eps over the batch, and is nothing at eps -> 0", function()
    local Eq7 = solve { eps = 0, common = false }:advance(0.2):risk()
    local function more(o) return solve(o):advance(0.2):risk() - solve { eps = o.eps / (o.batch or 1), common = false }
      :advance(0.2):risk() end
    local one, two = more { eps = 1e-6, step = 0.01 }, more { eps = 2e-6, step = 0.01 }
    assert.near(2, two / one, 0.02)
    assert.equal(solve { eps = 1e-4 }:advance(0.1):risk(), solve { eps = 4e-4, batch = 4 }:advance(0.1):risk())
    assert.near(Eq7, solve { eps = 1e-9 }:advance(0.2):risk(), 1e-5)
  end)

  it("gives the same bits on any number of threads, and from a file", function()
    for _, pot in ipairs { finite, pair } do
      local function run() return solve { potential = pot, eps = 1e-4, xi = mf.schedule.power(-0.25) } end
      common.same_bits(run, pot)
    end
  end)

  it("names what it cannot do", function()
    local function fails(text, o) assert.error_matches(function() solve(o) end, text, 1, true) end
    fails("option 'common' is about the steps' noise: give 'eps' too", {})
    fails("with 'common' there may be 1000 particles, got 2000", { eps = 1e-4, J = 2000 })
    fails("does not go with 'rates', 'scale' or 'birth_death'", { eps = 1e-4, scale = 2 })
    fails("what neurons of a sampled potential share is not known: leave out 'common'",
          { eps = 1e-4, potential = mf.potential.sampled { distribution = law, activation = ramp, samples = 20 } })
    local few = mf.distribution.anisotropic { d = 40, s0 = 4, delta = 0.6 }
    fails("what neurons of a two_radius potential share is not known in so few dimensions: leave out 'common'",
          { eps = 1e-4, potential = mf.potential.two_radius { distribution = few, activation = ramp, tol = 0.01 } })
    assert.equal(400, mf.pde.particles { potential = finite, init = mf.init.gaussian { kappa = 1 }, eps = 1e-4,
                                         common = true }.J)
  end)
end)
