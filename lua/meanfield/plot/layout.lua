-- The layout of a figure on paper: frames, ticks, and the places of legends, insets and colour bars.
--
-- Everything is placed here, in points (1/72 inch), so that nothing hides data and no label is cut at
-- the page's edge. What finds no free place inside the axes gets room above the data, or stands
-- beside the axes; frames in one row and in one column line up. That changes the frames, and with them
-- what is free: the layout is repeated until nothing moves.

local axis = require "meanfield.plot.axis"
local Room = require "meanfield.plot.room"
local text = require "meanfield.plot.text"

local layout = {}

-- ---- one panel and what it needs ---------------------------------------------------------------

-- A panel to be placed: its scales for a frame of about width x height, and what stands beside it.
local function new_plan(panel, width, height, sizes, inner)
  local plan = { panel = panel, sizes = sizes, inner = inner, outside = {}, width = width, height = height, insets = {},
                 xscale = axis.scale(panel, "x", width / 24), yscale = axis.scale(panel, "y", height / 30) }
  for _, s in ipairs(panel.series) do
    if not plan.bar and s.bar and (s.kind == "image" or s.filled) then plan.bar = s end
  end
  if plan.bar and plan.bar.kind == "image" then plan.zscale = axis.colors(plan.bar, height / 30) end
  for i, inset in ipairs(panel.insets) do
    local o = inset.options
    plan.insets[i] = new_plan(inset, o.w * width, o.h * height, sizes, true)
  end
  return plan
end

local function bar_width(plan)
  local widest, size = 0, plan.sizes.tick
  for _, tick in ipairs(plan.zscale and plan.zscale.ticks or {}) do
    widest = math.max(widest, text.width(tick.label, size))
  end
  if not plan.zscale then
    for _, name in ipairs(plan.bar.names) do widest = math.max(widest, text.width(name, size)) end
  end
  return 6 + 8 + 4 + widest + (plan.bar.zlabel ~= "" and plan.sizes.label * 1.6 or 2), widest
end

-- Space in points that labels, and what stands outside, need around the axes of a panel.
local function margins(plan)
  local o, sizes, widest = plan.panel.options, plan.sizes, 0
  for _, tick in ipairs(plan.yscale.ticks) do widest = math.max(widest, text.width(tick.label, sizes.tick)) end
  local left, right = widest + 6 + (o.ylabel ~= "" and sizes.label * 1.75 or 2), 3
  for _, tick in ipairs(plan.xscale.ticks) do -- labels at the ends reach out by half
    local half, at = text.width(tick.label, sizes.tick) / 2, axis.position(plan.xscale, tick.value) * plan.width
    left, right = math.max(left, half - at + 1), math.max(right, at + half - plan.width + 1)
  end
  local space = {
    left = left, right = right + (plan.inner and 0 or 3), widest = widest,
    bottom = sizes.tick * 1.25 + 3 + (o.xlabel ~= "" and sizes.label * 1.7 or 1),
    top = 5 + ((o.title ~= "" or o.tag ~= "") and sizes.label * 1.6 or 0),
  }
  space.tight = space.right -- what the axes alone need there
  if plan.bar then space.right = 3 + bar_width(plan) end
  space.beside = space.right
  local wide = 0
  for _, item in ipairs(plan.outside) do
    if item.below then space.bottom = space.bottom + item.height + 3 else wide = math.max(wide, item.width + 5) end
  end
  space.right = space.right + wide
  return space
end

-- ---- the legend ---------------------------------------------------------------------------------

local sample_width = 15

