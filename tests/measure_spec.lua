-- Measures: moments, quantiles and histograms against plain loops; densities against closed forms.
local mf = require "meanfield"
local inf = math.huge

local function normal_quantiles(n) -- by bisection on erf
  local erf = function(z) return mf.array({ z }):erf()[1] end
  local t = {}
  for i = 1, n // 2 do
    local low, high, goal = -9.0, 0.0, 2 * (i - 0.5) / n - 1
    for _ = 1, 54 do
      local middle = (low + high) / 2
      if erf(middle / math.sqrt(2)) < goal then low = middle else high = middle end
    end
    t[i], t[n + 1 - i] = low, -low
  end
  return mf.array(t)
end

local function random_measure(n, dim, space)
  local x, w = mf.array(n, dim), mf.array(n)
  for j = 1, n do
    for c = 1, dim do x:set(j, c, math.random() * 4 - (space and 0 or 2)) end
    w[j] = math.random()
  end
  return mf.measure { x = x, weights = w, space = space or "free" }, x, w / w:sum()
end

local function trapezoid(x, p)
  local area = 0
  for i = 1, #x - 1 do area = area + (p[i] + p[i + 1]) / 2 * (x[i + 1] - x[i]) end
  return area
end

describe("measure", function()
  it("keeps its atoms and normalises its weights", function()
    math.randomseed(21)
    local m, x, w = random_measure(7, 3)
    assert.same({ 7, 7, 3, "free" }, { #m, m.n, m.dim, m.space })
    assert.is_true(m:atoms() == x)
    assert.is_true(m:weights():near(w, 1e-16))
    assert.near(1, m:weights():sum(), 1e-15)
    assert.is_true(m:coordinate(2) == x:column(2))
    assert.is_true(m:coordinate("x3") == x:column(3))
    assert.same({ 0.25, 0.25, 0.25, 0.25 }, mf.measure({ x = { 4, 3, 2, 1 } }):weights():totable())
    assert.is_true(mf.measure(mf.array { 1, 2 }) :coordinate() == mf.array { 1, 2 })
    assert.equal("mf.measure of 2 atoms in space 'radial': mean r = 1.5",
      tostring(mf.measure { x = { 1, 2 }, space = "radial" }))
  end)

  it("names coordinates by its space", function()
    local row = { { 1, 2, 3, 4 } }
    local function names(space, dim, ...)
      local x = mf.array(1, dim)
      for c = 1, dim do x:set(1, c, c) end
      local m = mf.measure { x = x, space = space }
      for _, pair in ipairs { ... } do assert.equal(pair[2], m:coordinate(pair[1])[1]) end
    end
    names("radial", 1, { "r", 1 })
    names("two_radius", 2, { "r1", 1 }, { "r2", 2 })
    names("relu", 4, { "a", 1 }, { "b", 2 }, { "r1", 3 }, { "r2", 4 })
    names("plain", 3, { "w1", 1 }, { "w3", 3 })
    names("affine", 4, { "w1", 1 }, { "w2", 2 }, { "a", 3 }, { "b", 4 })
    assert.error_matches(function() mf.measure({ x = row, space = "relu" }):coordinate "w1" end,
      "no coordinate 'w1' in space 'relu'", 1, true)
  end)

  it("has means, deviations, quantiles and distribution functions as loops give them", function()
    math.randomseed(22)
    local n, dim = 153, 2
    local m, x, w = random_measure(n, dim)
    for c = 1, dim do
      local mean, square, product = 0, 0, 0
      for j = 1, n do mean = mean + w[j] * x[j][c] end
      for j = 1, n do
        square = square + w[j] * (x[j][c] - mean) ^ 2
        product = product + w[j] * x[j][1] * x[j][2]
      end
      assert.near(mean, m:mean(c), 1e-14)
      assert.near(mean, m:mean()[c], 1e-14)
      assert.near(math.sqrt(square), m:std(c), 1e-14)
      assert.near(product, m:mean(function(a, b) return a * b end), 1e-14)
      for _, at in ipairs { -3, -0.7, x[5][c], 1.1, 3 } do
        local below = 0
        for j = 1, n do if x[j][c] <= at then below = below + w[j] end end
        assert.near(below, m:cdf(at, c), 1e-14)
      end
      local p = mf.array { 0, 0.1, 0.5, 0.77, 1 }
      local q = m:quantile(p, c)
      for i = 1, #p do -- the smallest atom whose mass(<= x) is >= p
        local best = inf
        for j = 1, n do
          if m:cdf(x[j][c], c) >= p[i] and x[j][c] < best then best = x[j][c] end
        end
        assert.equal(best, q[i])
        assert.equal(best, m:quantile(p[i], c))
      end
    end
  end)

  it("finds atom k at probability k/n, in spite of rounding", function()
    for _, n in ipairs { 3, 7, 49, 800, 1023 } do
      local m = mf.measure { x = mf.array.range(1, n) }
      for k = 1, n do assert.equal(k, m:quantile(k / n)) end
    end
  end)

  it("counts mass in bins: edges belong to the right, the last one to the left", function()
    local m = mf.measure { x = { 0, 0.5, 0.5, 1, 2, 3 }, weights = { 1, 2, 2, 1, 3, 1 } }
    local edges, mass, outside = m:histogram { bins = 4, range = { 0, 2 }, density = false }
    assert.same({ 0, 0.5, 1, 1.5, 2 }, edges:totable())
    assert.is_true(mass:near({ 0.1, 0.4, 0.1, 0.3 }, 1e-16))
    assert.near(0.1, outside, 1e-15)
    math.randomseed(23)
    local r, _, w = random_measure(500, 2)
    local e, h, out = r:histogram { bins = 17, coordinate = "x2" }
    local area = 0
    for i = 1, #h do
      area = area + h[i] * (e[i + 1] - e[i])
      local count = 0
      for j = 1, 500 do
        local v = r:coordinate(2)[j]
        if v >= e[i] and (v < e[i + 1] or i == #h) then count = count + w[j] end
      end
      assert.near(count, h[i] * (e[i + 1] - e[i]), 1e-14)
    end
    assert.near(1, area, 1e-14)
    assert.near(0, out, 1e-14)
  end)

  it("has finite heights and an area of 1 for values nearly equal, huge or tiny", function()
    local one, huge = 1, 1.7e308
    for _, x in ipairs { { one, one + 2 ^ -52 }, { one, one + 1e-14 }, { -huge, huge }, { huge / 2, huge }, { huge },
                         { 0, 5e-324 }, { -1e-310, 3e-310 }, { 1e-200, 2e-200 }, { 0 }, { -3 } } do
      for _, bins in ipairs { 1, 40, 1000 } do
        local m, area = mf.measure { x = x }, 0
        local edge, height, outside = m:histogram { bins = bins }
        for i = 1, bins do
          assert.is_true(edge[i + 1] > edge[i] and height[i] >= 0 and height[i] < inf)
          area = area + 4 * (height[i] / 2 * (edge[i + 1] / 2 - edge[i] / 2))
        end
        assert.near(1, area, 1e-6) -- heights of huge bins are denormal numbers: few digits
        assert.equal(0, outside)
        if #x == 2 then assert.is_true(edge[1] <= x[1] and edge[bins + 1] >= x[2]) end
      end
      local _, p = mf.measure { x = mf.array.linspace(x[1], x[#x], 30) }:density()
      for i = 1, #p do assert.is_true(p[i] >= 0 and p[i] < inf) end
    end
    local wide = mf.measure { x = { 1, 2 } }
    assert.error_matches(function() wide:histogram { range = { 1, 1 + 2 ^ -52 } } end, "too narrow for 40", 1, true)
  end)

  it("scales with its numbers: norms, radii and deviations at 1e200 and 1e-200", function()
    local rows = { { 3, -4, 0.5 }, { 0, 2, -1 }, { 1, 1, 1 } }
    local basis = { { 0.6, 0.8, 0 } }
    local function of(scale)
      local m = mf.measure { x = mf.array(rows) * scale, weights = { 1, 2, 3 }, space = "plain" }
      local r = m:radius()
      return { r:coordinate(), m:radii { s0 = 1 }:coordinate(1), m:radii { s0 = 2 }:coordinate(2),
               m:radii { s0 = 1, basis = basis }:coordinate(1), m:radii { s0 = 1, basis = basis }:coordinate(2),
               m:std(), mf.array { r:std(), r:mean() } }
    end
    local unit = of(1)
    for _, scale in ipairs { 2.0 ^ 660, 2.0 ^ -660, 2.0 ^ 1018, 2.0 ^ -1000 } do
      for k, x in ipairs(of(scale)) do
        for i = 1, #x do assert.near(unit[k][i], x[i] / scale, 1e-15 * (1 + unit[k][i])) end
      end
    end
    assert.near(5e200, mf.measure({ x = { { 3e200, 4e200 } }, space = "plain" }):radius():mean(), 1e185)
    assert.equal(inf, mf.measure({ x = { { 3, inf } }, space = "two_radius" }):radius():mean())
  end)

  it("has its quantiles among the atoms with mass", function()
    local m = mf.measure { x = { 1, 2, 3, 4 }, weights = { 0, 0.3, 0.7, 0 } }
    assert.same({ 2, 2, 3, 3 }, m:quantile { 0, 0.3, 0.31, 1 }:totable())
    local w = mf.array(10001) + 1 -- the sum of many rounded weights is not exactly 1
    w[10001] = 0
    assert.equal(10000, mf.measure({ x = mf.array.linspace(1, 10001, 10001), weights = w }):quantile(1))
  end)

  it("carries mass at infinity", function()
    local m = mf.measure { x = { 1, inf, 2 }, weights = { 1, 1, 2 }, space = "radial" }
    assert.equal(inf, m:mean())
    assert.equal(inf, m:std())
    assert.equal(inf, m:quantile(1))
    assert.equal(2, m:quantile(0.75))
    assert.equal(0.75, m:cdf(1e300))
    local _, _, outside = m:histogram { bins = 3 }
    assert.near(0.25, outside, 1e-15)
    local none = mf.measure { x = { 1, inf }, weights = { 1, 0 }, space = "radial" }
    assert.equal(1, none:mean())
    assert.same({ {}, {}, { { x = 1, mass = 0.25 }, { x = 2, mass = 0.5 }, { x = inf, mass = 0.25 } } },
      (function() local x, p, lumps = m:density() return { x:totable(), p:totable(), lumps } end)())
  end)

  it("draws the density behind quantile particles: a Gaussian to 1 percent of its peak", function()
    local n = 400
    local m = mf.measure { x = normal_quantiles(n) * 0.3 + 2 }
    local x, p, lumps = m:density()
    assert.same({}, lumps)
    assert.near(1, trapezoid(x, p), 1e-12)
    local peak, worst = 1 / (0.3 * math.sqrt(2 * math.pi)), 0
    for i = 1, #x do
      local z = (x[i] - 2) / 0.3
      if math.abs(z) < 2.5 then worst = math.max(worst, math.abs(p[i] - peak * math.exp(-z * z / 2))) end
    end
    assert.is_true(worst < 0.01 * peak)
  end)

  it("resolves a narrow peak beside a wide one, and sets absorbed mass apart", function()
    local q, x = normal_quantiles(500), {}
    for i = 1, 500 do x[#x + 1] = 4 + 0.5 * q[i] end
    for i = 1, 500 do x[#x + 1] = 0.2 + 1e-3 * q[i] end
    for _ = 1, 140 do x[#x + 1] = 0 end
    local at, p, lumps = mf.measure({ x = x, space = "radial" }):density()
    assert.equal(1, #lumps)
    assert.equal(0, lumps[1].x)
    assert.near(140 / 1140, lumps[1].mass, 1e-14)
    assert.near(1000 / 1140, trapezoid(at, p), 1e-12)
    local function check(center, width)
      local peak, close = 500 / 1140 / (width * math.sqrt(2 * math.pi)), 0
      for i = 1, #at do
        local z = (at[i] - center) / width
        if math.abs(z) < 1.5 then
          close = close + 1
          assert.near(peak * math.exp(-z * z / 2), p[i], 0.03 * peak)
        end
      end
      assert.is_true(close > 40)
    end
    check(4, 0.5)
    check(0.2, 1e-3)
  end)

  it("conserves the mass of any density, also in a part of it", function()
    math.randomseed(24)
    for n = 8, 300, 73 do
      local m = random_measure(n, 1)
      for _, options in ipairs { {}, { points = 8 }, { points = 1001 } } do
        local x, p, lumps = m:density(options)
        local mass = trapezoid(x, p)
        for _, lump in ipairs(lumps) do mass = mass + lump.mass end
        assert.near(1, mass, 1e-12)
        for i = 2, #x do assert.is_true(x[i] >= x[i - 1] and p[i] >= 0) end
      end
    end
    local even = mf.measure { x = mf.array.linspace(0, 1, 101) }
    for _, range in ipairs { { 0.25, 0.5 }, { -1, 0.4 }, { 0.7, 3 }, { 2, 3 }, { -1, 3 } } do
      local x, p = even:density { range = range }
      local inside = math.max(0, math.min(range[2], 1.005) - math.max(range[1], -0.005)) / 1.01
      assert.near(inside, trapezoid(x, p), 1e-12)
      assert.same(range, { x[1], x[#x] })
    end
    local x = even:density()
    assert.near(-0.005, x[1], 1e-15)
    assert.equal(0, (mf.measure { x = mf.array.linspace(0, 1, 101), space = "radial" }):density()[1])
  end)

  it("smooths by Gaussians of the bandwidth asked for, reflected at r = 0", function()
    local h, atoms = 0.3, { 0.1, 1, 1.5 }
    local x, p = mf.measure({ x = atoms, space = "radial" }):density { bandwidth = h, points = 2000 }
    local function kernel(z) return math.exp(-z * z / 2) / (h * math.sqrt(2 * math.pi)) end
    for i = 2, #x - 1, 17 do
      local sum = 0
      for _, a in ipairs(atoms) do sum = sum + (kernel((x[i] - a) / h) + kernel((x[i] + a) / h)) / 3 end
      assert.near(sum, p[i], (x[#x] / 1000) ^ 2 / h ^ 2) -- cell width squared times |p''|, p < 1
    end
    assert.near(1, trapezoid(x, p), 1e-6)
  end)

  it("reduces weights to radii", function()
    math.randomseed(25)
    local d, s0, n = 5, 2, 40
    local m, x = random_measure(n, d, "plain")
    local affine = random_measure(n, d + 2, "affine")
    local r, radii, quad = m:radius(), m:radii { s0 = s0 }, affine:radii { s0 = s0 }
    assert.same({ "radial", "two_radius", "relu" }, { r.space, radii.space, quad.space })
    assert.is_true(r:weights() == m:weights())
    for j = 1, n do
      assert.near(x[j]:norm(), r:coordinate()[j], 1e-14)
      assert.near(x[j]:slice(1, s0):norm(), radii:coordinate("r1")[j], 1e-14)
      assert.near(x[j]:slice(s0 + 1, d):norm(), radii:coordinate("r2")[j], 1e-14)
      assert.equal(affine:coordinate("a")[j], quad:coordinate("a")[j])
      assert.equal(affine:coordinate("b")[j], quad:coordinate("b")[j])
      assert.near(affine:atoms()[j]:slice(1, d):norm(),
        (quad:coordinate("r1")[j] ^ 2 + quad:coordinate("r2")[j] ^ 2) ^ 0.5, 1e-14)
    end
    assert.is_true(radii:radius():coordinate():near(r:coordinate(), 1e-14))
    assert.is_true(quad:radius():coordinate():near(affine:radius():coordinate(), 1e-14))
  end)

  it("projects on a subspace given by its basis, a small rest included", function()
    local s = math.sqrt(0.5)
    local m = mf.measure { x = { { 1, 1, 0 }, { 1, -1, 2 }, { 3, 3 + 1e-9, 0 } }, space = "plain" }
    local radii = m:radii { s0 = 1, basis = { { s, s, 0 } } }
    assert.is_true(radii:coordinate("r1"):near({ math.sqrt(2), 0, 6 * s }, 1e-8))
    assert.is_true(radii:coordinate("r2"):near({ 0, math.sqrt(6), 1e-9 * s }, 1e-15))
    assert.error_matches(function() m:radii { s0 = 1, basis = { { 1, 1, 0 } } } end, "orthonormal", 1, true)
    assert.error_matches(function() m:radii { s0 = 2, basis = { { s, s, 0 } } } end, "'basis' must be 2 x 3", 1, true)
    assert.error_matches(function() m:radii { s0 = 4 } end, "'s0' must be an integer in [1, 3], got 4", 1, true)
    assert.error_matches(function() radii:radii { s0 = 1 } end, "space 'two_radius' has no weights", 1, true)
  end)

  it("is pushed forward and sampled", function()
    math.randomseed(26)
    local m, x, w = random_measure(30, 2)
    local image = m:push(function(a, b) return a + b, a * b, 1 end)
    assert.equal(3, image.dim)
    assert.is_true(image:weights():near(w, 1e-16))
    assert.is_true(image:coordinate(1) == x:column(1) + x:column(2))
    assert.equal("radial", m:push(function(a) return math.abs(a) end, "radial").space)
    assert.error_matches(function() m:push(function(a) return a end, "relu") end, "must return 4 coordinates", 1, true)
    assert.error_matches(function() m:push(function() return 0 / 0 end) end, "must return a number", 1, true)
    local many, called = mf.array.zeros(50000):totable(), 0
    assert.equal(50000, #m:push(function() return table.unpack(many) end):mean())
    assert.error_matches(function()
      m:push(function()
        called = called + 1
        if called == 1 then return table.unpack(many) end
        collectgarbage() -- the stack shrinks
        return 1
      end)
    end, "the function returned 50000 values for atom 1, 1 for atom 1", 1, true)
  end)

  it("keeps the mass of a radius on [0, inf), as a marginal and in a range that goes below, too", function()
    local g = mf.rng { seed = 3 }
    local x, y = g:normals(4000, 0):abs(), g:normals(4000, 1):abs()
    local rows = {}
    for i = 1, #x do rows[i] = { x[i], y[i] } end
    local both = mf.measure { x = rows, space = "two_radius" }
    local alone = both:marginal "r2"
    assert.equal("length", alone.space)
    assert.is_nil(mf.measure({ x = { { 1, 2 } } }):marginal(2).space:find "length")
    for _, m in ipairs { alone, mf.measure { x = y, space = "radial" } } do
      for _, range in ipairs { {}, { -1, 9 }, { 0, 9 } } do
        local at, p = m:density { bandwidth = 0.1, range = range[1] and range }
        assert.equal(0, at[1])
        local area = 0
        for i = 1, #at - 1 do area = area + (p[i] + p[i + 1]) / 2 * (at[i + 1] - at[i]) end
        assert.near(1, area, 1e-5)
        for i = 1, #at do -- half normal: within 4.5 standard errors of the estimate, and its bias
          if at[i] < 1 then
            local law = math.sqrt(2 / math.pi) * math.exp(-at[i] ^ 2 / 2)
            assert.near(law, p[i], 4.5 * math.sqrt(2 * law / (2 * math.sqrt(math.pi) * 0.1 * 4000)) + 0.01)
          end
        end
      end
      assert.error_matches(function() m:density { range = { -2, -1 } } end, "where no radius is", 1, true)
      assert.is_true(m:density()[1] >= 0)
    end
  end)

  it("says what is wrong with its options", function()
    local function fails(text, options)
      assert.error_matches(function() mf.measure(options) end, text, 1, true)
    end
    fails("option 'x' is missing", {})
    fails("at least one atom", { x = {} })
    fails("option 'x' must be an mf.array or a table, got 'abc'", { x = "abc" })
    fails("coordinate 1 of atom 2 must be finite, got", { x = { 1, 0 / 0 } })
    fails("coordinate 1 of atom 1 must be in [0, inf], got -1", { x = { -1 }, space = "radial" })
    fails("must be finite, got inf", { x = { { inf, 0, 1, 1 } }, space = "relu" })
    fails("must have 4 coordinates an atom in space 'relu', got 1", { x = { 1 }, space = "relu" })
    fails("must be a vector of 2 numbers", { x = { 1, 2 }, weights = { 1 } })
    fails("number 1 must be finite and >= 0, got -1", { x = { 1, 2 }, weights = { -1, 2 } })
    fails("a positive, finite sum", { x = { 1, 2 }, weights = { 0, 0 } })
    fails("did you mean 'weights'?", { x = { 1 }, wieghts = { 1 } })
    fails("option 'space' must be 'free', 'length', 'plain'", { x = { 1 }, space = "ball" })
    local m = mf.measure { x = { { 1, 2 }, { 3, 4 } } }
    assert.error_matches(function() m:quantile(0.5) end, "which coordinate?", 1, true)
    assert.error_matches(function() m:quantile(1.5, 1) end, "a probability in [0, 1]", 1, true)
    assert.error_matches(function() m:histogram { range = { 2, 1 }, coordinate = 1 } end,
      "low < high, got {2, 1}", 1, true)
    assert.error_matches(function() m:radius() end, "space 'free' has no weights", 1, true)
  end)
end)
