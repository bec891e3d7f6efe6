-- Figures as they come out on paper: what lies where, from rendered pixels and from the layout's frames.
local mf = require "meanfield"
local layout = require "meanfield.plot.layout"
local pixels = require "tests.pixels"
local process = require "tests.process"

local scale = 300 / 72 -- pixels of a point

local function render(fig)
  local path = process.folder() .. "/f.png"
  fig:save(path)
  return pixels.read(path)
end

-- How many pixels of a box { left, bottom, width, height } in points have nearly the colour "#rrggbb".
local function count(box, hex, width, height, at)
  local r, g, b = tonumber(hex:sub(2, 3), 16), tonumber(hex:sub(4, 5), 16), tonumber(hex:sub(6, 7), 16)
  local n = 0
  local x1, x2 = math.max(0, math.floor(box.left * scale)), math.min(width, math.floor((box.left + box.width) * scale))
  local y1, y2 = height - math.floor((box.bottom + box.height) * scale), height - math.floor(box.bottom * scale)
  for row = math.max(0, y1), math.min(height, y2) - 1 do
    for column = x1, x2 - 1 do
      local pr, pg, pb = at(column, row)
      if math.abs(pr - r) + math.abs(pg - g) + math.abs(pb - b) < 90 then n = n + 1 end
    end
  end
  return n
end

-- The box of an inset with its labels.
local function inset_box(inset)
  local f, s = inset.frame, inset.space
  return { left = f.left - s.left, bottom = f.bottom - s.bottom, width = f.width + s.left + s.right,
           height = f.height + s.bottom + s.top }
end

