-- The experiments that come with the program: scripts beside the library, in the source tree and where it is
-- installed. What they show is said by their heads.

local options = require "meanfield.options"
local native = require "meanfield.native"

local bundle = {}

bundle.folder = debug.getinfo(1, "S").source:match "^@(.*/)lua/meanfield/run/" .. "experiments"

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

-- Figures first, then statements by their kind, then all others.
local ranks = { fig = 1, lemma = 2, proposition = 3, theorem = 4 }

local function rank(name) return ranks[name:match "^%a+"] or 5 end

local function before(a, b)
  if rank(a) ~= rank(b) then return rank(a) < rank(b) end
  return a < b
end

-- The names of all, in the order in which they are shown.
function bundle.names()
  local names = {}
  for _, file in ipairs(native.file.list(bundle.folder) or {}) do
    local name = file:match "^([%w_-]+)%.lua$"
    local text = name and read(bundle.folder .. "/" .. file)
    if text and text:find("mf.experiment", 1, true) then names[#names + 1] = name end
  end
  table.sort(names, before)
  return names
end

function bundle.path(name) return ("%s/%s.lua"):format(bundle.folder, name) end

-- The comment that opens a script's text: a list of paragraphs.
function bundle.head(text)
  local paragraphs, lines = {}, {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local comment = line:match "^%-%-%s?(.*)$"
    if comment and comment ~= "" then lines[#lines + 1] = comment end
    if comment == "" or not comment and not line:find "^#!" then
      if #lines > 0 then paragraphs[#paragraphs + 1] = table.concat(lines, " ") end
      lines = {}
      if not comment then break end
    end
  end
  return paragraphs
end

-- The first sentence of a head.
function bundle.sentence(head)
  local first = head[1] or ""
  return first:match "^(.-[.?!]) %u" or first
end

-- A line about an experiment.
function bundle.line(name) return bundle.sentence(bundle.head(read(bundle.path(name)) or "")) end

-- The path of an experiment's script, by its name or as a path; an error names the nearest.
function bundle.find(where, name)
  if name:find "%.lua$" and read(name) then return name end
  if read(bundle.path(name)) then return bundle.path(name) end
  local near = options.nearest(name, bundle.names())
  options.raise("%s: no experiment '%s'%s; meanfield list shows them", where, name,
                near and (" (did you mean '%s'?)"):format(near) or "")
end

return bundle
