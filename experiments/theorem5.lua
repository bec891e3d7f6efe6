-- Theorem 5: noisy SGD (Eq. 11) comes near inf R_lambda, R_lambda = R + lambda int |theta|^2, in steps that do not grow
-- with N (Eq. 25). At rest it has mf.gibbs's law (Eq. 21), about d/beta above the infimum (Eq. 22). N neurons add less
-- than independent ones of that law would, (1/N)(int U(theta, theta) - int int U): this is theory's interval, at rest
-- and for the steps (Eq. 12 on the grid). eps = c/beta keeps SGD's own noise small beside the temperature's.
local mf  = require "meanfield"
local run = mf.experiment { name = "theorem5", columns = { "beta", "N", "R", "R_error", "k", "k_error", "above" },
  options = { d = 20, delta = 0.8, kappa = 3.0, lambda = 0.5, betas = { 10, 20, 40, 80, 160 },
              Ns = { 100, 200, 400, 800 }, c = 1e-3, T = 1.5, t_end = 6.0, looks = 40, eta = 0.5, seeds = 4 },
  quick   = { betas = { 10, 20, 40 }, Ns = { 40, 80, 160 }, c = 2e-3, t_end = 3.5, looks = 12, seeds = 3 } }
local sigma, rho0 = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }, mf.init.gaussian { kappa = run.kappa }
local law  = mf.distribution.isotropic { d = run.d, delta = run.delta }
local pot  = mf.potential.radial { distribution = law, activation = sigma }
local function decay(rho) return run.lambda * rho:mean(function(r) return r * r end) end
local function rest(beta) return mf.gibbs { potential = pot, beta = beta, lambda = run.lambda } end
local function total(gibbs) return gibbs.risk + run.lambda * gibbs.square end
local function crossing(goal, value) -- when it comes down to the goal, by looks at every 0.04
  local t, before, now = 0, nil, value(0)
  while now > goal and t < 3 do t, before, now = t + 0.04, now, value(t + 0.04) end
  return now > goal and t or t - 0.04 * (goal - now) / (before - now)
end
local function measure(p)
  local g, eps, k, R, above = rest(p.beta), run.c / p.beta, {}, {}, {}
  local low, more, goal = total(g) - total(rest(1e6)), pot:risk(g:measure(), p.N) - g.risk, total(g) + run.eta
  for seed = 1, run.seeds do
    local net = mf.sgd { distribution = law, activation = sigma, N = p.N, init = rho0, eps = eps, seed = seed,
                         beta = p.beta, lambda = run.lambda }
    k[seed] = crossing(goal, function(t) return net:advance(t):risk() + decay(net:measure():radius()) end) / eps
    R[seed], above[seed] = 0, low - total(g)
    for i = 1, run.looks do
      local now = net:advance(run.T + (run.t_end - run.T) * i / run.looks):risk() / run.looks
      R[seed], above[seed] = R[seed] + now, above[seed] + now + decay(net:measure():radius()) / run.looks
    end
  end
  local function theory(N)
    local pde = mf.pde.grid { potential = pot, init = rho0, beta = p.beta, lambda = run.lambda, cells = 200 }
    return crossing(goal, function(t) return pot:risk(pde:advance(t):measure(), N) + decay(pde:measure()) end) / eps
  end
  return { k = { k, theory(), theory(p.N) }, R = { R, g.risk, g.risk + more }, above = { above, low, low + more } }
end
local cases, far = {}, { R = -1, k = -1, above = -1 }
for _, N in ipairs(run.Ns) do for _, beta in ipairs(run.betas) do cases[#cases + 1] = { beta = beta, N = N } end end
for i, r in ipairs(mf.sweep(cases, measure)) do
  for what, seen in pairs(r) do
    local mean, error = mf.array(seen[1]):mean(), mf.array(seen[1]):std() / math.sqrt(run.seeds - 1)
    cases[i][what], cases[i][what .. "_error"], cases[i][what .. "_theory"] = mean, error, seen[2]
    far[what] = math.max(far[what], (math.max(seen[2] - mean, mean - seen[3]) - 3 * error) / mean)
  end
  run:record(cases[i])
end
local n, fig = #run.betas, mf.plot { panels = 3, columns = 3, width = 9.6, height = 3, xlabel = "β", xlog = true }
for i, name in ipairs { "R_N at rest", "R_λ at rest, above inf R_λ", "samples to η above rest" } do
  local what, panel = ({ "R", "above", "k" })[i], fig:panel(i, { tag = ("abc"):sub(i, i), ylabel = name, ylog = i > 1})
  for j, N in ipairs(run.Ns) do
    local function part(key) return { table.unpack(run:column(what .. key), (j - 1) * n + 1, j * n) } end
    panel:points(run.betas, part "", { errors = part "_error", label = "N = " .. N, size = 0.8 })
    if j == #run.Ns then panel:line(run.betas, part "_theory", { color = "black", label = "theory, N = ∞" }) end
  end
  run:check(name .. ": beyond theory's interval and 3 standard errors, relative", far[what], "<", 0)
end
run:save(fig)
