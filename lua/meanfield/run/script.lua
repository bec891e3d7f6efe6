-- The text of a program's script as it was when its experiment began, and the checksums of what it has loaded: people
-- edit scripts while they run.

local native = require "meanfield.native"

local texts = {}
local library = debug.getinfo(1, "S").source:match "^@(.*/)run/" -- lua/meanfield/
local sums = {} -- of the user's own modules and data, as they were first seen: { path = checksum }

local script = {}

function script.read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

-- Remembers a script that runs; its text, or nil.
function script.hold(path)
  texts[path] = texts[path] or script.read(path)
  return texts[path]
end

-- The text that runs, where it is a script's, or what the file holds now; nil without a file.
function script.text(path) return texts[path] or script.read(path) end

-- A module or data that the script has loaded.
function script.look_at(path)
  if path and path:sub(1, #library) ~= library then
    sums[path] = sums[path] or native.process.hash(script.read(path) or "")
  end
end

local found = {} -- the paths of modules

-- What has been loaded that is not of the library: { path = checksum }.
function script.loaded()
  for name in pairs(package.loaded) do
    if type(name) == "string" and found[name] == nil then
      found[name] = package.searchpath(name, package.path) or false
      script.look_at(found[name] or nil)
    end
  end
  return sums
end

-- The same as one text, wherever it lies.
function script.loaded_text()
  local list = {}
  for _, sum in pairs(script.loaded()) do list[#list + 1] = sum end
  table.sort(list)
  return table.concat(list, " ")
end

return script
