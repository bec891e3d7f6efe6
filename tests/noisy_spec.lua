-- mf.pde.particles with noise: Eq. 12 by McKean-Vlasov particles.
local mf = require "meanfield"

local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local nothing = mf.activation.piecewise { { 0, 0 } }

local function radial(d, activation)
  return mf.potential.radial { distribution = mf.distribution.isotropic { d = d, delta = 0.8 },
                               activation = activation or sigma }
end

local function second_moment(measure, which)
  local r, weights, sum = measure:coordinate(which or 1), measure:weights(), 0
  for j = 1, #r do sum = sum + weights[j] * r[j] ^ 2 end
  return sum
end

describe("mf.pde.particles with noise", function()
  it("follows the Ornstein-Uhlenbeck radius in every dimension, with an error of order h", function()
    -- Euler's steps of dw = -2 lambda w dt + (4/beta)^(1/2) dB are Gaussian: v' = (1 - 2 lambda h)^2 v + 4 h d/beta
    -- for v = E |w|^2, and differ from the exact law by O(h); the particles differ from them by chance, |w|^2 having
    -- the variance 2 v^2/d.
    local beta, lambda, J, t = 5, 0.5, 20000, 1
    for _, d in ipairs { 2, 3, 12, 14, 40, 320 } do
      local rest, bias = d / (beta * lambda), {}
      local exact = rest + (4 - rest) * math.exp(-4 * lambda * t)
      for i, h in ipairs { 0.1, 0.05 } do
        local pde = mf.pde.particles { potential = radial(d, nothing), init = mf.init.gaussian { kappa = 2 }, J = J,
                                       beta = beta, lambda = lambda, step = h, seed = d }
        local v = 4
        for _ = 1, math.floor(t / h + 0.5) do v = (1 - 2 * lambda * h) ^ 2 * v + 4 * h * d / beta end
        local got = second_moment(pde:advance(t):measure())
        assert.truthy(math.abs(got - v) < 5 * v * math.sqrt(2 / d / J), ("d = %d: %g, %g"):format(d, got, v))
        bias[i] = v - exact
      end
      assert.truthy(math.abs(bias[1] / bias[2] - 2) < 0.3)
    end
  end)

  it("comes to rest at mf.gibbs's law, radii positive", function()
    local pot, beta, lambda, J = radial(40), 40, 0.5, 4000
    local gibbs = mf.gibbs { potential = pot, beta = beta, lambda = lambda }
    local rho = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, J = J, beta = beta,
                                   lambda = lambda, step = 0.005 }:advance(6):measure()
    local mean, std = gibbs:measure():mean(), gibbs:measure():std()
    -- Independent particles would have a standard error std/sqrt(J); Euler's bias at h and h/2 differ by 6e-4.
    assert.truthy(math.abs(rho:mean() - mean) < 5 * std / math.sqrt(J) + 2e-3, rho:mean() .. ", " .. mean)
    assert.truthy(math.abs(rho:std() - std) < 0.02 * std)
    assert.truthy(rho:quantile(0) > 0)
  end)

  it("agrees with the grid on the way", function()
    local pot, rho0 = radial(10), mf.init.gaussian { kappa = 1 }
    local grid = mf.pde.grid { potential = pot, init = rho0, beta = 20, lambda = 0.1, cells = 400, tol = 1e-6 }
    local pde = mf.pde.particles { potential = pot, init = rho0, J = 5000, beta = 20, lambda = 0.1, step = 2e-3 }
    for _, t in ipairs { 0.1, 0.5, 2 } do
      local far = mf.transport.w1(grid:advance(t):measure(), pde:advance(t):measure())
      -- E W_1 of J samples <= int sqrt(F (1 - F)) / sqrt(J) <= 2 std / sqrt(J)
      assert.truthy(far < 3 * 2 * grid:measure():std() / math.sqrt(5000) + 5e-3, ("t = %g: %g"):format(t, far))
    end
  end)

  it("moves the full weights of a network and their radii by one law", function()
    local d, J = 3, 1500
    local law = mf.distribution.isotropic { d = d, delta = 0.5 }
    local full = mf.potential.sampled { distribution = law, activation = sigma, samples = 4000 }
    local function run(pot)
      return mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 1 }, J = J, beta = 10, lambda = 0.3,
                                step = 0.02 }:advance(0.5):measure()
    end
    local a = run(full):radius()
    local b = run(mf.potential.radial { distribution = law, activation = sigma })
    -- two samples of J, the sample of the potential (n^(-1/2) of a force of order 5 over t = 0.5) besides
    assert.truthy(mf.transport.w1(a, b) < 2 * 2 * b:std() / math.sqrt(J) * 1.5 + 2.5 / math.sqrt(4000))
  end)

  it("has the same bits on any number of threads and however it is cut", function()
    local threads = mf.threads()
    local function bits(cuts, n)
      mf.threads(n)
      local pde = mf.pde.particles { potential = radial(20), init = mf.init.gaussian { kappa = 1 }, J = 3000, beta = 30,
                                     lambda = 0.1, step = 0.007, seed = 3 }
      for _, t in ipairs(cuts) do pde:advance(t):risk() end
      mf.threads(threads)
      local out = {}
      for j, r in ipairs(pde:measure():coordinate(1):totable()) do out[j] = ("%a"):format(r) end
      return table.concat(out, " ")
    end
    local one = bits({ 0.1 }, 1)
    assert.equal(one, bits({ 0.1 }, 4))
    assert.equal(one, bits({ 0.003, 0.007, 0.02, 0.0201, 0.0999, 0.1 }, 2))
  end)

  it("takes weight decay without noise: exponential decay where there is no network", function()
    local pde = mf.pde.particles { potential = radial(5, nothing), init = mf.init.gaussian { kappa = 1 }, J = 100,
                                   lambda = 0.3 }
    local before = pde:measure():mean()
    assert.truthy(math.abs(pde:advance(2):measure():mean() - before * math.exp(-2 * 0.3 * 2)) < 1e-6)
  end)

  it("says what is wrong with what it is given", function()
    local pot, rho0 = radial(5), mf.init.gaussian { kappa = 1 }
    local function fails(pattern, options)
      assert.has_error.matches(function() mf.pde.particles(options) end, pattern)
    end
    fails("'beta'", { potential = pot, init = rho0, beta = 0 })
    fails("'beta'", { potential = pot, init = rho0, beta = -1 })
    for _, bad in ipairs { { beta = "hot" }, { beta = 0 / 0 }, { lambda = -1 }, { lambda = {} }, { lambda = 0 / 0 },
                           { lambda = math.huge }, { step = 0 }, { step = -1 }, { step = 0 / 0 }, { step = "short" },
                           { J = 0 }, { J = 1.5 }, { seed = -1 }, { seed = "one" }, { xi = 3 } } do
      local option, value = next(bad)
      local given = { potential = pot, init = rho0, beta = 1, lambda = 1, [option] = value }
      fails("option '" .. option .. "'", given)
    end
    fails("leave out 'd'", { potential = pot, init = rho0, beta = 1, d = 5 })
    fails("give 'beta' or 'eps' too", { potential = pot, init = rho0, d = 5 })
    fails("option 'tol'", { potential = pot, init = rho0, beta = 1, tol = 1e-3 })
    assert.error_matches(function() mf.pde.particles { potential = pot, init = rho0, beta = 1 }:dissipation() end,
                         "mf.pde.grid alone", 1, true)
    local limit = mf.potential.relu { delta = 0.4, gamma = 0.5 }
    fails("'d' is missing", { potential = limit, init = mf.init.gaussian { kappa = 1, d = 10, s0 = 5 }, beta = 1 })
    local relu = mf.pde.particles { potential = limit, init = mf.init.gaussian { kappa = 1, d = 10, s0 = 5 }, beta = 10,
                                    lambda = 1, d = 10, s0 = 5, J = 200 }
    assert.truthy(relu:advance(0.1):risk() > 0)
    fails("no motion", { potential = pot, measure = mf.measure { x = { math.huge }, space = "radial" }, lambda = 1 })
  end)
end)
