-- pde:fluctuations, the influence of the start on an observable: finite perturbations, draws, invariants, order.
local mf = require "meanfield"

local step = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local bump = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } }

local function radial(d, delta, activation)
  local law = mf.distribution.isotropic { d = d, delta = delta }
  return mf.potential.radial { distribution = law, activation = activation }
end

local fig1 = radial(40, 0.8, step)
local gaussian = mf.init.gaussian { kappa = 0.8 }

-- dA/d eps when the masses become (p + eps at atom j) / (1 + eps), by central differences of runs.
local function by_runs(pot, rho, j, t, A)
  local function run(eps)
    local w = rho:weights()
    w[j] = w[j] + eps
    local m = mf.measure { x = rho:atoms(), weights = w, space = rho.space }
    return A(mf.pde.particles { potential = pot, measure = m, tol = 1e-10 }:advance(t))
  end
  return (run(1e-4) - run(-1e-4)) / 2e-4
end

local function agrees(pot, rho, t, observable, A, tolerance)
  local f = mf.pde.particles { potential = pot, measure = rho }:advance(t):fluctuations { observable = observable }
  local scale = math.sqrt(f.variance)
  for _, j in ipairs { 1, #f.influence // 3, #f.influence } do
    assert.near(by_runs(pot, rho, j, t, A), f.influence[j], tolerance * scale)
  end
  return f
end

local function start(pot, init, J) return mf.pde.particles { potential = pot, init = init, J = J }:measure() end
local function risk(pde) return pde:risk() end

describe("pde:fluctuations", function()
  it("gives the influence of single masses on the risk and on means", function()
    local rho = start(fig1, gaussian, 60)
    agrees(fig1, rho, 2, "risk", risk, 1e-3)
    agrees(fig1, rho, 2, "r", function(pde) return pde:measure():mean() end, 1e-3)
    local function square(r) return r * r end
    agrees(fig1, rho, 2, square, function(pde) return pde:measure():mean(square) end, 1e-3)
  end)

  it("does so for several coordinates", function()
    local relu = mf.potential.relu { delta = 0.6, gamma = 0.2 }
    local init = mf.init.gaussian { kappa = 0.8, a = 1, b = 1, d = 320, s0 = 60 }
    agrees(relu, start(relu, init, 40), 1, "risk", risk, 1e-3)
    agrees(relu, start(relu, init, 40), 1, "a", function(pde) return pde:measure():mean "a" end, 1e-3)
    local law = mf.distribution.anisotropic { d = 40, s0 = 10, delta = 0.8 }
    local two = mf.potential.two_radius { distribution = law, activation = step }
    agrees(two, start(two, gaussian, 40), 0.5, "risk", risk, 1e-3)
    local finite = mf.potential.relu { distribution = law }
    agrees(finite, start(finite, mf.init.gaussian { kappa = 0.8, a = 1, b = 1 }, 40), 0.5, "risk", risk, 1e-3)
    local tanh = mf.activation.tanh()
    local affine = mf.potential.affine { distribution = law, activation = mf.activation.erf() }
    agrees(affine, start(affine, mf.init.gaussian { kappa = 0.8, a = 1, b = 0.3 }, 8), 0.5, "b",
           function(pde) return pde:measure():mean "b" end, 1e-3)
    local full = mf.potential.sampled { distribution = mf.distribution.isotropic { d = 4, delta = 0.8 }, samples = 200,
                                        activation = tanh, neuron = "affine" }
    agrees(full, start(full, mf.init.gaussian { kappa = 0.8, a = 1, b = 0.3 }, 20), 1, "risk", risk, 1e-3)
  end)

  it("does so while mass is absorbed at r = 0", function()
    local pot = radial(320, 0.5, bump)
    local rho = start(pot, mf.init.gaussian { kappa = 0.1 }, 200)
    local held = 0
    for _, t in ipairs { 0.012, 0.014 } do
      local f = mf.pde.particles { potential = pot, measure = rho }:advance(t)
      held = math.max(held, f:measure():mean(function(r) return r == 0 and 1 or 0 end))
      agrees(pot, rho, t, "risk", risk, 0.02)
    end
    assert.is_true(held > 0.05 and held < 1, held)
    -- once all of it is there, nothing is left of chance
    local all = mf.pde.particles { potential = pot, measure = rho }:advance(0.05):fluctuations { observable = "risk" }
    assert.is_true(all.variance < 1e-12)
  end)

  it("does so with weight decay and with masses that differ", function()
    local x, w = { 0.3, 0.6, 0.9, 1.4 }, { 0.1, 0.4, 0.3, 0.2 }
    local rho = mf.measure { x = x, weights = w, space = "radial" }
    local function run(weights)
      local m = mf.measure { x = x, weights = weights, space = "radial" }
      return mf.pde.particles { potential = fig1, measure = m, lambda = 0.1, tol = 1e-10 }:advance(1)
    end
    local f = mf.pde.particles { potential = fig1, measure = rho, lambda = 0.1 }:advance(1)
      :fluctuations { observable = "risk" }
    local e = 1e-4
    local up, down = run { 0.1, 0.4 + e, 0.3, 0.2 }, run { 0.1, 0.4 - e, 0.3, 0.2 }
    assert.near((up:risk() - down:risk()) / (2 * e), f.influence[2], 1e-3 * math.sqrt(f.variance))
    local mean, square = 0, 0
    for j = 1, 4 do mean, square = mean + w[j] * f.influence[j], square + w[j] * f.influence[j] ^ 2 end
    assert.near(0, mean, 1e-14)
    assert.near(square, f.variance, 1e-12)
  end)

  -- The variance of 2000 draws has a relative standard error of (kurtosis - 1)/2000 to the root: 0.032 for a normal
  -- law; 4 of them, and 5 % for what 1/N leaves out at N = 50.
  it("is the variance over draws of 50 neurons", function()
    local pde = mf.pde.particles { potential = fig1, init = gaussian, J = 1000 }:advance(2)
    local rho, R, r = start(fig1, gaussian, 4000), {}, {}
    for i = 1, 2000 do
      local draw = mf.pde.particles { potential = fig1, measure = rho:sample(50, { seed = i }), tol = 1e-5 }:advance(2)
      R[i], r[i] = draw:risk(), draw:measure():mean()
    end
    for observable, seen in pairs { risk = R, r = r } do
      local ratio = 50 * mf.array(seen):std() ^ 2 / pde:fluctuations { observable = observable }.variance
      assert.is_true(math.abs(ratio - 1) < 4 * 0.032 + 0.05, observable .. ": ratio " .. ratio)
    end
  end)

  it("does not see a shift along the flow but as a shift of the time", function()
    local function at(t)
      return mf.pde.particles { potential = fig1, init = gaussian, J = 500, tol = 1e-10 }:advance(t)
    end
    local pde, h = at(5), 1e-5
    local f = pde:fluctuations { observable = "risk" }
    local now, later, sum = at(0):measure():coordinate(), at(h):measure():coordinate(), 0
    local after = at(2 * h):measure():coordinate()
    for j = 1, 500 do
      sum = sum + f.gradient[j] * (4 * later[j] - after[j] - 3 * now[j]) / (2 * h) / 500
    end
    assert.near(-pde:dissipation(), sum, 1e-4 * pde:dissipation())
  end)

  it("has order 4 in fixed steps", function()
    local function influence(h)
      return mf.pde.particles { potential = fig1, init = gaussian, J = 30, step = h }:advance(0.8)
        :fluctuations { observable = "r" }.influence[20]
    end
    local exact = influence(0.8 / 128)
    local coarse, fine = math.abs(influence(0.8 / 16) - exact), math.abs(influence(0.8 / 32) - exact)
    local order = math.log(coarse / fine, 2)
    assert.is_true(order > 3.3 and order < 4.7, "order " .. order)
  end)

  it("leaves the run as it is, and may be asked at any time", function()
    local function new() return mf.pde.particles { potential = fig1, init = gaussian, J = 50 } end
    local plain, asked = new():advance(1):advance(2), new():advance(1)
    asked:fluctuations { observable = "risk" }
    assert.equal(plain:risk(), asked:advance(2):risk())
    local zero = new():fluctuations { observable = "r" } -- t = 0: independent neurons
    assert.near(new():measure():std() ^ 2, zero.variance, 1e-12)
    assert.equal(1, zero.gradient[7])
    assert.equal(new():risk(), new():fluctuations { observable = "risk" }.value)
  end)

  it("says what it cannot do", function()
    local pde = mf.pde.particles { potential = fig1, init = gaussian, J = 5 }:advance(0.1)
    assert.error_matches(function() pde:fluctuations {} end, "observable")
    assert.error_matches(function() pde:fluctuations { observable = "a" } end, "observable.*coordinate.*got")
    assert.error_matches(function() pde:fluctuations { observable = 3 } end, "observable")
    assert.error_matches(function() pde:fluctuations { observable = function() end } end, "finite number")
    assert.error_matches(function() pde:fluctuations { observable = function() error "mine" end } end, "mine")
    assert.error_matches(function() pde:fluctuations { observable = function() pde:advance(1) end } end, "busy")
    pde:advance(0.2)
    local noisy = mf.pde.particles { potential = fig1, init = gaussian, J = 5, beta = 10 }
    assert.error_matches(function() noisy:fluctuations { observable = "risk" } end, "beta")
    local effective = mf.pde.particles { potential = fig1, init = gaussian, J = 5, eps = 1e-4 }
    assert.error_matches(function() effective:fluctuations { observable = "risk" } end, "not for the effective")
  end)
end)
