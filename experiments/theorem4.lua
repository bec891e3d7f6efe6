-- Theorem 4: Eq. 12 forgets where it started. From three very different rho_0 it comes to the one law that
-- minimises the free energy, Eq. 21's, which mf.gibbs computes with a certificate; on the way F falls at the
-- rate of Eq. 24. How long that takes is another matter: at low temperature (beta = cold, lambda = small) mass
-- must cross a barrier, and F is still falling at the end.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "theorem4", columns = { "start", "t", "F", "excess", "W1", "R", "dissipation", "slope" },
  options = { d = 40, delta = 0.8, beta = 100.0, lambda = 0.1, cells = 1600, tol = 1e-7, t_end = 1000.0, points = 49,
              rmax = 10.0, cold = 400.0, small = 0.01 }, claim = "From any start Eq. 12 comes to the minimum of F.",
  quick   = { cells = 400, tol = 1e-6, points = 25 } }
local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local pot   = mf.potential.radial { distribution = law, activation = sigma }
local fig   = mf.plot { panels = 3, columns = 3, width = 9.6, height = 3 }
local fall  = fig:panel(1, { xlabel = "t", ylabel = "|F(ρ_t) - min F|", xlog = true, ylog = true, tag = "a" })
local rate  = fig:panel(2, { xlabel = "right side of Eq. 24", ylabel = "-dF/dt", xlog = true, ylog = true, tag = "b" })
local laws  = fig:panel(3, { xlabel = "r", ylabel = ("density of r, t = %g"):format(run.t_end), xrange = { 0, 6 },
                             tag = "c", title = "dashed: Gibbs law" })
rate:line({ 1e-8, 1e3 }, { 1e-8, 1e3 }, { color = "#aaaaaa", label = "equal" })

-- Solves from a law to t_end; F above its minimum and W1 to the Gibbs law at the end, the worst error in Eq. 24.
local function follow(name, start, beta, lambda, style)
  local gibbs = mf.gibbs { potential = pot, beta = beta, lambda = lambda }
  local pde = mf.pde.grid { potential = pot, init = start.init, measure = start.measure, beta = beta, lambda = lambda,
                            rmax = run.rmax, cells = run.cells, tol = run.tol }
  local t, excess, right, left, worst, W1 = {}, {}, {}, {}, 0, 0
  for time, i in run:times(mf.array.logspace(1e-3, run.t_end, run.points)) do
    local before = pde:advance(time * (1 - 1e-4)):free_energy()
    local F, R, dissipation = pde:advance(time):free_energy(), pde:risk(), pde:dissipation()
    local slope = (before - pde:advance(time * (1 + 1e-4)):free_energy()) / (2e-4 * time)
    W1 = mf.transport.w1(pde:measure(), gibbs:measure())
    t[i], excess[i] = time, math.abs(F - gibbs.free_energy + gibbs.gap)
    run:record { start = name, t = time, F = F, excess = excess[i], W1 = W1, R = R, dissipation = dissipation,
                 slope = slope }
    if dissipation > 1e-7 then -- below, differences of F are rounding
      worst, right[#right + 1], left[#left + 1] = math.max(worst, math.abs(slope / dissipation - 1)), dissipation, slope
    end
  end
  style.label = name
  fall:line(t, excess, style)
  rate:points(right, left, { size = 0.5, color = style.color })
  if style.dash then return worst, excess[#t], W1 end
  laws:line(pde:density())
  local r = mf.array.linspace(0.01, 6, 400)
  laws:line(r, gibbs:density(r), { dash = "dashed", color = "#222222" })
  return worst, excess[#t], W1
end
for _, start in ipairs {
  { name = "from N(0, 0.02/d I)", init = mf.init.gaussian { kappa = math.sqrt(0.02) } },
  { name = "from the sphere r = 6", init = mf.init.sphere { radius = 6 } },
  { name = "from r uniform on [0, 9]", measure = mf.measure { x = mf.array.range(0, 9, 0.001), space = "radial" } } } do
  local worst, excess, W1 = follow(start.name, start, run.beta, run.lambda, {})
  run:check(start.name .. ": -dF/dt over Eq. 24 - 1, at every t", worst, "<", 1e-5)
  run:check(start.name .. ": F above its certified minimum", excess, "<", 5e-5)
  run:check(start.name .. ": W1 to the Gibbs law", W1, "<", 0.02)
end
local cold = follow(("β = %g, λ = %g"):format(run.cold, run.small), { init = mf.init.gaussian { kappa = 0.8 } },
                    run.cold, run.small, { dash = "dashed", color = "#222222" })
run:check("cold: -dF/dt over Eq. 24 - 1, at every t", cold, "<", 1e-5)
run:save(fig)
