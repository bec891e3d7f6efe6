-- Option tables of the Lua modules: strict like those of the native constructors, and checked by the
-- same code (src/lua/bind/options.c). One list of fields drives reading, errors, help and the reference.
--
-- A field: { "name", type, default, text = , low =, high =, values =, required =, expected = }.
-- Types: number, integer, boolean, string, table, enum (with values), range ({low, high}), any.

local native = require "meanfield.native"

local options = {}

local here = debug.getinfo(1, "S").source:match "^(.*/)"

-- Raises an error at the line of the user's code that called into this library.
function options.raise(format, ...)
  local message, level = select("#", ...) > 0 and format:format(...) or format, 2
  message = message:gsub("%f[%g]%-nan%f[^%w]", "nan") -- the C library may give NaN a sign
  while true do
    local info = debug.getinfo(level, "S")
    if not info then error(message, 0) end
    if info.what ~= "C" and info.source:sub(1, #here) ~= here then error(message, level) end
    level = level + 1
  end
end

-- Makes every method of a class say that it is to be called with ':' where its first argument is none of its objects.
function options.methods(class, noun, meta)
  for name, method in pairs(class) do
    class[name] = type(method) ~= "function" and method or function(self, ...)
      if getmetatable(self) ~= meta then
        options.raise("call it as %s:%s(...), with ':' (its first argument must be an %s, got %s)", noun, name,
                      meta.__name, options.shown(self))
      end
      return method(self, ...)
    end
  end
end

-- The name at most `far` (2) edits away that is nearest, or nil. Ties go to the first in order.
options.nearest = native._options.nearest

-- How a value reads in an error message.
options.shown = native._options.shown

-- A value, or a list of values, to the last bit and as --set reads it back.
function options.listed(value)
  if type(value) == "table" then
    local parts = {}
    for i, item in ipairs(value) do parts[i] = options.listed(item) end
    return table.concat(parts, ",")
  end
  return math.type(value) == "float" and native._options.number(value) or tostring(value)
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

local compiled = setmetatable({}, { __mode = "k" })

local function compile(fields)
  compiled[fields] = compiled[fields] or native._options.compile(fields)
  return compiled[fields]
end

-- The fields in the shape of the native documentation records.
function options.records(fields)
  local records = native._options.records(compile(fields))
  for i, field in ipairs(fields) do records[i].default = field[3] end
  return records
end

-- Checks `given` (nil counts as {}) against fields; returns a new table with defaults filled in.
function options.read(where, given, fields)
  local ok, result = pcall(native._options.read, where, given, compile(fields))
  if not ok then options.raise("%s", result) end
  for _, field in ipairs(fields) do
    if result[field[1]] == nil then result[field[1]] = field[3] end
  end
  return result
end

return options
