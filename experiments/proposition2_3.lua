-- Propositions 2 and 3: along Eq. 7 the risk falls at the rate 4 int |grad Psi|^2 d rho and stops where grad Psi = 0
-- on the support (Eq. 20): at many laws. With the activation of Fig. 4 two starts end at different ones, the bad
-- one with every neuron at r = 0 and R = 7.25. With noise (Eq. 12) there is one fixed point, and both come to it.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "proposition2_3", columns = { "noise", "kappa", "t", "R", "rate", "slope", "W1" },
  options = { d = 40, delta = 0.5, kappas = { 0.1, 0.5 }, beta = 100.0, lambda = 0.1, J = 2000, cells = 1000,
              t_end = 300.0, points = 41 },
  quick   = { J = 400, cells = 400, points = 21 }, claim = "R never rises; fixed points have ∇Ψ = 0 on the support." }
local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local sigma = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } }
local pot   = mf.potential.radial { distribution = law, activation = sigma }
local gibbs = mf.gibbs { potential = pot, beta = run.beta, lambda = run.lambda }
local fig   = mf.plot { panels = 3, columns = 3, width = 9.6, height = 3 }
local risk  = fig:panel(1, { xlabel = "t", ylabel = "R(ρ_t)", xlog = true, tag = "a" })
local rate  = fig:panel(2, { xlabel = "4 ∫ |∇Ψ|^2 dρ_t", ylabel = "-dR/dt without noise", xlog = true, ylog = true,
                             tag = "b" })
local laws  = fig:panel(3, { xlabel = "r", ylabel = "mass up to r", xrange = { 0, 5 }, tag = "c",
                             key = "bottom right" })
local ends, rise, worst, far = {}, -math.huge, 0, 0
local r = mf.array.linspace(0, 5, 300)
local function draw_law(rho, style) laws:line(r, r:map(function(x) return rho:cdf(x) end), style) end
for k, kappa in ipairs(run.kappas) do
  local rho0, color = mf.init.gaussian { kappa = kappa }, mf.plot.palette[k]
  local pde = mf.pde.particles { potential = pot, init = rho0, J = run.J, tol = 1e-9 }
  local noisy = mf.pde.grid { potential = pot, init = rho0, beta = run.beta, lambda = run.lambda, cells = run.cells }
  local t, R, R_noisy, right, left = {}, {}, {}, {}, {}
  for time, i in run:times(mf.array.logspace(1e-3, run.t_end, run.points)) do
    local before = pde:advance(time * (1 - 1e-4)):risk()
    t[i], R[i] = time, pde:advance(time):risk()
    local dissipation, slope = pde:dissipation(), (before - pde:advance(time * (1 + 1e-4)):risk()) / (2e-4 * time)
    R_noisy[i] = noisy:advance(time):risk()
    local W1 = mf.transport.w1(noisy:measure(), gibbs:measure())
    run:record { noise = 0, kappa = kappa, t = time, R = R[i], rate = dissipation, slope = slope, W1 = 0 / 0 }
    run:record { noise = 1, kappa = kappa, t = time, R = R_noisy[i], rate = noisy:dissipation(), slope = 0 / 0,
                 W1 = W1 }
    if dissipation > 1e-7 then
      right[#right + 1], left[#left + 1], worst = dissipation, slope, math.max(worst, math.abs(slope / dissipation - 1))
      rise = math.max(rise, pde:risk() - before)
    end
    if i == run.points then far = math.max(far, W1) end
  end
  ends[k] = R[#R]
  risk:line(t, R, { label = ("κ = %g"):format(kappa), color = color })
  risk:line(t, R_noisy, { label = "the same with noise", color = color, dash = "dashed" })
  rate:points(right, left, { color = color, size = 0.5 })
  draw_law(pde:measure(), { color = color, label = ("κ = %g"):format(kappa) })
  draw_law(noisy:measure(), { color = color, dash = "dashed", label = "with noise" })
end
rate:line({ 1e-6, 1e3 }, { 1e-6, 1e3 }, { color = "#aaaaaa" })
run:check("-dR/dt over its rate, less 1, at every t", worst, "<", 0.02)
run:check("largest change of R around a time", rise, "<", 0)
run:check("the bad fixed point: R, less 7.25", math.abs(ends[1] - 7.25), "<", 1e-6)
run:check("the good one: R", ends[2], "<", 0.1)
run:check("with noise: W1 to the one fixed point, from every start", far, "<", 0.03)
run:save(fig)
