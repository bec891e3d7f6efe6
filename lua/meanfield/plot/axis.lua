-- Axes: ranges, ticks and their labels. Shared by the two renderers, so that a figure in the
-- terminal and on paper has the same axes. Both draw in fractions of the axes: position() is the
-- only place that knows of logarithms, and of numbers too large or too near for a drawing program.

local text = require "meanfield.plot.text"

local axis = {}

local largest, smallest = 0x1.fffffffffffffp+1023, 0x1p-1022 -- of the normal doubles
local coarse = 1e-12 -- an axis whose ends agree to this, relatively, would show rounding errors

-- ---- ticks ------------------------------------------------------------------------------

-- A number as a tick label, with the minus sign of typography; `decimals` from the tick step. Many decimals make
-- a power of ten, unless the numbers are `plain`: 1.0000002, 1.0000004.
local function tick_text(value, decimals, plain)
  local shown
  if value ~= 0 and (math.abs(value) >= 1e5 or decimals > 4 and not plain) then
    local digits = math.max(0, math.min(16, decimals + math.floor(math.log(math.abs(value), 10) + 1e-9)))
    local mantissa, exponent = ("%." .. digits .. "e"):format(value):match "^(.-)e(.*)$"
    if mantissa:find("%.") then mantissa = mantissa:gsub("0+$", ""):gsub("%.$", "") end
    shown = ("%s×10^{%d}"):format(mantissa, tonumber(exponent)):gsub("^1×", ""):gsub("^%-1×", "-")
  else
    if decimals > 4 and not plain then decimals = 0 end -- zero, among powers of ten
    shown = ("%." .. decimals .. "f"):format(value):gsub("^%-(0%.?0*)$", "%1")
  end
  return (shown:gsub("-", "−"))
end

-- The step 1, 2 or 5 times a power of ten that gives about `count` ticks; and its first digit.
local function nice_step(low, high, count)
  local raw = high / count - low / count -- the span itself may be too large for a double
  local power = 10 ^ math.floor(math.log(raw, 10))
  local digit = raw / power
  digit = digit <= 1 and 1 or digit <= 2 and 2 or digit <= 5 and 5 or 10
  return digit * power, digit
end

