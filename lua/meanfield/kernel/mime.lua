-- A value as what a notebook can show: text always; tables also as HTML, figures as SVG and PNG.

local escaped = require "meanfield.kernel.message".escaped
local html = require "meanfield.kernel.html"
local paper = require "meanfield.plot.paper"
local pretty = require "meanfield.prompt.pretty"
local wire = require "meanfield.kernel.wire"

local mime = {}

function mime.figure(figure)
  local svg, reason = paper.bytes(figure, "svg")
  if not svg then error("figure: " .. reason, 0) end
  svg = svg:gsub("^<%?xml.-%?>%s*", "") -- it becomes a part of a page
  local png
  png, reason = paper.bytes(figure, "png")
  if not png then error("figure: " .. reason, 0) end
  local size = { width = math.floor(96 * figure.width + 0.5), height = math.floor(96 * figure.height + 0.5) }
  return { ["text/plain"] = tostring(figure), ["image/svg+xml"] = svg, ["image/png"] = wire.base64(png) },
         { ["image/png"] = size }
end

local function is_figure(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and meta.__name == "mf.plot.figure"
end

-- Data by their types, and their metadata, of the values that a cell gives.
function mime.bundle(values)
  if values.n == 1 and is_figure(values[1]) then return mime.figure(values[1]) end
  local texts, pages, tables = {}, {}, false
  for i = 1, values.n do
    local page = html.of(values[i])
    texts[i] = pretty(values[i])
    pages[i] = page or "<pre>" .. escaped(texts[i]) .. "</pre>"
    tables = tables or page ~= nil
  end
  return { ["text/plain"] = table.concat(texts, "\t"), ["text/html"] = tables and table.concat(pages, "\n") or nil }
end

return mime
