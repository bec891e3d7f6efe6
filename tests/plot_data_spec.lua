-- The saved numbers are the figure's numbers: a figure is drawn again from its file, to the byte.
local mf = require "meanfield"
local process = require "tests.process"

-- One of every kind, with every option that shows.
local function figure()
  local fig = mf.plot { panels = 4, columns = 2, width = 7, height = 5, title = "whole", ylabel = "y", fontsize = 7 }
  local a = fig:panel(1, { xlabel = "t", xlog = true, ylog = true, title = "ρ", tag = "a",
                           yticks = { 0.1, { 1, "one" }, 10 } })
  a:line({ 1, 10, 100 }, { 3, 2, 1 }, { label = "line", dash = "dashed", width = 2 })
  a:points({ 1, 10, 100 }, { 3, 2, 1 }, { label = "points", errors = { 0.1, 5, 0.1 }, xerrors = { 0.5, 1, 10 } })
  a:band({ 1, 10, 100 }, { 2, 1, 0.5 }, { 4, 3, 2 }, { label = "band", opacity = 0.5 })
  a:vline(10):hline(2, { dash = "dotted", label = "rule" }):text(2, 2, "here", { color = "red", align = "center" })
  local inset = a:inset { w = 0.3, h = 0.3, xrange = { 0, 2 } }
  inset:line({ 0, 1 }, { 0, 1 }):text(0.5, 0.5, "in", { fraction = true })
  local values = {}
  for i = 1, 100 do values[i] = i <= 10 and 0 or i / 7 end
  fig:panel(2, { key = "outside", grid = true }):histogram(values, { bins = 10, label = "values" })
  fig:panel(2):density(mf.measure { x = values }, { label = "density" })
  fig:panel(3, { palette = { "red", "green" } }):line({ 1 }, { 1 }):line({ 1, 2 }, { 2, 1 })
  fig:panel(3, { xticks = {} })
  local x = { 0, 1, 2, 3 }
  fig:panel(4, { equal = true }):image { x = x, y = x, z = function(u, v) return u * v > 8 and 0 / 0 or u - v end }
  fig:panel(4):contour { x = x, y = x, z = function(u, v) return u + v end, filled = false, label = "levels" }
  return fig
end

describe("the data of a figure", function()
  local folder
  before_each(function() folder = process.folder() end)
  after_each(process.clean)

  local function redrawn(tree, name)
    local again = mf.plot.from(tree)
    again:save(folder .. "/" .. name)
    return process.read_file(folder .. "/" .. name)
  end

  it("draw it again to the byte, from the tree and from the file", function()
    local fig = figure()
    fig:save(folder .. "/f.svg")
    local svg = process.read_file(folder .. "/f.svg")
    assert.equal(svg, redrawn(fig:data(), "tree.svg"))
    assert(mf.store.write(folder .. "/f.h5", { figures = { main = fig:data() } }))
    assert.equal(svg, redrawn(assert(mf.store.read(folder .. "/f.h5")).figures.main, "file.svg"))
  end)

  it("are every series that was drawn, in groups of panels", function()
    local tree = figure():data()
    local kinds = {}
    for i = 1, 5 do kinds[i] = tree.panel_1["series_" .. i].attributes.kind end
    assert.same({ "line", "points", "band", "vline", "hline" }, kinds)
    assert.same({ 3, 2, 1 }, tree.panel_1.series_1.y)
    assert.same({ "histogram", "density" }, { tree.panel_2.series_1.attributes.kind,
                                              tree.panel_2.series_2.attributes.kind })
    assert.equal(20, #tree.panel_2.series_1.x)
    assert.equal(16, #tree.panel_4.series_1.z)
    assert.same({ 0, 1 }, tree.panel_1.inset_1.series_1.x)
  end)

  it("are kept in the .h5 of an experiment, of all its figures", function()
    process.write_file(folder .. "/e.lua", [[
      local mf = require "meanfield"
      local run = mf.experiment { name = "e", options = { n = 3 } }
      local one, two = mf.plot { panels = 2 }, mf.plot {}
      one:panel(1):line({ 0, 1 }, { 0, 1 })
      one:panel(2):histogram { 1, 2, 3 }
      two:points({ 1, 2 }, { 3, 4 })
      run:save { law = one, risk = two }]])
    local result = process.run(("%s %s/e.lua --out %s/r"):format(process.host, folder, folder))
    assert(result.code == 0, result.err)
    local figures = assert(mf.store.read(folder .. "/r/e.h5")).figures
    assert.equal(process.read_file(folder .. "/r/e-law.svg"), redrawn(figures.law, "law.svg"))
    assert.equal(process.read_file(folder .. "/r/e-risk.svg"), redrawn(figures.risk, "risk.svg"))
  end)

  it("are refused where they make no figure, by name", function()
    for text, tree in pairs {
      ["there is no group 'panel_1'"] = {},
      ["panel_1.series_1.kind is nil"] = { panel_1 = { series_1 = {} } },
      ["panel_1.series_1.kind is 'spline'"] = { panel_1 = { series_1 = { attributes = { kind = "spline" } } } },
      ["panel_1.series_1.y has 1 values but x has 2"] =
        { panel_1 = { series_1 = { attributes = { kind = "line" }, x = { 1, 2 }, y = { 1 } } } },
      ["'panel_1.series_1' must be a group, got 3"] = { panel_1 = { series_1 = 3 } },
    } do
      assert.error_matches(function() mf.plot.from(tree) end, text, 1, true)
    end
    assert.error_matches(function() mf.plot.from(3) end, "must be a group", 1, true)
  end)
end)
