-- SGD as people run it: rates, random features, momentum, output scale, birth and death, label noise.
local mf = require "meanfield"
local two_runs = require "tests.two_runs"
local loop = require "tests.plain_sgd"

local law = mf.distribution.isotropic { d = 3, delta = 0.4 }
local tanh, relu = mf.activation.tanh(), mf.activation.relu()

local function new(o)
  local affine = o.neuron == "affine"
  local options = { distribution = law, activation = tanh, N = 5, eps = 0.02, seed = 7,
                    init = mf.init.gaussian { kappa = 1.3, a = affine and 0.8 or 1, b = affine and -0.2 or 0 } }
  for k, v in pairs(o) do options[k] = v end
  return mf.sgd(options)
end

-- Every option alone and in company. momentum with lambda is for the plain loop.
local cases = {
  { rates = { w = 0.3 } },
  { rates = { a = 2, b = 0.5, w = 0.25 }, neuron = "affine" },
  { rates = { a = 0.5, b = 3 }, neuron = "affine", lambda = 0.2, plain = true },
  { rates = { a = 3, b = 0.5, w = 0.5 }, neuron = "affine", lambda = 0.2 },
  { fix_w = true, neuron = "affine" },
  { fix_w = true, fix_b = true, neuron = "affine", lambda = 0.1, plain = true },
  { rates = { a = 0, w = 2 }, fix_b = true, neuron = "affine", lambda = 0.2 },
  { momentum = 0.7 },
  { momentum = 0.9, neuron = "affine", rates = { a = 2, b = 0.5, w = 0.25 } },
  { momentum = 0.9, neuron = "affine", fix_b = true },
  { momentum = 0.5, neuron = "affine", lambda = 0.3, plain = true },
  { scale = 3 },
  { scale = 0.5, neuron = "affine", lambda = 0.2 },
  { birth_death = 2 },
  { birth_death = 5, neuron = "affine", fix_a = true },
  { birth_death = 2, scale = 2, momentum = 0.6, neuron = "affine", rates = { a = 0.5, b = 2, w = 0.3 } },
}

local function as_options(case, more)
  local o = {}
  for k, v in pairs(case) do if k ~= "plain" then o[k] = v end end
  for k, v in pairs(more) do o[k] = v end
  return o
end

local distance = two_runs.distance
local function same(x, y) return two_runs.same(x, y) and x.yhat == y.yhat end

