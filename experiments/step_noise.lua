-- The noise of SGD's own steps decides the fate of Fig. 4: its bad limit exists only below a critical step.
-- Noise keeps neurons away from r = 0, at a rest point of the effective dynamics (Eq. 7 with the drift of step noise)
-- that meets an unstable one in a fold at eps d = 0.0055. Beyond it SGD succeeds because of its noise.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "step_noise", columns = { "alpha", "kappa", "R_sgd", "R_error", "R_rest", "escaped" },
  options = { d = 320, delta = 0.5, N = 400, kappa = 0.1, t_end = 0.3, seeds = 3, points = 14, cells = 10,
              kappas = { 0.02, 0.25 }, alphas = { 1e-3, 7.5e-3 } },
  quick   = { d = 40, N = 200, points = 8, cells = 6, seeds = 2 },
}
local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local sigma = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } }
local pot   = mf.potential.radial { distribution = law, activation = sigma }
local fold, half = mf.stability.rest { potential = pot }.folds[1], (run.alphas[2] - run.alphas[1]) / (2 * run.cells - 2)
local function rest(alpha) return mf.stability.rest { potential = pot, eps = alpha / run.d }.points end
local fig  = mf.plot { panels = 2, height = 3, xlabel = "ε d" }
local trap = fig:panel(1, { ylabel = ("risk (SGD: at t = %g)"):format(run.t_end), yrange = { 0, 9 }, tag = "a" })
local map  = fig:panel(2, { ylabel = "κ", yrange = { 0, 0.26 }, tag = "b",
                            xrange = { run.alphas[1] - half, run.alphas[2] + half } })
-- Theory: the rest point and the unstable one, up to the fold where they meet; there the list is denser.
local line = { alpha = { fold.alpha }, low = { fold.risk }, high = { fold.risk }, r = { fold.r } }
for i = 2, 60 do
  local alpha = fold.alpha * (1 - ((i - 1) / 60) ^ 2) local p = rest(alpha)
  line.alpha[i], line.low[i], line.high[i], line.r[i] = alpha, p[1].risk, p[2].risk, p[2].r
end
trap:line(line.alpha, line.low, { label = "rest point", color = "blue" })
trap:line(line.alpha, line.high, { label = "unstable rest point", dash = "dashed", color = "blue" })
trap:points({ fold.alpha }, { fold.risk }, { symbol = "disc", label = "fold", color = "blue" })
-- SGD from |w| near kappa with steps eps = alpha/d: at one kappa (panel a), then on a grid (panel b).
local function axis(ends, n) return mf.array.linspace(ends[1], ends[2], n):totable() end
local points, alphas = {}, axis(run.alphas, run.points)
local xs, ys = axis(run.alphas, run.cells), axis(run.kappas, run.cells)
for i, alpha in ipairs(alphas) do points[i] = { alpha = alpha, kappa = run.kappa } end
for _, k in ipairs(ys) do for _, alpha in ipairs(xs) do points[#points + 1] = { alpha = alpha, kappa = k } end end
local R, error, share, off, least, wrong = {}, {}, {}, 0, 1, 0
for i, s in ipairs(mf.sweep(points, function(p, seed)
  local risk = mf.sgd { distribution = law, activation = sigma, N = run.N, eps = p.alpha / run.d, seed = seed,
                        init = mf.init.gaussian { kappa = p.kappa } }:advance(run.t_end):risk()
  return { R = risk, escaped = risk < fold.risk / 2 and 1 or 0 }
end, { seeds = run.seeds })) do
  local p, mean, below = points[i], s.mean, points[i].alpha < fold.alpha and rest(points[i].alpha)
  run:record { alpha = p.alpha, kappa = p.kappa, R_sgd = mean.R, R_error = s.error.R, escaped = mean.escaped,
               R_rest = below and below[1].risk or 0 / 0 } -- no number where there is no rest point
  if i <= run.points then
    R[i], error[i] = mean.R, s.error.R
    if p.alpha < 0.6 * fold.alpha then off = math.max(off, math.abs(mean.R / below[1].risk - 1))
    elseif p.alpha > 1.1 * fold.alpha then least = math.min(least, mean.escaped) end
  else
    share[#share + 1] = mean.escaped
    if (mean.escaped > 0.5) ~= (not below or p.kappa > below[2].r) then wrong = wrong + 1 end
  end
end
trap:points(alphas, R, { errors = error, color = "vermilion", label = ("SGD from κ = %g"):format(run.kappa) })
map:image { x = xs, y = ys, z = share, map = "blues", zlabel = "share of SGD's seeds that escape", zrange = { 0, 1 } }
map:line(line.alpha, line.r, { color = "vermilion", label = "theory: unstable rest point, up to the fold" })
map:line({ fold.alpha, fold.alpha }, { fold.r, 0 }, { color = "vermilion" })
run:check("below 0.6 of the fold's eps: risk of SGD over that of the rest point, - 1", off, "<", 0.02)
run:check("beyond 1.1 of the fold's eps: share of seeds that escape", least, "==", 1)
run:check("share of the map's cells on the wrong side of theory's edge", wrong / #share, "<", 0.1)
run:save(fig)
