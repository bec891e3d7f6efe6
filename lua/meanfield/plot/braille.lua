-- Figures in the terminal: 2 x 4 dots in every character cell, from the Braille block of
-- Unicode (U+2800 plus one bit a dot). One colour a cell: the series drawn last there.
-- Pure text in, pure text out; only `terminal` looks at the world.

local axis = require "meanfield.plot.axis"
local colors = require "meanfield.plot.colors"
local options = require "meanfield.options"
local surface = require "meanfield.plot.surface"

local braille = {}

braille.fields = {
  { "columns", "integer", nil, low = 20, high = 1000, text = "width in characters; by default the terminal's" },
  { "lines", "integer", nil, low = 5, high = 1000, text = "height of a panel in lines; by default fits the terminal" },
  { "color", "boolean", nil, text = "colours; by default on a terminal, unless NO_COLOR is set" },
}

-- ---- the terminal ---------------------------------------------------------------------------

local function terminal_size()
  local columns, lines = tonumber(os.getenv "COLUMNS"), tonumber(os.getenv "LINES")
  if not (columns and lines) then
    local pipe = io.popen "stty size 2>/dev/null < /dev/tty"
    local height, width = (pipe and pipe:read "a" or ""):match "(%d+) (%d+)"
    if pipe then pipe:close() end
    columns, lines = columns or tonumber(width), lines or tonumber(height)
  end
  return columns and columns >= 20 and columns or 80, lines and lines >= 5 and lines or 24
end

local function color_wanted()
  local none, term = os.getenv "NO_COLOR", os.getenv "TERM"
  if none and none ~= "" or not term or term == "dumb" then return false end
  return os.execute "test -t 1" == true
end

-- ---- the canvas -----------------------------------------------------------------------------

local dot_bit = { [0] = { [0] = 0x01, 0x02, 0x04, 0x40 }, { [0] = 0x08, 0x10, 0x20, 0x80 } } -- [column][row from top]

local Canvas = {}
Canvas.__index = Canvas

local function new_canvas(columns, lines)
  return setmetatable({ columns = columns, lines = lines, bits = {}, colors = {}, shades = {} }, Canvas)
end

