-- Axes: ranges, ticks and their labels, text widths, and the place of the legend.
-- Shared by the two renderers (gnuplot.lua, braille.lua), so that a figure in the terminal
-- and on paper has the same axes. Lengths are in points (1/72 inch) where not stated.

local axis = {}

-- ---- text -------------------------------------------------------------------------------

-- Enhanced text without its markup: "R_N(t)" -> "RN(t)", "10^{-3}" -> "10-3".
function axis.bare(text)
  return (text:gsub("{/[^ }]* ", ""):gsub("\\(.)", "%1"):gsub("[_^{}@&~]", ""))
end

-- Estimated width in points of enhanced text in DejaVu Sans. Sub- and superscripts are smaller.
function axis.text_width(text, size)
  local small = 0 -- letters set smaller
  for script in text:gmatch "[_^](%b{})" do small = small + utf8.len(script) - 2 end
  for _ in text:gmatch "[_^][^{]" do small = small + 1 end
  return (utf8.len(axis.bare(text)) - 0.25 * small) * 0.6 * size
end

-- ---- ticks ------------------------------------------------------------------------------

-- A number as a tick label, with the minus sign of typography; `decimals` from the tick step.
local function tick_text(value, decimals)
  local text
  if value ~= 0 and (math.abs(value) >= 1e5 or decimals > 4) then
    local mantissa, exponent = ("%.6e"):format(value):match "^(.-)e(.*)$"
    mantissa = ("%g"):format(tonumber(mantissa))
    text = ("%s×10^{%d}"):format(mantissa, tonumber(exponent)):gsub("^1×", ""):gsub("^%-1×", "-")
  else
    text = ("%." .. decimals .. "f"):format(value):gsub("^%-(0%.?0*)$", "%1")
  end
  return (text:gsub("-", "−"))
end

-- The step 1, 2 or 5 times a power of ten that gives about `count` ticks.
local function nice_step(span, count)
  local raw = span / count
  local power = 10 ^ math.floor(math.log(raw, 10))
  local digit = raw / power
  return (digit <= 1 and 1 or digit <= 2 and 2 or digit <= 5 and 5 or 10) * power
end