-- The labelled series and the size of the legend's box in points; nil if there is none.
local function key_of(plan)
  local entries, widest, size = {}, 0, plan.sizes.key
  if plan.panel.options.key == "none" then return nil end
  for _, s in ipairs(plan.panel.series) do
    if (s.label or "") ~= "" then
      entries[#entries + 1] = s
      widest = math.max(widest, text.width(s.label, size))
    end
  end
  if #entries == 0 then return nil end
  local key = { entries = entries, size = size, line = size * 1.35, sample = sample_width,
                column = sample_width + 8 + widest }
  function key.arrange(columns)
    key.columns, key.rows = columns, math.ceil(#entries / columns)
    key.width, key.height = columns * key.column, key.rows * key.line + 2
    return key
  end
  return key.arrange(math.max(1, math.ceil(#entries * key.line / (0.75 * plan.height))))
end

-- Moves the legend out of the axes: beside them, or below where it is wide.
local function key_outside(plan, key, room_width, below)
  below = below or key.column > 0.4 * room_width
  if below then
    key.arrange(math.max(1, math.min(#key.entries, math.floor(room_width / key.column))))
    if key.column > room_width then -- one label is wider than the panel: everything smaller
      local factor = math.max(0.1, 0.92 * (room_width - sample_width - 8) / (key.column - sample_width - 8))
      key.size, key.line, key.column = key.size * factor, key.line * factor, room_width
      key.arrange(1)
    end
  else
    key.arrange(math.max(1, math.ceil(#key.entries * key.line / plan.height)))
  end
  key.below, key.key = below, true
  plan.outside[#plan.outside + 1] = key
end

-- ---- places inside the axes ------------------------------------------------------------------------

local function text_boxes(plan, frame)
  local boxes = {}
  for i, t in ipairs(plan.panel.texts) do
    local x, y = t.x, t.y
    if not t.fraction then x, y = axis.position(plan.xscale, x), axis.position(plan.yscale, y) end
    local w, h = text.width(t.text, t.size) / frame.width, t.size * 0.7 / frame.height
    local left = x - (t.align == "center" and w / 2 or t.align == "right" and w or 0)
    boxes[i] = { left, y - h, left + w, y + h }
  end
  return boxes
end

-- Where a box of w x h (fractions of the frame) hides nothing; makes room above the data once if it may.
-- Nil, if it must stand outside.
local function find_place(plan, frame, boxes, w, h, mx, my)
  local function look()
    local room = Room.of(plan.panel, plan.xscale, plan.yscale, frame.width, frame.height, boxes)
    return room:free(w, h, mx, my)
  end
  local x, y = look()
  if x then return x, y end
  local needed = h + 2 * my + 6 / frame.height
  if plan.yscale.fixed or plan.full or needed >= 0.5 or axis.has_kind(plan.panel, "image")
     or w + 2 * mx > 1 then return nil end
  plan.full = needed > 0.3 -- room of a third is made but once
  axis.make_room(plan.yscale, needed)
  plan.changed = true
  return look()
end

local furnish

-- The place of an inset, as { x, y } of its frame's lower left corner in fractions, or nil for outside.
local function place_inset(plan, inset, frame, boxes)
  axis.thin(inset.xscale, inset.width, inset.sizes.tick)
  furnish(inset, { left = 0, bottom = 0, width = inset.width, height = inset.height })
  local o, space = inset.panel.options, margins(inset)
  local w, h = inset.width / frame.width, inset.height / frame.height
  local left, below = (space.left + 2) / frame.width, (space.bottom + 1) / frame.height
  local right, above = space.right / frame.width, space.top / frame.height
  if o.x and o.y then
    local room = Room.of(plan.panel, plan.xscale, plan.yscale, frame.width, frame.height, boxes)
    inset.clear = room:covered(o.x - left, o.y - below, w + left, h + below) == 0
    return { o.x, o.y, box = { o.x - left, o.y - below, o.x + w + right, o.y + h + above } }
  end
  local x, y = find_place(plan, frame, boxes, w + left + right, h + below + above, 4 / frame.width, 4 / frame.height)
  if not x then return nil end
  inset.clear = true
  return { x + left, y + below, box = { x, y, x + w + left + right, y + h + below + above } }
end

-- Places insets, then the legend, in a frame; changes the plan if that takes more space.
function furnish(plan, frame)
  plan.changed = false
  local boxes = text_boxes(plan, frame)
  for _, inset in ipairs(plan.insets) do
    if not inset.outside_item then
      inset.place = place_inset(plan, inset, frame, boxes)
      if inset.place then
        boxes[#boxes + 1] = inset.place.box
      else
        local space = margins(inset)
        inset.clear = true
        inset.outside_item = { inset = inset, width = space.left + inset.width + space.right,
                               height = space.bottom + inset.height + space.top }
        table.insert(plan.outside, inset.outside_item)
        plan.changed = true
      end
    end
  end
  if plan.key == nil then plan.key = key_of(plan) or false end
  local key, asked = plan.key, plan.panel.options.key
  if not key or key.key then return end
  local w, h = key.width / frame.width, key.height / frame.height
  local mx, my = 5 / frame.width, 4 / frame.height
  key.x, key.y = Room.corner(asked, w, h, mx, my)
  if not key.x and asked == "auto" then key.x, key.y = find_place(plan, frame, boxes, w, h, mx, my) end
  if not key.x then
    key_outside(plan, key, frame.width, asked == "below")
    plan.changed = true
  end
end

-- ---- frames ---------------------------------------------------------------------------------------

-- One unit, one length, the same in all such panels of a row: the frames shrink about their middles.
local function equalise(plans, figure)
  local units = {}
  for i, plan in ipairs(plans) do
    local row, x, y, frame = (i - 1) // figure.columns, plan.xscale, plan.yscale, plan.frame
    if plan.panel.options.equal then
      units[row] = math.min(units[row] or math.huge, frame.width / (x.high - x.low), frame.height / (y.high - y.low))
    end
  end
  for i, plan in ipairs(plans) do
    local unit, x, y, frame = units[(i - 1) // figure.columns], plan.xscale, plan.yscale, plan.frame
    if plan.panel.options.equal then
      local width, height = unit * (x.high - x.low), unit * (y.high - y.low)
      plan.frame = { left = frame.left + (frame.width - width) / 2, width = width, height = height,
                     bottom = frame.bottom + (frame.height - height) / 2 }
    end
  end
end

-- The frames of all panels; those of a row have their top and bottom in common, those of a column their sides.
local function frames(plans, figure, page)
  local cell_width, cell_height = page.width / figure.columns, (page.height - page.head) / figure.rows
  local spaces, rows, columns = {}, {}, {}
  local function widen(list, k, space)
    list[k] = list[k] or { left = 0, right = 0, bottom = 0, top = 0 }
    for side, value in pairs(list[k]) do list[k][side] = math.max(value, space[side]) end
  end
  for i, plan in ipairs(plans) do
    spaces[i] = margins(plan)
    widen(rows, (i - 1) // figure.columns, spaces[i])
    widen(columns, (i - 1) % figure.columns, spaces[i])
  end
  for i, plan in ipairs(plans) do
    local row, column = (i - 1) // figure.columns, (i - 1) % figure.columns
    local r, c = rows[row], columns[column]
    plan.space = spaces[i]
    plan.frame = { left = column * cell_width + c.left,
                   bottom = (figure.rows - 1 - row) * cell_height + r.bottom,
                   width = math.max(10, cell_width - c.left - c.right),
                   height = math.max(10, cell_height - r.bottom - r.top) }
  end
  equalise(plans, figure)
  for _, plan in ipairs(plans) do
    plan.width, plan.height = plan.frame.width, plan.frame.height
    axis.thin(plan.xscale, plan.frame.width, plan.sizes.tick)
  end
end

-- Final places, in points, of what stands outside or inside the frame of a plan.
local function settle(plan)
  local frame, space = plan.frame, plan.space
  local x, top = frame.left + frame.width + space.beside + 3, frame.bottom + frame.height
  local low = frame.bottom - space.bottom + 2
  for _, item in ipairs(plan.outside) do
    if item.below then
      item.left, item.bottom = frame.left + math.max(0, (frame.width - item.width) / 2), low
      low = low + item.height + 3
    else
      item.left, item.bottom = x, top - item.height
      top = item.bottom - 4
    end
    if item.inset then
      local inner = margins(item.inset)
      item.inset.frame = { left = item.left + inner.left, bottom = item.bottom + inner.bottom,
                           width = item.inset.width, height = item.inset.height }
    end
  end
  local key = plan.key
  if key and not key.key then
    key.left, key.bottom = frame.left + key.x * frame.width, frame.bottom + key.y * frame.height
  end
  for _, inset in ipairs(plan.insets) do
    if inset.place then
      inset.frame = { left = frame.left + inset.place[1] * frame.width, width = inset.width,
                      bottom = frame.bottom + inset.place[2] * frame.height, height = inset.height }
    end
    inset.space = margins(inset)
    settle(inset)
  end
  if plan.bar then
    local _, widest = bar_width(plan)
    plan.bar_frame = { left = frame.left + frame.width + 6, bottom = frame.bottom, width = 8, height = frame.height,
                       widest = widest }
  end
end

-- The plans of a figure's panels, with frames and places; and the page.
function layout.figure(figure)
  local size = figure.fontsize
  local sizes = { label = size, tick = size * 0.875, key = size * 0.875 }
  local page = { width = math.floor(figure.width * 72 + 0.5), height = math.floor(figure.height * 72 + 0.5),
                 head = figure.title ~= "" and size * 2 or 0, sizes = sizes }
  local plans = {}
  for i, panel in ipairs(figure.panels) do
    plans[i] = new_plan(panel, 0.8 * page.width / figure.columns, 0.8 * (page.height - page.head) / figure.rows, sizes)
  end
  frames(plans, figure, page)
  for _, plan in ipairs(plans) do -- insets and legends in proportion to the bare frames
    for i, inset in ipairs(plan.panel.insets) do
      local o = inset.options
      plan.insets[i] = new_plan(inset, o.w * plan.width, o.h * plan.height, sizes, true)
    end
  end
  for _ = 1, 6 do
    local changed = false
    for _, plan in ipairs(plans) do
      furnish(plan, plan.frame)
      changed = changed or plan.changed
    end
    frames(plans, figure, page)
    if not changed then break end
  end
  for _, plan in ipairs(plans) do settle(plan) end
  return plans, page
end

return layout
