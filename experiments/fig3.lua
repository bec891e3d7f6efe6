-- Fig. 3: variable selection with ReLU neurons, output weights and offsets (Eq. 2).
-- Anisotropic Gaussians, d = 320, s0 = 60, N = 800; xi(t) = t^(-1/4), eps = 2e-4; a = b = 1 at the start.
-- Solid: the effective dynamics at SGD's step eps and dimension d; thin dashed: Eq. 7, its limit eps -> 0.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "fig3", columns = { "delta", "t", "k", "R_sgd", "R_error", "R_eff", "R_eq7" },
  options = { d = 320, s0 = 60, N = 800, eps = 2e-4, kappa = 0.8, deltas = { 0.2, 0.4, 0.6 }, t_end = 200.0,
              points = 24, seeds = 3, J = 1000 }, claim = "The reduced PDE predicts SGD's risk and means.",
  quick   = { d = 80, s0 = 15, eps = 8e-4, N = 400, deltas = { 0.4, 0.6 }, t_end = 30, points = 12, J = 80 },
}
local relu, xi, names = mf.activation.relu(), mf.schedule.power(-1 / 4), { "a", "b", "r1" }
local rho0  = mf.init.gaussian { kappa = run.kappa, a = 1, b = 1, d = run.d, s0 = run.s0 }
local dense = mf.array.logspace(0.01, run.t_end, 15 * run.points - 14) -- for lines; SGD has every 15th
local t = {} for k = 1, run.points do t[k] = dense[15 * k - 14] end
local function law(delta) return mf.distribution.anisotropic { d = run.d, s0 = run.s0, delta = delta } end
local sgd = mf.sweep(run.deltas, function(delta, seed)
  local net = mf.sgd { distribution = law(delta), activation = relu, neuron = "affine", N = run.N, init = rho0,
                       eps = run.eps, xi = xi, seed = seed }
  local way = { R = {}, a = {}, b = {}, r1 = {} }
  for k, time in ipairs(t) do
    local neurons = net:advance(time):measure():radii { s0 = run.s0 }
    for name, list in pairs(way) do list[k] = name == "R" and net:risk() or neurons:mean(name) end
  end
  return way
end, { seeds = run.seeds })
local function mean(name) return function(rho) return rho:mean(name) end end
local function theory(delta, eps)
  local pot = mf.potential.relu { distribution = law(delta) }
  return mf.pde.particles { potential = pot, init = rho0, J = run.J, xi = xi, eps = eps }:trajectory(dense, {
    R = "risk", N = function(rho) return pot:risk(rho, run.N) - pot:risk(rho) end, a = mean "a", b = mean "b",
    r1 = mean "r1" })
end
local fig = mf.plot { panels = 2, height = 3, xlabel = "t = kε", xlog = true, title =
  ("symbols: SGD, mean of %d seeds; lines: effective dynamics; dashed: Eq. 7"):format(run.seeds) }
local risk  = fig:panel(1, { ylabel = "population risk", tag = "a" })
local means = fig:panel(2, { ylabel = ("means over the neurons at Δ = %g"):format(run.deltas[#run.deltas]), tag = "b" })
for i, delta in ipairs(run.deltas) do
  local eff, eq7, seen, error, row = theory(delta, run.eps), theory(delta, 0), sgd[i].mean, sgd[i].error
  local function draw(axes, name, color, label)
    axes:points(t, seen[name], { errors = error[name], color = color, label = (label:gsub("r1", "r_1")) })
    axes:line(dense, eff[name], { color = color })
    axes:line(dense, eq7[name], { color = color, dash = "dashed", width = 0.6 })
  end
  draw(risk, "R", mf.plot.palette[i], ("Δ = %g"):format(delta))
  for j, name in ipairs(i == #run.deltas and names or {}) do draw(means, name, mf.plot.palette[j + 3], name) end
  for k, time in ipairs(t) do -- judged where the lines differ by 5 %, six errors and (R) twice what N neurons add
    row = { delta = delta, t = time, k = time // run.eps }
    for name, list in pairs(seen) do
      local x, x_error, x_eff, x_eq7 = list[k], error[name][k], eff[name][15 * k - 14], eq7[name][15 * k - 14]
      local unsure = (6 * x_error + (name == "R" and 2 * eff.N[15 * k - 14] or 0)) / math.abs(x_eq7)
      row[name .. "_sgd"], row[name .. "_error"], row[name .. "_eff"], row[name .. "_eq7"] = x, x_error, x_eff, x_eq7
      row["nearer_" .. name] = run:nearer(x, x_eff, x_eq7, math.max(0.05, unsure))
    end
    run:record(row)
  end
  run:check(("delta = %g: the risk of SGD falls below half of the plateau"):format(delta), row.R_sgd, "<", 0.5)
end
run:check("SGD's R is nearer to the effective line than to Eq. 7, by", run:min "nearer_R", ">", 1.5)
run:check("SGD's mean a is nearer to the effective line, by", run:min "nearer_a", ">", 1.5)
run:save(fig)
