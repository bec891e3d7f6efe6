-- Theorem 2's setting: plain neurons must find the subspace V of dimension s0 = gamma d that matters.
-- SGD against the PDE in (r1, r2), both at the same finite d; and the samples that SGD needs against d.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "anisotropic", columns = { "d", "t", "k", "R_N", "R" },
  claim   = "O(d) samples are enough where only a subspace matters.",
  options = { d = 40, gamma = 0.25, delta = 0.8, kappa = 0.8, N = 800, eps = 5e-6, at = { 0, 0.2, 0.5, 2 }, J = 4000,
              seed = 1, target = 0.5, ds = { 20, 40, 80, 160, 320 }, c = 2e-3, seeds = 4 },
  quick   = { N = 300, J = 1000, eps = 1e-4, ds = { 20, 40, 80 }, seeds = 1 },
}
local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local rho0  = mf.init.gaussian { kappa = run.kappa }
local function model(d) return mf.distribution.anisotropic { d = d, s0 = run.gamma * d // 1, delta = run.delta } end
-- The laws of (r1, r2) under PDE (levels of its density) and SGD (dots) at several times.
local fig = mf.plot { panels = #run.at, columns = 2, width = 5, height = 5.2, equal = true, xlabel = "r_1",
  xrange = { 0, 1.6 }, yrange = { 0, 1.7 }, title = "dots: SGD, levels: 25, 50, 75, 90, 99 % of the PDE's mass" }
local law = model(run.d)
local s0  = law.options.s0
local pot = mf.potential.two_radius { distribution = law, activation = sigma }
local sgd = mf.sgd { distribution = law, activation = sigma, N = run.N, init = rho0, eps = run.eps, seed = run.seed }
local pde = mf.pde.particles { potential = pot, init = rho0, J = run.J }
for t, i in run:times(run.at) do
  local net, rho = sgd:advance(t):measure():radii { s0 = s0 }, pde:advance(t):measure()
  local panel = fig:panel(i, { title = ("t = %g"):format(t), ylabel = i % 2 == 1 and "r_2" or "" })
  panel:contour { measure = rho, filled = true, map = "blues", bar = false, width = 0.4, bandwidth = 0.03 }
  panel:points(net:coordinate "r1", net:coordinate "r2", { symbol = "disc", size = 0.16, color = "red", opacity = 0.6 })
  run:record { d = run.d, t = t, k = sgd.k, R_N = sgd:risk(), R = pde:risk(),
               r1_sgd = net:mean "r1", r1_pde = rho:mean "r1", r2_sgd = net:mean "r2", r2_pde = rho:mean "r2",
               W2 = mf.transport.sliced(net, rho, { seed = 1 }) }
end

-- Samples until R_N < target with the step eps = c/d of Theorem 2: k/d must not depend on d.
local points = {}
for i = 0, #run.ds * run.seeds - 1 do points[i + 1] = { d = run.ds[i // run.seeds + 1], seed = i % run.seeds + 1 } end
local counts = mf.sweep(points, function(p)
  local net = mf.sgd { distribution = model(p.d), activation = sigma, N = run.N, init = rho0, seed = p.seed,
                       eps = run.c / p.d }
  repeat net:step(2 * p.d) until net:risk() < run.target or net.t > 10
  return net.k
end)
local function predicted(d) -- the PDE's time to the target, in samples
  local p = mf.potential.two_radius { distribution = model(d), activation = sigma }
  local flow = mf.pde.particles { potential = p, init = rho0, J = 1000 }
  repeat flow:advance(flow.t + 5e-4) until flow:risk() < run.target
  return flow.t * d / run.c
end
local d_axis, ks, pde_ks, worst = {}, {}, {}, 0
for i, d in ipairs(run.ds) do pde_ks[i] = predicted(d) end
for i, p in ipairs(points) do
  d_axis[i], ks[i] = p.d, counts[i]
  worst = math.max(worst, math.abs(counts[i] / pde_ks[(i - 1) // run.seeds + 1] - 1))
end
local scaling = mf.plot { xlabel = "d", ylabel = "samples until R_N < " .. run.target, xlog = true, ylog = true }
scaling:points(d_axis, ks, { label = "SGD, ε = c/d" })
local first, last, most = run.ds[1], run.ds[#run.ds], pde_ks[#run.ds]
scaling:line({ first, last }, { most * first / last, most }, { label = "in proportion to d", color = "gray" })
scaling:points(run.ds, pde_ks, { label = "PDE" })
run:check("sliced W2 between the laws of (r1, r2), at every t", run:max("W2"), "<", 3 / math.sqrt(run.N))
run:check("samples, SGD over PDE - 1, at every d", worst, "<", 0.2)
run:save({ law = fig, scaling = scaling })