local function linear_ticks(low, high, count)
  local step = nice_step(high - low, count)
  local decimals = math.max(0, math.ceil(-math.log(step, 10) - 1e-9))
  local ticks, minor = {}, {}
  local slack = 1e-9 * (high - low)
  for i = math.ceil((low - slack) / step), math.floor((high + slack) / step) do
    ticks[#ticks + 1] = { value = i * step, label = tick_text(i * step, decimals) }
  end
  local fine = step / (tostring(step):find "2" and 4 or 5)
  for i = math.ceil((low - slack) / fine), math.floor((high + slack) / fine) do minor[#minor + 1] = i * fine end
  return ticks, minor
end

local function decade_text(n)
  if n == 0 then return "1" elseif n == 1 then return "10" end
  return ("10^{%s}"):format((tostring(n):gsub("-", "−")))
end

local function log_ticks(low, high, count)
  local first, last = math.ceil(math.log(low, 10) - 1e-9), math.floor(math.log(high, 10) + 1e-9)
  if last - first < 1 then -- less than two decades marked: ordinary numbers say more
    local ticks, minor = {}, {}
    for decade = first - 1, last do
      for digit = 1, 9 do
        local value = digit * 10.0 ^ decade
        local shown = value >= low * (1 - 1e-9) and value <= high * (1 + 1e-9)
        if shown and (digit == 1 or digit == 2 or digit == 5) then
          ticks[#ticks + 1] = { value = value, label = tick_text(value, math.max(0, -decade)) }
        elseif shown then
          minor[#minor + 1] = value
        end
      end
    end
    if #ticks >= 2 then return ticks, minor end
    return linear_ticks(low, high, count)
  end
  local every = math.ceil((last - first + 1) / math.max(2, count))
  local ticks, minor = {}, {}
  for decade = first - 1, last do
    if decade >= first and decade % every == 0 then
      ticks[#ticks + 1] = { value = 10.0 ^ decade, label = decade_text(decade) }
    elseif decade >= first then
      minor[#minor + 1] = 10.0 ^ decade
    end
    for digit = 2, every == 1 and 9 or 1 do
      local value = digit * 10.0 ^ decade
      if value >= low and value <= high then minor[#minor + 1] = value end
    end
  end
  return ticks, minor
end

-- ---- scales -----------------------------------------------------------------------------

-- Smallest and largest of what a panel shows along "x" or "y"; nil if nothing is shown.
local function extent(panel, which)
  local low, high = math.huge, -math.huge
  local low_keys, high_keys = { which, which .. "low" }, { which, which .. "high" }
  local log = panel.options[which .. "log"]
  for _, series in ipairs(panel.series) do
    for side, keys in ipairs { low_keys, high_keys } do
      for _, key in ipairs(keys) do
        for _, value in ipairs(series[key] or {}) do
          if not log or value > 0 then
            if side == 1 then low = math.min(low, value) else high = math.max(high, value) end
          end
        end
      end
    end
    if series.kind == "histogram" and which == "y" and not log then low = math.min(low, 0) end
  end
  if low > high then return nil end
  return low, high
end

-- Where a value lies on a scale: 0 at its low end, 1 at its high end.
function axis.position(scale, value)
  if scale.log then
    return math.log(value / scale.low) / math.log(scale.high / scale.low)
  end
  return (value - scale.low) / (scale.high - scale.low)
end

local function has_kind(panel, kind)
  for _, series in ipairs(panel.series) do if series.kind == kind then return true end end
  return false
end

local function padded(low, high, log, pad, below_zero)
  if low == high then
    if log then return low / 2, high * 2 end
    local half = low == 0 and 1 or math.abs(low) / 2
    return low - half, high + half
  end
  if log then
    local factor = (high / low) ^ pad
    return low / factor, high * factor
  end
  local room = pad * (high - low)
  -- what starts near zero and is never negative has zero as its edge
  return (not below_zero and low >= 0 and low < 0.2 * high) and 0 or low - room, high + room
end

local function set_ticks(scale, count, given)
  if not given then
    scale.ticks, scale.minor = (scale.log and log_ticks or linear_ticks)(scale.low, scale.high, count)
    return
  end
  scale.ticks, scale.minor = {}, {}
  for i, tick in ipairs(given) do
    local value, label = tick, nil
    if type(tick) == "table" then value, label = tick[1], tick[2] end
    scale.ticks[i] = { value = value, label = label or (("%.6g"):format(value):gsub("-", "−")) }
  end
end

-- The scale of a panel along "x" or "y": low, high, log, ticks, minor. `count`: ticks wanted.
function axis.scale(panel, which, count)
  local options = panel.options
  local log, given = options[which .. "log"] or false, options[which .. "range"]
  local low, high = extent(panel, which)
  if not low then low, high = log and 1 or 0, log and 10 or 1 end
  if given then
    low, high = given[1], given[2]
  else
    local points = has_kind(panel, "points") -- whole symbols, also at the ends
    low, high = padded(low, high, log, which == "y" and 0.06 or points and 0.03 or 0, which == "x" and points)
  end
  local scale = { low = low, high = high, log = log, fixed = given ~= nil, count = count,
                  given_ticks = options[which .. "ticks"] }
  set_ticks(scale, count, scale.given_ticks)
  return scale
end

-- Raises the high end so that the fraction `room` of the axis, at its top, holds no data.
function axis.make_room(scale, room)
  if scale.log then
    scale.high = scale.low * (scale.high / scale.low) ^ (1 / (1 - room))
  else
    scale.high = scale.low + (scale.high - scale.low) / (1 - room)
  end
  set_ticks(scale, scale.count, scale.given_ticks)
end

-- ---- the legend -------------------------------------------------------------------------

-- Marks everything drawn as small boxes {x, y, x2, y2} in axes fractions, seen by the legend.
local function occupied(panel, xscale, yscale, insets)
  local boxes = {}
  local function add(x1, y1, x2, y2)
    boxes[#boxes + 1] = { math.min(x1, x2), math.min(y1, y2), math.max(x1, x2), math.max(y1, y2) }
  end
  local function place(scale, v)
    if scale.log and v <= 0 then return -1 end
    return math.max(-1, math.min(2, axis.position(scale, v)))
  end
  local function px(v) return place(xscale, v) end
  local function py(v) return place(yscale, v) end
  for _, s in ipairs(panel.series) do
    if s.kind == "vline" then add(px(s.value), 0, px(s.value), 1) end
    if s.kind == "hline" then add(0, py(s.value), 1, py(s.value)) end
    local ylow, yhigh = s.ylow or s.y, s.yhigh or s.y
    for i = 1, s.value and 0 or #s.x do
      local x, low, high = px(s.x[i]), py(ylow[i]), py(yhigh[i])
      add(x, s.kind == "histogram" and 0 or low, x, high)
      if i > 1 and s.kind ~= "points" then -- along the segment
        local x0, y0 = px(s.x[i - 1]), py(yhigh[i - 1])
        local pieces = math.min(50, math.ceil(50 * math.max(math.abs(x - x0), math.abs(high - y0))))
        for k = 1, pieces - 1 do
          local xk, yk = x0 + (x - x0) * k / pieces, y0 + (high - y0) * k / pieces
          add(xk, s.kind == "histogram" and 0 or yk, xk, yk)
        end
      end
    end
  end
  for _, box in ipairs(insets) do add(table.unpack(box)) end
  for _, text in ipairs(panel.texts) do
    local x, y = text.x, text.y
    if not text.fraction then x, y = px(x), py(y) end
    add(x - 0.02, y - 0.04, x + 0.15, y + 0.04)
  end
  return boxes
end

local function overlap(boxes, x, y, w, h)
  local count = 0
  for _, b in ipairs(boxes) do
    if b[3] >= x and b[1] <= x + w and b[4] >= y and b[2] <= y + h then count = count + 1 end
  end
  return count
end

local places = { { "top right", 1, 1 }, { "top left", 0, 1 }, { "bottom right", 1, 0 }, { "bottom left", 0, 0 },
                 { "top center", 0.5, 1 }, { "bottom center", 0.5, 0 }, { "center right", 1, 0.5 },
                 { "center left", 0, 0.5 }, { "center", 0.5, 0.5 } }
axis.places = {}
for i, place in ipairs(places) do axis.places[i] = place[1] end

-- Lower left corner of a box of w x h on a grid over the axes, `edge` = { left, bottom, right, top }
-- away from their ends: of the places that hide the least, the one nearest to a corner.
local function free_place(boxes, w, h, edge)
  local steps, best = 12, { math.huge }
  for i = 0, steps do
    for j = 0, steps do
      local x = edge[1] + (1 - edge[1] - edge[3] - w) * i / steps
      local y = edge[2] + (1 - edge[2] - edge[4] - h) * j / steps
      local count = overlap(boxes, x, y, w, h)
      local central = math.abs(i - steps / 2) + math.abs(j - steps / 2)
      if count < best[1] or count == best[1] and central > best[2] then best = { count, central, x, y } end
    end
  end
  return best[1], best[3], best[4]
end

-- Lower left corner, in axes fractions, for a legend of w x h (fractions too): at the place
-- asked for, else where it hides nothing; if there is no such place, room is made above the data.
-- `insets`: their boxes { x, y, x2, y2 }.
function axis.place_key(panel, xscale, yscale, insets, w, h, margin_x, margin_y)
  local function corner(place) return margin_x + place[2] * (1 - w - 2 * margin_x),
                                      margin_y + place[3] * (1 - h - 2 * margin_y) end
  for _, place in ipairs(places) do
    if place[1] == panel.options.key then return corner(place) end
  end
  local function best()
    local boxes = occupied(panel, xscale, yscale, insets)
    for _, place in ipairs(places) do
      local x, y = corner(place)
      if overlap(boxes, x, y, w, h) == 0 then return 0, x, y end
    end
    return free_place(boxes, w, h, { margin_x, margin_y, margin_x, margin_y })
  end
  local covered, x, y = best()
  if covered == 0 or yscale.fixed or h >= 0.6 then return x, y end
  axis.make_room(yscale, h + 2 * margin_y)
  return select(2, best())
end

-- Lower left corner for an inset's frame of w x h, whose labels need `left` and `below` more, in
-- axes fractions.
function axis.place_inset(panel, xscale, yscale, insets, w, h, left, below)
  local boxes = occupied(panel, xscale, yscale, insets)
  local _, x, y = free_place(boxes, w + left + 0.02, h + below + 0.04, { 0.01, 0.01, 0.01, 0 })
  return x + left, y + below
end

return axis
