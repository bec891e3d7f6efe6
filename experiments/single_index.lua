-- Teachers of one direction: y = h_l(<u, x>), Hermite's polynomial of degree l, whose information exponent is l.
-- Neurons start with m = <u, w> of order d^(-1/2). On the plateau R = 1 m obeys m' ~ m^(l-1): it lasts for a time of
-- order 1 (l = 1), log d (l = 2), d^(1/2) (l = 3; over log d, as the largest m of many go first). SGD's own noise stays
-- below m for steps of order d^(-max(l,2)/2): d, d log d and d^2 samples (Ben Arous, Gheissari, Jagannath 2021).
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "single_index", columns = { "l", "d", "eps", "samples", "t_sgd", "t_error", "t_pde" },
  options = { dims = { 20, 40, 80, 160 }, N = 400, kappa = 0.3, b = 0.5, steps = { 0.002, 0.02, 0.02 }, seeds = 4,
              J = 1000, level = 0.9, ends = { 0.2, 6.0, 40.0 } },
  quick   = { dims = { 10, 20, 40 }, N = 200, seeds = 6, J = 300, ends = { 0.2, 4, 25 } },
}
local sigma, dims, points, lines = mf.activation.erf(), run.dims, {}, {}
local hermite = { function(z) return z end, function(z) return (z * z - 1) / math.sqrt(2) end,
                  function(z) return (z * z * z - 3 * z) / math.sqrt(6) end }
local function law(p) return mf.distribution.multi_index { d = p.d, target = hermite[p.l] } end
local function limit(p) return mf.potential.multi_index { distribution = law(p), activation = sigma, d = math.huge } end
local pots = { limit { l = 1, d = 9 }, limit { l = 2, d = 9 }, limit { l = 3, d = 9 } }
local function start(p) return mf.init.gaussian { kappa = run.kappa, a = mf.number.signs(), b = run.b, d = p.d } end
local function left(t, R) -- when the risk R at times t falls below the level
  for n = 2, #t do
    if R[n] < run.level then return t[n] - (t[n] - t[n - 1]) * (run.level - R[n]) / (R[n - 1] - R[n]) end
  end
  return math.huge
end
for l = 1, 3 do for _, d in ipairs(dims) do
  local p = { l = l, d = d, eps = run.steps[l] * d ^ -(math.max(l, 2) / 2) }
  local way = mf.pde.particles { potential = pots[p.l], init = start(p), J = run.J }
    :trajectory(mf.array.logspace(1e-3 * l ^ 4, run.ends[l], 200), { R = "risk" })
  p.t, points[#points + 1], lines[#points + 1] = left(way.t, way.R), p, way
end end
local sgd = mf.sweep(points, function(p, seed) -- up to 1.6 times the PDE's time
  local here, pot, t, R = law(p), pots[p.l], mf.array.logspace(0.02 * p.t, 1.6 * p.t, 33):totable(), {}
  local net = mf.sgd { distribution = here, activation = sigma, neuron = "affine", N = run.N, init = start(p),
                       eps = p.eps, seed = seed }
  for n = 1, #t do R[n] = pot:risk(net:advance(t[n]):measure():multi_index(here)) end
  return { t = t, R = R, left = left(t, R) }
end, { seeds = run.seeds })
local span = math.log(dims[#dims] / dims[1])
local fig  = mf.plot { panels = 2, height = 3, xlog = true, title = "symbols: SGD; lines: PDE" }
local bound = 2 / math.sqrt(run.N) -- what N neurons make of a time, relatively; and errors of means over few seeds
local risk  = fig:panel(1, { xlabel = "t", ylabel = ("risk at d = %d"):format(dims[#dims]), tag = "a" })
local count = fig:panel(2, { xlabel = "d", ylabel = "samples to R = " .. run.level, ylog = true, tag = "b" })
for l = 1, 3 do
  local color, k, pde, seen, e = mf.plot.palette[l], {}, {}, nil, 0
  for j, d in ipairs(dims) do
    local i = (l - 1) * #dims + j
    local p, t, t_error = points[i], sgd[i].mean.left, sgd[i].error.left
    k[j], pde[j], seen, e = t / p.eps, p.t / p.eps, sgd[i].mean, math.max(e, t_error / t)
    run:record { l = l, d = d, eps = p.eps, samples = k[j], t_sgd = t, t_error = t_error, t_pde = p.t,
                 off = math.abs(math.log(t / p.t)) - 4 * t_error / t }
  end
  risk:points(seen.t, seen.R, { color = color }):line(lines[l * #dims].t, lines[l * #dims].R, { color = color })
  count:points(dims, k, { color = color, label = "l = " .. l }):line(dims, pde, { color = color })
  local x, x_pde = math.log(k[#k] / k[1]) / span, math.log(pde[#k] / pde[1]) / span
  run:check(("l = %d: exponent of the samples in d, distance from the PDE's, %.2f"):format(l, x_pde),
            math.abs(x - x_pde), "<", (bound + 6 * e) / span)
end
run:check("SGD's times, relative distance from the PDE's beyond 4 standard errors", run:max "off", "<", bound)
run:save(fig)
