-- Values as text that tells one from another: functions by their text, the values they capture (those of
-- functions they capture too) and the globals they name; modules by the files of all that is loaded; objects by the
-- options they were made with, runs and solvers by their state too; arrays and measures by their numbers.

local plain = require "meanfield.run.plain"
local script = require "meanfield.run.script"
local process = require "meanfield.native".process

local fingerprint = {}

local function function_text(fn)
  local info = debug.getinfo(fn, "S")
  local source = info.source
  local text = source:sub(1, 1) == "@" and script.text(source:sub(2))
  if not text and source:find "^[@=]" then return string.dump(fn, true) end -- text not at hand
  source = text or source
  local lines, n = {}, 0
  for line in (source .. "\n"):gmatch "(.-)\n" do
    n = n + 1
    if n >= info.linedefined and n <= info.lastlinedefined then lines[#lines + 1] = line end
  end
  local _, beginnings = (lines[1] or ""):gsub("%f[%w_]function%f[^%w_]", "")
  if beginnings ~= 1 then lines[#lines + 1] = string.dump(fn, true) end -- lines do not say which function it is
  return table.concat(lines, "\n")
end

local describe

-- The globals that a function's text names, in the order of their names; those of Lua are no news.
local function describe_globals(text, env, seen)
  local names, parts = {}, {}
  for name in text:gmatch "[%a_][%w_]*" do
    local value = rawget(env, name)
    local ours = type(value) == "function" and debug.getinfo(value, "S").what == "C" or package.loaded[name] == value
    if value ~= nil and not ours and name ~= "arg" and not names[name] then
      names[name], names[#names + 1] = true, name
    end
  end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = ("\n%s = %s"):format(name, describe(rawget(env, name), seen)) end
  if text:find "%f[%w_]require%f[^%w_]" then parts[#parts + 1] = "\n" .. script.loaded_text() end
  return table.concat(parts)
end

local function describe_function(fn, seen)
  local text = function_text(fn)
  local parts = { "function ", text }
  for i = 1, math.huge do
    local name, value = debug.getupvalue(fn, i)
    if not name then break end
    if name == "_ENV" then parts[#parts + 1] = type(value) == "table" and describe_globals(text, value, seen) or ""
    else parts[#parts + 1] = ("\n%s = %s"):format(name, describe(value, seen)) end
  end
  return table.concat(parts)
end

-- In the order of the keys, never in that of pairs(): it differs from run to run. (pairs, not next: the options of
-- an experiment's run are behind a table that only reads.)
local function describe_table(value, seen)
  local keys, parts = {}, {}
  for key in pairs(value) do
    local kind = type(key)
    if kind == "string" or kind == "number" or kind == "boolean" then keys[#keys + 1] = plain.encode(key) end
  end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = key .. "=" .. describe(value[plain.decode(key)], seen) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function module_name(value)
  local first
  for name, module in pairs(package.loaded) do
    if module == value and (not first or name < first) then first = name end
  end
  return first
end

-- A module by its name and what the user has loaded: it may call any of that. The library is the program's.
local function describe_module(name)
  local own = not (name .. "."):find "^meanfield%." and package.searchpath(name, package.path)
  return ("module %s %s"):format(name, own and script.loaded_text() or "")
end

-- The name of a C function, as far as modules lead to it.
local function c_function_name(fn)
  local names = {}
  local function look(prefix, holder, depth)
    for key, value in next, holder do
      local name = type(key) == "string" and prefix .. "." .. key
      if name and value == fn then names[#names + 1] = name end
      if name and type(value) == "table" and depth < 2 and key ~= "loaded" and key ~= "_G" then
        look(name, value, depth + 1)
      end
    end
  end
  look("", package.loaded, 0)
  table.sort(names)
  return "function " .. (names[1] or "")
end

-- Objects that are nothing but their numbers.
local contents = {
  ["mf.array"] = process.hash,
  ["mf.measure"] = function(m) return m.space .. process.hash(m:atoms()) .. process.hash(m:weights()) end,
}

-- What a captured value contributes. Numbers count themselves; other objects by the options they were made with.
function describe(value, seen)
  local kind = type(value)
  if kind == "thread" then return kind end
  if kind == "function" and debug.getinfo(value, "S").what == "C" then return c_function_name(value) end
  if kind ~= "table" and kind ~= "function" and kind ~= "userdata" then return plain.encode(value) end
  if seen[value] then return "#" .. seen[value] end
  seen.n = seen.n + 1
  seen[value] = seen.n
  local module = module_name(value)
  if module then return describe_module(module) end
  if kind == "function" then return describe_function(value, seen) end
  local meta = getmetatable(value)
  if type(meta) == "table" and contents[meta.__name] then return meta.__name .. " " .. contents[meta.__name](value) end
  if type(meta) == "table" and meta.__name and (kind == "userdata" or meta.__name:find "^mf%.") then
    local ok, options = pcall(function() return value.options end)
    local quick = meta.__name == "mf.experiment.run" and value.quick and " quick " or ""
    local state, image = pcall(meta.__image or error, value)
    return meta.__name .. quick .. (ok and type(options) == "table" and describe_table(options, seen) or "")
           .. (state and process.hash(image) or "")
  end
  if kind ~= "table" then return kind end
  return describe_table(value, seen) .. (type(meta) == "table" and " of " .. describe(meta, seen) or "")
end

-- The text of a value. Where it captures the object `own` that is of no account.
function fingerprint.describe(value, own)
  local seen = { n = 0 }
  if own ~= nil then seen[own] = 0 end
  return describe(value, seen)
end

return fingerprint
