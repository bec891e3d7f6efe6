-- mf.experiment: what every experiment script needs around its loop.
--
-- The parts: command.lua reads the command line and names the folder, records.lua keeps the rows,
-- checks.lua the claims, save.lua writes figures, data and provenance. Here they become one object.
-- A failed check makes the program's exit code 1, by a finaliser that runs when Lua closes.

local command = require "meanfield.run.command"
local finished = require "meanfield.run.finished"
local help = require "meanfield.prompt.help"
local keep = require "meanfield.run.keep"
local options = require "meanfield.options"
local records = require "meanfield.run.records"
local native = require "meanfield.native"

local raise, sorted_keys = options.raise, command.sorted_keys

local Run = {}
local parts = { records, require "meanfield.run.checks", (require "meanfield.run.save") }
for _, part in ipairs(parts) do
  for name, method in pairs(part.methods) do Run[name] = method end
end

local fields = {
  { "name", "string", nil, required = true, expected = "a name of letters, digits, _ and -",
    text = "names the results folder and its files" },
  { "options", "table", {}, expected = "a table { key = default }",
    text = "what --set may change; the default fixes the type" },
  { "quick", "table", {}, expected = "a table { key = value }", text = "the defaults under --quick" },
  { "columns", "table", {}, expected = "a list of names",
    text = "columns in the order of tables; what is not listed follows by the alphabet" },
  { "about", "table", {}, expected = "a table { column = text or { label =, units =, equation = } }",
    text = "what columns are: attributes of the data in the .h5; common names are known" },
  { "claim", "string", nil, text = "what the paper says, for the report (meanfield reproduce); default: the first "
                                   .. "sentence of the script's head, if it names an item of the paper" },
  { "args", "table", nil, expected = "a list of strings", text = "arguments instead of the command line's" },
}

-- ---- output times ---------------------------------------------------------------------------

-- A list of times as it was given.
local function checked_times(list)
  list = options.numbers("run:times", "times", list)
  for i = 1, #list do
    if not (list[i] >= 0 and list[i] < math.huge) or i > 1 and list[i] < list[i - 1] then
      raise("run:times: times must be finite, >= 0 and not decrease; times[%d] is %s", i, tostring(list[i]))
    end
  end
  return list
end

