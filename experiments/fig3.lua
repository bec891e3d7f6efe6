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

local fig   = mf.plot { xlabel = "t = kε", ylabel = "population risk", xlog = true, width = 4.8, height = 3.6,
                        yrange = { 0, 1.9 }, key = "top right" }
local inset = fig:inset { xlog = true, title = ("means of a, b, r_1 at Δ = %g"):format(run.deltas[#run.deltas]),
                          x = 0.08, y = 0.1, w = 0.46, h = 0.34 }

for i, delta in ipairs(run.deltas) do
  local law = mf.distribution.anisotropic { d = run.d, s0 = run.s0, delta = delta }
  local pot = mf.potential.relu { delta = delta, gamma = run.s0 / run.d }
  local sgd = mf.sgd { distribution = law, activation = relu, neuron = "affine", N = run.N, init = rho0, eps = run.eps,
                       xi = xi, seed = run.seed + i }
  local pde = mf.pde.particles { potential = pot, init = rho0, J = run.J, xi = xi }
  local t, R_N, R, means = {}, {}, {}, { a = { {}, {} }, b = { {}, {} }, r1 = { {}, {} } }
  for time, k in run:times(mf.array.logspace(0.01, run.t_end, run.points):totable()) do
    local net, rho = sgd:advance(time):measure():radii { s0 = run.s0 }, pde:advance(time):measure()
    t[k], R_N[k], R[k] = time, sgd:risk(), pde:risk()
    local row = { delta = delta, t = time, k = sgd.k, R_N = R_N[k], R = R[k] }
    for name, m in pairs(means) do
      m[1][k], m[2][k] = net:mean(name), rho:mean(name)
      row[name .. "_sgd"], row[name .. "_pde"] = m[1][k], m[2][k]
    end
    run:record(row)
  end
  fig:points(t, R_N, { label = ("Δ = %g"):format(delta) })
  fig:line(t, R)
  for _, name in ipairs(i == #run.deltas and { "a", "b", "r1" } or {}) do
    inset:points(t, means[name][1], { label = name == "r1" and "r_1" or name })
    inset:line(t, means[name][2])
  end
  run:check(("delta = %g: both risks fall below half of the plateau"):format(delta), math.max(R_N[#t], R[#t]), "<", 0.5)
end
run:save(fig)
