-- Values as text that tells one from another: functions by their text and the values they capture (those of
-- functions they capture too), objects by the options they were made with, arrays and measures by their numbers.

local plain = require "meanfield.run.plain"
local process = require "meanfield.native".process

local fingerprint = {}

local function function_text(fn)
  local info = debug.getinfo(fn, "S")
  local source = info.source
  local file = source:sub(1, 1) == "@" and io.open(source:sub(2))
  if file then source = file:read "a" file:close() end
  if not file and source:find "^[@=]" then return string.dump(fn, true) end -- text not at hand
  local lines, n = {}, 0
  for line in (source .. "\n"):gmatch "(.-)\n" do
    n = n + 1
    if n >= info.linedefined and n <= info.lastlinedefined then lines[#lines + 1] = line end
  end
  return table.concat(lines, "\n")
end

local describe

local function describe_function(fn, seen)
  local parts = { "function ", function_text(fn) }
  for i = 1, math.huge do
    local name, value = debug.getupvalue(fn, i)
    if not name then break end
    if name ~= "_ENV" then parts[#parts + 1] = ("\n%s = %s"):format(name, describe(value, seen)) end
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

-- Objects that are nothing but their numbers.
local contents = {
  ["mf.array"] = process.hash,
  ["mf.measure"] = function(m) return m.space .. process.hash(m:atoms()) .. process.hash(m:weights()) end,
}

-- What a captured value contributes. Numbers count themselves; other objects by the options they were made with.
function describe(value, seen)
  local kind = type(value)
  if kind == "thread" or kind == "function" and debug.getinfo(value, "S").what == "C" then return kind end
  if kind ~= "table" and kind ~= "function" and kind ~= "userdata" then return plain.encode(value) end
  if seen[value] then return "#" .. seen[value] end
  seen.n = seen.n + 1
  seen[value] = seen.n
  local module = module_name(value)
  if module then return "module " .. module end
  if kind == "function" then return describe_function(value, seen) end
  local meta = getmetatable(value)
  if type(meta) == "table" and contents[meta.__name] then return meta.__name .. " " .. contents[meta.__name](value) end
  if type(meta) == "table" and meta.__name then
    local ok, options = pcall(function() return value.options end)
    local quick = meta.__name == "mf.experiment.run" and value.quick and " quick " or ""
    return meta.__name .. quick .. (ok and type(options) == "table" and describe_table(options, seen) or "")
  end
  return kind == "table" and describe_table(value, seen) or kind
end

-- The text of a value.
function fingerprint.describe(value)
  return describe(value, { n = 0 })
end

return fingerprint
