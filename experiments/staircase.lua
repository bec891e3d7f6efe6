-- Staircases (Abbe, Boix-Adsera, Misiakiewicz 2023): x uniform on {-1, 1}^d, y a sum of products of its coordinates.
-- SGD goes from saddle to saddle and learns one product after the other. Leap 1: a product brings one new coordinate,
-- in a time that has a limit as d -> inf. Leap 2: two new ones, whose weights are 0 at d = inf and stay so for ever
-- (dashed); at finite d they start at d^(-1/2), and first have to grow. law:exponent() says which it is.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "staircase", columns = { "leap", "product", "t_sgd", "t_error", "t_pde", "t_inf" },
  options = { d = 200, N = 500, alpha = 0.005, seeds = 3, J = 2000, t_end = 36, points = 72 },
  quick   = { d = 40, N = 300, alpha = 0.01, seeds = 2, J = 200 },
}
local names, teachers = { "z_1", "z_1z_2", "z_1z_2z_3" }, { { 1, 1, 1 }, { 1, 0, 1 } } -- which of them y has
local sigma, ts = mf.activation.softplus(), mf.array.linspace(0, run.t_end, run.points + 1):totable()
local function law(y)
  local function g(a, b, c) return a * (y[1] + b * (y[2] + c * y[3])) end
  return mf.distribution.multi_index { d = run.d, directions = 3, inputs = "hypercube", target = g }
end
local function limit(y) return mf.potential.multi_index { distribution = law(y), activation = sigma, d = math.huge } end
local function rho0(d) return mf.init.gaussian { kappa = 0.5, a = mf.number.signs(), b = mf.number.normal(), d = d } end
-- E f chi of the network f for the products chi, as E (chi - f)^2 = 1 - 2 E f chi + E f^2, and when it passes 1/2.
local zero, chi = limit { 0, 0, 0 }, { limit { 1, 0, 0 }, limit { 0, 1, 0 }, limit { 0, 0, 1 } }
local function watch(flow, project)
  local way = { { c = {}, t = math.huge }, { c = {}, t = math.huge }, { c = {}, t = math.huge } }
  for n, t in ipairs(ts) do
    local rho = project(flow:advance(t))
    for s, w in ipairs(way) do
      local c, last = (1 + zero:risk(rho) - chi[s]:risk(rho)) / 2, w.c[n - 1]
      w.c[n], w.t = c, c >= 0.5 and w.t == math.huge and t - ts[2] * (c - 0.5) / (c - last) or w.t
    end
  end
  return way
end
local function pde(y, d)
  local flow = mf.pde.particles { potential = limit(y), init = rho0(d), J = run.J }
  return watch(flow, function() return flow:measure() end)
end
local sgd = mf.sweep(teachers, function(y, seed)
  local net = mf.sgd { distribution = law(y), activation = sigma, neuron = "affine", N = run.N, init = rho0(run.d),
                       eps = run.alpha / run.d, seed = seed }
  return watch(net, function() return net:measure():multi_index(law(y)) end)
end, { seeds = run.seeds })
local fig = mf.plot { panels = 2, height = 3, xlabel = "t", ylabel = "coefficient in f", yrange = { -0.1, 1.7 },
                      title = ("symbols: SGD, d = %d; lines: PDE; dashed: PDE, d = ∞"):format(run.d) }
for k, y in ipairs(teachers) do
  local way, inf, seen, error, leap, last = pde(y, run.d), pde(y), sgd[k].mean, sgd[k].error, law(y):exponent(), 0
  local axes = fig:panel(k, { tag = k == 1 and "a" or "b", title = ("leap %d"):format(leap), key = "top right" })
  for s = 1, 3 do if y[s] == 1 then
    local t, e, color, stuck = seen[s].t, error[s].t, mf.plot.palette[s], s == 3 and leap == 2 and inf[s].c[#ts] or 0
    axes:points(ts, seen[s].c, { color = color, label = names[s] }):line(ts, way[s].c, { color = color })
    axes:line(ts, inf[s].c, { color = color, dash = "dashed", width = 0.6 })
    run:record { leap = leap, product = names[s], t_sgd = t, t_error = e, t_pde = way[s].t, t_inf = inf[s].t,
                 off = math.abs(math.log(t / way[s].t)) - 4 * e / t, wait = t / last, gain = seen[s].c[#ts] - stuck }
    last = t
  end end
end
-- SGD is late by order 1/d (the limit's kernel) and eps d = alpha (noise of its steps): seen are 4/d and 8 alpha.
run:check("relative distance of SGD's times from the PDE's, beyond 4 standard errors", run:max "off", "<",
          6 / run.d + 12 * run.alpha)
run:check("a product's time over that of the one before it, at least", run:min "wait", ">", 2)
run:check("coefficients at the end, at least; beyond that of the stuck one", run:min "gain", ">", 0.5)
run:save(fig)
