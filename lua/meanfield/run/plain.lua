-- Plain data (nil, booleans, numbers, strings, tables of them) as one line of text and back:
-- doubles to the last bit, integers as integers, keys in a fixed order. Text is parsed, never run.

local options = require "meanfield.options"

local plain = {}

local function number(x)
  if math.type(x) == "integer" then return ("%d"):format(x) end
  if x ~= x then return "nan" end
  if x == math.huge then return "inf" elseif x == -math.huge then return "-inf" end
  local text = ("%.15g"):format(x)
  if tonumber(text) ~= x then text = ("%.17g"):format(x) end
  return text:find "[.e]" and text or text .. ".0"
end

local function string_text(s)
  return '"' .. s:gsub('[%c"\\\127]', function(c) return ("\\%03d"):format(c:byte()) end) .. '"'
end

local encode

local function key_text(key, path)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then return key end
  return "[" .. encode(key, path, {}) .. "]"
end

local function table_text(value, path, open)
  if open[value] then error(path .. " contains itself", 0) end
  if getmetatable(value) ~= nil then error(path .. " is an object, not a plain table", 0) end
  open[value] = true
  local parts, named = {}, {}
  for i = 1, #value do parts[i] = encode(value[i], ("%s[%d]"):format(path, i), open) end
  for key, item in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #value) then
      if type(key) == "table" then error(path .. " has a table as a key", 0) end
      local name = key_text(key, path .. "'s key")
      named[#named + 1] = name .. "=" .. encode(item, path .. "." .. tostring(key), open)
    end
  end
  open[value] = nil
  table.sort(named)
  table.move(named, 1, #named, #parts + 1, parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode(value, path, open)
  local kind = type(value)
  if kind == "number" then return number(value) end
  if kind == "string" then return string_text(value) end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  if kind == "table" then return table_text(value, path, open) end
  local name = kind == "userdata" and getmetatable(value).__name or kind
  local hint = options.has(value, "totable") and " (use :totable())" or ""
  error(("%s is a %s, not plain data%s"):format(path, name, hint), 0)
end

-- One line of text. Raises an error that names the offending part; `name` is what the value is called.
function plain.encode(value, name)
  return encode(value, name or "value", {})
end

local words = { ["nil"] = { nil }, ["true"] = { true }, ["false"] = { false },
                inf = { math.huge }, ["-inf"] = { -math.huge }, nan = { 0 / 0 } }

local decode

local function decode_table(text, at)
  local result, n = {}, 0
  while text:sub(at, at) ~= "}" do
    local name, after = text:match("^([%a_][%w_]*)=()", at)
    if not name and text:sub(at, at) == "[" then
      name, after = decode(text, at + 1)
      after = assert(text:match("^%]=()", after), "no plain data")
    end
    if name ~= nil then
      result[name], at = decode(text, after)
    else
      n = n + 1
      result[n], at = decode(text, at)
    end
    at = text:match("^,()", at) or at
  end
  return result, at + 1
end

-- The value that starts at position `at`, and the position after it.
function decode(text, at)
  local first = text:sub(at, at)
  if first == "{" then return decode_table(text, at + 1) end
  if first == '"' then
    local body, after = text:match('^([^"]*)"()', at + 1)
    assert(body, "no plain data")
    return body:gsub("\\(%d%d%d)", function(code) return string.char(code) end), after
  end
  local word, after = text:match("^([-+.%w]+)()", at)
  if words[word] then return words[word][1], after end
  return assert(tonumber(word), "no plain data"), after
end

-- The value in text from position `at` (default 1), and the position after it.
-- Raises an error on text that plain.encode did not write.
function plain.decode(text, at)
  return decode(text, at or 1)
end

return plain
