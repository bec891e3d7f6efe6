-- Fig. 4: a non-monotone activation, and SGD that fails or succeeds by its initial weights.
-- Isotropic Gaussians, d = 320, Delta = 0.5, N = 800; kappa = 0.1 ends at a high risk, 0.4 at a low one.
-- Solid: the effective dynamics at SGD's step eps, with the noise that neurons share; thin dashed: Eq. 7, its limit
-- eps -> 0. For small kappa they end apart: Eq. 7 sends neurons to r = 0 (R = 7.25), step noise keeps them near
-- r = 5640 eps, up to a fold of this rest point near eps = 1.7e-5, beyond which SGD escapes (step_noise.lua).
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "fig4", columns = { "kappa", "t", "k", "R_sgd", "R_error", "R_eff", "R_eq7" },
  claim   = "If σ is not monotone SGD can fail, by its initial weights, as the PDE predicts.",
  options = { d = 320, delta = 0.5, N = 800, eps = 1e-5, kappas = { 0.1, 0.4 }, t_end = 3.0, points = 25, seeds = 4,
              J = 400 },
  quick   = { d = 80, eps = 4e-5, t_end = 0.5, points = 11, seeds = 2, J = 200 },
}
local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local sigma = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } }
local pot   = mf.potential.radial { distribution = law, activation = sigma }
local dense = mf.array.logspace(1e-3, run.t_end, 20 * run.points - 19) -- for lines; SGD has every 20th
local t     = {}
for k = 1, run.points do t[k] = dense[20 * k - 19] end

local sgd = mf.sweep(run.kappas, function(kappa, seed)
  local net = mf.sgd { distribution = law, activation = sigma, N = run.N, init = mf.init.gaussian { kappa = kappa },
                       eps = run.eps, seed = seed }
  local way = { R = {}, r = {} }
  for k, time in ipairs(t) do
    way.R[k], way.r[k] = net:advance(time):risk(), net:measure():radius():mean()
  end
  return way
end, { seeds = run.seeds })
-- Mean radius, and the mean risk of N neurons drawn from rho_t.
local function theory(kappa, eps)
  local way = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = kappa }, J = run.J, eps = eps,
    common = eps > 0 }:trajectory(dense, {
      R = "risk", more = function(rho) return pot:risk(rho, run.N) - pot:risk(rho) end,
      r = function(rho) return math.max(rho:mean(), 1e-9) end }) -- on a log axis
  return { R = way.R + way.more, r = way.r }
end

local title = ("symbols: SGD at ε = %g, mean of %d seeds"):format(run.eps, run.seeds):gsub("e%-0?(%d+)", "·10^{-%1}")
local fig   = mf.plot { panels = 2, height = 3, xlabel = "t = kε", xlog = true, title = title }
local risk  = fig:panel(1, { ylabel = "population risk", yrange = { 0, 8.5 }, tag = "a" })
local radii = fig:panel(2, { ylabel = "mean of |w|", ylog = true, yrange = { 0.02, 3 }, tag = "b", key = "none" })
for i, kappa in ipairs(run.kappas) do
  local mean, error, color, last = sgd[i].mean, sgd[i].error, mf.plot.palette[i], i == #run.kappas
  local eff, eq7 = theory(kappa, run.eps), theory(kappa, 0)
  for name, axes in pairs { R = risk, r = radii } do
    axes:points(t, mean[name], { errors = error[name], color = color, label = ("SGD, κ = %g"):format(kappa) })
    axes:line(dense, eff[name], { color = color, label = last and "effective dynamics at this ε" or nil })
    axes:line(dense, eq7[name], { color = color, dash = "dashed", width = 0.6, label = last and "ε → 0: Eq. 7" or nil })
  end
  for k, time in ipairs(t) do
    local at, R, r = 20 * k - 19, mean.R[k], mean.r[k]
    run:record { kappa = kappa, t = time, k = time // run.eps, R_sgd = R, R_error = error.R[k], R_eff = eff.R[at],
                 R_eq7 = eq7.R[at], r_sgd = r, r_error = error.r[k], r_eff = eff.r[at], r_eq7 = eq7.r[at],
                 nearer_R = run:nearer(R, eff.R[at], eq7.R[at]), nearer_r = run:nearer(r, eff.r[at], eq7.r[at]) }
  end
end
run:check("where the lines differ by 5 %: R is nearer to the effective line, by", run:min "nearer_R", ">", 1.5)
run:check("where the lines differ by 5 %: mean |w| is nearer, by", run:min "nearer_r", ">", 3)
run:save(fig)
