-- Functions of two variables: level lines, densities of laws, and images on paper and in the terminal.
local mf = require "meanfield"
local braille = require "meanfield.plot.braille"
local layout = require "meanfield.plot.layout"
local pixels = require "tests.pixels"
local process = require "tests.process"
local surface = require "meanfield.plot.surface"

local function grid(n, low, high, z)
  local x, values = mf.array.linspace(low, high, n):totable(), {}
  for j = 1, n do
    for i = 1, n do values[#values + 1] = z(x[i], x[j]) end
  end
  return { x = x, y = x, z = values }
end

describe("level lines", function()
  it("of x^2 + y^2 are one closed circle, with an error that falls like h^2", function()
    local errors = {}
    for k, n in ipairs { 21, 41, 81 } do
      local lines = surface.lines(grid(n, -1.5, 1.5, function(x, y) return x * x + y * y end), 1)
      assert.equal(1, #lines)
      local line, length = lines[1], 0
      assert.same({ line.x[1], line.y[1] }, { line.x[#line.x], line.y[#line.y] })
      errors[k] = 0
      for i, x in ipairs(line.x) do
        errors[k] = math.max(errors[k], math.abs(math.sqrt(x * x + line.y[i] ^ 2) - 1))
        if i > 1 then length = length + math.sqrt((x - line.x[i - 1]) ^ 2 + (line.y[i] - line.y[i - 1]) ^ 2) end
      end
      assert.near(2 * math.pi, length, 3 * (3 / n) ^ 2)
    end
    for k = 1, 2 do assert.is_true(errors[k] / errors[k + 1] > 3) end
  end)

  it("of x y part at the saddle, and end at the border", function()
    local lines = surface.lines(grid(8, -1, 1, function(x, y) return x * y end), 0.001)
    assert.equal(2, #lines)
    for _, line in ipairs(lines) do
      for _, k in ipairs { 1, #line.x } do
        assert.near(1, math.max(math.abs(line.x[k]), math.abs(line.y[k])), 1e-12)
      end
      for i = 2, #line.x do assert.is_true(line.x[1] * line.x[i] > 0) end -- never across
    end
  end)

  it("stop where a value is missing", function()
    local s = grid(11, 0, 1, function(x, y) return x > 0.45 and x < 0.55 and 0 / 0 or y end)
    local lines = surface.lines(s, 0.52)
    assert.equal(2, #lines)
  end)
end)

describe("contours", function()
  it("have about eight levels of round numbers, or about as many as are asked for", function()
    local function levels(high, wanted)
      local fig = require "meanfield".plot {}
      fig:contour { x = { 0, 1 }, y = { 0, 1 }, z = { { -high, 0 }, { 0, high } }, levels = wanted }
      return fig.panels[1].series[1].levels
    end
    local function rounded(list)
      for i, level in ipairs(list) do list[i] = math.floor(level * 1e6 + 0.5) / 1e6 end
      return list
    end
    assert.same({ -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8 }, rounded(levels(0.99)))
    for _, wanted in ipairs { 4, 8, 20 } do
      for high = 1, 10, 0.37 do
        local n = #levels(high, wanted)
        assert.truthy(n >= 0.6 * wanted - 1 and n <= 1.5 * wanted, n .. " levels")
      end
    end
  end)
end)

describe("the density of a law in two coordinates", function()
  local rng = 12345
  local function uniform() -- a fixed stream (minimal standard generator)
    rng = rng * 16807 % 2147483647
    return rng / 2147483647
  end
  local function normals(n)
    local rows = {}
    for i = 1, n do
      local r, a = math.sqrt(-2 * math.log(uniform())), 2 * math.pi * uniform()
      rows[i] = { r * math.cos(a), r * math.sin(a) }
    end
    return rows
  end

  it("has mass 1, also at a wall at zero", function()
    local rows = normals(3000)
    for _, fold in ipairs { false, true } do
      local x = {}
      for i, row in ipairs(rows) do x[i] = fold and { math.abs(row[1]), math.abs(row[2]) } or row end
      local px, py, z = surface.density("test", mf.measure { x = x }, { points = 80 })
      local sum = 0
      for _, v in ipairs(z) do sum = sum + v end
      assert.near(1, sum * (px[2] - px[1]) * (py[2] - py[1]), 2e-3)
      if fold then assert.is_true(px[1] > 0) end
    end
  end)

  it("holds the stated shares of mass, judged on points of the same law", function()
    local px, py, z = surface.density("test", mf.measure { x = normals(20000) }, { points = 100 })
    local shares, judge = { 0.9, 0.5 }, normals(4000)
    local levels = surface.mass_levels(z, shares)
    for k, share in ipairs(shares) do
      local inside = 0
      for _, p in ipairs(judge) do
        if surface.at({ x = px, y = py, z = z }, p[1], p[2]) >= levels[k] then inside = inside + 1 end
      end
      -- 4 standard deviations of a binomial share, and 0.02 for the smoothing
      assert.near(share, inside / #judge, 4 * math.sqrt(share * (1 - share) / #judge) + 0.02)
    end
    -- and the circle that holds half of a standard normal has the radius sqrt(2 ln 2)
    for _, line in ipairs(surface.lines({ x = px, y = py, z = z }, levels[2])) do
      for i, x in ipairs(line.x) do assert.near(1.177, math.sqrt(x * x + line.y[i] ^ 2), 0.2) end
    end
  end)
end)

describe("image and contour", function()
  after_each(process.clean)

  it("take functions, rows, matrices and flat lists alike, and say what is wrong with others", function()
    local function z(x, y) return 10 * x + y end
    local forms = { z, { { 11, 21, 31 }, { 12, 22, 32 } }, { 11, 21, 31, 12, 22, 32 },
                    mf.array { { 11, 21, 31 }, { 12, 22, 32 } } }
    for _, form in ipairs(forms) do
      local fig = mf.plot {}
      fig:image { x = { 1, 2, 3 }, y = { 1, 2 }, z = form }
      assert.same({ 11, 21, 31, 12, 22, 32 }, fig.panels[1].series[1].z)
      assert.same({ 0.5, 1.5, 2.5, 3.5 }, fig.panels[1].series[1].xedges)
    end
    local fig = mf.plot {}
    for bad, expected in pairs {
      [{ x = { 1, 2 }, y = { 1, 2 } }] = "option 'z' is missing",
      [{ x = { 1, 1 }, y = { 1, 2 }, z = z }] = "x must be finite and increase",
      [{ x = { 1, 2 }, y = { 1, 2 }, z = { 1, 2, 3 } }] = "z has 3 values but x and y have 2 x 2",
      [{ x = { 1, 2 }, y = { 1, 2 }, z = { 0 / 0, 0 / 0, 0 / 0, 0 / 0 } }] = "no value that can be shown",
      [{ measure = mf.measure { x = { 1, 2 } } }] = "one coordinate",
      [{ measure = 3 }] = "must be a measure",
    } do
      assert.error_matches(function() fig:image(bad) end, expected, 1, true)
      assert.error_matches(function() fig:contour(bad) end, expected, 1, true)
    end
  end)

  it("paint every cell in the colour of its value, up to its edges, and leave NaN blank", function()
    local colors = require "meanfield.plot.colors"
    local z = { 1, 2, 3, 4, 5, 0 / 0 }
    local fig = mf.plot { width = 3, height = 2 }
    fig:image { x = { 1, 2, 4 }, y = { 1, 2 }, z = z }
    local plan = layout.figure(fig)[1]
    local path = process.folder() .. "/f.png"
    fig:save(path)
    local _, height, at = pixels.read(path)
    local f, x, y = plan.frame, fig.panels[1].series[1].xedges, fig.panels[1].series[1].yedges
    for j = 1, 2 do
      for i = 1, 3 do
        for _, u in ipairs { 0.15, 0.5, 0.85 } do
          local px = f.left + f.width * (x[i] + u * (x[i + 1] - x[i]) - x[1]) / (x[4] - x[1])
          local py = f.bottom + f.height * (y[j] + u * (y[j + 1] - y[j]) - y[1]) / (y[3] - y[1])
          local v = z[(j - 1) * 3 + i]
          local hex = v == v and colors.at("viridis", (v - 1) / 4) or "#FFFFFF"
          local r, g, b = at(math.floor(px * 300 / 72), height - 1 - math.floor(py * 300 / 72))
          assert.equal(hex, ("#%02X%02X%02X"):format(r, g, b))
        end
      end
    end
  end)

  it("show shades and a bar in the terminal", function()
    local fig = mf.plot {}
    fig:image { x = { 1, 2, 3, 4, 5 }, y = { 1, 2 }, z = function(x) return x end, zlabel = "value" }
    local text = braille.text(fig, { columns = 42, lines = 6, color = false })
    local line = text:match "[^\n]*│[^\n]*"
    local order = { [" "] = 1, ["░"] = 2, ["▒"] = 3, ["▓"] = 4, ["█"] = 5 }
    local last, seen = 0, 0
    for _, code in utf8.codes(line:match "[│┤](.*)") do
      local rank = order[utf8.char(code)]
      if rank then
        assert.is_true(rank >= last)
        last, seen = rank, seen + 1
      end
    end
    assert.same({ 5, true }, { last, seen > 30 })
    assert.truthy(text:find("value 1 .* 5"))
    local colored = braille.text(fig, { columns = 42, lines = 6, color = true })
    assert.truthy(colored:find("\27[48;5;", 1, true))
  end)

  it("makes a map of two parameters in five lines", function()
    local deltas, kappas = { 0.2, 0.4, 0.6, 0.8 }, { 0.1, 0.2, 0.4, 0.8 }
    local fig = mf.plot { xlabel = "Δ", ylabel = "κ", ylog = true }
    fig:image { x = deltas, y = kappas, zlabel = "risk", z = function(delta, kappa)
      return mf.pde.particles { J = 50, init = mf.init.gaussian { kappa = kappa },
        potential = mf.potential.radial { activation = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } },
          distribution = mf.distribution.isotropic { d = 40, delta = delta } } }:risk()
    end }
    fig:save(process.folder() .. "/map.svg")
  end)
end)
