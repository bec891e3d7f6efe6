-- The prompt's Lua half: what results look like, and what the Tab key offers.
--
-- Completion never runs code of the user's: it walks tables and class metatables with raw
-- access, and of an object it evaluates nothing but `.options`.

local mf = require "meanfield"

local repl = {}

for name in pairs(mf._lua_parts) do local _ = mf[name] end -- all of mf, to be seen by Tab
if _G.mf == nil then _G.mf = mf end
if _G.help == nil then _G.help = mf.help end

-- ---- results -------------------------------------------------------------------------------

local found, pretty = pcall(require, "meanfield.prompt.pretty")
if not found then pretty = tostring end

-- Prints the results and keeps the first one in the global `_`.
function repl.show(...)
  local shown = table.pack(...)
  for i = 1, shown.n do shown[i] = pretty(shown[i]) end
  print(table.concat(shown, "\t", 1, shown.n))
  if ... ~= nil then _G._ = (...) end
end

-- ---- completion ------------------------------------------------------------------------------

local keywords = { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while" }

-- The object's own fields by raw access: value of a key, without running anything.
local function raw_field(object, key)
  if type(object) == "string" then return string[key] end
  if type(object) == "userdata" then return key == "options" and debug.getuservalue(object, 1) or nil end
  for _ = 1, 20 do -- through __index tables
    if type(object) ~= "table" then return nil end
    local value = rawget(object, key)
    if value ~= nil then return value end
    local meta = debug.getmetatable(object)
    object = meta and rawget(meta, "__index")
  end
end

-- Calls found(name, value) for all that may follow "object." or "object:".
local function each_field(object, found_name)
  local meta = debug.getmetatable(object)
  if type(object) == "string" then object, meta = string, nil end
  for _ = 1, 20 do
    if type(object) == "table" then
      for name, value in next, object do found_name(name, value) end
    end
    if not meta then return end
    for _, part in ipairs { "methods", "properties" } do -- our own classes
      local fields = rawget(meta, part)
      for name in next, type(fields) == "table" and fields or {} do
        found_name(name, part == "methods" and print or nil)
      end
    end
    if rawget(meta, "methods") then found_name("options") end
    object = rawget(meta, "__index")
    meta = type(object) == "table" and debug.getmetatable(object) or nil
    if type(object) ~= "table" then return end
  end
end

-- The value of "a.b.c" or nil.
local function value_of(path)
  local value
  for name in path:gmatch "[%a_][%w_]*" do
    if value == nil then
      value = raw_field(_G, name)
    else
      value = raw_field(value, name)
    end
    if value == nil then return nil end
  end
  return value
end

-- The names of the options that may stand here: before is "... mf.sgd{ N = 1, ".
local function option_names(before)
  local flat = before:gsub("%b{}", ""):gsub("%b()", "") -- what is closed does not matter
  local callee, inside = flat:match "([%a_][%w_.]*)%s*%(?%s*{([^{}]*)$"
  local callable = callee and value_of(callee)
  local record = callable ~= nil and mf._docs[callable]
  local names = {}
  if record and record.fields and (inside:match "^%s*$" or inside:match "[,;]%s*$") then
    for _, field in ipairs(record.fields) do names[#names + 1] = field.name .. " = " end
  end
  return names
end

-- Words that begin with `word` and may follow the text `before`, in alphabetical order.
function repl.complete(before, word)
  local words, seen = {}, {}
  local function offer(name)
    if type(name) == "string" and name:sub(1, #word) == word and name:match "^[%a_][%w_]*[ =]*$" and not seen[name]
      and (word:sub(1, 1) == "_" or name:sub(1, 1) ~= "_") then
      seen[name] = true
      words[#words + 1] = name
    end
  end
  local path, joint = before:match "([%a_][%w_.]*)%s*([.:])%s*$"
  if path then
    local object = value_of(path)
    if object ~= nil then
      each_field(object, function(name, value)
        if joint == "." or type(value) == "function" then offer(name) end
      end)
    end
  elseif not before:match "[.:]%s*$" or before:match "%.%.%s*$" then
    for _, name in ipairs(option_names(before)) do offer(name) end
    if #words == 0 and (word ~= "" or not before:match "^%s*$") then
      each_field(_G, offer)
      for _, name in ipairs(keywords) do offer(name) end
    end
  end
  table.sort(words)
  return words
end

return repl
