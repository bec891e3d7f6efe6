-- meanfield: two-layer networks in the limit of many neurons.
-- The native primitives, and on top of them what is better said in Lua.

local mf = require "meanfield.native"

return mf
