-- Figures on disk: gnuplot is run once on a script, and the finished file is whole or not there.

local gnuplot = require "meanfield.plot.gnuplot"
local native = require "meanfield.native"

local paper = {}

local function shell_quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function read_all(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a" or ""
  if file then file:close() end
  return text
end

-- Runs a script that writes to `output`; true, or nil and what gnuplot said.
local function run(text)
  local script, errors = os.tmpname(), os.tmpname()
  local ok, message = native.file.replace(script, text)
  if ok then
    -- -d: no start-up files, so a figure looks the same for everybody
    ok = os.execute(("LC_ALL=C.UTF-8 gnuplot -d %s 2> %s"):format(shell_quoted(script), shell_quoted(errors)))
    message = read_all(errors):gsub("%s+$", "")
  end
  os.remove(script)
  os.remove(errors)
  return ok, message
end

-- What every file of a format begins and ends with, and what gnuplot leaves out: the size on paper,
-- and a font to fall back on.
local formats = {
  pdf = { "^%%PDF", "%%%%EOF%s*$", function(text) return text end },
  svg = { "^<%?xml", "</svg>%s*$", function(text, figure)
    local size = ('width="%.6gin" height="%.6gin"'):format(figure.width, figure.height)
    text = text:gsub('width="%d+" height="%d+"', size, 1)
    return (text:gsub('font%-family="([^"]*)"', 'font-family="%1, sans-serif"'))
  end },
  png = { "^\137PNG", "IEND....$", function(text) -- a pHYs chunk of 11811 dots a metre, behind the first chunk
    return text:sub(1, 33) .. "\0\0\0\9pHYs\0\0\x2E\x23\0\0\x2E\x23\1\x78\xA5\x3F\x76" .. text:sub(34)
  end },
}

-- A script that draws the figure again by `gnuplot NAME.gp`, with its data in it. What gnuplot sees are fractions
-- of axes and finished labels (gnuplot.lua); the numbers themselves are in figure:data().
local function save_script(figure, path)
  local name = path:match "([^/]*)%.gp$"
  local head = ("# Draws %s.svg: gnuplot %s.gp\n# For .pdf or .png change terminal and output. Data are fractions of "
                .. "the axes; the numbers: figure:data(), .h5\n"):format(name, name)
  return native.file.replace(path, head .. gnuplot.script(figure, "svg", name .. ".svg"))
end

-- The bytes of the figure as a file of a format, "svg", "pdf" or "png"; nil and what went wrong.
function paper.bytes(figure, format, dots)
  local known, output = formats[format], os.tmpname()
  local ok, message = run(gnuplot.script(figure, format, output, dots))
  local text = read_all(output)
  os.remove(output)
  if not ok then return nil, "gnuplot: " .. message end
  if not (text:find(known[1]) and text:find(known[2])) then
    return nil, ("gnuplot wrote no whole %s file%s"):format(format, message ~= "" and ": " .. message or "")
  end
  return known[3](text, figure)
end

-- Writes the figure to `path`, in the format of its extension. True, or nil and what went wrong.
function paper.save(figure, path)
  local format = path:match "%.(%w+)$"
  if format == "gp" then return save_script(figure, path) end
  if not formats[format] then return nil, ("%s: the name must end in .svg, .pdf, .png or .gp"):format(path) end
  local text, message = paper.bytes(figure, format)
  if not text then return nil, message end
  return native.file.replace(path, text)
end

return paper
