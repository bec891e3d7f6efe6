-- Colours: names, the cycle that tells curves apart, and maps from [0, 1] to colours.

local options = require "meanfield.options"

local colors = {}

-- Okabe and Ito's palette: told apart with any colour vision. Black and yellow come last.
colors.palette = { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442" }

local names = { blue = "#0072B2", vermilion = "#D55E00", green = "#009E73", pink = "#CC79A7", orange = "#E69F00",
                sky = "#56B4E9", black = "#000000", yellow = "#F0E442", red = "#C1272D", purple = "#6A3D9A",
                brown = "#8C510A", gray = "#888888", grey = "#888888", white = "#FFFFFF" }

-- Maps as colours at equal distances: three that grow darker or lighter throughout, one with a middle.
local maps = {
  viridis = { "#440154", "#472D7B", "#3B528B", "#2C728E", "#21918C", "#28AE80", "#5EC962", "#ADDC30", "#FDE725" },
  blues = { "#F7FBFF", "#DEEBF7", "#C6DBEF", "#9ECAE1", "#6BAED6", "#4292C6", "#2171B5", "#08519C", "#08306B" },
  grays = { "#F7F7F7", "#252525" },
  balance = { "#053061", "#2166AC", "#4393C3", "#92C5DE", "#F7F7F7", "#F4A582", "#D6604D", "#B2182B", "#67001F" },
}

local function sorted_keys(set)
  local keys = {}
  for key in pairs(set) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

colors.names, colors.maps = sorted_keys(names), sorted_keys(maps)

-- "#rrggbb" for a name or for itself; anything else is an error.
function colors.hex(where, value)
  if value:find "^#%x%x%x%x%x%x$" then return value end
  if names[value] then return names[value] end
  local near = options.nearest(value, colors.names)
  options.raise("%s: option 'color' must be \"#rrggbb\" or one of %s, got '%s'%s", where,
                table.concat(colors.names, ", "), value, near and (" (did you mean '%s'?)"):format(near) or "")
end

-- Red, green and blue, 0 to 255.
function colors.rgb(hex)
  return tonumber(hex:sub(2, 3), 16), tonumber(hex:sub(4, 5), 16), tonumber(hex:sub(6, 7), 16)
end

-- The colour of a map at u in [0, 1].
function colors.at(map, u)
  local list = maps[map]
  local place = math.max(0, math.min(1, u)) * (#list - 1)
  local i = math.min(#list - 2, math.floor(place))
  local share, mixed = place - i, {}
  local from, to = { colors.rgb(list[i + 1]) }, { colors.rgb(list[i + 2]) }
  for c = 1, 3 do mixed[c] = math.floor(from[c] + (to[c] - from[c]) * share + 0.5) end
  return ("#%02X%02X%02X"):format(mixed[1], mixed[2], mixed[3])
end

-- A colour again: as it is (0), darker (1) or lighter (2).
function colors.shade(hex, which)
  if which == 0 then return hex end
  local mixed, more = { colors.rgb(hex) }, which == 2 and 0.45 * 255 or 0
  if which == 1 and hex == "#000000" then more = 48 end -- nothing is darker than black
  for c = 1, 3 do mixed[c] = math.floor(mixed[c] * 0.55 + more + 0.5) end
  return ("#%02X%02X%02X"):format(mixed[1], mixed[2], mixed[3])
end

-- n colours along a map for curves in an order; its lightest part, which white paper swallows, is left out.
function colors.ordered(n, map)
  map = map or "viridis"
  if math.type(n) ~= "integer" or n < 1 or n > 1e6 then
    options.raise("mf.plot.colors: expected a number of colours in [1, 1e6], got %s", options.shown(n))
  end
  if not maps[map] then
    options.raise("mf.plot.colors: the map must be one of %s, got %s", table.concat(colors.maps, ", "),
                  options.shown(map))
  end
  local low, high = 0, 1
  if map == "viridis" then high = 0.88 elseif map ~= "balance" then low = 0.35 end
  local list = {}
  for i = 1, n do list[i] = colors.at(map, low + (high - low) * (n == 1 and 0 or (i - 1) / (n - 1))) end
  return list
end

return colors
