-- Fig. 2: the risk that SGD reaches against Delta, the least risk of any law of neurons, and the
-- risk of the best law on one sphere (the single-delta ansatz of Eq. 14), which is that least risk up to Delta_d^h.
-- How long is long enough: beyond Delta_d^h the risk first rests near the sphere's value, then
-- creeps down for ever while mass moves towards r = inf. The PDE says when to stop: at the first
-- t = 1, 2, 4, ... where R(rho_t) is within `settle` of R(rho_tmax). Its value at that t is drawn
-- next to SGD's. Step noise adds about 6 eps d R to the risk: eps keeps that below `noise`.
local mf  = require "meanfield"
local run = mf.experiment { name = "fig2", columns = { "d", "delta", "t", "R_sgd", "R_pde" },
  options = { d = { 40, 80, 160, 320 }, delta = { 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8 }, N = 800,
              kappa = 1.2, noise = 0.005, settle = 0.003, tmax = 512.0, seed = 1 },
  quick   = { d = { 40 }, delta = { 0.1, 0.3, 0.5, 0.7 }, noise = 0.01 } }

local sigma = mf.activation.piecewise { {0.5, -2.5}, {1.5, 7.5} }
local init  = mf.init.gaussian { kappa = run.kappa }
local function law(p) return mf.distribution.isotropic { d = math.min(p.d, 1e6), delta = p.delta } end
local function potential(p) return mf.potential.radial { distribution = law(p), d = p.d, activation = sigma } end
local function one_sphere(d, delta) return mf.stability.lemma1 { d = d, delta = delta, activation = sigma }.risk end

local points = {}
for _, d in ipairs(run.d) do for _, x in ipairs(run.delta) do points[#points + 1] = { d = d, delta = x } end end
local results = mf.sweep(points, function(p)
  local pot, t = potential(p), 1
  local function pde(time) return mf.pde.particles { potential = pot, init = init, J = 400 }:advance(time) end
  local last = pde(run.tmax):risk()
  while pde(t):risk() > last + run.settle do t = 2 * t end
  local sgd = mf.sgd { distribution = law(p), activation = sigma, N = run.N, init = init,
                       eps = run.noise / (6 * p.d * math.max(last, 0.1)), seed = run.seed }
  local R = pde(t):risk()
  return { t = t, R_sgd = sgd:advance(t):risk(), R_pde = R, finite_N = pot:risk(pde(t):measure(), run.N) - R }
end)

local fig  = mf.plot { xlabel = "Δ", ylabel = "risk", width = 4.5, xrange = { 0, 1 }, yrange = { 0, 1.15 } }
local zoom = fig:inset { w = 0.3, h = 0.36, key = "none", xlabel = "Δ", ylabel = "risk", xrange = { 0.4, 0.86 },
                         yrange = { 0, 0.1 } }
local function draw(kind, x, y, style)
  for _, axes in ipairs { fig, zoom } do axes[kind](axes, x, y, style) end
end
local gap, far, dims = 0, 0, table.move(run.d, 1, #run.d, 1, { [#run.d + 1] = math.huge })
for k, d in ipairs(dims) do
  local x, best, one, delta, R_sgd, R_pde, color = {}, {}, {}, {}, {}, {}, mf.plot.palette[k]
  local function label(text) return k == #dims and text or nil end
  for i = 1, 299 do
    local optimum = mf.optimum { potential = potential { d = d, delta = i / 300 } }
    x[i], best[i], one[i], gap = i / 300, optimum.risk, one_sphere(d, i / 300), math.max(gap, optimum.gap)
  end
  local _, high = mf.stability.interval { d = d, activation = sigma }
  draw("line", x, best, { color = color, label = d == math.huge and "d = ∞" or "d = " .. d })
  draw("line", x, one, { color = color, dash = "dashed", label = label "best sphere" })
  draw("points", { high }, { one_sphere(d, high) }, { color = color, symbol = "disc", label = label "Δ_d^h" })
  for i, r in ipairs(results) do if points[i].d == d then
    delta[#delta + 1], R_sgd[#delta + 1], R_pde[#delta + 1] = points[i].delta, r.R_sgd, r.R_pde
    run:record { d = d, delta = points[i].delta, t = r.t, R_sgd = r.R_sgd, R_pde = r.R_pde, finite_N = r.finite_N }
    far = math.max(far, math.abs(r.R_sgd - r.R_pde) - r.finite_N)
  end end
  draw("points", delta, R_sgd, { color = color, symbol = "+", label = label "SGD" })
  draw("points", delta, R_pde, { color = color, symbol = "circle", size = 0.6, label = label "PDE, same t" })
end
run:check("every minimum is certified: gap", gap, "<", 1e-8)
run:check("SGD - PDE beyond the expected effect of finite N", far, "<", 3 * run.noise)
run:save(fig)
