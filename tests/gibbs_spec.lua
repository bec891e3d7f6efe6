-- mf.gibbs: the fixed point of Eq. 21 and its certificate.
local mf = require "meanfield"

local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

local function radial(d, delta, activation)
  return mf.potential.radial { distribution = mf.distribution.isotropic { d = d, delta = delta or 0.8 },
                               activation = activation or sigma }
end

local function near(expected, value, tolerance, what)
  assert.truthy(math.abs(value - expected) <= tolerance,
    ("%s: expected %.15g to %g, got %.15g"):format(what or "value", expected, tolerance, value))
end

-- log |S^(p-1)| of the unit sphere of R^p, for an integer p by recursion: A_1 = 2, A_2 = 2 pi, A_(p+2) = 2 pi A_p / p.
local function log_area(p)
  local area = p % 2 == 1 and math.log(2) or math.log(2 * math.pi)
  for q = p % 2 == 1 and 1 or 2, p - 2, 2 do area = area + math.log(2 * math.pi / q) end
  return area
end

describe("mf.gibbs", function()
  it("agrees with an independent solution at three temperatures", function()
    local pot = radial(40)
    local a = mf.gibbs { potential = pot, beta = 4000, lambda = 0.001 }
    near(0.01659958092, a.risk, 1e-10)
    near(0.01645514158852, a.free_energy, 1e-10)
    near(4.41600553689, a:measure():mean(), 1e-8)
    near(2.70503619315, a:measure():std(), 1e-8)
    local b = mf.gibbs { potential = pot, beta = 100, lambda = 0.1 }
    near(0.47610154016, b.risk, 1e-10)
    near(0.470685660628, b.free_energy, 1e-10)
    near(-133.885121520, b.log_Z, 1e-8)
    local c = mf.gibbs { potential = pot, beta = 40, lambda = 0.5 }
    near(1.032563, c.risk, 1e-6)
    near(1.104371, c.free_energy, 1e-6)
    near(1.535219, c:measure():mean(), 1e-6)
  end)

  it("is certified from d = 2 to 10^4 and from beta = 0.1 to 10^6", function()
    for _, case in ipairs { { 2, 0.1, 0.5 }, { 2, 400, 0.05 }, { 40, 0.1, 0.5 }, { 40, 1e6, 0.01 }, { 1e4, 10, 0.2 },
                            { 1e4, 1e6, 0.05 } } do
      local g = mf.gibbs { potential = radial(case[1]), beta = case[2], lambda = case[3] }
      assert.truthy(g.gap >= 0)
      assert.truthy(g.gap <= 1e-10 * math.abs(g.free_energy) + g.error, ("d = %g, beta = %g"):format(case[1], case[2]))
    end
  end)

  it("is a fixed point: log p + beta Psi_lambda - (d - 1) log r is one constant", function()
    local d, beta, lambda = 7, 60, 0.05
    local pot = radial(d, 0.6)
    local g = mf.gibbs { potential = pot, beta = beta, lambda = lambda }
    local rho, constant = g:measure(), nil
    for r = 0.25, 5, 0.25 do
      local c = math.log(g:density(r)) + beta * (pot:psi(r, rho) + lambda * r * r / 2) - (d - 1) * math.log(r)
      constant = constant or c
      near(constant, c, 1e-7, "r = " .. r)
    end
    near(log_area(d) - g.log_Z, constant, 1e-7)
  end)

  it("has a density of integral 1 whose moments are the measure's", function()
    local g = mf.gibbs { potential = radial(3, 0.7), beta = 30, lambda = 0.1 }
    local r = mf.array.linspace(1e-9, 12, 20001)
    local p, mass, mean = g:density(r), 0, 0
    for i = 1, #r do
      local weight = (i == 1 or i == #r) and 0.5 or 1
      mass, mean = mass + weight * p[i], mean + weight * p[i] * r[i]
    end
    local h = r[2] - r[1]
    near(1, mass * h, 1e-7) -- trapezoid, O(h^2)
    near(g:measure():mean(), mean * h, 1e-6)
    assert.equal(0, g:density(math.huge))
    local box = mf.gibbs { potential = radial(3, 0.7), beta = 30, lambda = 0, box = { { 1, 2 } } }
    p = box:density { 0.5, 1.5, 2.5 }
    assert.truthy(p[1] == 0 and p[2] > 0 and p[3] == 0)
  end)

  it("is the Gaussian N(0, 1/(beta lambda)) when the features say nothing, in every space of radii", function()
    local nothing = mf.activation.piecewise { { 0, 0 } }
    local beta, lambda, d = 3, 0.7, 9
    local law = mf.distribution.anisotropic { d = d, s0 = 4, delta = 0.5 }
    for _, pot in ipairs { radial(d, 0.5, nothing),
                           mf.potential.two_radius { distribution = law, activation = nothing } } do
      local g = mf.gibbs { potential = pot, beta = beta, lambda = lambda }
      near(d / (beta * lambda), g.square, 1e-9)
      near(d / 2 * math.log(2 * math.pi / (beta * lambda)), g.log_Z, 1e-9)
      near(1 / 2 - g.log_Z / beta, g.free_energy, 1e-9)
      near(1, g.risk, 1e-12)
    end
    local g = mf.gibbs { potential = mf.potential.two_radius { distribution = law, activation = nothing },
                         beta = beta, lambda = lambda }
    local r1 = g:measure():coordinate(1)
    local second = 0
    local weights = g:measure():weights()
    for i = 1, #r1 do second = second + weights[i] * r1[i] ^ 2 end
    near(4 / (beta * lambda), second, 1e-9)
  end)

  it("has an error that covers every coordinate's, where the density bends most along another", function()
    local nothing = mf.activation.piecewise { { 0, 0 } }
    local pot = mf.potential.nodes { z = { { 1 } }, y = { 0 }, activation = nothing } -- in (a, b, m, r)
    for _, d in ipairs { 2, 3, 12, 100 } do
      for _, tol in ipairs { 1e-3, 1e-5, 1e-7 } do
        local g = mf.gibbs { potential = pot, beta = 3, lambda = 0.5, d = d, tol = tol }
        local off = math.abs(g.log_Z - (d + 2) / 2 * math.log(2 * math.pi / 1.5))
        assert.is_true(off / 3 <= g.error and off <= tol, ("d = %d, tol = %g: %g, %g"):format(d, tol, off, g.error))
      end
    end
  end)

  it("integrates the output weight of ReLU neurons in closed form: as on a box that holds its mass", function()
    local pot = mf.potential.relu { delta = 0.4, gamma = 0.5 }
    local open = mf.gibbs { potential = pot, beta = 3, lambda = 1.5, d = 4, s0 = 2, tol = 1e-8 }
    local box = mf.gibbs { potential = pot, beta = 3, lambda = 1.5, d = 4, s0 = 2, tol = 1e-6,
                           box = { { -5, 5 }, { -5, 5 }, { 0, 5 }, { 0, 5 } } }
    near(open.free_energy, box.free_energy, 1e-5)
    near(open.risk, box.risk, 1e-4)
    local rho = open:measure()
    near(open.risk, pot:risk(rho), 1e-9)
    assert.truthy(open.gap >= 0 and open.gap < 1e-10)
  end)

  it("lies below every other law, by at least what its gap says", function()
    -- The prior N(0, 1/(beta lambda) I_d), of entropy (d/2) log(2 pi e/(beta lambda)).
    local d, beta, lambda = 12, 20, 0.3
    local pot = radial(d, 0.5)
    local g = mf.gibbs { potential = pot, beta = beta, lambda = lambda }
    local prior = mf.gibbs { potential = radial(d, 0.5, mf.activation.piecewise { { 0, 0 } }), beta = beta,
                             lambda = lambda }
    local F = pot:risk(prior:measure()) / 2 + lambda / 2 * prior.square
              - d / 2 * math.log(2 * math.pi * math.exp(1) / (beta * lambda)) / beta
    assert.truthy(g.free_energy - g.gap < F - 0.01)
  end)

  it("has the risk that its potential finds for its measure", function()
    for _, case in ipairs { { radial(3), 400, 0.05 }, { radial(40), 100, 0.1 }, { radial(1000), 1e4, 0.1 } } do
      local g = mf.gibbs { potential = case[1], beta = case[2], lambda = case[3] }
      near(g.risk, case[1]:risk(g:measure()), 1e-12)
    end
    local pot = mf.potential.relu { delta = 0.4, gamma = 0.5 }
    local g = mf.gibbs { potential = pot, beta = 10, lambda = 0.5, d = 40, s0 = 20 }
    near(g.risk, pot:risk(g:measure()), 1e-9)
  end)

  it("is where noisy SGD and noisy particles come to rest, over six seeds", function()
    -- Means over ten times in [2, 4] (relaxation takes 1/(4 lambda) = 0.5), then over the seeds. The bound: 5 standard
    -- errors of six independent means (Student's t with 5 degrees: 0.4 %), and 0.005 for steps of finite length: runs
    -- at a quarter of eps differ by 0.002 +- 0.005, at half of h by 0.003 +- 0.002.
    local pot, beta, lambda, rho0 = radial(20), 20, 0.5, mf.init.gaussian { kappa = 1.5 }
    local g = mf.gibbs { potential = pot, beta = beta, lambda = lambda }
    local function sgd(seed)
      return mf.sgd { distribution = mf.distribution.isotropic { d = 20, delta = 0.8 }, activation = sigma, N = 200,
                      init = rho0, eps = 1e-4, beta = beta, lambda = lambda, seed = seed }
    end
    local function particles(seed)
      return mf.pde.particles { potential = pot, init = rho0, J = 1000, beta = beta, lambda = lambda, step = 0.01,
                                seed = seed }
    end
    for name, run in pairs { sgd = sgd, particles = particles } do
      local mean, std = mf.array.zeros(6), mf.array.zeros(6)
      for seed = 1, 6 do
        local solver = run(seed)
        for i = 1, 10 do
          local rho = solver:advance(2 + 0.2 * i):measure()
          rho = name == "sgd" and rho:radius() or rho
          mean[seed], std[seed] = mean[seed] + rho:mean() / 10, std[seed] + rho:std() / 10
        end
      end
      near(g:measure():mean(), mean:mean(), 5 * mean:std() / math.sqrt(5) + 0.005, name .. ": E r")
      near(g:measure():std(), std:mean(), 5 * std:std() / math.sqrt(5) + 0.005, name .. ": std of r")
    end
  end)

  it("goes on with a potential that is closed, which takes no new users", function()
    local pot = radial(6)
    local g = mf.gibbs { potential = pot, beta = 5, lambda = 1 }
    local density, mean = g:density(1), g:measure():mean()
    do local closed <close> = pot end -- luacheck: ignore
    assert.equal(density, g:density(1))
    assert.equal(mean, g:measure():mean())
    assert.has_error.matches(function() mf.gibbs { potential = pot, beta = 5, lambda = 1 } end, "'potential' is closed")
  end)

  it("stops at Ctrl-C", function()
    local process = require "tests.process"
    local result = process.run(("timeout -s INT --preserve-status 1 %s -e %s"):format(process.quote(process.host),
      process.quote [[local mf = require "meanfield"
        local pot = mf.potential.relu { delta = 0.4, gamma = 0.5 }
        while true do mf.gibbs { potential = pot, beta = 4000, lambda = 0.5, d = 20, s0 = 10 } end]]))
    assert.equal(130, result.code)
    assert.matches("mf.gibbs: interrupted", result.err)
    process.clean()
  end)

  it("says what is wrong with what it is given", function()
    local pot = radial(5)
    local function fails(pattern, options) assert.has_error.matches(function() mf.gibbs(options) end, pattern) end
    fails("lambda.*got 0.*finite integral", { potential = pot, beta = 1, lambda = 0 })
    fails("option 'beta'", { potential = pot, beta = 0, lambda = 1 })
    fails("option 'beta'", { potential = pot, beta = 0 / 0, lambda = 1 })
    fails("option 'lambda'", { potential = pot, beta = 1, lambda = -1 })
    fails("option 'lambda'", { potential = pot, beta = 1 })
    fails("leave out 'd'", { potential = pot, beta = 1, lambda = 1, d = 5 })
    fails("'d' is missing", { potential = mf.potential.relu { delta = 0.4, gamma = 0.5 }, beta = 1, lambda = 1 })
    fails("bounded", { potential = pot, beta = 1, lambda = 0, box = { { 0, math.huge } } })
    local full = mf.potential.sampled { distribution = mf.distribution.isotropic { d = 3, delta = 0.5 },
                                        activation = sigma, samples = 50 }
    fails("noisy SGD", { potential = full, beta = 1, lambda = 1 })
    for _, bad in ipairs { { beta = "hot" }, { beta = -1 }, { beta = math.huge }, { lambda = {} }, { lambda = 0 / 0 },
                           { lambda = math.huge }, { tol = 0 }, { tol = 1 }, { tol = "fine" }, { potential = 3 },
                           { d = 0.5 }, { s0 = "two" }, { box = 3 }, { box = { { 1, 0 } } } } do
      local option, value = next(bad)
      local given = { potential = pot, beta = 1, lambda = 1, [option] = value }
      fails("option '" .. option .. "'", given)
    end
    fails("'betta'.*did you mean 'beta'", { potential = pot, betta = 1, lambda = 1 })
    fails("option 'beta' is missing", { potential = pot, lambda = 1 })
    local boxed = mf.gibbs { potential = pot, beta = 5, lambda = 0, box = { { 0, 6 } } }
    assert.truthy(boxed.gap < 1e-10 and boxed:measure():quantile(1) <= 6)
  end)
end)
