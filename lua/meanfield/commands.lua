-- The words that may stand in a script's place: `meanfield run fig1`. Each is a function of the
-- arguments behind it. Loaded before anything else: what a command needs is loaded by the command.

local commands = {}

function commands.kernel(...) return require "meanfield.kernel.command"(...) end

for _, name in ipairs { "list", "run", "results", "reproduce" } do
  commands[name] = function(...) return require "meanfield.run.program"(name, ...) end
end

-- commands(name): what to say of a word that is neither a script nor a command.
return setmetatable(commands, { __call = function(_, name)
  local names = {}
  for other in pairs(commands) do names[#names + 1] = other end
  table.sort(names)
  local near = require "meanfield.options".nearest(name, names)
  return ("; nor is it a command%s: --help lists them"):format(near and (" (did you mean '%s'?)"):format(near) or "")
end })
