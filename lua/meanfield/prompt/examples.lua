-- One example for each function and method that help() shows. Tests run them all, after `given`.

local examples = {}

-- What the examples take for granted, as in the guide.
examples.given = [[
law   = mf.distribution.isotropic { d = 40, delta = 0.8 }
sigma = mf.activation.piecewise { {0.5, -2.5}, {1.5, 7.5} }
tanh  = mf.activation.tanh()
index = mf.distribution.multi_index { d = 9, target = function(z) return z * z end }
rho0  = mf.init.gaussian { kappa = 0.8 }
sgd   = mf.sgd { distribution = law, activation = sigma, N = 100, init = rho0, eps = 1e-4 }
pot   = mf.potential.radial { distribution = law, activation = sigma }
pde   = mf.pde.particles { potential = pot, init = rho0 }
m     = sgd:measure()
r     = m:radius()
rho   = pde:measure()
a     = mf.array { 1, 2, 4 }
A     = mf.array { { 1, 2 }, { 3, 4 } }
rng   = mf.rng { seed = 1 }
xi    = mf.schedule.power(-0.25)
fig   = mf.plot { xlabel = "t" }
f     = function(t) return t ^ 2 end
df    = function(t, g) return 2 * g[1] * t end
]]

-- What some of them take besides, by the beginning of their names; made once.
examples.given_some = {
  ["mf.pde.grid:"] = "cells = mf.pde.grid { potential = pot, init = rho0, beta = 100, cells = 100 }",
  ["mf.pde.jko:"] = "jko = mf.pde.jko { potential = pot, init = rho0, tau = 0.01, J = 100 }",
  ["mf.potential."] = "flat = mf.distribution.anisotropic { d = 40, s0 = 8, delta = 0.8 }",
  ["mf.potential:"] = "free = mf.potential.sampled { distribution = law, activation = tanh, samples = 1000 } "
                      .. "w = mf.array.ones(40) / 7",
  ["mf.experiment.run:"] = "run = mf.experiment { name = 'study', options = { N = 100 }, columns = { 't', 'R' } } "
                           .. "run:record { t = 0, R = 1 }",
  ["mf.results."] = "run = mf.experiment { name = 'study', options = { N = 100 } }",
}

