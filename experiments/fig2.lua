-- Fig. 2: the risk that SGD reaches against Delta, the least risk of any law, and that of the best law on one sphere
-- (the single-delta ansatz of Eq. 14), which is that least risk up to Delta_d^h.
-- How long is long enough: beyond Delta_d^h the risk creeps down for ever, while mass moves to r = inf. Eq. 7 says when
-- to stop: at the first t = 1, 2, 4, ... where R is within `settle` of its value at tmax. Dots: Eq. 7; circles: the
-- effective dynamics, at an eps where the noise that neurons share adds some 6 eps d R = `noise`.
local mf  = require "meanfield"
local run = mf.experiment { name = "fig2", columns = { "d", "delta", "t", "R_sgd", "R_error", "R_eff", "R_eq7" },
  options = { d = { 40, 80, 160, 320 }, delta = { 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8 }, N = 800,
              kappa = 1.2, noise = 0.01, settle = 0.003, tmax = 512.0, seeds = 3 },
  quick   = { d = { 40 }, delta = { 0.1, 0.4, 0.7 }, N = 400, tmax = 32.0, seeds = 2 } }
local init, sigma = mf.init.gaussian { kappa = run.kappa }, mf.activation.piecewise { {0.5, -2.5}, {1.5, 7.5} }
local function law(p) return mf.distribution.isotropic { d = math.min(p.d, 1e6), delta = p.delta } end
local function potential(p) return mf.potential.radial { distribution = law(p), d = p.d, activation = sigma } end
local function one_sphere(d, delta) return mf.stability.lemma1 { d = d, delta = delta, activation = sigma }.risk end
local points, dims = {}, table.move(run.d, 1, #run.d, 1, { [#run.d + 1] = math.huge })
for _, d in ipairs(run.d) do for _, x in ipairs(run.delta) do points[#points + 1] = { d = d, delta = x } end end
local theory = mf.sweep(points, function(p)
  local o, t = { potential = potential(p), init = init, J = 200 }, 1
  local function pde(s, eps) o.eps, o.common = eps, eps ~= nil return mf.pde.particles(o):advance(s) end
  local last = pde(run.tmax):risk()
  while pde(t):risk() > last + run.settle do t = 2 * t end
  local eps = run.noise / (6 * p.d * math.max(last, 0.1))
  local eff = pde(t, eps)
  return { d = p.d, delta = p.delta, t = t, eps = eps, R_eq7 = pde(t):risk(), R_eff = eff:risk(),
           finite_N = o.potential:risk(eff:measure(), run.N) - o.potential:risk(eff:measure()) }
end, { name = "theory" })
local sgd = mf.sweep(theory, function(p, seed)
  local o = { distribution = law(p), activation = sigma, N = run.N, init = init, eps = p.eps, seed = seed }
  return mf.sgd(o):advance(p.t):risk()
end, { seeds = run.seeds })
local fig  = mf.plot { xlabel = "Δ", ylabel = "risk", width = 4.5, xrange = { 0, 1 }, yrange = { 0, 1.15 } }
local zoom = fig:inset { w = 0.3, h = 0.36, key = "none", xlabel = "Δ", ylabel = "risk", xrange = { 0.4, 0.86 },
                         yrange = { 0, 0.1 } }
local function draw(kind, x, y, style) for _, axes in ipairs { fig, zoom } do axes[kind](axes, x, y, style) end end
local gap, far = 0, 0
for k, d in ipairs(dims) do
  local x, best, one, color = {}, {}, {}, d == math.huge and "black" or mf.plot.palette[k]
  local of = { delta = {}, R_sgd = {}, R_error = {}, R_eff = {}, R_eq7 = {} }
  local function label(text) return k == #dims and text or nil end
  for i = 1, 299 do
    local optimum = mf.optimum { potential = potential { d = d, delta = i / 300 } }
    x[i], best[i], one[i], gap = i / 300, optimum.risk, one_sphere(d, i / 300), math.max(gap, optimum.gap)
  end
  local _, high = mf.stability.interval { d = d, activation = sigma }
  draw("line", x, best, { color = color, label = d == math.huge and "d = ∞" or "d = " .. d })
  draw("line", x, one, { color = color, dash = "dashed", label = label "best sphere" })
  draw("points", { high }, { one_sphere(d, high) }, { color = color, symbol = "disc", label = label "Δ_d^h" })
  for i, r in ipairs(theory) do if r.d == d then
    r.R_sgd, r.R_error, r.nearer = sgd[i].mean, sgd[i].error, run:nearer(sgd[i].mean, r.R_eff, r.R_eq7)
    for name, list in pairs(of) do list[#list + 1] = r[name] end
    run:record(r) far = math.max(far, math.abs(r.R_sgd - r.R_eff) - r.finite_N - 3 * r.R_error)
  end end
  draw("points", of.delta, of.R_sgd, { errors = of.R_error, color = color, symbol = "+", label = label "SGD" })
  draw("points", of.delta, of.R_eff, { color = color, symbol = "circle", size = 0.6, label = label "effective" })
  draw("points", of.delta, of.R_eq7, { color = color, symbol = "disc", size = 0.25, label = label "Eq. 7, same t" })
end
run:check("every minimum is certified: gap", gap, "<", 1e-8)
run:check("SGD - effective dynamics beyond 3 errors and finite N", far, "<", run.noise)
run:check("where that differs from Eq. 7 by 5 %, SGD is nearer to it, by", run:min "nearer", ">", 1.05)
run:save(fig)
