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

  it("raises when a figure cannot be written, with the system's reason, and leaves nothing behind", function()
    local fig = mf.plot {}
    assert.error_matches(function() fig:save "/nonexistent/f.svg" end, "figure:save: .*f.svg.*No such file")
    assert.error_matches(function() fig:save(base .. ".eps") end, "must end in .svg, .pdf, .png or .gp", 1, true)
    assert.is_nil(io.open(base .. ".eps"))
  end)

  it("passes on what gnuplot says when it fails", function()
    local fig = mf.plot {}
    fig:line({ 1, 2 }, { 1, 2 })
    fig.panels[1].series[1].dash = "no such dash" -- a broken script
    assert.error_matches(function() fig:save(base .. ".svg") end, "gnuplot: .*line %d+")
    assert.is_nil(io.open(base .. ".svg"))
  end)

  it("writes through links, keeps modes and leaves devices alone", function()
    local folder = process.folder()
    process.write_file(folder .. "/real.svg", "old")
    os.execute(("chmod 600 %s/real.svg && ln -s real.svg %s/link.svg"):format(folder, folder))
    mf.plot {}:line({ 1, 2 }, { 1, 2 }):save(folder .. "/link.svg")
    assert.truthy(read(folder .. "/real.svg"):find("</svg>", 1, true))
    assert.equal("600 link", process.line(("stat -c %%a %s/real.svg | tr '\\n' ' '; test -L %s/link.svg && echo link")
                                          :format(folder, folder)))
    os.execute(("ln -s /dev/full %s/full.svg"):format(folder))
    assert.error_matches(function() mf.plot {}:save(folder .. "/full.svg") end, "No space left")
    assert.equal("character special file", process.line "stat -c %F /dev/full")
    process.clean()
  end)

  it("takes no gnuplot at its word that writes nothing, or half a file", function()
    local half = [[out=$(sed -n 's/^set output "\(..*\)"$/\1/p' $2); echo '<?xml' > $out]]
    for _, body in ipairs { "exit 0", half } do
      local folder = process.folder()
      process.write_file(folder .. "/gnuplot", "#!/bin/sh\n" .. body .. "\n")
      os.execute("chmod +x " .. folder .. "/gnuplot")
      process.write_file(folder .. "/s.lua", "local mf = require 'meanfield' mf.plot{}:line({1,2},{1,2}):save('"
                                             .. folder .. "/f.svg')")
      local r = process.run(("PATH=%s:$PATH %s %s/s.lua"):format(folder, process.host, folder))
      assert.equal(1, r.code)
      assert.truthy(r.err:find("gnuplot wrote no whole svg file", 1, true), r.err)
      assert.is_nil(io.open(folder .. "/f.svg"))
    end
    process.clean()
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
    assert.same({ 0 }, s.mass_x)
    assert.near(0.1, s.mass[1], 1e-12)
    assert(fig:save(base .. ".svg"))
    assert.truthy(#require "meanfield.plot.braille".text(fig, { columns = 60, lines = 10, color = false }) > 0)
  end)

  it("ends where a law has a millionth of its mass left, so that a grid's far cells do not widen the axis", function()
    local law = mf.distribution.isotropic { d = 10, delta = 0.6 }
    local pot = mf.potential.radial { distribution = law, activation = mf.activation.tanh() }
    local init = mf.init.gaussian { kappa = 0.5 }
    local grid = mf.pde.grid { potential = pot, init = init, cells = 100 }
    local rho, fig = grid:measure(), mf.plot {}
    fig:density(grid):density(rho):histogram(rho):histogram(mf.array { 0.3, 9.9 })
    assert.truthy(rho:coordinate(1):max() > 9) -- the grid itself ends at 10
    for i = 1, 3 do
      local s = fig.panels[1].series[i]
      local low, high = s.x[1], s.x[#s.x]
      assert.truthy(high < 1.5 and low < 0.2) -- r is 0.5 +- 0.11; at most a cell of 0.2 beyond the millionth
      assert.truthy(1 - init:cdf(high + 0.2, 10) < 1e-6 and init:cdf(high - 0.2, 10) < 1 - 1e-6, high)
    end
    assert.equal(9.9, fig.panels[1].series[4].x[20]) -- data are never cut
  end)

  it("draws the law of mf.gibbs as the curve that it is", function()
    local law = mf.distribution.isotropic { d = 10, delta = 0.6 }
    local pot = mf.potential.radial { distribution = law, activation = mf.activation.tanh() }
    local gibbs, fig = mf.gibbs { potential = pot, beta = 20, lambda = 0.5 }, mf.plot {}
    fig:density(gibbs)
    local s, area = fig.panels[1].series[1], 0
    for i = 2, #s.x do area = area + (s.x[i] - s.x[i - 1]) * (s.y[i] + s.y[i - 1]) / 2 end
    assert.near(1, area, 1e-4) -- trapezia between the nodes
    for i = 2, #s.x - 1 do assert.equal(gibbs:density(s.x[i]), s.y[i]) end
    assert.error_matches(function() fig:density(law) end,
      "figure:density: expected a measure, an mf.pde.grid or an mf.gibbs, got an mf.distribution", 1, true)
  end)

  it("gives lines and densities, which look alike, colours of their own", function()
    local fig = mf.plot {}
    local m = mf.measure { x = mf.array.linspace(1, 2, 20) }
    fig:histogram(m):density(m):line({ 1, 2 }, { 0, 1 }):density(m):line({ 1, 2 }, { 1, 0 })
    local look, all = {}, fig.panels[1].series
    for i = 2, 5 do look[i - 1] = all[i].color end
    local expected = {}
    for i = 1, 4 do expected[i] = mf.plot.palette[i] end
    assert.same(expected, look)
    assert.equal(all[1].color, all[2].color) -- a histogram and the curve through it
  end)

  it("says how its methods are called", function()
    local fig = mf.plot {}
    assert.error_matches(function() fig.line({ 1, 2 }, { 3, 4 }) end, "call it as figure:line(...), with ':' "
      .. "(its first argument must be an mf.plot.figure, got a table)", 1, true)
    assert.error_matches(function() fig.save "x.png" end, "call it as figure:save(...), with ':'", 1, true)
    assert.error_matches(function() fig:panel(1).points({ 1 }, { 2 }) end, "call it as figure:points(...)", 1, true)
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
    assert.error_matches(function() fig:line({}, {}, { color = "vermillion" }) end, "mean 'vermilion'?", 1, true)
    assert.error_matches(function() mf.plot { xlable = "" } end, "did you mean 'xlabel'?", 1, true)
    assert.error_matches(function() mf.plot { xrange = { 2, 1 } } end, "low < high", 1, true)
    assert.error_matches(function() mf.plot { panels = 2 }:line({}, {}) end, "has 2 panels", 1, true)
    assert.error_matches(function() fig:line(3, {}) end, "x must be an array or a list of numbers, got 3", 1, true)
  end)

  it("reports errors at the line of the caller", function()
    local _, message = pcall(function() mf.plot { xlable = "" } end)
    assert.truthy(message:find("plot_spec.lua:%d+: mf.plot: unknown option"))
  end)

  it("takes colours by name, and UTF-8 only", function()
    local fig = mf.plot {}
    fig:line({ 1 }, { 1 }, { color = "vermilion" })
    assert.equal("#D55E00", fig.panels[1].series[1].color)
    for _, bad in ipairs { "caf\xe9", "a\0b", "\xff" } do
      assert.error_matches(function() fig:line({ 1 }, { 1 }, { label = bad }) end, "figure:line: .*'label' must ")
      assert.error_matches(function() mf.plot { title = bad } end, "mf.plot: .*'title' must ")
      assert.error_matches(function() fig:text(1, 1, bad) end, "figure:text: 'text' must ")
      assert.error_matches(function() mf.plot { xticks = { { 1, bad } } } end, "mf.plot: 'xticks' must ")
    end
  end)

  it("gives thirty curves, sets of points and bars thirty looks", function()
    for _, kind in ipairs { "line", "points", "histogram" } do
      local fig, seen = mf.plot {}, {}
      for i = 1, kind == "histogram" and 24 or 30 do
        if kind == "histogram" then fig:histogram { i, i + 1 }
        else fig[kind](fig, { i, 9 }, { 1, 2 }, { label = "c" }) end
        local s = fig.panels[1].series[i]
        local look = ("%s %s %s %s"):format(s.color, s.dash, s.symbol, s.width)
        assert.is_nil(seen[look])
        seen[look] = true
      end
    end
    local said = capture_stderr(function()
      local fig = mf.plot { palette = { "red" } }
      for i = 1, 9 do fig:line({ 1 }, { 1 }, { label = "c" .. i }) end
    end)
    assert.truthy(said:find("looks repeat", 1, true))
  end)

  it("joins options of a panel with those of the figure, and keeps the figure's title above", function()
    local fig = mf.plot { panels = 2, title = "whole", ylabel = "y", xlog = true }
    local panel = fig:panel(2, { xlabel = "x" })
    assert.same({ "x", "y", true, "" }, { panel.xlabel, panel.ylabel, panel.xlog, panel.title })
    fig:panel(2, { title = "part" })
    assert.same({ "x", "part", "whole" }, { panel.xlabel, panel.title, fig.title })
    panel:line({ 1, 2 }, { 1, 2 })
    fig:panel(2, { ylabel = "z" }) -- looks may change later, what drops points may not
    assert.error_matches(function() fig:panel(2, { xlog = false }) end, "before drawing", 1, true)
    assert(fig:save(base .. ".svg"))
    for _, word in ipairs { "whole", "part", ">z<" } do
      assert.truthy(read(base .. ".svg"):find(word, 1, true), word)
    end
  end)

  it("sets options as fields, and refuses fields nobody knows", function()
    local fig = mf.plot {}
    fig.xlabel, fig.ylog = "t", true
    assert.equal("t", fig.panels[1].options.xlabel)
    assert.is_true(fig.ylog)
    assert.error_matches(function() fig.xlable = "t" end, "did you mean 'xlabel'?", 1, true)
    assert.error_matches(function() return fig.sav end, "did you mean 'save'?", 1, true)
    assert.error_matches(function() fig.xlog = 3 end, "option 'xlog' must be true or false", 1, true)
    assert.error_matches(function() mf.plot { panels = 2 }.xlabel = "t" end, "figure:panel(i", 1, true)
    assert.error_matches(function() fig:panel(1).foo = 1 end, "there is no field 'foo'", 1, true)
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
    assert.same({ "0.2", "0.3", "0.5", "0.7", "1" }, labels({ ylog = true, yrange = { 0.15, 1.5 } }, "y", { 0.2, 1 }))
  end)

  it("labels more of a decade's numbers the fewer of them an axis shows", function()
    assert.same({ "20", "30", "50", "70", "100" }, labels({ xlog = true, xrange = { 19, 110 } }, "x", {}))
    assert.same({ "30", "40", "50", "60", "70", "80" }, labels({ xlog = true, xrange = { 29, 81 } }, "x", {}))
    assert.same({ "1", "2", "5", "10", "20", "50" }, labels({ xlog = true, xrange = { 1, 60 } }, "x", {}))
  end)

  it("writes out numbers that differ far behind the point, and only small ones as powers of ten", function()
    assert.same({ "1.0000000", "1.0000002", "1.0000004", "1.0000006" }, labels({}, "x", { 1, 1.0000006 }))
    assert.same({ "0.01002", "0.01004", "0.01006", "0.01008" },
                labels({ xrange = { 0.01001, 0.01009 } }, "x", {}))
    assert.same({ "0", "5×10^{−6}", "10^{−5}", "1.5×10^{−5}" }, labels({}, "x", { 0, 1.6e-5 }))
  end)

  it("chooses round steps and exact zeros", function()
    assert.same({ "−1.0", "−0.5", "0.0", "0.5", "1.0" }, labels({ xrange = { -1, 1 } }, "x", { -1, 1 }))
    assert.same({ "0", "2×10^{6}", "4×10^{6}", "6×10^{6}", "8×10^{6}", "10^{7}" }, labels({}, "x", { 0, 1e7 }))
  end)

  it("does bounded work for every range, and refuses those it cannot show", function()
    for _, xs in ipairs { { 1e-300, 1 }, { 5e-324, 1e308 }, { 5e-324, 1e-323 }, { -1.7e308, 1.7e308 }, { 3, 3 },
                          { 1, 1 + 2 ^ -52 }, { 0, 5e-324 }, { 1e17, 1e17 + 16 }, { 0, 0 }, { -1e-300, 1e-300 },
                          { 1.7e308, 1.7e308 }, { 1e15, 1e15 + 1 }, { 0.1, 0.1 + 1e-9 } } do
      for _, log in ipairs { false, true } do
        local panel = { options = { xlog = log }, series = { { kind = "line", x = xs, y = xs } } }
        local scale = axis.scale(panel, "x", 6)
        assert(scale.low < scale.high and scale.high < math.huge and scale.low > -math.huge, scale.low)
        assert.is_true(#scale.ticks <= 30 and #scale.minor <= 200)
        for _, x in ipairs(xs) do
          local u = axis.position(scale, x)
          if not log or x > 2 ^ -1022 then assert(u >= -1e-9 and u <= 1 + 1e-9, x .. " at " .. u) end
        end
        for _, tick in ipairs(scale.ticks) do
          local u = axis.position(scale, tick.value)
          assert(u >= -1e-6 and u <= 1 + 1e-6, tick.label)
        end
      end
    end
    for _, bad in ipairs { { xlog = true, xrange = { 0, 10 } }, { ylog = true, yrange = { -1, 10 } },
                           { xrange = { 1, 1 + 2 ^ -52 } }, { xrange = { 0, math.huge } },
                           { yrange = { 0, 5e-324 } } } do
      assert.error_matches(function() mf.plot(bad) end, "mf.plot: option '[xy]range' ")
    end
  end)

  it("draws data that agree to rounding, denormals and the largest numbers", function()
    local name = os.tmpname()
    for _, y in ipairs { { 1, 1 + 2 ^ -52 }, { 5e-324, 1e-310 }, { -1.7e308, 1.7e308 }, { 7, 7 } } do
      local fig = mf.plot {}
      fig:line({ 1, 2 }, y):points({ 1, 2 }, y):histogram(y, { bins = 4 , range = { -1, 1 } })
      assert(fig:save(name .. ".svg"))
    end
    os.remove(name)
    os.remove(name .. ".svg")
  end)

  it("marks at least four places on an axis of less than two decades", function()
    for _, range in ipairs { { 17, 380 }, { 0.9, 80 }, { 9, 101 }, { 3e4, 9e5 }, { 38, 84 } } do
      assert.is_true(#labels({ xlog = true, xrange = range }, "x", {}) >= 4)
    end
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
