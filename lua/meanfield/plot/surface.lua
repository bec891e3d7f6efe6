-- Functions of two variables, for images and contours: z on a grid, level lines, and the density of a law.
-- z is a flat list, x running fastest: z[(j - 1) * #x + i] at (x[i], y[j]). NaN is no value.

local options = require "meanfield.options"

local surface = {}

local function increasing(where, name, list)
  if #list < 2 then options.raise("%s: %s needs at least two values, got %d", where, name, #list) end
  for i = 1, #list do
    if list[i] ~= list[i] or math.abs(list[i]) == math.huge or i > 1 and list[i] <= list[i - 1] then
      options.raise("%s: %s must be finite and increase; %s[%d] is %s", where, name, name, i, options.shown(list[i]))
    end
  end
  return list
end

-- z as a flat list, from a function of (x, y), a list of rows (one for each y), a matrix or a flat list.
local function values(where, x, y, z)
  local flat = {}
  if type(z) == "function" then
    for j = 1, #y do
      for i = 1, #x do
        local value = z(x[i], y[j])
        if type(value) ~= "number" then
          options.raise("%s: z(%g, %g) must be a number, got %s", where, x[i], y[j], options.shown(value))
        end
        flat[#flat + 1] = value
      end
    end
    return flat
  end
  local rows = options.has(z, "totable") and z:totable() or z
  if type(rows) == "table" and type(rows[1]) == "table" then
    for j, row in ipairs(rows) do
      if #row ~= #x then options.raise("%s: row %d of z has %d values but x has %d", where, j, #row, #x) end
      table.move(options.numbers(where, ("z[%d]"):format(j), row), 1, #row, #flat + 1, flat)
    end
  else
    table.move(options.numbers(where, "z", rows), 1, #rows, 1, flat)
  end
  if #flat ~= #x * #y then
    options.raise("%s: z has %d values but x and y have %d x %d", where, #flat, #x, #y)
  end
  return flat
end

-- x, y, z of the options of an image or a contour.
function surface.grid(where, given)
  for _, name in ipairs { "x", "y", "z" } do
    if given[name] == nil then options.raise("%s: option '%s' is missing (or give measure = )", where, name) end
  end
  local x = increasing(where, "x", options.numbers(where, "x", given.x))
  local y = increasing(where, "y", options.numbers(where, "y", given.y))
  local z = values(where, x, y, given.z)
  return table.move(x, 1, #x, 1, {}), table.move(y, 1, #y, 1, {}), z
end

-- Smallest and largest finite value (above zero if log); an error if there is none.
function surface.range(where, z, log)
  local low, high = math.huge, -math.huge
  for _, value in ipairs(z) do
    if math.abs(value) < math.huge and (not log or value > 0) then
      low, high = math.min(low, value), math.max(high, value)
    end
  end
  if low > high then options.raise("%s: z has no value that can be shown", where) end
  return low, high
end

-- Borders of the cells around x: halfway between neighbours (by ratio on a log axis), ends by symmetry.
function surface.edges(x, log)
  local edges = {}
  for i = 2, #x do edges[i] = log and math.sqrt(x[i - 1]) * math.sqrt(x[i]) or x[i - 1] / 2 + x[i] / 2 end
  edges[1] = log and x[1] * (x[1] / edges[2]) or x[1] - (edges[2] - x[1])
  edges[#x + 1] = log and x[#x] * (x[#x] / edges[#x]) or x[#x] + (x[#x] - edges[#x])
  return edges
end

-- z between the points of the grid, linear in x and in y; NaN outside.
function surface.at(s, x, y)
  local function find(list, v)
    local low, high = 1, #list
    if not (v >= list[1] and v <= list[high]) then return nil end
    while high - low > 1 do
      local middle = (low + high) // 2
      if list[middle] <= v then low = middle else high = middle end
    end
    return low, (v - list[low]) / (list[high] - list[low])
  end
  local i, u = find(s.x, x)
  local j, v = find(s.y, y)
  if not (i and j) then return 0 / 0 end
  local k, n = (j - 1) * #s.x + i, #s.x
  return (1 - v) * ((1 - u) * s.z[k] + u * s.z[k + 1]) + v * ((1 - u) * s.z[k + n] + u * s.z[k + n + 1])
end

-- ---- level lines ------------------------------------------------------------------------

-- The segments of a level in one cell, as pairs of its sides (1 below, 2 right, 3 above, 4 left), by
-- which corners (1, 2, 4, 8 from the lower left, counterclockwise) lie above it.
local sides = { [0] = {}, { 4, 1 }, { 1, 2 }, { 4, 2 }, { 2, 3 }, { 4, 3, 1, 2 }, { 1, 3 }, { 4, 3 },
                { 3, 4 }, { 3, 1 }, { 4, 1, 2, 3 }, { 3, 2 }, { 2, 4 }, { 2, 1 }, { 1, 4 }, {} }
local saddles = { [5] = { 4, 1, 2, 3 }, [10] = { 1, 2, 3, 4 } } -- with a middle below

-- The segments of a level by the edges of the grid they join: a list of { edge, edge }.
local function segments(s, level)
  local n, list = #s.x, {}
  local function edge(i, j, side) -- a number for every edge of the grid
    if side == 1 then return 2 * ((j - 1) * n + i) elseif side == 3 then return 2 * (j * n + i) end
    return 2 * ((j - 1) * n + i + (side == 2 and 1 or 0)) + 1
  end
  for j = 1, #s.y - 1 do
    for i = 1, n - 1 do
      local k = (j - 1) * n + i
      local a, b, c, d = s.z[k], s.z[k + 1], s.z[k + n + 1], s.z[k + n]
      local middle = (a + b + c + d) / 4
      if middle == middle and math.abs(middle) < math.huge then
        local case = (a >= level and 1 or 0) + (b >= level and 2 or 0) + (c >= level and 4 or 0)
                     + (d >= level and 8 or 0)
        local joined = middle < level and saddles[case] or sides[case]
        for p = 1, #joined, 2 do
          list[#list + 1] = { edge(i, j, joined[p]), edge(i, j, joined[p + 1]) }
        end
      end
    end
  end
  return list
end

-- Where a level crosses an edge.
local function crossing(s, edge, level)
  local k, upward = edge // 2 - 1, edge % 2 == 1
  local n = #s.x
  local i, j = k % n + 1, k // n + 1
  local a = s.z[k + 1]
  local b = s.z[upward and k + n + 1 or k + 2]
  local t = (level - a) / (b - a)
  if upward then return s.x[i], s.y[j] + t * (s.y[j + 1] - s.y[j]) end
  return s.x[i] + t * (s.x[i + 1] - s.x[i]), s.y[j]
end

-- The lines on which z has the value `level`: a list of { x = {...}, y = {...} }, closed or ending at the border.
function surface.lines(s, level)
  local at, used, found = {}, {}, segments(s, level)
  for number, segment in ipairs(found) do
    for _, edge in ipairs(segment) do
      at[edge] = at[edge] or {}
      table.insert(at[edge], number)
    end
  end
  local function follow(number, edge, line) -- from a segment over its end `edge`, as far as it goes
    while number do
      used[number] = true
      local x, y = crossing(s, edge, level)
      line.x[#line.x + 1], line.y[#line.y + 1] = x, y
      local next_number
      for _, other in ipairs(at[edge]) do if not used[other] then next_number = other end end
      if next_number then
        local segment = found[next_number]
        edge = segment[1] == edge and segment[2] or segment[1]
      end
      number = next_number
    end
  end
  local lines = {}
  local function start(number, edge)
    local line, segment = { x = {}, y = {} }, found[number]
    line.x[1], line.y[1] = crossing(s, edge, level)
    follow(number, segment[1] == edge and segment[2] or segment[1], line)
    lines[#lines + 1] = line
  end
  for number, segment in ipairs(found) do -- open lines first, from their ends
    for _, edge in ipairs(segment) do
      if not used[number] and #at[edge] == 1 then start(number, edge) end
    end
  end
  for number, segment in ipairs(found) do
    if not used[number] then start(number, segment[1]) end
  end
  return lines
end

-- ---- the density of a law -----------------------------------------------------------------

-- The finite atoms of two coordinates: { values, values }, weights.
local function finite_atoms(where, measure, names)
  local given = { measure:coordinate(names[1]):totable(), measure:coordinate(names[2]):totable() }
  local all, kept, weights = measure:weights():totable(), { {}, {} }, {}
  for k, w in ipairs(all) do
    if math.abs(given[1][k]) < math.huge and math.abs(given[2][k]) < math.huge then
      kept[1][#kept[1] + 1], kept[2][#kept[2] + 1], weights[#weights + 1] = given[1][k], given[2][k], w
    end
  end
  if #weights == 0 then options.raise("%s: the measure has no finite atom to draw", where) end
  return kept, weights
end

-- The axis of a density: its atoms, the Gaussian's width h (Scott's rule, unless given) and its cells.
-- What is never negative and comes near zero (a radius) has a wall there, so that no mass leaks.
local function density_axis(where, list, weights, bandwidth, points)
  local total, mean, square, effective = 0, 0, 0, 0
  for i, v in ipairs(list) do total, mean = total + weights[i], mean + weights[i] * v end
  mean = mean / total
  for i, v in ipairs(list) do
    square, effective = square + weights[i] / total * (v - mean) ^ 2, effective + (weights[i] / total) ^ 2
  end
  local low, high = surface.range(where, list)
  local h = bandwidth or math.sqrt(square) * effective ^ (1 / 6)
  h = math.max(h, 1e-3 * math.max(math.abs(low), math.abs(high), 1e-3))
  local wall = low >= 0 and low < 3 * h
  local from, to = wall and 0 or low - 4 * h, high + 4 * h
  return { list = list, h = h, wall = wall, from = from, step = (to - from) / points }
end

-- Every coordinate in its list convolved with a Gaussian of h cells, reflected at a wall below cell 1.
local function smoothed(z, nx, ny, hx, hy, wall_x, wall_y)
  local function pass(from, count, stride, lines, jump, h, wall)
    local kernel, reach, sum = {}, math.ceil(4 * h), 0
    for k = -reach, reach do
      kernel[k] = math.exp(-0.5 * (k / h) ^ 2)
      sum = sum + kernel[k]
    end
    local to = {}
    for line = 0, lines - 1 do
      local base = 1 + line * jump
      for i = 0, count - 1 do to[base + i * stride] = 0 end
      for i = 0, count - 1 do
        local mass = from[base + i * stride]
        if mass > 0 then
          for k = -reach, reach do
            local cell = i + k
            if wall and cell < 0 then cell = -cell - 1 end
            if cell >= 0 and cell < count then
              local place = base + cell * stride
              to[place] = to[place] + mass * kernel[k] / sum
            end
          end
        end
      end
    end
    return to
  end
  z = pass(z, nx, 1, ny, nx, hx, wall_x)
  return pass(z, ny, nx, nx, 1, hy, wall_y)
end

-- x, y, z of the density of two coordinates of a measure, by a Gaussian in place of every atom.
function surface.density(where, measure, given)
  if type(measure) ~= "userdata" or (getmetatable(measure) or {}).__name ~= "mf.measure" then
    options.raise("%s: option 'measure' must be a measure, got %s", where, options.shown(measure))
  end
  if measure.dim < 2 then options.raise("%s: the measure has one coordinate; draw its density", where) end
  local points = given.points
  local lists, weights = finite_atoms(where, measure, given.coordinates or { 1, 2 })
  local axes = {}
  for c = 1, 2 do axes[c] = density_axis(where, lists[c], weights, given.bandwidth, points) end
  local z, X, Y = {}, axes[1], axes[2]
  for k = 1, points * points do z[k] = 0 end
  for k, w in ipairs(weights) do
    local i, j = math.floor((X.list[k] - X.from) / X.step), math.floor((Y.list[k] - Y.from) / Y.step)
    if i >= 0 and i < points and j >= 0 and j < points then
      local cell = 1 + i + j * points
      z[cell] = z[cell] + w / (X.step * Y.step)
    end
  end
  z = smoothed(z, points, points, math.max(0.5, X.h / X.step), math.max(0.5, Y.h / Y.step), X.wall, Y.wall)
  local x, y = {}, {}
  for i = 1, points do x[i], y[i] = X.from + (i - 0.5) * X.step, Y.from + (i - 0.5) * Y.step end
  return x, y, z
end

-- The levels above which the density z holds these shares of its mass, lowest level first.
function surface.mass_levels(z, shares)
  local sorted, total = table.move(z, 1, #z, 1, {}), 0
  table.sort(sorted, function(a, b) return a > b end)
  for _, v in ipairs(sorted) do total = total + v end
  local levels = {}
  for i, share in ipairs(shares) do
    local sum, k = 0, 0
    while k < #sorted and sum < share * total do
      k = k + 1
      sum = sum + sorted[k]
    end
    levels[i] = sorted[math.max(1, k)]
  end
  return levels
end

return surface
