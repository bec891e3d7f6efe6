-- One-pass SGD: Eq. 3 against the same step in Lua, exact risks against Monte Carlo.
local mf = require "meanfield"
local loop = require "tests.plain_sgd"

local piecewise = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

local function init(affine) -- plain neurons have neither a nor b
  return mf.init.gaussian { kappa = 1.3, a = affine and 0.8 or 1, b = affine and -0.2 or 0 }
end

describe("sgd", function()
  it("makes the step of Eq. 3, plain and affine, with any schedule and weight decay", function()
    local law = mf.distribution.isotropic { d = 3, delta = 0.4 }
    local runs = {
      { activation = piecewise, o = {} },
      { activation = mf.activation.tanh(), o = { affine = true } },
      { activation = mf.activation.relu(), o = { affine = true, fix_a = true, lambda = 0.3 } },
      { activation = mf.activation.softplus(), o = { affine = true, fix_b = true }, xi = mf.schedule.power(-0.25) },
      { activation = mf.activation.erf(), o = { affine = true }, xi = function(t) return 1 + t end },
    }
    for _, r in ipairs(runs) do
      local eps, seed = 0.01, 7
      local sgd = mf.sgd { distribution = law, activation = r.activation, N = 5, eps = eps, seed = seed, xi = r.xi,
                           init = init(r.o.affine), lambda = r.o.lambda,
                           neuron = r.o.affine and "affine" or "plain", fix_a = r.o.fix_a, fix_b = r.o.fix_b }
      local neurons = loop.neurons(sgd)
      if not r.o.affine then
        for _, n in ipairs(neurons) do assert.same({ 1, 0 }, { n.a, n.b }) end
      end
      local X, y = law:sample(4, { seed = seed })
      for k = 1, 4 do
        local s = eps * (r.xi and r.xi(k * eps) or 1)
        neurons = loop.step(neurons, r.activation, { X[k]:totable() }, { y[k] }, s, r.o)
        sgd:step(1)
        for i, n in ipairs(loop.neurons(sgd)) do
          for c = 1, 3 do assert.near(neurons[i].w[c], n.w[c], 1e-13) end
          assert.near(neurons[i].a, n.a, 1e-13)
          assert.near(neurons[i].b, n.b, 1e-13)
        end
      end
    end
  end)

  it("predicts at examples of one's own: many rows, one row, plain and affine, in the middle of a block", function()
    local law = mf.distribution.isotropic { d = 3, delta = 0.4 }
    for _, neuron in ipairs { "plain", "affine" } do
      local sgd = mf.sgd { distribution = law, activation = piecewise, N = 7, eps = 0.01, neuron = neuron,
                           init = init(neuron == "affine") }:step(4)
      local X, n, neurons = law:sample(130, { seed = 5 }), 130, loop.neurons(sgd)
      local yhat = sgd:predict(X)
      assert.equal(n, #yhat)
      for k = 1, n do
        local sum = 0
        for _, e in ipairs(neurons) do
          local z = e.b
          for c = 1, 3 do z = z + e.w[c] * X[k][c] end
          sum = sum + e.a * piecewise(z) / 7
        end
        assert.near(sum, yhat[k], 1e-13)
      end
      assert.equal(yhat[2], sgd:predict(X[2]))
      assert.equal(yhat[2], sgd:predict(X[2]:totable()))
      assert.same({ yhat[1], yhat[2] }, sgd:predict({ X[1]:totable(), X[2]:totable() }):totable())
      local function fails(expected, x)
        local ok, message = pcall(sgd.predict, sgd, x)
        assert.is_false(ok)
        assert.truthy(message:find(expected, 1, true), message)
      end
      fails("examples of d = 3 numbers expected, got 2", { 1, 2 })
      fails("examples of d = 3 numbers expected, got 2", { { 1, 2 }, { 3, 4 } })
      fails("x[2] of example 1 must be finite", { { 1, 0 / 0, 2 } })
    end
  end)

  it("averages the gradients of a batch at one theta: steps and samples are counted apart", function()
    local law, eps = mf.distribution.isotropic { d = 3, delta = 0.4 }, 0.05
    for _, o in ipairs { {}, { affine = true, lambda = 0.3 }, { affine = true, fix_b = true, lambda = 0.2 } } do
      for _, run in ipairs { { batch = 3, block = 6 }, { batch = 4, algorithm = "plain" }, { batch = 7 } } do
        for _, precision in ipairs { "double", "single" } do
          local sgd = mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 5, eps = eps, seed = 7,
                               init = init(o.affine), lambda = o.lambda,
                               neuron = o.affine and "affine" or "plain", fix_b = o.fix_b, batch = run.batch,
                               block = run.block, algorithm = run.algorithm, precision = precision }
          local neurons, B = loop.neurons(sgd), run.batch
          local X, y = law:sample(5 * B, { seed = 7 })
          for k = 1, 5 do
            local rows, labels = {}, {}
            for m = 1, B do rows[m], labels[m] = X[(k - 1) * B + m]:totable(), y[(k - 1) * B + m] end
            neurons = loop.step(neurons, mf.activation.tanh(), rows, labels, eps, o)
            sgd:step(1)
            local tol = precision == "double" and 1e-13 or 1e-5
            for i, n in ipairs(loop.neurons(sgd)) do
              for c = 1, 3 do assert.near(neurons[i].w[c], n.w[c], tol) end
              assert.near(neurons[i].a, n.a, tol)
              assert.near(neurons[i].b, n.b, tol)
            end
          end
          assert.equal(5, sgd.k)
          assert.near(5 * eps, sgd.t, 1e-15)
        end
      end
    end
  end)

  it("takes batches from a law in Lua, with noise, from files and however cut", function()
    local custom = mf.distribution.custom { d = 3, sample = function(rng) return rng:normals(3), rng:normal() end }
    local flat = mf.activation.piecewise { { 0, 1 }, { 1, 1 } } -- no gradient: what is left is noise and decay
    local function new(o)
      return mf.sgd { distribution = o.law or mf.distribution.isotropic { d = 3, delta = 0.4 }, N = o.N or 6,
                      activation = o.activation or mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 },
                      eps = 0.01, batch = o.batch, beta = o.beta, lambda = o.lambda, neuron = o.neuron,
                      algorithm = o.algorithm }
    end
    local path = os.tmpname()
    for _, o in ipairs { { batch = 5, beta = 3, lambda = 0.1, neuron = "affine" }, { batch = 100, law = custom },
                         { batch = 2, beta = 3, algorithm = "plain" }, { batch = 300 } } do
      local whole, cut = new(o):step(40), new(o):step(13):step(1):step(26)
      assert.is_true(whole:weights() == cut:weights())
      new(o):step(13):save(path)
      assert.is_true(mf.sgd.load(path, { distribution = o.law }):step(27):weights() == whole:weights())
    end
    os.remove(path)
    for _, algorithm in ipairs { "plain", "blocked" } do
      local o = { activation = flat, batch = 4, beta = 2, lambda = 0.5, N = 4000, algorithm = algorithm }
      local first, last = new(o), new(o):step(27)
      local shrink, var, n = (1 - 2 * 0.5 * 0.01) ^ 27, 0, 0
      local start, now = first:weights(), last:weights()
      for i = 1, 4000 do
        for c = 1, 3 do
          var, n = var + (now[i][c] - shrink * start[i][c]) ^ 2, n + 1
        end
      end
      local want = 4 * 0.01 / 2 * (1 - shrink ^ 2) / (1 - 0.99 ^ 2) -- sum of t^2 decayed
      assert.near(want, var / n, 4.5 * want * math.sqrt(2 / n)) -- chi-squared: 4.5 standard deviations
    end
  end)

  it("knows its exact risk: within 4.5 standard errors of Monte Carlo on every native law", function()
    local mixture = mf.distribution.mixture {
      { label = 1, mean = { 1, 0, 0 }, covariance = { { 2, 0.5, 0 }, { 0.5, 1, 0 }, { 0, 0, 1 } } },
      { label = -1, weight = 2, mean = { 0, 0, 2 } } }
    for _, case in ipairs {
      { mf.distribution.isotropic { d = 40, delta = 0.8 }, piecewise, "plain" },
      { mf.distribution.anisotropic { d = 6, s0 = 2, delta = 0.5 }, mf.activation.relu(), "affine" },
      { mf.distribution.anisotropic { d = 2, s0 = 1, delta = 0.5, basis = { { 1, 2 } } }, piecewise, "plain" },
      { mixture, mf.activation.erf(), "affine" },
    } do
      local sgd = mf.sgd { distribution = case[1], activation = case[2], neuron = case[3], N = 40, eps = 1e-3,
                           init = mf.init.gaussian { kappa = 1, b = case[3] == "affine" and 0.5 or 0 } }
      sgd:step(300)
      local exact, bound = sgd:risk()
      local estimate, spread = sgd:risk { samples = 40000, seed = 2 }
      assert.is_true(bound < 1e-9)
      assert.near(exact, estimate, 4.5 * spread)
    end
  end)

  it("drifts along the gradient of the exact risk", function()
    -- Mean of (theta(1) - theta(0)) / eps over fresh samples is -N grad R_N: checked for one neuron
    -- by central differences of the exact risk.
    local law = mf.distribution.isotropic { d = 2, delta = 0.5 }
    local start = { { 0.9, 0.4 }, { -0.3, 1.1 } }
    local function network(shift, seed)
      local i = 0
      return mf.sgd { distribution = law, activation = mf.activation.relu(), N = 2, eps = 1e-3, seed = seed or 1,
                      init = mf.init.custom(function()
                        i = i + 1
                        return { start[i][1] + (i == 1 and shift or 0), start[i][2] }
                      end) }
    end
    local h, n, sum, square = 1e-3, 20000, 0, 0
    local drift = -2 * (network(h):risk() - network(-h):risk()) / (2 * h)
    for seed = 1, n do
      local change = (network(0, seed):step(1):weights()[1][1] - start[1][1]) / 1e-3
      sum, square = sum + change, square + change ^ 2
    end
    local mean = sum / n
    assert.near(drift, mean, 4.5 * math.sqrt((square / n - mean ^ 2) / n))
  end)

  it("gives the same bits for the same seed, however the run is cut", function()
    local function run() return mf.sgd { distribution = mf.distribution.isotropic { d = 7, delta = 0.8 }, N = 19,
      activation = piecewise, init = mf.init.gaussian { kappa = 0.8 }, eps = 1e-3, seed = 3, beta = 10 } end
    local whole, cut = run():advance(0.3), run():advance(0.1):step(57):advance(0.3)
    assert.equal(300, cut.k)
    assert.is_true(whole:weights() == cut:weights())
  end)

  it("reports divergence at its step and keeps the last good state", function()
    local sgd = mf.sgd { distribution = mf.distribution.isotropic { d = 4, delta = 0.5 }, N = 8, neuron = "affine",
      activation = mf.activation.relu(), init = mf.init.gaussian { kappa = 1 }, eps = 20 }
    assert.error_matches(function() sgd:step(10000) end, "sgd:step: diverged at step %d+ .t = ")
    assert.is_true(sgd.k > 0 and sgd.k < 10000)
    assert.is_number(sgd:measure():mean("a"))
  end)

  it("raises when its law's or its schedule's function uses it, and stays usable", function()
    local sgd, meddle
    local function eval(rng) return meddle() or rng:normals(2), 1 end
    local law = mf.distribution.custom { d = 2, sample = eval }
    local function new() return mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 4, eps = 0.1,
      init = mf.init.gaussian { kappa = 1 } } end
    meddle = function() end
    local plain = new():step(20)
    sgd = new()
    for _, method in ipairs { "step", "advance", "measure", "weights", "risk" } do
      meddle = function() sgd[method](sgd, method ~= "risk" and 1 or nil) end
      assert.error_matches(function() sgd:step(5) end, "this mf.sgd is busy", 1, true)
    end
    meddle = function() return sgd.k < 0 end -- what it is may be asked
    assert.is_true(sgd:step(20):weights() == plain:weights())
    local xi = mf.sgd { distribution = mf.distribution.isotropic { d = 2, delta = 0.5 }, N = 4, eps = 0.1,
      activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 },
      xi = function() return meddle() or 1 end }
    meddle = function() return xi:step(1).k end
    assert.error_matches(function() xi:step(1) end, "this mf.sgd is busy", 1, true)
  end)

  it("needs memory for weights and a sample, not for panels and blocks, where d is huge and neurons few", function()
    collectgarbage()
    local before, d = collectgarbage "count", 200000
    local sgd = mf.sgd { distribution = mf.distribution.isotropic { d = d, delta = 0.5 }, N = 1, eps = 1e-3,
      activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 } }
    collectgarbage()
    assert.equal("plain", sgd.options.algorithm)
    assert.is_true(1024 * (collectgarbage "count" - before) < 3.1 * 8 * d) -- weights, sample, its copy
    assert.equal(1, sgd:step(1).k)
  end)

  it("with one neuron a panel takes the steps of the blocked loop, plain and affine, both precisions", function()
    local affine = { neuron = "affine", lambda = 0.1, batch = 2, N = 3, activation = mf.activation.tanh() }
    for _, options in ipairs { affine, { N = 2, activation = mf.activation.relu() } } do
      for precision, tolerance in pairs { double = 1e-12, single = 3e-5 } do
        options.distribution = mf.distribution.isotropic { d = 100003, delta = 0.5 }
        options.precision, options.eps, options.block = precision, 0.05, nil
        options.init = options == affine and mf.init.gaussian { kappa = 1, a = 0.5, b = 0.1 }
          or mf.init.gaussian { kappa = 1 }
        options.algorithm = "auto"
        local thin = mf.sgd(options):step(4)
        options.algorithm, options.block = "blocked", 4
        local blocked = mf.sgd(options):step(4)
        assert.equal("plain", thin.options.algorithm)
        local W, a, b = thin:weights()
        local V, c, e = blocked:weights()
        assert.is_true((W - V):abs():max() < tolerance * V:abs():max())
        if a then assert.is_true((a - c):abs():max() < tolerance and (b - e):abs():max() < tolerance) end
        assert.is_true((W - mf.sgd(options):weights()):abs():max() > 1e-3) -- it moved
      end
    end
  end)

  it("names what is wrong", function()
    local good = { distribution = mf.distribution.isotropic { d = 4, delta = 0.5 }, activation = piecewise, N = 3,
                   init = mf.init.gaussian { kappa = 1 }, eps = 0.1 }
    local function expect(text, changes)
      local o = {}
      for k, v in pairs(good) do o[k] = v end
      for k, v in pairs(changes) do o[k] = v ~= "missing" and v or nil end
      assert.error_matches(function() mf.sgd(o) end, text, 1, true)
    end
    expect("mf.sgd: exactly one of the options 'init' and 'measure' must be given", { init = "missing" })
    for _, name in ipairs { "distribution", "activation", "N", "eps" } do
      expect("mf.sgd: option '" .. name .. "' is missing", { [name] = "missing" })
    end
    expect("mf.sgd: option 'N' must be an integer in [1, 1e+09], got -3", { N = -3 })
    expect("option 'eps' must be a number in (0, 1e+100], got nan", { eps = 0 / 0 })
    expect("option 'activation' must be an mf.activation, got a function", { activation = math.sin })
    expect("option 'neuron' must be 'plain' or 'affine', got 'linear'", { neuron = "linear" })
    expect("unknown option 'esp' (did you mean 'eps'?)", { esp = 1 })
    expect("option 'xi' must be", { xi = 3 })
    local sgd = mf.sgd(good):advance(1)
    assert.error_matches(function() sgd:advance(0.5) end, "time only runs forward", 1, true)
    assert.error_matches(function() sgd:advance(0 / 0) end,
      "sgd:advance: a finite time t >= 0 expected, got nan", 1, true)
    assert.error_matches(function() sgd:step(-2) end, "sgd:step: a number of steps >= 0 expected, got -2", 1, true)
    good.eps = 1e-19
    assert.error_matches(function() mf.sgd(good):advance(1) end, "too many to be counted", 1, true)
    assert.error_matches(function() sgd:step(math.maxinteger) end, "too many to be counted", 1, true)
    good.init = mf.init.custom(function() return { 1, 2, 3, 0 / 0 } end)
    assert.error(function() mf.sgd(good) end)
  end)
end)
