-- Cases for oom.c: { name, function }. What a case only needs, but is not about, is made here,
-- outside of it, with all the memory there is.
local mf = require "meanfield"

local law = mf.distribution.isotropic { d = 5, delta = 0.5 }
local law2 = mf.distribution.anisotropic { d = 6, s0 = 2, delta = 0.5 }
local tanh, steps = mf.activation.tanh(), mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local rho0 = mf.init.gaussian { kappa = 0.8 }
local radial = mf.potential.radial { distribution = law, activation = steps, tol = 1e-6 }
local law3 = mf.distribution.anisotropic { d = 14, s0 = 7, delta = 0.5 }
local affine = mf.potential.relu { distribution = law3 }
local pair = mf.measure { x = { { 1, 0, 0.5, 0.4 }, { 2, 0.3, 0.2, 0.9 } }, space = "relu" }
local index = mf.distribution.multi_index { d = 5, directions = 1, target = math.abs, noise = 0.1 }
local custom = mf.distribution.custom { d = 3, sample = function(rng)
  local x = rng:normals(3)
  return x, x[1]
end }
local sgd = mf.sgd { distribution = law, activation = tanh, N = 8, init = rho0, eps = 1e-3 }
local pde = mf.pde.particles { potential = radial, init = rho0, J = 20 }
pde:advance(0.1)
local one, two = pde:measure(), sgd:measure():radius()
local line = mf.measure { x = { -0.5, 1, 2 } }
local file = os.tmpname()

