-- meanfield: two-layer networks in the limit of many neurons.
-- The native primitives, and on top of them what is better said in Lua, loaded when first used.

local mf = require "meanfield.native"

mf._lua_parts = { experiment = "run.experiment", help = "prompt.help", plot = "plot", sweep = "run.sweep" }

return setmetatable(mf, {
  __index = function(_, key)
    local part = mf._lua_parts[key]
    if not part then return nil end
    local value = require("meanfield." .. part)
    rawset(mf, key, value)
    return value
  end,
})
