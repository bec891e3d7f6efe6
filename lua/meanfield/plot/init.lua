-- mf.plot: figures for papers (gnuplot) and for the terminal (braille).
--
-- A figure is plain data: panels, each with options, series, insets and texts. Nothing is
-- drawn before :save or :show, so a figure can be built along a computation and saved often.
-- Kinds of series that share their place in the order of their kind share a colour: the first
-- :points is drawn in the colour of the first :line, which pairs SGD with its PDE unasked.

local axis = require "meanfield.plot.axis"
local help = require "meanfield.prompt.help"
local options = require "meanfield.options"

local raise, numbers = options.raise, options.numbers

-- Okabe and Ito's palette: told apart with any colour vision. Black and yellow come last.
local palette = { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442" }
local dashes = { "solid", "dashed", "dotted", "dashdot" }
local symbols = { "+", "x", "*", "square", "box", "circle", "disc", "triangle", "wedge", "diamond", "gem" }

local symbol_cycle = { "+", "circle", "square", "triangle", "diamond", "x" }

-- ---- options ---------------------------------------------------------------------------

local key_places = table.move(axis.places, 1, #axis.places, 3, { "auto", "none" })

local panel_fields = {
  { "xlabel", "string", "",
    text = "text under the axis; x_N is a subscript, x^2 a superscript, \\_ an underscore" },
  { "ylabel", "string", "", text = "text beside the axis" },
  { "title", "string", "", text = "text above the axes" },
  { "tag", "string", "", text = "bold letter at the upper left corner, as in \"a\"" },
  { "xlog", "boolean", false, text = "logarithmic x axis; points it cannot show are left out, with a warning" },
  { "ylog", "boolean", false, text = "logarithmic y axis" },
  { "xrange", "range", nil, text = "ends of the x axis; from the data if not given" },
  { "yrange", "range", nil, text = "ends of the y axis" },
  { "xticks", "table", nil, expected = "a list of numbers or of {number, label}", text = "marks on the x axis" },
  { "yticks", "table", nil, expected = "a list of numbers or of {number, label}", text = "marks on the y axis" },
  { "key", "enum", "auto", values = key_places, text = "place of the legend; auto: where it hides no data" },
}

local function extended(fields, more)
  return table.move(more, 1, #more, #fields + 1, table.move(fields, 1, #fields, 1, {}))
end

local figure_fields = extended(panel_fields, {
  { "width", "number", nil, low = 0.5, high = 100,
    text = "inches; 3.4 (one column) with one panel across, else 7 (two columns)" },
  { "height", "number", nil, low = 0.5, high = 100, text = "inches; in proportion to the width" },
  { "panels", "integer", 1, low = 1, high = 100,
    text = "number of panels, side by side; reach them with figure:panel(i)" },
  { "rows", "integer", nil, low = 1, high = 100, text = "rows of panels" },
  { "columns", "integer", nil, low = 1, high = 100, text = "columns of panels" },
})

local inset_fields = extended(panel_fields, {
  { "x", "number", nil, low = 0, high = 1,
    text = "left edge of the inset's frame, as a fraction of the axes; without x or y: where it hides no data" },
  { "y", "number", nil, low = 0, high = 1, text = "lower edge of its frame" },
  { "w", "number", 0.45, low = 0.05, high = 1, text = "width of its frame" },
  { "h", "number", 0.42, low = 0.05, high = 1, text = "height of its frame" },
})

local look = {
  label = { "label", "string", "", text = "entry in the legend" },
  color = { "color", "string", nil, expected = "\"#rrggbb\"", text = "by default the next of the palette" },
  width = { "width", "number", 1.1, low = 0.05, high = 20, text = "line width in points" },
  dash = { "dash", "enum", "solid", values = dashes, text = "dash pattern" },
  symbol = { "symbol", "enum", nil, values = symbols, text = "symbol; by default the next one" },
  size = { "size", "number", 1, low = 0.1, high = 20, text = "symbol size, relative" },
  opacity = { "opacity", "number", 0.3, low = 0, high = 1, text = "of the fill" },
}

local line_fields = { look.label, look.color, look.width, look.dash }
local density_fields = extended(line_fields, {
  { "bandwidth", "number", nil, low = 0, text = "standard deviation of a Gaussian in place of every atom" },
  { "points", "integer", nil, low = 8, high = 1e7, text = "number of points of the curve" },
  { "coordinate", "any", nil, expected = "a name or a number", text = "which one, where there are several" },
})
local points_fields = { look.label, look.color, look.symbol, look.size,
  { "opacity", "number", 1, low = 0, high = 1, text = "of the symbols; clouds of many points want less" },
  { "errors", "any", nil, expected = "an array or list of numbers >= 0",
    text = "half lengths of vertical error bars" } }
local band_fields = { look.label, look.color, look.opacity }
local rule_fields = { look.label, look.color, look.dash,
  { "width", "number", 0.7, low = 0.05, high = 20, text = "line width in points" } }
local histogram_fields = { look.label, look.color, look.opacity,
  { "bins", "integer", nil, low = 1, high = 1e6, text = "number of bins; by default 2 n^(1/3), at least 10" },
  { "range", "range", nil, text = "from where to where; by default all finite values" } }
local text_fields = { look.color,
  { "align", "enum", "left", values = { "left", "center", "right" }, text = "which part of the text stands at x" },
  { "fraction", "boolean", false, text = "x and y are fractions of the axes, not data" },
  { "size", "number", 7, low = 1, high = 100, text = "font size in points" } }

-- ---- series ----------------------------------------------------------------------------

local Panel = { __name = "mf.plot.panel" }
Panel.__index = Panel
local Figure = { __name = "mf.plot.figure" }

local function new_panel(given)
  return setmetatable({ options = given, series = {}, insets = {}, texts = {}, counts = {} }, Panel)
end

local function next_of(self, list, kind)
  local n = (self.counts[kind] or 0) + 1
  self.counts[kind] = n
  return list[(n - 1) % #list + 1]
end

-- Adds a series with the next colour and symbol of its kind, unless they were asked for.
local function add_series(self, series, where, given)
  if given.color and not given.color:find "^#%x%x%x%x%x%x$" then
    raise("%s: option 'color' must be \"#rrggbb\", got '%s'", where, given.color)
  end
  for _, key in ipairs { "label", "width", "dash", "opacity", "size" } do series[key] = given[key] end
  series.color = given.color or next_of(self, palette, series.kind)
  if series.kind == "points" then series.symbol = given.symbol or next_of(self, symbol_cycle, "symbol") end
  self.series[#self.series + 1] = series
  return self
end

-- Copies columns of equal length; leaves out points a log axis cannot show, and says how many.
local function take(self, where, names, columns)
  local n = #columns[1]
  for c = 2, #columns do
    if #columns[c] ~= n then
      raise("%s: %s has %d values but %s has %d", where, names[1], n, names[c], #columns[c])
    end
  end
  local kept, dropped = {}, 0
  for c = 1, #columns do kept[c] = {} end
  for i = 1, n do
    local good = true
    for c, column in ipairs(columns) do
      local value, log = column[i], self.options[names[c]:sub(1, 1) .. "log"]
      local finite = value == value and math.abs(value) < math.huge
      if not finite and not (self.options.xlog or self.options.ylog) then
        raise("%s: %s[%d] is %s", where, names[c], i, options.shown(value))
      end
      good = good and finite and not (log and value <= 0)
    end
    if good then
      for c, column in ipairs(columns) do kept[c][#kept[c] + 1] = column[i] end
    else
      dropped = dropped + 1
    end
  end
  if dropped > 0 then
    io.stderr:write(("%s: left out %d of %d points that a log axis cannot show\n"):format(where, dropped, n))
  end
  return table.unpack(kept)
end

function Panel:line(x, y, given)
  local where = "figure:line"
  given = options.read(where, given, line_fields)
  x, y = take(self, where, { "x", "y" }, { numbers(where, "x", x), numbers(where, "y", y) })
  return add_series(self, { kind = "line", x = x, y = y }, where, given)
end

function Panel:points(x, y, given)
  local where = "figure:points"
  given = options.read(where, given, points_fields)
  x, y = numbers(where, "x", x), numbers(where, "y", y)
  if given.errors == nil then
    x, y = take(self, where, { "x", "y" }, { x, y })
    return add_series(self, { kind = "points", x = x, y = y }, where, given)
  end
  local low, high, errors = {}, {}, numbers(where, "errors", given.errors)
  for i = 1, math.min(#errors, #y) do low[i], high[i] = y[i] - errors[i], y[i] + errors[i] end
  if #errors ~= #y then raise("%s: y has %d values but errors has %d", where, #y, #errors) end
  if self.options.ylog then -- a bar that reaches below zero ends at the axis
    for i = 1, #low do low[i] = low[i] > 0 and low[i] or y[i] * 1e-3 end
  end
  x, y, low, high = take(self, where, { "x", "y", "ylow", "yhigh" }, { x, y, low, high })
  return add_series(self, { kind = "points", x = x, y = y, ylow = low, yhigh = high }, where, given)
end

function Panel:band(x, low, high, given)
  local where = "figure:band"
  given = options.read(where, given, band_fields)
  x, low, high = take(self, where, { "x", "ylow", "yhigh" },
                      { numbers(where, "x", x), numbers(where, "low", low), numbers(where, "high", high) })
  return add_series(self, { kind = "band", x = x, ylow = low, yhigh = high }, where, given)
end

-- Values and weights of a list, an array or a measure on the line (weights sum to 1).
local function atoms(where, data)
  if type(data) == "userdata" and getmetatable(data).__name == "mf.measure" then
    if data.dim ~= 1 then
      raise("%s: the measure has %d coordinates; take m:coordinate(name) or m:radius()", where, data.dim)
    end
    return data:coordinate(1):totable(), data:weights():totable()
  end
  local values, weights = numbers(where, "data", data), {}
  for i = 1, #values do weights[i] = 1 / #values end
  return values, weights
end

local function finite_range(where, values)
  local low, high = math.huge, -math.huge
  for i, v in ipairs(values) do
    if v ~= v then raise("%s: data[%d] is nan", where, i) end
    if math.abs(v) < math.huge then low, high = math.min(low, v), math.max(high, v) end
  end
  if low > high then raise("%s: there is no finite value to draw", where) end
  if low == high then return low - 0.5, high + 0.5 end
  return low, high
end

function Panel:histogram(data, given)
  local where = "figure:histogram"
  given = options.read(where, given, histogram_fields)
  local values, weights = atoms(where, data)
  local low, high = finite_range(where, values)
  if given.range then low, high = given.range[1], given.range[2] end
  local bins = given.bins or math.max(10, math.min(400, math.ceil(2 * (#values) ^ (1 / 3))))
  local step, mass = (high - low) / bins, {}
  for b = 1, bins do mass[b] = 0 end
  for i, v in ipairs(values) do
    if v >= low and v <= high then
      local b = math.min(bins, 1 + math.floor((v - low) / step))
      mass[b] = mass[b] + weights[i]
    end
  end
  local x, y = {}, {} -- the staircase: both ends of every bin, at its density
  for b = 1, bins do
    x[2 * b - 1], x[2 * b] = low + (b - 1) * step, low + b * step
    y[2 * b - 1], y[2 * b] = mass[b] / step, mass[b] / step
  end
  return add_series(self, { kind = "histogram", x = x, y = y, mass = mass }, where, given)
end

-- The curve, brought down to zero at the ends of the support.
local function with_ends(x, y)
  local n = #x
  if n == 0 then return x, y end
  local first, last = x[1], x[n]
  x, y = table.move(x, 1, n, 2, { first }), table.move(y, 1, n, 2, { 0 })
  x[n + 2], y[n + 2] = last, 0
  return x, y
end

function Panel:density(measure, given)
  local where = "figure:density"
  given = options.read(where, given, density_fields)
  if not options.has(measure, "density") then
    raise("%s: expected a measure, got %s", where, options.shown(measure))
  end
  local settings = { bandwidth = given.bandwidth, coordinate = given.coordinate, points = given.points }
  local x, y, masses = measure:density(next(settings) and settings or nil)
  x, y = with_ends(numbers(where, "x", x), numbers(where, "density", y))
  x, y = take(self, where, { "x", "y" }, { x, y })
  local finite = {}
  for _, m in ipairs(masses or {}) do
    if m.x < math.huge and not (self.options.xlog and m.x <= 0) then finite[#finite + 1] = m end
  end
  return add_series(self, { kind = "density", x = x, y = y, masses = finite }, where, given)
end

local function rule(self, where, which, value, given)
  given = options.read(where, given, rule_fields)
  if type(value) ~= "number" or value ~= value or math.abs(value) == math.huge then
    raise("%s: expected a finite number, got %s", where, options.shown(value))
  end
  given.color = given.color or "#555555"
  return add_series(self, { kind = which .. "line", x = which == "v" and { value } or {},
                            y = which == "h" and { value } or {}, value = value }, where, given)
end

function Panel:vline(x, given) return rule(self, "figure:vline", "v", x, given) end

function Panel:hline(y, given) return rule(self, "figure:hline", "h", y, given) end

function Panel:text(x, y, text, given)
  local where = "figure:text"
  given = options.read(where, given, text_fields)
  if type(x) ~= "number" or type(y) ~= "number" then raise("%s: x and y must be numbers", where) end
  given.x, given.y, given.text = x, y, tostring(text)
  self.texts[#self.texts + 1] = given
  return self
end

function Panel:inset(given)
  local inset = new_panel(options.read("figure:inset", given, inset_fields))
  self.insets[#self.insets + 1] = inset
  return inset
end

function Panel:__tostring()
  return ("%s: %d series, %d insets"):format(Panel.__name, #self.series, #self.insets)
end

-- ---- figures ---------------------------------------------------------------------------

function Figure:panel(i, given)
  if math.type(i) ~= "integer" or i < 1 or i > #self.panels then
    raise("figure:panel: expected an integer in [1, %d], got %s", #self.panels, options.shown(i))
  end
  local panel = self.panels[i]
  if given ~= nil then
    if #panel.series > 0 then raise("figure:panel: set the options of panel %d before drawing in it", i) end
    panel.options = options.read("figure:panel", given, panel_fields)
  end
  return panel
end

-- A figure with one panel draws in it directly.
for name, method in pairs(Panel) do
  if type(method) == "function" and name:sub(1, 2) ~= "__" then
    Figure[name] = function(self, ...)
      if #self.panels > 1 then
        raise("figure:%s: this figure has %d panels; draw with figure:panel(i):%s(...)", name, #self.panels, name)
      end
      local result = method(self.panels[1], ...)
      return result == self.panels[1] and self or result -- the inset, or the figure for the next call
    end
  end
end

function Figure:save(...)
  if select("#", ...) == 0 then raise("figure:save: expected a path that ends in .svg, .pdf or .png") end
  for i = 1, select("#", ...) do
    local path = select(i, ...)
    if type(path) ~= "string" then raise("figure:save: expected a path, got %s", options.shown(path)) end
    local ok, message = require "meanfield.plot.gnuplot".save(self, path)
    if not ok then return nil, message, path end
  end
  return true
end

function Figure:show(given)
  io.stdout:write(require "meanfield.plot.braille".text(self, given))
end

function Figure:__tostring()
  local parts = {}
  for i, panel in ipairs(self.panels) do parts[i] = ("%d series"):format(#panel.series) end
  return ("%s: %.3g x %.3g in, %s"):format(Figure.__name, self.width, self.height, table.concat(parts, " | "))
end

Figure.__index = Figure

local function new_figure(given)
  given = options.read("mf.plot", given, figure_fields)
  local rows, columns, count = given.rows, given.columns, given.panels
  if not columns then columns = rows and math.ceil(count / rows) or count end
  if not rows then rows = math.ceil(count / columns) end
  count = math.max(count, given.panels > 1 and count or rows * columns)
  local width = given.width or columns == 1 and 3.4 or 7
  local figure = { rows = rows, columns = columns, width = width,
                   height = given.height or 0.74 * width / columns * rows, panels = {} }
  for i = 1, count do figure.panels[i] = new_panel(given) end
  return setmetatable(figure, Figure)
end

-- ---- the module, and what it says of itself -----------------------------------------------

local plot = setmetatable({ palette = palette }, { __call = function(_, given) return new_figure(given) end })

function plot.grid(given)
  if type(given) ~= "table" or not (given.rows and given.columns) then
    raise("mf.plot.grid: expected { rows = , columns = , ... }")
  end
  return new_figure(given)
end

help.document(plot, {
  name = "mf.plot", signature = "mf.plot{...} -> figure", fields = options.records(figure_fields),
  text = "A new figure. Draw in it with its methods, then figure:save(\"f.svg\") or figure:show(). With "
         .. "`panels` or `rows` and `columns` it has several axes: figure:panel(i, options)." })
help.document(plot.grid, {
  name = "mf.plot.grid", signature = "mf.plot.grid{rows=, columns=, ...} -> figure",
  fields = options.records(figure_fields), text = "A figure with rows x columns panels, numbered row by row." })

local methods = {
  { "line", "figure:line(x, y, {label=})", line_fields, "A line through the points (x[i], y[i])." },
  { "points", "figure:points(x, y, {label=, errors=})", points_fields,
    "Symbols at (x[i], y[i]), with vertical error bars of half length errors[i] where given." },
  { "band", "figure:band(x, low, high, {label=})", band_fields, "A filled band between low[i] and high[i]." },
  { "histogram", "figure:histogram(data, {bins=, range=, label=})", histogram_fields,
    "The density of a list, an array or a one-dimensional measure in equal bins. Mass outside the range (or at "
    .. "infinity) counts in the total but is not drawn, so the area is the share of mass inside." },
  { "density", "figure:density(measure, {label=})", density_fields,
    "The smooth density of a particle measure (measure:density()), as a line. Point masses, which "
    .. "have no density, are marked by triangles on the axis, of an area that grows with the mass." },
  { "vline", "figure:vline(x, {label=})", rule_fields, "A vertical line across the axes." },
  { "hline", "figure:hline(y, {label=})", rule_fields, "A horizontal line across the axes." },
  { "text", "figure:text(x, y, text, {align=})", text_fields, "A text at (x, y), in data or axes coordinates." },
  { "inset", "figure:inset{x=, y=, w=, h=, ...} -> panel", inset_fields,
    "Small axes inside the axes; draw in what it returns with the same methods." },
}
for _, m in ipairs(methods) do
  local record = { name = "mf.plot.figure:" .. m[1], signature = m[2], text = m[4], fields = options.records(m[3]) }
  help.document(Figure[m[1]], record)
  help.document(Panel[m[1]], record)
end
help.document(Figure.panel, {
  name = "mf.plot.figure:panel", signature = "figure:panel(i, {xlabel=, ...}) -> panel",
  fields = options.records(panel_fields),
  text = "The i-th panel, with its options set if given; it has the figure's drawing methods." })
help.document(Figure.save, {
  name = "mf.plot.figure:save", signature = "figure:save(path, ...) -> true | nil, message, path",
  text = "Writes .svg (the same bytes every time), .pdf or .png (300 dots an inch) through gnuplot; whole files or "
         .. "none. Returns nil and gnuplot's message if that fails." })
help.document(Figure.show, { name = "mf.plot.figure:show", signature = "figure:show{columns=, lines=, color=}",
  fields = options.records(require "meanfield.plot.braille".fields),
  text = "Draws the figure in the terminal, in braille dots. No colours if NO_COLOR is set." })
help.class(Figure, { name = "mf.plot.figure", text = "A figure: panels with series. See mf.plot." })
help.class(Panel, { name = "mf.plot.panel",
                    text = "One pair of axes of a figure: figure:panel(i) or figure:inset{...}." })

return plot
