-- Arrays: every operation against plain Lua loops over random shapes; views, errors, printing.
local mf = require "meanfield"

local function random_rows(n, m)
  local rows = {}
  for i = 1, n do
    rows[i] = {}
    for j = 1, m do rows[i][j] = math.random() * 4 - 2 end
  end
  return rows
end

-- Shapes that meet the corners: empty, one element, one row, one column, larger than the sum's block.
local shapes = { { 0, 0 }, { 0, 3 }, { 3, 0 }, { 1, 1 }, { 1, 7 }, { 7, 1 }, { 5, 4 }, { 23, 31 } }

local function each_shape(fn)
  math.randomseed(20240501)
  for _, s in ipairs(shapes) do fn(s[1], s[2]) end
end

local function array_of(rows, n, m)
  local a = mf.array(n, m)
  for i = 1, n do a[i] = rows[i] end
  return a
end

describe("array", function()
  it("is built from tables, sizes and arrays", function()
    local v = mf.array { 1, 2.5, -3 }
    assert.equal(3, #v)
    assert.same({ 1, 2.5, -3 }, v:totable())
    assert.same({ { 1, 2 }, { 3, 4 } }, mf.array({ { 1, 2 }, { 3, 4 } }):totable())
    assert.same({ { 1, 2 }, { 3, 4 } }, mf.array({ mf.array { 1, 2 }, { 3, 4 } }):totable())
    assert.same({ 0, 0, 0 }, mf.array(3):totable())
    assert.same({ { 0, 0, 0 }, { 0, 0, 0 } }, mf.array.zeros(2, 3):totable())
    assert.same({ { 1 }, { 1 } }, mf.array.ones(2, 1):totable())
    assert.same({ { 1, 0 }, { 0, 1 } }, mf.array.identity(2):totable())
    assert.equal(0, #mf.array {})
    assert.same({ 3 }, { v:shape() })
    assert.same({ 0 }, { mf.array(0):shape() })
    local copy = mf.array(v)
    copy[1] = 9
    assert.equal(1, v[1])
  end)

  it("has ranges whose ends are exact", function()
    local l = mf.array.linspace(-0.3, 0.7, 11)
    assert.equal(-0.3, l[1])
    assert.equal(0.7, l[11])
    for i = 1, 11 do assert.near(-0.3 + (i - 1) * 0.1, l[i], 1e-15) end
    for i = 1, 10 do assert.equal(i, mf.array.linspace(1, 10, 10)[i]) end
    for i = 0, 10 do assert.equal(i / 10, mf.array.linspace(0, 1, 11)[i + 1]) end
    for i = 1, 16 do assert.equal(0.1, mf.array.linspace(0.1, 0.1, 16)[i]) end -- rounding leaves no end behind
    for i = -3, 3 do assert.equal(tonumber("1e" .. i), mf.array.logspace(1e-3, 1e3, 7)[i + 4]) end
    for i = 0, 12 do assert.equal(2 ^ i, mf.array.logspace(1, 4096, 13)[i + 1]) end
    assert.near(0, mf.array.linspace(-1.5e308, 1.5e308, 9)[5] / 1e308, 1e-15)
    local g = mf.array.logspace(1e-3, 7.3, 9)
    assert.equal(1e-3, g[1])
    assert.equal(7.3, g[9])
    for i = 2, 8 do assert.near(g[i] ^ 2, g[i - 1] * g[i + 1], 1e-14 * g[i] ^ 2) end
    assert.same({ 1, 2, 3 }, mf.array.range(1, 3):totable())
    assert.equal(4, #mf.array.range(0, 0.3, 0.1))
    assert.equal(3, #mf.array.range(0, 0.29, 0.1))
    assert.same({ 3, 1 }, mf.array.range(3, 0, -2):totable())
    assert.equal(0, #mf.array.range(3, 0))
  end)

  it("reads one past the end as nil, and refuses every other index outside", function()
    local v, m = mf.array { 1, 2 }, mf.array(2, 3)
    assert.is_nil(v[3])
    assert.is_nil(m[3])
    assert.error_matches(function() return v[0] end, "index 0 is outside 1..2", 1, true)
    assert.error_matches(function() return v[4] end, "index 4 is outside 1..2", 1, true)
    assert.error_matches(function() return v[-1] end, "outside", 1, true)
    assert.error_matches(function() return v[1.5] end, "no integer", 1, true)
    assert.error_matches(function() v[3] = 1 end, "index 3 is outside 1..2", 1, true)
    assert.error_matches(function() v.x = 1 end, "index must be an integer, got string 'x'", 1, true)
    assert.error_matches(function() v[1] = "1" end, "must be a number, got string", 1, true)
    assert.error_matches(function() m[1] = { 1, 2 } end, "row 1 has 3 elements, got 2", 1, true)
    assert.error_matches(function() m:get(1, 4) end, "column 4 is outside 1..3", 1, true)
    assert.error_matches(function() v:slice(2, 3) end, "slice 2..3 is outside 1..2", 1, true)
    local seen = {}
    for i, x in ipairs(v) do seen[i] = x end
    assert.same({ 1, 2 }, seen)
  end)

  it("reads and writes elements through get and set", function()
    each_shape(function(n, m)
      local rows = random_rows(n, m)
      local a = array_of(rows, n, m)
      assert.same({ n, m }, { a:shape() })
      for i = 1, n do
        for j = 1, m do
          assert.equal(rows[i][j], a[i][j])
          assert.equal(rows[i][j], a:get(i, j))
          a:set(i, j, i * 100 + j)
          assert.equal(i * 100 + j, a:column(j)[i])
        end
      end
    end)
  end)

  it("keeps the memory of a view alive", function()
    local row, column, slice, deep
    do
      local a = array_of({ { 1, 2, 3 }, { 4, 5, 6 } }, 2, 3)
      row, column, slice = a[2], a:column(3), a:slice(2, 2)
      deep = a:slice(1, 2):column(2):slice(2, 2)
    end
    for _ = 1, 5 do
      collectgarbage()
      for _ = 1, 200 do mf.array(50):fill(7) end
    end
    assert.same({ 4, 5, 6 }, row:totable())
    assert.same({ 3, 6 }, column:totable())
    assert.same({ { 4, 5, 6 } }, slice:totable())
    assert.same({ 5 }, deep:totable())
    row[2] = 50
    assert.equal(50, deep[1])
  end)

  it("computes element by element as a loop does", function()
    local ops = {
      { function(x, y) return x + y end }, { function(x, y) return x - y end },
      { function(x, y) return x * y end }, { function(x, y) return x / y end },
    }
    each_shape(function(n, m)
      local x, y = random_rows(n, m), random_rows(n, m)
      local a, b = array_of(x, n, m), array_of(y, n, m)
      for _, op in ipairs(ops) do
        local f = op[1]
        local both, left, right = f(a, b), f(a, 1.7), f(1.7, b)
        for i = 1, n do
          for j = 1, m do
            assert.equal(f(x[i][j], y[i][j]), both[i][j])
            assert.equal(f(x[i][j], 1.7), left[i][j])
            assert.equal(f(1.7, y[i][j]), right[i][j])
          end
        end
        for j = 1, m do -- strided operands
          local c = f(a:column(j), b:column(j))
          for i = 1, n do assert.equal(f(x[i][j], y[i][j]), c[i]) end
        end
      end
      local power, negative = a:abs() ^ 1.5, -a
      for i = 1, n do
        for j = 1, m do
          assert.equal(math.abs(x[i][j]) ^ 1.5, power[i][j])
          assert.equal(-x[i][j], negative[i][j])
        end
      end
    end)
  end)

  it("repeats the single row or column of a matrix, as a loop would", function()
    local operators = { function(x, y) return x + y end, function(x, y) return x - y end,
                        function(x, y) return x * y end, function(x, y) return x / y end,
                        function(x, y) return x ^ y end }
    local function random(n, m) return mf.array(n, m):map(function() return 0.5 + math.random() end) end
    math.randomseed(20240502)
    for _, s in ipairs { { 3, 4, 1, 4 }, { 3, 4, 3, 1 }, { 3, 4, 1, 1 }, { 5, 1, 1, 2 }, { 1, 1, 1, 1 }, { 0, 4, 1, 4 },
                         { 1, 7, 6, 7 }, { 2, 0, 2, 1 } } do
      local a, b = random(s[1], s[2]), random(s[3], s[4])
      for _, op in ipairs(operators) do
        for _, pair in ipairs { { a, b }, { b, a } } do
          local p, q = pair[1], pair[2]
          local c, p_rows, p_columns, q_rows, q_columns = op(p, q), s[1], s[2], s[3], s[4]
          if p == b and p ~= q then p_rows, p_columns, q_rows, q_columns = q_rows, q_columns, p_rows, p_columns end
          local rows, columns = c:shape()
          assert.same({ p_rows == 1 and q_rows or p_rows, p_columns == 1 and q_columns or p_columns },
                      { rows, columns })
          for i = 1, rows do
            for j = 1, columns do
              assert.equal(op(p:get(math.min(i, p_rows), math.min(j, p_columns)),
                              q:get(math.min(i, q_rows), math.min(j, q_columns))), c:get(i, j))
            end
          end
        end
      end
    end
    local m = random(4, 3)
    local column = m:column(2):reshape(4, 1) -- of a view
    for i = 1, 4 do assert.equal(m:get(i, 3) - m:get(i, 2), (m - column):get(i, 3)) end
  end)

  it("has the elementary functions of math", function()
    local x = mf.array { 0.1, 0.5, 2.385 }
    for _, name in ipairs { "abs", "exp", "log", "sqrt", "sin", "cos", "floor" } do
      local y = x[name](x)
      for i = 1, 3 do assert.equal(math[name](x[i]), y[i]) end
    end
    assert.near(math.log(2.385, 10), x:log10()[3], 1e-15)
    assert.near((math.exp(1) - math.exp(-1)) / (math.exp(1) + math.exp(-1)), mf.array({ 2, 1 }):tanh()[2], 1e-15)
    assert.near(0.8427007929497149, mf.array({ 1 }):erf()[1], 1e-15)
  end)

  it("says which shapes do not fit", function()
    local v, m = mf.array(3), mf.array(3, 4)
    assert.error_matches(function() return v + m end,
      "+: shapes 3 and 3 x 4 differ; v:reshape(1, #v) is a row, v:reshape(#v, 1) a column", 1, true)
    assert.error_matches(function() return m - mf.array(2, 1) end, "-: shapes 3 x 4 and 2 x 1 differ", 1, true)
    assert.error_matches(function() return v[{ 1, 2 }] end, "mf.array: index a table is no integer", 1, true)
    assert.error_matches(function() return v[true] end, "mf.array: index true is no integer", 1, true)
    assert.error_matches(function() return m * mf.array(4, 3) end, "shapes 3 x 4 and 4 x 3 differ", 1, true)
    assert.error_matches(function() return v + {} end, "takes arrays and numbers, got table", 1, true)
    assert.error_matches(function() return v:dot(mf.array(4)) end, "dot: shapes 3 and 4 differ", 1, true)
    assert.error_matches(function() return m:matmul(m) end, "inner dimensions of shapes 3 x 4 and 3 x 4", 1, true)
    assert.error_matches(function() return m:dot(v) end, "expected a vector, got a matrix", 1, true)
    assert.error_matches(function() mf.array { 1, "a" } end, "element 2 must be a number, got string", 1, true)
    assert.error_matches(function() mf.array { { 1, 2 }, { 3 } } end, "row 2 has 1 elements", 1, true)
    assert.error_matches(function() mf.array { { 1 }, 2 } end, "row 2 must be a table", 1, true)
    assert.error_matches(function() mf.array(-1) end, "a size must be >= 0", 1, true)
    assert.error_matches(function() mf.array(1 << 40, 1 << 40) end, "do not fit", 1, true)
    assert.error_matches(function() mf.array(1 << 62) end, "do not fit", 1, true)
    assert.error_matches(function() mf.array {}:max() end, "no elements", 1, true)
  end)

  it("multiplies matrices as the definition does", function()
    math.randomseed(7)
    for _, s in ipairs { { 1, 1, 1 }, { 3, 4, 5 }, { 17, 8, 2 }, { 2, 0, 3 }, { 0, 2, 2 } } do
      local n, k, m = s[1], s[2], s[3]
      local x, y = random_rows(n, k), random_rows(k, m)
      local a, b = array_of(x, n, k), array_of(y, k, m)
      local c = a:matmul(b)
      assert.same({ n, m }, { c:shape() })
      for i = 1, n do
        for j = 1, m do
          local sum = 0
          for l = 1, k do sum = sum + x[i][l] * y[l][j] end
          assert.near(sum, c[i][j], 1e-13)
          assert.near(sum, a[i]:dot(b:column(j)), 1e-13)
          assert.near(sum, a:matmul(b:column(j))[i], 1e-13)
          assert.near(sum, a[i]:matmul(b)[j], 1e-13)
        end
      end
      assert.is_true(c:transpose():near(b:transpose():matmul(a:transpose()), 1e-13))
    end
  end)

  it("reduces as a loop does, over all or along an axis", function()
    each_shape(function(n, m)
      local x = random_rows(n, m)
      local a = array_of(x, n, m)
      local all, columns, rows = {}, {}, {}
      for i = 1, n do
        for j = 1, m do
          all[#all + 1] = x[i][j]
          columns[j] = columns[j] or {}
          rows[i] = rows[i] or {}
          columns[j][i], rows[i][j] = x[i][j], x[i][j]
        end
      end
      local function check(t, pick)
        if #t == 0 then return end
        local sum, low, high, squares, at = 0, 1, 1, 0, 0
        for i, v in ipairs(t) do
          sum, squares = sum + v, squares + v * v
          if v < t[low] then low = i end
          if v > t[high] then high = i end
        end
        local mean = sum / #t
        for _, v in ipairs(t) do at = at + (v - mean) ^ 2 end
        assert.near(sum, pick "sum", 1e-12)
        assert.near(mean, pick "mean", 1e-12)
        assert.equal(t[low], pick "min")
        assert.equal(t[high], pick "max")
        assert.near(math.sqrt(squares), pick "norm", 1e-12)
        if #t > 1 then assert.near(math.sqrt(at / (#t - 1)), pick "std", 1e-12) end
      end
      check(all, function(name) return a[name](a) end)
      for j, t in ipairs(columns) do check(t, function(name) return a[name](a, 1)[j] end) end
      for i, t in ipairs(rows) do check(t, function(name) return a[name](a, 2)[i] end) end
      if #all > 0 then
        assert.equal(a:min(), a:get(a:argmin()))
        assert.equal(a:max(), a:get(a:argmax()))
      end
    end)
    assert.same({ 2, 3 }, { mf.array({ 1, -2, 5 }):argmin(), (mf.array { 1, -2, 5 }):argmax() })
    assert.equal(0, mf.array({}):sum())
    assert.near(3 * 1e200, mf.array({ 1e200, -2e200, 2e200 }):norm(), 1e187)
    for _, unit in ipairs { 1e-200, 1e200 } do
      assert.near(math.sqrt(2), mf.array({ unit, 3 * unit }):std() / unit, 1e-15)
    end
    for n = 2, 300 do assert.near(0, mf.array(n):fill(0.47 * n):std(), 1e-12) end -- no root of a rounding error
  end)

  it("sorts and takes quantiles, with NaN and infinities", function()
    math.randomseed(3)
    local t = {}
    for i = 1, 501 do t[i] = math.random() end
    local a = mf.array(t)
    table.sort(t)
    assert.same(t, a:copy():sort():totable())
    assert.equal(t[251], a:quantile(0.5))
    local q = a:quantile { 0, 0.1, 0.333, 1 }
    assert.equal(t[1], q[1])
    assert.near(t[51], q[2], 1e-15)
    local h = 0.333 * 500
    assert.near(t[167] + (h - 166) * (t[168] - t[167]), q[3], 1e-14)
    assert.equal(t[501], q[4])
    local m = mf.array(7, 2)
    for i = 1, 7 do m[i] = { t[8 - i], i } end
    m:column(1):sort() -- in place through a strided view
    for i = 1, 7 do assert.same({ t[i], i }, m[i]:totable()) end
    local odd = mf.array({ 2, 0 / 0, -math.huge, 1 }):sort()
    assert.same({ -math.huge, 1, 2 }, odd:slice(1, 3):totable())
    assert.is_true(odd[4] ~= odd[4])
    assert.equal(math.huge, mf.array({ 0, 1, math.huge }):quantile(0.9))
    assert.equal(1, mf.array({ 0, 1, math.huge }):quantile(0.5))
    assert.error_matches(function() a:quantile(1.5) end, "must be in [0, 1]", 1, true)
  end)

  it("compares, maps, sums up and reshapes", function()
    local a = mf.array { { 1, 2, 3 }, { 4, 5, 6 } }
    assert.is_true(a == mf.array(a))
    assert.is_false(a == mf.array { 1, 2, 3 })
    assert.is_false(mf.array { 0 / 0 } == mf.array { 0 / 0 })
    assert.is_true(a:near(a + 1e-9, 1e-8))
    assert.is_false(a:near(a + 1e-7, 1e-8))
    assert.is_true(mf.array({ math.huge, 1 }):near({ math.huge, 1 }, 0))
    assert.is_false(mf.array({ 0 / 0 }):near({ 0 / 0 }, 1e9))
    assert.same({ { 111, 212, 313 }, { 421, 522, 623 } },
      a:map(function(x, i, j) return 100 * x + 10 * i + j end):totable())
    assert.same({ 11, 22, 33 }, a[1]:map(function(x, i) return 10 * x + i end):totable())
    assert.same({ 1, 3, 6 }, a[1]:cumsum():totable())
    assert.same({ { 1, 2 }, { 3, 4 }, { 5, 6 } }, a:reshape(3, 2):totable())
    assert.same({ 1, 4, 2, 5, 3, 6 }, a:transpose():reshape(6):totable())
    assert.error_matches(function() a:reshape(4, 2) end, "no shape 4 x 2", 1, true)
    a[1] = 0
    a[2] = mf.array { { 7, 8, 9 } }:row(1)
    assert.same({ { 0, 0, 0 }, { 7, 8, 9 } }, a:totable())
  end)

  it("prints aligned, with an ellipsis where it is large", function()
    assert.equal("mf.array of 3:  1  2  3", tostring(mf.array { 1, 2, 3 }))
    assert.equal("mf.array of 0", tostring(mf.array {}))
    assert.equal("mf.array 2 x 2\n   1.0000  -0.5000\n  10.0000   3.0000",
      tostring(mf.array { { 1, -0.5 }, { 10, 3 } }))
    assert.equal("mf.array of 20:  1  2  3  4  5  ...  17  18  19  20", tostring(mf.array.range(1, 20)))
    assert.equal("mf.array of 2:  nan  inf", tostring(mf.array { 0 / 0, math.huge }))
    local rows = 0
    for line in tostring(mf.array(1000, 50)):gmatch "[^\n]+" do
      rows = rows + 1
      assert.is_true(#line < 60)
    end
    assert.equal(13, rows)
  end)
end)
