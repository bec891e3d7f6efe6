-- Figures on paper: a figure as a gnuplot script, run once.
--
-- Everything is placed here, in points: margins, ticks, labels and legend. gnuplot only draws.
-- (Its own layout depends on the terminal, and its legend does not know where the data are.)
-- Data travel in the script as data blocks; a figure on disk is always whole.

local axis = require "meanfield.plot.axis"

local gnuplot = {}

local font, label_size, tick_size, key_size = "DejaVu Sans", 8, 7, 7
local ink = "#262626"
local dash_types = { solid = "1", dashed = "(5,3)", dotted = "(1.2,2.2)", dashdot = "(6,2.5,1.2,2.5)" }
local symbol_types = { ["+"] = 1, x = 2, ["*"] = 3, square = 4, box = 5, circle = 6, disc = 7, triangle = 8,
                       wedge = 9, diamond = 12, gem = 13 }

-- A double-quoted gnuplot string. Backquotes would run a command.
local function quoted(text)
  return '"' .. text:gsub('[\\"`\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["`"] = "\\140", ["\n"] = "\\n" }) .. '"'
end

-- ---- layout ------------------------------------------------------------------------------

-- Space in points that labels need around the axes of a panel.
local function margins(panel, xscale, yscale, outer)
  local o, widest = panel.options, 0
  for _, tick in ipairs(yscale.ticks) do widest = math.max(widest, axis.text_width(tick.label, tick_size)) end
  local last = xscale.ticks[#xscale.ticks]
  local right = last and axis.text_width(last.label, tick_size) / 2 * axis.position(xscale, last.value) or 0
  return {
    left = widest + 6 + (o.ylabel ~= "" and label_size * 1.75 or 2),
    bottom = tick_size * 1.25 + 3 + (o.xlabel ~= "" and label_size * 1.7 or 1),
    right = math.max(right, 3) + (outer and 3 or 0),
    top = 5 + ((o.title ~= "" or o.tag ~= "") and label_size * 1.6 or 0), widest = widest,
  }
end

-- ---- pieces of the script -------------------------------------------------------------------

local Script = {}
Script.__index = Script

function Script:add(format, ...) self[#self + 1] = select("#", ...) > 0 and format:format(...) or format end

-- Screen coordinates of a point of the page given in points.
function Script:at(x, y) return ("screen %.6f,%.6f"):format(x / self.page_width, y / self.page_height) end

function Script:label(text, x, y, size, more, color)
  if text == "" then return end
  self:add('set label %s at %s font ",%g" textcolor rgb "%s" front %s', quoted(text), self:at(x, y), size, color or ink,
           more or "left")
end

-- A data block; returns its name.
function Script:data(columns)
  self.blocks = self.blocks + 1
  local name = ("$data%d"):format(self.blocks)
  local lines = { name .. " << EOD" }
  for i = 1, #columns[1] do
    local row = {}
    for c = 1, #columns do row[c] = ("%.9g"):format(columns[c][i]) end
    lines[i + 1] = table.concat(row, " ")
  end
  if #columns[1] == 0 then lines[2] = "NaN NaN NaN NaN" end
  lines[#lines + 1] = "EOD"
  self.preamble[#self.preamble + 1] = table.concat(lines, "\n")
  return name
end

local function line_style(series)
  return ('linewidth %g linecolor rgb "%s" dashtype %s'):format(series.width or 1, series.color,
                                                              dash_types[series.dash or "solid"])
end

-- "#rrggbb" with an opacity, as gnuplot writes it: transparency first.
local function translucent(color, opacity)
  if not opacity or opacity == 1 then return color end
  return ("#%02X%s"):format(math.floor(255 * (1 - opacity) + 0.5), color:sub(2))
end

local function point_style(series)
  return ('pointtype %d pointsize %.3g linewidth 0.8 linecolor rgb "%s"'):format(symbol_types[series.symbol],
                                                              0.62 * series.size,
                                                              translucent(series.color, series.opacity))
end

local function fill_style(series)
  return ('fillcolor rgb "%s" fillstyle transparent solid %g noborder'):format(series.color, series.opacity)
end

-- The plot elements of one series.
local draw = {}

function draw.line(script, s)
  return { ("%s using 1:2 with lines %s"):format(script:data { s.x, s.y }, line_style(s)) }
end

function draw.density(script, s, xscale, yscale)
  local elements = draw.line(script, s)
  for _, mass in ipairs(s.masses) do
    if mass.x >= xscale.low and mass.x <= xscale.high then
      local style = point_style { symbol = "wedge", size = 0.6 + 1.6 * math.sqrt(mass.mass), color = s.color }
      local place = script:data { { mass.x }, { yscale.low } }
      elements[#elements + 1] = ("%s using 1:2 with points %s"):format(place, style)
    end
  end
  return elements
end

function draw.points(script, s)
  local symbols = ("%s using 1:2 with points %s"):format(script:data { s.x, s.y }, point_style(s))
  if not s.ylow then return { symbols } end
  local bars = script:data { s.x, s.ylow, s.yhigh } -- "with yerrorbars" would blank the lines below
  return { ('%s using 1:2:(0):($3-$2) with vectors nohead linewidth 0.7 linecolor rgb "%s"'):format(bars, s.color),
           symbols }
end

function draw.band(script, s)
  return { ("%s using 1:2:3 with filledcurves %s"):format(script:data { s.x, s.ylow, s.yhigh }, fill_style(s)) }
end

function draw.histogram(script, s, _, yscale)
  local x, y, floor = { s.x[1] }, { yscale.low }, yscale.low
  for i = 1, #s.x do x[i + 1], y[i + 1] = s.x[i], math.max(s.y[i], floor) end
  x[#x + 1], y[#y + 1] = s.x[#s.x], floor
  local block = script:data { x, y }
  return { ("%s using 1:2 with filledcurves closed %s"):format(block, fill_style(s)),
           ('%s using 1:2 with lines linewidth 0.5 linecolor rgb "%s"'):format(block, s.color) }
end

function draw.vline(script, s, _, yscale)
  local v = s.value
  return { ("%s using 1:2 with lines %s"):format(script:data { { v, v }, { yscale.low, yscale.high } }, line_style(s)) }
end

function draw.hline(script, s, xscale)
  local v = s.value
  return { ("%s using 1:2 with lines %s"):format(script:data { { xscale.low, xscale.high }, { v, v } }, line_style(s)) }
end

-- Filled things lie below lines, lines below symbols.
local layer = { band = 1, histogram = 2, vline = 3, hline = 3, line = 4, density = 4, points = 5 }

-- ---- legend ----------------------------------------------------------------------------------

local sample_width, key_line = 15, key_size * 1.35

local function key_entries(panel)
  local entries, widest = {}, 0
  for _, s in ipairs(panel.series) do
    if s.label ~= "" then
      entries[#entries + 1] = s
      widest = math.max(widest, axis.text_width(s.label, key_size))
    end
  end
  return entries, widest
end

function Script:sample(s, x, y)
  local x2 = x + sample_width
  if s.kind == "histogram" or s.kind == "band" then
    self:add('set object rectangle from %s to %s front fillcolor rgb "%s" fillstyle transparent solid %g '
             .. 'border linecolor rgb "%s" linewidth 0.5', self:at(x + 1, y - 2.2), self:at(x2 - 1, y + 2.6), s.color,
             s.opacity, s.color)
  elseif s.kind == "points" then
    self:add('set label "" at %s point %s front', self:at((x + x2) / 2, y), point_style(s))
  else
    self:add("set arrow from %s to %s nohead front %s", self:at(x, y), self:at(x2, y), line_style(s))
  end
end

-- Draws the legend into the frame (left, bottom, width, height in points).
function Script:key(panel, xscale, yscale, frame, insets)
  local entries, widest = key_entries(panel)
  if #entries == 0 or panel.options.key == "none" then return end
  local columns = math.max(1, math.ceil(#entries * key_line / (0.75 * frame.height)))
  local rows = math.ceil(#entries / columns)
  local column = sample_width + 4 + widest + 4
  local width, height = columns * column, rows * key_line + 2
  local x, y = axis.place_key(panel, xscale, yscale, insets, width / frame.width, height / frame.height,
                              5 / frame.width, 4 / frame.height)
  return function() -- drawn when the scales are final
    x, y = frame.left + x * frame.width, frame.bottom + y * frame.height
    for i, s in ipairs(entries) do
      local c, r = (i - 1) // rows, (i - 1) % rows
      local left, middle = x + c * column, y + height - (r + 0.5) * key_line - 1
      self:sample(s, left, middle)
      self:label(s.label, left + sample_width + 4, middle, key_size)
    end
  end
end

-- ---- axes ------------------------------------------------------------------------------------

function Script:ticks(which, scale)
  local marks = {}
  for _, tick in ipairs(scale.ticks) do marks[#marks + 1] = ("%s %.12g 0"):format(quoted(tick.label), tick.value) end
  for _, value in ipairs(scale.minor) do marks[#marks + 1] = ('"" %.12g 1'):format(value) end
  self:add('set %stics (%s) font ",%g" textcolor rgb "%s" nomirror in scale 0.65,0.35 offset %s', which,
           table.concat(marks, ", "), tick_size, ink, which == "x" and "0,0.35" or "0.5,0")
  self:add("set %srange [%.12g:%.12g]", which, scale.low, scale.high)
  self:add(scale.log and "set logscale %s 10" or "unset logscale %s", which)
end

function Script:axis_labels(panel, frame, space)
  local o = panel.options
  local middle, centre = frame.left + frame.width / 2, frame.bottom + frame.height / 2
  local top = frame.bottom + frame.height + label_size * 0.9
  self:label(o.xlabel, middle, frame.bottom - tick_size * 1.25 - 2 - label_size * 0.75, label_size, "center")
  self:label(o.ylabel, frame.left - space.widest - 6 - label_size * 0.8, centre, label_size, "center rotate by 90")
  self:label(o.title, middle, top, label_size, "center")
  if o.tag ~= "" then self:label("{/:Bold " .. o.tag .. "}", frame.left - space.left + 2, top, label_size + 1) end
end

function Script:texts(panel, xscale, yscale, frame)
  for _, t in ipairs(panel.texts) do
    local fx, fy = t.x, t.y
    if not t.fraction then fx, fy = axis.position(xscale, t.x), axis.position(yscale, t.y) end
    self:label(t.text, frame.left + fx * frame.width, frame.bottom + fy * frame.height, t.size, t.align, t.color)
  end
end

local function inset_ticks(o, frame) return { o.w * frame.width / 26, o.h * frame.height / 16 } end

-- Where the insets of a panel stand: { x, y of the frame; [1..4]: the box with labels }, in axes fractions.
local function inset_boxes(panel, xscale, yscale, frame)
  local boxes = {}
  for i, inset in ipairs(panel.insets) do
    local o, count = inset.options, inset_ticks(inset.options, frame)
    local space = margins(inset, axis.scale(inset, "x", count[1]), axis.scale(inset, "y", count[2]), false)
    local left, below = space.left / frame.width, space.bottom / frame.height
    local x, y = o.x, o.y
    if not (x and y) then x, y = axis.place_inset(panel, xscale, yscale, boxes, o.w, o.h, left, below) end
    boxes[i] = { x - left, y - below, x + o.w, y + o.h, x = x, y = y }
  end
  return boxes
end

-- Draws a panel; `place(space)` turns the space its labels need into its frame.
function Script:panel(panel, ticks, place, outer)
  local xscale, yscale = axis.scale(panel, "x", ticks[1]), axis.scale(panel, "y", ticks[2])
  local space = margins(panel, xscale, yscale, outer)
  local frame = place(space)
  self:add "unset label; unset arrow; unset object"
  local insets = inset_boxes(panel, xscale, yscale, frame)
  local key = self:key(panel, xscale, yscale, frame, insets) -- may make room on the y axis ...
  local room = margins(panel, xscale, yscale, outer)
  if room.widest > space.widest then space = room; frame = place(space) end -- ... and widen its labels
  if key then key() end
  self:add("set lmargin at screen %.6f; set rmargin at screen %.6f", frame.left / self.page_width,
           (frame.left + frame.width) / self.page_width)
  self:add("set bmargin at screen %.6f; set tmargin at screen %.6f", frame.bottom / self.page_height,
           (frame.bottom + frame.height) / self.page_height)
  self:ticks("x", xscale)
  self:ticks("y", yscale)
  self:axis_labels(panel, frame, space)
  self:texts(panel, xscale, yscale, frame)
  if not outer then -- an inset hides what is under it
    self:add('set object rectangle from %s to %s behind fillcolor rgb "white" fillstyle solid noborder',
             self:at(frame.left - space.left, frame.bottom - space.bottom),
             self:at(frame.left + frame.width + 2, frame.bottom + frame.height + 2))
  end
  self:series(panel, xscale, yscale)
  for i, inset in ipairs(panel.insets) do
    local o, box = inset.options, insets[i]
    self:panel(inset, inset_ticks(o, frame), function()
      return { left = frame.left + box.x * frame.width, bottom = frame.bottom + box.y * frame.height,
               width = o.w * frame.width, height = o.h * frame.height }
    end, false)
  end
end

function Script:series(panel, xscale, yscale)
  local order, elements = {}, {}
  for i, s in ipairs(panel.series) do order[i] = { s, layer[s.kind] * 1000 + i } end
  table.sort(order, function(a, b) return a[2] < b[2] end)
  for _, entry in ipairs(order) do
    for _, element in ipairs(draw[entry[1].kind](self, entry[1], xscale, yscale)) do
      elements[#elements + 1] = element .. " notitle"
    end
  end
  if #elements == 0 then elements[1] = ("%s using 1:2 with lines notitle"):format(self:data { {}, {} }) end
  self:add("plot %s", table.concat(elements, ", \\\n     "))
end

-- ---- the whole -------------------------------------------------------------------------------

-- Terminals: a point of the page is one unit of svg, 1/72 inch of pdf, 300/72 pixels of png. The
-- cairo terminals count fonts in 1/96 inch, pdfcairo halves line widths, and each has its own
-- unit of dashes.
local function terminal(format, width, height)
  local common = ('font "%s,8" enhanced background rgb "white"'):format(font)
  if format == "svg" then return ("set terminal svg size %d,%d dashlength 1.5 %s"):format(width, height, common) end
  if format == "pdf" then
    return ("set terminal pdfcairo size %.6fin,%.6fin fontscale 0.75 linewidth 2 dashlength 2.7 %s"):format(
           width / 72, height / 72, common)
  end
  local scale = 300 / 72
  return ("set terminal pngcairo size %.0f,%.0f fontscale 3.125 linewidth %.6f pointscale %.6f dashlength 3.5 %s")
         :format(width * scale, height * scale, scale, scale, common)
end

-- The gnuplot script that draws `figure` in `format` ("svg", "pdf", "png") into the file `output`.
function gnuplot.script(figure, format, output)
  local page_width, page_height = math.floor(figure.width * 72 + 0.5), math.floor(figure.height * 72 + 0.5)
  local script = setmetatable({ preamble = {}, blocks = 0, page_width = page_width, page_height = page_height }, Script)
  local cell_width, cell_height = script.page_width / figure.columns, script.page_height / figure.rows
  for i, panel in ipairs(figure.panels) do
    local row, column = (i - 1) // figure.columns, (i - 1) % figure.columns
    local left, bottom = column * cell_width, (figure.rows - 1 - row) * cell_height
    script:panel(panel, { cell_width / 30, cell_height / 30 }, function(space)
      return { left = left + space.left, bottom = bottom + space.bottom, width = cell_width - space.left - space.right,
               height = cell_height - space.bottom - space.top }
    end, true)
  end
  return table.concat({
    "set encoding utf8", terminal(format, page_width, page_height), "set output " .. quoted(output),
    table.concat(script.preamble, "\n"),
    ('set border 15 linewidth 0.6 linecolor rgb "%s"; unset key; set multiplot'):format(ink),
    table.concat(script, "\n"), "unset multiplot", "unset output", "" }, "\n")
end

-- ---- running gnuplot ---------------------------------------------------------------------------

local function shell_quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function read_all(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a" or ""
  if file then file:close() end
  return text
end

-- True, or nil and a message; no file is left half written.
local function write_whole(path, text)
  local file, message = io.open(path .. ".part", "wb")
  if not file then return nil, message end
  local ok
  ok, message = file:write(text)
  if file:close() and ok then ok, message = os.rename(path .. ".part", path) end
  if not ok then os.remove(path .. ".part") return nil, message end
  return true
end

-- Runs a script that writes to `output`; true, or nil and what gnuplot said.
local function run(text)
  local script, errors = os.tmpname(), os.tmpname()
  local ok, message = write_whole(script, text)
  if ok then
    -- -d: no start-up files, so a figure looks the same for everybody
    ok = os.execute(("LC_ALL=C.UTF-8 gnuplot -d %s 2> %s"):format(shell_quoted(script), shell_quoted(errors)))
    message = "gnuplot: " .. read_all(errors):gsub("%s+$", "")
  end
  os.remove(script)
  os.remove(errors)
  if not ok then return nil, message end
  return true
end

-- What gnuplot leaves out: the size on paper, and a font to fall back on.
local finish = {
  pdf = function(text) return text end,
  svg = function(text, figure)
    local size = ('width="%.6gin" height="%.6gin"'):format(figure.width, figure.height)
    text = text:gsub('width="%d+" height="%d+"', size, 1)
    return (text:gsub('font%-family="([^"]*)"', 'font-family="%1, sans-serif"'))
  end,
  png = function(text) -- a pHYs chunk of 11811 dots a metre, behind the first chunk
    return text:sub(1, 33) .. "\0\0\0\9pHYs\0\0\x2E\x23\0\0\x2E\x23\1\x78\xA5\x3F\x76" .. text:sub(34)
  end,
}

-- Writes the figure to `path`, in the format of its extension. True, or nil and what went wrong.
function gnuplot.save(figure, path)
  local format = path:match "%.(%w+)$"
  if not finish[format] then return nil, ("%s: the name must end in .svg, .pdf or .png"):format(path) end
  local output = os.tmpname()
  local ok, message = run(gnuplot.script(figure, format, output))
  local text = read_all(output)
  os.remove(output)
  if not ok then return nil, message end
  return write_whole(path, finish[format](text, figure))
end

return gnuplot
