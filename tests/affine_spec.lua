-- mf.potential.affine and mf.potential.relu at finite d: neurons a sigma(<w,x> + b) of two radii.
local mf = require "meanfield"
local quadrature = require "tests.quadrature"

local ramp = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local relu, tanh = mf.activation.relu(), mf.activation.tanh()

local function law(d, s0, delta) return mf.distribution.anisotropic { d = d, s0 = s0, delta = delta or 0.5 } end

local function affine(d, s0, sigma, limit)
  return mf.potential.affine { distribution = law(d, s0), activation = sigma, d = limit }
end

-- ramp(t + b) is a ramp whose knots are elsewhere.
local function shifted(b) return mf.activation.piecewise { { 0.5 - b, -2.5 }, { 1.5 - b, 7.5 } } end

local radii = { { 0.4, 0.7 }, { 1.1, 0.2 }, { 0, 1.6 }, { 2.3, 0 } }
local function with(a, b, list)
  local x = {}
  for i, r in ipairs(list or radii) do x[i] = { a, b, r[1], r[2] } end
  return x
end

describe("potential.affine", function()
  it("has the V, U, self and step noise of plain neurons, whose sigma is shifted by b, by other tables", function()
    for _, dims in ipairs { { 40, 16 }, { 30, 30 }, { 320, 60 } } do
      for _, b in ipairs { 0, 0.8, -1.3 } do
        local list = dims[1] == dims[2] and { { 0.4, 0 }, { 1.1, 0 }, { 2.3, 0 } } or radii
        local pot = affine(dims[1], dims[2], ramp)
        local plain = mf.potential.two_radius { distribution = law(dims[1], dims[2]), activation = shifted(b),
                                                tol = 1e-11 }
        local x, allowed = with(1.5, b, list), 3 * pot.error + plain.error
        local rho, other = mf.measure { x = x, space = "relu" }, mf.measure { x = list, space = "two_radius" }
        local U, u, V, v = pot:U(x, x), plain:U(list, list), pot:V(x), plain:V(list)
        local T, t = pot:step_noise(x, rho), plain:step_noise(list, mf.measure { x = list, space = "two_radius" })
        for i = 1, #list do
          assert.near(1.5 * v[i], V[i], 1e-9)
          for j = 1, #list do assert.near(2.25 * u[i][j], U[i][j], 2.25 * allowed + 1e-9) end
          assert.same({ 0, 0 }, { T[i][1], T[i][2] })
        end
        assert.near(2.25 * plain:self(other), pot:self(rho), 1e-9)
        local half = mf.measure { x = with(1, b, list), space = "relu" } -- a = 1: the same yhat
        T = pot:step_noise(with(-2, b, list), half)
        for i = 1, #list do
          for c = 1, 2 do assert.near(4 * t[i][c], T[i][2 + c], 1e-6 * (1 + math.abs(t[i][c]))) end
        end
      end
    end
  end)

  it("has gradients that finite differences give, also next to r = 0 and s = 0", function()
    local rho = mf.measure { x = { { 1, 1, 0.5, 0.5 }, { -0.5, 0.2, 0.3, 0.9 } }, space = "relu" }
    for _, sigma in ipairs { relu, ramp, tanh } do
      local pot = affine(40, 10, sigma)
      for _, p in ipairs { { 0.7, -0.3, 0.8, 0.4 }, { 0.7, 0.2, 1e-3, 0.4 }, { 0.7, -0.2, 0.3, 1e-3 },
                           { 1, 0.1, 1e-2, 1e-2 }, { -2, 0, 0.1, 0.2 } } do
        local gradient = pot:grad_psi(p, rho)
        local function psi(q) return pot:psi(q, rho) end
        local expected = quadrature.gradient(psi, p, { 2.5e-4, 2.5e-4, 2.5e-3 * p[3], 2.5e-3 * p[4] })
        for c = 1, 4 do assert.near(expected[c], gradient[c], 2e-6 * (1 + math.abs(gradient[c]))) end
      end
      local g = pot:grad_psi({ 1, 0.6, 0, 0 }, rho) -- s = 0: sigma(b) and its slope are left
      local function value(b) return pot:psi({ 1, b, 0, 0 }, rho) end
      assert.same({ 0, 0 }, { g[3], g[4] })
      assert.near(value(0.6), g[1], 1e-12)
      assert.near(quadrature.slope(value, 0.6, 1e-3), g[2], 1e-6)
    end
  end)

  it("tends to d = inf like 1/d, force and step noise, where ReLU has its closed form", function()
    local at = { 0.7, -0.3, 0.8, 0.4 }
    local rho = mf.measure { x = { { 1, 1, 0.5, 0.5 }, { -0.5, 0.2, 0.3, 0.9 } }, space = "relu" }
    local closed = affine(40, 10, relu, math.huge)
    assert.equal("relu", closed.kind)
    local long = mf.activation.piecewise { { 0, 0 }, { 1, 1 }, right = 1 } -- ReLU by the general way
    local general = affine(40, 10, long, math.huge)
    assert.equal("affine", general.kind)
    local function all(pot)
      local force, T = pot:grad_psi(at, rho), pot:step_noise(at, rho)
      return { force[1], force[2], force[3], force[4], T[3], T[4] }
    end
    local limit = all(closed)
    for k, x in ipairs(all(general)) do assert.near(limit[k], x, 1e-12) end
    local o = { distribution = law(40, 10), activation = long, d = math.huge, loss = mf.loss.logistic() }
    local other = all(mf.potential.affine(o))
    o.activation = relu
    for k, x in ipairs(all(mf.potential.affine(o))) do
      assert.near(other[k], x, 1e-12)
      assert.is_true(math.abs(x - limit[k]) > 1e-3)
    end
    assert.is_true(quadrature.is_like_1_over_d(function(d)
      return all(mf.potential.relu { distribution = law(40, 10), d = d })
    end, limit))
  end)

  it("gives Fig. 3 at finite d: the risk at t = 93 is 0.28 by Eq. 7 and 0.37 with eps = 2e-4", function()
    local o = { potential = mf.potential.relu { distribution = law(320, 60, 0.2) }, J = 400, tol = 1e-6,
                xi = mf.schedule.power(-1 / 4), init = mf.init.gaussian { kappa = 0.8, a = 1, b = 1 } }
    -- A trial with 7 x 7 nodes in (|P_V x|, |P_V^perp x|) and Gaussian directions found 0.375 with eps, and a 0.413.
    assert.near(0.279, mf.pde.particles(o):advance(93):risk(), 0.006)
    o.eps = 2e-4
    local pde = mf.pde.particles(o):advance(93)
    assert.near(0.370, pde:risk(), 0.006)
    assert.near(0.40, pde:measure():mean "a", 0.015)
  end)

  it("takes its dimensions from the law or the options, and says what it cannot do", function()
    local pot = mf.potential.relu { delta = 0.5, gamma = 0.25, d = 40 }
    local x = with(1, 0.3)
    local one, two = pot:U(x, x), mf.potential.relu { distribution = law(40, 10) }:U(x, x)
    assert.equal(one[2][3], two[2][3])
    assert.equal(one[1][4], affine(80, 20, relu, 40):U(x, x)[1][4])
    assert.equal(2, mf.potential.relu { delta = 0.5, gamma = 0.25 }:rank())
    local function fails(f, text) assert.error_matches(f, text) end
    fails(function() affine(40, 10, relu, 41) end, "s0 = gamma d is an integer")
    fails(function() affine(40, 10, mf.activation.polynomial { 0, 0, 1 }) end, "sampled")
    local thin = affine(40, 3, relu)
    fails(function() thin:step_noise(x, mf.measure { x = x, space = "relu" }) end, "s0 = 3 in d = 40 is not known")
    fails(function() mf.pde.particles { potential = thin, eps = 1e-4, J = 10,
                                        init = mf.init.gaussian { kappa = 0.8 } }:advance(1) end, "is not known")
    fails(function() pot:V { 1, 0, math.huge, 0 } end, "unbounded")
  end)
end)