return {
  { "mf.array", function() return (mf.array { { 1, 2 }, { 3, 4 } } + mf.array.ones(2, 2)):totable() end },
  { "mf.activation", function()
    return mf.activation.piecewise { { 0, 0 }, { 1, 1 } }, mf.activation.erf():hermite(3, 1)
  end },
  { "mf.activation.custom", function()
    return mf.activation.custom { f = function(t) return t / (1 + t * t) end }
  end },
  { "mf.schedule", function() return mf.schedule.custom(math.sqrt):clock(2) end },
  { "mf.distribution", function()
    return mf.distribution.isotropic { d = 4, delta = 0.2 }:sample(5, { seed = 1 }),
      mf.distribution.anisotropic { d = 4, s0 = 2, delta = 0.2 }:sample(3)
  end },
  { "mf.distribution.multi_index", function()
    local l = mf.distribution.multi_index { d = 4, directions = 2, target = function(a, b) return a * b end, noise = 1,
                                            U = { { 1, 0, 0, 0 }, { 0, 0.6, 0.8, 0 } } }
    return l:sample(3), mf.distribution.multi_index { d = 3, directions = 2, inputs = "hypercube",
                                                      target = function(a, b) return a * b end }:exponent(),
      mf.sgd { distribution = l, activation = tanh, neuron = "affine", N = 3, eps = 1e-3,
               init = mf.init.gaussian { kappa = 1, a = mf.number.signs(), b = mf.number.normal() } }:step(7)
  end },
  { "mf.distribution:exponent", function()
    return mf.distribution.multi_index { d = 3, target = math.abs }:exponent()
  end },
  { "mf.distribution.custom", function() return custom:sample(3) end },
  { "mf.distribution.dataset", function()
    local set = mf.distribution.dataset { x = { { 1, 2 }, { 3, 4 }, { 0, 1 } }, y = { 1, -1, 1 } }
    return mf.potential.sampled { distribution = set, activation = tanh },
      mf.sgd { distribution = set, activation = tanh, N = 3, init = rho0, eps = 1e-3 }:step(7):risk()
  end },
  { "mf.potential.custom", function()
    local pot = mf.potential.custom { dim = 1, rank = 1, b = { -1 }, features = function(t) return t ^ 2 end,
                                      gradient = function(t, g) return t * (2 * g[1]) end }
    return mf.pde.particles { potential = pot, measure = line, step = 0.1 }:advance(0.1):risk(), pot:U(1, 2)
  end },
  { "mf.init", function() return mf.init.gaussian { kappa = 0.4 }, mf.init.sphere { radius = 2 } end },
  { "mf.potential.radial", function()
    return mf.potential.radial { distribution = law, activation = steps, tol = 1e-6 }:risk(one)
  end },
  { "mf.potential.two_radius", function()
    return mf.potential.two_radius { distribution = law2, activation = steps, tol = 1e-3 }
  end },
  { "mf.potential.two_radius, a loss", function()
    local wide = mf.distribution.anisotropic { d = 60, s0 = 30, delta = 0.5 }
    return mf.potential.two_radius { distribution = wide, activation = steps, tol = 1e-3, loss = mf.loss.logistic() }
  end },
  { "mf.potential.relu", function() return mf.potential.relu { delta = 0.5, gamma = 0.2 } end },
  { "mf.potential.affine", function()
    return mf.potential.affine { distribution = law3, activation = tanh, tol = 1e-2 }
  end },
  { "mf.potential.multi_index", function()
    return mf.potential.multi_index { distribution = index, activation = mf.activation.erf(), points = 4, tol = 1e-2,
                                      loss = mf.loss.huber(1) }:V { 1, 0, 0.5, 0.5 }
  end },
  { "mf.potential.nodes", function()
    return mf.potential.nodes { z = { -1, 1 }, y = { 1, 2 }, activation = steps }:features { 1, 0, 0.5, 0.5 }
  end },
  { "pot:step_noise", function() return affine:step_noise(pair, pair) end },
  { "pde:fluctuations", function() return pde:fluctuations { observable = "risk" } end },
  { "mf.stability.rest", function() return mf.stability.rest { potential = radial, eps = 1e-3 } end },
  { "mf.potential.sampled", function()
    return mf.potential.sampled { distribution = law, activation = tanh, samples = 20 }
  end },
  { "mf.sgd", function()
    return mf.sgd { distribution = law, activation = tanh, N = 8, init = rho0, eps = 1e-3 }:advance(0.05)
  end },
  { "sgd:risk", function() return sgd:risk(), sgd:risk { samples = 50 } end },
  { "sgd:measure", function() return sgd:measure():radius(), tostring(sgd) end },
  { "mf.pde.particles", function()
    return mf.pde.particles { potential = radial, init = rho0, J = 20 }:advance(0.05):measure()
  end },
  { "mf.measure", function() return one:mean(math.abs), one:quantile(0.5), one:histogram { bins = 4 } end },
  { "mf.transport", function() return mf.transport.w1(one, two), mf.transport.w2(one, two) end },
  { "mf.stability.lemma1", function()
    return mf.stability.lemma1 { d = 5, delta = 0.5, activation = steps }
  end },
  { "mf.optimum", function() return mf.optimum { potential = radial } end },
  { "mf.descend", function()
    return mf.descend { distribution = law, activation = tanh, N = 3, init = rho0, steps = 5 }
  end },
  { "mf.data.read", function()
    local f = assert(io.open(file, "w"))
    f:write("a,b\n1,2\n"):close()
    return assert(mf.data.read(file)), os.remove(file)
  end },
  { "mf.stability.spectrum", function()
    local pot = mf.potential.relu { delta = 0.5, gamma = 0.3 }
    return mf.stability.spectrum { potential = pot, measure = mf.measure { x = { { 1, 0, 1, 1 } }, space = "relu" } }
  end },
  { "mf.loss", function()
    local pot = mf.potential.radial { distribution = law, activation = tanh, loss = mf.loss.logistic(), tol = 1e-3 }
    return mf.optimum { potential = pot, tol = 1e-3 }
  end },
  { "mf.pde.grid", function()
    local grid = mf.pde.grid { potential = radial, init = rho0, beta = 40, lambda = 0.5, cells = 8, tol = 1e-3 }
    return grid:advance(0.05):measure(), grid:risk(), grid:free_energy(), grid:density()
  end },
  { "mf.pde.jko", function()
    return mf.pde.jko { potential = radial, init = rho0, tau = 0.01, J = 5 }:step(1):measure()
  end },
  { "mf.pde.particles, noise", function()
    return mf.pde.particles { potential = radial, init = rho0, J = 5, beta = 5, step = 0.01 }:advance(0.02),
      mf.pde.particles { potential = radial, init = rho0, J = 5, eps = 1e-3, common = true }:advance(0.01)
  end },
  { "pde:trajectory", function()
    return mf.pde.particles { potential = radial, init = rho0, J = 5 }:trajectory({ 0, 0.1 }, {
      R = "risk", r = function(m) return m:mean() end })
  end },
  { "pde:save", function()
    pde:save(file)
    return assert(mf.pde.load(file, { potential = radial })), os.remove(file)
  end },
  { "sgd:save", function()
    sgd:save(file)
    return assert(mf.sgd.load(file)), os.remove(file)
  end },
  { "sgd:predict", function() return sgd:predict(mf.array.ones(2, 5)), sgd:weights() end },
  { "mf.gibbs", function()
    return mf.gibbs { potential = radial, beta = 5, lambda = 1, tol = 1e-3 }:density(0.5)
  end },
  { "mf.stability.point_mass", function() return mf.stability.point_mass { potential = radial, theta = 1 } end },
  { "mf.transport.sliced", function() return mf.transport.sliced(pair, pair, { directions = 3 }) end },
  { "mf.measure, made anew", function()
    return pair:push(function(a, b) return a, b end), pair:sample(3), two:density(), two:density { bandwidth = 0.1 }
  end },
  { "mf.loss.custom", function()
    return mf.loss.custom { f = function(y, p) return (y - p) ^ 2 end, df = function(y, p) return 2 * (p - y) end }
  end },
  { "mf.sweep", function() return mf.sweep({ 1, 2 }, function(p) return p end, { workers = 1 }) end },
  { "mf.fit", function() return mf.fit({ 1, 2, 3 }, { 2, 3, 5 }) end },
  { "mf.store", function()
    mf.store.write(file, { x = one:quantile(0.5), t = "text" })
    return assert(mf.store.read(file)), os.remove(file)
  end },
  { "mf.process", function()
    local pool <close> = mf.process.pool(2, tostring)
    return pool.free, mf.process.hash "x"
  end },
  { "mf.plot", function() return mf.plot { xlabel = "r" }:line({ 1, 2 }, { 3, 4 }) end },
}
