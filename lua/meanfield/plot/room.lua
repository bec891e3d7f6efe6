-- Room in a panel: which parts of its frame hold something drawn, and where a box fits that hides nothing.
--
-- A raster over the frame, in cells of about two points: everything drawn marks cells, and sums over
-- rectangles are read off in constant time. All places are fractions of the frame.

local axis = require "meanfield.plot.axis"

local Room = {}
Room.__index = Room

local function new(width, height)
  local columns = math.max(8, math.min(400, math.ceil(width / 2)))
  local rows = math.max(8, math.min(400, math.ceil(height / 2)))
  return setmetatable({ columns = columns, rows = rows, width = width, height = height, marks = {} }, Room)
end

-- Marks the box between two corners.
function Room:box(x1, y1, x2, y2)
  if x1 > x2 then x1, x2 = x2, x1 end
  if y1 > y2 then y1, y2 = y2, y1 end
  if not (x2 >= 0 and y2 >= 0 and x1 <= 1 and y1 <= 1) then return end
  local first, last = math.floor(math.max(0, x1) * self.columns), math.floor(math.min(1, x2) * self.columns)
  local low, high = math.floor(math.max(0, y1) * self.rows), math.floor(math.min(1, y2) * self.rows)
  for j = low, math.min(high, self.rows - 1) do
    for i = first, math.min(last, self.columns - 1) do self.marks[j * self.columns + i] = 1 end
  end
end

-- The part of a segment inside the frame, as two parameters in [0, 1]; nil if there is none.
local function clipped(x1, y1, x2, y2)
  local from, to = 0, 1
  for _, edge in ipairs { { x1, x2 - x1 }, { 1 - x1, x1 - x2 }, { y1, y2 - y1 }, { 1 - y1, y1 - y2 } } do
    local at, slope = edge[1], edge[2] -- inside where at + slope t >= 0
    if slope > 0 then from = math.max(from, -at / slope)
    elseif slope < 0 then to = math.min(to, -at / slope)
    elseif at < 0 then return nil end
  end
  if from <= to then return from, to end
end

-- Marks along a segment; with `floor`, everything from there up to it.
function Room:line(x1, y1, x2, y2, floor)
  if floor then -- all of what lies under a segment, also where it runs above the frame
    y1, y2 = math.min(1, y1), math.min(1, y2)
  end
  local from, to = clipped(x1, y1, x2, y2)
  if not from then return end
  local length = (to - from) * math.max(math.abs(x2 - x1) * self.columns, math.abs(y2 - y1) * self.rows)
  local steps = math.max(1, math.ceil(2 * length))
  for k = 0, steps do
    local t = from + (to - from) * k / steps
    local x, y = x1 + (x2 - x1) * t, y1 + (y2 - y1) * t
    self:box(x, floor or y, x, y)
  end
end

-- ---- what a panel draws -----------------------------------------------------------------

local mark = {}

local function path(room, xs, ys, px, py, floor)
  for i = 2, #xs do room:line(px(xs[i - 1]), py(ys[i - 1]), px(xs[i]), py(ys[i]), floor) end
  if #xs == 1 then room:box(px(xs[1]), py(ys[1]), px(xs[1]), py(ys[1])) end
end

function mark.line(room, s, px, py) path(room, s.x, s.y, px, py) end

function mark.density(room, s, px, py)
  path(room, s.x, s.y, px, py)
  for _, x in ipairs(s.mass_x) do room:box(px(x), 0, px(x), 5 / room.height) end
end

function mark.histogram(room, s, px, py) path(room, s.x, s.y, px, py, 0) end

function mark.band(room, s, px, py)
  for i = 2, #s.x do -- the strip between two places, in slices
    local x1, x2 = px(s.x[i - 1]), px(s.x[i])
    local steps = math.max(1, math.min(400, math.ceil(math.abs(x2 - x1) * room.columns)))
    for k = 0, steps do
      local u = k / steps
      room:box(x1 + (x2 - x1) * u, py(s.ylow[i - 1]) * (1 - u) + py(s.ylow[i]) * u,
               x1 + (x2 - x1) * u, py(s.yhigh[i - 1]) * (1 - u) + py(s.yhigh[i]) * u)
    end
  end
end

function mark.points(room, s, px, py)
  local rx, ry = 2.6 * s.size / room.width, 2.6 * s.size / room.height
  for i = 1, #s.x do
    local x, y = px(s.x[i]), py(s.y[i])
    if x >= 0 and x <= 1 and y >= 0 and y <= 1 then room:box(x - rx, y - ry, x + rx, y + ry) end
    if s.ylow then room:line(x, py(s.ylow[i]), x, py(s.yhigh[i])) end
    if s.xlow then room:line(px(s.xlow[i]), y, px(s.xhigh[i]), y) end
  end
