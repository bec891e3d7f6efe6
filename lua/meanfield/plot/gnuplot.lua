-- Figures on paper: a placed figure (layout.lua) as a gnuplot script.
--
-- gnuplot only draws. It sees fractions of axes from 0 to 1 and labels made here, so neither
-- logarithms, nor large or nearly equal numbers, nor the locale can go wrong on the way.
-- Data travel in the script as data blocks.

local axis = require "meanfield.plot.axis"
local colors = require "meanfield.plot.colors"
local layout = require "meanfield.plot.layout"
local shades = require "meanfield.plot.shades"
local text = require "meanfield.plot.text"

local gnuplot = {}

local ink = "#262626"
local dash_types = { solid = "1", dashed = "(5,3)", dotted = "(1.2,2.2)", dashdot = "(6,2.5,1.2,2.5)" }
local symbol_types = { ["+"] = 1, x = 2, ["*"] = 3, square = 4, box = 5, circle = 6, disc = 7, triangle = 8,
                       wedge = 9, diamond = 12, gem = 13 }

-- A double-quoted gnuplot string. Backquotes would run a command.
local function quoted(label)
  return '"' .. label:gsub('[\\"`\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["`"] = "\\140", ["\n"] = "\\n" }) .. '"'
end

-- A number of at most 1e6 with six decimals, from integers, which no locale touches.
local function fixed(value)
  local millionths = math.floor(math.max(-1e6, math.min(1e6, value)) * 1e6 + 0.5)
  local sign = millionths < 0 and "-" or ""
  millionths = math.abs(millionths)
  return ("%s%d.%06d"):format(sign, millionths // 1000000, millionths % 1000000)
end

-- ---- pieces of the script -------------------------------------------------------------------

local Script = {}
Script.__index = Script

-- Adds a line; numbers among the arguments are written by `fixed`.
function Script:add(format, ...)
  local list = { ... }
  for i, value in ipairs(list) do if type(value) == "number" then list[i] = fixed(value) end end
  self[#self + 1] = #list > 0 and format:format(table.unpack(list)) or format
end

-- Screen coordinates of a point of the page given in points.
function Script:at(x, y) return ("screen %s,%s"):format(fixed(x / self.page.width), fixed(y / self.page.height)) end

function Script:label(label, x, y, size, more, color)
  if label == "" then return end
  self:add('set label %s at %s font ",%s" textcolor rgb "%s" front %s', quoted(label), self:at(x, y), size,
           color or ink, more or "left")
end

function Script:rectangle(x1, y1, x2, y2, style)
  self:add("set object rectangle from %s to %s %s", self:at(x1, y1), self:at(x2, y2), style)
end

-- A data block; returns its name. An empty column of rows is a blank line.
function Script:data(columns)
  self.blocks = self.blocks + 1
  local name = ("$data%d"):format(self.blocks)
  local lines = { name .. " << EOD" }
  for i = 1, #columns[1] do
    local row = {}
    for c = 1, #columns do row[c] = columns[c][i] and fixed(columns[c][i]) or "" end
    local line = table.concat(row, " ")
    if line ~= lines[#lines] then lines[#lines + 1] = line end -- what falls on one place is drawn once
  end
  if #columns[1] == 0 then lines[2] = "NaN NaN NaN NaN" end
  lines[#lines + 1] = "EOD"
  self.preamble[#self.preamble + 1] = table.concat(lines, "\n")
  return name
end

local function line_style(s)
  return ('linewidth %s linecolor rgb "%s" dashtype %s'):format(fixed(s.width or 1), s.color,
                                                                dash_types[s.dash or "solid"])
end

-- "#rrggbb" with an opacity, as gnuplot writes it: transparency first.
local function translucent(color, opacity)
  if not opacity or opacity == 1 then return color end
  return ("#%02X%s"):format(math.floor(255 * (1 - opacity) + 0.5), color:sub(2))
end

local function point_style(s)
  return ('pointtype %d pointsize %s linewidth 0.8 linecolor rgb "%s"'):format(symbol_types[s.symbol],
         fixed(0.62 * s.size), translucent(s.color, s.opacity))
end

local function fill_style(s)
  return ('fillcolor rgb "%s" fillstyle transparent solid %s noborder'):format(s.color, fixed(s.opacity))
end

-- ---- series ------------------------------------------------------------------------------------

-- Columns as fractions of the axes.
local function along(scale, values)
  local list = {}
  for i, v in ipairs(values) do list[i] = axis.position(scale, v) end
  return list
end

local function clamped(list)
  for i, v in ipairs(list) do list[i] = math.max(0, math.min(1, v)) end
  return list
end

-- The plot elements of one series, from its columns in fractions.
local draw = {}

function draw.line(script, s, x, y)
  return { ("%s using 1:2 with lines %s"):format(script:data { along(x, s.x), along(y, s.y) }, line_style(s)) }
end

function draw.density(script, s, x, y)
  local elements = draw.line(script, s, x, y)
  for i, mass_x in ipairs(s.mass_x) do
    if mass_x >= x.low and mass_x <= x.high then
      local style = point_style { symbol = "wedge", size = 0.6 + 1.6 * math.sqrt(s.mass[i]), color = s.color }
      elements[#elements + 1] = ("%s using 1:2 with points %s"):format(
                                script:data { { axis.position(x, mass_x) }, { 0 } }, style)
    end
  end
  return elements
end

-- Error bars as vectors: gnuplot's own would blank the lines below them.
local function bars(script, s, x1, y1, x2, y2)
  local dx, dy = {}, {}
  for i = 1, #x1 do dx[i], dy[i] = x2[i] - x1[i], y2[i] - y1[i] end
  return ('%s using 1:2:3:4 with vectors nohead linewidth 0.7 linecolor rgb "%s"'):format(
         script:data { x1, y1, dx, dy }, s.color)
end

function draw.points(script, s, x, y)
  local px, py, elements = along(x, s.x), along(y, s.y), {}
  if s.ylow then
    elements[1] = bars(script, s, px, clamped(along(y, s.ylow)), px, clamped(along(y, s.yhigh)))
  end
  if s.xlow then
    elements[#elements + 1] = bars(script, s, clamped(along(x, s.xlow)), py, clamped(along(x, s.xhigh)), py)
  end
  elements[#elements + 1] = ("%s using 1:2 with points %s"):format(script:data { px, py }, point_style(s))
  return elements
end

function draw.band(script, s, x, y)
  local block = script:data { along(x, s.x), along(y, s.ylow), along(y, s.yhigh) }
  return { ("%s using 1:2:3 with filledcurves %s"):format(block, fill_style(s)) }
end

function draw.histogram(script, s, x, y)
  local px, py = along(x, s.x), along(y, s.y)
  for i, v in ipairs(py) do py[i] = math.max(v, 0) end
  table.insert(px, 1, px[1])
  table.insert(py, 1, 0)
  px[#px + 1], py[#py + 1] = px[#px], 0
  local block = script:data { px, py }
  return { ("%s using 1:2 with filledcurves closed %s"):format(block, fill_style(s)),
           ('%s using 1:2 with lines linewidth 0.5 linecolor rgb "%s"'):format(block, s.color) }
end

function draw.vline(script, s, x)
  local v = axis.position(x, s.x[1])
  return { ("%s using 1:2 with lines %s"):format(script:data { { v, v }, { 0, 1 } }, line_style(s)) }
end

function draw.hline(script, s, _, y)
  local v = axis.position(y, s.y[1])
  return { ("%s using 1:2 with lines %s"):format(script:data { { 0, 1 }, { v, v } }, line_style(s)) }
end

-- ---- images and contours --------------------------------------------------------------------------

-- Rectangles of shades.lua as one data block; nothing if there are none.
local function rectangles(script, list)
  if #list == 0 then return {} end
  script.blocks = script.blocks + 1
  local lines = { ("$data%d << EOD"):format(script.blocks) }
  for i, r in ipairs(list) do
    local x1, y1, x2, y2 = fixed(r[1]), fixed(r[2]), fixed(r[3]), fixed(r[4])
    lines[i + 1] = table.concat({ x1, y1, x1, x2, y1, y2, tostring(tonumber(r[5]:sub(2), 16)) }, " ")
  end
  lines[#lines + 1] = "EOD"
  script.preamble[#script.preamble + 1] = table.concat(lines, "\n")
  return { ("$data%d using 1:2:3:4:5:6:7 with boxxyerror linecolor rgb variable fillstyle solid noborder"):format(
           script.blocks) }
end

function draw.image(script, s, x, y) return rectangles(script, shades.image(s, x, y)) end

function draw.contour(script, s, x, y)
  local elements = s.filled and rectangles(script, shades.contour(s, x, y)) or {}
  local px, py = {}, {}
  for _, line in ipairs(s.lines) do
    local n = #px
    for i, v in ipairs(along(x, line.x)) do px[n + i] = v end
    for i, v in ipairs(along(y, line.y)) do py[n + i] = v end
    px[#px + 1], py[#py + 1] = false, false -- a blank line
  end
  if #px > 0 then
    elements[#elements + 1] = ("%s using 1:2 with lines %s"):format(script:data { px, py }, line_style(s))
  end
  return elements
end

-- The colour bar: small steps of an image, the intervals of a contour.
function Script:bar(plan)
  local s, frame, sizes = plan.bar, plan.bar_frame, plan.sizes
  local right = frame.left + frame.width
  local function mark(label, y)
    self:add('set arrow from %s to %s nohead front linewidth 0.5 linecolor rgb "%s"', self:at(right, y),
             self:at(right + 2, y), ink)
    self:label(label, right + 4, y, sizes.tick)
  end
  local function block(low, high, color)
    if not color then return end
    self:rectangle(frame.left, frame.bottom + low * frame.height, right,
                   frame.bottom + math.min(1, high + 2e-3) * frame.height,
                   ('fillcolor rgb "%s" fillstyle solid noborder'):format(color))
  end
  if s.kind == "image" then
    for k = 0, 127 do block(k / 128, (k + 1) / 128, colors.at(s.map, k / 127)) end
    for _, tick in ipairs(plan.zscale.ticks) do
      mark(tick.label, frame.bottom + axis.position(plan.zscale, tick.value) * frame.height)
    end
  else
    local n, color, first = #s.levels, shades.level_color(s), s.law and 1 or 0
    local count = n + 1 - first
    for k = first, n do
      local value = k == 0 and -math.huge or s.levels[k]
      block((k - first) / count, (k - first + 1) / count, color(value))
      if k > 0 then mark(s.names[k], frame.bottom + (k - first) / count * frame.height) end
    end
  end
  self:rectangle(frame.left, frame.bottom, right, frame.bottom + frame.height,
                 ('front fillstyle empty border linecolor rgb "%s" linewidth 0.6'):format(ink))
  self:label(s.zlabel, right + 4 + frame.widest + sizes.label * 0.8, frame.bottom + frame.height / 2,
             text.fitting(s.zlabel, sizes.label, frame.height + 20), "center rotate by 90")
end

-- ---- legend ----------------------------------------------------------------------------------------

function Script:sample(s, x, y, width)
  local x2 = x + width
  if s.kind == "histogram" or s.kind == "band" then
    self:rectangle(x + 1, y - 2.2, x2 - 1, y + 2.6, ('front fillcolor rgb "%s" fillstyle transparent solid %s '
                   .. 'border linecolor rgb "%s" linewidth 0.5'):format(s.color, fixed(s.opacity), s.color))
  elseif s.kind == "points" then
    self:add('set label "" at %s point %s front', self:at((x + x2) / 2, y), point_style(s))
  else
    self:add("set arrow from %s to %s nohead front %s", self:at(x, y), self:at(x2, y), line_style(s))
  end
end

function Script:key(key)
  for i, s in ipairs(key.entries) do
    local c, r = (i - 1) // key.rows, (i - 1) % key.rows
    local left, middle = key.left + c * key.column, key.bottom + key.height - (r + 0.5) * key.line - 1
    self:sample(s, left, middle, key.sample)
    self:label(s.label, left + key.sample + 4, middle, key.size)
  end
end

-- ---- axes ------------------------------------------------------------------------------------------

function Script:ticks(which, scale, size)
  local marks = {}
  for _, tick in ipairs(scale.ticks) do
    marks[#marks + 1] = ("%s %s 0"):format(quoted(tick.label), fixed(axis.position(scale, tick.value)))
  end
  for _, value in ipairs(scale.minor) do marks[#marks + 1] = ('"" %s 1'):format(fixed(axis.position(scale, value))) end
  self:add('set %stics (%s) font ",%s" textcolor rgb "%s" nomirror in scale 0.65,0.35 offset %s', which,
           table.concat(marks, ", "), size, ink, which == "x" and "0,0.35" or "0.5,0")
  self:add("set %srange [0:1]", which)
end

function Script:axis_labels(plan)
  local o, sizes, frame, space = plan.panel.options, plan.sizes, plan.frame, plan.space
  local middle, centre = frame.left + frame.width / 2, frame.bottom + frame.height / 2
  local top = frame.bottom + frame.height + sizes.label * 0.9
  local function label(name, x, y, room, more)
    self:label(o[name], x, y, text.fitting(o[name], sizes.label, room), more)
  end
  -- what may hang over an end of the frame without leaving the page
  local function over(at, page) return 2 * (math.min(at, page - at) - 2) end
  local wide = math.min(over(middle, self.page.width), frame.width + space.left + space.right)
  label("xlabel", middle, frame.bottom - sizes.tick * 1.25 - 2 - sizes.label * 0.75, wide, "center")
  label("ylabel", frame.left - space.widest - 6 - sizes.label * 0.8, centre,
        math.min(over(centre, self.page.height), frame.height + (o.tag == "" and space.bottom + space.top or 0)),
        "center rotate by 90")
  label("title", middle, top, wide - (o.tag ~= "" and 2 * sizes.label or 0), "center")
  if o.tag ~= "" then self:label("{/:Bold " .. o.tag .. "}", frame.left - space.left + 2, top, sizes.label + 1) end
end

-- Texts stand where they were put, but not over the page's edge.
function Script:texts(plan)
  local frame = plan.frame
  for _, t in ipairs(plan.panel.texts) do
    local fx, fy = t.x, t.y
    if not t.fraction then fx, fy = axis.position(plan.xscale, t.x), axis.position(plan.yscale, t.y) end
    local size = text.fitting(t.text, t.size, self.page.width - 4)
    local width = text.width(t.text, size)
    local before = t.align == "center" and width / 2 or t.align == "right" and width or 0
    local x = math.min(math.max(frame.left + fx * frame.width, 2 + before), self.page.width - 2 - width + before)
    local y = math.min(math.max(frame.bottom + fy * frame.height, size), self.page.height - size)
    self:label(t.text, x, y, size, t.align, t.color)
  end
end

-- Filled things lie below lines, lines below symbols.
local layer = { image = 1, contour = 2, band = 3, histogram = 4, vline = 5, hline = 5, line = 6, density = 6,
                points = 7 }

function Script:series(plan)
  local order, elements = {}, {}
  for i, s in ipairs(plan.panel.series) do
    order[i] = { s, (s.kind == "contour" and not s.filled and 5 or layer[s.kind]) * 1e6 + i }
  end
  table.sort(order, function(a, b) return a[2] < b[2] end)
  for _, entry in ipairs(order) do
    for _, element in ipairs(draw[entry[1].kind](self, entry[1], plan.xscale, plan.yscale)) do
      elements[#elements + 1] = element .. " notitle"
    end
  end
  if #elements == 0 then elements[1] = ("%s using 1:2 with lines notitle"):format(self:data { {}, {} }) end
  self[#self + 1] = "plot " .. table.concat(elements, ", \\\n     ")
end

-- Draws a placed panel, then its insets; with the first, the title of the figure.
function Script:panel(plan, head)
  local frame, space, page = plan.frame, plan.space, self.page
  self:add "unset label; unset arrow; unset object"
  self:label(head, page.width / 2, page.height - page.head / 2,
             text.fitting(head, plan.sizes.label * 1.15, page.width - 8), "center")
  self:add("set lmargin at screen %s; set rmargin at screen %s", frame.left / page.width,
           (frame.left + frame.width) / page.width)
  self:add("set bmargin at screen %s; set tmargin at screen %s", frame.bottom / page.height,
           (frame.bottom + frame.height) / page.height)
  self:ticks("x", plan.xscale, plan.sizes.tick)
  self:ticks("y", plan.yscale, plan.sizes.tick)
  self:add(plan.panel.options.grid
           and 'set grid xtics ytics back linetype 1 linewidth 0.4 linecolor rgb "#D8D8D8"' or "unset grid")
  if plan.inner and plan.place and plan.clear then -- nothing lies beneath but the grid
    self:rectangle(frame.left - space.left, frame.bottom - space.bottom, frame.left + frame.width + space.right,
                   frame.bottom + frame.height + space.top, 'behind fillcolor rgb "white" fillstyle solid noborder')
  end
  self:axis_labels(plan)
  self:texts(plan)
  if plan.key then self:key(plan.key) end
  if plan.bar then self:bar(plan) end
  self:series(plan)
  for _, inset in ipairs(plan.insets) do self:panel(inset, "") end
end

-- ---- the whole ---------------------------------------------------------------------------------------

-- Terminals: a point of the page is one unit of svg, 1/72 inch of pdf, 300/72 pixels of png. The
-- cairo terminals count fonts in 1/96 inch, pdfcairo halves line widths, and each has its own
-- unit of dashes.
local function terminal(format, page, font, dots)
  local common = ("font %s enhanced background rgb \"white\""):format(quoted(font .. ",8"))
  if format == "svg" then
    return ("set terminal svg size %d,%d dashlength 1.5 %s"):format(page.width, page.height, common)
  elseif format == "pdf" then
    return ("set terminal pdfcairo size %sin,%sin fontscale 0.75 linewidth 2 dashlength 2.7 %s"):format(
           fixed(page.width / 72), fixed(page.height / 72), common)
  end
  local scale = (dots or 300) / 72
  local width, height = math.floor(page.width * scale + 0.5), math.floor(page.height * scale + 0.5)
  return ("set terminal pngcairo size %d,%d fontscale %s linewidth %s pointscale %s dashlength 3.5 %s"):format(
         width, height, fixed(0.75 * scale), fixed(scale), fixed(scale), common)
end

-- The gnuplot script that draws `figure` in `format` ("svg", "pdf", "png") into the file `output`; dots of png
-- to the inch: 300, a number, or a function of the page's size in points.
function gnuplot.script(figure, format, output, dots)
  local plans, page = layout.figure(figure)
  if type(dots) == "function" then dots = dots(page) end
  local script = setmetatable({ preamble = {}, blocks = 0, page = page }, Script)
  for i, plan in ipairs(plans) do script:panel(plan, i == 1 and figure.title or "") end
  return table.concat({
    "set encoding utf8", terminal(format, page, figure.font, dots), "set output " .. quoted(output),
    table.concat(script.preamble, "\n"),
    ('set border 15 front linewidth 0.6 linecolor rgb "%s"; set tics front; unset key; set multiplot'):format(ink),
    table.concat(script, "\n"), "unset multiplot", "unset output", "" }, "\n")
end

return gnuplot
