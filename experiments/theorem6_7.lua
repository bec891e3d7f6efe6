-- Theorems 6 and 7: the point mass at r_*, the least risk of one sphere (Eq. 14), attracts or repels as the Hessian
-- H_0 of Eq. 26 says. At Delta = 0.3 it is positive: a law near r_* contracts like exp(-2 lambda_min t). At 0.5 it
-- is negative: a point mass beside r_* still comes to r_*, but a law with a density, however narrow, is torn apart
-- at the rate 2 |lambda_min| and ends elsewhere, at a lower risk. The flow's spectrum says how fast a point comes.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "theorem6_7", columns = { "delta", "t", "spread", "predicted", "R", "R_one" },
  options = { d = 40, deltas = { 0.3, 0.5 }, width = 1e-3, shift = 0.01, J = 2000, points = 51, folds = 5.0 },
  quick   = { J = 200, points = 26 }, claim = "A point mass attracts if H_0 > 0; laws with a density leave it if not." }
local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local fig   = mf.plot { panels = 2, width = 7, height = 3 }
local width = fig:panel(1, { xlabel = "t", ylabel = "std of r", ylog = true, tag = "a", key = "bottom right" })
local way   = fig:panel(2, { xlabel = "t", ylabel = "quantiles of r, less r_*", tag = "b" })

for _, delta in ipairs(run.deltas) do
  local pot = mf.potential.radial { activation = sigma,
                                    distribution = mf.distribution.isotropic { d = run.d, delta = delta } }
  local best = mf.stability.lemma1 { d = run.d, delta = delta, activation = sigma }
  local point = mf.stability.point_mass { potential = pot, theta = best.r_star }
  local lambda = point.eigenvalues[1]
  local alone = mf.measure { x = { best.r_star }, space = "radial" }
  local comes = mf.stability.spectrum { potential = pot, measure = alone }.rates[1]
  local function solve(x)
    return mf.pde.particles { potential = pot, measure = mf.measure { x = x, space = "radial" }, tol = 1e-10 }
  end
  local law = solve(mf.array.linspace(best.r_star - run.width, best.r_star + run.width, run.J))
  local t_end = run.folds / (2 * math.abs(lambda)) * (lambda < 0 and 3 or 1)
  local t, spread, predicted, q, early, log = {}, {}, {}, { {}, {} }, {}, {} -- early: while the spread is small
  for time, i in run:times(mf.array.linspace(0, t_end, run.points)) do
    local rho = law:advance(time):measure()
    t[i], spread[i] = time, rho:std()
    predicted[i] = spread[1] * math.exp(-2 * lambda * time)
    if spread[i] < 20 * run.width then early[#early + 1], log[#log + 1] = time, math.log(spread[i]) end
    q[1][i], q[2][i] = rho:quantile(0.05) - best.r_star, rho:quantile(0.95) - best.r_star
    run:record { delta = delta, t = time, spread = spread[i], predicted = predicted[i], R = law:risk(),
                 R_one = best.risk }
  end
  local label = ("Δ = %g, λ = %.4f"):format(delta, lambda)
  width:points(t, spread, { label = label, size = 0.6 })
  width:line(lambda > 0 and t or { 0, math.log(500) / (-2 * lambda) },
             lambda > 0 and predicted or { spread[1], 500 * spread[1] },
             { dash = "dashed", label = "exp(-2 λ t)" })
  if lambda < 0 then way:band(t, q[1], q[2], { label = ("Δ = %g, 5 %% to 95 %%"):format(delta) }) end
  run:check(label .. ": rate of the spread over -2 λ, less 1",
            math.abs(mf.fit(early, log).slope / (-2 * lambda) - 1), "<", 0.01)
  local one = solve { best.r_star + run.shift }
  local function left(time) return one:advance(time):measure():mean() - best.r_star end
  local before = left(3 / comes) -- about shift / 20: what is left of the square is that much of the rate
  run:check(label .. ": a point mass comes at the spectrum's rate, over that, less 1",
            math.abs(math.log(before / left(5 / comes)) / 2 - 1), "<", run.shift / 10)
  run:check(label .. ": a point mass comes to r_*", math.abs(left(t_end)), "<", 1e-6)
  if lambda < 0 then
    run:check(label .. ": the law is lost: its risk, less that at r_*", law:risk() - best.risk, "<", -0.005)
  end
end
run:save(fig)