local texts = [[
mf.distribution.isotropic: mf.distribution.isotropic { d = 40, delta = 0.8 }
mf.distribution.mixture: mf.distribution.mixture { { label = 1, mean = { 1, 0 } }, { label = -1, mean = { -1, 0 } } }
mf.distribution.multi_index: mf.distribution.multi_index { d = 9, target = function(z) return z * z end }
mf.distribution.dataset: mf.distribution.dataset { x = { {0, 1}, {2, 3}, {4, 5} }, y = { -1, 1, 1 }, order = "cyclic" }
mf.distribution.custom: mf.distribution.custom { d = 2, sample = function(g) local x = g:normals(2) return x, x[1] end }
mf.distribution:sample: x, y = law:sample(1000)
mf.distribution:exponent: index:exponent()
mf.activation.piecewise: mf.activation.piecewise { {0.5, -2.5}, {1.5, 7.5} }
mf.activation.relu: mf.activation.relu()
mf.activation.tanh: mf.activation.tanh()(0.5)
mf.activation.erf: mf.activation.erf()
mf.activation.sigmoid: mf.activation.sigmoid()
mf.activation.softplus: mf.activation.softplus()
mf.activation.polynomial: mf.activation.polynomial { 0, -3, 0, 1 }
mf.activation.custom: mf.activation.custom(function(t) return math.exp(-t * t) end)
mf.activation:derivative: sigma:derivative(1)
mf.activation:moment: q, dq_ds = sigma:moment(1.2)
mf.activation:hermite: tanh:hermite(1, 1)
mf.activation:coefficients: c = tanh:coefficients(10, 1)
mf.init.gaussian: mf.init.gaussian { kappa = 0.8 }
mf.init.sphere: mf.init.sphere { radius = 0.8 }
mf.number.signs: mf.init.gaussian { kappa = 0.8, a = mf.number.signs() }
mf.number.uniform: mf.init.gaussian { kappa = 0.8, b = mf.number.uniform() }
mf.number.normal: mf.init.gaussian { kappa = 0.8, a = mf.number.normal { deviation = 0.5 } }
mf.number:cdf: mf.number.normal():cdf(1)
mf.number:density: mf.number.uniform():density(0)
mf.number:quantile: mf.number.normal():quantile(0.975)
mf.schedule.constant: mf.schedule.constant { value = 0.5 }
mf.schedule.power: mf.schedule.power(-0.25)
mf.schedule.custom: mf.schedule.custom(function(t) return 1 / (1 + t) end)
mf.schedule:clock: xi:clock(10)
mf.sgd: mf.sgd { distribution = law, activation = sigma, N = 800, init = rho0, eps = 1e-5 }
mf.sgd:advance: sgd:advance(1)
mf.sgd:step: sgd:step(1000)
mf.sgd:measure: sgd:measure():radius():mean(1)
mf.sgd:risk: R, error = sgd:risk()
mf.sgd:weights: sgd:weights()[1]
mf.sgd:save: sgd:save "run.mf"
mf.sgd.load: sgd:save "run.mf"; sgd = mf.sgd.load "run.mf"
mf.potential.custom: mf.potential.custom { dim = 1, rank = 1, b = { -1 }, features = f, gradient = df }
mf.potential.radial: mf.potential.radial { distribution = law, activation = sigma }
mf.potential.multi_index: mf.potential.multi_index { distribution = index, activation = tanh, d = math.huge }
mf.potential.nodes: mf.potential.nodes { z = { -1, 0, 1 }, y = { 0.5, 0, 0.5 }, activation = sigma }
mf.potential:risk: pot:risk(rho)
mf.potential:psi: pot:psi(0.8, rho)
mf.potential:v: pot:v(0.8)
mf.potential:u: pot:u(0.8, 1.2)
mf.potential:self: pot:self(rho)
mf.pde.particles: mf.pde.particles { potential = pot, init = rho0 }
mf.pde.particles:advance: pde:advance(1)
mf.pde.particles:measure: pde:measure():mean(1)
mf.pde.particles:risk: pde:risk()
mf.pde.particles:dissipation: pde:dissipation()
mf.pde.particles:save: pde:save "limit.mf"
mf.pde.load: pde:save "limit.mf"; pde = mf.pde.load("limit.mf", { potential = pot })
mf.pde.grid: mf.pde.grid { potential = pot, init = rho0, beta = 100, lambda = 0.1 }:advance(1):risk()
mf.pde.grid:density: r, p = mf.pde.grid { potential = pot, init = rho0, beta = 100, cells = 100 }:density()
mf.pde.grid:free_energy: mf.pde.grid { potential = pot, init = rho0, beta = 100, cells = 100 }:free_energy()
mf.pde.grid:dissipation: mf.pde.grid { potential = pot, init = rho0, beta = 100, cells = 100 }:dissipation()
mf.pde.jko: mf.pde.jko { potential = pot, init = rho0, tau = 0.01 }
mf.pde.jko:step: mf.pde.jko { potential = pot, init = rho0, tau = 0.01 }:step(10):risk()
mf.gibbs: mf.gibbs { potential = pot, beta = 100, lambda = 0.1 }.free_energy
mf.gibbs:measure: mf.gibbs { potential = pot, beta = 100, lambda = 0.1 }:measure():mean()
mf.gibbs:density: mf.gibbs { potential = pot, beta = 100, lambda = 0.1 }:density(1.2)
mf.optimum: best = mf.optimum { potential = pot }; best.risk, best.gap
mf.measure: mf.measure { x = { 0.5, 1 }, weights = { 0.25, 0.75 }, space = "radial" }
mf.measure:radius: m:radius()
mf.measure:atoms: r:atoms()
mf.measure:weights: r:weights()
mf.measure:mean: r:mean(function(s) return s * s end)
mf.measure:std: r:std(1)
mf.measure:cdf: r:cdf(0.8)
mf.measure:quantile: r:quantile(0.5)
mf.measure:histogram: edges, heights = r:histogram { bins = 20 }
mf.measure:density: x, p = rho:density { points = 200 }
mf.measure:marginal: m:marginal "w1"
mf.measure:coordinate: m:coordinate "w1"
mf.measure:sample: r:sample(1000)
mf.measure:radii: m:radii { s0 = 20 }
mf.measure:multi_index: mf.measure { x = mf.array.zeros(1, 11), space = "affine" }:multi_index(index)
mf.transport.w1: mf.transport.w1(r, rho)
mf.transport.w2: mf.transport.w2(r, rho)
mf.array: mf.array { { 1, 2 }, { 3, 4 } }
mf.array.zeros: mf.array.zeros(3)
mf.array.ones: mf.array.ones(2, 3)
mf.array.identity: mf.array.identity(3)
mf.array.linspace: mf.array.linspace(0, 1, 11)
mf.array.logspace: mf.array.logspace(0.01, 100, 5)
mf.array.range: mf.array.range(0, 1, 0.25)
mf.array:sum: A:sum(1)
mf.array:mean: a:mean()
mf.array:std: a:std()
mf.array:min: a:min()
mf.array:max: a:max()
mf.array:norm: a:norm()
mf.array:quantile: a:quantile(0.5)
mf.array:dot: a:dot(a)
mf.array:matmul: A:matmul(A)
mf.array:transpose: A:transpose()
mf.array:map: a:map(function(x) return x * x end)
mf.array:slice: a:slice(2, 3)
mf.array:row: A:row(1)
mf.array:column: A:column(2)
mf.array:reshape: A:reshape(4)
mf.array:get: A:get(1, 2)
mf.array:set: A:set(1, 2, 5)
mf.array:fill: a:copy():fill(0)
mf.array:copy: b = a:copy()
mf.array:shape: rows, columns = A:shape()
mf.array:sort: mf.array { 3, 1, 2 }:sort()
mf.array:cumsum: a:cumsum()
mf.array:exp: a:exp()
mf.array:log: a:log()
mf.array:sqrt: a:sqrt()
mf.array:abs: (-a):abs()
mf.array:near: a:near({ 1, 2, 4 }, 1e-12)
mf.array:totable: a:totable()
mf.array:argmax: a:argmax()
mf.array:argmin: a:argmin()
mf.rng: mf.rng { seed = 1 }
mf.rng:normal: rng:normal()
mf.rng:normals: rng:normals(5)
mf.rng:uniform: rng:uniform()
mf.rng:uniforms: rng:uniforms(5)
mf.plot: mf.plot { xlabel = "t", ylabel = "R", xlog = true }
mf.plot.figure:line: fig:line({ 1, 2, 3 }, { 1, 4, 9 }, { label = "squares" })
mf.plot.figure:points: fig:points({ 1, 2, 3 }, { 1.1, 3.9, 9 }, { errors = { 0.1, 0.2, 0.3 } })
mf.plot.figure:histogram: fig:histogram(r, { bins = 20 })
mf.plot.figure:density: fig:density(rho, { label = "PDE" })
mf.plot.figure:band: fig:band({ 1, 2 }, { 0, 1 }, { 2, 3 })
mf.plot.figure:hline: fig:hline(0.5)
mf.plot.figure:vline: fig:vline(1)
mf.plot.figure:text: fig:text(0.5, 0.5, "here")
mf.plot.figure:show: fig:line({ 1, 2, 3 }, { 1, 4, 9 }):show()
mf.plot.figure:save: fig:line({ 1, 2 }, { 3, 4 }):save "figure.svg"
mf.help: mf.help "sgd:advance"
mf.strict: mf.strict()
mf.threads: mf.threads()
mf.isa: mf.isa()
mf.blas: mf.blas()
mf.array:cos: a:cos()
mf.array:sin: a:sin()
mf.array:tanh: a:tanh()
mf.array:erf: a:erf()
mf.array:floor: (a / 3):floor()
mf.array:log10: a:log10()
mf.data.read: io.open("d.csv", "w"):write "x,y\n1,2\n3,4\n":close(); X, names = mf.data.read "d.csv"
mf.store.write: mf.store.write("results.h5", { x = a, law = rho, note = "first try" })
mf.store.read: mf.store.write("results.h5", { x = a }); mf.store.read("results.h5").x
mf.descend: mf.descend { distribution = law, activation = tanh, N = 5, init = rho0 }
mf.distribution.anisotropic: mf.distribution.anisotropic { d = 40, s0 = 8, delta = 0.8 }
mf.fit: mf.fit({ 1, 2, 4, 8 }, { 3, 1.5, 0.75, 0.375 }, { log = true }).slope
mf.init.custom: mf.init.custom(function(g, d) return g:normals(d) / d end)
mf.init:cdf: rho0:cdf(0.8, 40)
mf.init:density: rho0:density(0.8, 40)
mf.init:joint: rho0:joint(0.4, 0.7, 40, 8)
mf.init:quantile: rho0:quantile(0.5, 40)
mf.loss.square: mf.loss.square()
mf.loss.logistic: mf.loss.logistic()(1, 0.5)
mf.loss.hinge: mf.loss.hinge(0.1)
mf.loss.huber: mf.loss.huber(1)
mf.loss.custom: mf.loss.custom { f = function(y, u) return (y - u)^2 end, df = function(y, u) return 2 * (u - y) end }
mf.loss:slope: mf.loss.logistic():slope(1, 0.5)
mf.loss:curvature: mf.loss.logistic():curvature(1, 0.5)
mf.measure:push: r:push(function(s) return s * s end)
mf.pde.particles:trajectory: pde:trajectory({ 0, 0.5, 1 }, { R = "risk" })
mf.pde.particles:fluctuations: pde:advance(0.1):fluctuations { observable = "risk" }.variance
mf.pde.grid:advance: cells:advance(0.1)
mf.pde.grid:measure: cells:measure():mean()
mf.pde.grid:risk: cells:risk()
mf.pde.grid:save: cells:save "limit.mf"
mf.pde.grid:trajectory: cells:trajectory({ 0.2, 0.3 }, { R = "risk" })
mf.pde.jko:advance: jko:advance(0.02)
mf.pde.jko:measure: jko:measure():mean()
mf.pde.jko:risk: jko:risk()
mf.pde.jko:dissipation: jko:step():dissipation()
mf.pde.jko:save: jko:save "limit.mf"
mf.pde.jko:trajectory: jko:trajectory({ 0.1, 0.2 }, { R = "risk" })
mf.plot.colors: mf.plot { palette = mf.plot.colors(3, "blues") }
mf.plot.grid: mf.plot.grid { rows = 2, columns = 2 }
mf.plot.from: mf.plot.from(fig:line({ 1, 2 }, { 3, 4 }):data())
mf.plot.figure:data: fig:line({ 1, 2 }, { 3, 4 }):data()
mf.plot.figure:panel: mf.plot { panels = 2 }:panel(2, { xlabel = "t" }):line({ 1, 2 }, { 3, 4 })
mf.plot.figure:inset: fig:line({ 1, 2 }, { 3, 4 }):inset { w = 0.4 }:line({ 1, 2 }, { 4, 3 })
mf.plot.figure:image: fig:image { x = { 1, 2 }, y = { 1, 2 }, z = { { 1, 2 }, { 3, 4 } } }
mf.plot.figure:contour: fig:contour { x = { 1, 2 }, y = { 1, 2 }, z = { { 1, 2 }, { 3, 4 } }, levels = { 2, 3 } }
mf.potential.affine: mf.potential.affine { distribution = flat, activation = tanh }
mf.potential.relu: mf.potential.relu { distribution = flat }
mf.potential.two_radius: mf.potential.two_radius { distribution = flat, activation = sigma }
mf.potential.sampled: mf.potential.sampled { distribution = law, activation = tanh, samples = 1000 }
mf.potential:U: free:U(w, w)
mf.potential:V: free:V(w)
mf.potential:features: free:features(w)
mf.potential:grad_V: free:grad_V(w)
mf.potential:grad_psi: pot:grad_psi(0.8, rho)
mf.potential:rank: free:rank()
mf.potential:b: free:b()
mf.potential:step_noise: pot:step_noise(0.8, rho)
mf.potential:dv: pot:dv(0.8)
mf.potential:du: pot:du(0.8, 1.2)
mf.prove.lemma1: mf.prove.lemma1 { d = math.huge, delta = "0.3", activation = sigma }.proved
mf.prove.interval: mf.prove.interval { d = 320, activation = sigma, digits = 2 }
mf.prove.optimum: mf.prove.optimum(mf.optimum { potential = pot }).proved
mf.prove.check: mf.prove.lemma1 { d = 320, delta = "0.3", activation = sigma, certificate = "p" }; mf.prove.check "p"
mf.sgd:predict: x, y = law:sample(10); sgd:predict(x)
mf.stability.interval: mf.stability.interval { d = 40, activation = sigma }
mf.stability.lemma1: mf.stability.lemma1 { d = 40, delta = 0.3, activation = sigma }.margin
mf.stability.point_mass: mf.stability.point_mass { potential = pot, theta = 1.2 }.verdict
mf.stability.rest: mf.stability.rest { potential = pot, eps = 1e-4 }.points
mf.stability.spectrum: mf.stability.spectrum { potential = pot, measure = mf.optimum { potential = pot }.measure }.rates
mf.sweep: mf.sweep({ 1, 2, 3 }, function(x) return x * x end)
mf.transport.wp: mf.transport.wp(r, rho, 3)
mf.transport.sliced: mf.transport.sliced(m, m, { directions = 10 })
mf.results.list: mf.results.list { name = "study" }
mf.results.load: run:save(); mf.results.load("results/study").options
mf.results.text: mf.results.text(mf.results.list { name = "study" })
mf.versions: mf.versions()
mf.help.text: mf.help.text "sgd:advance"
mf.help.names: #mf.help.names()
mf.help.missing: mf.help.missing()
mf.help.expected: mf.help.expected { name = "N", expected = "an integer", default = 10 }
mf.help.write: mf.help.write "a text\n"
mf.help.document: mf.help.document(f, { name = "f", signature = "f(t)", text = "The square of t." })
mf.help.class: mf.help.class({ area = f }, { name = "square", text = "A square.", properties = {} })
mf.experiment: mf.experiment { name = "other", options = { N = 100, eps = 1e-4 }, quick = { N = 10 } }.N
mf.experiment.run:record: run:record { t = 1, R = 0.5 }
mf.experiment.run:times: for t, i in run:times { 0, 1, 2 } do sgd:advance(0.01 * t) end
mf.experiment.run:column: run:column "R"
mf.experiment.run:max: run:max "R"
mf.experiment.run:min: run:min "R"
mf.experiment.run:check: run:check("the risk at the end", run:min "R", "<", 2)
mf.experiment.run:nearer: run:nearer(1.01, 1, 2)
mf.experiment.run:save: run:save(fig:line({ 1, 2 }, { 3, 4 }))
]]

for name, text in texts:gmatch "([^\n]-): ([^\n]*)\n" do examples[name] = text end

return examples
