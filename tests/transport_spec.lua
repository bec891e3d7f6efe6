-- Wasserstein distances: against brute-force assignment, closed forms and invariances.
local mf = require "meanfield"
local transport, inf = mf.transport, math.huge

local function random(n, shift)
  local t = {}
  for i = 1, n do t[i] = math.random() * 3 - 1 + (shift or 0) end
  return t
end

-- min over all permutations of (1/n sum |x_i - y_pi(i)|^p)^(1/p): knows nothing of sorting.
local function assignment(x, y, p)
  local n, best, used = #x, inf, {}
  local function try(i, cost)
    if cost >= best then return end
    if i > n then
      best = cost
      return
    end
    for j = 1, n do
      if not used[j] then
        used[j] = true
        try(i + 1, cost + math.abs(x[i] - y[j]) ^ p)
        used[j] = false
      end
    end
  end
  try(1, 0)
  return (best / n) ^ (1 / p)
end

describe("transport", function()
  it("equals the best of all assignments on small sets", function()
    math.randomseed(11)
    for n = 1, 7 do
      local x, y = random(n), random(n, 0.4)
      assert.near(assignment(x, y, 1), transport.w1(x, y), 1e-14)
      assert.near(assignment(x, y, 2), transport.w2(x, y), 1e-14)
      assert.near(assignment(x, y, 3.5), transport.wp(x, y, 3.5), 1e-14)
    end
  end)

  it("takes weights as numbers of copies", function()
    math.randomseed(12)
    local x, y, copies_x, copies_y = random(5), random(4), { 3, 1, 2, 4, 2 }, { 5, 1, 3, 3 }
    local function copied(values, copies)
      local t = {}
      for i, v in ipairs(values) do
        for _ = 1, copies[i] do t[#t + 1] = v end
      end
      return t
    end
    local a, b = mf.measure { x = x, weights = copies_x }, mf.measure { x = y, weights = copies_y }
    for _, p in ipairs { 1, 2, 3 } do
      assert.near(transport.wp(copied(x, copies_x), copied(y, copies_y), p), transport.wp(a, b, p), 1e-14)
    end
    -- The same law with 1 and with 3 copies of each atom.
    local twice = {}
    for _, v in ipairs(x) do for _ = 1, 3 do twice[#twice + 1] = v end end
    assert.near(0, transport.w1(x, twice), 1e-15)
  end)

  it("is the area between distribution functions for p = 1", function()
    math.randomseed(13)
    local a = mf.measure { x = random(9), weights = mf.array(random(9)):abs() }
    local b = mf.measure { x = random(6), weights = mf.array(random(6)):abs() }
    local cuts = mf.array(15)
    for i = 1, 9 do cuts[i] = a:coordinate()[i] end
    for i = 1, 6 do cuts[9 + i] = b:coordinate()[i] end
    cuts:sort()
    local area = 0
    for i = 1, 14 do
      local middle = (cuts[i] + cuts[i + 1]) / 2
      area = area + math.abs(a:cdf(middle) - b:cdf(middle)) * (cuts[i + 1] - cuts[i])
    end
    assert.near(area, transport.w1(a, b), 1e-14)
  end)

  it("has its closed forms: translations, dilations and Gaussians", function()
    math.randomseed(14)
    local x = mf.array(random(1000))
    for _, p in ipairs { 1, 2, 5, inf } do assert.near(2.385, transport.wp(x, x + 2.385, p), 1e-12) end
    -- A dilation by s about 0 moves x to s x.
    assert.near(0.7 * (x ^ 2):mean() ^ 0.5, transport.w2(x, x * 1.7), 1e-13)
    -- W2(N(m1, s1^2), N(m2, s2^2))^2 = (m1 - m2)^2 + (s1 - s2)^2, on quantiles: exact for the
    -- quantile particles up to the variance that they have themselves.
    local normal = mf.array.linspace(0.5 / 2000, 1 - 0.5 / 2000, 2000):map(function(u)
      local low, high = -9.0, 9.0
      for _ = 1, 60 do
        local middle = (low + high) / 2
        if mf.array({ middle / math.sqrt(2) }):erf()[1] < 2 * u - 1 then low = middle else high = middle end
      end
      return (low + high) / 2
    end)
    local variance = (normal ^ 2):mean()
    assert.near(1, variance, 2e-3)
    assert.near(math.sqrt(1.1 ^ 2 + 0.6 ^ 2 * variance), transport.w2(normal * 1.3 + 0.4, normal * 0.7 - 0.7), 1e-9)
  end)

  it("is a metric that grows with p", function()
    math.randomseed(15)
    local x, y, z = random(20), random(30, 0.3), random(25, -0.2)
    for _, p in ipairs { 1, 1.5, 2, inf } do
      assert.equal(0, transport.wp(x, x, p))
      assert.near(transport.wp(x, y, p), transport.wp(y, x, p), 1e-14)
      assert.is_true(transport.wp(x, y, p) <= transport.wp(x, z, p) + transport.wp(z, y, p))
    end
    assert.is_true(transport.w1(x, y) < transport.w2(x, y) and transport.w2(x, y) < transport.wp(x, y, inf))
  end)

  it("neither overflows nor underflows in the power", function()
    assert.near(1e200, transport.wp({ 0 }, { 1e200 }, 3), 1e186)
    assert.near(1e-200, transport.wp({ 0 }, { 1e-200 }, 3), 1e-214)
  end)

  it("sliced: powers of any order neither overflow nor underflow, and numbers of any size", function()
    math.randomseed(17)
    local one, two = mf.measure { x = random(20) }, mf.measure { x = random(15, 0.7) }
    for _, p in ipairs { 1, 2, 7.5, 500, 1e5 } do -- on the line every direction gives the distance itself
      assert.near(transport.wp(one, two, p), transport.sliced(one, two, { p = p, directions = 7 }), 1e-13)
    end
    local a, b = mf.array { { 0, 0 }, { 1, 2 } }, mf.array { { 3, 4 }, { 0, 1 } }
    local function sliced(scale, p)
      return transport.sliced(mf.measure { x = a * scale }, mf.measure { x = b * scale }, { p = p }) / scale
    end
    for _, p in ipairs { 2, 500 } do
      for _, scale in ipairs { 1e250, 1e-250, 1e305 } do assert.near(sliced(1, p), sliced(scale, p), 1e-12) end
    end
    assert.is_true(sliced(1, 2) < sliced(1, 50) and sliced(1, 50) < sliced(1, 500)) -- grows with p ...
    assert.is_true(sliced(1, 500) < math.sqrt(8)) -- ... below the largest displacement of the plan (3, 4), (1, 1)
  end)

  it("is infinite exactly where the masses at infinity differ", function()
    assert.equal(inf, transport.w1({ 1, 2 }, { 1, inf }))
    assert.equal(1, transport.w1({ 1, inf }, { 3, inf }))
    local a = mf.measure { x = { 1, inf }, weights = { 0.9, 0.1 }, space = "radial" }
    local b = mf.measure { x = { 1, inf, inf, inf }, weights = { 0.9, 0.05, 0.03, 0.02 }, space = "radial" }
    assert.near(0, transport.w2(a, b), 1e-15)
    assert.equal(inf, transport.w2(a, { 1, inf }))
  end)

  it("says what is wrong", function()
    local m = mf.measure { x = { { 1, 2 }, { 3, 4 } } }
    assert.error_matches(function() transport.w1(m, { 1 }) end, "a measure of one coordinate expected", 1, true)
    assert.error_matches(function() transport.w1({}, { 1 }) end, "no numbers", 1, true)
    assert.error_matches(function() transport.w1({ 0 / 0 }, { 1 }) end, "a number is NaN", 1, true)
    assert.error_matches(function() transport.wp({ 1 }, { 1 }, 0.5) end, "p must be in [1, inf]", 1, true)
    assert.error_matches(function() transport.w1({ 1 }, "x") end, "bad argument #2", 1, true)
    assert.error_matches(function() transport.sliced(m, mf.measure { x = { 1 } }) end, "2 and 1 coordinates", 1, true)
  end)

  it("sliced: equals W_p on the line, and |shift|/sqrt(dim) in the mean for translations", function()
    math.randomseed(16)
    local x, y = random(20), random(30)
    assert.near(transport.w2(x, y), transport.sliced(mf.measure { x = x }, mf.measure { x = y }), 1e-13)
    -- E <u, s>^2 = |s|^2/dim; <u, s>^2 has standard deviation |s|^2 sqrt(2 (dim-1)/(dim+2))/dim.
    local rows, shifted, dim, K = {}, {}, 3, 400
    for i = 1, 30 do
      rows[i] = random(dim)
      shifted[i] = { rows[i][1] + 1, rows[i][2] - 2, rows[i][3] + 0.5 }
    end
    local square = (1 + 4 + 0.25) / dim
    local got = transport.sliced(mf.measure { x = rows }, mf.measure { x = shifted }, { directions = K }) ^ 2
    assert.near(square, got, 4.5 * square * math.sqrt(2 * (dim - 1) / (dim + 2) / K))
  end)
end)
