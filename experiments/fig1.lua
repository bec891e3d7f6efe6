-- Fig. 1: the law of r = |w| under SGD (Eq. 3), against the distributional dynamics (Eq. 13).
-- Isotropic Gaussians, d = 40, Delta = 0.8, 800 neurons, piecewise linear sigma, 10^7 samples.
-- Panel c: the risk of 200 short runs of 100 neurons about its mean, and the band that the PDE's adjoint predicts.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "fig1", columns = { "t", "k", "R_N", "R" },
  options = { d = 40, delta = 0.8, kappa = 0.8, N = 800, eps = 1e-6, seed = 1, J = 4000, at = { 0, 1, 2, 5, 10 },
              seeds = 200, N_short = 100, eps_short = 1e-5, short = { 0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1 } },
  quick   = { eps = 2e-5 }, claim = "The law of |w| under SGD matches the PDE's solution at all times.",
}
local law  = mf.distribution.isotropic { d = run.d, delta = run.delta }
local rho0, sigma = mf.init.gaussian { kappa = run.kappa }, mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local pot  = mf.potential.radial { distribution = law, activation = sigma }
local function network(N, eps, seed)
  return mf.sgd { distribution = law, activation = sigma, N = N, init = rho0, eps = eps, seed = seed }
end
local fig  = mf.plot { panels = 3, width = 9, height = 2.9 }
local laws = fig:panel(1, { xlabel = "r = |w|", ylabel = "density of r", xrange = { 0, 6 }, yrange = { 0, 7 },
                            tag = "a", title = "bars: SGD, lines: PDE", palette = mf.plot.colors(#run.at) })
local risk = fig:panel(2, { xlabel = "t = kε", ylabel = "population risk", yrange = { 0, 1.8 }, tag = "b" })
local sgd, pde = network(run.N, run.eps, run.seed), mf.pde.particles { potential = pot, init = rho0, J = run.J }
local shown, ts, R_N, line, t_end, last = {}, {}, {}, { t = {}, R = {} }, run.at[#run.at], 0
for _, t in ipairs(run.at) do shown[t] = true end
for t, i in run:times(mf.array.linspace(0, t_end, math.ceil(4 * t_end) + 1), run.at) do
  sgd:advance(t)
  local way = pde:trajectory(mf.array.linspace(last, t, 9), { R = "risk" }) -- the line, smooth between SGD's symbols
  for name, list in pairs(line) do table.move(way[name]:totable(), 1, 9, #list + 1, list) end
  local r, rho = sgd:measure():radius(), pde:measure()
  ts[i], R_N[i], last = t, sgd:risk(), t
  if shown[t] then
    laws:histogram(r, { bins = 120, range = { 0, 6 }, label = ("t = %g"):format(t) }):density(rho)
    run:record { t = t, k = sgd.k, R_N = R_N[i], R = way.R[9], mean_r_sgd = r:mean(), mean_r_pde = rho:mean(),
                 W1 = mf.transport.w1(r, rho) }
  end
end
risk:points(ts, R_N, { label = "SGD, R_N" }):line(line.t, line.R, { label = "PDE, R(ρ_t)" })
local peak = 100 * pde:measure():mean(function(r) return r < 0.2 and 1 or 0 end)
if peak > 0 then laws:text(0.15, 6.65, ("← %.0f %% of the mass at t = %g: beyond the frame"):format(peak, t_end)) end
local chance = fig:panel(3, { xlabel = "t", ylabel = "R_N - its mean over seeds", tag = "c", key = "top right",
                              title = ("dots: %d runs, N = %d"):format(run.seeds, run.N_short) })
local runs, short, edge, spread, inside = {}, run.short, {}, {}, 0
for seed = 1, run.seeds do runs[seed] = network(run.N_short, run.eps_short, seed) end
for t in run:times(short) do
  for seed, net in ipairs(runs) do spread[seed] = net:advance(t):risk() end
  spread = mf.array(spread) - mf.array(spread):mean() -- R(rho_t) lies some 3/N below the mean
  chance:points(t * mf.array.ones(#runs), spread, { symbol = "disc", size = 0.15, opacity = 0.4, color = "blue" })
end
local times = mf.array.linspace(0, short[#short], 60)
for i, t in ipairs(times:totable()) do -- two standard deviations, by the chance in the initial neurons
  local flow = mf.pde.particles { potential = pot, init = rho0, J = 200 }:advance(t)
  edge[i] = 2 * math.sqrt(flow:fluctuations { observable = "risk" }.variance / run.N_short)
end
chance:line(times, edge, { color = "red", label = "theory: ±2σ" }):line(times, -mf.array(edge), { color = "red" })
for k = 1, #runs do inside = inside + (math.abs(spread[k]) < edge[60] and 1 or 0) end
-- N draws from a law on [0, L] have E W1 <= int sqrt(F (1 - F)/N) <= L/(2 sqrt N), L < 6. And a normal law
-- has 95.45 % within two standard deviations; the bound is three of the binomial law's below.
run:check("W1 between the laws of r, at every t", run:max("W1"), "<", 3 / math.sqrt(run.N))
run:check(("of %d seeds, within the band at t = %g"):format(#runs, short[#short]), inside, ">",
          0.9545 * #runs - 3 * math.sqrt(0.9545 * 0.0455 * #runs))
run:save(fig)
