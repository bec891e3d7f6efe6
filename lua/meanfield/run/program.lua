-- The commands about experiments: meanfield list, run, results and reproduce.

local bundle = require "meanfield.run.bundle"
local options = require "meanfield.options"

local program = {}

local function wants_help(args) return args[1] == "--help" or args[1] == "-h" end

-- ---- list --------------------------------------------------------------------------------------

-- A line cut at a word.
local function shortened(text, width)
  if utf8.len(text) <= width then return text end
  return (text:sub(1, utf8.offset(text, width - 3) - 1):gsub("%s%S*$", "")) .. " ..."
end

function program.list(args)
  if #args > 0 then
    io.stdout:write "usage: meanfield list\n\nThe experiments that come with the program, for meanfield run NAME.\n"
    return wants_help(args) and 0 or 2
  end
  for _, name in ipairs(bundle.names()) do print(("%-16s %s"):format(name, shortened(bundle.line(name), 102))) end
  return 0
end

-- ---- run -----------------------------------------------------------------------------------------

function program.run(args)
  local name = table.remove(args, 1)
  if not name or name == "--help" or name == "-h" then
    io.stdout:write [[
usage: meanfield run NAME [--quick] [--set key=value]... [--out DIR] [--fresh] [--force]

Runs an experiment that comes with the program (meanfield list); NAME --help tells of its options.
]]
    return name and 0 or 2
  end
  local path = bundle.find("run", name)
  local script, behind, i = assert(loadfile(path)), table.move(args, 1, #args, 1, { [0] = path }), -1
  while arg[i] do behind[i], i = arg[i], i - 1 end
  rawset(_G, "arg", behind) -- as if the script stood on the command line
  script(table.unpack(args))
  return 0
end

-- ---- results -----------------------------------------------------------------------------------------

local read_value

function read_value(text)
  if text:find "," then
    local list = {}
    for item in text:gmatch "[^,]+" do list[#list + 1] = read_value(item) end
    return list
  end
  if text == "true" or text == "false" then return text == "true" end
  return tonumber(text) or text == "inf" and math.huge or text
end

-- No runs of that name: a slip, perhaps, for one of those there are or that come with the program.
local function check_name(asked, runs)
  local names = bundle.names()
  for _, run in ipairs(runs) do names[#names + 1] = run.name end
  local near = options.nearest(asked.name, names)
  if near and near ~= asked.name then
    options.raise("results: no experiment '%s' (did you mean '%s'?); meanfield list shows them", asked.name, near)
  end
end

function program.results(args)
  local asked, i = { where = {} }, 1
  while args[i] do
    local key, value = (args[i + 1] or ""):match "^([%w_]+)=(.*)$"
    if args[i] == "--where" and key then
      asked.where[key], i = read_value(value), i + 1
    elseif args[i] == "--out" and args[i + 1] then
      asked.folder, i = args[i + 1], i + 1
    elseif args[i]:find "^%-" or asked.name then
      io.stdout:write [[
usage: meanfield results [NAME] [--where key=value]... [--out DIR]

A table of earlier runs, of all experiments or of one, with options of these values; DIR: results.
]]
      return wants_help(args) and 0 or 2
    else
      asked.name = args[i]
    end
    i = i + 1
  end
  local results = require "meanfield.run.results"
  local list = results.list(asked)
  if #list == 0 and asked.name then check_name(asked, results.list { folder = asked.folder }) end
  print(results.text(list))
  return 0
end

-- ---- all ---------------------------------------------------------------------------------------------

function program.reproduce(args) return require "meanfield.run.reproduce"(table.unpack(args)) end

-- Ends an interrupted command, with the exit code that the signal asks for and without a traceback.
local function stop(name)
  local text = name .. ": interrupted" .. (name == "reproduce" and "; the same command goes on where it was" or "")
  error(setmetatable({}, { __tostring = function() return text end }))
end

-- Calls one; what is wrong with its arguments is a line, without a traceback, and exit code 2.
return function(name, ...)
  local args = { ... }
  if name == "run" then -- errors of the script are its own
    local ok, message = pcall(bundle.find, "run", args[1] or "--help")
    if not ok and args[1] and not args[1]:find "^%-" then
      io.stderr:write((tostring(message):gsub("^[^\n]-:%d+: ", "")), "\n")
      os.exit(2, true)
    end
    local code = program.run(args)
    if code > 0 then os.exit(code, true) end
    return
  end
  local ok, code = pcall(program[name], args)
  if not ok then
    if tostring(code):find "interrupted" then stop(name) end
    io.stderr:write((tostring(code):gsub("^[^\n]-:%d+: ", "")), "\n")
    code = 2
  end
  if code > 0 then os.exit(code, true) end
end
