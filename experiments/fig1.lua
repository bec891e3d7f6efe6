-- Fig. 1: the law of r = |w| under SGD (Eq. 3), against the distributional dynamics (Eq. 13).
-- Isotropic Gaussians, d = 40, Delta = 0.8, 800 neurons, piecewise linear sigma, 10^7 samples.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "fig1", columns = { "t", "k", "R_N", "R", "R_mean" },
  options = { d = 40, delta = 0.8, kappa = 0.8, N = 800, eps = 1e-6, seed = 1, J = 4000, at = { 0, 1, 2, 5, 10 } },
  quick   = { eps = 1e-5 },
}

local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local rho0  = mf.init.gaussian { kappa = run.kappa }
local pot   = mf.potential.radial { distribution = law, activation = sigma }

local sgd = mf.sgd { distribution = law, activation = sigma, N = run.N, init = rho0, eps = run.eps, seed = run.seed }
local pde = mf.pde.particles { potential = pot, init = rho0, J = run.J }

local fig  = mf.plot { panels = 2, width = 7, height = 2.8 }
local laws = fig:panel(1, { xlabel = "r = |w|", ylabel = "density of r", xrange = { 0, 6 }, yrange = { 0, 7 },
                            tag = "a", title = "bars: SGD, lines: PDE", palette = mf.plot.colors(#run.at) })
local risk = fig:panel(2, { xlabel = "t = kε", ylabel = "population risk", yrange = { 0, 1.8 }, tag = "b" })

-- Panel a: at the times run.at, histograms of SGD's neurons and the PDE's density.
-- Panel b: the exact risk R_N of the network, R(rho_t), and the mean risk of N neurons drawn from rho_t.
local shown = {}
for _, t in ipairs(run.at) do shown[t] = true end
local ts, R_N, line = {}, {}, { t = {}, R = {}, R_mean = {} }
local t_end, last = run.at[#run.at], 0
local observe = { R = "risk", R_mean = function(rho) return pot:risk(rho, run.N) end }
for t, i in run:times(mf.array.linspace(0, t_end, math.ceil(4 * t_end) + 1), run.at) do
  sgd:advance(t)
  local way = pde:trajectory(mf.array.linspace(last, t, 9), observe) -- the line, smooth between SGD's symbols
  for name, list in pairs(line) do table.move(way[name]:totable(), 1, 9, #list + 1, list) end
  local r, rho = sgd:measure():radius(), pde:measure()
  ts[i], R_N[i], last = t, sgd:risk(), t
  if shown[t] then
    laws:histogram(r, { bins = 120, range = { 0, 6 }, label = ("t = %g"):format(t) })
    laws:density(rho)
    run:record { t = t, k = sgd.k, R_N = R_N[i], R = way.R[9], R_mean = way.R_mean[9], mean_r_sgd = r:mean(),
                 mean_r_pde = rho:mean(), W1 = mf.transport.w1(r, rho) }
  end
end
risk:points(ts, R_N, { label = "SGD, R_N" })
local peak = pde:measure():mean(function(r) return r < 0.2 and 1 or 0 end)
if peak > 0 then
  laws:text(0.15, 6.65, ("← %.0f %% of the mass at t = %g: a peak beyond the frame"):format(100 * peak, t_end))
end
risk:line(line.t, line.R, { label = "PDE, R(ρ_t)" })
risk:line(line.t, line.R_mean, { label = "N neurons from ρ_t", dash = "dashed" })

-- N independent draws from a law on [0, L] have E W1 <= int sqrt(F (1 - F)/N) <= L/(2 sqrt N); here L < 6.
run:check("W1 between the laws of r, at every t", run:max("W1"), "<", 3 / math.sqrt(run.N))
run:save(fig)
