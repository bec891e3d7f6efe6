-- A panel: one pair of axes and the series drawn in it.
--
-- A series is plain data: { kind =, label =, color =, ... } and columns of numbers (x, y, ylow, ...), which is
-- all that the renderers and the saved file need. Kinds of series that share their place in the order of
-- their kind share a colour: the first :points is drawn in the colour of the first :line, which pairs SGD
-- with its PDE unasked. Lines and densities look alike and are one kind.

local axis = require "meanfield.plot.axis"
local colors = require "meanfield.plot.colors"
local fields = require "meanfield.plot.fields"
local options = require "meanfield.options"
local surface = require "meanfield.plot.surface"
local text = require "meanfield.plot.text"

local raise, numbers = options.raise, options.numbers

local Panel = { __name = "mf.plot.panel" }

-- ---- options of a panel ------------------------------------------------------------------

local function check_ticks(where, name, ticks)
  for i, tick in ipairs(ticks or {}) do
    local value, label = tick, ""
    if type(tick) == "table" then value, label = tick[1], tick[2] end
    if type(value) ~= "number" or value ~= value or type(label) ~= "string" then
      raise("%s: option '%s' must be a list of numbers or of {number, label}, got %s at %d", where, name,
            options.shown(tick), i)
    end
    text.check(where, name, label)
  end
end

-- Options from what the user gave: checked, with defaults.
function Panel.read(where, given, list)
  local read = options.read(where, given, list)
  for _, which in ipairs { "x", "y" } do
    local range = read[which .. "range"]
    local fault = range and axis.fault(read[which .. "log"], range)
    if fault then raise("%s: option '%srange' %s", where, which, fault) end
    check_ticks(where, which .. "ticks", read[which .. "ticks"])
  end
  if read.equal and (read.xlog or read.ylog) then raise("%s: option 'equal' needs two linear axes", where) end
  for _, field in ipairs(list) do
    if field[2] == "string" and read[field[1]] then text.check(where, field[1], read[field[1]]) end
  end
  if read.palette then
    if #read.palette == 0 then raise("%s: option 'palette' must hold at least one colour", where) end
    local list_of = {}
    for i, color in ipairs(read.palette) do list_of[i] = colors.hex(where, tostring(color)) end
    read.palette = list_of
  end
  return read
end

function Panel.new(where, given, list)
  return setmetatable({ given = given, fields = list, options = Panel.read(where, given, list), series = {},
                        insets = {}, texts = {}, counts = {} }, Panel)
end

-- Options given later join those given before.
function Panel.merge(self, where, more)
  local given = {}
  for key, value in pairs(self.given) do given[key] = value end
  for key, value in pairs(more) do given[key] = value end
  local read = Panel.read(where, given, self.fields)
  for _, key in ipairs { "xlog", "ylog" } do
    if read[key] ~= self.options[key] and #self.series > 0 then
      raise("%s: set option '%s' before drawing", where, key)
    end
  end
  self.given, self.options = given, read
end

local methods = {} -- what Panel and Figure offer

function Panel.__index(self, key)
  if methods[key] ~= nil then return methods[key] end
  if self.options[key] ~= nil then return self.options[key] end
  Panel.unknown("mf.plot.panel", key, self.fields, methods)
end