-- The multiples of `step` in [low, high]; at most a thousand, whatever the rounding.
local function multiples(low, high, step)
  local list, slack = {}, 1e-9
  local first, last = math.ceil(low / step - slack), math.floor(high / step + slack)
  for k = 0, math.min(1000, last - first) do
    local value = (first + k) * step
    if math.abs(value) <= largest then list[#list + 1] = value end
  end
  return list
end

local function linear_ticks(low, high, count)
  local step, digit = nice_step(low, high, math.max(1, count))
  local decimals = math.max(0, math.ceil(-math.log(step, 10) - 1e-9))
  local ticks, plain = {}, math.max(math.abs(low), math.abs(high)) >= 1e-3
  for i, value in ipairs(multiples(low, high, step)) do
    ticks[i] = { value = value, label = tick_text(value, decimals, plain) }
  end
  return ticks, multiples(low, high, step / (digit == 2 and 4 or 5))
end

local function decade_text(n)
  if n == 0 then return "1" elseif n == 1 then return "10" end
  return ("10^{%s}"):format((tostring(n):gsub("-", "−")))
end

-- Digits that get a label where a logarithmic axis is short: the more there is room for, the finer.
local finer = { [3] = { 1, 2, 5 }, [5] = { 1, 2, 3, 5, 7 }, [9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } }

-- The multiples of these digits, and the others of 1 to 9.
local function digit_ticks(low, high, digits)
  local ticks, minor, labelled = {}, {}, {}
  for _, digit in ipairs(digits) do labelled[digit] = true end
  for decade = math.floor(math.log(low, 10)), math.ceil(math.log(high, 10)) do
    for digit = 1, 9 do
      local value = digit * 10.0 ^ decade
      local shown = value >= low * (1 - 1e-9) and value <= math.min(largest, high * (1 + 1e-9))
      if shown and labelled[digit] then
        ticks[#ticks + 1] = { value = value, label = tick_text(value, math.max(0, -decade)) }
      elseif shown then
        minor[#minor + 1] = value
      end
    end
  end
  return ticks, minor
end

-- Less than two decades: ordinary numbers 1, 2, 5 say more than powers; and 3, 7, ... where these are few.
local function short_log_ticks(low, high, count)
  local ticks, minor = digit_ticks(low, high, finer[3])
  for _, n in ipairs { 5, 9 } do
    local more, rest = digit_ticks(low, high, finer[n])
    if #ticks < 4 and #more <= math.max(4, 1.5 * count) then ticks, minor = more, rest end
  end
  if #ticks >= 2 then return ticks, minor end
  return linear_ticks(low, high, count)
end

local function log_ticks(low, high, count)
  if high / low < 100 * (1 - 1e-9) then return short_log_ticks(low, high, count) end
  local first, last = math.ceil(math.log(low, 10) - 1e-9), math.floor(math.log(high, 10) + 1e-9)
  local every = math.ceil((last - first + 1) / math.max(2, count))
  local ticks, minor = {}, {}
  for decade = first - 1, last do
    if decade >= first and decade % every == 0 then
      ticks[#ticks + 1] = { value = 10.0 ^ decade, label = decade_text(decade) }
    elseif decade >= first and last - first < 60 then
      minor[#minor + 1] = 10.0 ^ decade
    end
    for digit = 2, every == 1 and 9 or 1 do
      local value = digit * 10.0 ^ decade
      if value >= low and value <= high then minor[#minor + 1] = value end
    end
  end
  return ticks, minor
end

local function set_ticks(scale)
  if not scale.given_ticks then
    scale.ticks, scale.minor = (scale.log and log_ticks or linear_ticks)(scale.low, scale.high, scale.count)
    return
  end
  scale.ticks, scale.minor = {}, {}
  for _, tick in ipairs(scale.given_ticks) do
    local value, label = tick, nil
    if type(tick) == "table" then value, label = tick[1], tick[2] end
    if value >= scale.low and value <= scale.high then
      label = label or ("%.6g"):format(value):gsub("-", "−")
      scale.ticks[#scale.ticks + 1] = { value = value, label = label }
    end
  end
end

-- Takes fewer ticks until their labels, side by side, fit into `length` points.
function axis.thin(scale, length, size)
  while scale.count > 1.5 and not scale.given_ticks do
    local needed = 0
    for _, tick in ipairs(scale.ticks) do needed = needed + text.width(tick.label, size) + 0.9 * size end
    if needed <= length then return end
    scale.count = scale.count * 0.8
    set_ticks(scale)
  end
end

-- ---- scales -----------------------------------------------------------------------------

-- What is wrong with a range asked for; nil if nothing is.
function axis.fault(log, range)
  local low, high = range[1], range[2]
  if log and low <= 0 then return ("has an end <= 0 (%g), which a logarithmic axis cannot show"):format(low) end
  if math.abs(low) > largest or math.abs(high) > largest then return "must have finite ends" end
  if high - low <= coarse * math.max(math.abs(low), math.abs(high)) or high - low < 1e-290 then
    return "has ends that differ by hardly more than rounding"
  end
end

local low_keys, high_keys = { "", "low", "edges" }, { "", "high", "edges" }

-- Smallest and largest of what a panel shows along "x" or "y"; nil if nothing is shown.
local function extent(panel, which, log)
  local low, high = math.huge, -math.huge
  for _, series in ipairs(panel.series) do
    for _, key in ipairs(low_keys) do
      for _, value in ipairs(series[which .. key] or {}) do
        if not log or value > 0 then low = math.min(low, value) end
      end
    end
    for _, key in ipairs(high_keys) do
      for _, value in ipairs(series[which .. key] or {}) do
        if not log or value > 0 then high = math.max(high, value) end
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
    if value <= 0 then return -1e6 end
    local low = math.log(scale.low)
    return (math.log(value) - low) / (math.log(scale.high) - low)
  end
  return (value / 2 - scale.low / 2) / (scale.high / 2 - scale.low / 2) -- halves: no overflow
end

-- The value at a fraction of a scale.
function axis.value(scale, u)
  if scale.log then return math.exp(math.log(scale.low) * (1 - u) + math.log(scale.high) * u) end
  return scale.low * (1 - u) + scale.high * u
end

local function has_kind(panel, ...)
  for _, series in ipairs(panel.series) do
    for _, kind in ipairs { ... } do if series.kind == kind then return true end end
  end
  return false
end
axis.has_kind = has_kind

-- Data that agree to rounding are one number, and around it there is an axis all the same.
local function widened(low, high, log)
  if log then
    low, high = math.max(low, 2 * smallest), math.max(high, 2 * smallest)
    if high / low < 1 + coarse then low, high = low / 2, math.min(largest, high * 2) end
    return low, high
  end
  local size = math.max(math.abs(low), math.abs(high))
  if high / 2 - low / 2 > 0.5 * coarse * size and high - low > 1e-290 then return low, high end
  local half = size == 0 and 1 or math.max(size / 2, 1e-290)
  return math.max(-largest, low - half), math.min(largest, high + half)
end

local function padded(low, high, log, pad, below_zero)
  if log then
    local span = math.log(high) - math.log(low)
    return math.max(smallest, low * math.exp(-pad * span)), math.min(largest, high * math.exp(pad * span))
  end
  local room = pad * high - pad * low
  -- what starts near zero and is never negative has zero as its edge
  local floor = not below_zero and low >= 0 and low < 0.2 * high
  return floor and 0 or math.max(-largest, low - room), math.min(largest, high + room)
end

-- The scale of a panel along "x" or "y": low, high, log, ticks, minor. `count`: ticks wanted.
function axis.scale(panel, which, count)
  local options = panel.options
  local log, given = options[which .. "log"] or false, options[which .. "range"]
  local low, high
  if given then
    low, high = given[1], given[2]
  else
    low, high = extent(panel, which, log)
    if not low then low, high = log and 1 or 0, log and 10 or 1 end
    local apart = high - low > coarse * math.max(math.abs(low), math.abs(high))
    low, high = widened(low, high, log)
    local points = has_kind(panel, "points") -- whole symbols, also at the ends
    if apart and not has_kind(panel, "image", "contour") then
      low, high = padded(low, high, log, which == "y" and 0.06 or points and 0.03 or 0, which == "x" and points)
    end
  end
  return axis.new(low, high, log, count, options[which .. "ticks"], given ~= nil)
end

function axis.new(low, high, log, count, given_ticks, fixed)
  local scale = { low = low, high = high, log = log, fixed = fixed, count = math.max(1, math.min(100, count)),
                  given_ticks = given_ticks }
  set_ticks(scale)
  return scale
end

-- The scale of the colours of an image or contour: its values from zlow to zhigh.
function axis.colors(series, count)
  local low, high = widened(series.zlow, series.zhigh, series.zlog)
  return axis.new(low, high, series.zlog, count)
end

-- Raises the high end so that the fraction `room` of the axis, at its top, holds no data.
function axis.make_room(scale, room)
  local high = axis.value(scale, 1 / (1 - room))
  scale.high = high <= largest and high or largest
  set_ticks(scale)
end

return axis
