-- NaN and infinity are errors at the door of whatever would work with them, and every door says which it is.
local mf = require "meanfield"

local nan, inf = 0 / 0, math.huge -- on x86 with the sign that the C library prints
local law = mf.distribution.isotropic { d = 3, delta = 0.5 }
local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local init = mf.init.gaussian { kappa = 1 }
local radial = mf.potential.radial { distribution = law, activation = sigma }
local sampled = mf.potential.sampled { distribution = law, activation = sigma, samples = 20 }
local rho = mf.measure { x = { 1, 2 }, space = "radial" }

local function with(make, given, fixed)
  local all = {}
  for key, value in pairs(fixed) do all[key] = value end
  for key, value in pairs(given) do all[key] = value end
  return make(all)
end
local function sgd(given) return with(mf.sgd, given, { distribution = law, activation = sigma, N = 3, eps = 1e-2,
                                                       init = init }) end
local function pde(given) return with(mf.pde.particles, given, { potential = radial, init = init }) end
local function drawn(x, y)
  return sgd { distribution = mf.distribution.custom { d = 2, sample = function() return x, y end } }
end
local function starting(...)
  local values = table.pack(...)
  return mf.init.custom(function() return table.unpack(values, 1, values.n) end)
end

local doors = {
  ["init.custom: w[2] must be finite"] = function() sgd { init = starting { 1, nan, 2 } } end,
  ["init.custom: a must be a finite number"] = function() sgd { init = starting({ 1, 1, 2 }, nan) } end,
  ["init.custom: b must be a finite number"] = function() sgd { init = starting({ 1, 1, 2 }, 1, inf) } end,
  ["init.custom: w[1] must be finite, got nan"] = function() sgd { init = starting { nan, 1, 2 } } end,
  ["sample returned x[1] = nan"] = function() drawn({ nan, 1 }, 1):step() end,
  ["coordinate 1 of atom 1 must be in [0, inf], got nan"] = function()
    mf.measure { x = { nan }, space = "radial" }
  end,
  ["got {nan, 1}"] = function() rho:histogram { range = { nan, 1 } } end,
  ["times[1] is nan"] = function() mf.experiment({ name = "a", args = {} }):times { nan } end,
  ["init.gaussian: option 'kappa'"] = function() mf.init.gaussian { kappa = nan } end,
  ["init.sphere: option 'radius'"] = function() mf.init.sphere { radius = nan } end,
  ["sample returned x[2] = "] = function() drawn({ 1, nan }, 1):step() end,
  ["sample returned x[1] = inf"] = function() drawn({ inf, 1 }, 1):step() end,
  ["y a finite number"] = function() drawn({ 1, 1 }, nan):step() end,
  ["xi(0.01) must be a finite number >= 0"] = function() sgd { xi = function() return nan end }:step() end,
  ["xi(0.01) must be a finite number >= 0, got inf"] = function() sgd { xi = function() return inf end }:step() end,
  ["a finite number >= 0"] = function() pde { xi = function() return nan end }:advance(1) end,
  ["mf.sgd: option 'eps'"] = function() sgd { eps = nan } end,
  ["mf.sgd: option 'beta'"] = function() sgd { beta = nan } end,
  ["mf.sgd: option 'lambda'"] = function() sgd { lambda = inf } end,
  ["mixture: option 'label'"] = function() mf.distribution.mixture { { label = nan, mean = { 0 } } } end,
  ["mixture: option 'mean' of component 1"] = function() mf.distribution.mixture { { label = 1, mean = { nan } } } end,
  ["mixture: option 'covariance' must be in [-1e+100, 1e+100], got nan"] = function()
    mf.distribution.mixture { { label = 1, mean = { 0, 0 }, covariance = { { nan, 0 }, { 0, 1 } } } }
  end,
  ["anisotropic: option 'delta'"] = function() mf.distribution.anisotropic { d = 3, s0 = 1, delta = nan } end,
  ["activation.custom: f does not become"] = function() mf.activation.custom(function() return nan end) end,
  ["activation.polynomial: coefficient 2"] = function() mf.activation.polynomial { 1, nan } end,
  ["activation.piecewise: knot 1: s"] = function() mf.activation.piecewise { { 0, nan } } end,
  ["schedule.constant: option 'value'"] = function() mf.schedule.constant { value = nan } end,
  ["schedule.power: option 'p'"] = function() mf.schedule.power(nan) end,
  ["measure: option 'x': coordinate 1 of atom 2"] = function() mf.measure { x = { 1, nan } } end,
  ["measure: option 'weights': number 2"] = function() mf.measure { x = { 1, 2 }, weights = { 1, inf } } end,
  ["measure:push: the function must return a number"] = function() rho:push(function() return nan end) end,
  ["particles: option 'lambda'"] = function() pde { lambda = nan } end,
  ["particles: option 'tol'"] = function() pde { tol = nan } end,
  ["pde:advance: a finite time"] = function() pde({}):advance(nan) end,
  ["grid: option 'beta'"] = function() mf.pde.grid { potential = radial, init = init, beta = nan } end,
  ["gibbs: option 'beta'"] = function() mf.gibbs { potential = radial, beta = nan, lambda = 1 } end,
  ["optimum: option 'tol'"] = function() mf.optimum { potential = radial, tol = nan } end,
  ["point_mass: option 'theta'"] = function() mf.stability.point_mass { potential = radial, theta = nan } end,
  ["'V' (coordinate 1 must be in [0, inf]"] = function() radial:V(nan) end,
  ["'V' (coordinate 2 must be finite"] = function() sampled:V { 1, nan, 2 } end,
  ["'w1' (a number is NaN)"] = function() mf.transport.w1({ 1, nan }, { 1, 2 }) end,
  ["'cdf' (NaN is no place)"] = function() rho:cdf(nan) end,
  ["histogram: option 'range'"] = function() rho:histogram { range = { nan, 1 } } end,
  ["density: option 'bandwidth'"] = function() rho:density { bandwidth = nan } end,
}