describe("layout", function()
  after_each(process.clean)

  -- A curve that falls, like Fig. 4's, or wanders: fixed seeds.
  local function curve(kind)
    local x, y = {}, {}
    for i = 1, 200 do
      x[i] = 10 ^ (-4 + 5 * i / 200)
      local u = i / 200
      y[i] = kind == 0 and 0.4 + 7 / (1 + math.exp(20 * (u - 0.5))) or 3 + 3 * math.sin((3 + 2 * kind) * u + kind)
    end
    return x, y
  end

  it("keeps curves out from under insets and legends, and all of a curve in sight", function()
    for kind = 0, 2 do
      for _, range in ipairs { false, { 0, 8.5 } } do
        local x, y = curve(kind)
        local fig = mf.plot { width = 3.4, height = 2.5, xlog = true, xlabel = "t", ylabel = "risk",
                              yrange = range or nil }
        fig:line(x, y, { color = "#0072B2" }):line({ 1e-4, 1e-4 }, { 1, 1 }, { color = "green", label = "a legend" })
        fig:inset { w = 0.4, h = 0.35, xlabel = "x", ylabel = "label" }:line({ 0, 1 }, { 0, 1 }, { color = "#D55E00" })
        local plan = layout.figure(fig)[1]
        local width, height, at = render(fig)
        local inset = inset_box(plan.insets[1])
        local key = { left = plan.key.left, bottom = plan.key.bottom, width = plan.key.width, height = plan.key.height }
        assert.equal(0, count(inset, "#0072B2", width, height, at))
        assert.equal(0, count(key, "#0072B2", width, height, at))
        assert.equal(0, count(key, "#D55E00", width, height, at))
        assert.is_true(count(plan.insets[1].frame, "#D55E00", width, height, at) > 100)
        -- nothing is blanked: as many pixels in every column of the frame as a bare curve would have, one at least
        local f = plan.frame
        for k = 1, 19 do
          local strip = { left = f.left + f.width * k / 20, bottom = f.bottom, width = 1, height = f.height }
          assert.is_true(count(strip, "#0072B2", width, height, at) > 0, ("kind %d, strip %d"):format(kind, k))
        end
      end
    end
  end)

  it("finds no room on a fixed axis that is full, and puts legend and inset outside", function()
    local x, y = {}, {}
    for i = 0, 40 do
      for j = 0, 40 do x[#x + 1], y[#y + 1] = i, j end
    end
    local fig = mf.plot { width = 4, height = 2.5, xrange = { 0, 40 }, yrange = { 0, 40 } }
    fig:points(x, y, { size = 0.5, label = "everywhere" })
    fig:inset { w = 0.3, h = 0.3 }:line({ 0, 1 }, { 0, 1 }, { color = "#D55E00" })
    local plan, page = layout.figure(fig)[1], select(2, layout.figure(fig))
    local right = plan.frame.left + plan.frame.width
    local box = inset_box(plan.insets[1])
    assert.is_true(box.left >= right and box.left + box.width <= page.width)
    assert.is_true(plan.key.below or plan.key.left >= right)
    local width, height, at = render(fig)
    assert.equal(0, count(box, "#0072B2", width, height, at))
  end)

  it("cuts no label at the page's edge", function()
    local long = ("a long text of many words "):rep(6)
    local function figure()
      local fig = mf.plot { width = 2.5, height = 2, title = long, xlabel = long, ylabel = long, tag = "a",
                            xticks = { { 0, "first of all" }, { 1, "last but not least" } }, yticks = { 0, 123456789 },
                            yrange = { 0, 123456789 } }
      return fig:line({ 0, 1 }, { 0, 123456789 }, { label = long }):text(1, 6e7, long):text(0, 1e8, "edge",
                                                                                          { align = "right" })
    end
    local many = mf.plot { width = 2.5, height = 2 }
    for i = 1, 12 do many:line({ 0, 1, 2 }, { i, 12 - i, i }, { label = ("curve number %d WWW"):format(i) }) end
    local bars = mf.plot { panels = 2, width = 4, height = 2, title = long }
    for i = 1, 2 do
      bars:panel(i, { title = long }):image { x = { 1, 2 }, y = { 1, 2 }, z = { 1e7, 2e7, 3e7, 4e7 }, zlabel = long }
    end
    for _, fig in ipairs { figure(), many, bars } do
      local width, height, at = render(fig)
      for k = 0, math.max(width, height) - 1 do
        for _, place in ipairs { { k, 0 }, { k, height - 1 }, { 0, k }, { width - 1, k } } do
          if place[1] < width and place[2] < height then
            local r, g, b = at(place[1], place[2])
            assert(r + g + b == 765, ("ink at %d, %d of %d x %d"):format(place[1], place[2], width, height))
          end
        end
      end
    end
  end)

  it("lines up the frames of a row and of a column, whatever their labels", function()
    local fig = mf.plot { panels = 4, columns = 2 }
    fig:panel(1, { title = "a title", xlabel = "x", ylabel = "y" }):line({ 0, 1 }, { 0, 1e-3 })
    fig:panel(2):line({ 0, 1 }, { 0, 1 }, { label = "curve" })
    fig:panel(3, { key = "outside" }):line({ 0, 1 }, { 0, 12345 }, { label = "curve" })
    fig:panel(4):image { x = { 1, 2 }, y = { 1, 2 }, z = { 1, 2, 3, 4 } }
    local plans = layout.figure(fig)
    for _, pair in ipairs { { 1, 2 }, { 3, 4 } } do
      local a, b = plans[pair[1]].frame, plans[pair[2]].frame
      assert.same({ a.bottom, a.height }, { b.bottom, b.height })
    end
    for _, pair in ipairs { { 1, 3 }, { 2, 4 } } do
      local a, b = plans[pair[1]].frame, plans[pair[2]].frame
      assert.same({ a.left, a.width }, { b.left, b.width })
    end
  end)

  it("gives one unit one length on both axes where asked", function()
    local fig = mf.plot { panels = 2, equal = true, width = 7, height = 3 }
    for i = 1, 2 do fig:panel(i):line({ 0, 3 }, { 0, i }) end
    for _, plan in ipairs(layout.figure(fig)) do
      assert.near(plan.frame.width / (plan.xscale.high - plan.xscale.low),
                  plan.frame.height / (plan.yscale.high - plan.yscale.low), 1e-9)
    end
    assert.error_matches(function() mf.plot { equal = true, xlog = true } end, "two linear axes", 1, true)
  end)
end)

describe("looks", function()
  after_each(process.clean)

  it("draws font, font size and grid as asked", function()
    local folder = process.folder()
    local fig = mf.plot { font = "DejaVu Serif", fontsize = 12, xlabel = "t", grid = true }
    fig:line({ 0, 1 }, { 0, 1 }):save(folder .. "/f.svg")
    local svg = process.read_file(folder .. "/f.svg")
    assert.truthy(svg:find('font-family="DejaVu Serif', 1, true))
    assert.truthy(svg:find('font-size="12.00"', 1, true))
    assert.truthy(svg:lower():find("d8d8d8", 1, true) or svg:find("rgb(216, 216, 216)", 1, true))
  end)

  it("draws horizontal error bars of their length", function()
    local fig = mf.plot { width = 2, height = 1.5, xrange = { 0, 10 }, yrange = { 0, 2 }, xticks = {}, yticks = {} }
    fig:points({ 5 }, { 1 }, { xerrors = { 3 }, symbol = "disc", size = 0.2, color = "#D55E00" })
    local frame = layout.figure(fig)[1].frame
    local width, height, at = render(fig)
    local row = { left = frame.left, bottom = frame.bottom + frame.height / 2 - 0.5, width = frame.width, height = 1 }
    for column = 1, 9 do -- from 2 to 8 of 10
      row.left, row.width = frame.left + frame.width * (column - 0.1) / 10, frame.width * 0.2 / 10
      local inked = count(row, "#D55E00", width, height, at) > 0
      if column ~= 2 and column ~= 8 then assert.equal(column > 2 and column < 8, inked) end
    end
  end)

  it("orders the colours of maps by lightness", function()
    local colors = require "meanfield.plot.colors"
    for map, sign in pairs { viridis = 1, blues = -1, grays = -1 } do
      local before
      for i, hex in ipairs(mf.plot.colors(40, map)) do
        local r, g, b = colors.rgb(hex)
        local light = 0.2126 * r + 0.7152 * g + 0.0722 * b
        if i > 1 then assert.is_true(sign * (light - before) > 0, map .. " " .. i) end
        before = light
      end
    end
    assert.error_matches(function() mf.plot.colors(3, "rainbow") end, "the map must be one of", 1, true)
  end)
end)