-- Several lists as one that increases; every time is one of those given, to the bit.
local function merged_times(lists)
  local all, seen = {}, {}
  for _, list in ipairs(lists) do
    for _, t in ipairs(checked_times(list)) do
      if not seen[t] then all[#all + 1] = t end
      seen[t] = true
    end
  end
  table.sort(all)
  return all
end

function Run:times(list, ...)
  -- run.times is this method even where an option has its name: then the option is meant
  if list == nil or list == Run.times then list = self.options.times end
  list = select("#", ...) > 0 and merged_times { list, ... } or checked_times(list)
  local i = 0
  native._horizon(list[#list]) -- one progress bar for all that advances the time
  return function()
    i = i + 1
    if list[i] ~= nil then return list[i], i end
    native._horizon()
  end
end

-- ---- the object -------------------------------------------------------------------------------

local meta = { __name = "mf.experiment.run" }
options.methods(Run, "run", meta)

local function fixed_option(name, key)
  raise("%s: run.%s is read-only: it is an option, set by --set %s=...", name, key, key)
end

-- run.options: the values to be read and run through.
local function read_only(name, values)
  return setmetatable({}, {
    __index = values,
    __pairs = function() return next, values end,
    __newindex = function(_, key)
      if values[key] ~= nil then fixed_option(name, key) end
      raise("%s: run.options.%s cannot be set: options are named in mf.experiment", name, tostring(key))
    end })
end

-- What can be read from a run.
local function known_names(self)
  local names = sorted_keys(self.options)
  for _, key in ipairs(sorted_keys(Run)) do names[#names + 1] = key end
  for _, key in ipairs { "name", "out", "quick", "options" } do names[#names + 1] = key end
  return names
end

function meta.__index(self, key)
  if Run[key] ~= nil then return Run[key] end
  local value = rawget(self, "_facts")[key]
  if value == nil then value = rawget(self, "_facts").options[key] end
  if value == nil and type(key) == "string" and key:sub(1, 1) ~= "_" then
    local near = options.nearest(key, known_names(self))
    raise("%s: this run has no '%s'%s; its options: %s", self.name, key,
          near and (" (did you mean '%s'?)"):format(near) or "", table.concat(sorted_keys(self.options), ", "))
  end
  return value
end

local command_line = { out = ": it is set by --out DIR", quick = ": it is set by --quick" }

-- What a script keeps for itself belongs into locals: a value set here would hide the option recorded.
function meta.__newindex(self, key, value)
  if type(key) == "string" and key:sub(1, 1) == "_" then return rawset(self, key, value) end
  if self.options[key] ~= nil then
    fixed_option(self.name, key)
  elseif self._facts[key] ~= nil or Run[key] then
    raise("%s: run.%s is read-only%s", self.name, key, command_line[key] or "")
  end
  raise("%s: run.%s cannot be set: a run holds its options; keep other values in locals", self.name, tostring(key))
end

function meta.__tostring(self)
  local entries = {}
  for i, key in ipairs(sorted_keys(self.options)) do
    entries[i] = ("%s = %s"):format(key, options.listed(self.options[key]))
  end
  return ("%s %s{ %s }"):format(meta.__name, self.name, table.concat(entries, ", "))
end

-- The script's path; nil at a prompt and after -e, where `arg` holds the interpreter's own options.
local function script_path()
  return type(arg) == "table" and arg[-1] ~= nil and arg[0] or nil
end

-- Whether a prompt follows the script.
local function prompt_follows()
  local i = -1
  while arg[i] do
    if arg[i] == "-i" then return true end
    i = i - 1
  end
  return false
end

-- Nothing is needed of a run's states any more, unless another run has begun since it was saved.
local function settle(run)
  local lock <close> = run._lock or native.file.hold(run.out)
  if not lock or native.process.rank() > 0 then return end
  if run._ended and run._saved then finished.note(run) end
  keep.remove(run)
end

-- A script has ended, well or not (nil: another program than ours, which does not say).
local function settle_at_end(run)
  local well = native.process.ended()
  if well == false or not (well or run._saved) then return end
  run._ended = well
  settle(run)
end

-- What a script that an error, Ctrl-C or a signal has ended tells of the way on.
local function tell_the_way_on(run)
  if native.process.ended() ~= false or run._saved or native.process.rank() > 0 or not keep.has(run) then return end
  local how = run._fresh and "the same command without --fresh" or "the same command"
  io.stderr:write(("%s: not finished; %s goes on where it was\n"):format(run.name, how))
end

-- An error about a value that --set has given, as a line without a traceback; nil for others.
local function explain(run, found, message)
  local text = message:match("^[^\n]*"):gsub("^.-:%d+: ", "")
  for _, pair in ipairs(text:find " must be " and found.set or {}) do
    local value = run.options[pair[1]]
    for _, item in ipairs(type(value) == "table" and value or { value }) do
      local shown = options.shown(item)
      if text:match ", got (.*)$" == shown or text:match(pair[1] .. " = ([^ ,)]*)") == shown then
        run._refused = true
        return ("%s: --set %s=%s: %s"):format(run.name, pair[1], pair[2], text)
      end
    end
  end
end

-- Runs when Lua closes: says where unsaved rows are, and turns a failed check into exit code 1, a refused --set into 2.
local sentinel_meta = {
  __gc = function(sentinel)
    local left = records.left_behind(sentinel.run)
    if left then io.stderr:write(("%s: %s\n"):format(sentinel.run.name, left)) end
    tell_the_way_on(sentinel.run)
    if sentinel.run._script and not sentinel.stay then settle_at_end(sentinel.run) end
    if sentinel.run._refused then os.exit(2) end
    if sentinel.failed and not sentinel.stay and native.process.ended() ~= false then os.exit(1) end
  end,
}

local function check_spec(spec)
  if not spec.name:find "^[%w_-]+$" then
    raise("mf.experiment: option 'name' must be a name of letters, digits, _ and -, got '%s'", spec.name)
  end
  for key, default in pairs(spec.options) do
    if type(key) ~= "string" or not key:find "^[%a][%w_]*$" then
      raise("mf.experiment: '%s' is no name for an option", tostring(key))
    end
    if Run[key] and key ~= "times" or ({ name = 1, out = 1, quick = 1, options = 1 })[key] then
      raise("mf.experiment: option '%s' has the name of a part of the run; choose another", key)
    end
    if not command.kind_of(default) then
      raise("mf.experiment: option '%s' must default to a number, string, boolean or list, got %s", key,
            options.shown(default))
    end
  end
end

-- A wrong entry is found now, not when all has been computed.
local function check_about(about)
  for name, entry in pairs(about) do
    local good = type(name) == "string" and (type(entry) == "table" or type(entry) == "string")
    for key, text in pairs(good and type(entry) == "table" and entry or {}) do
      good = good and type(text) == "string" and (key == "label" or key == "units" or key == "equation")
    end
    if not good then
      raise("mf.experiment: option 'about': '%s' must be a text or { label =, units =, equation = } of texts",
            tostring(name))
    end
  end
end

local function start(spec, found, script, stay)
  check_about(spec.about)
  local values = command.resolve(spec, found)
  local run = { _facts = { name = spec.name, out = command.folder(spec, found, values), quick = found.quick or false,
                           options = read_only(spec.name, values) },
                _spec = spec, _script = script, _rows = {}, _checks = {}, _printed = {}, _written = {},
                _start = native._seconds(), _cpu = native._processor() }
  run._sentinel = { run = run, failed = false, stay = stay }
  if not spec.args then setmetatable(run._sentinel, sentinel_meta) end
  return setmetatable(run, meta)
end

-- Throws away what an earlier run of these options has left for this one.
local function start_over(run)
  for _, name in ipairs(native.file.list(run.out) or {}) do
    if name:find "%.points$" then os.remove(run.out .. "/" .. name) end
  end
  keep.remove(run)
end

-- The run of a script. One that has finished before is shown, and the program ends.
local function start_script(spec, found, script, stay)
  local run = start(spec, found, script, stay)
  if not stay then finished.begin(script) end
  if not (found.force or found.fresh or stay) then
    local record = finished.find(spec, run.options, script, run.out)
    if record then
      settle(run) -- killed after its end, it may have left states
      os.exit(finished.show(spec, record, run.out), true)
    end
  end
  if native.process.rank() == 0 then
    records.hold(run)
    finished.forget(run.out, run.name)
    if found.fresh then start_over(run) end
    run._fresh = found.fresh
  end
  if not stay then keep.start(run) end
  if not stay and package.preload["meanfield.host"] then
    require "meanfield.host".explain(function(message) return explain(run, found, message) end)
  end
  return run
end

local function experiment(given)
  local spec = options.read("mf.experiment", given, fields)
  check_spec(spec)
  if spec.args then -- an embedded run: errors are raised, and the program's exit code is its own affair
    return start(spec, command.parse(spec.name, spec.args), nil, true)
  end
  local script = script_path()
  if not script then
    native._run = start(spec, command.parse(spec.name, {}), nil, true)
    return native._run
  end
  local ok, run = pcall(function()
    local found = command.parse(spec.name, arg)
    if found.help then
      io.stdout:write(command.usage(spec, script))
      os.exit(0, true)
    end
    return start_script(spec, found, script, prompt_follows())
  end)
  if not ok then -- a mistyped command line deserves a line, not a traceback
    io.stderr:write((tostring(run):gsub("^[^\n]-:%d+: ", "")), "\n")
    os.exit(2, true)
  end
  native._run = run -- whose folder keeps the points of a sweep
  return run
end

-- ---- documentation ------------------------------------------------------------------------------

help.document(experiment, {
  name = "mf.experiment", signature = "mf.experiment{name=, options={...}, quick={...}} -> run",
  fields = options.records(fields),
  text = "A run of an experiment script: reads --set key=value, --out DIR, --quick and --help from the command line "
         .. "(strict). run.key is the value of an option, run.quick tells of --quick, run.out is the folder." })
local texts = { {
  { "times", "for t, i in run:times(list, ...) do",
    "Runs through output times, which must not decrease, with one progress bar for all of them; run:times() takes "
    .. "those of the option `times`. Of several lists it runs through all times in order, each once." } } }
for _, part in ipairs(parts) do texts[#texts + 1] = part.texts end
for _, list in ipairs(texts) do
  for _, m in ipairs(list) do
    help.document(Run[m[1]], { name = "mf.experiment.run:" .. m[1], signature = m[2], text = m[3] })
  end
end
help.class(Run, {
  name = "mf.experiment.run", text = "A run: see mf.experiment. run.key is the value of option key.",
  properties = { name = "the experiment's name", out = "folder of its results", quick = "whether --quick was given",
                 options = "all options and their values" } })

return experiment