-- Squares that overflow: what is set says where it ends, what is drawn or trained is noticed in the risk.
local BIG, INF = 1e200, "1e+100], got 1e+200"
local flat = { { label = 1, mean = { 0, 0 } } }
local large = {
  ["mf.sgd: option 'label_noise' must be a number in [0, " .. INF] = function() sgd { label_noise = BIG } end,
  ["mf.sgd: option 'scale' must be a number in [1e-100, " .. INF] = function() sgd { scale = BIG } end,
  ["mf.sgd: option 'scale' must be a number in [1e-100, 1e+100], got 1e-200"] = function() sgd { scale = 1 / BIG } end,
  ["mf.sgd: option 'lambda' must be a number in [0, " .. INF] = function() sgd { lambda = BIG } end,
  ["mf.sgd: option 'birth_death' must be a number in [0, " .. INF] = function() sgd { birth_death = BIG } end,
  ["mf.sgd: option 'beta' must be a number in [1e-100, inf], got 1e-200"] = function() sgd { beta = 1 / BIG } end,
  ["mf.sgd: option 'eps' must be a number in (0, " .. INF] = function() sgd { eps = BIG } end,
  ["'rates': option 'w' must be a number in [0, " .. INF] = function() sgd { rates = { w = BIG } } end,
  ["particles: option 'label_noise' must be a number in [0, " .. INF] = function() pde { label_noise = BIG } end,
  ["particles: option 'scale' must be a number in [1e-100, " .. INF] = function() pde { scale = BIG } end,
  ["particles: option 'lambda' must be a number in [0, " .. INF] = function() pde { lambda = BIG } end,
  ["particles: option 'birth_death' must be a number in [0, " .. INF] = function() pde { birth_death = BIG } end,
  ["particles: option 'eps' must be a number in [0, " .. INF] = function() pde { eps = BIG } end,
  ["particles: option 'beta' must be a number in [1e-100, inf], got 1e-200"] = function() pde { beta = 1 / BIG } end,
  ["grid: option 'lambda' must be a number in [0, " .. INF] = function()
    mf.pde.grid { potential = radial, init = init, beta = 1, lambda = BIG }
  end,
  ["gibbs: option 'lambda' must be a number in [0, " .. INF] = function()
    mf.gibbs { potential = radial, beta = 1, lambda = BIG }
  end,
  ["gibbs: option 'beta' must be a number in [1e-100, " .. INF] = function()
    mf.gibbs { potential = radial, beta = BIG, lambda = 1 }
  end,
  ["gaussian: option 'kappa' must be a number in (0, " .. INF] = function() mf.init.gaussian { kappa = BIG } end,
  ["sphere: option 'radius' must be a number in [0, " .. INF] = function() mf.init.sphere { radius = BIG } end,
  ["'a' must be a number in [-1e+100, 1e+100] or an mf.number law, got -1e+200"] = function()
    mf.init.gaussian { kappa = 1, a = -BIG }
  end,
  ["mixture: option 'weight' must be a number in (0, " .. INF] = function()
    mf.distribution.mixture { { label = 1, mean = { 0 }, weight = BIG } }
  end,
  ["mixture: option 'label' must be a number in [-1e+100, " .. INF] = function()
    mf.distribution.mixture { { label = BIG, mean = { 0 } } }
  end,
  ["'mean' of component 1 must be in [-1e+100, 1e+100], got 1e+200"] = function()
    mf.distribution.mixture { { label = 1, mean = { BIG } } }
  end,
  ["'covariance': variances must be in (0, 1e+100], got 1e+200"] = function()
    mf.distribution.mixture { { label = 1, mean = { 0 }, covariance = BIG } }
  end,
  ["piecewise: knot 1: t must be a number in [-1e+100, " .. INF] = function()
    mf.activation.piecewise { { BIG, 1 } }
  end,
  ["piecewise: option 'left' must be a number in [-1e+100, " .. INF] = function()
    mf.activation.piecewise { { 0, 1 }, left = BIG }
  end,
  ["polynomial: coefficient 2 must be a number in [-1e+100, " .. INF] = function()
    mf.activation.polynomial { 0, BIG }
  end,
  ["a label noise in [0, 1e+100] expected"] = function() radial:step_noise({ 1 }, rho, BIG) end,
  ["sgd:risk: labels or outputs are too large for their squares: the sum is inf"] = function()
    sgd { distribution = mf.distribution.dataset { x = { { 1, 0, 0 }, { 0, 1, 0 } }, y = { BIG, 1 } } }:risk()
  end,
  ["pde:risk: labels or outputs are too large for their squares: the risk is inf"] = function()
    local set = mf.distribution.dataset { x = { { 1, 0, 0 }, { 0, 1, 0 } }, y = { BIG, 1 } }
    pde { potential = mf.potential.sampled { distribution = set, activation = sigma }, J = 3 }:risk()
  end,
  ["sgd:risk: neuron 1 is too large: the exact risk takes <w, x> of a deviation up to 1e+150, got 5e+199"] = function()
    sgd { distribution = mf.distribution.mixture(flat), init = starting { BIG / 2, 0 } }:risk()
  end,
}

describe("a large number", function()
  for message, knock in pairs(large) do
    it("is refused: " .. message, function() assert.error_matches(knock, message, 1, true) end)
  end

  it("that is taken has a risk", function() -- of neurons that see nothing but the sign of <w, x>
    local tanh = mf.activation.tanh()
    local function risk(kappa) return sgd { activation = tanh, init = mf.init.gaussian { kappa = kappa } }:risk() end
    assert.near(risk(1e20), risk(1e100), 1e-12)
    assert.near(1e200, sgd { label_noise = 1e100 }:risk(), 1e186)
  end)
end)

describe("a door", function()
  for message, knock in pairs(doors) do
    it("lets no NaN in: " .. message, function()
      assert.error_matches(knock, message, 1, true)
      assert.is_nil(select(2, pcall(knock)):find("-nan", 1, true)) -- whatever its sign
    end)
  end
end)
