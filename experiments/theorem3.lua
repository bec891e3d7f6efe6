-- Theorem 3: over k <= T/eps, SGD's R_N and mean of a bounded Lipschitz f, here sin |w|, are within
-- C max(1/N, eps)^(1/2) of R(rho_t) and int f d rho_t (Eq. 19, up to logarithms). (a) against N at a tiny eps; (b) what
-- eps adds, against SGD at the tiny eps from the same neurons; open symbols: all of it, which N's part bounds below.
-- Chance has the exponents -1/2 and 1/2. R_N exceeds R by about K/N besides and step noise moves both by order eps d:
-- where those are seen the exponents are steeper, as Eq. 19, a bound, allows. Checks leave 3 standard errors.
local mf  = require "meanfield"
local run = mf.experiment { name = "theorem3", columns = { "axis", "what", "value", "mean", "error" },
  options = { d = 10, delta = 0.6, kappa = 0.8, T = 1.0, looks = 10, Ns = { 50, 100, 200, 400, 800, 1600 }, N = 800,
              steps = { 1e-5, 3e-5, 1e-4, 3e-4 }, eps = 1e-6, seeds = 12 },
  quick   = { looks = 6, Ns = { 50, 100, 200, 400 }, N = 200, steps = { 5e-5, 1.5e-4, 5e-4 }, eps = 5e-6, seeds = 8 } }
local sigma, rho0 = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }, mf.init.gaussian { kappa = run.kappa }
local law   = mf.distribution.isotropic { d = run.d, delta = run.delta }
local looks = mf.array.linspace(0, run.T, run.looks + 1)
local pot   = mf.potential.radial { distribution = law, activation = sigma }
local limit = mf.pde.particles { potential = pot, init = rho0 }:trajectory(looks, {
  R = "risk", f = function(rho) return rho:mean(math.sin) end })
local points, at = {}, {} -- a point for every seed of every N and eps; at[...] is where they begin
local function add(key, N, eps)
  at[key] = #points
  for seed = 1, run.seeds do points[#points + 1] = { N = N, eps = eps, seed = seed } end
end
for _, N in ipairs(run.Ns) do add(N, N, run.eps) end
for _, eps in ipairs(run.steps) do add(eps, run.N, eps) end
local runs = mf.sweep(points, function(p)
  local net = mf.sgd { distribution = law, activation = sigma, N = p.N, init = rho0, eps = p.eps, seed = p.seed }
  local R, f = {}, {}
  for i = 1, #looks do R[i], f[i] = net:advance(looks[i]):risk(), net:measure():radius():mean(math.sin) end
  return { R = R, f = f }
end)
local fig = mf.plot { panels = 2, width = 7.6, height = 3.2, xlog = true, ylog = true, ylabel = "largest distance" }
-- The largest distance over the looks to what to(seed) gives; its exponent.
local function draw(panel, axis, values, what, to, whole)
  local y, error, all = {}, {}, { {}, {} }
  for j, value in ipairs(values) do
    for seed = 1, run.seeds do
      local a, b, most = runs[at[value] + seed][what], to(seed)[what], 1e-12
      for k = 1, #looks do most = math.max(most, math.abs(a[k] - b[k])) end
      all[1][#all[1] + 1], all[2][#all[2] + 1] = value, most
    end
    local sup = mf.array { table.unpack(all[2], #all[2] - run.seeds + 1) }
    y[j], error[j] = sup:mean(), sup:std() / math.sqrt(run.seeds - 1)
    run:record { axis = axis, what = what, value = value, mean = y[j], error = error[j] }
  end
  local fit, bound = mf.fit(all[1], all[2], { log = true }), axis == "N" and -0.5 or 0.5
  local name = what == "R" and "R_N" or "mean f"
  panel:points(values, y, { errors = error, symbol = whole and "circle" or "disc",
                            color = what == "R" and "blue" or "red",
                            label = (whole and "%s to ρ_t" or "%s: %.2f ± %.2f"):format(name, fit.slope, fit.error) })
  if whole then return end
  panel:line(values, mf.array(values) ^ bound * (y[1] / values[1] ^ bound), { color = "gray", dash = "dashed",
             label = what == "f" and "slope of Eq. 19" or nil })
  run:check(name .. " against " .. axis .. ": exponent over Eq. 19's", fit.slope / bound, ">", 1 - 6 * fit.error)
end
local small, large = fig:panel(1, { xlabel = "N", tag = "a" }), fig:panel(2, { xlabel = "ε", tag = "b" })
for _, what in ipairs { "R", "f" } do
  draw(small, "N", run.Ns, what, function() return limit end)
  draw(large, "eps", run.steps, what, function(seed) return runs[at[run.N] + seed] end)
  draw(large, "eps", run.steps, what, function() return limit end, true)
end
run:save(fig)
