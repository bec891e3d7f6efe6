-- The commands about experiments: meanfield list, run, results and reproduce.

local bundle = require "meanfield.run.bundle"
local native = require "meanfield.native"
local options = require "meanfield.options"

local program = {}

-- Ends the program with an error, without a traceback.
local function stop(text) error(setmetatable({}, { __tostring = function() return text end })) end

local function wants_help(args) return args[1] == "--help" or args[1] == "-h" end

-- ---- list --------------------------------------------------------------------------------------

-- A line cut at a word.
local function shortened(text, width)
  if utf8.len(text) <= width then return text end
  return (text:sub(1, utf8.offset(text, width - 3) - 1):gsub("%s%S*$", "")) .. " ..."
end

function program.list(args)
  if wants_help(args) then
    io.stdout:write "usage: meanfield list\n\nThe experiments that come with the program, for meanfield run NAME.\n"
    return 0
  end
  if #args > 0 then options.raise("list: unknown argument '%s'; it takes none", args[1]) end
  for _, name in ipairs(bundle.names()) do print(("%-16s %s"):format(name, shortened(bundle.line(name), 102))) end
  return 0
end

-- ---- run -----------------------------------------------------------------------------------------

-- The script that args name, or nil if they ask for help.
local function find_script(args)
  local name = args[1]
  if not name or wants_help(args) then
    io.stdout:write [[
usage: meanfield run NAME [--quick] [--set key=value]... [--out DIR] [--fresh] [--force]

Runs an experiment that comes with the program (meanfield list); NAME --help tells of its options.
]]
    if not name then os.exit(2, true) end
    return nil
  end
  if name:find "^%-" then options.raise("run: the name of an experiment comes first, got '%s'", name) end
  return bundle.find("run", name)
end

local function run(path, args)
  local script, message = loadfile(path)
  if not script then stop(message) end
  local behind, i = table.move(args, 2, #args, 1, { [0] = path }), -1
  while arg[i] do behind[i], i = arg[i], i - 1 end
  rawset(_G, "arg", behind) -- as if the script stood on the command line
  script(table.unpack(behind))
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

local usage = [[
usage: meanfield results [NAME] [--where key=value]... [--out DIR]

A table of earlier runs, of all experiments or of one, with options of these values; DIR: results.
]]

local function near_name(name, names)
  local near = options.nearest(name, names)
  return near and (" (did you mean '%s'?)"):format(near) or ""
end

local function read_results_arguments(args)
  local asked, i = { where = {} }, 1
  while args[i] do
    local a, next_one = args[i], args[i + 1] or ""
    local key, value = next_one:match "^([%w_]+)=(.*)$"
    if a == "--where" then
      if not key then options.raise("results: --where needs key=value, got '%s'", next_one) end
      asked.where[key], i = read_value(value), i + 1
    elseif a == "--out" then
      if next_one == "" then options.raise "results: --out needs a value" end
      asked.folder, i = next_one, i + 1
    elseif a:find "^%-" then
      options.raise("results: unknown argument '%s'%s", a, near_name(a, { "--where", "--out", "--help" }))
    elseif asked.name then
      options.raise("results: of one experiment or of all, got '%s' and '%s'", asked.name, a)
    else
      asked.name = a
    end
    i = i + 1
  end
  return asked
end

-- Nothing was found: a slip, perhaps, in what was asked for.
local function check_asked(asked, runs)
  local names, keys, known = bundle.names(), {}, {}
  for _, found in ipairs(runs) do
    names[#names + 1] = found.name
    for key in pairs(found.options) do keys[#keys + 1], known[key .. "="] = key, true end
  end
  for _, name in ipairs(names) do known[name] = true end
  local near = asked.name and not known[asked.name] and near_name(asked.name, names) or ""
  if near ~= "" then options.raise("results: no experiment '%s'%s; meanfield list shows them", asked.name, near) end
  for key in pairs(#runs > 0 and asked.where or {}) do
    if not known[key .. "="] then options.raise("results: no run has an option '%s'%s", key, near_name(key, keys)) end
  end
end

function program.results(args)
  if wants_help(args) then
    io.stdout:write(usage)
    return 0
  end
  local asked = read_results_arguments(args)
  if asked.folder then
    local names, message = native.file.list(asked.folder)
    if not names then options.raise("results: %s", message) end
  end
  local results = require "meanfield.run.results"
  local list = results.list(asked)
  local all = #list == 0 and (asked.name or next(asked.where)) and results.list { folder = asked.folder }
  if all then check_asked(asked, all) end
  print(results.text(list))
  return 0
end

-- ---- all ---------------------------------------------------------------------------------------------

program.run = find_script

function program.reproduce(args) return require "meanfield.run.reproduce"(table.unpack(args)) end

-- Calls one; what is wrong with its arguments is a line, without a traceback, and exit code 2.
return function(name, ...)
  local args = { ... }
  local ok, code = pcall(program[name], args) -- for run a path, or nil: errors of the script are its own
  if ok and name == "run" then return code and run(code, args) end
  if not ok then
    if tostring(code):find "interrupted" then -- the exit code is the signal's
      stop(name .. ": interrupted" .. (name == "reproduce" and "; the same command goes on where it was" or ""))
    end
    io.stderr:write((tostring(code):gsub("^[^\n]-:%d+: ", "")), "\n")
    code = 2
  end
  if code > 0 then os.exit(code, true) end
end
