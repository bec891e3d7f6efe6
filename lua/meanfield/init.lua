-- meanfield: two-layer networks in the limit of many neurons.
-- The native primitives, and on top of them what is better said in Lua, loaded when first used.

local mf = require "meanfield.native"

local lua_parts = { plot = "meanfield.plot", experiment = "meanfield.experiment", help = "meanfield.help" }

return setmetatable(mf, {
  __index = function(_, key)
    local part = lua_parts[key]
    if not part then return nil end
    local value = require(part)
    rawset(mf, key, value)
    return value
  end,
})
