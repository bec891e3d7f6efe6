-- meanfield: two-layer networks in the limit of many neurons.
-- The native primitives, and on top of them what is better said in Lua, loaded when first used.

local mf = require "meanfield.native"
local options = require "meanfield.options"

mf._lua_parts = { experiment = "run.experiment", fit = "run.fit", help = "prompt.help", plot = "plot",
                  results = "run.results",
                  strict = "prompt.strict", sweep = "run.sweep" }

-- Reading what a module lacks is an error that names the nearest of what it has.
local function strict(name, module)
  local meta = getmetatable(module) or {}
  function meta.__index(_, key)
    if type(key) ~= "string" or key:sub(1, 1) == "_" then return nil end
    local names = {}
    for other in pairs(module) do names[#names + 1] = other end
    if module == mf then for other in pairs(mf._lua_parts) do names[#names + 1] = other end end
    table.sort(names)
    local near = options.nearest(key, names)
    error(("%s has no '%s'%s"):format(name, key, near and (" (did you mean '%s'?)"):format(near)
      or "; help(" .. name .. ") lists what it has"), 2)
  end
  return setmetatable(module, meta)
end

for name, member in pairs(mf) do
  if type(member) == "table" and name:sub(1, 1) ~= "_" then strict("mf." .. name, member) end
end

local unknown = getmetatable(strict("mf", mf)).__index

getmetatable(mf).__index = function(_, key)
  local part = mf._lua_parts[key]
  if not part then return unknown(_, key) end
  local value = require("meanfield." .. part)
  if type(value) == "table" then strict("mf." .. key, value) end
  rawset(mf, key, value)
  return value
end

return mf
