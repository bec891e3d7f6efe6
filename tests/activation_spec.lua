-- Activations: moments and Hermite coefficients against quadrature written here, limits, tables.
local mf = require "meanfield"
local quadrature = require "tests.quadrature"

local act = mf.activation
local gelu = function(t) return t / (1 + math.exp(-1.7 * t)) end

-- name -> activation, where it has kinks, and its formula once more
local activations = {
  paper = { act.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }, { 0.5, 1.5 },
    function(t) return math.max(-2.5, math.min(7.5, -2.5 + 10 * (t - 0.5))) end },
  sloped = { act.piecewise { { -1, 1 }, { 0, -2 }, { 2, 0.5 }, left = -0.3, right = 1.2 }, { -1, 0, 2 },
    function(t)
      if t < -1 then return 1 - 0.3 * (t + 1) elseif t < 0 then return -2 - 3 * t end
      return t < 2 and -2 + 1.25 * t or 0.5 + 1.2 * (t - 2)
    end },
  relu = { act.relu(), { 0 }, function(t) return math.max(t, 0) end },
  tanh = { act.tanh(), {}, function(t) return 1 - 2 / (math.exp(2 * t) + 1) end },
  sigmoid = { act.sigmoid(), {}, function(t) return 1 / (1 + math.exp(-t)) end },
  softplus = { act.softplus(), {}, function(t) return t > 30 and t or math.log(1 + math.exp(t)) end },
  erf = { act.erf(), {} },
  atan = { act.custom { f = math.atan }, {}, math.atan },
  gelu = { act.custom(gelu), {}, gelu },
  hat = { act.custom { f = function(t) return math.max(0, 1 - math.abs(t)) end, kinks = { -1, 0, 1 } }, { -1, 0, 1 },
    function(t) return math.max(0, 1 - math.abs(t)) end },
}

-- erf by its own quadrature
activations.erf[3] = function(t)
  local half = quadrature.integral(function(u) return math.exp(-u * u) end, 0, math.abs(t))
  return (t < 0 and -2 or 2) / math.sqrt(math.pi) * half
end

