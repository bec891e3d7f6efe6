-- Laws of the initial weights: norms, radii, and the finite-d law beside a limit.
local mf = require "meanfield"

describe("init", function()
  local law = mf.distribution.isotropic { d = 30, delta = 0.5 }
  local tanh = mf.activation.tanh()

  local function radii(init, N)
    return mf.sgd { distribution = law, activation = tanh, N = N, init = init, eps = 1 }:measure():radius()
  end

  it("gaussian: |w| has the law of kappa chi_d / sqrt d, as drawn and as quantiles (KS at 1e-4)", function()
    local init, N = mf.init.gaussian { kappa = 0.7 }, 4000
    local pot = mf.potential.radial { distribution = law, activation = mf.activation.piecewise { { 0, 0 }, { 1, 1 } } }
    local rho, drawn = mf.pde.particles { potential = pot, init = init, J = 4000 }:measure(), radii(init, N)
    local worst = 0
    for i = 1, 99 do
      local x = rho:quantile(i / 100)
      worst = math.max(worst, math.abs(drawn:cdf(x) - i / 100))
    end
    assert.is_true(worst < 2.23 / math.sqrt(N))
    assert.near(0.49, rho:mean(function(r) return r * r end), 1e-3) -- E |w|^2 = kappa^2
  end)

  it("gaussian: radii are quantiles of chi_d to 1e-10 for d from 100 to 10^7", function()
    local function chi_square(k) -- its distribution function, by Simpson's rule on the density
      local function density(y) return math.exp((k / 2 - 1) * math.log(y / k) - (y - k) / 2) end
      local function integral(from, to, n)
        local h, sum = (to - from) / n, density(from) + density(to)
        for i = 1, n - 1 do sum = sum + density(from + i * h) * (i % 2 == 1 and 4 or 2) end
        return sum * h / 3
      end
      local low, high = math.max(k - 12 * math.sqrt(2 * k), 1e-9), k + 12 * math.sqrt(2 * k)
      local all = integral(low, high, 4000)
      return function(x) return integral(low, x, 2000) / all end
    end
    local J = 20
    for _, d in ipairs { 100, 9999, 10000, 10 ^ 5, 10 ^ 7 } do
      local pot = mf.potential.radial { activation = tanh, tol = 1e-3,
        distribution = mf.distribution.isotropic { d = d, delta = 0.5 } }
      local rho = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.7 }, J = J }:measure()
      local cdf = chi_square(d)
      for j, atom in ipairs(rho:atoms():totable()) do
        assert.near((j - 0.5) / J, cdf((atom[1] / 0.7) ^ 2 * d), 1e-10)
      end
    end
  end)

  it("sphere: |w| is the radius", function()
    local r = radii(mf.init.sphere { radius = 1.7 }, 50)
    assert.near(1.7, r:quantile(0), 1e-12)
    assert.near(1.7, r:quantile(1), 1e-12)
  end)

  it("two radii: E r1^2 = kappa^2 s0/d, E r2^2 = kappa^2 (1 - s0/d), uncorrelated; d beside a limit", function()
    local pot = mf.potential.relu { delta = 0.5, gamma = 0.25 }
    local init = mf.init.gaussian { kappa = 0.8, a = 2, b = -1, d = 40, s0 = 10 }
    local rho = mf.pde.particles { potential = pot, init = init, J = 4000 }:measure()
    local function mean(fn) return rho:mean(fn) end
    assert.near(0.16, mean(function(_, _, r1) return r1 ^ 2 end), 1e-3)
    assert.near(0.48, mean(function(_, _, _, r2) return r2 ^ 2 end), 1e-3)
    local product = mean(function(_, _, r1, r2) return r1 * r2 end)
    assert.near(rho:mean("r1") * rho:mean("r2"), product, 1e-3)
    assert.near(2, rho:mean("a"), 1e-12)
    assert.near(-1, rho:mean("b"), 1e-12)
  end)

  it("custom: w, a, b by a function of a random source, checked", function()
    local init = mf.init.custom(function(rng, d) return rng:normals(d) * 0.1, 3, -2 end)
    local m = mf.sgd { distribution = law, activation = tanh, neuron = "affine", N = 7, init = init, eps = 1 }:measure()
    assert.near(3, m:mean("a"), 1e-12)
    assert.near(-2, m:mean("b"), 1e-12)
    local short = mf.init.custom(function() return { 1, 2 } end)
    assert.error_matches(function() radii(short, 2) end, "w must have d = 30 numbers, got 2", 1, true)
  end)

  it("names what is wrong", function()
    assert.error_matches(function() mf.init.gaussian { kappa = 0 } end, "'kappa' must be a number in (0, inf), got 0",
      1, true)
    assert.error_matches(function() mf.init.sphere {} end, "option 'radius' is missing", 1, true)
    assert.error_matches(function() mf.init.gaussian { kappa = 1, d = 2.5 } end, "'d' must be an integer", 1, true)
  end)
end)
