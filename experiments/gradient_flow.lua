-- Eq. 10: Eq. 7 is the steepest descent of R in the Wasserstein distance W_2. The minimisations
--     rho_(t + tau) = argmin { R(rho) + W_2(rho, rho_t)^2 / (2 xi tau) },
-- for tau halved five times, against the PDE's own particles, which move by -2 xi grad Psi: the same quantiles,
-- so that W_2 is their mean square distance. It falls like tau; and no step raises R, however long it is.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "gradient_flow", columns = { "tau", "t", "R", "R_pde", "W2", "error" },
  options = { d = 40, delta = 0.8, kappa = 0.8, J = 2000, tau = 0.2, halvings = 5, t_end = 10.0, long = 1000.0 },
  quick   = { J = 300, t_end = 4 }, claim = "Eq. 7 is the steepest descent of R in W_2: the limit of Eq. 10." }
local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local pot   = mf.potential.radial { distribution = law, activation = sigma }
local rho0  = mf.init.gaussian { kappa = run.kappa }
local fig   = mf.plot { panels = 2, width = 7, height = 3 }
local risk  = fig:panel(1, { xlabel = "t", ylabel = "R(ρ_t)", tag = "a" })
local far   = fig:panel(2, { xlabel = "τ", ylabel = "W_2 to the PDE's law", xlog = true, ylog = true, tag = "b" })

-- The PDE: its curve, and its laws at multiples of the longest tau.
local function particles() return mf.pde.particles { potential = pot, init = rho0, J = run.J, tol = 1e-9 } end
local seen = particles():trajectory(run.t_end, { R = "risk" })
risk:line(seen.t, seen.R, { label = "PDE (Eq. 7)", color = "#222222" })
local pde, laws, R = particles(), {}, {}
for i = 0, run.t_end / run.tau // 1 do laws[i], R[i] = pde:advance(i * run.tau):measure(), pde:risk() end

-- One step; by how much R changes, and by how much R + W_2^2/(2 tau) exceeds R before it.
local function step(jko)
  local before, rho = jko:risk(), jko:measure()
  local after = jko:step():risk()
  return after - before, after + mf.transport.w2(rho, jko:measure()) ^ 2 / (2 * jko.tau) - before
end
local half = #laws // 2
local taus, worst, mid, rise, excess = {}, {}, {}, -math.huge, -math.huge
for k = 0, run.halvings do
  local tau = run.tau / 2 ^ k
  local jko, t, R_t = mf.pde.jko { potential = pot, init = rho0, J = run.J, tau = tau }, {}, {}
  taus[k + 1], worst[k + 1] = tau, 0
  for i = 0, #laws do
    for _ = 1, i > 0 and 2 ^ k or 0 do
      local up, over = step(jko)
      rise, excess = math.max(rise, up), math.max(excess, over)
    end
    local W2 = mf.transport.w2(jko:measure(), laws[i])
    t[i + 1], R_t[i + 1], worst[k + 1] = jko.t, jko:risk(), math.max(worst[k + 1], W2)
    if i == half then mid[k + 1] = W2 end
    run:record { tau = tau, t = jko.t, R = R_t[i + 1], R_pde = R[i], W2 = W2, error = jko.error }
  end
  if k % 2 == 0 then risk:points(t, R_t, { size = 0.6, label = ("Eq. 10, τ = %g"):format(tau) }) end
end
far:points(taus, worst, { label = "largest of all t", symbol = "disc" })
far:points(taus, mid, { label = ("at t = %g"):format(half * run.tau), symbol = "circle" })
far:line(taus, mf.array(taus) * (worst[#taus] / taus[#taus]), { label = "∝ τ", dash = "dashed", color = "#888888" })
local order = math.log(worst[#taus - 1] / worst[#taus], 2)
run:check("order in tau, less 1", math.abs(order - 1), "<", 0.1)
run:check("W2 to the PDE at the least tau, over the tau", worst[#taus] / taus[#taus], "<", 2)
run:check("largest change of R in a step", rise, "<", 0)
run:check("largest change of R + W2^2/(2 tau) in a step", excess, "<", 0)
run:check("one step of tau = " .. run.long, (step(mf.pde.jko { potential = pot, init = rho0, tau = run.long })), "<", 0)
run:save(fig)
