-- Data sets: epochs, SGD on them by every loop, exact risks over them and over held-out ones, their potential, files.
local mf = require "meanfield"
local two_runs = require "tests.two_runs"
local checkpoint = require "tests.checkpoint"
local plain = require "tests.plain_sgd"
local process = require "tests.process"

local dataset = mf.distribution.dataset
local tanh = mf.activation.tanh()

-- n examples of d numbers; label k is k / 8 with `count`, else +-1 or a number.
local function examples(n, d, kind, seed)
  local rng, X, y = mf.rng { seed = seed or 1 }, mf.array.zeros(n, d), mf.array.zeros(n)
  for k = 1, n do
    local x = rng:normals(d)
    for c = 1, d do X[k][c] = x[c] end
    y[k] = kind == "count" and k / 8 or kind == "sign" and (x[1] > 0.3 and 1 or -1) or tanh(2 * x[1]) - 0.2
  end
  return X, y
end

local function law(n, d, o, kind)
  local X, y = examples(n, d, kind)
  local options = { x = X, y = y }
  for name, value in pairs(o or {}) do options[name] = value end
  return dataset(options), X, y
end

local function new(o)
  local options = { activation = tanh, N = 45, eps = 5e-3, seed = 3,
                    init = mf.init.gaussian { kappa = 0.8, b = o.neuron == "affine" and 0.1 or nil } }
  for k, v in pairs(o) do options[k] = v end
  return mf.sgd(options)
end

local distance, same = two_runs.distance, two_runs.same

