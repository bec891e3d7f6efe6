-- meanfield: two-layer networks in the limit of many neurons.
-- The native primitives, and on top of them what is better said in Lua, loaded when first used.

local mf = require "meanfield.native"

mf._lua_parts = { "experiment", "help", "plot", "sweep" }

local lua_part = {}
for _, name in ipairs(mf._lua_parts) do lua_part[name] = "meanfield." .. name end

return setmetatable(mf, {
  __index = function(_, key)
    local part = lua_part[key]
    if not part then return nil end
    local value = require(part)
    rawset(mf, key, value)
    return value
  end,
})