end

function mark.vline(room, s, px) room:box(px(s.x[1]), 0, px(s.x[1]), 1) end

function mark.hline(room, s, _, py) room:box(0, py(s.y[1]), 1, py(s.y[1])) end

function mark.image(room, s, px, py)
  room:box(px(s.xedges[1]), py(s.yedges[1]), px(s.xedges[#s.xedges]), py(s.yedges[#s.yedges]))
end

function mark.contour(room, s, px, py)
  if s.filled then room:box(px(s.x[1]), py(s.y[1]), px(s.x[#s.x]), py(s.y[#s.y])) return end
  for _, line in ipairs(s.lines) do path(room, line.x, line.y, px, py) end
end

-- The room of a panel whose frame has this width and height in points; `texts`: boxes in fractions.
function Room.of(panel, xscale, yscale, width, height, texts)
  local room = new(width, height)
  local function px(v) return axis.position(xscale, v) end
  local function py(v) return axis.position(yscale, v) end
  for _, s in ipairs(panel.series) do mark[s.kind](room, s, px, py) end
  for _, box in ipairs(texts) do room:box(table.unpack(box, 1, 4)) end
  return room
end

-- ---- asking -----------------------------------------------------------------------------

-- Sums of marks over [0, i) x [0, j), made once all is marked.
local function sums(self)
  if self.sums then return self.sums end
  local wide, list = self.columns + 1, {}
  for i = 0, self.columns do list[i] = 0 end
  for j = 1, self.rows do
    local row = 0
    list[j * wide] = 0
    for i = 1, self.columns do
      row = row + (self.marks[(j - 1) * self.columns + i - 1] or 0)
      list[j * wide + i] = list[(j - 1) * wide + i] + row
    end
  end
  self.sums = list
  return list
end

-- How many marked cells a box touches.
function Room:covered(x, y, w, h)
  local list, wide = sums(self), self.columns + 1
  local function column(u) return math.max(0, math.min(self.columns, u)) end
  local function row(v) return math.max(0, math.min(self.rows, v)) end
  local i1, i2 = column(math.floor(x * self.columns)), column(math.ceil((x + w) * self.columns))
  local j1, j2 = row(math.floor(y * self.rows)), row(math.ceil((y + h) * self.rows))
  return list[j2 * wide + i2] - list[j1 * wide + i2] - list[j2 * wide + i1] + list[j1 * wide + i1]
end

local corners = { { "top right", 1, 1 }, { "top left", 0, 1 }, { "bottom right", 1, 0 }, { "bottom left", 0, 0 },
                  { "top center", 0.5, 1 }, { "bottom center", 0.5, 0 }, { "center right", 1, 0.5 },
                  { "center left", 0, 0.5 }, { "center", 0.5, 0.5 } }
Room.places = {}
for i, corner in ipairs(corners) do Room.places[i] = corner[1] end

-- Lower left corner of a box of w x h at a named place, or nil; mx, my: its distance from the edges.
function Room.corner(name, w, h, mx, my)
  for _, c in ipairs(corners) do
    if c[1] == name then return mx + c[2] * (1 - w - 2 * mx), my + c[3] * (1 - h - 2 * my) end
  end
end

-- Lower left corner of a box of w x h that hides nothing, nor comes nearer than mx / 2, my / 2: a named
-- place if one is free, else the free place of a grid that lies nearest to an edge. Nil if there is none.
function Room:free(w, h, mx, my)
  if w + 2 * mx > 1 or h + 2 * my > 1 then return nil end
  local function free(x, y) return self:covered(x - mx / 2, y - my / 2, w + mx, h + my) == 0 end
  for _, c in ipairs(corners) do
    local x, y = Room.corner(c[1], w, h, mx, my)
    if free(x, y) then return x, y end
  end
  local steps, best, found_x, found_y = 40, -1, nil, nil
  for i = 0, steps do
    for j = 0, steps do
      local x, y = mx + (1 - w - 2 * mx) * i / steps, my + (1 - h - 2 * my) * j / steps
      local central = math.abs(i - steps / 2) + math.abs(j - steps / 2)
      if central > best and free(x, y) then best, found_x, found_y = central, x, y end
    end
  end
  return found_x, found_y
end

return Room
