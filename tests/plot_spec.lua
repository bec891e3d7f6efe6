-- Figures: what reaches gnuplot and the terminal, and what is refused.
local mf = require "meanfield"
local axis = require "meanfield.plot.axis"
local process = require "tests.process"
local read = process.read_file

local function capture_stderr(fn)
  local real, said = io.stderr, {}
  rawset(io, "stderr", { write = function(_, ...) said[#said + 1] = table.concat { ... } end })
  local ok, message = pcall(fn)
  rawset(io, "stderr", real)
  assert(ok, message)
  return table.concat(said)
end

local function ramp(n)
  local t = {}
  for i = 1, n do t[i] = i end
  return t
end

describe("plot", function()
  local base

  before_each(function() base = os.tmpname() end)

  after_each(function()
    for _, ext in ipairs { "", ".svg", ".png", ".pdf", ".svg.part" } do os.remove(base .. ext) end
  end)

  local function full_figure()
    local fig = mf.plot { panels = 2, ylabel = "R_N(t)" }
    local left = fig:panel(1, { xlabel = "t", xlog = true, ylog = true, title = "ρ and 'quotes' \"here\"", tag = "a" })
    left:line({ 1, 10, 100 }, { 3, 2, 1 }, { label = "line `date`", dash = "dashed" })
    left:points({ 1, 10, 100 }, { 3, 2, 1 }, { label = "points", errors = { 0.1, 5, 0.1 } })
    left:band({ 1, 10, 100 }, { 2, 1, 0.5 }, { 4, 3, 2 }, { label = "band" })
    left:vline(10):hline(2, { dash = "dotted" }):text(2, 2, "here")
    left:inset { x = 0.6, y = 0.6, w = 0.3, h = 0.3 }:line({ 0, 1 }, { 0, 1 })
    fig:panel(2):histogram(ramp(100), { bins = 10, label = "values" })
    return fig
  end

  it("writes svg, pdf and png", function()
    assert(full_figure():save(base .. ".svg", base .. ".png", base .. ".pdf"))
    assert.truthy(read(base .. ".svg"):find("</svg>", 1, true))
    assert.truthy(read(base .. ".svg"):find('width="7in"', 1, true))
    assert.equal("\137PNG", read(base .. ".png"):sub(1, 4))
    assert.equal(11811, (string.unpack(">I4", read(base .. ".png"), read(base .. ".png"):find("pHYs", 1, true) + 4)))
    assert.equal("%PDF", read(base .. ".pdf"):sub(1, 4))
  end)

  it("writes the same svg bytes for the same figure", function()
    assert(full_figure():save(base .. ".svg"))
    local first = read(base .. ".svg")
    assert(full_figure():save(base .. ".svg"))
    assert.equal(first, read(base .. ".svg"))
  end)

  it("never runs backquotes of a label as a command", function()
    assert(full_figure():save(base .. ".svg"))
    assert.truthy(read(base .. ".svg"):find("`date`", 1, true))
  end)

  it("answers nil and a message when the file cannot be written, and leaves nothing behind", function()
    local fig = mf.plot {}
    local ok, message, path = fig:save "/nonexistent/f.svg"
    assert.is_nil(ok)
    assert.truthy(message:find("No such file", 1, true))
    assert.equal("/nonexistent/f.svg", path)
    assert.is_nil((fig:save(base .. ".eps")))
  end)

  it("passes on what gnuplot says when it fails", function()
    local fig = mf.plot {}
    fig:line({ 1, 2 }, { 1, 2 })
    fig.panels[1].series[1].dash = "no such dash" -- a broken script
    local ok, message = fig:save(base .. ".svg")
    assert.is_nil(ok)
    assert.truthy(message:find "^gnuplot: .*line %d+")
    assert.is_nil(io.open(base .. ".svg.part"))
  end)

  it("gives a histogram the area of the mass inside its range", function()
    local fig = mf.plot {}
    fig:histogram({ 0.5, 1.5, 2.5, 2.5, 99, math.huge }, { bins = 3, range = { 0, 3 } })
    local s = fig.panels[1].series[1]
    assert.same({ 1 / 6, 1 / 6, 1 / 6, 1 / 6, 2 / 6, 2 / 6 }, s.y)
    assert.same({ 0, 1, 1, 2, 2, 3 }, s.x)
  end)

  it("takes measures: atoms with their weights", function()
    local fig, m = mf.plot {}, mf.measure { x = { 1, 2, 3 }, weights = { 1, 1, 2 } }
    fig:histogram(m, { bins = 2 }):histogram(m)
    assert.same({ 0.25, 0.25, 0.75, 0.75 }, fig.panels[1].series[1].y)
    assert.equal(10, #fig.panels[1].series[2].mass) -- as many bins as it takes by default
    assert.error_matches(function() fig:histogram(mf.measure { x = { { 1, 2 } } }) end, "has 2 coordinates", 1, true)
  end)

  it("draws densities that end at zero, and point masses apart", function()
    local x = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } -- a tenth of the mass is one place
    for i = 1, 90 do x[10 + i] = i / 90 end
    local fig = mf.plot {}
    fig:density(mf.measure { x = x })
    local s, area = fig.panels[1].series[1], 0
    for i = 2, #s.x do area = area + (s.x[i] - s.x[i - 1]) * (s.y[i] + s.y[i - 1]) / 2 end
    assert.near(0.9, area, 1e-6)
    assert.same({ 0, 0 }, { s.y[1], s.y[#s.y] })
    assert.equal(1, #s.masses)
    assert.near(0.1, s.masses[1].mass, 1e-12)
    assert.equal(0, s.masses[1].x)
    assert(fig:save(base .. ".svg"))
    assert.truthy(#require "meanfield.plot.braille".text(fig, { columns = 60, lines = 10, color = false }) > 0)
  end)

  it("leaves out what a log axis cannot show and says how much", function()
    local fig = mf.plot { xlog = true }
    local said = capture_stderr(function() fig:line({ 0, 1, 0 / 0, 10 }, { 1, 2, 3, 4 }) end)
    assert.same({ 1, 10 }, fig.panels[1].series[1].x)
    assert.truthy(said:find("left out 2 of 4 points", 1, true))
  end)

  it("refuses NaN on linear axes, unequal lengths, unknown options and colours", function()
    local fig = mf.plot {}
    assert.error_matches(function() fig:line({ 1, 2 }, { 1, 0 / 0 }) end, "figure:line: y[2] is nan", 1, true)
    assert.error_matches(function() fig:points({ 1, 2 }, { 1 }) end, "x has 2 values but y has 1", 1, true)
    assert.error_matches(function() fig:line({}, {}, { colour = 1 }) end, "did you mean 'color'?", 1, true)
    assert.error_matches(function() fig:line({}, {}, { color = "red" }) end, "#rrggbb", 1, true)
    assert.error_matches(function() mf.plot { xlable = "" } end, "did you mean 'xlabel'?", 1, true)
    assert.error_matches(function() mf.plot { xrange = { 2, 1 } } end, "low < high", 1, true)
    assert.error_matches(function() mf.plot { panels = 2 }:line({}, {}) end, "has 2 panels", 1, true)
    assert.error_matches(function() fig:line(3, {}) end, "x must be an array or a list of numbers, got 3", 1, true)
  end)

  it("reports errors at the line of the caller", function()
    local _, message = pcall(function() mf.plot { xlable = "" } end)
    assert.truthy(message:find("plot_spec.lua:%d+: mf.plot: unknown option"))
  end)

  it("pairs the n-th points with the n-th line by colour", function()
    local fig = mf.plot {}
    for _ = 1, 3 do fig:line({ 1 }, { 1 }):points({ 1 }, { 1 }) end
    local s = fig.panels[1].series
    assert.equal(s[1].color, s[2].color)
    assert.equal(s[5].color, s[6].color)
    assert.not_equal(s[1].color, s[3].color)
  end)
end)

describe("axis", function()
  local function labels(panel_options, which, xs)
    local panel = { options = panel_options, series = { { kind = "line", x = xs, y = xs } }, insets = {}, texts = {} }
    local out = {}
    for i, tick in ipairs(axis.scale(panel, which, 6).ticks) do out[i] = tick.label end
    return out
  end

  it("labels decades as powers of ten", function()
    assert.same({ "10^{−3}", "10^{−2}", "10^{−1}", "1", "10", "10^{2}" }, labels({ xlog = true }, "x", { 1e-3, 100 }))
  end)

  it("labels less than two decades with ordinary numbers", function()
    assert.same({ "0.2", "0.5", "1" }, labels({ ylog = true, yrange = { 0.15, 1.5 } }, "y", { 0.2, 1 }))
  end)

  it("chooses round steps and exact zeros", function()
    assert.same({ "−1.0", "−0.5", "0.0", "0.5", "1.0" }, labels({ xrange = { -1, 1 } }, "x", { -1, 1 }))
    assert.same({ "0", "2×10^{6}", "4×10^{6}", "6×10^{6}", "8×10^{6}", "10^{7}" }, labels({}, "x", { 0, 1e7 }))
  end)

  it("puts the legend where it hides no data, or makes room above them", function()
    local function placed(xs, ys, range)
      local panel = { options = { key = "auto", xrange = range, yrange = range }, insets = {}, texts = {},
                      series = { { kind = "line", x = xs, y = ys } } }
      local xscale, yscale = axis.scale(panel, "x", 6), axis.scale(panel, "y", 6)
      local x, y = axis.place_key(panel, xscale, yscale, {}, 0.3, 0.2, 0.02, 0.02)
      for i = 1, #xs do -- independent of the search: no point in the box
        local px, py = axis.position(xscale, xs[i]), axis.position(yscale, ys[i])
        assert.falsy(px > x and px < x + 0.3 and py > y and py < y + 0.2)
      end
      return x, y
    end
    local x, y = placed({ 0, 1, 2 }, { 0, 1, 2 }) -- rising: top left
    assert.near(0.02, x, 1e-12)
    assert.near(0.78, y, 1e-12)
    local frame = { 0.1, 0.1, 0.9, 0.9, 0.1, 0.5, 0.5, 0.5, 0.1, 0.9 } -- with a cross in it
    x, y = placed(frame, { 0.1, 0.9, 0.9, 0.1, 0.1, 0.1, 0.9, 0.5, 0.5, 0.5 }, { 0, 1 })
    for _, at in ipairs { x, x + 0.3, y, y + 0.2 } do assert.is_true(at > 0.1 and at < 0.9 and at ~= 0.5) end
    assert.is_true((x > 0.5) == (x + 0.3 > 0.5) and (y > 0.5) == (y + 0.2 > 0.5)) -- in one of its quarters
    local xs, ys = {}, {}
    for i = 0, 40 do -- fills the whole box: room is made
      for j = 0, 40 do xs[#xs + 1], ys[#ys + 1] = i, j end
    end
    placed(xs, ys)
  end)
end)

describe("inset", function()
  it("without a place goes where it hides no data", function()
    local panel = { options = {}, series = { { kind = "line", x = { 0, 1 }, y = { 0, 1 } } }, insets = {}, texts = {} }
    local xscale, yscale = axis.scale(panel, "x", 6), axis.scale(panel, "y", 6)
    local x, y = axis.place_inset(panel, xscale, yscale, {}, 0.3, 0.3, 0.1, 0.1)
    -- the box [x - 0.1, x + 0.3] x [y - 0.1, y + 0.3] lies on one side of the line, nearly the diagonal
    assert.truthy(x - 0.1 > y + 0.3 or y - 0.1 > x + 0.3 - 0.06)
    assert.truthy(x >= 0.1 and y >= 0.1 and x + 0.3 <= 1 and y + 0.3 <= 1)
  end)
end)

describe("terminal plot", function()
  it("has the size asked for, in characters", function()
    local fig = mf.plot { xlabel = "t", ylabel = "R" }
    fig:line(ramp(50), ramp(50), { label = "line" })
    local text = require "meanfield.plot.braille".text(fig, { columns = 60, lines = 10, color = false })
    local count = 0
    for line in text:gmatch "[^\n]+" do
      count = count + 1
      assert.truthy(utf8.len(line) <= 60)
    end
    assert.equal(1 + 10 + 1 + 1 + 1 + 1, count) -- head, canvas, axis, ticks, xlabel, legend
    assert.falsy(text:find("\27", 1, true))
  end)

  it("sets the dots of a diagonal", function()
    local fig = mf.plot { xrange = { 0, 1 }, yrange = { 0, 1 }, xticks = {}, yticks = {} }
    fig:line({ 0, 1 }, { 0, 1 })
    local text = require "meanfield.plot.braille".text(fig, { columns = 22, lines = 10, color = false })
    local row = 0
    for line in text:gmatch "[^\n]+" do
      if row < 10 then -- 20 columns, 10 lines of 2 x 4 dots: the diagonal is in cells 2 (9 - row), + 1
        for column = 0, 19 do
          local dots = utf8.codepoint(line, utf8.offset(line, column + 2)) - 0x2800
          local on = column == 2 * (9 - row) or column == 2 * (9 - row) + 1
          if on then assert.truthy(dots ~= 0) end
          if math.abs(column - 2 * (9 - row) - 0.5) > 1.5 then assert.equal(0, dots) end
        end
      end
      row = row + 1
    end
  end)
end)
