-- How the prompt shows values: tables opened (nested, sorted, cut short), strings quoted,
-- numbers as short as they can be, functions by their documented names, objects as they wish.

local native = require "meanfield.native"

local pretty = {}

local MAX_ITEMS, MAX_DEPTH, WIDTH = 50, 4, 79

-- The fewest digits, from 14 on, that give the number back; a float with an integer value keeps ".0".
local function number_text(x)
  if math.type(x) == "integer" then return tostring(x) end
  if x ~= x then return "nan" end
  local text
  for digits = 14, 17 do
    text = ("%." .. digits .. "g"):format(x)
    if tonumber(text) == x then break end
  end
  return text:find "^-?%d+$" and text .. ".0" or text
end

local function string_text(s)
  if not utf8.len(s) then return ("%q"):format(s) end
  return '"' .. s:gsub('[%c"\\\127]', function(c)
    return ({ ["\n"] = "\\n", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" })[c] or ("\\%d"):format(c:byte())
  end) .. '"'
end

local function function_text(f)
  local record = native._docs[f]
  if record then return "function " .. record.name end
  local info = debug.getinfo(f, "S")
  if info.what == "C" then return tostring(f) end
  return ("function %s:%d"):format(info.short_src, info.linedefined)
end

-- Our modules, which are long tables: their names alone. nil for any other value.
local function module_text(t)
  local meta = getmetatable(t)
  local record = native._docs[t] or type(meta) == "table" and native._docs[rawget(meta, "__call")] or nil
  if t ~= native and not record then return nil end
  local names = {}
  for key in next, t do if type(key) == "string" and key:sub(1, 1) ~= "_" then names[#names + 1] = key end end
  table.sort(names)
  local name = record and record.name:gsub("%.__call$", "") or "mf"
  return ("module %s%s (help(%s) explains)"):format(name,
    #names > 0 and ": " .. table.concat(names, ", ") or "", name == "mf" and "" or name)
end

local rank = { number = 1, string = 2, boolean = 3 }

-- Numbers, then strings, then the rest; each in its order.
local function before(a, b)
  local ra, rb = rank[type(a)] or 4, rank[type(b)] or 4
  if ra ~= rb then return ra < rb end
  if ra <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

local function key_text(key, show)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then return key end
  return "[" .. show(key) .. "]"
end

-- The items of a table as texts: list part first, then sorted keys.
local function items_of(t, show)
  local items, length = {}, #t
  for i = 1, math.min(length, MAX_ITEMS) do items[i] = show(rawget(t, i)) end
  if length > MAX_ITEMS then items[#items + 1] = ("... %d more"):format(length - MAX_ITEMS) end
  local keys = {}
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= length) then keys[#keys + 1] = key end
  end
  table.sort(keys, before)
  for i = 1, math.min(#keys, MAX_ITEMS) do
    items[#items + 1] = key_text(keys[i], show) .. " = " .. show(rawget(t, keys[i]))
  end
  if #keys > MAX_ITEMS then items[#items + 1] = ("... %d more"):format(#keys - MAX_ITEMS) end
  return items
end

local function table_text(t, show, depth)
  if depth >= MAX_DEPTH then return next(t) == nil and "{}" or "{...}" end
  local items = items_of(t, show)
  if #items == 0 then return "{}" end
  local length, broken = 4, false
  for _, item in ipairs(items) do
    length = length + (utf8.len(item) or #item) + 2
    broken = broken or item:find("\n", 1, true)
  end
  if not broken and length + 2 * depth <= WIDTH then return "{ " .. table.concat(items, ", ") .. " }" end
  local indent = ("  "):rep(depth + 1)
  return "{\n" .. indent .. table.concat(items, ",\n" .. indent) .. "\n" .. ("  "):rep(depth) .. "}"
end

-- An object's line, broken between its options where it is wider than the page.
local function wrapped(text)
  if #text <= WIDTH or text:find("\n", 1, true) then return text end
  local lines, line, open, from = {}, "", 0, 1
  for at, character in text:gmatch "()([{}(),])" do
    open = open + (("{("):find(character, 1, true) and 1 or ("})"):find(character, 1, true) and -1 or 0)
    if character == "," and open == 1 then
      local item = text:sub(from, at)
      if #line + #item > WIDTH and line ~= "" then lines[#lines + 1], line, item = line, "", " " .. item end
      line, from = line .. item, at + 1
    end
  end
  local last = text:sub(from)
  if #line + #last > WIDTH and line ~= "" then lines[#lines + 1], line, last = line, "", " " .. last end
  lines[#lines + 1] = line .. last
  return table.concat(lines, "\n")
end

-- The text the prompt shows for a value.
function pretty.text(value)
  local open = {}
  local function show(v, depth)
    local kind = type(v)
    if kind == "number" then return number_text(v) end
    if kind == "string" then return string_text(v) end
    if kind == "function" then return function_text(v) end
    local meta = getmetatable(v)
    if kind ~= "table" or type(meta) == "table" and (meta.__tostring or meta.__name) then
      local ok, text = pcall(tostring, v)
      if not ok then return ("<%s whose __tostring failed: %s>"):format(kind, tostring(text)) end
      return kind == "userdata" and depth == 0 and wrapped(text) or text
    end
    local module = module_text(v)
    if module then return module end
    if open[v] then return "{cycle}" end
    open[v] = true
    local text = table_text(v, function(inner) return show(inner, depth + 1) end, depth)
    open[v] = nil
    return text
  end
  return show(value, 0)
end

-- Prints each value on its own line.
function pretty.print(...)
  for i = 1, select("#", ...) do print(pretty.text((select(i, ...)))) end
end

return setmetatable(pretty, { __call = function(_, value) return pretty.text(value) end })