describe("distribution.dataset", function()
  it("visits each example once in each epoch, with its own label; in a new order, or the given one", function()
    for _, n in ipairs { 1, 2, 7, 256, 257, 1000 } do
      for _, order in ipairs { "shuffle", "cyclic" } do
        local set, X = law(n, 2, { order = order, seed = 5 }, "count")
        local x, y = set:sample(3 * n)
        local orders = {}
        for e = 0, 2 do
          local seen, list = {}, {}
          for i = 1, n do
            local k = math.tointeger(8 * y[e * n + i])
            assert.is_nil(seen[k])
            seen[k], list[i] = true, k
            assert.is_true(x[e * n + i][1] == X[k][1] and x[e * n + i][2] == X[k][2])
            if order == "cyclic" then assert.equal(i, k) end
          end
          orders[e] = table.concat(list, " ")
        end
        if order == "shuffle" and n > 20 then
          assert.is_true(orders[0] ~= orders[1] and orders[1] ~= orders[2] and orders[0] ~= orders[2])
        end
      end
    end
  end)

  it("has all orders of an epoch equally often (chi square), and pairs of places in long ones", function()
    -- 24 orders of 4 examples in 4800 epochs: chi^2 of 23 degrees exceeds 60 with probability 4e-5.
    local set, count = law(4, 1, { seed = 11 }, "count"), {}
    local _, y = set:sample(4 * 4800)
    for e = 0, 4799 do
      local key = table.concat({ y[4 * e + 1], y[4 * e + 2], y[4 * e + 3], y[4 * e + 4] }, " ")
      count[key] = (count[key] or 0) + 1
    end
    local chi, kinds = 0, 0
    for _, c in pairs(count) do chi, kinds = chi + (c - 200) ^ 2 / 200, kinds + 1 end
    assert.equal(24, kinds)
    assert.is_true(chi < 60, chi)
    -- Where example 1 of 300 comes in 3000 epochs, by tenths: chi^2 of 9 degrees exceeds 36 with probability 4e-5. The
    -- places of two examples in a row are independent but for 1/n: correlation 0 within 4.5/sqrt(3000) + 1/299.
    local n, epochs = 300, 3000
    _, y = law(n, 1, { seed = 2 }, "count"):sample(n * epochs)
    local tenth, product = {}, 0
    for i = 1, 10 do tenth[i] = 0 end
    for e = 0, epochs - 1 do
      local first, second
      for i = 1, n do
        local k = y[e * n + i] * 8
        if k == 1 then first = i elseif k == 2 then second = i end
      end
      tenth[(first - 1) * 10 // n + 1] = tenth[(first - 1) * 10 // n + 1] + 1
      product = product + (first - (n + 1) / 2) * (second - (n + 1) / 2)
    end
    chi = 0
    for i = 1, 10 do chi = chi + (tenth[i] - epochs / 10) ^ 2 / (epochs / 10) end
    assert.is_true(chi < 36, chi)
    assert.near(0, product / epochs / ((n * n - 1) / 12), 4.5 / math.sqrt(epochs) + 1 / 299)
  end)

  it("gives sample k without the others, in any direction; its own seed or the run's makes the order", function()
    for _, o in ipairs { {}, { seed = 4 }, { order = "cyclic" } } do
      local set = law(600, 3, o)
      local X, y = set:sample(2000, { seed = 8 })
      for _, k in ipairs { 2000, 1, 601, 600, 1300, 1199 } do
        local x, label = set:sample(1, { seed = 8, first = k })
        assert.is_true(X[k] == x[1] and y[k] == label[1])
      end
      local _, other = set:sample(600, { seed = 9 })
      assert.equal(next(o) ~= nil, other == y:slice(1, 600))
    end
  end)

  it("takes rows and columns in every form, and copies them", function()
    local X, y = examples(5, 2)
    local set = dataset { x = X, y = y, order = "cyclic" }
    assert.equal(5, set.n)
    assert.equal(2, set.d)
    assert.equal(set.checksum, dataset { x = X:totable(), y = y:totable() }.checksum)
    assert.equal(set.checksum, dataset { x = X, y = y:reshape(5, 1) }.checksum)
    assert.equal(set.checksum, dataset { x = X:transpose():transpose(), y = y }.checksum)
    assert.equal(1, dataset { x = { 1, 2 }, y = { 3, 4 } }.d)
    local wide = mf.array.zeros(5, 3)
    for k = 1, 5 do for c = 1, 3 do wide[k][c] = c < 3 and X[k][c] or y[k] end end
    assert.equal(set.checksum, dataset { x = X, y = wide:column(3) }.checksum)
    local before = X:copy()
    X[2][1], y[2] = 77, 78
    local x = set:sample(5)
    assert.is_true(x == before)
    assert.are_not.equal(set.checksum, dataset { x = X, y = y }.checksum)
    assert.is_nil(mf.distribution.isotropic { d = 3, delta = 0.5 }.n)
    assert.is_nil(set.options.x)
  end)

  it("names what is wrong", function()
    local X, y = examples(4, 3)
    local function expect(text, o)
      assert.error_matches(function() dataset(o) end, "mf.distribution.dataset: " .. text, 1, true)
    end
    expect("option 'x' is missing", { y = y })
    expect("option 'y' is missing", { x = X })
    expect("option 'x' must be an mf.array or a table, got 3", { x = 3, y = y })
    expect("option 'x' has 4 examples but 'y' has 3 labels", { x = X, y = { 1, 2, 3 } })
    expect("option 'y' must be one number for each example, got 4 x 3", { x = X, y = X })
    expect("option 'x': row 2 has 1 elements, the rows before it 2", { x = { { 1, 2 }, { 3 } }, y = { 1, 2 } })
    expect("option 'x': element 2 must be a number, got string", { x = { 1, "a" }, y = { 1, 2 } })
    expect("option 'x' must have 1 .. 4294967295 rows of 1 .. 10000000 numbers, got 0 x 1", { x = {}, y = {} })
    expect("option 'order' must be 'shuffle' or 'cyclic', got 'random'", { x = X, y = y, order = "random" })
    for _, bad in ipairs { 0 / 0, 1 / 0 } do
      local wrong, shown = X:copy(), bad ~= bad and "nan" or "inf"
      wrong[3][2] = bad
      expect("option 'x': number 2 of example 3 must be finite, got " .. shown, { x = wrong, y = y })
      wrong = y:copy()
      wrong[4] = bad
      expect("option 'y': number 1 of example 4 must be finite, got " .. shown, { x = X, y = wrong })
    end
  end)
end)

describe("sgd on a data set", function()
  -- Eq. 3 in Lua over the examples in the order of law:sample.
  local function by_hand(o, set, run, steps)
    local neurons, batch = plain.neurons(run), o.batch or 1
    local X, y = set:sample(steps * batch, { seed = 3 })
    for k = 1, steps do
      local rows, labels = {}, {}
      for m = 1, batch do rows[m], labels[m] = X[(k - 1) * batch + m], y[(k - 1) * batch + m] end
      neurons = plain.step(neurons, o.activation or tanh, rows, labels, 5e-3, {
        affine = o.neuron == "affine", lambda = o.lambda, loss = o.loss, fix_b = o.fix_b })
    end
    return neurons
  end

  it("takes the steps of Eq. 3 over its epochs, batches across their ends included, for every loss", function()
    for _, o in ipairs { { algorithm = "plain" }, {}, { batch = 3 },
                         { batch = 5, neuron = "affine", algorithm = "plain" },
                         { neuron = "affine", loss = mf.loss.logistic(), kind = "sign", batch = 10 },
                         { loss = mf.loss.huber(0.3), lambda = 0.1, neuron = "affine", fix_b = true } } do
      local kind = o.kind
      o.kind = nil
      o.distribution, o.N = law(7, 3, nil, kind), 4
      local run = new(o)
      local neurons = by_hand(o, o.distribution, new(o), 31)
      for _, n in ipairs { 1, 5, 25 } do run:step(n) end
      assert.near(31 * (o.batch or 1) / 7, run.epoch, 1e-12)
      local got = plain.neurons(run)
      for i, n in ipairs(neurons) do
        for c = 1, 3 do assert.near(n.w[c], got[i].w[c], 1e-12) end
        assert.near(n.a, got[i].a, 1e-12)
        assert.near(n.b, got[i].b, 1e-12)
      end
    end
  end)

  it("in blocks agrees with the plain loop to 1e-10 over many epochs, whatever block and batch", function()
    for _, c in ipairs {
      { distribution = law(7, 4) }, { distribution = law(100, 40), block = 240 },
      { distribution = law(33, 4), batch = 8, block = 24, neuron = "affine" },
      { distribution = law(50, 3, { order = "cyclic" }), batch = 20, neuron = "affine", fix_a = true },
      { distribution = law(64, 5, nil, "sign"), loss = mf.loss.logistic(), neuron = "affine", lambda = 0.1 },
      { distribution = law(64, 5), xi = function(t) return 1 / (1 + t) end, batch = 4 },
    } do
      c.algorithm = "blocked"
      local blocked = new(c):step(3001)
      c.algorithm, c.block = "plain", nil
      assert.is_true(distance(blocked, new(c):step(3001)) < 1e-10)
    end
  end)

  it("has the same bits however it is cut, beside other runs on the data, and on any number of threads", function()
    local set, threads = law(37, 3), mf.threads()
    for _, c in ipairs { {}, { algorithm = "plain" }, { batch = 4, precision = "single" },
                         { beta = 50, lambda = 0.1 } } do
      c.distribution = set
      local whole, cut, other = new(c):step(200), new(c), new { distribution = set, seed = 9 }
      for _, n in ipairs { 1, 2, 36, 1, 37, 38, 0, 85 } do
        cut:step(n):risk()
        other:step(1)
        set:sample(1, { first = 500 })
      end
      assert.is_true(same(whole, cut))
    end
    local big = { distribution = set, N = 10001 }
    mf.threads(1)
    local one = new(big):step(60)
    local risk = one:risk()
    mf.threads(3)
    local three = new(big):step(60)
    assert.is_true(same(one, three) and risk == three:risk())
    mf.threads(threads)
  end)

  it("keeps the data alive, and its examples in one place", function()
    local run = new { distribution = law(2000, 50) }
    collectgarbage() collectgarbage()
    local before = collectgarbage "count"
    local runs = {}
    for i = 1, 20 do runs[i] = new { distribution = run.options.distribution, seed = i, N = 1 }:step(100) end
    assert.equal(100, runs[20].k)
    -- twenty runs hold 8 kB of order each, not 800 kB of numbers
    assert.is_true(collectgarbage "count" - before < 20 * 150)
    assert.is_true(run:step(4000):risk() < 1)
  end)

  -- Means over the examples, in Lua.
  local function mean_loss(run, X, y, loss)
    local yhat, sum = run:predict(X), 0
    for k = 1, #y do sum = sum + (loss and loss(y[k], yhat[k]) or (y[k] - yhat[k]) ^ 2) end
    return sum / #y
  end

  it("knows its risk exactly, that over examples held out, and that under any other law", function()
    local X, y = examples(130, 4, "sign", 77)
    local test = dataset { x = X, y = y }
    for _, o in ipairs { {}, { neuron = "affine" }, { neuron = "affine", loss = mf.loss.logistic() },
                         { loss = mf.loss.hinge(0.2) }, { activation = mf.activation.custom(math.atan), N = 200 } } do
      local set, Xt, yt = law(65, 4, nil, "sign")
      o.distribution = set
      local run = new(o):step(333)
      local risk, error = run:risk()
      assert.near(mean_loss(run, Xt, yt, o.loss), risk, 1e-13)
      assert.is_true(error > 0 and error < (o.activation and 1e-8 or 1e-12), error)
      assert.near(mean_loss(run, X, y, o.loss), run:risk { distribution = test }, 1e-13)
      local pot = mf.potential.sampled { distribution = test, activation = o.activation or tanh, neuron = o.neuron,
                                         loss = o.loss }
      assert.near(pot:risk(run:measure()), run:risk { distribution = test }, 1e-13)
    end
    local gauss = mf.distribution.isotropic { d = 4, delta = 0.5 }
    local run, twin = new { distribution = law(65, 4) }, new { distribution = gauss }
    assert.equal(twin:risk(), run:risk { distribution = gauss })
    assert.equal((twin:risk { samples = 1000 }), (run:risk { distribution = gauss, samples = 1000 }))
    local custom = mf.distribution.custom { d = 4, sample = function(g) return g:normals(4), 1 end }
    assert.equal((new { distribution = custom }:risk { samples = 500 }),
                 (run:risk { distribution = custom, samples = 500 }))
  end)

  it("says what risk it does not have, and where sigma ends", function()
    local run = new { distribution = law(20, 4) }
    local function expect(text, o) assert.error_matches(function() run:risk(o) end, text, 1, true) end
    expect("leave out 'samples'", { samples = 10 })
    expect("must have the run's d = 4, got d = 3", { distribution = mf.distribution.isotropic { d = 3, delta = 0.5 } })
    local ranged = mf.activation.custom { f = math.sin, range = { -4, 4 } }
    local far = dataset { x = mf.array.ones(70, 4) * 100, y = mf.array.ones(70) }
    run = new { distribution = law(20, 4), activation = ranged, N = 3 }
    expect("[-4, 4]", { distribution = far })
    run = new { distribution = law(20, 4, nil, "sign"), loss = mf.loss.logistic() }
    expect("0.3", { distribution = dataset { x = { { 1, 2, 3, 4 } }, y = { 0.3 } } })
    expect("give 'samples'", { distribution = mf.distribution.isotropic { d = 4, delta = 0.5 } })
    assert.error_matches(function() new { distribution = law(20, 4), loss = mf.loss.logistic() } end, "logistic", 1,
      true)
  end)

  it("Ctrl-C stops a risk over many examples", function()
    local script = [[local mf = require "meanfield"
      local set = mf.distribution.dataset { x = mf.array.ones(20000, 200), y = mf.array.ones(20000) }
      local run = mf.sgd { distribution = set, activation = mf.activation.tanh(), N = 50000,
                           init = mf.init.gaussian { kappa = 1 }, eps = 1e-3 } ]] .. process.ctrl_c(0.8) .. "run:risk()"
    local result = process.run(process.quote(process.host) .. " -e " .. process.quote(script))
    assert.matches("sgd:risk: interrupted", result.err)
    process.clean()
  end)
end)

describe("the potential of a data set", function()
  it("is that of its examples, each of weight 1/n", function()
    local set, X, y = law(41, 3)
    local order = {} -- the examples in turn, the same when asked for again
    local fed = mf.distribution.custom { d = 3, sample = function(rng)
      local u = rng:uniform()
      if not order[u] then order.n = (order.n or 0) + 1 order[u] = order.n end
      return X[order[u]], y[order[u]]
    end }
    for _, o in ipairs { {}, { neuron = "affine" }, { neuron = "affine", loss = mf.loss.huber(0.5) } } do
      local options = { activation = tanh, samples = 41, distribution = fed, neuron = o.neuron, loss = o.loss }
      local copied = mf.potential.sampled(options)
      options.distribution, options.samples = set, nil
      local shared = mf.potential.sampled(options)
      assert.equal(41, shared.options.samples)
      local rho = new { distribution = set, neuron = o.neuron }:measure()
      assert.equal(copied:risk(rho), shared:risk(rho))
      local theta = { 0.3, -0.4, 1, 0.7, 0.2 }
      if not o.neuron then theta[4], theta[5] = nil, nil end
      assert.is_true(copied:grad_psi(theta, rho) == shared:grad_psi(theta, rho))
    end
    assert.error_matches(function() mf.potential.sampled { distribution = set, activation = tanh, samples = 40 } end,
      "taken whole: leave out 'samples' (it has 41, got 40)", 1, true)
    assert.error_matches(function()
      mf.potential.sampled { distribution = mf.distribution.isotropic { d = 3, delta = 0.5 }, activation = tanh }
    end, "option 'samples' is missing", 1, true)
  end)

  it("lives on when only its solver does", function()
    local pde = mf.pde.particles { potential = mf.potential.sampled { distribution = law(300, 4), activation = tanh },
                                   init = mf.init.gaussian { kappa = 1 }, J = 20 }
    collectgarbage() collectgarbage()
    local before = pde:risk()
    assert.is_true(pde:advance(0.5):risk() < before)
  end)

  -- Many epochs are SGD on the empirical law: at N neurons and step eps its risk is the PDE's up to order eps and 1/N
  -- in the mean, and chance of order sqrt(eps + 1/N), which eight seeds measure. Bound: 4.5 standard errors, and for
  -- the mean what half the step and twice the neurons change (first order in both: as much as is left).
  it("is what SGD follows over many epochs", function()
    local set = law(60, 3)
    local pot = mf.potential.sampled { distribution = set, activation = tanh, neuron = "affine" }
    local init = mf.init.gaussian { kappa = 0.5, a = 1, b = 0 }
    local pde = mf.pde.particles { potential = pot, init = init, J = 1000, tol = 1e-6 }
    local limit = pde:advance(2):risk()
    assert.is_true(limit < 0.5 * pot:risk(mf.pde.particles { potential = pot, init = init, J = 1000 }:measure()))
    local function mean(N, eps)
      local sum, square = 0, 0
      for seed = 1, 8 do
        local run = new { distribution = set, neuron = "affine", N = N, eps = eps, init = init, seed = seed }
        local risk = run:advance(2):risk()
        sum, square = sum + risk / 8, square + risk * risk / 8
      end
      return sum, math.sqrt((square - sum * sum) / 7)
    end
    local coarse, fine, deviation = (mean(200, 4e-3)), mean(400, 2e-3)
    assert.near(limit, fine, 4.5 * deviation + math.abs(fine - coarse))
  end)
end)

describe("files of runs on a data set", function()
  local path = os.tmpname()
  teardown(function() os.remove(path) end)

  it("go on to the bit when the data are given again", function()
    local set = law(37, 3)
    for _, c in ipairs { {}, { algorithm = "plain", neuron = "affine" }, { batch = 4, block = 40 },
                         { precision = "single" }, { lambda = 0.1, beta = 100 } } do
      c.distribution = set
      local whole, part = new(c):step(170), new(c):step(99)
      part:save(path)
      local loaded = mf.sgd.load(path, { distribution = law(37, 3) })
      assert.is_true(same(part, loaded) and part:risk() == loaded:risk())
      assert.near(99 * (c.batch or 1) / 37, loaded.epoch, 1e-12)
      assert.is_true(same(whole, loaded:step(71)))
    end
  end)

  it("want the same data in the same order, and say what differs", function()
    local set, X, y = law(37, 3, { seed = 5 })
    new { distribution = set }:step(50):save(path)
    local function expect(text, given)
      assert.error_matches(function() mf.sgd.load(path, { distribution = given }) end,
        "mf.sgd.load: the run was made with " .. text, 1, true)
    end
    expect "a data set, which is not in the file: give it again as option 'distribution'"
    expect("a data set, which is not", mf.distribution.isotropic { d = 3, delta = 0.5 })
    expect("another data set: it had 37 examples of 3 numbers, not 36 of 3", law(36, 3, { seed = 5 }))
    expect("another data set: it had 37 examples of 3 numbers, not 37 of 2", law(37, 2, { seed = 5 }))
    expect("another data set: it had seed = 5, not 6", law(37, 3, { seed = 6 }))
    expect("another data set: it had a seed of its own", law(37, 3))
    expect("another data set: it had order = 'shuffle', not 'cyclic'", law(37, 3, { order = "cyclic", seed = 5 }))
    local changed = y:copy()
    changed[37] = changed[37] + 1e-15
    expect("another data set: its examples had the checksum " .. set.checksum, dataset { x = X, y = changed, seed = 5 })
  end)

  it("that are hostile are refused", function()
    local set = law(37, 3, { seed = 5 })
    new { distribution = set }:step(5):save(path)
    local bytes = checkpoint.read(path)
    local function refused(numbers)
      checkpoint.write(path, checkpoint.changed(bytes, "law numbers", function(f)
        f.data = string.pack(("d"):rep(#numbers), table.unpack(numbers))
        f.rows = #numbers
      end))
      local ok, run, message = pcall(mf.sgd.load, path, { distribution = set })
      assert.is_true(not ok and run:find "another data set" ~= nil or run == nil and message:find "law" ~= nil)
    end
    local right = { string.unpack(("d"):rep(7), checkpoint.field(bytes, "law numbers").data) }
    right[8] = nil
    assert.equal(37, right[1])
    for i = 1, 7 do
      for _, bad in ipairs { -1, 0.5, 2 ^ 32, 2 ^ 60, right[i] + 1 } do
        local numbers = { table.unpack(right) }
        numbers[i] = bad
        refused(numbers)
      end
    end
    refused { 37 }
    refused { table.unpack(right, 1, 6) }
    checkpoint.write(path, checkpoint.changed(bytes, "loss", function(f) f.data, f.cols = "logistic", 8 end))
    local ok, run = pcall(mf.sgd.load, path, { distribution = set })
    assert.is_true(not ok or not run)
  end)
end)
