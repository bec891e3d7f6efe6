-- Losses other than the square: values and slopes, SGD's step, and the potentials that take them.
local mf = require "meanfield"
local loop = require "tests.plain_sgd"

local tanh = mf.activation.tanh()
local piecewise = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

local function fails(expected, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  assert.truthy(message:find(expected, 1, true), message)
end

-- log cosh of the residual: convex, of the residual; and one with a weight on each label.
local function logcosh(z) return math.abs(z) + math.log(1 + math.exp(-2 * math.abs(z))) - math.log(2) end
local function tanh_of(z)
  local e = math.exp(-2 * math.abs(z))
  return (z < 0 and -1 or 1) * (1 - e) / (1 + e)
end
local soft = mf.loss.custom { f = function(y, p) return logcosh(p - y) end,
                              df = function(y, p) return tanh_of(p - y) end,
                              d2f = function(y, p) return 1 - tanh_of(p - y) ^ 2 end }
local function logistic(z) return z > 0 and math.log(1 + math.exp(-z)) or -z + math.log(1 + math.exp(z)) end
local function share(z) return z > 0 and math.exp(-z) / (1 + math.exp(-z)) or 1 / (1 + math.exp(z)) end
local weighed = mf.loss.custom { labels = { -1, 1 },
                                 f = function(y, p) return (y > 0 and 3 or 1) * logistic(y * p) end,
                                 df = function(y, p) return -(y > 0 and 3 or 1) * y * share(y * p) end }
local margin = mf.loss.custom { f = function(y, p) return logistic(y * p) end,
                                df = function(y, p) return -y * share(y * p) end }
-- Not convex: the residual counts less the larger it is (Geman and McClure); its slope is flat far out.
local redescending = mf.loss.custom { f = function(y, p) return (p - y) ^ 2 / (1 + (p - y) ^ 2) end,
                                      df = function(y, p) return 2 * (p - y) / (1 + (p - y) ^ 2) ^ 2 end }

local losses = { mf.loss.square(), mf.loss.logistic(), mf.loss.huber(0.7), mf.loss.hinge(0.4), soft, weighed, margin,
                 redescending }

describe("loss", function()
  it("has the values of its formula, written here", function()
    local formulas = {
      [mf.loss.square()] = function(y, p) return (y - p) ^ 2 end,
      [mf.loss.logistic()] = function(y, p) return logistic(y * p) end,
      [mf.loss.huber(0.7)] = function(y, p)
        local u = math.abs(y - p)
        return u <= 0.7 and u * u or 0.7 * (2 * u - 0.7)
      end,
      [mf.loss.hinge(0.4)] = function(y, p)
        local u = 1 - y * p
        return u <= 0 and 0 or u < 0.4 and u * u / 0.8 or u - 0.2
      end,
      [soft] = function(y, p) return logcosh(p - y) end,
      [weighed] = function(y, p) return (y > 0 and 3 or 1) * logistic(y * p) end,
      [margin] = function(y, p) return logistic(y * p) end,
      [redescending] = function(y, p) return (p - y) ^ 2 / (1 + (p - y) ^ 2) end,
    }
    for loss, formula in pairs(formulas) do
      for _, y in ipairs { -1, 1 } do
        for _, p in ipairs { -700, -33.1, -2.3, -0.9, -0.61, 0, 0.2, 0.8, 1.1, 1.7, 40.5, 800 } do
          local expected = formula(y, p)
          assert.near(expected, loss(y, p), 2e-9 * math.max(1, math.abs(expected)), tostring(loss))
        end
      end
    end
    assert.near(logistic(-800), mf.loss.logistic()(1, -800), 1e-12) -- no overflow
    assert.same({ 0.25, 1 }, mf.loss.square()({ 1, -1 }, { 0.5, 0 }):totable())
  end)

  it("has the slope and curvature of its values, by central differences", function()
    for _, loss in ipairs(losses) do
      for _, y in ipairs { -1, 1 } do
        for _, p in ipairs { -2.3, -0.93, -0.317, 0.017, 0.21, 0.83, 1.13, 1.83 } do -- away from kinks
          local h = 1e-4
          assert.near((loss(y, p + h) - loss(y, p - h)) / (2 * h), loss:slope(y, p), 1e-7, tostring(loss))
          assert.near((loss:slope(y, p + h) - loss:slope(y, p - h)) / (2 * h), loss:curvature(y, p), 1e-6,
            tostring(loss))
        end
      end
    end
  end)

  it("knows whether it is convex, and what it depends on", function()
    for _, loss in ipairs(losses) do assert.equal(loss ~= redescending, loss.convex) end
    assert.equal("residual", soft.form)
    assert.equal("margin", margin.form)
    assert.equal("labels", weighed.form)
    assert.equal("mf.loss.huber(0.7)", tostring(mf.loss.huber(0.7)))
    assert.equal("mf.loss.custom{ of the residual, not convex }", tostring(redescending))
    assert.truthy(soft.error > 0 and soft.error < 1e-10)
  end)

  it("of one's own is held against its functions", function()
    local f = function(y, p) return (y - p) ^ 2 end
    fails("option 'df' is missing", mf.loss.custom, { f = f })
    fails("option 'f' must be a function (y, yhat) -> l, got 3", mf.loss.custom, { f = 3, df = f })
    fails("df(-1.0, 0.3) = 1.3 is not what f has there", mf.loss.custom, -- half of it, and only at y = -1
      { f = f, df = function(y, p) return (y == -1 and 1 or 2) * (p - y) end })
    fails("df is not the derivative of f in yhat", mf.loss.custom, { f = f, df = function(y, p) return p - y end })
    fails("depends neither on y - yhat nor on y yhat alone: give the values", mf.loss.custom,
      { f = function(y, p) return (y * y - p) ^ 2 end, df = function(y, p) return 2 * (p - y * y) end })
    fails("does not become a straight line as t -> ", mf.loss.custom,
      { f = function(y, p) return (p - y) ^ 4 end, df = function(y, p) return 4 * (p - y) ^ 3 end })
    fails("df is not the derivative of f near", mf.loss.custom,
      { f = f, df = function(y, p) return 2 * (p - y) end, d2f = function() return 1 end })
    fails("df(0.0, ", mf.loss.custom, { f = f, df = function() return "x" end })
    fails("option 'labels' has 9 numbers, 1 to 8 allowed", mf.loss.custom,
      { f = f, df = f, labels = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } })
    fails("delta must be positive and finite, got -1", mf.loss.huber, -1)
    fails("smoothing must be positive and finite, got 0", mf.loss.hinge, 0)
    fails("an example has y = 0, and the logistic loss takes y = 1 and y = -1", mf.loss.logistic(), 0, 1)
    fails("y = 2, and the custom loss takes its option 'labels'", weighed, 2, 1)
    fails("number 1 is nan", mf.loss.square(), 1, 0 / 0)
    fails("number 2 is nan", mf.loss.square(), { 1, 0 / 0 }, { 1, 2 })
    fails("2 numbers expected, as many as y has, got 3", mf.loss.square(), { 1, 2 }, { 1, 2, 3 })
  end)
end)

