-- Images and filled contours as coloured rectangles { x1, y1, x2, y2, "#rrggbb" }, in fractions of the axes.

local axis = require "meanfield.plot.axis"
local colors = require "meanfield.plot.colors"
local surface = require "meanfield.plot.surface"

local shades = {}

-- Rows of cells with the borders xs and ys: neighbours of one colour are one, and each reaches a little
-- under the next, so that no seam shows. `color(i, j)` is "#rrggbb" or nil.
local function cells(xs, ys, color)
  local list = {}
  local over_x, over_y = (xs[#xs] - xs[1]) * 1e-3, (ys[#ys] - ys[1]) * 1e-3
  for j = 1, #ys - 1 do
    local from, current = 1, color(1, j)
    for i = 2, #xs do
      local following = i < #xs and color(i, j) or nil
      if i == #xs or following ~= current then
        if current then
          local right = following and math.min(xs[#xs], xs[i] + over_x) or xs[i]
          local top = j < #ys - 1 and color(from, j + 1) and math.min(ys[#ys], ys[j + 1] + over_y) or ys[j + 1]
          list[#list + 1] = { xs[from], ys[j], right, top, current }
        end
        from, current = i, following
      end
    end
  end
  return list
end

local function along(scale, values)
  local list = {}
  for i, v in ipairs(values) do list[i] = axis.position(scale, v) end
  return list
end

-- One rectangle for every cell of an image, in the colour of its value.
function shades.image(s, x, y)
  local scale = s.zlow == s.zhigh and axis.colors(s, 2) or { low = s.zlow, high = s.zhigh, log = s.zlog }
  return cells(along(x, s.xedges), along(y, s.yedges), function(i, j)
    local z = s.z[(j - 1) * #s.x + i]
    if z ~= z or scale.log and z <= 0 then return nil end
    return colors.at(s.map, axis.position(scale, math.max(-1e308, math.min(1e308, z))))
  end)
end

-- The colour of a filled contour: one for each interval of levels; below the first, laws are blank.
function shades.level_color(s)
  local n = #s.levels
  return function(z)
    if z ~= z then return nil end
    local above = 0
    while above < n and z >= s.levels[above + 1] do above = above + 1 end
    if not s.law then return colors.at(s.map, n == 0 and 0.5 or above / n) end
    return above > 0 and colors.at(s.map, 0.12 + 0.6 * (n < 2 and 1 or (above - 1) / (n - 1))) or nil
  end
end

-- A fine raster of the frame, whose steps lie under the level lines.
function shades.contour(s, x, y)
  local n, color = 300, shades.level_color(s)
  local px, py = along(x, { s.x[1], s.x[#s.x] }), along(y, { s.y[1], s.y[#s.y] })
  local x1, x2, y1, y2 = math.max(0, px[1]), math.min(1, px[2]), math.max(0, py[1]), math.min(1, py[2])
  if x1 >= x2 or y1 >= y2 then return {} end
  local xs, ys, at, known = {}, {}, {}, {}
  for k = 0, n do xs[k + 1], ys[k + 1] = x1 + (x2 - x1) * k / n, y1 + (y2 - y1) * k / n end
  for k = 1, n do at[k] = axis.value(x, (xs[k] + xs[k + 1]) / 2) end
  return cells(xs, ys, function(i, j)
    local key = j * n + i
    if known[key] == nil then
      known[key] = color(surface.at(s, at[i], axis.value(y, (ys[j] + ys[j + 1]) / 2))) or false
    end
    return known[key] or nil
  end)
end

return shades
