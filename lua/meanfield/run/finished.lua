-- Runs that came to their end: NAME.finished in the folder of the results says what made them and what they
-- printed. The same command then shows that again, if what it wrote is there as it was. What made them: the
-- options, the script, the modules that it loaded, the files that mf.data.read and mf.store.read read, this program.
-- Files that a script reads in other ways are not looked at: --force runs it again.

local command = require "meanfield.run.command"
local options = require "meanfield.options"
local plain = require "meanfield.run.plain"
local script_file = require "meanfield.run.script"
local native = require "meanfield.native"

local hash = native.process.hash

local finished = {}

local library = debug.getinfo(1, "S").source:match "^@(.*/)run/" -- lua/meanfield/

local read = script_file.read

-- The checksums of all Lua files below a folder, in their order.
local function describe_folder(folder, parts)
  local names = native.file.list(folder) or {}
  table.sort(names)
  for _, name in ipairs(names) do
    if name:find "%.lua$" then
      parts[#parts + 1] = name .. " " .. hash(read(folder .. name) or "")
    elseif not name:find "%." then
      describe_folder(folder .. name .. "/", parts)
    end
  end
  return parts
end

local code -- the checksum of this program, its native part and its Lua

local function program()
  code = code or hash(table.concat(describe_folder(library, { native.process.code() }), "\n"))
  return code
end

-- What stands before the script on the command line, -e perhaps; threads change nothing.
local function before_script()
  local parts, i = {}, -1
  while arg[i] do i = i - 1 end
  for k = i + 2, -1 do
    local threads = arg[k]:find "^%-%-threads" or arg[k - 1] == "--threads"
    if not threads then parts[#parts + 1] = arg[k] end
  end
  return table.concat(parts, "\n")
end

local function identity(spec, values, script)
  local parts = { program(), before_script(), script_file.text(script) or "" }
  for _, key in ipairs(command.sorted_keys(values)) do
    parts[#parts + 1] = key .. "=" .. options.listed(values[key])
  end
  parts[#parts + 1] = spec.name
  return hash(table.concat(parts, "\n"))
end

-- Looks at modules when they are loaded, too: a first searcher that never finds, but sees what the others will.
local function watch_modules()
  table.insert(package.searchers, 1, function(name) script_file.look_at(package.searchpath(name, package.path)) end)
  watch_modules = function() end
end

-- An experiment begins: what is edited from here on was not what ran.
function finished.begin(script)
  script_file.hold(script)
  script_file.loaded()
  watch_modules()
  native.file.watch(script_file.look_at)
  program()
end

-- Numbers must be as they were; a figure may be drawn anew from its .gp.
local function sum_of(path, text) return (path:find "%.tsv$" or path:find "%.h5$") and hash(text) or nil end

local function path_of(folder, name) return ("%s/%s.finished"):format(folder, name) end

-- The record of a finished run of these options, or nil.
function finished.find(spec, values, script, folder)
  local ok, record = pcall(plain.decode, read(path_of(folder, spec.name)) or "")
  if not ok or type(record) ~= "table" or type(record.sums) ~= "table" then return nil end
  if record.identity ~= identity(spec, values, script) then return nil end
  for path, sum in pairs(record.modules) do
    if hash(read(path) or "") ~= sum then return nil end
  end
  for _, path in ipairs(record.files) do
    local text = read(folder .. "/" .. path)
    if not text or record.sums[path] ~= sum_of(path, text) then return nil end
  end
  return record
end

-- Shows it: the exit code.
function finished.show(spec, record, folder)
  io.stderr:write(("%s: finished before with these options, script and version; --force runs it again\n"):format(
    spec.name))
  io.stdout:write(record.printed)
  local paths = {}
  for i, name in ipairs(record.files) do paths[i] = folder .. "/" .. name end
  print("in " .. table.concat(paths, ", "))
  return record.failed and 1 or 0
end

-- Remembers that the script of a run has come to its end.
function finished.note(run)
  local written = {}
  for _, path in ipairs(run._written) do written[path] = sum_of(path, read(run.out .. "/" .. path) or "") end
  local record = { identity = identity(run._spec, run.options, run._script), modules = script_file.loaded(),
                   files = run._written, sums = written, printed = table.concat(run._printed),
                   failed = run._sentinel.failed }
  native.file.replace(path_of(run.out, run.name), plain.encode(record, "finished") .. "\n")
end

function finished.forget(folder, name) os.remove(path_of(folder, name)) end

return finished