describe("sgd with a loss", function()
  local law = mf.distribution.isotropic { d = 3, delta = 0.4 }
  local function init(affine) -- plain neurons have neither a nor b
    return mf.init.gaussian { kappa = 1.3, a = affine and 0.8 or 1, b = affine and -0.2 or 0 }
  end

  it("makes the step of its slope in the place of 2 (yhat - y), plain and blocked, with batches", function()
    for _, loss in ipairs(losses) do
      for _, run in ipairs { { algorithm = "plain" }, { algorithm = "blocked", block = 4 },
                             { batch = 3, block = 6 }, { batch = 3, algorithm = "plain" } } do
        for _, o in ipairs { { loss = loss }, { loss = loss, affine = true, lambda = 0.3 } } do
          local B, eps = run.batch or 1, 0.05
          local sgd = mf.sgd { distribution = law, activation = tanh, N = 5, eps = eps, seed = 7, init = init(o.affine),
                               loss = loss, lambda = o.lambda, neuron = o.affine and "affine" or "plain",
                               batch = run.batch, block = run.block, algorithm = run.algorithm }
          local neurons = loop.neurons(sgd)
          local X, y = law:sample(5 * B, { seed = 7 })
          for k = 1, 5 do
            local rows, labels = {}, {}
            for m = 1, B do rows[m], labels[m] = X[(k - 1) * B + m]:totable(), y[(k - 1) * B + m] end
            neurons = loop.step(neurons, tanh, rows, labels, eps, o)
            sgd:step(1)
            for i, n in ipairs(loop.neurons(sgd)) do
              for c = 1, 3 do assert.near(neurons[i].w[c], n.w[c], 1e-12) end
              assert.near(neurons[i].a, n.a, 1e-12)
              assert.near(neurons[i].b, n.b, 1e-12)
            end
          end
        end
      end
    end
  end)

  it("has the bits of no loss with the square, and of the square with a wide Huber loss to rounding", function()
    local function run(loss, algorithm)
      return mf.sgd { distribution = law, activation = piecewise, N = 50, eps = 1e-3, init = init(), seed = 3,
                      loss = loss, algorithm = algorithm }:step(2000)
    end
    for _, algorithm in ipairs { "plain", "blocked" } do
      local W, square = run(nil, algorithm):weights(), run(mf.loss.square(), algorithm):weights()
      local huber = run(mf.loss.huber(1e6), algorithm):weights()
      local most = 0
      for i = 1, 50 do
        for c = 1, 3 do
          assert.equal(W[i][c], square[i][c])
          most = math.max(most, math.abs(W[i][c] - huber[i][c]))
        end
      end
      assert.truthy(most < 1e-12, most) -- 2 (y - f) against 2 (f - y), and back
    end
  end)

  it("agrees between the plain and the blocked loop after 5000 steps", function()
    for _, loss in ipairs(losses) do
      local function run(algorithm)
        return mf.sgd { distribution = law, activation = tanh, N = 45, eps = 2e-3, init = init(), seed = 5, loss = loss,
                        algorithm = algorithm }:step(5000)
      end
      local a, b = run "plain":weights(), run "blocked":weights()
      for i = 1, 45 do for c = 1, 3 do assert.near(a[i][c], b[i][c], 1e-10) end end
    end
  end)

  it("goes on from a file with the bits of a run that was never interrupted, whatever the loss", function()
    local path = os.tmpname()
    for _, loss in ipairs(losses) do
      local function new()
        return mf.sgd { distribution = law, activation = tanh, N = 7, eps = 0.01, init = init(), loss = loss }
      end
      local whole = new():step(200)
      new():step(77):save(path)
      local loaded = assert(mf.sgd.load(path))
      assert.equal(loss.kind, loaded.loss.kind)
      assert.equal(loss(1, 0.3), loaded.loss(1, 0.3))
      assert.equal(loss.convex, loaded.loss.convex)
      loaded:step(123)
      local a, b = whole:weights(), loaded:weights()
      for i = 1, 7 do for c = 1, 3 do assert.equal(a[i][c], b[i][c]) end end
    end
    os.remove(path)
  end)

  it("has the mean of the loss as its Monte Carlo risk, and says where no exact one is known", function()
    for _, loss in ipairs(losses) do
      local sgd = mf.sgd { distribution = law, activation = tanh, N = 4, eps = 0.01, init = init(), loss = loss }
      local risk, error = sgd:risk { samples = 20000, seed = 3 }
      local X, y = law:sample(20000, { seed = 11 })
      local mean, neurons = 0, loop.neurons(sgd)
      for k = 1, 20000 do
        local yhat, x = 0, X[k]
        for _, n in ipairs(neurons) do yhat = yhat + tanh(n.w[1] * x[1] + n.w[2] * x[2] + n.w[3] * x[3]) / 4 end
        mean = mean + loss(y[k], yhat) / 20000
      end
      assert.near(mean, risk, 5 * math.sqrt(2) * error) -- 5 deviations of the difference
      if loss.kind == "square" then
        assert.near(sgd:risk(), risk, 5 * error)
      else
        fails("the exact risk is known for the square loss only, and this run has the " .. loss.kind .. " loss",
          sgd.risk, sgd)
      end
    end
  end)

  it("refuses labels that the loss does not know, by name and before a step", function()
    local mixture = mf.distribution.mixture { { label = 0, mean = { 0, 0 } }, { label = 1, mean = { 1, 0 } } }
    local function new(distribution)
      return mf.sgd { distribution = distribution, activation = tanh, N = 3, eps = 0.1, init = init(),
                      loss = mf.loss.logistic() }
    end
    fails("y = 0, and the logistic loss takes y = 1 and y = -1", new, mixture)
    local sgd = new(mf.distribution.custom { d = 2, sample = function(rng) return rng:normals(2), 0.5 end })
    fails("y = 0.5, and the logistic loss", sgd.step, sgd)
    assert.equal(0, sgd.k)
    fails("y = 0.5, and the logistic loss", sgd.risk, sgd, { samples = 10 })
    fails("option 'loss' must be an mf.loss, got 3", mf.sgd,
      { distribution = law, activation = tanh, N = 3, eps = 0.1, init = init(), loss = 3 })
  end)
end)
