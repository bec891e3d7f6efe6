-- Fig. 3: variable selection with ReLU neurons, output weights and offsets (Eq. 2).
-- Anisotropic Gaussians, d = 320, s0 = 60, N = 800; xi(t) = t^(-1/4), eps = 2e-4; a = b = 1 at the start.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "fig3", columns = { "delta", "t", "k", "R_N", "R" },
  options = { d = 320, s0 = 60, N = 800, eps = 2e-4, kappa = 0.8, deltas = { 0.2, 0.4, 0.6 }, t_end = 200.0,
              points = 40, seed = 1, J = 4000 },
  quick   = { N = 400, t_end = 100, points = 20, J = 1000 },
}
-- The PDE has the kernel of d = inf, as in the paper, and rho_0 with the law that (r1, r2) has at finite d:
-- with a point mass the neurons could not part into a > 0 and a < 0 and R would tend to 1/2. SGD ends above
-- the curves: d is finite, and so is the noise of its steps (see --set eps=5e-5).

local relu, xi = mf.activation.relu(), mf.schedule.power(-1 / 4)
local rho0 = mf.init.gaussian { kappa = run.kappa, a = 1, b = 1, d = run.d, s0 = run.s0 }
local function mean(name) return function(rho) return rho:mean(name) end end

local fig   = mf.plot { panels = 2, height = 2.9, xlabel = "t = kε", xlog = true, title = "symbols: SGD, lines: PDE" }
local risk  = fig:panel(1, { ylabel = "population risk", tag = "a" })
local means = fig:panel(2, { ylabel = ("means over the neurons at Δ = %g"):format(run.deltas[#run.deltas]), tag = "b" })

for i, delta in ipairs(run.deltas) do
  local law = mf.distribution.anisotropic { d = run.d, s0 = run.s0, delta = delta }
  local pot = mf.potential.relu { delta = delta, gamma = run.s0 / run.d }
  local sgd = mf.sgd { distribution = law, activation = relu, neuron = "affine", N = run.N, init = rho0, eps = run.eps,
                       xi = xi, seed = run.seed + i }
  local pde = mf.pde.particles { potential = pot, init = rho0, J = run.J, xi = xi }
  local dense = mf.array.logspace(0.01, run.t_end, 10 * run.points - 9) -- for lines; SGD has every 10th
  local way = pde:trajectory(dense, { R = "risk", a = mean "a", b = mean "b", r1 = mean "r1" })
  local t, R_N, seen, last = {}, {}, { a = {}, b = {}, r1 = {} }, way.R[#dense]
  for k = 1, run.points do t[k] = dense[10 * k - 9] end
  for time, k in run:times(t) do
    local net = sgd:advance(time):measure():radii { s0 = run.s0 }
    R_N[k] = sgd:risk()
    local row = { delta = delta, t = time, k = sgd.k, R_N = R_N[k], R = way.R[10 * k - 9] }
    for name, list in pairs(seen) do
      list[k] = net:mean(name)
      row[name .. "_sgd"], row[name .. "_pde"] = list[k], way[name][10 * k - 9]
    end
    run:record(row)
  end
  risk:points(t, R_N, { label = ("Δ = %g"):format(delta) })
  risk:line(dense, way.R)
  for _, name in ipairs(i == #run.deltas and { "a", "b", "r1" } or {}) do
    means:points(t, seen[name], { label = name == "r1" and "r_1" or name })
    means:line(dense, way[name])
  end
  run:check(("delta = %g: both risks fall below half of the plateau"):format(delta), math.max(R_N[#t], last), "<", 0.5)
end
run:save(fig)
