-- The words that may stand in a script's place: `meanfield run fig1`. Each is a function of the
-- arguments behind it. Loaded before anything else: what a command needs is loaded by the command.

local commands = {}

function commands.kernel(...) return require "meanfield.kernel.command"(...) end

for _, name in ipairs { "list", "run", "results", "reproduce" } do
  commands[name] = function(...) return require "meanfield.run.program"(name, ...) end
end

return commands
