-- mf.strict(): a misspelt global is an error where it stands, not a nil that travels.
--
-- Read: every global must exist. Written: a new one may be made by a main chunk (a script, a line at
-- the prompt), not inside a function, where a forgotten `local` would make it. Names that begin with
-- _ are free.

local help = require "meanfield.prompt.help"
local options = require "meanfield.options"

local guard = {}

function guard.__index(globals, name)
  if type(name) ~= "string" or name:sub(1, 1) == "_" then return nil end
  local names = {}
  for other in next, globals do if type(other) == "string" then names[#names + 1] = other end end
  table.sort(names)
  local near = options.nearest(name, names)
  error(("there is no global '%s'%s"):format(name, near and (" (did you mean '%s'?)"):format(near) or ""), 2)
end

function guard.__newindex(globals, name, value)
  local what = debug.getinfo(2, "S").what
  if what == "Lua" and type(name) == "string" and name:sub(1, 1) ~= "_" then
    error(("assignment to the new global '%s' inside a function: is a 'local' missing?"):format(name), 2)
  end
  rawset(globals, name, value)
end

local function strict(on)
  local meta = getmetatable(_G)
  if meta ~= nil and meta ~= guard then options.raise("mf.strict: the globals have a metatable of another kind") end
  if on ~= nil and type(on) ~= "boolean" then
    options.raise("mf.strict: expected true, false or nothing, got %s", options.shown(on))
  end
  setmetatable(_G, on ~= false and guard or nil)
end

help.document(strict, { name = "mf.strict", signature = "mf.strict([on])",
  text = "From here on, reading a global that does not exist is an error that names the nearest one, and so is making "
         .. "a new global inside a function. mf.strict(false) ends it. Names that begin with _ are free." })

return strict
