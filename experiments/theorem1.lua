-- Theorem 1: the samples SGD needs to come within eta of inf R are in proportion to d and do not grow with N. With
-- eps = c/d it follows the PDE to t = T, in T d/c samples, and stays: Eq. 15 for k from T/eps to 10 T/eps. Theory: T
-- lies between the PDE's with step noise (N = inf) and that of the mean risk of N independent neurons of its law; a
-- noise common to all, of order c, is left out. The first bound fails by chance in 1 % (Student's law, all points).
local mf  = require "meanfield"
local run = mf.experiment { name = "theorem1", columns = { "d", "N", "k", "error", "low", "high" },
  options = { delta = 0.6, kappa = 0.8, eta = 0.2, c = 0.0025, look = 0.04, seeds = 12, N = 800, d = 80,
              ds = { 20, 40, 80, 160, 320, 640 }, Ns = { 200, 400, 800, 1600, 3200 } },
  quick   = { c = 0.01, ds = { 20, 40, 80 }, N = 300, Ns = { 150, 300, 600 }, d = 40, seeds = 6 } }
local sigma, rho0 = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }, mf.init.gaussian { kappa = run.kappa }

-- When an excess risk, looked at in steps, comes down to eta; and what was seen.
local function crossing(excess)
  local t, R = { run.look }, { excess(run.look) }
  repeat t[#t + 1], R[#R + 1] = t[#t] + run.look, excess(t[#t] + run.look) until R[#R] < run.eta or t[#t] > 2
  return R[#R] < run.eta and t[#t] - run.look * (run.eta - R[#R]) / (R[#R - 1] - R[#R]) or t[#t], t, R
end
local function measure(p)
  local law, eps, T, worst, t, R = mf.distribution.isotropic { d = p.d, delta = run.delta }, run.c / p.d, {}, 0
  local pot  = mf.potential.radial { distribution = law, activation = sigma }
  local best = mf.optimum { potential = pot }.risk
  for seed = 1, run.seeds do
    local net = mf.sgd { distribution = law, activation = sigma, N = p.N, init = rho0, eps = eps, seed = seed }
    local function excess(time) return net:advance(time):risk() - best end
    T[seed], t, R = crossing(excess)
    for time = 2 * T[seed], 10.1 * T[seed], T[seed] do t[#t + 1], R[#R + 1] = time, excess(time) end
    worst = math.max(worst, table.unpack(R, #R - 8))
  end
  local function theory(N)
    local pde = mf.pde.particles { potential = pot, init = rho0, J = 1000, eps = eps, tol = 1e-6 }
    return crossing(function(time) return pot:risk(pde:advance(time):measure(), N) - best end) / eps
  end
  return { T = T, worst = worst, low = theory(), high = theory(p.N), t = t, R = R }
end
local cases, far, worst = {}, 0, 0
for _, d in ipairs(run.ds) do cases[#cases + 1] = { d = d, N = run.N } end
for _, N in ipairs(run.Ns) do cases[#cases + 1] = { d = run.d, N = N } end
local fig = mf.plot { panels = 3, columns = 3, width = 9.6, height = 3, xlog = true, ylog = true }
local way = fig:panel(3, { xlabel = "k/d", ylabel = "R_N - inf R", tag = "c", key = "top right" })
way:line({ run.look / run.c, 1e3 }, { run.eta, run.eta }, { color = "gray", dash = "dashed", label = "η" })
for i, r in ipairs(mf.sweep(cases, measure)) do
  local case, k = cases[i], mf.array(r.T) * (cases[i].d / run.c)
  local row = { d = case.d, N = case.N, k = k:mean(), error = k:std() / math.sqrt(#k - 1), low = r.low, high = r.high }
  run:record(row)
  far, worst = math.max(far, (r.low - row.k) / row.error, (row.k - r.high) / row.error), math.max(worst, r.worst)
  if i <= #run.ds then way:line(mf.array(r.t) / run.c, r.R, { label = "d = " .. case.d }) end
end
for i, axis in ipairs { { "d", 1, #run.ds }, { "N", #run.ds + 1, #cases } } do
  local function part(name) return { table.unpack(run:column(name), axis[2], axis[3]) } end
  local x, low, fit = part(axis[1]), part "low", mf.fit(part(axis[1]), part "k", { log = true })
  local panel = fig:panel(i, { xlabel = axis[1], ylabel = "samples to inf R + η", tag = ("ab"):sub(i, i),
                               yrange = { low[1] / 2, 3 * low[#low] } })
  panel:band(x, low, part "high", { label = "theory", color = "gray" })
  panel:points(x, part "k", { errors = part "error", symbol = "disc", size = 0.7, color = "blue",
                              label = ("SGD, exponent %.3f ± %.3f"):format(fit.slope, fit.error) })
end
run:check("samples outside the theory's interval, in standard errors", far, "<", run.seeds > 6 and 4 or 5.5)
run:check("samples at most neurons, over those at fewest", run:column "k"[#cases] / run:column "k"[#run.ds + 1], "<", 1)
run:check("R_N - inf R for k from 2 T/eps to 10 T/eps, largest", worst, "<", run.eta)
run:save(fig)
