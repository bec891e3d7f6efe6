-- mf.pde.grid: Eq. 12 in one radius by finite volumes.
local mf = require "meanfield"

local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local nothing = mf.activation.piecewise { { 0, 0 } }

local function radial(d, delta, activation)
  return mf.potential.radial { distribution = mf.distribution.isotropic { d = d, delta = delta or 0.8 },
                               activation = activation or sigma }
end

-- The radius of N(0, I_d), by quantiles.
local function gaussian_radii(d)
  local law = mf.init.gaussian { kappa = math.sqrt(d) }
  return mf.pde.particles { potential = radial(d, 0.5, nothing), init = law, J = 4000 }:measure():coordinate(1)
end

describe("mf.pde.grid", function()
  it("is of second order in space, in motion and at rest, where its law is mf.gibbs's", function()
    local pot, beta, lambda = radial(40), 40, 0.5
    local function solve(cells, t)
      return mf.pde.grid { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, beta = beta, lambda = lambda,
                           cells = cells, tol = 1e-6, rmax = 6 }:advance(t)
    end
    local gibbs = mf.gibbs { potential = pot, beta = beta, lambda = lambda }
    local risk, rest = {}, {}
    for i, cells in ipairs { 100, 200, 400 } do
      risk[i] = solve(cells, 0.3):risk()
      local g = solve(cells, 1e4)
      rest[i] = math.abs(g:risk() - gibbs.risk) + math.abs(g:free_energy() - gibbs.free_energy)
    end
    local ratio = (risk[1] - risk[2]) / (risk[2] - risk[3])
    assert.truthy(math.abs(math.log(ratio, 2) - 2) < 0.2, "order in motion: " .. math.log(ratio, 2))
    local order = math.log(rest[2] / rest[3], 2)
    assert.truthy(math.abs(order - 2) < 0.2, "order at rest: " .. order)
    assert.truthy(rest[3] < 4e-6)
  end)

  it("follows the exact Ornstein-Uhlenbeck law where there is no network, at every time", function()
    -- dw = -2 lambda w dt + (4/beta)^(1/2) dB: N(0, s^2 I) with s^2 = 1/(beta lambda) + (...) exp(-4 lambda t).
    local beta, lambda, kappa = 10, 0.25, 3
    for _, d in ipairs { 2, 3, 10, 40 } do
      local error, unit, pot = {}, gaussian_radii(d), radial(d, 0.5, nothing)
      for i, cells in ipairs { 200, 400 } do
        local grid = mf.pde.grid { potential = pot, init = mf.init.gaussian { kappa = kappa }, beta = beta,
                                   lambda = lambda, cells = cells, tol = 1e-5, rmax = 15 }
        error[i] = 0
        for _, t in ipairs { 0.01, 0.1, 0.5, 2, 10 } do
          local rest = 1 / (beta * lambda)
          local s = math.sqrt(rest + (kappa ^ 2 / d - rest) * math.exp(-4 * lambda * t))
          local exact = mf.measure { x = unit * s, space = "radial" }
          error[i] = math.max(error[i], mf.transport.w1(grid:advance(t):measure(), exact))
        end
      end
      -- Masses sit at the centres: W_1 of at most a quarter of a cell (0.075 and less) whatever the solution.
      assert.truthy(error[1] < 0.03 and error[2] < 0.6 * error[1], ("d = %d: %g, %g"):format(d, error[1], error[2]))
    end
  end)

  it("comes to the particles' law at beta = inf as the cells are refined", function()
    local pot, rho0 = radial(40), mf.init.gaussian { kappa = 0.8 }
    local particles = mf.pde.particles { potential = pot, init = rho0, J = 4000 }:advance(2)
    local far = {}
    for i, cells in ipairs { 250, 500, 1000 } do
      local grid = mf.pde.grid { potential = pot, init = rho0, cells = cells, tol = 1e-5, rmax = 8 }:advance(2)
      far[i] = mf.transport.w1(grid:measure(), particles:measure())
    end
    -- The law is narrow: less than second order, and far from the first order of plain upwind fluxes (0.08 at 1000).
    assert.truthy(far[2] < 0.45 * far[1] and far[3] < 0.45 * far[2], table.concat(far, ", "))
    assert.truthy(far[3] < 0.01)
  end)

  it("is of second order in space at beta = inf too, where the law is smooth", function()
    -- dr/dt = -2 lambda r: the law shrinks by exp(-2 lambda t). Faces of a mesh are every other one of the next.
    local pot, kappa, lambda, t = radial(10, 0.5, nothing), 2, 0.25, 1
    local before, far, off = nil, {}, {}
    for k, cells in ipairs { 100, 200, 400, 800 } do
      local rho = mf.pde.grid { potential = pot, init = mf.init.gaussian { kappa = kappa }, lambda = lambda, tol = 1e-6,
                                cells = cells, rmax = 5 }:advance(t):measure()
      local p, r = rho:weights(), rho:coordinate(1)
      off[k] = -kappa ^ 2 * math.exp(-4 * lambda * t)
      for i = 1, cells do off[k] = off[k] + p[i] * r[i] ^ 2 end
      far[k] = 0
      for i = 1, before and cells // 2 or 0 do far[k] = far[k] + math.abs(before[i] - p[2 * i - 1] - p[2 * i]) end
      before = p
    end
    for k = 3, 4 do
      local order, moment = math.log(far[k - 1] / far[k], 2), math.log(off[k - 1] / off[k], 2)
      assert.truthy(order > 1.85 and order < 2.15, ("order in L1: %g (%g)"):format(order, far[k]))
      assert.truthy(moment > 1.85 and math.abs(off[k]) < 2e-4, ("order of E r^2: %g (%g)"):format(moment, off[k]))
    end
  end)

  it("never loses mass, sign or free energy, from hostile laws under random potentials", function()
    local rng = mf.rng { seed = 11 }
    for case = 1, 18 do
      local u = rng:uniforms(6)
      local sigma_case = mf.activation.piecewise { { -1 + u[1], 4 * u[2] - 2 }, { 0.5 + u[3], 8 * u[4] - 4 },
                                                   { 2 + u[5], 8 * u[6] - 4 } }
      local d = ({ 2, 5, 40 })[case % 3 + 1]
      local start = ({ { 0 }, { 6 }, { 0, 3, 6 }, { 1.3 } })[case % 4 + 1]
      local grid = mf.pde.grid { potential = radial(d, 0.1 + 0.8 * u[6], sigma_case), lambda = u[2],
                                 beta = case > 12 and math.huge or 10 ^ (4 * u[1]), cells = 120, tol = 1e-3, rmax = 6,
                                 measure = mf.measure { x = start, space = "radial" } }
      local F = grid:free_energy()
      for k = 1, 10 do
        grid:advance(1e-4 * 4 ^ k)
        local now, p = grid:free_energy(), grid:measure():weights()
        assert.truthy(now <= F, ("case %d: F grew from %.17g to %.17g"):format(case, F, now))
        F = now
        assert.truthy(math.abs(grid.mass - 1) < 1e-13)
        for i = 1, #p do assert.truthy(p[i] >= 0) end
      end
    end
  end)

  it("loses free energy at the rate of Eq. 24", function()
    local point = mf.pde.grid { potential = radial(20, 0.6), measure = mf.measure { x = { 1 }, space = "radial" },
                                beta = 50, lambda = 0.05 }
    assert.equal(math.huge, point:dissipation()) -- a law without a density
    assert.truthy(point:advance(0.01):dissipation() < math.huge)
    local grid = mf.pde.grid { potential = radial(20, 0.6), init = mf.init.gaussian { kappa = 1 }, beta = 50,
                               lambda = 0.05, tol = 1e-8, cells = 200 }
    for _, t in ipairs { 0.05, 0.3, 1.2 } do
      local before = grid:advance(t - 1e-4 * t):free_energy()
      local rate = grid:advance(t):dissipation()
      local after = grid:advance(t + 1e-4 * t):free_energy()
      local slope = (before - after) / (2e-4 * t)
      assert.truthy(math.abs(slope - rate) < 1e-3 * rate, ("t = %g: %g against %g"):format(t, slope, rate))
    end
  end)

  it("does not care how it is cut beyond its tolerance, and obeys the clock of xi", function()
    local function new(xi)
      return mf.pde.grid { potential = radial(10), init = mf.init.gaussian { kappa = 1 }, beta = 30, lambda = 0.1,
                           cells = 200, tol = 1e-7, xi = xi }
    end
    local whole, cut = new():advance(1), new()
    for i = 1, 10 do cut:advance(i / 10) end
    assert.truthy(math.abs(whole:risk() - cut:risk()) < 1e-5)
    local twice = new(mf.schedule.constant { value = 2 }):advance(0.5)
    assert.equal(1, twice.clock)
    assert.truthy(math.abs(whole:risk() - twice:risk()) < 1e-12)
  end)

  it("reports mass that the wall at rmax holds back", function()
    local function error_of(rmax)
      return mf.pde.grid { potential = radial(40), init = mf.init.gaussian { kappa = 0.8 }, beta = 1, lambda = 0.1,
                           cells = 200, rmax = rmax, tol = 1e-5 }:advance(5).error
    end
    assert.truthy(error_of(8) > 1) -- the Gaussian of beta lambda has its radius at 20
    assert.truthy(error_of(40) < 0.1)
    local outside = mf.pde.grid { potential = radial(40), beta = 10, lambda = 1, rmax = 2, cells = 50,
                                  measure = mf.measure { x = { 5 }, space = "radial" } }
    assert.truthy(math.abs(outside.error - 5) < 1e-12 and math.abs(outside.mass - 1) < 1e-15) -- moved by 3, and rmax
    local init = mf.init.sphere { radius = 0.8 }
    local near = mf.pde.grid { potential = radial(40), init = init, beta = 40, lambda = 0.5, cells = 50, rmax = 0.1 }
    assert.truthy(math.abs(near.error - 0.8) < 1e-9)
    init = mf.init.gaussian { kappa = 0.8 }
    near = mf.pde.grid { potential = radial(40), init = init, beta = 40, lambda = 0.5, cells = 50, rmax = 0.1 }
    local mean = 0.8 * math.sqrt(2 / 40) * math.sqrt(math.pi) / 2 -- times Gamma(20.5) / (Gamma(20) Gamma(1.5))
    for k = 1, 19 do mean = mean * (k + 0.5) / k end
    assert.truthy(math.abs(near.error - mean) < 1e-4)
  end)

  it("goes on with a potential that is closed, which takes no new users, with the same bits", function()
    local pot = radial(6)
    local function new()
      return mf.pde.grid { potential = pot, init = mf.init.gaussian { kappa = 1 }, beta = 10, cells = 30 }:advance(0.1)
    end
    local grid, twin = new(), new()
    local free_energy = twin:advance(0.3):free_energy()
    do local closed <close> = pot end -- luacheck: ignore
    assert.equal(free_energy, grid:advance(0.3):free_energy())
    assert.equal(twin:risk(), grid:risk())
    assert.has_error.matches(new, "'potential' is closed")
  end)

  it("stops at Ctrl-C", function()
    local process = require "tests.process"
    local result = process.run(("timeout -s INT --preserve-status 1 %s -e %s"):format(process.quote(process.host),
      process.quote [[local mf = require "meanfield"
        local pot = mf.potential.radial { distribution = mf.distribution.isotropic { d = 10, delta = 0.5 },
          activation = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } } }
        local rho0 = mf.init.gaussian { kappa = 1 }
        while true do mf.pde.grid { potential = pot, init = rho0, beta = 10, tol = 1e-12 }:advance(100) end]]))
    assert.equal(130, result.code)
    assert.matches("interrupted", result.err)
    process.clean()
  end)

  it("says what is wrong with what it is given", function()
    local pot, rho0 = radial(5), mf.init.gaussian { kappa = 1 }
    local function fails(pattern, options) assert.has_error.matches(function() mf.pde.grid(options) end, pattern) end
    fails("'potential'", { init = rho0 })
    fails("'init' and 'measure'", { potential = pot })
    fails("'beta'", { potential = pot, init = rho0, beta = 0 })
    fails("'beta'", { potential = pot, init = rho0, beta = 0 / 0 })
    fails("'lambda'", { potential = pot, init = rho0, lambda = -1 })
    fails("'cells'", { potential = pot, init = rho0, cells = 1 })
    for _, bad in ipairs { { beta = "hot" }, { beta = -1 }, { lambda = {} }, { lambda = 0 / 0 }, { lambda = math.huge },
                           { rmax = -1 }, { rmax = 0 }, { rmax = 0 / 0 }, { rmax = math.huge }, { rmax = "far" },
                           { cells = 7 }, { cells = 20.5 }, { cells = "many" }, { tol = 0 }, { tol = 2 },
                           { tol = 0 / 0 }, { xi = 3 }, { init = 3 }, { potential = {} } } do
      local option, value = next(bad)
      local given = { potential = pot, init = rho0, [option] = value }
      fails("option '" .. option .. "'", given)
    end
    fails("option 'measure'", { potential = pot, measure = { 1 } })
    fails("mass at infinity", { potential = pot, measure = mf.measure { x = { math.huge }, space = "radial" } })
    fails("lies in space 'plain'", { potential = pot, measure = mf.measure { x = { { 1 } }, space = "plain" } })
    local grid = mf.pde.grid { potential = pot, init = rho0, cells = 20, beta = 5 }
    assert.has_error.matches(function() grid:advance(-1) end, "advance")
    assert.has_error.matches(function() grid:advance(0 / 0) end, "advance")
    fails("'beta' must be math.huge", { potential = mf.potential.radial {
      distribution = mf.distribution.isotropic { d = 5, delta = 0.5 }, activation = sigma, d = math.huge },
      init = rho0, beta = 10 })
    fails("one radius", { potential = mf.potential.relu { delta = 0.4, gamma = 0.5 }, init = rho0 })
  end)
end)
