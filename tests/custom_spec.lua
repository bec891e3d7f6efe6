-- mf.potential.custom: feature maps in Lua, against the native potential that they repeat and against closed forms;
-- functions that are wrong, misbehave, or are interrupted.
local mf = require "meanfield"
local process = require "tests.process"

local tanh = mf.activation.tanh()

local function random(n, d, seed) return mf.array(mf.rng { seed = seed }:normals(n * d)):reshape(n, d) end

-- Neurons a tanh(<w,x> + b) (affine) or tanh<w,x> on n examples: f_k = response to x_k / sqrt(n), b_k = -y_k / sqrt(n),
-- by array operations; and the native potential of the same examples.
local function responses(n, d, affine)
  local X, y, root = random(n, d, 1), mf.array.zeros(n), math.sqrt(n)
  for k = 1, n do y[k] = tanh(2 * X[k][1]) - 0.3 end
  local Xt = X:transpose()
  local function seen(theta) -- sigma and sigma' at all examples
    local J = #theta
    local w = theta
    if affine then w = mf.array.zeros(J, d):map(function(_, j, c) return theta[j][c] end) end
    local Z = w:matmul(Xt)
    if affine then Z = Z:map(function(z, j) return z + theta[j][d + 2] end) end
    return Z:map(function(z) return tanh(z) end), Z:map(function(z) return tanh:derivative(z) end)
  end
  local calls = { features = 0, gradient = 0 }
  local options = { dim = d + (affine and 2 or 0), rank = n, b = y * (-1 / root), risk0 = y:dot(y) / n,
    space = affine and "affine" or "plain",
    features = function(theta)
      calls.features = calls.features + 1
      local s = seen(theta)
      return s:map(function(v, j) return (affine and theta[j][d + 1] or 1) * v / root end)
    end,
    gradient = function(theta, g)
      calls.gradient = calls.gradient + 1
      local s, slope = seen(theta)
      local a = function(j) return affine and theta[j][d + 1] or 1 end
      local tilt = slope:map(function(v, j, k) return a(j) * v * g[k] / root end)
      local G = tilt:matmul(X)
      if not affine then return G end
      local da, db = s:matmul(g:reshape(n, 1)), tilt:sum(2)
      return mf.array.zeros(#theta, d + 2):map(function(_, j, c)
        return c <= d and G[j][c] or c == d + 1 and da[j][1] / root or db[j]
      end)
    end }
  local native = mf.potential.sampled { distribution = mf.distribution.dataset { x = X, y = y }, activation = tanh,
                                        neuron = options.space }
  return mf.potential.custom(options), native, calls, options
end

-- f(t) = (sin t, cos 2t): V = -0.5 sin t + 0.2 cos 2t.
local function waves(o)
  local options = { dim = 1, rank = 2, b = { -0.5, 0.2 },
    features = function(theta)
      return mf.array.zeros(#theta, 2):map(function(_, j, k)
        return k == 1 and math.sin(theta[j][1]) or math.cos(2 * theta[j][1])
      end)
    end,
    gradient = function(theta, g)
      return mf.array.zeros(#theta, 1):map(function(_, j)
        return g[1] * math.cos(theta[j][1]) - 2 * g[2] * math.sin(2 * theta[j][1])
      end)
    end }
  for name, value in pairs(o or {}) do options[name] = value end
  return mf.potential.custom(options)
end

local points = mf.measure { x = { 0.1, 0.5, 1, 2 } }