describe("sgd's options", function()
  it("are the steps that they say, at every step, in the middle of blocks and of batches", function()
    for i, case in ipairs(cases) do
      for _, run in ipairs { { algorithm = "plain" }, { block = 4 }, { batch = 3, block = 6 },
                             { batch = 2, algorithm = "plain" }, { block = 5, precision = "single" } } do
        if not (case.plain and run.block) then
          local sgd, B = new(as_options(case, run)), run.batch or 1
          assert.equal(run.algorithm or "blocked", sgd.options.algorithm)
          local neurons, o = loop.neurons(sgd), as_options(case, { affine = case.neuron == "affine" })
          if o.fix_w then o.rates = { w = 0 } end
          local X, y = law:sample(9 * B, { seed = 7 })
          local tol = run.precision and 1e-5 or 1e-13
          for k = 1, 9 do
            local rows, labels = {}, {}
            for m = 1, B do rows[m], labels[m] = X[(k - 1) * B + m]:totable(), y[(k - 1) * B + m] end
            local new_ones, yhat = loop.step(neurons, tanh, rows, labels, 0.02, o)
            neurons = new_ones
            sgd:step(1)
            assert.near(yhat, sgd.yhat, tol, ("case %d, %s %s, step %d"):format(i, run.algorithm, run.block, k))
            for j, n in ipairs(loop.neurons(sgd)) do
              for c = 1, 3 do assert.near(neurons[j].w[c], n.w[c], tol, "case " .. i) end
              assert.near(neurons[j].a, n.a, tol)
              assert.near(neurons[j].b, n.b, tol)
              assert.near(neurons[j].p or 0, n.p or 0, tol)
            end
          end
        end
      end
    end
  end)

  it("leave the blocked loop the plain one to 1e-10 after 10^4 steps, or say that they do not", function()
    for _, case in ipairs(cases) do
      for _, batch in ipairs { 1, 4 } do
        local o = as_options(case, { N = 43, eps = 1e-3, batch = batch, activation = case.fix_w and tanh or relu })
        o.xi = mf.schedule.power(-0.25)
        local auto = new(o)
        assert.equal(case.plain and "plain" or "blocked", auto.options.algorithm)
        o.algorithm = "blocked"
        if case.plain then
          assert.error_matches(function() new(o) end, "takes the plain loop: algorithm = 'plain' or 'auto'", 1, true)
        else
          o.block = 8
          local blocked = new(o):step(10007 // batch)
          o.algorithm, o.block = "plain", nil
          assert.is_true(distance(blocked, new(o):step(10007 // batch)) < 1e-10)
        end
      end
    end
  end)

  it("change no bit with cuts, threads and files", function()
    local path, before = os.tmpname(), mf.threads()
    local mine = mf.distribution.custom { d = 2, sample = function(rng) return rng:normals(2), rng:normal() end }
    local asked = mf.distribution.multi_index { d = 3, directions = 1, target = function(z) return z end }
    for _, case in ipairs(cases) do
      for _, run in ipairs { {}, { algorithm = "plain" }, { precision = "single", batch = 2 },
                             { distribution = mine, label_noise = 0.3 },
                             { distribution = asked, label_noise = 0.3 } } do
        local o = as_options(case, run)
        local whole, cut = new(o):step(100), new(o)
        for _, n in ipairs { 1, 2, 12, 15, 0, 1, 29 } do
          cut:step(n):weights()
          cut:risk { samples = 2 }
        end
        cut:save(path)
        local loaded = assert(mf.sgd.load(path, { distribution = run.distribution }))
        assert.is_true(same(cut, loaded))
        assert.same(cut.options.rates, loaded.options.rates)
        for _, name in ipairs { "momentum", "scale", "birth_death", "label_noise", "fix_w", "fix_a", "algorithm" } do
          assert.equal(cut.options[name], loaded.options[name])
        end
        assert.is_true(same(whole, loaded:step(40)))
        assert.is_true(same(whole, cut:step(40)))
      end
    end
    for _, case in ipairs { { momentum = 0.9, neuron = "affine" }, { birth_death = 2 },
                            { momentum = 0.5, algorithm = "plain" } } do
      local o = as_options(case, { N = 41003 })
      mf.threads(1)
      local one = new(o):step(33)
      mf.threads(3)
      assert.is_true(same(one, new(o):step(33)))
    end
    mf.threads(before)
    os.remove(path)
  end)

  it("are the same to a few neurons of a very high dimension, which the plain loop takes one by one", function()
    local wide = mf.distribution.isotropic { d = 100000, delta = 0.4 }
    for _, case in ipairs { { momentum = 0.9, rates = { a = 2, b = 0.5, w = 0.25 } }, { birth_death = 9, scale = 2 },
                            { rates = { a = 2, b = 3, w = 3 }, lambda = 0.3 } } do
      local o = as_options(case, { N = 3, distribution = wide, neuron = "affine", eps = 1e-4, algorithm = "plain" })
      local thin = new(o):step(12)
      o.algorithm = "blocked"
      assert.is_true(distance(thin, new(o):step(12)) < 1e-12)
    end
  end)

  it("keep what has no rate, and refuse what has no sense", function()
    local random = new { neuron = "affine", fix_w = true, fix_b = true, label_noise = 0.1 }
    local W, a, b = random:weights()
    local V, c, e = random:step(50):weights()
    assert.is_true(W == V and b == e and a ~= c)
    assert.same({ a = 1, b = 0, w = 0 }, random.options.rates)
    assert.is_true(random.options.fix_w and random.options.fix_b and not random.options.fix_a)
    local function expect(text, o) assert.error_matches(function() new(o) end, text, 1, true) end
    expect("mf.sgd: option 'rates' must be a table {a=, b=, w=}, got 1", { rates = 1 })
    expect("mf.sgd: option 'rates': option 'w' must be a number in [0, 1e+100], got -1", { rates = { w = -1 } })
    expect("mf.sgd: option 'rates': unknown option 'x'", { rates = { x = 1 } })
    expect("rates of a and b, and 'fix_a' and 'fix_b', are for neuron = 'affine'", { rates = { a = 2 } })
    expect("are for neuron = 'affine'", { fix_b = true })
    expect("option 'fix_w' is rates = {w = 0}: give one of them", { fix_w = true, rates = { w = 2 } })
    expect("option 'momentum' must be a number in [0, 1), got 1", { momentum = 1 })
    expect("options 'momentum' and 'beta' do not go together", { momentum = 0.5, beta = 10 })
    expect("option 'scale' must be a number in [1e-100, 1e+100], got 0", { scale = 0 })
    expect("option 'birth_death' must be a number in [0, 1e+100], got -1", { birth_death = -1 })
    expect("option 'label_noise' makes labels that are no classes, which the logistic loss does not know",
           { label_noise = 0.1, loss = mf.loss.logistic() })
    expect("momentum together with lambda takes the plain loop",
           { momentum = 0.1, lambda = 0.1, algorithm = "blocked" })
    expect("decay or noise with different rates of w and b, or with w fixed, takes the plain loop",
           { neuron = "affine", rates = { w = 0 }, beta = 1, algorithm = "blocked" })
  end)

  it("give decay and noise their rate: each group has the variance of its own Brownian motion", function()
    -- Noise so strong that the drift of a step (1e-9) vanishes beside it: after k steps of variance 1 each group is
    -- N(0, k rate). Mean squares of n numbers: 4.5 standard deviations sqrt(2/n).
    local linear = mf.activation.piecewise { { 0, 0 }, left = 1, right = 1 }
    for _, rates in ipairs { { a = 4, b = 0.25, w = 9 }, { a = 0.5, b = 9, w = 9 }, { w = 0 } } do
      for _, A in ipairs { 1, 2 } do
        local k, N = 6, 4000
        local run = new { activation = linear, neuron = "affine", init = mf.init.sphere { radius = 0, a = 0 }, N = N,
                          eps = 1e-9 * A ^ 2, beta = 4e-9, scale = A, rates = rates }:step(k)
        local W, a, b = run:weights()
        for name, x in pairs { w = W, a = a, b = b } do
          local rate, n = rates[name] or 1, name == "w" and 3 * N or N
          assert.near(rate, (x * x):sum() / n / k, 4.5 * rate * math.sqrt(2 / n) + 1e-12)
        end
      end
    end
  end)

  it("have predictions and risks with the scale, the masses and the label noise", function()
    local run = new { birth_death = 20, scale = 2, neuron = "affine", label_noise = 0.5, N = 7 }:step(60)
    local p, neurons = run:measure():weights(), loop.neurons(run)
    assert.near(1, p:sum(), 1e-14)
    assert.is_true(p:max() > 1.2 * p:min())
    local X = law:sample(3, { seed = 2 })
    for k = 1, 3 do
      local sum = 0
      for i, n in ipairs(neurons) do
        local z = n.b
        for c = 1, 3 do z = z + n.w[c] * X[k][c] end
        sum = sum + 2 * p[i] * n.a * tanh(z)
      end
      assert.near(sum, run:predict(X[k]), 1e-13)
    end
    local exact = run:risk()
    local mean, se = run:risk { samples = 40000, seed = 3 }
    assert.near(exact, mean, 4.5 * se)
    assert.is_true(0.25 > 9 * se) -- the noise's share of the risk shows
    assert.near(0, new { scale = 1e-9 }:predict(X[1]), 1e-8)
  end)

  it("draw label noise from a stream of its own, one normal a sample, the same in every loop", function()
    -- One linear neuron in d = 1: its steps give the labels away, w' = w + 2 eps (y - w x) x.
    local line = mf.activation.piecewise { { 0, 0 }, left = 1, right = 1 }
    local one = mf.distribution.isotropic { d = 1, delta = 0.4 }
    local n, eps, s = 3000, 1e-3, 0.7
    local X, y = one:sample(n, { seed = 7 })
    local function noise(o, steps)
      local run = new(as_options(o, { distribution = one, activation = line, N = 1, eps = eps, label_noise = s }))
      local out, w = {}, run:weights()[1][1]
      for k = 1, steps do
        local after = run:step(1):weights()[1][1]
        out[k] = (after - w) / (2 * eps * X[k][1]) + w * X[k][1] - y[k]
        w = after
      end
      return out
    end
    local g, sum, square, product, odd = noise({ algorithm = "plain" }, n), 0, 0, 0, 0
    for k = 1, n do
      sum, square, odd = sum + g[k] / s, square + (g[k] / s) ^ 2, odd + g[k] / s * X[k][1]
      product = product + (k > 1 and g[k] * g[k - 1] / s ^ 2 or 0)
    end
    -- 4.5 standard deviations of means of n independent numbers; E x^2 = (1.4^2 + 0.6^2)/2 = 1.16
    assert.near(0, sum / n, 4.5 / math.sqrt(n))
    assert.near(1, square / n, 4.5 * math.sqrt(2 / n))
    assert.near(0, product / n, 4.5 / math.sqrt(n))
    assert.near(0, odd / n, 4.5 * math.sqrt(1.16 / n))
    for k, value in ipairs(noise({ block = 7 }, 50)) do assert.near(g[k], value, 1e-9) end
    -- a law from Lua: its labels 0 become the noise
    local mine = mf.distribution.custom { d = 1, sample = function() return { 1 }, 0 end }
    local fed = new { distribution = mine, activation = line, N = 1, eps = eps, label_noise = s }
    local w = fed:weights()[1][1]
    for k = 1, 20 do
      local after = fed:step(1):weights()[1][1]
      assert.near(g[k], (after - w) / (2 * eps) + w, 1e-9)
      w = after
    end
  end)
end)