-- kinks of x -> sigma(s x + b), and where a steep smooth one turns
local function cuts_of(entry, s, b)
  local cuts = {}
  for _, t in ipairs(entry[2]) do cuts[#cuts + 1] = (t - b) / s end
  if s > 2 then
    for k = -3, 5 do
      cuts[#cuts + 1] = (2 ^ k - b) / s
      cuts[#cuts + 1] = (-2 ^ k - b) / s
    end
    cuts[#cuts + 1] = -b / s
  end
  return cuts
end

describe("activation", function()
  it("has the values of its formula, on numbers and on arrays", function()
    for name, entry in pairs(activations) do
      local sigma, _, formula = table.unpack(entry)
      local t = {}
      for i = 1, 41 do t[i] = (i - 21) * 0.2385 + 0.0137 end -- no kink nearby
      local values = sigma(t)
      for i = 1, #t do
        assert.near(formula(t[i]), sigma(t[i]), 1e-10, name)
        assert.equal(sigma(t[i]), values[i])
        local slope = quadrature.slope(sigma, t[i], 1e-3)
        assert.near(slope, sigma:derivative(t[i]), 1e-8 * (1 + math.abs(slope)), name)
      end
    end
    local m = act.tanh()(mf.array { { 0, 1 }, { 2, 3 } })
    assert.near(1 - 2 / (math.exp(6) + 1), m[2][2], 1e-15)
    assert.equal(10, activations.paper[1]:derivative(0.5)) -- at a knot: the slope to its right
    assert.equal(0, activations.paper[1]:derivative(1.5))
  end)

  it("has the moments and Hermite coefficients that quadrature gives, for steep and flat arguments", function()
    for name, entry in pairs(activations) do
      local sigma = entry[1]
      for _, s in ipairs { 0.01, 0.3, 1, 4, 60 } do
        for _, b in ipairs { 0, 0.5, -1.3 } do
          local cuts = cuts_of(entry, s, b)
          local c = sigma:coefficients(24, s, b)
          for _, k in ipairs { 0, 1, 2, 5, 23 } do
            local expected = quadrature.normal(function(x) return sigma(s * x + b) * quadrature.hermite(k, x) end, cuts)
            assert.near(expected, c[k + 1], 1e-11 * (1 + s), ("%s c_%d(%g, %g)"):format(name, k, s, b))
          end
          assert.near(c[1], (sigma:moment(s, b)), 1e-13 * (1 + s))
        end
      end
    end
  end)

  it("has derivatives in s and b that finite differences give", function()
    for name, entry in pairs(activations) do
      local sigma = entry[1]
      for _, s in ipairs { 0.4, 1.3, 9 } do
        for _, b in ipairs { 0, -0.7 } do
          local function q(x, y) return (sigma:moment(x, y)) end
          local _, ds, db = sigma:moment(s, b)
          assert.near(quadrature.slope(function(x) return q(x, b) end, s, 1e-3), ds, 1e-8, name)
          assert.near(quadrature.slope(function(y) return q(s, y) end, b, 1e-3), db, 1e-8, name)
          for _, k in ipairs { 1, 2, 7 } do
            local _, dc = sigma:hermite(k, s, b)
            local expected = quadrature.slope(function(x) return (sigma:hermite(k, x, b)) end, s, 1e-3)
            assert.near(expected, dc, 1e-8 * (1 + math.abs(expected)), name .. " c_" .. k)
          end
        end
      end
    end
  end)

  it("agrees with closed forms: erf, relu, and q = s phi(b/s) + b Phi(b/s)", function()
    for _, s in ipairs { 0, 0.2385, 3, 1e8 } do
      for _, b in ipairs { -0.4, 1.7 } do
        local erf, v = act.erf(), math.sqrt(1 + 2 * s * s)
        assert.near(erf(b / v), (erf:moment(s, b)), 1e-15)
        local q, ds, db = act.relu():moment(s, b)
        local x = s > 0 and b / s or b * math.huge
        local cdf = (1 + erf(x / math.sqrt(2))) / 2
        assert.near(s * quadrature.phi(x) + b * cdf, q, 1e-15 * (1 + s))
        assert.near(quadrature.phi(x), ds, 1e-15)
        assert.near(cdf, db, 1e-15)
      end
    end
  end)

  it("has its limits at s = 0 and s = inf, corners included", function()
    for name, entry in pairs(activations) do
      local sigma = entry[1]
      for _, b in ipairs { 0, -1, 0.37 } do
        local q, ds = sigma:moment(0, b)
        assert.near(sigma(b), q, 1e-12, name)
        local q1 = sigma:moment(1e-4, b)
        assert.near((q1 - q) / 1e-4, ds, 1e-4, name) -- sigma''/2 times the step
      end
      if sigma.bounded then
        local tails = sigma.tails
        assert.near((tails.offset_left + tails.offset_right) / 2, (sigma:moment(math.huge)), 1e-15)
        for _, k in ipairs { 0, 1, 4, 5 } do -- the next order is 1/s
          local limit, dlimit = sigma:hermite(k, math.huge)
          assert.near(limit, (sigma:hermite(k, 1e9)), 1e-7, name)
          assert.equal(0, dlimit)
        end
      else
        assert.error_matches(function() sigma:moment(math.huge) end, "s = inf, but the activation is unbounded", 1,
          true)
      end
    end
  end)

  it("keeps all Hermite coefficients finite and their squares summing to E sigma^2", function()
    for _, s in ipairs { 1e-300, 1e-3, 0.02, 0.7, 5, 1e5 } do
      local sigma = activations.paper[1]
      local c = sigma:coefficients(20000, s)
      local sum = 0
      for k = 1, 20000 do
        assert.is_true(math.abs(c[k]) < 10)
        sum = sum + c[k] * c[k]
      end
      local square = quadrature.normal(function(x) return sigma(s * x) ^ 2 end, { 0.5 / s, 1.5 / s })
      -- what is left out falls like k^-3/2 times s, and like k^-1/2 while k < s^2
      assert.near(square, sum, s < 10 and 1e-3 or 0.4)
      assert.is_true(sum <= square + 1e-9)
    end
  end)

  it("tabulates a Lua function within the error it reports", function()
    math.randomseed(2385)
    for _, tol in ipairs { 1e-6, 1e-10, 1e-13 } do
      local calls = 0
      local sigma = act.custom { tol = tol, f = function(t) calls = calls + 1 return gelu(t) end }
      local made = calls
      assert.is_true(sigma.error <= tol)
      for _ = 1, 4000 do
        local t = math.tan(math.pi * (math.random() - 0.5)) * 3
        assert.near(gelu(t), sigma(t), 3 * sigma.error * math.max(1, math.abs(gelu(t))))
      end
      sigma:moment(1.3)
      assert.equal(made, calls) -- Lua is not called any more
    end
    -- kinks that nobody named cost pieces, not accuracy
    local unnamed = act.custom(function(t) return math.max(0, t - 1 / 3) end)
    for _ = 1, 1000 do
      local t = 2 * math.random() - 1
      assert.near(math.max(0, t - 1 / 3), unnamed(t), 1e-10)
    end
    -- tails: atan's are found with their offsets, x/(1 + e^-x) overflows far out and is a line
    local tails = act.custom(math.atan).tails
    assert.near(math.pi / 2, tails.offset_right, 1e-10)
    assert.equal(0, tails.slope_left)
    tails = act.custom(function(t) return math.log(1 + math.exp(t)) end).tails
    assert.equal(0, tails.slope_left)
    assert.near(1, tails.slope_right, 1e-12)
  end)

  it("takes a derivative and holds the table to it", function()
    local sigma = act.custom { f = math.atan, df = function(t) return 1 / (1 + t * t) end }
    for _, t in ipairs { -7.1, -0.3, 0, 0.9, 44 } do
      assert.near(1 / (1 + t * t), sigma:derivative(t), 1e-8)
    end
    assert.error_matches(function() act.custom { f = math.atan, df = math.cos } end,
      "mf.activation.custom: df is not the derivative of f near t =", 1, true)
  end)

  it("prints as what makes it", function()
    assert.equal("mf.activation.tanh()", tostring(act.tanh()))
    assert.equal("mf.activation.piecewise{ {0.5, -2.5}, {1.5, 7.5} }", tostring(activations.paper[1]))
    assert.equal("mf.activation.piecewise{ {0.0, 0.0}, left = 0.5, right = 1.0 }",
      tostring(act.piecewise { { 0, 0 }, left = 0.5, right = 1 }))
    assert.equal("mf.activation.custom{ error = 1e-11 }", tostring(activations.gelu[1]))
  end)

  it("names what is wrong", function()
    local function refuses(pattern, fn, ...)
      local args = table.pack(...)
      assert.error_matches(function() fn(table.unpack(args, 1, args.n)) end, pattern, 1, true)
    end
    refuses("knot 2 must be a pair {t, s}", act.piecewise, { { 0, 1 }, 3 })
    refuses("knot 1: s must be a number in [-1e+100, 1e+100], got nan", act.piecewise, { { 0, 0 / 0 } })
    refuses("knots must increase in t", act.piecewise, { { 0, 1 }, { 0, 2 } })
    refuses("expected 1 to 16 knots", act.piecewise, {})
    refuses("unknown option 'lft' (did you mean 'left'?)", act.piecewise, { { 0, 1 }, lft = 2 })
    refuses("'right' must be a number in [-1e+100, 1e+100], got nan", act.piecewise, { { 0, 1 }, right = 0 / 0 })
    refuses("unknown option 'x'", act.tanh, { x = 1 })
    refuses("option 'f' is missing", act.custom, {})
    refuses("option 'f' must be a function", act.custom, { f = 3 })
    refuses("option 'df' must be a function", act.custom, { f = math.atan, df = 3 })
    refuses("option 'kinks' must be a list of numbers", act.custom, { f = math.atan, kinks = "0" })
    refuses("kinks must increase", act.custom, { f = math.atan, kinks = { 1, 0 } })
    refuses("option 'tol' must be a number in [1e-14, 0.01]", act.custom, { f = math.atan, tol = 1 })
    refuses("must be a number, got", act.custom, function() return "x" end)
    refuses("f jumps near t = 0.333333", act.custom, function(t) return t < 1 / 3 and 0 or 1 end)
    refuses("does not become a straight line", act.custom, math.sin)
    refuses("one that need not takes a range = {low, high}", act.custom, math.sin)
    refuses("is not a finite number", act.custom, function(t) return math.abs(t) < 1 and 0 / 0 or 0 end)
    refuses("an inner error", act.custom, function() error("an inner error") end)
    local tanh = act.tanh()
    refuses("s = -1 must be in [0, inf]", tanh.moment, tanh, -1)
    refuses("must be in [0, inf]", tanh.moment, tanh, 0 / 0)
    refuses("b = inf must be finite", tanh.moment, tanh, 1, math.huge)
    refuses("k must be in [0, 100000]", tanh.hermite, tanh, -1, 1)
  end)

  it("custom: narrow and distant features are seen, narrower ones where kinks say so", function()
    local function check(f, at, kinks)
      local sigma = mf.activation.custom { f = f, kinks = kinks }
      for _, t in ipairs(at) do assert.near(f(t), sigma(t), 1e-11) end
    end
    check(function(t) return math.exp(-((t - 0.123) / 1e-3) ^ 2) end, { 0.123, 0.1235, 0.121, 0.2 })
    check(function(t) return math.exp(-(t - 1000) ^ 2) end, { 1000, 999.3, 1002 })
    check(function(t) return math.exp(-((t - 0.123) / 1e-6) ^ 2) end, { 0.123, 0.1230005, 0.2 }, { 0.123 })
  end)

  it("custom: a jump is refused wherever it lies, on the panels' own edges and on kinks too", function()
    for _, at in ipairs { -3, -0.5, 0, 0.25, 0.3, 0.5, 1, 2, 3, 16, 1000, 2.0 ^ 20 } do
      for _, kinks in ipairs { {}, { at } } do
        for _, size in ipairs { 1, 1e-6 } do
          assert.error_matches(function()
            mf.activation.custom { f = function(t) return t < at and 0 or size end, kinks = kinks }
          end, "f jumps ")
        end
      end
    end
    assert.error_matches(function() mf.activation.custom(function(t) return math.abs(t) < 1 and 1 or 0 end) end,
      "f jumps at t = -1, from 0 to 1", 1, true)
    assert.error_matches(function()
      mf.activation.custom { f = function(t) return t < 0.5 and 0 or 1 end, tol = 1e-2 }
    end, "f jumps at t = 0.5", 1, true)
    mf.activation.custom(function(t) return math.sqrt(math.min(1, math.max(0, t))) end) -- steep is no jump
  end)

  it("on a range: periodic and growing ones are tabulated there, with their moments and coefficients", function()
    local sigma = act.custom { f = math.sin, range = { -40, 50 } }
    local cube = act.custom { f = function(t) return t ^ 3 end, df = function(t) return 3 * t * t end,
      range = { -60, 60 } }
    assert.equal("mf.activation.custom{ range = {-40.0, 50.0}, error = 1e-11 }", tostring(sigma))
    assert.is_true(sigma.range[1] == -40 and sigma.range[2] == 50 and not sigma.bounded and sigma.tails == nil)
    for i = 0, 900 do
      local t = -40 + i / 10
      assert.near(math.sin(t), sigma(t), 1e-10)
      assert.near(math.cos(t), sigma:derivative(t), 1e-8)
      assert.near(t ^ 3, cube(t), 1e-10 * math.max(1, math.abs(t) ^ 3))
    end
    for _, at in ipairs { { 0, 0.7 }, { 1, 0 }, { 2.5, -1.2 }, { 3, 2 } } do
      local s, b = table.unpack(at) -- E sin(s G + b) = exp(-s^2/2) sin b
      local q, ds, db = sigma:moment(s, b)
      assert.near(math.exp(-s * s / 2) * math.sin(b), q, 1e-11)
      assert.near(-s * math.exp(-s * s / 2) * math.sin(b), ds, 1e-9)
      assert.near(math.exp(-s * s / 2) * math.cos(b), db, 1e-9)
      local factorial = 1
      for k = 0, 8 do -- c_k = s^k exp(-s^2/2) sin(b + k pi/2) / sqrt(k!)
        factorial = factorial * math.max(1, k)
        local c = s ^ k * math.exp(-s * s / 2) * math.sin(b + k * math.pi / 2) / math.sqrt(factorial)
        assert.near(c, (sigma:hermite(k, s, b)), 1e-10)
      end
      assert.near(b ^ 3 + 3 * b * s * s, (cube:moment(s, b)), 1e-9)
    end
    for _, low in ipairs { -1e-6, -1, -900 } do -- the ends belong to it, whatever its size
      local line = act.custom { f = function(t) return math.sin(t) + 2 end, range = { low, 1 } }
      assert.near(math.sin(low) + 2, line(low), 1e-10)
      assert.near(math.sin(1) + 2, line(1), 1e-10)
    end
  end)

  it("on a range: an argument beyond it is an error that names it, wherever it is asked for", function()
    local sigma = act.custom { f = math.sin, range = { -9, 9 } }
    local function refuses(pattern, fn, ...) assert.error_matches(fn, pattern, 1, true, ...) end
    refuses("activation: sigma is asked for at t = 9.5, beyond its range [-9, 9]", function() return sigma(9.5) end)
    refuses("at t = -12, beyond its range", function() return sigma { 3, -12, 10 } end)
    refuses("nan, beyond its range", function() return sigma(0 / 0) end)
    refuses("activation:derivative: sigma is asked for at t = 11", function() return sigma:derivative(11) end)
    refuses("s = 1, b = 0 reaches beyond the range [-9, 9] of sigma: 13 deviations", function() sigma:moment(1) end)
    refuses("reaches beyond the range", function() sigma:hermite(3, 0.2, 8) end)
    refuses("reaches beyond the range", function() sigma:moment(math.huge) end)
    local law = mf.distribution.isotropic { d = 3, delta = 0.5 }
    refuses("mf.potential.radial: this needs sigma on the whole line", function()
      mf.potential.radial { distribution = law, activation = sigma }
    end)
    refuses("mf.potential.two_radius: this needs sigma on the whole line", function()
      mf.potential.two_radius { distribution = mf.distribution.anisotropic { d = 5, s0 = 2, delta = 0.5 },
        activation = sigma }
    end)
    local function plane(x) return mf.measure { x = x, space = "plain" } end
    local pot = mf.potential.sampled { distribution = law, activation = sigma, samples = 50, seed = 1 }
    local near, far = plane { { 1, 0, 0 } }, plane { { 1, 0, 0 }, { 0, 30, 0 } }
    assert.is_true(pot:risk(near) > 0)
    refuses("beyond its range [-9, 9]", function() pot:risk(far) end)
    local run = mf.sgd { distribution = law, activation = sigma, N = 2, eps = 1e-3,
      init = mf.init.sphere { radius = 1 } }
    refuses("reaches beyond the range", function() run:risk() end)
    local far_run = mf.sgd { distribution = law, activation = sigma, N = 2, eps = 1e-3,
      init = mf.init.sphere { radius = 30 } }
    refuses("sgd:risk: sigma is asked for at t = ", function() far_run:risk { samples = 100 } end)
    refuses("must hold 0", function() act.custom { f = math.sin, range = { 1, 2 } } end)
    refuses("kink 1 = 3 lies beyond the range", function()
      act.custom { f = math.sin, range = { -1, 2 }, kinks = { 3 } }
    end)
    refuses("option 'range' must be", function() act.custom { f = math.sin, range = { 2, -1 } } end)
    refuses("f jumps", function() act.custom { f = function(t) return t < 1 and 0 or 1 end, range = { -2, 2 } } end)
  end)

  it("on a range: SGD trains cos, says at which step and t it leaves, and stays as before that step", function()
    local law = mf.distribution.isotropic { d = 5, delta = 0.8 }
    local sigma = act.custom { f = math.cos, range = { -300, 300 } }
    for _, options in ipairs { { algorithm = "plain" }, { algorithm = "blocked" }, { precision = "single" },
      { neuron = "affine" } } do
      options.distribution, options.activation, options.N, options.eps = law, sigma, 30, 1e-2
      options.init = mf.init.gaussian { kappa = 1.5, b = options.neuron and 0.5 }
      local run = mf.sgd(options)
      local before = run:risk()
      run:advance(10)
      local risk, bound = run:risk()
      assert.is_true(risk < before - 0.01 and bound < 1e-9)
      local estimate, deviation = run:risk { samples = 20000 }
      assert.near(risk, estimate, 4.5 * deviation)
      if not options.precision and not options.neuron then
        options.activation = act.custom { f = math.cos, range = { -6, 6 } }
        local cut = mf.sgd(options)
        local ok, message = pcall(cut.advance, cut, 10)
        local step, at = message:match "^sgd:advance: step (%d+) %(t = %S+%) asks for sigma at (%S+), beyond its range"
        assert.is_true(not ok and math.abs(tonumber(at)) > 6)
        assert.equal(tonumber(step) - 1, cut.k)
        options.activation = sigma
        local same = mf.sgd(options):step(cut.k)
        assert.is_true((same:weights() - cut:weights()):abs():max() < 1e-9)
        assert.is_false(pcall(cut.step, cut)) -- and again
        local path = os.tmpname()
        cut:save(path)
        local again = mf.sgd.load(path)
        assert.error_matches(function() again:step() end, "beyond its range [-6, 6]", 1, true)
        os.remove(path)
      end
    end
  end)

  it("polynomial: values, moments, Hermite coefficients, derivatives, risk; refused where tails count", function()
    local function p(t) return 0.5 - 3 * t + 0.25 * t ^ 2 + t ^ 3 end
    local sigma = act.polynomial { 0.5, -3, 0.25, 1, 0 }
    assert.equal("mf.activation.polynomial{ 0.5, -3.0, 0.25, 1.0 }", tostring(sigma))
    assert.equal("polynomial", sigma.kind)
    assert.is_false(sigma.bounded)
    for _, at in ipairs { { 0, 0.7 }, { 1, 0 }, { 0.4, -1.2 }, { 3, 2 } } do
      local s, b = at[1], at[2]
      local scale = 1 + (math.abs(b) + 5 * s) ^ 3
      assert.near(p(b), sigma(b), 1e-14 * scale)
      assert.near(quadrature.slope(p, b, 1e-2), sigma:derivative(b), 1e-10)
      for k = 0, 6 do
        local c, dc = sigma:hermite(k, s, b)
        local function hermite(u) return (sigma:hermite(k, u, b)) end
        local function product(g) return p(s * g + b) * quadrature.hermite(k, g) end
        assert.near(quadrature.normal(product), c, 1e-13 * scale)
        if s > 0 then assert.near(quadrature.slope(hermite, s, 1e-2), dc, 1e-10 * scale) end
      end
      local q, _, slope = sigma:moment(s, b)
      assert.near(sigma:hermite(0, s, b), q, 1e-14 * scale)
      assert.near(quadrature.slope(function(x) return (sigma:moment(s, x)) end, b, 1e-2), slope, 1e-10 * scale)
    end
    -- h_3 of unit neurons: E h_3(u) h_3(v) = z^3, odd in d = 1: R = 1 + (2 + 2 z^3) 6/4, class by class
    local cubic, w = act.polynomial { 0, -3, 0, 1 }, { { 1, 0 }, { 0.6, 0.8 } }
    local mixture = mf.distribution.mixture { { label = 1, mean = { 0, 0 } } }
    local i = 0
    local run = mf.sgd { distribution = mixture, activation = cubic, N = 2, eps = 1e-3,
      init = mf.init.custom(function() i = i + 1 return w[i] end) }
    local risk, bound = run:risk()
    assert.near(1 + (2 + 2 * 0.6 ^ 3) * 6 / 4, risk, bound)
    assert.is_true(bound < 1e-11)
    assert.is_true(run:step(50).k == 50 and run:risk() == run:risk())
    local path = os.tmpname()
    run:save(path)
    assert.equal(run:risk(), (mf.sgd.load(path):risk()))
    os.remove(path)
    local law = mf.distribution.isotropic { d = 5, delta = 0.5 }
    for _, d in ipairs { 5, math.huge } do
      assert.error_matches(function() mf.potential.radial { distribution = law, activation = cubic, d = d } end,
        "a polynomial sigma grows faster than |t|", 1, true)
    end
    assert.error_matches(function()
      mf.potential.two_radius { distribution = mf.distribution.anisotropic { d = 5, s0 = 2, delta = 0.5 },
        activation = cubic }
    end, "a polynomial sigma grows faster than |t|", 1, true)
    local sampled = mf.potential.sampled { distribution = law, activation = cubic, samples = 200 }
    assert.is_true(sampled:V { 0.1, 0, 0, 0, 0.3 } < math.huge)
    assert.error_matches(function() act.polynomial { 1, 0 / 0 } end,
      "coefficient 2 must be a number in [-1e+100, 1e+100], got nan", 1, true)
    assert.error_matches(function() act.polynomial {} end, "expected 1 to 16 coefficients, got 0", 1, true)
  end)
end)
