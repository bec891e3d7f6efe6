-- Options of figures, panels and series: one list of fields each (see meanfield.options).

local colors = require "meanfield.plot.colors"
local room = require "meanfield.plot.room"

local fields = {}

local dashes = { "solid", "dashed", "dotted", "dashdot" }
local symbols = { "+", "x", "*", "square", "box", "circle", "disc", "triangle", "wedge", "diamond", "gem" }
local key_places = { "auto", "none", "outside", "below", table.unpack(room.places) }

local function extended(list, more)
  return table.move(more, 1, #more, #list + 1, table.move(list, 1, #list, 1, {}))
end

-- ---- axes and figures ---------------------------------------------------------------------

fields.panel = {
  { "xlabel", "string", "",
    text = "text under the axis; x_N is a subscript, x^2 a superscript, \\_ an underscore" },
  { "ylabel", "string", "", text = "text beside the axis" },
  { "title", "string", "", text = "text above the axes; of a figure with several panels: above them all" },
  { "tag", "string", "", text = "bold letter at the upper left corner, as in \"a\"" },
  { "xlog", "boolean", false, text = "logarithmic x axis; points it cannot show are left out, with a warning" },
  { "ylog", "boolean", false, text = "logarithmic y axis" },
  { "xrange", "range", nil, text = "ends of the x axis; from the data if not given" },
  { "yrange", "range", nil, text = "ends of the y axis" },
  { "xticks", "table", nil, expected = "a list of numbers or of {number, label}", text = "marks on the x axis" },
  { "yticks", "table", nil, expected = "a list of numbers or of {number, label}", text = "marks on the y axis" },
  { "grid", "boolean", false, text = "thin lines across the axes at their marks" },
  { "equal", "boolean", false, text = "one unit has the same length on both axes" },
  { "palette", "table", nil, expected = "a list of colours",
    text = "colours that series take in turn; mf.plot.colors(n) makes one for curves in an order" },
  { "key", "enum", "auto", values = key_places,
    text = "place of the legend; auto: where it hides no data, outside the axes if there is no such place" },
}

fields.figure = extended(fields.panel, {
  { "width", "number", nil, low = 0.5, high = 100,
    text = "inches; 3.4 (one column) with one panel across, else 7 (two columns)" },
  { "height", "number", nil, low = 0.5, high = 100, text = "inches; in proportion to the width" },
  { "panels", "integer", 1, low = 1, high = 100,
    text = "number of panels, side by side; reach them with figure:panel(i)" },
  { "rows", "integer", nil, low = 1, high = 100, text = "rows of panels" },
  { "columns", "integer", nil, low = 1, high = 100, text = "columns of panels" },
  { "font", "string", "DejaVu Sans", text = "name of the font" },
  { "fontsize", "number", 8, low = 2, high = 100, text = "of axis labels, in points; ticks and legends 7/8" },
})

fields.inset = extended(fields.panel, {
  { "x", "number", nil, low = 0, high = 1,
    text = "left edge of the inset's frame, as a fraction of the axes; without x or y: where it hides no data, and "
           .. "beside the axes if there is no such place" },
  { "y", "number", nil, low = 0, high = 1, text = "lower edge of its frame" },
  { "w", "number", 0.45, low = 0.05, high = 1, text = "width of its frame" },
  { "h", "number", 0.42, low = 0.05, high = 1, text = "height of its frame" },
})

-- ---- series ---------------------------------------------------------------------------------

local color_names = table.concat(colors.names, ", ")
local look = {
  label = { "label", "string", "", text = "entry in the legend" },
  color = { "color", "string", nil, expected = "\"#rrggbb\" or a name",
            text = "by default the next of the palette; names: " .. color_names },
  width = { "width", "number", 1.1, low = 0.05, high = 20, text = "line width in points" },
  dash = { "dash", "enum", nil, values = dashes, text = "dash pattern; solid, until the palette begins again" },
  symbol = { "symbol", "enum", nil, values = symbols, text = "symbol; by default the next one" },
  size = { "size", "number", 1, low = 0.1, high = 20, text = "symbol size, relative" },
  opacity = { "opacity", "number", 0.3, low = 0, high = 1, text = "of the fill" },
}

fields.line = { look.label, look.color, look.width, look.dash }
fields.density = extended(fields.line, {
  { "bandwidth", "number", nil, low = 0, text = "standard deviation of a Gaussian in place of every atom" },
  { "points", "integer", nil, low = 8, high = 1e7, text = "number of points of the curve" },
  { "coordinate", "any", nil, expected = "a name or a number", text = "which one, where there are several" },
})
fields.points = { look.label, look.color, look.symbol, look.size,
  { "opacity", "number", 1, low = 0, high = 1, text = "of the symbols; clouds of many points want less" },
  { "errors", "any", nil, expected = "an array or list of numbers >= 0",
    text = "half lengths of vertical error bars" },
  { "xerrors", "any", nil, expected = "an array or list of numbers >= 0",
    text = "half lengths of horizontal error bars" } }
fields.band = { look.label, look.color, look.opacity }
fields.rule = { look.label, look.color, look.dash,
  { "width", "number", 0.7, low = 0.05, high = 20, text = "line width in points" } }
fields.histogram = { look.label, look.color, look.opacity,
  { "bins", "integer", nil, low = 1, high = 1e6, text = "number of bins; by default 2 n^(1/3), at least 10" },
  { "range", "range", nil, text = "from where to where; by default all finite values" } }
fields.text = { look.color,
  { "align", "enum", "left", values = { "left", "center", "right" }, text = "which part of the text stands at x" },
  { "fraction", "boolean", false, text = "x and y are fractions of the axes, not data" },
  { "size", "number", 7, low = 1, high = 100, text = "font size in points" } }

local surface = {
  { "x", "any", nil, expected = "an array or an increasing list", text = "places along x, amid an image's cells" },
  { "y", "any", nil, expected = "an array or an increasing list", text = "places along y" },
  { "z", "any", nil, expected = "a function of (x, y), a list of rows, a matrix or a flat list",
    text = "values: a row for each y; in a flat list x runs fastest. NaN is left blank" },
  { "measure", "any", nil, expected = "a measure", text = "draw the density of a law in place of x, y, z" },
  { "coordinates", "table", nil, expected = "two names or numbers", text = "which ones of the measure; the first two" },
  { "bandwidth", "number", nil, low = 1e-290,
    text = "of the density: standard deviation of the Gaussian; by default Scott's rule" },
  { "points", "integer", 100, low = 8, high = 2000, text = "of the density: cells along x and along y" },
  { "map", "enum", "viridis", values = colors.maps, text = "colours from the least to the largest value" },
  { "zlabel", "string", "", text = "text beside the colour bar" },
  { "zlog", "boolean", false, text = "logarithmic colours" },
  { "bar", "boolean", true, text = "whether a colour bar stands beside the axes" },
}
fields.image = extended(surface, { { "zrange", "range", nil, text = "values at the ends of the colours" } })
fields.contour = extended(surface, {
  { "filled", "boolean", false, text = "fill between the levels" },
  { "levels", "any", nil, expected = "a number of levels or an increasing list",
    text = "values on the lines; by default about eight round ones" },
  { "masses", "table", nil, expected = "a list of shares in (0, 1)",
    text = "of a measure: the lines hold these shares of the mass; by default 0.99, 0.9, 0.75, 0.5, 0.25" },
  look.label, { "color", "string", nil, expected = "\"#rrggbb\" or a name", text = "of the lines" },
  { "width", "number", 0.7, low = 0.05, high = 20, text = "line width in points" }, look.dash,
})

fields.dashes = dashes

return fields
