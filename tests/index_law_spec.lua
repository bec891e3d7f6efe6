-- Laws y = g(Ux) + noise, and SGD on them.
local mf = require "meanfield"
local law = mf.distribution.multi_index

local function g2(z1, z2) return z1 + z1 * z2 + (z2 ^ 2 - 1) / math.sqrt(2) end
local turned = { { 0.6, 0.8, 0, 0 }, { 0, 0, 1, 0 } }

local function train(options)
  local all = { activation = mf.activation.erf(), neuron = "affine", N = 30, init = mf.init.gaussian { kappa = 1 },
                eps = 1e-2, seed = 5 }
  for k, v in pairs(options) do all[k] = v end
  return mf.sgd(all)
end

local function same(a, b)
  local W, A, B = a:weights()
  local W2, A2, B2 = b:weights()
  return W == W2 and A == A2 and B == B2
end

describe("multi-index laws", function()
  -- Against the definition, through another path: the target of U x by hand, the noise as what is left.
  it("y is the target at Ux plus the noise, whose moments are those of N(0, s^2)", function()
    local n = 20000
    for _, U in ipairs { false, turned } do
      local X, y = law { d = 4, directions = 2, target = g2, noise = 0.3, U = U or nil }:sample(n)
      local rows, sum, square, along = U or { { 1, 0, 0, 0 }, { 0, 1, 0, 0 } }, 0, 0, 0
      for k = 1, n do
        local z = {}
        for i = 1, 2 do
          z[i] = 0
          for c = 1, 4 do z[i] = z[i] + rows[i][c] * X[k][c] end
        end
        local e = y[k] - g2(z[1], z[2])
        sum, square, along = sum + e, square + e * e, along + e * z[1]
      end
      -- Means of n numbers of deviations 0.3, 0.09 sqrt 2 and 0.3: five of them.
      assert.near(0, sum / n, 5 * 0.3 / math.sqrt(n))
      assert.near(0.09, square / n, 5 * 0.09 * math.sqrt(2 / n))
      assert.near(0, along / n, 5 * 0.3 / math.sqrt(n))
    end
  end)

  it("inputs: N(0, I), or the corners of the cube, all equally often", function()
    local n, count = 16000, {}
    local X = law { d = 3, target = math.abs, inputs = "hypercube" }:sample(n)
    for k = 1, n do
      local corner = 0
      for c = 1, 3 do
        assert.equal(1, math.abs(X[k][c]))
        corner = 2 * corner + (X[k][c] > 0 and 1 or 0)
      end
      count[corner] = (count[corner] or 0) + 1
    end
    -- chi^2 with 7 degrees of freedom is beyond 29.9 with probability 1e-4.
    local chi2 = 0
    for corner = 0, 7 do chi2 = chi2 + (count[corner] - n / 8) ^ 2 / (n / 8) end
    assert.is_true(chi2 < 29.9)
    local gauss = law { d = 3, target = math.abs }:sample(n)
    local sum = 0
    for k = 1, n do sum = sum + gauss[k][1] ^ 2 + gauss[k][2] ^ 2 + gauss[k][3] ^ 2 end
    assert.near(3, sum / n, 5 * math.sqrt(6 / n))
  end)

  it("the cube's values are taken once, and are those that a target asked for each example gives", function()
    local calls = 0
    local function g(z1, z2, z3) calls = calls + 1 return z1 + z1 * z2 * z3 / 3 end
    local table = law { d = 5, directions = 3, target = g, inputs = "hypercube", noise = 0.1 }
    assert.equal(8, calls)
    local asked = law { d = 5, directions = 3, target = g, inputs = "hypercube", noise = 0.1,
                        U = { { 1, 0, 0, 0, 0 }, { 0, 1, 0, 0, 0 }, { 0, 0, 1, 0, 0 } } }
    local X, y = table:sample(200)
    local X2, y2 = asked:sample(200)
    assert.is_true(X == X2 and y == y2)
    assert.equal(208, calls)
  end)

  it("blocked SGD walks the plain loop's path to 1e-10, batches, noise and both tables included", function()
    local laws = { law { d = 4, directions = 2, target = g2, noise = 0.3, U = turned },
                   law { d = 20, directions = 2, target = g2 },
                   law { d = 9, directions = 3, target = function(...) return select("#", ...) * ... end,
                         inputs = "hypercube" } }
    for _, l in ipairs(laws) do
      for _, more in ipairs { {}, { batch = 3, block = 12 }, { lambda = 0.1 } } do
        local runs = {}
        for _, algorithm in ipairs { "plain", "blocked" } do
          more.distribution, more.algorithm = l, algorithm
          runs[algorithm] = train(more):step(200)
        end
        local W, a, b = runs.plain:weights()
        local W2, a2, b2 = runs.blocked:weights()
        assert.is_true((W - W2):norm() + (a - a2):norm() + (b - b2):norm() < 1e-10)
      end
    end
  end)

  it("a Lua loop over the law's own samples is the same run", function()
    local l = law { d = 3, directions = 2, target = g2, noise = 0.2 }
    local eps, N, steps = 0.05, 7, 40
    local run = train { distribution = l, N = N, eps = eps, activation = mf.activation.tanh() }
    local W, a, b = run:weights()
    local X, y = l:sample(steps, { seed = 5 })
    for k = 1, steps do
      local t, yhat = {}, 0
      for i = 1, N do
        local z = b[i]
        for c = 1, 3 do z = z + W[i][c] * X[k][c] end
        t[i] = 1 - 2 / (math.exp(2 * z) + 1)
        yhat = yhat + a[i] * t[i] / N
      end
      for i = 1, N do
        local gain = 2 * eps * (y[k] - yhat)
        local slope = gain * a[i] * (1 - t[i] ^ 2)
        a[i], b[i] = a[i] + gain * t[i], b[i] + slope
        for c = 1, 3 do W[i][c] = W[i][c] + slope * X[k][c] end
      end
    end
    run:step(steps)
    local W2, a2, b2 = run:weights()
    assert.is_true((W - W2):norm() + (a - a2):norm() + (b - b2):norm() < 1e-12)
  end)

  it("cuts and threads change no bit", function()
    local l = law { d = 6, directions = 2, target = g2, noise = 0.2 }
    local whole = train { distribution = l, N = 300 }:step(500)
    local cut = train { distribution = l, N = 300 }
    for _, n in ipairs { 1, 7, 100, 92, 300 } do cut:step(n) end
    assert.is_true(same(whole, cut))
    local threads = mf.threads()
    mf.threads(1)
    local single = train { distribution = l, N = 300 }:step(500)
    mf.threads(threads)
    assert.is_true(same(whole, single))
  end)

  it("checkpoints hold the law; a target that is called must be given again", function()
    local path = os.tmpname()
    local cube = law { d = 6, directions = 3, target = function(a, b, c) return a + a * b * c end, inputs = "hypercube",
                       noise = 0.1 }
    local whole, run = train { distribution = cube }:step(90), train { distribution = cube }:step(40)
    run:save(path)
    assert.is_true(same(whole, assert(mf.sgd.load(path)):step(50)))
    local l = law { d = 4, directions = 2, target = g2, U = turned, noise = 0.1 }
    whole, run = train { distribution = l, batch = 2 }:step(90), train { distribution = l, batch = 2 }:step(41)
    run:save(path)
    assert.is_true(same(whole, assert(mf.sgd.load(path, { distribution = l })):step(49)))
    assert.error_matches(function() mf.sgd.load(path) end, "give it again as option 'distribution'", 1, true)
    local other = law { d = 4, directions = 2, target = g2, U = turned, noise = 0.2 }
    assert.error_matches(function() mf.sgd.load(path, { distribution = other }) end, "the same inputs, noise and U", 1,
                         true)
    os.remove(path)
  end)

  it("a damaged law in a file is refused by name", function()
    local checkpoint = dofile "tests/checkpoint.lua"
    local path = os.tmpname()
    train { distribution = law { d = 4, directions = 2, target = g2, U = turned } }:save(path)
    local bytes = checkpoint.read(path)
    -- The fields of the law: inputs, k, noise, whether U and values follow; a number of U.
    for _, change in ipairs { { 1, 2 }, { 1, 0.5 }, { 2, 0 }, { 2, 5 }, { 2, 1e300 }, { 3, -1 }, { 4, 0 }, { 4, 2 },
                              { 5, 1 }, { 6, 0.61 } } do
      checkpoint.write(path, checkpoint.changed(bytes, "law numbers", function(f)
        local at = 8 * change[1]
        f.data = f.data:sub(1, at - 8) .. string.pack("<d", change[2]) .. f.data:sub(at + 1)
      end))
      local run, message = mf.sgd.load(path)
      assert.is_nil(run)
      assert.matches("'law'", message, 1, true)
    end
    os.remove(path)
  end)

  it("risk is estimated; predictions and losses are SGD's", function()
    local l = law { d = 3, target = function(z) return z end, noise = 0.5 }
    local run = train { distribution = l, init = mf.init.gaussian { kappa = 1, a = 0 } }
    local risk, error = run:risk { samples = 20000 } -- yhat = 0: E y^2 = 1 + 0.25
    assert.near(1.25, risk, 5 * error)
    assert.near(1.25 * math.sqrt(2 / 20000), error, 0.1 * error)
    assert.error_matches(function() run:risk() end, "risk{samples=}", 1, true)
    local signs = law { d = 3, target = function(z) return z > 0 and 1 or -1 end }
    local logistic = train { distribution = signs, loss = mf.loss.logistic() }
    assert.is_true(logistic:step(2000):risk { samples = 5000 } < math.log(2) - 0.05)
    local wrong = train { distribution = l, loss = mf.loss.logistic() }
    assert.error_matches(function() wrong:step(10) end, "logistic", 1, true)
    assert.equal(0, wrong.k)
  end)

  local function exponent(k, g, options, inputs)
    return law { d = 8, directions = k, target = g, inputs = inputs }:exponent(options)
  end

  local hermite = { [0] = function() return 1 end, function(z) return z end,
                    function(z) return (z * z - 1) / math.sqrt(2) end,
                    function(z) return (z ^ 3 - 3 * z) / math.sqrt(6) end }

  it("the information exponent is the least degree, smooth or not; what counts as 0 is the tolerance", function()
    for l = 1, 3 do assert.equal(l, (exponent(1, function(z) return hermite[l](z) + 5 end))) end
    assert.equal(0, (exponent(1, function() return 5 end)))
    assert.equal(2, (exponent(1, math.abs)))
    assert.equal(1, (exponent(1, function(z) return z > 0.3 and 1 or -1 end)))
    local function mixed(z) return hermite[3](z) + 1e-4 * hermite[1](z) end
    assert.equal(1, (exponent(1, mixed)))
    assert.equal(1, (exponent(1, mixed, { tol = 0.9e-4 })))
    assert.equal(3, (exponent(1, mixed, { tol = 1.1e-4 })))
    -- E |z| h_2 = 1/sqrt(pi): what is left of it is less than the rules can tell.
    local function doubtful(z) return math.abs(z) - hermite[2](z) / math.sqrt(math.pi) end
    assert.error_matches(function() exponent(1, doubtful) end, "the coefficient of degrees (2)", 1, true)
  end)

  -- The least over all orders of the largest number of new degrees, by trying all orders.
  local function brute(monomials)
    local best = math.huge
    local function try(left, known, worst)
      if worst >= best then return end
      if #left == 0 then best = worst end
      for n = 1, #left do
        local rest, now, new = {}, {}, 0
        for m = 1, #left do if m ~= n then rest[#rest + 1] = left[m] end end
        for i, degree in ipairs(left[n]) do
          new = new + (known[i] and 0 or degree)
          now[i] = known[i] or degree > 0
        end
        try(rest, now, math.max(worst, new))
      end
    end
    try(monomials, {}, 0)
    return best
  end

  it("the leap is the least over all orders of the monomials", function()
    local g = mf.rng { seed = 4 }
    local function draw(low, high) return low + math.floor(g:uniform() * (high - low + 1)) end
    for trial = 1, 60 do
      local cube = trial % 2 == 0
      local k, monomials, seen = draw(1, 3) + (cube and 1 or 0), {}, {}
      for _ = 1, draw(1, 4) do
        local alpha, sum = {}, 0
        for i = 1, k do
          alpha[i] = math.max(0, draw(-1, cube and 1 or 3))
          sum = sum + alpha[i]
        end
        local name = table.concat(alpha, " ")
        if sum > 0 and not seen[name] then
          seen[name] = true
          monomials[#monomials + 1] = alpha
        end
      end
      local function target(...)
        local sum, z = 0.5, { ... }
        for n, alpha in ipairs(monomials) do
          local product = n * (-1) ^ n
          for i = 1, k do product = product * hermite[alpha[i]](z[i]) end
          sum = sum + product
        end
        return sum
      end
      local leap, stages = exponent(k, target, nil, cube and "hypercube" or nil)
      assert.equal(#monomials == 0 and 0 or brute(monomials), leap)
      local worst, found = 0, {}
      for _, stage in ipairs(stages) do
        worst = math.max(worst, stage.leap)
        for _, i in ipairs(stage.directions) do found[i] = not found[i] end
      end
      assert.equal(leap, worst)
      for i = 1, k do
        local needed
        for _, alpha in ipairs(monomials) do needed = needed or alpha[i] > 0 or nil end
        assert.equal(needed, found[i])
      end
    end
  end)

  it("the leap belongs to the basis", function()
    local function g(z1, z2) return z1 + z2 * z2 - 1 end
    assert.equal(2, (exponent(2, g)))
    assert.equal(1, (exponent(2, function(u, v) return g((u + v) / math.sqrt(2), (u - v) / math.sqrt(2)) end)))
  end)

  it("the exponent says what it cannot do", function()
    local function expect(text, fn) assert.error_matches(fn, text, 1, true) end
    expect("at most 6 directions, got 7", function() exponent(7, function(...) return (...) end) end)
    expect("'degree' must be an integer in [1, 47] for 2 directions, got 48", function()
      exponent(2, g2, { degree = 48 })
    end)
    expect("without 'U'", function()
      law { d = 4, directions = 2, target = g2, inputs = "hypercube", U = turned }:exponent()
    end)
    expect("got one of mf.distribution.isotropic", function()
      mf.distribution.isotropic { d = 3, delta = 0.5 }:exponent()
    end)
    expect("must be a finite number", function() exponent(1, function(z) return math.sqrt(z) end) end)
  end)

  it("shows its options, functions included", function()
    assert.equal("mf.distribution.multi_index{ d = 2, target = a function }",
                 tostring(mf.distribution.multi_index { d = 2, target = function(z) return z end }))
  end)

  -- Two routes to E g(z) a sigma(<w,x> + b): examples of the law, and nodes in z. Five deviations of a mean of n.
  it("potentials of its examples have the V of its nodes", function()
    local n, erf = 20000, mf.activation.erf()
    local l = law { d = 4, directions = 2, target = g2, U = turned, noise = 0.3 }
    local sampled = mf.potential.sampled { distribution = l, activation = erf, neuron = "affine", samples = n }
    local w, a, b = { 0.3, -0.5, 0.8, 0.4 }, 1.3, 0.2
    local theta = { w[1], w[2], w[3], w[4], a, b }
    local rho = mf.measure { x = { theta }, space = "affine" }
    local nodes = mf.potential.multi_index { distribution = l, activation = erf }
    local split = rho:multi_index(l):atoms()[1]:totable()
    local spread = a * math.sqrt(nodes.risk0) -- |sigma| <= 1
    assert.near(nodes:V(split), sampled:V(theta), 5 * spread / math.sqrt(n))
  end)

  it("neurons are projected to (a, b, m, r), by hand and by measure:multi_index", function()
    for _, U in ipairs { false, turned } do
      local l = law { d = 4, directions = 2, target = g2, U = U or nil }
      local init = mf.init.gaussian { kappa = 1, a = mf.number.normal(), b = mf.number.uniform() }
      local run = train { distribution = l, init = init }:step(100)
      local rows, rho = U or { { 1, 0, 0, 0 }, { 0, 1, 0, 0 } }, run:measure():multi_index(l)
      local W, a, b = run:weights()
      assert.equal("multi_index", rho.space)
      assert.equal(5, rho.dim)
      for j, atom in ipairs(rho:atoms():totable()) do
        local m, square = { 0, 0 }, 0
        for c = 1, 4 do
          for i = 1, 2 do m[i] = m[i] + rows[i][c] * W[j][c] end
          square = square + W[j][c] ^ 2
        end
        local r = math.sqrt(square - m[1] ^ 2 - m[2] ^ 2)
        for c, x in ipairs { a[j], b[j], m[1], m[2], r } do assert.near(x, atom[c], 1e-12) end
      end
      local pot = mf.potential.multi_index { distribution = l, activation = mf.activation.erf() }
      assert.is_true(pot:risk(rho) > 0)
    end
  end)

  -- At eps d = 0.06 SGD's own steps keep r = |w - U^T m| from shrinking: the effective dynamics say how much.
  it("SGD's projected neurons follow the effective dynamics, and not Eq. 7 alone", function()
    local l, erf = law { d = 30, directions = 2, target = g2 }, mf.activation.erf()
    local init, N, eps = mf.init.gaussian { kappa = 1, a = mf.number.uniform(), b = mf.number.uniform() }, 1000, 2e-3
    local pot = mf.potential.multi_index { distribution = l, activation = erf }
    local seen = train { distribution = l, init = init, N = N, eps = eps }:advance(1):measure():multi_index(l)
    local function limit(options)
      options.potential, options.init, options.J = pot, init, 200
      return mf.pde.particles(options):advance(1):measure()
    end
    local effective, plain = limit { eps = eps }, limit {}
    -- Five deviations of a mean over N neurons; Eq. 7 is twice as far off.
    for _, name in ipairs { "a", "b", "m1", "m2", "r" } do
      assert.near(effective:mean(name), seen:mean(name), 5 * seen:std(name) / math.sqrt(N), name)
    end
    assert.is_true(seen:mean "r" - plain:mean "r" > 10 * seen:std "r" / math.sqrt(N))
    assert.is_true(pot:risk(seen) < 2.6 and plain:mean "r" < 0.87)
  end)

  it("names what is wrong", function()
    local function expect(text, options) assert.error_matches(function() law(options) end, text, 1, true) end
    expect("option 'target' is missing", { d = 3 })
    local rho, isotropic = mf.measure { x = { { 0, 0, 1, 0 } }, space = "affine" },
      mf.distribution.isotropic { d = 2, delta = 0.5 }
    assert.error_matches(function() rho:multi_index(isotropic) end, "got one of mf.distribution.isotropic", 1, true)
    local five = law { d = 5, target = math.abs }
    assert.error_matches(function() rho:multi_index(five) end, "w has 2 coordinates, the distribution d = 5", 1, true)
    local plain = mf.measure { x = { { 0, 0 } }, space = "plain" }
    assert.error_matches(function() plain:multi_index(five) end, "got one in space 'plain'", 1, true)
    expect("option 'target' must be a function", { d = 3, target = 1 })
    expect("option 'directions' must be an integer in [1, d = 3], got 4", { d = 3, directions = 4, target = g2 })
    expect("option 'noise'", { d = 3, target = g2, noise = -1 })
    expect("option 'inputs'", { d = 3, target = g2, inputs = "sphere" })
    expect("option 'U' must be directions x d = 1 x 2, got 2 x 2", { d = 2, target = g2, U = { { 1, 0 }, { 0, 1 } } })
    expect("orthonormal rows, to 1e-8: a product of two rows is off by", { d = 2, target = g2, U = { { 1, 0.001 } } })
    expect("off by nan", { d = 2, target = g2, U = { { 1, 0 / 0 } } })
    expect("target(-1.0, -1.0) must be a finite number, got nil",
      { d = 2, directions = 2, target = function() end, inputs = "hypercube" })
    local bad = law { d = 2, target = function(z) return z > 1 and "x" or 0 end }
    assert.error_matches(function() bad:sample(100) end, "must be a finite number, got 'x'", 1, true)
    local run = train { distribution = bad }
    assert.error_matches(function() run:step(1000) end, "must be a finite number", 1, true)
    assert.equal(0, run.k)
    local broken = law { d = 2, target = function() error "mine" end }
    assert.error_matches(function() broken:sample(1) end, "mine", 1, true)
  end)
end)