-- Raises for a field that nobody knows; an option without a value is nil.
function Panel.unknown(where, key, list, known)
  local names = {}
  for _, field in ipairs(list) do
    if field[1] == key then return end
    names[#names + 1] = field[1]
  end
  if type(key) ~= "string" or key:sub(1, 1) == "_" then return end
  for name in pairs(known) do names[#names + 1] = name end
  table.sort(names)
  local near = options.nearest(key, names)
  raise("%s: there is no field '%s'%s", where, key, near and (" (did you mean '%s'?)"):format(near) or "")
end

function Panel.__newindex(self, key, value)
  Panel.unknown("mf.plot.panel", key, self.fields, methods)
  Panel.merge(self, "mf.plot.panel", { [key] = value })
end

function Panel.__tostring(self)
  return ("%s: %d series, %d insets"):format(Panel.__name, #self.series, #self.insets)
end

-- ---- looks -----------------------------------------------------------------------------------

local symbol_cycle = { "+", "circle", "square", "triangle", "diamond", "x" }
local distinct = { line = 64, density = 64, points = 48, histogram = 24, band = 24 } -- with the full palette

local function next_number(self, kind)
  self.counts[kind] = (self.counts[kind] or 0) + 1
  return self.counts[kind]
end

-- The look of the n-th of its kind. Where colours begin again, lines change their dashes (then their
-- width), symbols are paired anew and fills change their shade.
local function choose_look(self, series, given)
  local kind, list = series.kind, self.options.palette or colors.palette
  local n, round = 1, 0
  if not given.color then
    n = next_number(self, kind == "density" and "line" or kind) -- one look: they count together
    series.color, round = list[(n - 1) % #list + 1], (n - 1) // #list
  end
  if kind == "points" then
    local m = given.symbol and 1 or next_number(self, "symbol")
    series.symbol = given.symbol or symbol_cycle[(m - 1 + (m - 1) // 24) % #symbol_cycle + 1]
  elseif kind == "histogram" or kind == "band" then
    series.color = colors.shade(series.color, round % 3)
  else
    series.dash = given.dash or fields.dashes[round % #fields.dashes + 1]
    if round >= #fields.dashes then series.width = series.width * 2 end
  end
  if series.label ~= "" and distinct[kind] and n == distinct[kind] // #colors.palette * #list + 1 then
    io.stderr:write(("mf.plot: more than %d %s in one panel: their looks repeat\n"):format(n - 1, kind))
  end
end

-- Adds a series with the next colour and symbol of its kind, unless they were asked for.
local function add_series(self, series, where, given)
  for _, key in ipairs { "label", "width", "opacity", "size" } do series[key] = given[key] end
  text.check(where, "label", series.label or "")
  series.color = given.color and colors.hex(where, given.color)
  choose_look(self, series, given)
  self.series[#self.series + 1] = series
  return self
end

-- ---- columns ---------------------------------------------------------------------------------

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

function methods:line(x, y, given)
  local where = "figure:line"
  given = options.read(where, given, fields.line)
  x, y = take(self, where, { "x", "y" }, { numbers(where, "x", x), numbers(where, "y", y) })
  return add_series(self, { kind = "line", x = x, y = y }, where, given)
end

-- Both ends of error bars; on a log axis a bar that reaches below zero ends at the axis.
local function bar_ends(where, name, middle, errors, log)
  errors = numbers(where, name, errors)
  if #errors ~= #middle then raise("%s: y has %d values but %s has %d", where, #middle, name, #errors) end
  local low, high = {}, {}
  for i, e in ipairs(errors) do
    if e ~= e or e < 0 then raise("%s: %s[%d] is %s, expected >= 0", where, name, i, options.shown(e)) end
    low[i], high[i] = middle[i] - e, middle[i] + e
    if log and low[i] <= 0 then low[i] = middle[i] * 1e-3 end
  end
  return low, high
end

function methods:points(x, y, given)
  local where = "figure:points"
  given = options.read(where, given, fields.points)
  local names, columns = { "x", "y" }, { numbers(where, "x", x), numbers(where, "y", y) }
  if #columns[1] ~= #columns[2] then take(self, where, names, columns) end
  for which, name in pairs { [1] = "xerrors", [2] = "errors" } do
    if given[name] ~= nil then
      local letter = names[which]
      names[#names + 1], names[#names + 2] = letter .. "low", letter .. "high"
      columns[#columns + 1], columns[#columns + 2] = bar_ends(where, name, columns[which], given[name],
                                                              self.options[letter .. "log"])
    end
  end
  local series = { kind = "points" }
  for c, column in ipairs { take(self, where, names, columns) } do series[names[c]] = column end
  return add_series(self, series, where, given)
end

function methods:band(x, low, high, given)
  local where = "figure:band"
  given = options.read(where, given, fields.band)
  x, low, high = take(self, where, { "x", "ylow", "yhigh" },
                      { numbers(where, "x", x), numbers(where, "low", low), numbers(where, "high", high) })
  return add_series(self, { kind = "band", x = x, ylow = low, yhigh = high }, where, given)
end

-- ---- laws on the line --------------------------------------------------------------------------

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

-- Where a law is seen: beyond these ends, infinite where there are none, is less than a millionth of its mass. Cells
-- of a grid and nodes of a quadrature reach far beyond.
local function seen(law, which)
  local values, low, high = law:coordinate(which), law:quantile(1e-6, which), law:quantile(1 - 1e-6, which)
  return low > values:min() and low or -math.huge, high < values:max() and high or math.huge
end

local function finite_range(where, values)
  local low, high = math.huge, -math.huge
  for i, v in ipairs(values) do
    if v ~= v then raise("%s: data[%d] is nan", where, i) end
    if math.abs(v) < math.huge then low, high = math.min(low, v), math.max(high, v) end
  end
  if low > high then raise("%s: there is no finite value to draw", where) end
  local half = math.max(0.5, 1e-9 * math.max(math.abs(low), math.abs(high)))
  if high - low <= 1e-12 * math.max(math.abs(low), math.abs(high)) or high - low < 1e-290 then
    return low - half, high + half -- one value, to rounding: a bar around it
  end
  return low, high
end

function methods:histogram(data, given)
  local where = "figure:histogram"
  given = options.read(where, given, fields.histogram)
  local values, weights = atoms(where, data)
  local low, high = finite_range(where, values)
  if options.has(data, "atoms") then -- a measure
    local first, last = seen(data, 1)
    low, high = math.max(low, first), math.min(high, last)
    if low >= high then low, high = finite_range(where, { low }) end
  end
  if given.range then low, high = given.range[1], given.range[2] end
  local bins = given.bins or math.max(10, math.min(400, math.ceil(2 * (#values) ^ (1 / 3))))
  local step, mass = high / bins - low / bins, {}
  if not (step > 1e-300 and step < 1e300) then raise("%s: the values span too much or too little for bins", where) end
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

local draws = { ["mf.measure"] = true, ["mf.pde.grid"] = true, ["mf.gibbs"] = true } -- has a density to draw

function methods:density(law, given)
  local where = "figure:density"
  given = options.read(where, given, fields.density)
  local class = type(law) == "userdata" and getmetatable(law).__name
  if not draws[class] then
    raise("%s: expected a measure, an mf.pde.grid or an mf.gibbs, got %s", where, options.shown(law))
  end
  local rho = class == "mf.measure" and law or law:measure()
  if class == "mf.gibbs" and rho.dim > 1 then
    raise("%s: the law has %d coordinates; take its measure() and a coordinate", where, rho.dim)
  end
  local low, high = seen(rho, given.coordinate or 1)
  local x, y, masses
  if class == "mf.gibbs" then
    x = rho:coordinate(1):sort()
    y = law:density(x)
  else
    local settings = { bandwidth = given.bandwidth, coordinate = given.coordinate, points = given.points }
    x, y, masses = law:density(next(settings) and settings or nil)
  end
  local kept_x, kept_y = {}, {}
  for i = 1, #x do
    if x[i] >= low and x[i] <= high then kept_x[#kept_x + 1], kept_y[#kept_y + 1] = x[i], y[i] end
  end
  x, y = take(self, where, { "x", "y" }, { with_ends(kept_x, kept_y) })
  local series = { kind = "density", x = x, y = y, mass_x = {}, mass = {} }
  for _, m in ipairs(masses or {}) do
    if m.x < math.huge and m.x >= low and m.x <= high and not (self.options.xlog and m.x <= 0) then
      series.mass_x[#series.mass_x + 1], series.mass[#series.mass + 1] = m.x, m.mass
    end
  end
  return add_series(self, series, where, given)
end

-- ---- rules and texts ------------------------------------------------------------------------------

local function rule(self, where, which, value, given)
  given = options.read(where, given, fields.rule)
  if type(value) ~= "number" or value ~= value or math.abs(value) == math.huge then
    raise("%s: expected a finite number, got %s", where, options.shown(value))
  end
  local letter = which == "v" and "x" or "y"
  if self.options[letter .. "log"] and value <= 0 then
    raise("%s: a log axis cannot show %s", where, options.shown(value))
  end
  given.color = given.color or "#555555"
  return add_series(self, { kind = which .. "line", [letter] = { value } }, where, given)
end

function methods:vline(x, given) return rule(self, "figure:vline", "v", x, given) end

function methods:hline(y, given) return rule(self, "figure:hline", "h", y, given) end

function methods:text(x, y, label, given)
  local where = "figure:text"
  given = options.read(where, given, fields.text)
  for name, value in pairs { x = x, y = y } do
    if type(value) ~= "number" or value ~= value or math.abs(value) == math.huge then
      raise("%s: %s must be a finite number, got %s", where, name, options.shown(value))
    end
  end
  given.color = given.color and colors.hex(where, given.color)
  given.x, given.y, given.text = x, y, text.check(where, "text", tostring(label))
  self.texts[#self.texts + 1] = given
  return self
end

function methods:inset(given)
  local inset = Panel.new("figure:inset", given or {}, fields.inset)
  self.insets[#self.insets + 1] = inset
  return inset
end

-- ---- functions of two variables ---------------------------------------------------------------------

-- What images and contours are drawn with, which follows from their columns.
function Panel.finish(self, series)
  if series.kind == "image" then
    series.xedges = surface.edges(series.x, self.options.xlog)
    series.yedges = surface.edges(series.y, self.options.ylog)
  elseif series.kind == "contour" then
    series.lines = {}
    for _, level in ipairs(series.levels) do
      for _, line in ipairs(surface.lines(series, level)) do series.lines[#series.lines + 1] = line end
    end
  end
  return series
end

local function surface_series(self, where, kind, given)
  local series = { kind = kind, map = given.map, zlabel = text.check(where, "zlabel", given.zlabel),
                   zlog = given.zlog, bar = given.bar }
  if given.measure ~= nil then
    series.x, series.y, series.z = surface.density(where, given.measure, given)
  else
    series.x, series.y, series.z = surface.grid(where, given)
  end
  for _, which in ipairs { "x", "y" } do
    if self.options[which .. "log"] and series[which][1] <= 0 then
      raise("%s: %s[1] is %g, which a log axis cannot show", where, which, series[which][1])
    end
  end
  series.zlow, series.zhigh = surface.range(where, series.z, given.zlog)
  return series
end

function methods:image(given)
  local where = "figure:image"
  given = options.read(where, given, fields.image)
  local series = surface_series(self, where, "image", given)
  if given.zrange then
    local fault = axis.fault(given.zlog, given.zrange)
    if fault then raise("%s: option 'zrange' %s", where, fault) end
    series.zlow, series.zhigh = given.zrange[1], given.zrange[2]
  end
  self.series[#self.series + 1] = Panel.finish(self, series)
  return self
end

-- Levels, and their names on the colour bar.
local function choose_levels(where, series, given)
  local levels, names = given.levels, {}
  if given.measure ~= nil and not levels then
    local shares = table.move(numbers(where, "masses", given.masses or { 0.99, 0.9, 0.75, 0.5, 0.25 }), 1,
                              #(given.masses or { 1, 1, 1, 1, 1 }), 1, {})
    table.sort(shares, function(a, b) return a > b end)
    for i, share in ipairs(shares) do
      if not (share > 0 and share < 1) then raise("%s: shares of mass must lie in (0, 1), got %g", where, share) end
      names[i] = ("%.4g"):format(100 * share) .. " %"
    end
    return surface.mass_levels(series.z, shares), names
  end
  if levels == nil or math.type(levels) == "integer" then
    if levels and (levels < 1 or levels > 100) then raise("%s: at most 100 levels, got %d", where, levels) end
    local wanted = levels or 8 -- round steps give at most the number asked for, and half of it at least
    local scale = axis.colors(series, series.zlog and wanted or 1.5 * wanted)
    levels = {}
    for _, tick in ipairs(scale.ticks) do
      if tick.value > series.zlow and tick.value < series.zhigh then
        levels[#levels + 1], names[#names + 1] = tick.value, tick.label
      end
    end
    return levels, names
  end
  levels = numbers(where, "levels", levels)
  for i = 1, #levels do
    if levels[i] ~= levels[i] or math.abs(levels[i]) == math.huge or i > 1 and levels[i] <= levels[i - 1] then
      raise("%s: levels must be finite and increase; levels[%d] is %s", where, i, options.shown(levels[i]))
    end
    names[i] = ("%.4g"):format(levels[i]):gsub("-", "−")
  end
  return table.move(levels, 1, #levels, 1, {}), names
end

function methods:contour(given)
  local where = "figure:contour"
  given = options.read(where, given, fields.contour)
  local series = surface_series(self, where, "contour", given)
  series.filled, series.law = given.filled, given.measure ~= nil
  series.levels, series.names = choose_levels(where, series, given)
  given.color = given.color or (given.filled and "#555555" or nil)
  return add_series(self, Panel.finish(self, series), where, given)
end

options.methods(methods, "figure", Panel)
Panel.methods = methods

return Panel
