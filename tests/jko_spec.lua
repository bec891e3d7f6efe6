-- mf.pde.jko: Eq. 10, the flow as a sequence of minimisations.
local mf = require "meanfield"

local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local cusp = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } } -- of Fig. 4: drives mass to r = 0

local function radial(d, delta, activation)
  return mf.potential.radial { distribution = mf.distribution.isotropic { d = d, delta = delta or 0.8 },
                               activation = activation or sigma }
end

local function radii(pde) return pde:measure():coordinate(1) end

-- Phi(x) = R(x) + sum (x_j - y_j)^2 / (2 tau J), written down once more.
local function objective(pot, x, y, tau)
  local sum = 0
  for j = 1, #x do sum = sum + (x[j] - y[j]) ^ 2 end
  return pot:risk(mf.measure { x = x, space = "radial" }) + sum / (2 * tau * #x)
end

describe("mf.pde.jko", function()
  it("takes the minimum of Eq. 10: the implicit step of Eq. 7, and no law near it is lower", function()
    local pot, tau, rng = radial(40), 0.05, mf.rng { seed = 3 }
    local pde = mf.pde.jko { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, tau = tau, J = 50 }
    local y = radii(pde)
    local x = radii(pde:step())
    local rho = pde:measure()
    local slope = pot:grad_psi(x, rho)
    for j = 1, #x do
      assert.truthy(math.abs((x[j] - y[j]) / tau + 2 * slope[j]) < 1e-9 * (1 + math.abs(slope[j])), "particle " .. j)
    end
    local least = objective(pot, x, y, tau)
    for _ = 1, 40 do
      local z, noise = x:totable(), rng:normals(#x)
      for j = 1, #z do z[j] = math.max(0, z[j] + 1e-3 * noise[j]) end
      assert.truthy(objective(pot, z, y, tau) > least)
    end
  end)

  it("is of first order in tau against the particles of Eq. 7", function()
    local pot, rho0, J = radial(40), mf.init.gaussian { kappa = 0.8 }, 200
    local exact = radii(mf.pde.particles { potential = pot, init = rho0, J = J, tol = 1e-10 }:advance(1))
    local far = {}
    for i = 1, 4 do
      local pde = mf.pde.jko { potential = pot, init = rho0, J = J, tau = 0.1 / 2 ^ i }:advance(1)
      local x, sum = radii(pde), 0
      for j = 1, J do sum = sum + (x[j] - exact[j]) ^ 2 end
      far[i] = math.sqrt(sum / J)
      assert.truthy(far[i] < 20 * pde.error and pde.error < 20 * far[i], ("error %g, W2 %g"):format(pde.error, far[i]))
    end
    for i = 1, 3 do
      local order = math.log(far[i] / far[i + 1], 2)
      assert.truthy(math.abs(order - 1) < 0.15, "order " .. order)
    end
  end)

  it("never lets R grow, and pays for its way: R + W2^2/(2 tau) <= R, from tau = 1e-3 to 1e4", function()
    for _, activation in ipairs { sigma, cusp } do
      for _, tau in ipairs { 1e-3, 0.1, 10, 1e4 } do
        local pot = radial(20, 0.5, activation)
        local pde = mf.pde.jko { potential = pot, init = mf.init.gaussian { kappa = 0.4 }, tau = tau, J = 100 }
        local R = pde:risk()
        for k = 1, 8 do
          local before = pde:measure()
          local now = pde:step():risk()
          local way = mf.transport.w2(before, pde:measure())
          assert.truthy(now + way ^ 2 / (2 * tau) <= R + 1e-12 * (1 + R), ("tau = %g, step %d"):format(tau, k))
          assert.truthy(now <= R)
          local x = radii(pde)
          for j = 1, #x do assert.truthy(x[j] >= 0 and (j == 1 or x[j] >= x[j - 1])) end
          R = now
        end
        assert.equal(8, pde.steps)
      end
    end
  end)

  it("keeps at r = 0 what the force drives there, as the particles do", function()
    local pde = mf.pde.jko { potential = radial(320, 0.5, cusp), init = mf.init.gaussian { kappa = 0.1 }, tau = 1e-3,
                             J = 200 }:advance(0.05)
    assert.equal(0, radii(pde)[200])
    assert.truthy(math.abs(pde:risk() - 7.25) < 1e-9)
    assert.equal(0, pde:dissipation())
  end)

  it("walks in the clock of xi and hits every time", function()
    local pot, rho0 = radial(10), mf.init.gaussian { kappa = 1 }
    local function new(xi) return mf.pde.jko { potential = pot, init = rho0, tau = 0.05, J = 40, xi = xi } end
    local pde = new():step(3)
    assert.truthy(math.abs(pde.t - 0.15) < 1e-15 and pde.steps == 3)
    assert.same(radii(new():advance(0.15)):totable(), radii(pde):totable())
    local singular = new(mf.schedule.power(-0.25)):step(2)
    assert.truthy(math.abs(singular.clock - 0.1) < 1e-14 and singular.steps == 2)
    assert.truthy(math.abs(singular.t - (0.75 * 0.1) ^ (4 / 3)) < 1e-14)
    assert.same(radii(new():step(2)):totable(), radii(singular):totable())
    local seen = new():trajectory({ 0, 0.02, 0.12 }, { R = "risk" })
    assert.truthy(seen.R[1] > seen.R[2] and seen.R[2] > seen.R[3])
    assert.has_error.matches(function() new(function() return 1 end):step() end, "use pde:advance")
    assert.truthy(math.abs(new(function() return 1 end):advance(0.1):risk() - new():step(2):risk()) < 1e-12)
  end)

  it("takes a measure by its quantiles", function()
    local pde = mf.pde.jko { potential = radial(5), tau = 1, J = 4,
                             measure = mf.measure { x = { 3, 1 }, weights = { 0.25, 0.75 }, space = "radial" } }
    assert.same({ 1, 1, 1, 3 }, radii(pde):totable())
  end)

  it("says what is wrong with what it is given", function()
    local pot, rho0 = radial(5), mf.init.gaussian { kappa = 1 }
    local function fails(pattern, options) assert.has_error.matches(function() mf.pde.jko(options) end, pattern) end
    fails("'potential'", { init = rho0, tau = 1 })
    fails("'tau'", { potential = pot, init = rho0 })
    for _, tau in ipairs { 0, -1, 0 / 0, math.huge } do fails("'tau'", { potential = pot, init = rho0, tau = tau }) end
    fails("'tau'", { potential = pot, init = rho0, tau = "soon" })
    for _, bad in ipairs { { J = 2.5 }, { J = "many" }, { J = 0 / 0 }, { init = 3 }, { potential = 3 } } do
      local option, value = next(bad)
      local given = { potential = pot, init = rho0, tau = 1, [option] = value }
      fails("option '" .. option .. "'", given)
    end
    fails("'J'", { potential = pot, init = rho0, tau = 1, J = 0 })
    fails("'xi'", { potential = pot, init = rho0, tau = 1, xi = 3 })
    fails("'init' and 'measure'", { potential = pot, tau = 1 })
    fails("one coordinate", { potential = mf.potential.relu { delta = 0.4, gamma = 0.5 }, init = rho0, tau = 1 })
    fails("space 'plain'", { potential = pot, measure = mf.measure { x = { { 1 } }, space = "plain" }, tau = 1 })
    local far = mf.measure { x = { 1, math.huge }, space = "radial" }
    fails("must be finite", { potential = pot, measure = far, tau = 1 })
    local pde = mf.pde.jko { potential = pot, init = rho0, tau = 1, J = 5 }
    assert.has_error.matches(function() pde:step(-1) end, ">= 0")
    assert.has_error.matches(function() pde:step "x" end, "number")
  end)
end)
