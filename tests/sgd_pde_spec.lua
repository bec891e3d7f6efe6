-- SGD against its limit: the distance shrinks as N grows (Eq. 6, Theorem 3); reduced dynamics against full ones.
local mf = require "meanfield"

describe("SGD and the distributional dynamics", function()
  it("agree in the law of r within L/(2 sqrt N) and in the risk, for N = 100, 400, 1600", function()
    -- N independent draws from a law on an interval of length L have E W1 <= L/(2 sqrt N); here L < 2.5.
    local law = mf.distribution.isotropic { d = 40, delta = 0.8 }
    local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
    local init = mf.init.gaussian { kappa = 0.8 }
    local pot = mf.potential.radial { distribution = law, activation = sigma }
    local rho = mf.pde.particles { potential = pot, init = init, J = 4000 }:advance(1):measure()
    local distance = {}
    for _, N in ipairs { 100, 400, 1600 } do
      local sgd = mf.sgd { distribution = law, activation = sigma, N = N, init = init, eps = 5e-5, seed = 4 }:advance(1)
      distance[N] = mf.transport.w1(sgd:measure():radius(), rho)
      assert.is_true(distance[N] < 2.5 / (2 * math.sqrt(N)), ("N = %d: W1 = %g"):format(N, distance[N]))
      -- R_N lies between R(rho) and the mean risk of independent neurons, up to fluctuations of order 1/sqrt N
      assert.near(pot:risk(rho), sgd:risk(), pot:risk(rho, N) - pot:risk(rho) + 0.3 / math.sqrt(N))
    end
  end)

  it("ReLU, d = inf: a point mass of radii ends at R = 1/2, the law of finite d at R = 0", function()
    local pot = mf.potential.relu { delta = 0.6, gamma = 0.1875 }
    local xi = mf.schedule.power(-0.25)
    local point = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.8, b = 1 }, J = 1, xi = xi }
    assert.near(0.5, point:advance(200):risk(), 0.02)
    assert.is_true(point:measure():mean("a") ~= 0)
    local init = mf.init.gaussian { kappa = 0.8, b = 1, d = 320, s0 = 60 }
    local spread = mf.pde.particles { potential = pot, init = init, J = 300, xi = xi, tol = 1e-6 }
    assert.is_true(spread:advance(60):risk() < 1e-4)
    local a = spread:measure():coordinate("a")
    assert.is_true(a:min() < 0 and a:max() > 0) -- the neurons have parted
  end)

  it("two radii: the reduced PDE is the full-space one of rotationally invariant data", function()
    -- d = 2, s0 = 1: particles in the plane under a large sample against particles in (r1, r2)
    local law = mf.distribution.anisotropic { d = 2, s0 = 1, delta = 0.5 }
    local ramp = mf.activation.piecewise { { 0, 0 }, { 1, 1 } }
    local init = mf.init.gaussian { kappa = 1 }
    local radii = mf.potential.two_radius { distribution = law, activation = ramp, tol = 1e-3 }
    local plane = mf.potential.sampled { distribution = law, activation = ramp, samples = 8000 }
    local reduced = mf.pde.particles { potential = radii, init = init, J = 800, tol = 1e-6 }
    local full = mf.pde.particles { potential = plane, init = init, J = 800, tol = 1e-4 }
    for _, t in ipairs { 0.5, 2 } do
      local m, n = reduced:advance(t):measure(), full:advance(t):measure():radii { s0 = 1 }
      -- 800 random neurons and 8000 examples: 4 standard deviations of a mean of 800
      assert.near(m:mean("r1"), n:mean("r1"), 4 * n:std("r1") / math.sqrt(800))
      assert.near(m:mean("r2"), n:mean("r2"), 4 * n:std("r2") / math.sqrt(800))
    end
  end)
end)