describe("potential.custom", function()
  it("is V, U, R, Psi of its features: closed forms", function()
    local pot = waves()
    assert.same({ "custom", "free", 1, 2 }, { pot.kind, pot.space, pot.dim, pot:rank() })
    assert.near(0.29, pot.risk0, 1e-15) -- |b|^2
    local s, c = 0, 0
    for _, t in ipairs { 0.1, 0.5, 1, 2 } do s, c = s + math.sin(t) / 4, c + math.cos(2 * t) / 4 end
    assert.near((s - 0.5) ^ 2 + (c + 0.2) ^ 2, pot:risk(points), 1e-15)
    for _, t in ipairs { -1, 0, 0.3, 7 } do
      assert.near(-0.5 * math.sin(t) + 0.2 * math.cos(2 * t), pot:V(t), 1e-15)
      assert.near(-0.5 * math.cos(t) - 0.4 * math.sin(2 * t), pot:grad_V(t), 1e-15)
      assert.near(math.sin(t) * math.sin(2) + math.cos(2 * t) * math.cos(4), pot:U(t, 2), 1e-15)
      assert.near((s - 0.5) * math.sin(t) + (c + 0.2) * math.cos(2 * t), pot:psi(t, points), 1e-15)
      assert.near((s - 0.5) * math.cos(t) - 2 * (c + 0.2) * math.sin(2 * t), pot:grad_psi(t, points), 1e-15)
    end
    assert.near(1 - 4 * 0, waves { risk0 = 1 }:risk(points) - pot:risk(points) + 0.29, 1e-14)
    local weighted = mf.measure { x = { 0, 1 }, weights = { 3, 1 } }
    s, c = math.sin(1) / 4, 3 / 4 + math.cos(2) / 4
    assert.near((s - 0.5) ^ 2 + (c + 0.2) ^ 2, pot:risk(weighted), 1e-15)
  end)

  it("repeats a native potential in every solver", function()
    for _, affine in ipairs { false, true } do
      local own, native = responses(12, 3, affine)
      local init = mf.init.gaussian { kappa = 0.8, a = 1, b = affine and 0.1 or 0 }
      local function both(what, tolerance)
        local left, right = what(own), what(native)
        for i = 1, #left do
          assert.near(right[i], left[i], tolerance * (1 + math.abs(right[i])), ("%d, affine %s"):format(i, affine))
        end
      end
      local theta = mf.array(random(1, own.dim, 5)[1])
      local rho = mf.pde.particles { potential = native, init = init, J = 8, seed = 3 }:measure()
      both(function(pot)
        local g = pot:grad_psi(theta, rho)
        return { pot:V(theta), pot:risk(rho), pot:risk(rho, 10), pot:self(rho), pot:psi(theta, rho), g[1], g[3] }
      end, 1e-12)
      both(function(pot) -- as the native one: drawn from init, with rates of their own, with noise
        local out = {}
        for _, o in ipairs { {}, { lambda = 0.1, xi = mf.schedule.power(-0.25) }, { beta = 20, step = 0.01 },
                             { rates = { w = 0.5 }, scale = 2, birth_death = 0.3 } } do
          o.potential, o.init, o.J = pot, init, 12
          local pde = mf.pde.particles(o)
          out[#out + 1] = pde:advance(0.5):risk()
          if not o.beta then out[#out + 1] = pde:dissipation() end
        end
        return out
      end, 1e-9)
      both(function(pot)
        local pde = mf.pde.particles { potential = pot, init = init, J = 8, tol = 1e-10 }
        return { pde:advance(1):fluctuations { observable = "risk" }.variance }
      end, 1e-5) -- second derivatives by differences of the gradient, here and there
      both(function(pot)
        local rates = mf.stability.spectrum { potential = pot, measure = rho }.rates
        local point = mf.stability.point_mass { potential = pot, theta = theta, measure = nil }
        return { rates[1], rates[#rates], point.residual, point.H0[1][1], point.H0[1][2] }
      end, 1e-6)
    end
    local own, native = responses(20, 2)
    local box = { { -3, 3 }, { -3, 3 } }
    local found, truth = mf.optimum { potential = own, box = box }, mf.optimum { potential = native, box = box }
    assert.near(truth.risk, found.risk, 1e-9)
    assert.is_true(found.gap < 1e-8)
  end)

  it("starts where SGD of its space does, and takes its measures", function()
    local own, native, _, options = responses(20, 3, true)
    local init = mf.init.gaussian { kappa = 0.8, a = 1, b = 0 }
    local a = mf.pde.particles { potential = own, init = init, J = 9, seed = 4 }:measure()
    local b = mf.pde.particles { potential = native, init = init, J = 9, seed = 4 }:measure()
    for c = 1, 5 do assert.is_true(a:coordinate(c) == b:coordinate(c)) end
    local sgd = mf.sgd { distribution = native.options.distribution, activation = tanh, neuron = "affine", N = 30,
                         init = init, eps = 1e-2 }
    assert.near(sgd:advance(1):risk(), own:risk(sgd:measure()), 1e-12)
    options.space = "free"
    assert.error_matches(function() mf.potential.custom(options):risk(sgd:measure()) end, "the space 'free'", 1, true)
  end)

  it("has the Gibbs law and the minimising movements of its one coordinate", function()
    local pot, beta, lambda = waves(), 8, 0.2
    local gibbs = mf.gibbs { potential = pot, beta = beta, lambda = lambda }
    local rho = gibbs:measure()
    assert.is_true(gibbs.gap < 1e-10)
    local function density(t) return math.exp(-beta * (pot:psi(t, rho) + lambda * t * t / 2)) end
    for _, t in ipairs { -2, -0.5, 1, 3 } do -- Eq. 21
      assert.near(density(t) / density(0), gibbs:density(t) / gibbs:density(0), 1e-8)
    end
    local start = mf.measure { x = mf.array.linspace(-1, 2, 60) }
    local limit = mf.pde.particles { potential = pot, measure = start }:advance(0.3):risk()
    local function off(tau) -- of first order in tau
      return mf.pde.jko { potential = pot, measure = start, J = 60, tau = tau }:advance(0.3):risk() - limit
    end
    local coarse, fine = off(4e-3), off(2e-3)
    assert.near(2, coarse / fine, 0.2)
  end)

  it("says by name what a custom potential has not", function()
    local pot = waves()
    local function expect(text, fn) assert.error_matches(fn, text, 1, true) end
    expect("step noise of a custom potential", function() pot:step_noise(0.3, points) end)
    expect("step noise of a custom potential", function()
      mf.pde.particles { potential = pot, measure = points, eps = 1e-3 }
    end)
    expect("give the option 'measure'", function()
      mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 1 } }
    end)
    expect("mf.gibbs: option 'potential' lies in the full space", function()
      mf.gibbs { potential = responses(5, 2), beta = 1, lambda = 1 }
    end)
    expect("one radius", function() mf.pde.grid { potential = pot, measure = points, beta = 1, lambda = 1 } end)
  end)

  it("asks twice for a force, whatever the number of particles", function()
    local asked
    for _, J in ipairs { 2, 200 } do
      local own, _, calls = responses(5, 2)
      local pde = mf.pde.particles { potential = own, init = mf.init.gaussian { kappa = 1 }, J = J, step = 0.1 }
      pde:advance(0.1)
      local features, gradient = calls.features, calls.gradient
      pde:advance(0.4)
      asked = asked or { calls.features - features, calls.gradient - gradient }
      assert.same(asked, { calls.features - features, calls.gradient - gradient })
      assert.equal(asked[1], asked[2]) -- a mean and a field
      assert.is_true(asked[1] <= 3 * 7)
    end
  end)

  it("has the same bits on any number of threads, in a coroutine, and from a file", function()
    local path, threads = os.tmpname(), mf.threads()
    local init = mf.init.gaussian { kappa = 1 }
    local function start()
      return mf.pde.particles { potential = (responses(9, 2)), init = init, J = 300, step = 0.1 }
    end
    local want = start():advance(0.3):risk()
    mf.threads(1)
    assert.equal(want, start():advance(0.3):risk())
    mf.threads(threads)
    local pde = start()
    coroutine.wrap(function() pde:advance(0.1) end)()
    pde:save(path)
    assert.equal(want, pde:advance(0.3):risk())
    assert.equal(want, mf.pde.load(path, { potential = (responses(9, 2)) }):advance(0.3):risk())
    assert.error_matches(function() mf.pde.load(path, { potential = (responses(8, 2)) }) end, "mf.pde.load", 1, true)
    os.remove(path)
  end)
end)

describe("the gradient of a custom potential", function()
  -- Features of (p, q): p^2 q, sin q.
  local function two(gradient)
    return mf.potential.custom { dim = 2, rank = 2, b = { 1, 1 }, gradient = gradient, features = function(t)
      return t:map(function(_, j, k) return k == 1 and t[j][1] ^ 2 * t[j][2] or math.sin(t[j][2]) end)
    end }
  end
  local function right(t, g)
    return t:map(function(_, j, c)
      return c == 1 and 2 * g[1] * t[j][1] * t[j][2] or g[1] * t[j][1] ^ 2 + g[2] * math.cos(t[j][2])
    end)
  end

  it("is held against differences of the features once, and an error names coordinate, place and values", function()
    local asked = {}
    local pot = two(function(t, g)
      asked[#asked + 1] = #t
      return right(t, g)
    end)
    local some = { { 0.3, 0.4 }, { 1, -2 }, { 5, 6 }, { 100, 1e-3 } }
    pot:grad_V(some)
    pot:grad_V(some)
    assert.same({ 1, 1, 1, 4, 4 }, asked)
    for c = 1, 2 do
      local bad = two(function(t, g)
        return right(t, g):map(function(v, _, at) return at == c and (c == 1 and 1.001 * v or v + 1e-3) or v end)
      end)
      for _ = 1, 2 do -- and is not forgotten
        assert.error_matches(function() bad:grad_V { 0.3, 0.4 } end,
          "pot:grad_V: the custom gradient has d/dtheta_" .. c .. " <g, f> = %-?[%d.]+ at theta = %(0.3, 0.4%), "
          .. "but differences of the features are %-?[%d.]+")
      end
      assert.is_number(bad:V { 0.3, 0.4 })
      assert.error_matches(function()
        mf.pde.particles { potential = bad, measure = mf.measure { x = { { 0.3, 0.4 } } } }:advance(1)
      end, "pde:advance: the custom gradient has d/dtheta_" .. c, 1, true)
    end
  end)

  it("may be either side's at a kink", function()
    for _, side in ipairs { 0, 0.5, 1 } do
      local pot = mf.potential.custom { dim = 1, rank = 1, b = { 1 },
        features = function(t) return t:map(function(v) return math.max(v, 0) end) end,
        gradient = function(t, g)
          return t:map(function(v) return g[1] * (v > 0 and 1 or v == 0 and side or 0) end)
        end }
      assert.equal(side, pot:grad_V(0))
    end
  end)
end)

describe("functions of a custom potential", function()
  teardown(process.clean)

  local own = {}
  local function fails(deed, text)
    local armed = false
    local native = waves().options
    local pot = waves { features = function(theta)
      if armed then return deed(theta) end
      return native.features(theta)
    end }
    local pde = mf.pde.particles { potential = pot, measure = points }:advance(0.5)
    local before, t = pde:risk(), pde.t
    for _, use in ipairs { function() pde:advance(1) end, function() pot:V(0.3) end, function() pot:risk(points) end,
                           function() mf.optimum { potential = pot, box = { { -3, 3 } } } end,
                           function() mf.gibbs { potential = pot, beta = 3, lambda = 1 } end,
                           function() mf.stability.spectrum { potential = pot, measure = points } end,
                           function() pde:fluctuations { observable = "risk" } end } do
      armed = true
      local ok, message = pcall(use)
      armed = false
      assert.is_false(ok)
      if text then assert.truthy(tostring(message):find(text, 1, true), message) else assert.equal(own, message) end
      assert.equal(t, pde.t)
      assert.equal(before, pde:risk())
    end
    local twin = mf.pde.particles { potential = waves(), measure = points }:advance(0.5)
    assert.equal(twin:advance(1):risk(), pde:advance(1):risk())
    return pot
  end

  it("may raise: the error comes out as it is, and everything goes on as if nothing had been", function()
    fails(function() error "on purpose" end, "on purpose")
    fails(function() error(own) end)
    fails(function() local x = nil; return x.y end, "attempt to index a nil value")
    fails(function() coroutine.yield() end, "attempt to yield")
    local pot = waves { features = function() local function f() return 1 + f() end return f() end }
    assert.error_matches(function() pot:V(0.3) end, "stack overflow", 1, true)
  end)

  it("must answer with finite numbers in the right shape", function()
    fails(function() end, "mf.potential.custom: features must return an mf.array or a table, got nil")
    fails(function() return 0 / 0 end, "features must return an mf.array or a table, got nan")
    fails(function(theta) return mf.array.zeros(#theta, 3) end, "features must return n x rank = ")
    fails(function(theta) return mf.array.zeros(#theta) end, "features must return n x rank = ")
    fails(function(theta) return mf.array.zeros(#theta + 1, 2) end, "features must return n x rank = ")
    fails(function() return { { 1, 2 }, { 3 } } end, "row 2 has 1 elements")
    fails(function(theta) return mf.array.ones(#theta, 2) * (0 / 0) end, "custom feature 1 of 2 is nan at theta = (")
    fails(function(theta) return mf.array.ones(#theta, 2) * math.huge end, "feature 1 of 2 is inf at theta = (")
    local pot = waves { gradient = function(theta) return theta * math.huge end }
    local text = "pot:grad_V: the custom gradient's coordinate 1 of 1 is inf at theta = (0.5)"
    assert.error_matches(function() pot:grad_V(0.5) end, text, 1, true)
    pot = waves { gradient = function(theta) return mf.array.zeros(#theta, 2) end }
    assert.error_matches(function() pot:grad_V(0.5) end, "gradient must return n x dim = 1 x 1 numbers, got 1 x 2",
      1, true)
  end)

  it("cannot use what is at work", function()
    local pot, pde
    local function deed(use)
      return function(theta)
        use()
        return mf.array.zeros(#theta, 2)
      end
    end
    for text, use in pairs {
      ["this potential is at work"] = function() pot:V(1) end, ["potential is at work"] = function() pde:risk() end,
    } do
      pot = waves { features = deed(use) }
      pde = mf.pde.particles { potential = waves(), measure = points }
      pde = mf.pde.particles { potential = pot, measure = points }
      assert.error_matches(function() pot:V(0.3) end, text, 1, true)
    end
    local outer
    local busy = waves { features = function(theta)
      if outer then outer:measure() end
      return mf.array.zeros(#theta, 2)
    end, gradient = function(theta) return theta * 0 end }
    local solver = mf.pde.particles { potential = busy, measure = points }
    outer = solver
    assert.error_matches(function() solver:advance(1) end, "this mf.pde solver is busy", 1, true)
    -- another potential is free to be used, and its errors pass through both
    local inner = waves()
    assert.equal(0, waves { features = function(theta)
      inner:V(theta:column(1))
      return mf.array.zeros(#theta, 2)
    end }:V(0.3))
    inner = waves { features = function() error(own) end }
    local ok, message = pcall(function()
      waves { features = function(theta) return inner:V(theta) end }:V(0.3)
    end)
    assert.is_true(not ok and message == own)
  end)

  it("may not resume or close the coroutine that they run in", function()
    local co
    local function make()
      return waves { features = function(theta)
        co = coroutine.running()
        assert(not coroutine.resume(co))
        assert(not pcall(coroutine.close, co))
        return mf.array.zeros(#theta, 2)
      end }
    end
    local pot = make()
    assert.equal(0, pot:V(0.3))
    assert.is_false(coroutine.resume(co))
    assert.error_matches(function() pot:V(0.3) end, "resumed or closed by others", 1, true)
    pot = make()
    pot:V(0.3)
    coroutine.close(co)
    assert.error_matches(function() pot:V(0.3) end, "resumed or closed by others", 1, true)
  end)

  it("keep what they need, and solvers keep them: garbage collection at every call", function()
    local made = 0
    local function start()
      local table_of_mine = { 1, 1 }
      return mf.pde.particles { measure = points, potential = waves { features = function(theta)
        collectgarbage()
        made = made + 1
        local F = mf.array.zeros(#theta, 2)
        for j = 1, #theta do F[j][1], F[j][2] = table_of_mine[1] * math.sin(theta[j][1]), math.cos(2 * theta[j][1]) end
        return F
      end } }
    end
    local pde = start()
    collectgarbage() collectgarbage()
    local want = mf.pde.particles { potential = waves(), measure = points }:advance(0.2):risk()
    assert.equal(want, pde:advance(0.2):risk())
    assert.is_true(made > 10)
    local pot = waves { features = function(theta) -- closed on the way
      local _ <close> = pot -- luacheck: ignore
      return mf.array.zeros(#theta, 2)
    end }
    assert.equal(0, pot:V(0.3))
    do
      local closed <close> = waves()
      pde = mf.pde.particles { potential = closed, measure = points }
    end
    assert.equal(want, pde:advance(0.2):risk())
    for _ = 1, 200 do waves():V(0.1) end
    collectgarbage() collectgarbage()
    local before = collectgarbage "count"
    for _ = 1, 2000 do waves():V(0.1) end
    collectgarbage() collectgarbage()
    assert.is_true(collectgarbage "count" - before < 100)
  end)

  local script = [[local mf = require "meanfield"
    local slow = false
    local pot = mf.potential.custom { dim = 1, rank = 1, b = { 1 }, features = function(theta)
      while slow do end
      return theta
    end, gradient = function(theta, g) return theta * 0 + g[1] end }
    local m = mf.measure { x = { 1, 2 } }
    local pde = mf.pde.particles { potential = pot, measure = m }:advance(0.1)
    slow = true ]]

  it("are stopped by Ctrl-C in the host, in long loops and short ones", function()
    for _, use in ipairs { "pde:advance(1)", "pot:V(1)", "coroutine.wrap(function() pot:V(1) end)()",
                           "pcall(pot.V, pot, 1) while true do end" } do
      local result = process.run(process.quote(process.host) .. " -e "
        .. process.quote(script .. process.ctrl_c(0.1) .. use))
      assert.matches("interrupted", result.err, use)
      assert.equal(130, result.code)
    end
  end)

  it("are stopped by Ctrl-C in a stock lua5.4, and what they belong to is usable", function()
    for _, use in ipairs { "pde.advance, pde, 1", "pot.V, pot, 1" } do
      local text = script .. process.ctrl_c(0.6) .. "print(pcall(" .. use .. ")) slow = false print(pde:advance(0.2).t)"
      local runtime = "LD_PRELOAD=\"$(gcc -print-file-name=libasan.so)\" ASAN_OPTIONS=detect_leaks=0 "
      local result = process.run(("%stimeout 60 env LUA_CPATH='%s/?.so' lua5.4 -e %s"):format(
        process.sanitized and runtime or "", process.build, process.quote(text)))
      assert.matches("^false\t[^\n]*interrupted\n0.2\n$", result.out, result.err)
    end
  end)
end)

describe("mf.potential.custom", function()
  it("names what is wrong with its options", function()
    local function expect(text, o)
      assert.error_matches(function() waves(o) end, "mf.potential.custom: " .. text, 1, true)
    end
    expect("option 'dim' must be an integer in [1, 1e+06], got 0", { dim = 0 })
    expect("option 'rank' must be an integer in [1, 1e+07], got 1.5", { rank = 1.5 })
    expect("option 'features' must be a function, got 3", { features = 3 })
    expect("option 'gradient' must be a function, got 'x'", { gradient = "x" })
    expect("option 'b' must have rank = 2 numbers, got 3", { b = { 1, 2, 3 } })
    expect("option 'b': number 2 must be finite, got nan", { b = { 1, 0 / 0 } })
    expect("option 'b' must be an mf.array or a table, got 1", { b = 1 })
    expect("option 'risk0' must be a finite number, got nan", { risk0 = 0 / 0 })
    expect("option 'space' must be 'free', 'plain' or 'affine', got 'radial'", { space = "radial" })
    expect("option 'dim' must be at least 3 in space 'affine', got 1", { space = "affine" })
    assert.error_matches(function() mf.potential.custom { dim = 1, rank = 1, b = { 1 }, features = print } end,
      "option 'gradient' is missing", 1, true)
  end)
end)
