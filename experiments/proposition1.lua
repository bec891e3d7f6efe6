-- Proposition 1: the best risk of a network of N neurons exceeds the best risk of any law of
-- neurons by at most K/N, K = int U(theta, theta) d rho_* at the optimal law rho_*.
--
-- inf R is a convex problem, solved with a certificate. inf R_N is not: descent on the exact
-- population risk over the N weights in R^d, from several starts, the best kept; an upper
-- bound on inf R_N, which the bound K/N must survive all the same. Neurons drawn at random
-- from rho_* are what the proof uses: their expected excess is drawn too.
local mf  = require "meanfield"
local run = mf.experiment { name = "proposition1", columns = { "N", "R_N", "excess", "bound", "drawn" },
  options = { d = 20, delta = 0.25, N = { 1, 2, 4, 8, 16, 32, 64 }, starts = 6, steps = 400, kappa = 1.5, flat = 0.1 },
  quick   = { N = { 1, 2, 4, 8, 16 }, starts = 3, steps = 200 }, claim = "0 ≤ inf R_N - inf R ≤ K/N." }

local sigma = mf.activation.piecewise { {0.5, -2.5}, {1.5, 7.5} }
local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local pot   = mf.potential.radial { distribution = law, activation = sigma }
local init  = mf.init.gaussian { kappa = run.kappa }

local best = mf.optimum { potential = pot }
local K    = pot:self(best.measure)
print(best, "K = " .. K)

local points = {}
for _, N in ipairs(run.N) do for seed = 1, run.starts do points[#points + 1] = { N = N, seed = seed } end end
local results = mf.sweep(points, function(p)
  local found = mf.descend { distribution = law, activation = sigma, N = p.N, init = init, seed = p.seed,
                             steps = run.steps }
  return { risk = found.risk, error = found.error, gradient = found.gradient }
end)

local excess, bound, drawn, all = {}, {}, {}, { N = {}, excess = {} }
for k, N in ipairs(run.N) do
  local R_N, error, gradient = 0/0, 0, 0 -- a descent that is still moving says nothing of inf R_N
  for i, r in ipairs(results) do if points[i].N == N then
    table.insert(all.N, N)
    table.insert(all.excess, r.risk - best.risk)
    if r.gradient < run.flat and (R_N ~= R_N or r.risk < R_N) then
      R_N, error, gradient = r.risk, r.error, r.gradient
    end
  end end
  excess[k], bound[k], drawn[k] = R_N - best.risk, K / N, pot:risk(best.measure, N) - best.risk
  run:record { N = N, R_N = R_N, excess = excess[k], bound = bound[k], drawn = drawn[k], error = error,
               gradient = gradient }
  run:check(("N = %d: 0 <= inf R_N - inf R"):format(N), excess[k] + error, ">=", -best.error)
  run:check(("N = %d: inf R_N - inf R <= K/N"):format(N), excess[k], "<=", bound[k])
end

local fig = mf.plot { xlabel = "N", ylabel = "risk above inf R", xlog = true, ylog = true }
fig:line(run.N, bound, { label = "K/N" })
fig:line(run.N, drawn, { label = "N neurons drawn from ρ_*", dash = "dashed" })
fig:points(run.N, excess, { label = "best descent, ≥ inf R_N", symbol = "circle", size = 1.5 })
fig:points(all.N, all.excess, { label = "descent from every start", symbol = "x", size = 0.6, color = "black" })
run:save(fig)