-- Sets the dot at x in [0, 1], y in [0, 1] (upwards); outside is clipped.
function Canvas:dot(x, y, color)
  if not (x >= 0 and x <= 1 and y >= 0 and y <= 1) then return end
  local column, row = math.min(2 * self.columns - 1, math.floor(x * 2 * self.columns)),
                      math.min(4 * self.lines - 1, math.floor((1 - y) * 4 * self.lines))
  local cell = (row // 4) * self.columns + column // 2
  self.bits[cell] = (self.bits[cell] or 0) | dot_bit[column % 2][row % 4]
  self.colors[cell] = color
end

function Canvas:line(x1, y1, x2, y2, color)
  local steps = math.ceil(math.max(math.abs(x2 - x1) * 2 * self.columns, math.abs(y2 - y1) * 4 * self.lines))
  steps = math.max(1, math.min(steps, 8 * (self.columns + self.lines)))
  for k = 0, steps do self:dot(x1 + (x2 - x1) * k / steps, y1 + (y2 - y1) * k / steps, color) end
end

-- ---- series ---------------------------------------------------------------------------------

-- The number of one of xterm's 6 x 6 x 6 colours nearest to "#rrggbb"; dark ones are lifted.
local function xterm_color(hex)
  local code = 16
  for i, weight in ipairs { 36, 6, 1 } do
    local value = tonumber(hex:sub(2 * i, 2 * i + 1), 16)
    code = code + weight * math.floor(value / 51 + 0.5)
  end
  return code == 16 and 250 or code
end

local function draw_path(canvas, s, fx, fy)
  for i = 2, #s.x do canvas:line(fx(s.x[i - 1]), fy(s.y[i - 1]), fx(s.x[i]), fy(s.y[i]), s.color) end
end

local draw = { line = draw_path }

function draw.density(canvas, s, fx, fy)
  draw_path(canvas, s, fx, fy)
  for _, x in ipairs(s.mass_x) do canvas:line(fx(x), 0, fx(x), 0.5 / canvas.lines, s.color) end
end

function draw.points(canvas, s, fx, fy)
  local arm = s.size < 0.7 and 0 or 1 -- a plus sign, or one dot for clouds of small symbols
  for i = 1, #s.x do
    local x, y, dx, dy = fx(s.x[i]), fy(s.y[i]), arm * 0.5 / canvas.columns, arm * 0.25 / canvas.lines
    for _, d in ipairs { { 0, 0 }, { dx, 0 }, { -dx, 0 }, { 0, dy }, { 0, -dy } } do
      canvas:dot(x + d[1], y + d[2], s.color)
    end
    if s.ylow then canvas:line(x, fy(s.ylow[i]), x, fy(s.yhigh[i]), s.color) end
    if s.xlow then canvas:line(fx(s.xlow[i]), y, fx(s.xhigh[i]), y, s.color) end
  end
end

function draw.histogram(canvas, s, fx, fy)
  for i = 1, #s.x, 2 do
    local previous = i > 1 and fy(s.y[i - 1]) or 0
    canvas:line(fx(s.x[i]), previous, fx(s.x[i]), fy(s.y[i]), s.color)
    canvas:line(fx(s.x[i]), fy(s.y[i]), fx(s.x[i + 1]), fy(s.y[i + 1]), s.color)
  end
end

function draw.band(canvas, s, fx, fy)
  for i = 1, #s.x do canvas:line(fx(s.x[i]), fy(s.ylow[i]), fx(s.x[i]), fy(s.yhigh[i]), s.color) end
end

function draw.vline(canvas, s, fx) canvas:line(fx(s.x[1]), 0, fx(s.x[1]), 1, s.color) end

function draw.hline(canvas, s, _, fy) canvas:line(0, fy(s.y[1]), 1, fy(s.y[1]), s.color) end

function draw.contour(canvas, s, fx, fy)
  for _, line in ipairs(s.lines) do draw_path(canvas, { x = line.x, y = line.y, color = s.color }, fx, fy) end
end

function draw.image() end -- is shade, below the dots

-- ---- shades: images and filled contours ---------------------------------------------------------

local blocks = { " ", "░", "▒", "▓", "█" }

-- The share u in [0, 1] of a series' colours at a place; nil where there is nothing.
local function share_at(s, x, y)
  local z
  if s.kind == "image" then
    local function cell(edges, v)
      for i = 1, #edges - 1 do if v >= edges[i] and v <= edges[i + 1] then return i end end
    end
    local i, j = cell(s.xedges, x), cell(s.yedges, y)
    z = i and j and s.z[(j - 1) * #s.x + i]
  else
    z = surface.at(s, x, y)
  end
  if not z or z ~= z or s.zlog and z <= 0 or s.law and z < (s.levels[1] or 0) then return nil end
  local scale = axis.colors(s, 2)
  return math.max(0, math.min(1, axis.position(scale, math.max(-1e308, math.min(1e308, z)))))
end

-- Fills the cells of the canvas with the shades of an image or a filled contour.
local function shade(canvas, s, xscale, yscale)
  for line = 0, canvas.lines - 1 do
    local y = axis.value(yscale, 1 - (line + 0.5) / canvas.lines)
    for column = 0, canvas.columns - 1 do
      local u = share_at(s, axis.value(xscale, (column + 0.5) / canvas.columns), y)
      if u then canvas.shades[line * canvas.columns + column] = { u, colors.at(s.map, u) } end
    end
  end
end

-- From the least to the largest value, in words and shades.
local function bar_text(s, color)
  local parts = { ("%.4g"):format(s.zlow), " " }
  for k = 0, 9 do
    local u = k / 9
    parts[#parts + 1] = color and ("\27[48;5;%dm \27[0m"):format(xterm_color(colors.at(s.map, u)))
                        or blocks[1 + math.floor(u * 4 + 0.5)]
  end
  parts[#parts + 1] = " " .. ("%.4g"):format(s.zhigh)
  return (table.concat(parts):gsub("-", "−"))
end

-- ---- text -----------------------------------------------------------------------------------

local raised = { ["0"] = "⁰", ["1"] = "¹", ["2"] = "²", ["3"] = "³", ["4"] = "⁴", ["5"] = "⁵", ["6"] = "⁶", ["7"] = "⁷",
                 ["8"] = "⁸", ["9"] = "⁹", ["−"] = "⁻", ["-"] = "⁻" }

-- Enhanced text for a terminal: exponents of digits as raised digits, other markup dropped.
local function plain(text)
  local result = text:gsub("%^(%b{})", function(script)
    local out = {}
    for _, code in utf8.codes(script:sub(2, -2)) do
      local up = raised[utf8.char(code)]
      if not up then return nil end
      out[#out + 1] = up
    end
    return table.concat(out)
  end):gsub("%^(%d)", raised)
  result = result:gsub("{/[^ }]* ", ""):gsub("([_^]){([^{}]*)}", "%1%2"):gsub("[{}@&~\\]", "")
  return result
end

local function width(text) return utf8.len(text) or #text end

local function painted(text, color, enabled)
  if not enabled then return text end
  return ("\27[38;5;%dm%s\27[0m"):format(xterm_color(color), text)
end

-- ---- a panel --------------------------------------------------------------------------------

-- One line of cells as text, changing colours as rarely as possible. Dots lie on shades: with colours
-- as dots on a background, without as dots in place of the block.
local function canvas_line(canvas, line, color)
  local parts, current = {}, ""
  for column = 0, canvas.columns - 1 do
    local cell = line * canvas.columns + column
    local bits, shading = canvas.bits[cell] or 0, canvas.shades[cell]
    local paint = ""
    if color and bits ~= 0 then paint = ("\27[38;5;%dm"):format(xterm_color(canvas.colors[cell])) end
    if color and shading then paint = paint .. ("\27[48;5;%dm"):format(xterm_color(shading[2])) end
    if paint ~= current and not (paint == "" and bits == 0 and not current:find "48;") then
      if current ~= "" then parts[#parts + 1] = "\27[0m" end
      parts[#parts + 1], current = paint, paint
    end
    local block = shading and not color and bits == 0 and blocks[1 + math.floor(shading[1] * 4 + 0.5)]
    parts[#parts + 1] = block or utf8.char(0x2800 + bits)
  end
  if current ~= "" then parts[#parts + 1] = "\27[0m" end
  return table.concat(parts)
end

-- Tick labels of the x axis on one line of `columns` characters; those that collide are left out.
local function x_labels(scale, columns)
  local line, free = "", 0
  for _, tick in ipairs(scale.ticks) do
    local text = plain(tick.label)
    local start = math.floor(axis.position(scale, tick.value) * columns + 0.5) - width(text) // 2
    start = math.max(0, math.min(start, columns - width(text)))
    if start >= free then
      line = line .. (" "):rep(start - width(line)) .. text
      free = width(line) + 1
    end
  end
  return line
end

local function y_labels(scale, lines)
  local labels, widest = {}, 0
  for _, tick in ipairs(scale.ticks) do
    local line = math.floor((1 - axis.position(scale, tick.value)) * lines)
    labels[math.max(0, math.min(line, lines - 1))] = plain(tick.label)
    widest = math.max(widest, width(plain(tick.label)))
  end
  return labels, widest
end

local function legend(panel, color)
  local parts = {}
  local marks = { points = "+", histogram = "▂", band = "▂" }
  for _, s in ipairs(panel.series) do
    if (s.label or "") ~= "" then
      parts[#parts + 1] = painted((marks[s.kind] or "─") .. " " .. plain(s.label), s.color, color)
    end
  end
  return table.concat(parts, "   ")
end

local function panel_text(panel, columns, lines, color, out)
  local xscale, yscale = axis.scale(panel, "x", columns / 9), axis.scale(panel, "y", lines / 3)
  local labels, margin = y_labels(yscale, lines)
  local canvas = new_canvas(columns - margin - 2, lines)
  local function fx(v) return axis.position(xscale, v) end
  local function fy(v) return axis.position(yscale, v) end
  local bar
  for _, s in ipairs(panel.series) do
    if s.kind == "image" or s.filled then
      shade(canvas, s, xscale, yscale)
      if s.bar then bar = s end
    end
    draw[s.kind](canvas, s, fx, fy)
  end
  local o = panel.options
  local head = plain(o.title ~= "" and o.title or o.ylabel)
  if head ~= "" then out[#out + 1] = (" "):rep(margin + 1) .. head end
  for line = 0, lines - 1 do
    local label = labels[line] or ""
    out[#out + 1] = (" "):rep(margin - width(label)) .. label .. (labels[line] and "┤" or "│")
                    .. canvas_line(canvas, line, color)
  end
  out[#out + 1] = (" "):rep(margin) .. "└" .. ("─"):rep(canvas.columns)
  out[#out + 1] = (" "):rep(margin + 1) .. x_labels(xscale, canvas.columns)
  if o.xlabel ~= "" then
    local text = plain(o.xlabel)
    out[#out + 1] = (" "):rep(margin + 1 + math.max(0, (canvas.columns - width(text)) // 2)) .. text
  end
  local key = legend(panel, color)
  if key ~= "" then out[#out + 1] = (" "):rep(margin + 1) .. key end
  if bar then
    local name = bar.zlabel ~= "" and plain(bar.zlabel) .. " " or ""
    out[#out + 1] = (" "):rep(margin + 1) .. name .. bar_text(bar, color)
  end
  for _, inset in ipairs(panel.insets) do panel_text(inset, columns, math.max(5, lines // 2), color, out) end
end

-- The figure as text, panel below panel. Options: see braille.fields.
function braille.text(figure, given)
  given = options.read("figure:show", given, braille.fields)
  local columns, lines = given.columns, given.lines
  if not (columns and lines) then
    local terminal_columns, terminal_lines = terminal_size()
    columns = columns or terminal_columns
    lines = lines or math.max(5, math.min(24, terminal_lines - 6))
  end
  local color, out = given.color, {}
  if color == nil then color = color_wanted() end
  if figure.title ~= "" then out[1] = plain(figure.title) end
  for _, panel in ipairs(figure.panels) do panel_text(panel, columns, lines, color, out) end
  return table.concat(out, "\n") .. "\n"
end

return braille
