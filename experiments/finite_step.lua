-- What is left between SGD and its effective dynamics at a finite step eps: the residual of R, against eps d.
-- Fig. 4's model from kappa = 0.4 at t = 0.1. Runs are compared with one of a small step from the same neurons, as is
-- theory: that takes out 1/N and the chance in the initial neurons. Not in the effective dynamics are eps without the
-- factor d and (eps d)^2; its drift alone is without the noise that all neurons share (docs/numerics.md).
local mf  = require "meanfield"
local run = mf.experiment { name = "finite_step", columns = { "d", "alpha", "sgd", "error", "eff", "drift", "eq7" },
  options = { ds = { 40, 80, 160 }, alphas = { 8e-4, 1.6e-3, 3.2e-3 }, control = 2e-4, kappa = 0.4, delta = 0.5,
              t = 0.1, N = 400, seeds = 32, J = 400 },
  quick   = { ds = { 20, 40, 80 }, N = 200, seeds = 16, J = 200 } }
local sigma = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } }
local rho0  = mf.init.gaussian { kappa = run.kappa }
local function law(d) return mf.distribution.isotropic { d = d, delta = run.delta } end
-- R at each alpha = eps d, minus R at the control's.
local function differences(risk)
  local control, list = risk(run.control), {}
  for i, alpha in ipairs(run.alphas) do list[i] = risk(alpha) - control end
  return list
end
local sgd = mf.sweep(run.ds, function(d, seed)
  local o = { distribution = law(d), activation = sigma, N = run.N, init = rho0, seed = seed }
  return differences(function(alpha) o.eps = alpha / d return mf.sgd(o):advance(run.t):risk() end)
end, { seeds = run.seeds })
local function theory(d, common)
  local pot = mf.potential.radial { distribution = law(d), activation = sigma }
  local o = { potential = pot, init = rho0, J = run.J, common = common }
  return differences(function(alpha) o.eps = alpha / d return mf.pde.particles(o):advance(run.t):risk() end)
end
local fig = mf.plot { xlabel = ("ε d − %g"):format(run.control), ylabel = "|residual of R|, SGD - theory",
                      xlog = true, ylog = true, yrange = { 1e-4, 0.5 }, width = 4.6, height = 3.4, key = "outside" }
local names, x, ds, left = { "Eq. 7", "drift alone", "effective" }, {}, {}, { {}, {}, {} }
for k, d in ipairs(run.ds) do
  local eff, drift, seen, errors = theory(d, true), theory(d, false), sgd[k].mean, sgd[k].error
  local way = { {}, {}, {}, x = {} }
  for i, alpha in ipairs(run.alphas) do -- by Eq. 7, R does not depend on eps
    run:record { d = d, alpha = alpha, sgd = seen[i], error = errors[i], eff = eff[i], drift = drift[i], eq7 = 0 }
    x[#x + 1], ds[#ds + 1], way.x[i] = alpha - run.control, d, (alpha - run.control) * 1.05 ^ (k - 2) -- side by side
    for c, by in ipairs { 0, drift[i], eff[i] } do
      way[c][i] = math.max(math.abs(seen[i] - by), 1e-9)
      left[c][#x] = way[c][i]
    end
  end
  for c, symbol in ipairs { "circle", "square", "disc" } do
    fig:points(way.x, way[c], { errors = errors, color = mf.plot.palette[k], symbol = symbol,
                                label = ("%s, d = %d"):format(names[c], d) })
  end
end -- Powers of eps d and, at fixed eps d, of d; and which term that is.
for c, name in ipairs(names) do
  local f, power, best, seen = mf.fit(x, left[c], { log = true }), mf.fit(ds, left[c], { log = true }).slope, math.huge
  for term, q in pairs { ["eps d"] = { 1, 0 }, eps = { 1, -1 }, ["(eps d)^2"] = { 2, 0 }, ["1/N"] = { 0, 0 } } do
    local off = (f.slope - q[1]) ^ 2 + (power - q[2]) ^ 2
    if off < best then best, seen = off, term end
  end
  print(("%s: the residual goes like (eps d)^%.2f d^%.2f: %s"):format(name, f.slope, power, seen))
  fig:line(x, mf.array(x):map(function(v) return math.exp(f.intercept) * v ^ f.slope end),
           { color = "gray", width = 0.6, label = c == 3 and "fits of a power law" or nil })
  local ratio = mf.array(left[3]):mean() / mf.array(left[c]):mean()
  if c < 3 then run:check("mean residual, effective over " .. name, ratio, "<", c == 1 and 0.2 or 0.3) end
  if c == 1 then run:check("power of eps d in the residual of Eq. 7, from 1", math.abs(f.slope - 1), "<", 0.25) end
end
run:save(fig)
