-- Texts of a figure: their widths, and what a label may hold.
-- Labels are gnuplot's enhanced text: x_N is a subscript, x^2 a superscript, \_ an underscore.

local options = require "meanfield.options"

local text = {}

-- Advance widths of DejaVu Sans in hundredths of its size, from the space to the tilde.
local widths = {}
for w in ("32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 53 100 "
          .. "68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 50 61 "
          .. "63 55 63 62 35 63 63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"):gmatch "%d+" do
  widths[#widths + 1] = tonumber(w) / 100
end

local function letter_width(code)
  if code >= 32 and code < 127 then return widths[code - 31] end
  return code >= 0x1100 and (code < 0x2000 or code >= 0x2E80) and 1 or 0.84 -- signs, Greek; East Asian ones are square
end

-- Width in points of enhanced text; markup has none, and sub- and superscripts are smaller.
function text.width(label, size)
  local widest, total, small, depth = 0, 0, 0, 0
  label = label:gsub("{/[^ }]* ", "{")
  local escaped, script = false, false
  for _, code in utf8.codes(label) do
    local c = code < 128 and string.char(code) or ""
    if c == "\n" then
      widest, total = math.max(widest, total), 0
    elseif not escaped and c == "\\" then
      escaped = true
    elseif not escaped and (c == "_" or c == "^") then
      script = true
    elseif not escaped and c == "{" then
      depth = depth + 1
      if script and small == 0 then small = depth end
      script = false
    elseif not escaped and c == "}" then
      if depth == small then small = 0 end
      depth = depth - 1
    elseif escaped or c ~= "@" and c ~= "&" and c ~= "~" then
      total = total + letter_width(code) * ((script or small > 0) and 0.8 or 1)
      escaped, script = false, false
    end
  end
  return math.max(widest, total) * size
end

-- The size at which a text fits into `room` points: `size`, or smaller. (Small letters are rounded to
-- pixels: what is shrunk is shrunk a little more.)
function text.fitting(label, size, room)
  local width = text.width(label, size)
  return width > room and math.max(0.5, 0.92 * size * room / width) or size
end

-- Refuses what no renderer can show: a text must be UTF-8 without control characters.
function text.check(where, name, value)
  if not utf8.len(value) then
    options.raise("%s: '%s' must be UTF-8 text, got %s", where, name, (("%q"):format(value):gsub("[\128-\255]",
                  function(byte) return ("\\%d"):format(byte:byte()) end)))
  end
  if value:find "[%z\1-\9\11-\31]" then
    options.raise("%s: '%s' must hold no control characters, got %s", where, name, ("%q"):format(value))
  end
  return value
end

return text
