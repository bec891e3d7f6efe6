-- The pixels of a PNG, read by gnuplot.
local process = require "tests.process"

local pixels = {}

-- width, height and a function of (column, row from the top) to red, green, blue.
function pixels.read(path)
  local width, height = string.unpack(">I4I4", process.read_file(path), 17)
  local folder = process.folder()
  process.write_file(folder .. "/script", ("set table '%s/out'\nplot '%s' binary filetype=png using 1:2:3 with table\n")
                     :format(folder, path))
  local result = process.run("gnuplot -d " .. folder .. "/script")
  assert(result.code == 0, result.err)
  local list = {}
  for r, g, b in process.read_file(folder .. "/out"):gmatch "%d+%s+%d+%s+(%d+)%s+(%d+)%s+(%d+)" do
    list[#list + 1] = (tonumber(r) << 16) | (tonumber(g) << 8) | tonumber(b)
  end
  assert(#list == width * height, "gnuplot read " .. #list .. " pixels")
  return width, height, function(column, row)
    local rgb = list[row * width + column + 1]
    return rgb >> 16, (rgb >> 8) & 255, rgb & 255
  end
end

return pixels
