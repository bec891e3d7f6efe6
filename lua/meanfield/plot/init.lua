-- mf.plot: figures for papers (gnuplot) and for the terminal (braille).
--
-- A figure is plain data: panels, each with options, series, insets and texts. Nothing is
-- drawn before :save or :show, so a figure can be built along a computation and saved often.

local colors = require "meanfield.plot.colors"
local data = require "meanfield.plot.data"
local fields = require "meanfield.plot.fields"
local help = require "meanfield.prompt.help"
local options = require "meanfield.options"
local Panel = require "meanfield.plot.series"

local raise = options.raise

local Figure = { __name = "mf.plot.figure" }

-- ---- figures ---------------------------------------------------------------------------

function Figure:panel(i, given)
  if math.type(i) ~= "integer" or i < 1 or i > #self.panels then
    raise("figure:panel: expected an integer in [1, %d], got %s", #self.panels, options.shown(i))
  end
  if given ~= nil then
    options.read("figure:panel", given, fields.panel) -- its names, before they join the others
    Panel.merge(self.panels[i], "figure:panel", given)
  end
  return self.panels[i]
end

-- A figure with one panel draws in it directly.
for name, method in pairs(Panel.methods) do
  Figure[name] = function(self, ...)
    if #self.panels > 1 then
      raise("figure:%s: this figure has %d panels; draw with figure:panel(i):%s(...)", name, #self.panels, name)
    end
    local result = method(self.panels[1], ...)
    return result == self.panels[1] and self or result -- the inset, or the figure for the next call
  end
end

function Figure:save(...)
  if select("#", ...) == 0 then raise("figure:save: expected a path that ends in .svg, .pdf, .png or .gp") end
  for i = 1, select("#", ...) do
    local path = select(i, ...)
    if type(path) ~= "string" then raise("figure:save: expected a path, got %s", options.shown(path)) end
    local ok, message = require "meanfield.plot.paper".save(self, path)
    if not ok then raise("figure:save: %s", message) end
  end
  return true
end

function Figure:show(given) require "meanfield.plot.screen".show(self, given) end

function Figure:data() return data.tree(self) end

-- ---- what a figure looks like to Lua ------------------------------------------------------

local meta = { __name = Figure.__name, methods = Figure }

options.methods(Figure, "figure", meta)

function meta.__index(self, key)
  if Figure[key] ~= nil then return Figure[key] end
  if #self.panels == 1 and self.panels[1].options[key] ~= nil then return self.panels[1].options[key] end
  Panel.unknown("mf.plot.figure", key, fields.figure, Figure)
end

function meta.__newindex(self, key, value)
  Panel.unknown("mf.plot.figure", key, fields.figure, Figure)
  if #self.panels == 1 then return Panel.merge(self.panels[1], "mf.plot.figure", { [key] = value }) end
  raise("mf.plot.figure: this figure has %d panels; set option '%s' with figure:panel(i, {...})", #self.panels,
        tostring(key))
end

function meta.__tostring(self)
  local parts = {}
  for i, panel in ipairs(self.panels) do parts[i] = ("%d series"):format(#panel.series) end
  return ("%s: %.3g x %.3g in, %s"):format(Figure.__name, self.width, self.height, table.concat(parts, " | "))
end

-- ---- making one -----------------------------------------------------------------------------

-- What of a figure's options its panels share; the title of several panels stands above them all.
local function for_panels(given, several)
  local shared = {}
  for _, field in ipairs(fields.panel) do shared[field[1]] = given[field[1]] end
  if several then shared.title = nil end
  return shared
end

local function new_figure(given)
  local read = Panel.read("mf.plot", given, fields.figure)
  local rows, columns, count = read.rows, read.columns, read.panels
  if not columns then columns = rows and math.ceil(count / rows) or count end
  if not rows then rows = math.ceil(count / columns) end
  count = math.max(count, read.panels > 1 and count or rows * columns)
  local width = read.width or columns == 1 and 3.4 or 7
  local figure = { rows = rows, columns = columns, width = width, title = count > 1 and read.title or "",
                   height = read.height or 0.74 * width / columns * rows, font = read.font, fontsize = read.fontsize,
                   panels = {} }
  for i = 1, count do figure.panels[i] = Panel.new("mf.plot", for_panels(given or {}, count > 1), fields.panel) end
  return setmetatable(figure, meta)
end

local plot = setmetatable({ palette = colors.palette, colors = colors.ordered },
                          { __call = function(_, given) return new_figure(given) end })

function plot.grid(given)
  if type(given) ~= "table" or not (given.rows and given.columns) then
    raise("mf.plot.grid: expected { rows = , columns = , ... }")
  end
  return new_figure(given)
end

function plot.from(tree) return data.figure(tree, new_figure) end

-- ---- what the module says of itself -----------------------------------------------------------

help.document(plot, {
  name = "mf.plot", signature = "mf.plot{...} -> figure", fields = options.records(fields.figure),
  text = "A new figure. Draw in it with its methods, then figure:save(\"f.svg\") or figure:show(). With "
         .. "`panels` or `rows` and `columns` it has several axes: figure:panel(i, options)." })
help.document(plot.grid, {
  name = "mf.plot.grid", signature = "mf.plot.grid{rows=, columns=, ...} -> figure",
  fields = options.records(fields.figure), text = "A figure with rows x columns panels, numbered row by row." })
help.document(plot.from, {
  name = "mf.plot.from", signature = "mf.plot.from(data) -> figure",
  text = "The figure of data that figure:data() gave, also after mf.store.write and mf.store.read; an experiment "
         .. "keeps its figures under `figures` in its .h5." })
help.document(plot.colors, {
  name = "mf.plot.colors", signature = "mf.plot.colors(n, map) -> list",
  text = "n colours for curves in an order, from dark to light along a map (viridis, blues, grays, balance); for "
         .. "the option `palette`." })

local methods = {
  { "line", "figure:line(x, y, {label=})", fields.line, "A line through the points (x[i], y[i])." },
  { "points", "figure:points(x, y, {label=, errors=})", fields.points,
    "Symbols at (x[i], y[i]), with error bars of half length errors[i] (vertical) and xerrors[i] where given." },
  { "band", "figure:band(x, low, high, {label=})", fields.band, "A filled band between low[i] and high[i]." },
  { "histogram", "figure:histogram(data, {bins=, range=, label=})", fields.histogram,
    "The density of a list, an array or a one-dimensional measure in equal bins; of a measure a millionth of the "
    .. "mass at either end has no say in the range. Mass outside the range (or at "
    .. "infinity) counts in the total but is not drawn, so the area is the share of mass inside." },
  { "density", "figure:density(law, {label=})", fields.density,
    "The smooth density of a particle measure (measure:density()), of an mf.pde.grid or of an mf.gibbs in one "
    .. "coordinate, as a line, but for a millionth of the mass at either end. Point masses, which have no density, are "
    .. "marked by triangles on the axis, of an area that grows with the mass." },
  { "image", "figure:image{x=, y=, z= | measure=, ...}", fields.image,
    "A function of two variables as colours: one cell for each (x[i], y[j]), with a colour bar. Or the density of "
    .. "a law in two coordinates." },
  { "contour", "figure:contour{x=, y=, z= | measure=, filled=, levels=, ...}", fields.contour,
    "Level lines of a function of two variables, or filled levels with a colour bar. Of a measure: lines that hold "
    .. "given shares of its mass." },
  { "vline", "figure:vline(x, {label=})", fields.rule, "A vertical line across the axes." },
  { "hline", "figure:hline(y, {label=})", fields.rule, "A horizontal line across the axes." },
  { "text", "figure:text(x, y, text, {align=})", fields.text, "A text at (x, y), in data or axes coordinates." },
  { "inset", "figure:inset{x=, y=, w=, h=, ...} -> panel", fields.inset,
    "Small axes inside the axes; draw in what it returns with the same methods." },
}
for _, m in ipairs(methods) do
  local record = { name = "mf.plot.figure:" .. m[1], signature = m[2], text = m[4], fields = options.records(m[3]) }
  help.document(Figure[m[1]], record)
  help.document(Panel.methods[m[1]], record)
end
help.document(Figure.panel, {
  name = "mf.plot.figure:panel", signature = "figure:panel(i, {xlabel=, ...}) -> panel",
  fields = options.records(fields.panel),
  text = "The i-th panel, with its options set if given (the others stay); it has the figure's drawing methods." })
help.document(Figure.save, {
  name = "mf.plot.figure:save", signature = "figure:save(path, ...)",
  text = "Writes .svg (the same bytes every time), .pdf or .png (300 dots an inch) through gnuplot; whole files or "
         .. "none. Or .gp, the gnuplot script with its data, which draws the .svg. "
         .. "Raises with the system's or gnuplot's reason if that fails." })
help.document(Figure.data, {
  name = "mf.plot.figure:data", signature = "figure:data() -> tree",
  text = "All that is drawn, as numbers: a group for each panel, series, inset and text, for mf.store.write. "
         .. "mf.plot.from draws it again." })
help.document(Figure.show, { name = "mf.plot.figure:show", signature = "figure:show{columns=, lines=, color=}",
  fields = options.records(require "meanfield.plot.screen".fields),
  text = "Draws the figure in the terminal: in pixels where it draws sixels, else in braille dots, without colours if "
         .. "NO_COLOR is set. In a notebook: as SVG and PNG. MEANFIELD_GRAPHICS=braille is for terminals that "
         .. "promise more than they hold." })
help.class(Figure, { name = "mf.plot.figure", text = "A figure: panels with series. See mf.plot. Options can be "
                                                     .. "read and set as fields: fig.xlabel = \"t\"." })
help.class(Panel.methods, { name = "mf.plot.panel",
                            text = "One pair of axes of a figure: figure:panel(i) or figure:inset{...}." })

return plot
