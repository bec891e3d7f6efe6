-- NaN and infinity are errors at the door of whatever would work with them, and every door says which it is.
local mf = require "meanfield"

local nan, inf = 0 / 0, math.huge -- on x86 with the sign that the C library prints
local law = mf.distribution.isotropic { d = 3, delta = 0.5 }
local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local init = mf.init.gaussian { kappa = 1 }
local radial = mf.potential.radial { distribution = law, activation = sigma }
local sampled = mf.potential.sampled { distribution = law, activation = sigma, samples = 20 }
local two = mf.potential.two_radius { distribution = mf.distribution.anisotropic { d = 5, s0 = 2, delta = 0.5 },
  activation = sigma }
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
  ["init.gaussian: w[2] of neuron 2 is inf"] = function() sgd { init = mf.init.gaussian { kappa = 1.7e308 } } end,
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
  ["mixture: option 'covariance' must be finite"] = function()
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
  ["particles: the initial law puts a particle at inf"] = function()
    pde { init = mf.init.gaussian { kappa = 1.7e308 } }
  end,
  ["jko: the initial law puts a particle at inf"] = function()
    mf.pde.jko { potential = radial, init = mf.init.gaussian { kappa = 1.7e308 }, tau = 0.1 }
  end,
  ["the initial law puts a particle at"] = function()
    mf.pde.particles { potential = two, init = mf.init.gaussian { kappa = 1.7e308 } }
  end,
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

describe("a door", function()
  for message, knock in pairs(doors) do
    it("lets no NaN in: " .. message, function()
      assert.error_matches(knock, message, 1, true)
      assert.is_nil(select(2, pcall(knock)):find("-nan", 1, true)) -- whatever its sign
    end)
  end
end)
