-- Fig. 1's problem under the logistic loss log(1 + exp(-y yhat)): the law of r = |w| under SGD against the dynamics of
-- the limit, and against the least risk of any law, which is certified. The paper takes the square loss for simplicity.
-- Under the square this start breaks into two masses (fig1.lua); here it stays together and ends at the optimum.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "logistic", columns = { "t", "k", "R_N", "error", "R" },
  options = { d = 40, delta = 0.8, kappa = 0.8, N = 800, eps = 1e-6, seed = 1, J = 2000, samples = 100000,
              at = { 0, 1, 5, 40 } },
  quick   = { eps = 2e-5, at = { 0, 1, 5, 20 }, samples = 5000 },
}

local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local rho0  = mf.init.gaussian { kappa = run.kappa }
local loss  = mf.loss.logistic()
local pot   = mf.potential.radial { distribution = law, activation = sigma, loss = loss }

local sgd  = mf.sgd { distribution = law, activation = sigma, N = run.N, init = rho0, eps = run.eps, seed = run.seed,
                      loss = loss }
local pde  = mf.pde.particles { potential = pot, init = rho0, J = run.J }
local best = mf.optimum { potential = pot }

local fig  = mf.plot { panels = 2, width = 7, height = 2.8 }
local laws = fig:panel(1, { xlabel = "r = |w|", ylabel = "density of r", xrange = { 0, 3 }, tag = "a",
                            title = "bars: SGD, lines: PDE", palette = mf.plot.colors(#run.at) })
local risk = fig:panel(2, { xlabel = "t = kε", ylabel = "E log(1 + exp(−yŷ))", xlog = true, tag = "b" })

-- Panel a: at the times run.at. Panel b: the Monte Carlo risk of the network, R(rho_t), and the least of all laws.
local shown, t_end = {}, run.at[#run.at]
for _, t in ipairs(run.at) do shown[t] = true end
local ts, R_N, error, line = {}, {}, {}, { t = {}, R = {} }
for t in run:times(mf.array.logspace(0.1, t_end, 16), run.at) do
  sgd:advance(t)
  local way = t > 0.1 and pde:trajectory(mf.array.linspace(pde.t, t, 16), { R = "risk" }) or { t = {} }
  for i = 1, #way.t do line.t[#line.t + 1], line.R[#line.R + 1] = way.t[i], way.R[i] end
  local r, rho = sgd:measure():radius(), pde:advance(t):measure()
  local mean, se = sgd:risk { samples = run.samples, seed = #ts + 2 }
  if t > 0 then -- a logarithmic axis
    ts[#ts + 1], R_N[#R_N + 1], error[#error + 1] = t, mean, se
  end
  if shown[t] then
    laws:histogram(r, { bins = 120, range = { 0, 3 }, label = ("t = %g"):format(t) })
    laws:density(rho)
    run:record { t = t, k = sgd.k, R_N = mean, error = se, R = pde:risk(), mean_r_sgd = r:mean(),
                 mean_r_pde = rho:mean(), W1 = mf.transport.w1(r, rho), least = best.risk, gap = best.gap }
  end
end
risk:points(ts, R_N, { label = "SGD, R_N", errors = error }):line(line.t, line.R, { label = "PDE, R(ρ_t)" })
risk:line({ 0.1, t_end }, { best.risk, best.risk }, { label = "least risk of any law", dash = "dashed" })

-- W1 as in fig1.lua. By Taylor's formula, l'' <= 1/4 and sup sigma^2 = 56, R_N exceeds R(rho) by up to 7/N on
-- average; what the dynamics still has to go at t_end is 0.003 at the quick settings; and 5 standard errors.
run:check("W1 between the laws of r, at every t", run:max("W1"), "<", 3 / math.sqrt(run.N))
run:check("R_N at the end above the certified lower bound", R_N[#R_N] - best.lower_bound, "<",
  7 / run.N + 0.003 + 5 * error[#error])
run:save(fig)
