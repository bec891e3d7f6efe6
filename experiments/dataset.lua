-- One pass over a data set against many: 944 answers to the American election survey of 1996 (data/README.md), nine
-- numbers about a voter, and y = +-1, the candidate. A split trains on n of them, in epochs, and is tested on the rest.
-- While examples are new, SGD follows the PDE of the whole survey, in many epochs that of its n: then training and test
-- error part. Bounds: of chance, over the splits, 4.5 standard errors; of means, what N neurons (J particles) for a law
-- cost at most, pot:risk(rho, N), and for steps that see the same examples again eps d (docs/numerics.md).
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "dataset", columns = { "epoch", "train", "train_pde", "test", "test_pde" },
  options = { n = 200, N = 800, J = 400, eps = 5e-3, seeds = 24, epochs = { 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100 } },
  quick   = { N = 400, J = 100, seeds = 8, epochs = { 0.25, 1, 5, 20, 50 } },
}
local path = (arg[0]:match "^.*/" or "") .. "data/anes96.tsv"
local nine = { "popul", "TVnews", "selfLR", "ClinLR", "DoleLR", "PID", "age", "educ", "income" }
local x = mf.data.read(path, { columns = nine }):map(function(v, _, c) return c == 1 and math.log(1 + v) or v end)
local y = mf.data.read(path, { columns = { "vote" } }):map(function(vote) return 2 * vote - 1 end)
local mean, deviation, size = x:mean(1), x:std(1), #x
x = x:map(function(v, _, c) return (v - mean[c]) / deviation[c] end)
local survey, tanh = mf.distribution.dataset { x = x, y = y }, mf.activation.tanh()
local rho0, pass, last = mf.init.gaussian { kappa = 1, a = 1, b = 0 }, run.n * run.eps, #run.epochs
local function limit(law, seed)
  local pot = mf.potential.sampled { distribution = law, activation = tanh, neuron = "affine" }
  return mf.pde.particles { potential = pot, init = rho0, J = run.J, tol = 1e-4, seed = seed }, pot
end
local split = mf.sweep({ 1 }, function(_, seed)
  local X, Y = survey:sample(size, { seed = seed }) -- an epoch of the survey: everyone, in a random order
  local train = mf.distribution.dataset { x = X:slice(1, run.n), y = Y:slice(1, run.n) }
  local test = mf.distribution.dataset { x = X:slice(run.n + 1, size), y = Y:slice(run.n + 1, size) }
  local sgd = mf.sgd { distribution = train, activation = tanh, neuron = "affine", N = run.N, init = rho0,
                       eps = run.eps, seed = seed }
  local pde, judge = limit(train, 100 + seed), select(2, limit(test))
  local r = { train = {}, test = {}, gap = {}, train_pde = {}, test_pde = {}, off = {} }
  for k, e in ipairs(run.epochs) do
    sgd:advance(e * pass)
    r.train[k], r.test[k], r.train_pde[k] = sgd:risk(), sgd:risk { distribution = test }, pde:advance(e * pass):risk()
    r.test_pde[k], r.gap[k], r.off[k] = judge:risk(pde:measure()), r.test[k] - r.train[k], r.train[k] - r.train_pde[k]
    if e == 1 then r.survey = sgd:risk { distribution = survey } end
  end
  return r
end, { seeds = run.seeds })[1]
local m, se, fig = split.mean, split.error, mf.plot { xlabel = "epochs", ylabel = "R", xlog = true, width = 4.4 }
local pde, pot = limit(survey, 100)
local dense = mf.array.logspace(run.epochs[1], run.epochs[last], 60)
fig:line(dense, pde:trajectory(dense * pass, { R = "risk" }).R, { label = "PDE, survey", color = "gray" })
for _, name in ipairs { "train", "test" } do
  fig:points(run.epochs, m[name], { errors = se[name], label = "SGD, " .. name })
  fig:line(run.epochs, m[name .. "_pde"], { label = "PDE, " .. name })
end
pde = limit(survey, 100):advance(pass)
local R, rho = pde:risk(), pde:measure()
for k, e in ipairs(run.epochs) do
  run:record { epoch = e, train = m.train[k], train_pde = m.train_pde[k], test = m.test[k], test_pde = m.test_pde[k] }
  if e == 1 then
    run:check("the survey's risk after one pass, from its PDE's", math.abs(m.survey - R), "<",
              4.5 * se.survey + pot:risk(rho, run.N) + pot:risk(rho, run.J) - 2 * R)
    run:check("of the gap in the end, the share that one pass makes", m.gap[k] + 4.5 * se.gap[k], "<", m.gap[last] / 2)
  end
end
run:check("training error in the end, from its PDE's", math.abs(m.off[last]), "<", 4.5 * se.off[last] + 9 * run.eps)
run:check("test error less training error in the end, in standard errors", m.gap[last] / se.gap[last], ">", 4.5)
run:save(fig)
