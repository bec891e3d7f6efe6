-- The text of a program's script as it was when its experiment began: people edit scripts while they run.

local texts = {}

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

return script
