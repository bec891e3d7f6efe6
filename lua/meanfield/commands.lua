-- The words that may stand in a script's place: `meanfield kernel install`. Each is a function of the
-- arguments behind it. Loaded before anything else: what a command needs is loaded by the command.

local commands = {}

function commands.kernel(...) return require "meanfield.kernel.command"(...) end

return commands
