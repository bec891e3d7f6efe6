-- Option tables of the Lua modules: strict like those of the native constructors.
-- One list of fields drives reading, errors, help and the reference.
--
-- A field: { "name", type, default, text = , low =, high =, values =, required =, expected = }.
-- Types: number, integer, boolean, string, table, enum (with values), range ({low, high}), any.

local options = {}

local here = debug.getinfo(1, "S").source:match "^(.*/)"

-- Raises an error at the line of the user's code that called into this library.
function options.raise(format, ...)
  local message, level = select("#", ...) > 0 and format:format(...) or format, 2
  while true do
    local info = debug.getinfo(level, "S")
    if not info then error(message, 0) end
    if info.what ~= "C" and info.source:sub(1, #here) ~= here then error(message, level) end
    level = level + 1
  end
end

-- Number of single-letter edits between two names.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local keep = row[j]
      row[j] = math.min(keep + 1, row[j - 1] + 1, diagonal + (a:byte(i) == b:byte(j) and 0 or 1))
      diagonal = keep
    end
  end
  return row[#b]
end

-- The name at most `far` (2) edits away that is nearest, or nil. Ties go to the first in order.
function options.nearest(name, names, far)
  local best, found = (far or 2) + 1, nil
  for _, other in ipairs(names) do
    local d = distance(name:lower(), other:lower())
    if d < best and d < #name then best, found = d, other end
  end
  return found
end

-- How a value reads in an error message.
function options.shown(value)
  if type(value) == "string" then return ("'%s'"):format(value) end
  if value ~= value then return "nan" end
  if type(value) == "number" or type(value) == "boolean" or value == nil then return tostring(value) end
  local meta = type(value) == "userdata" and getmetatable(value)
  return "a " .. (meta and meta.__name or type(value))
end

-- A value, or a list of values, to the last bit and as --set reads it back.
function options.listed(value)
  if type(value) == "table" then
    local parts = {}
    for i, item in ipairs(value) do parts[i] = options.listed(item) end
    return table.concat(parts, ",")
  end
  if math.type(value) ~= "float" then return tostring(value) end
  for digits = 1, 17 do
    local text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then return text end
  end
  return value ~= value and "nan" or value > 0 and "inf" or "-inf"
end

-- Has this value, one of our objects perhaps, a method of that name? (Asking it directly is an error if not.)
function options.has(value, method)
  local meta = type(value) == "userdata" and getmetatable(value)
  return meta and meta.methods and meta.methods[method] ~= nil or false
end

-- An array, a list of numbers or anything with :totable(), as a list of numbers.
function options.numbers(where, name, value)
  if options.has(value, "totable") then value = value:totable() end
  if type(value) ~= "table" then
    options.raise("%s: %s must be an array or a list of numbers, got %s", where, name, options.shown(value))
  end
  for i = 1, #value do
    if type(value[i]) ~= "number" then
      options.raise("%s: %s[%d] must be a number, got %s", where, name, i, options.shown(value[i]))
    end
  end
  return value
end

local function in_range(field, x)
  return x == x and x >= (field.low or -math.huge) and x <= (field.high or math.huge)
end

local accepts = {
  any = function() return true end,
  number = function(field, x) return type(x) == "number" and in_range(field, x) end,
  integer = function(field, x) return math.tointeger(x) ~= nil and type(x) == "number" and in_range(field, x) end,
  boolean = function(_, x) return type(x) == "boolean" end,
  string = function(_, x) return type(x) == "string" end,
  table = function(_, x) return type(x) == "table" end,
  enum = function(field, x)
    for _, value in ipairs(field.values) do if x == value then return true end end
    return false
  end,
  range = function(_, x)
    return type(x) == "table" and type(x[1]) == "number" and type(x[2]) == "number" and x[1] < x[2] and #x == 2
  end,
}

local function range_text(field)
  local low, high = field.low, field.high
  if not low and not high then return "" end
  return (" in %s%s, %s%s"):format(low and "[" or "(", low and ("%g"):format(low) or "-inf",
                                   high and ("%g"):format(high) or "inf", high and "]" or ")")
end

-- What a field takes, in words.
function options.expected(field)
  if field.expected then return field.expected end
  local kind = field[2]
  if kind == "number" then return "a number" .. range_text(field) end
  if kind == "integer" then return "an integer" .. range_text(field) end
  if kind == "boolean" then return "true or false" end
  if kind == "range" then return "{low, high} with low < high" end
  if kind == "enum" then
    local shown = {}
    for i, value in ipairs(field.values) do shown[i] = options.shown(value) end
    return table.concat(shown, " | ")
  end
  return kind == "any" and "any value" or "a " .. kind
end

-- The fields in the shape of the native documentation records.
function options.records(fields)
  local records = {}
  for i, field in ipairs(fields) do
    records[i] = { name = field[1], expected = options.expected(field), default = field[3], text = field.text,
                   required = field.required or false }
  end
  return records
end

-- Checks `given` (nil counts as {}) against fields; returns a new table with defaults filled in.
function options.read(where, given, fields)
  if given == nil then given = {} end
  if type(given) ~= "table" then
    options.raise("%s: expected a table of options, got %s", where, options.shown(given))
  end
  local known, names, result = {}, {}, {}
  for i, field in ipairs(fields) do known[field[1]], names[i] = field, field[1] end
  for key in pairs(given) do
    if not known[key] then
      local near = options.nearest(tostring(key), names)
      options.raise("%s: unknown option '%s'%s; options: %s", where, tostring(key),
            near and (" (did you mean '%s'?)"):format(near) or "", table.concat(names, ", "))
    end
  end
  for _, field in ipairs(fields) do
    local name, kind, value = field[1], field[2], given[field[1]]
    if value == nil then
      if field.required then
        options.raise("%s: option '%s' is missing: expected %s", where, name, options.expected(field))
      end
      value = field[3]
    elseif not accepts[kind](field, value) then
      options.raise("%s: option '%s' must be %s, got %s", where, name, options.expected(field),
            options.shown(value))
    end
    result[name] = value
  end
  return result
end

return options
