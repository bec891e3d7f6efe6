-- mf.experiment: what every experiment script needs around its loop.
--
-- Options from the command line (strict), columns of results, claims checked as numbers, and
-- at the end figures, data and provenance in one folder. Every recorded row is appended to
-- <name>.partial.tsv at once, so nothing computed is lost to an error, Ctrl-C or a kill; saving
-- replaces it by <name>.tsv. Files hold no times of day: the same run writes the same bytes
-- (when it ran, and for how long, goes to <name>.log). A failed check makes the program's exit
-- code 1, by a finaliser that runs when Lua closes.

local help = require "meanfield.prompt.help"
local options = require "meanfield.options"
local native = require "meanfield.native"

local raise = options.raise

local Run = {}

local fields = {
  { "name", "string", nil, required = true, expected = "a name of letters, digits, _ and -",
    text = "names the results folder and its files" },
  { "options", "table", {}, expected = "a table { key = default }",
    text = "what --set may change; the default fixes the type" },
  { "quick", "table", {}, expected = "a table { key = value }", text = "the defaults under --quick" },
  { "columns", "table", {}, expected = "a list of names",
    text = "columns that come first in tables; the others come in the order of the script" },
  { "args", "table", nil, expected = "a list of strings", text = "arguments instead of the command line's" },
}

-- ---- reading the command line -------------------------------------------------------------

local number_words = { inf = math.huge, ["math.huge"] = math.huge, ["-inf"] = -math.huge }

local function to_number(text)
  local value = number_words[text] or tonumber(text)
  return value == value and value or nil
end

-- The words for the type of a default.
local function kind_of(default)
  if type(default) == "table" then return "a comma-separated list like " .. options.listed(default) end
  return ({ number = "a number", boolean = "true or false", string = "a string" })[type(default)]
end

local function convert_scalar(text, default)
  if type(default) == "number" then
    local value = to_number(text)
    -- 1e5 for an integer default is the integer 100000
    return value and math.type(default) == "integer" and math.tointeger(value) or value
  end
  if type(default) == "boolean" then return ({ ["true"] = true, ["false"] = false })[text] end
  return text
end

-- The value of `text` in the type of `default`, or nil.
local function convert(text, default)
  if type(default) ~= "table" then return convert_scalar(text, default) end
  local list = {}
  for item in (text:gsub("^{(.*)}$", "%1") .. ","):gmatch "%s*([^,]-)%s*," do
    local value = convert_scalar(item, default[1] == nil and 0 or default[1])
    if value == nil then return nil end
    list[#list + 1] = value
  end
  return list
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function check_key(name, key, known)
  if known[key] == nil then
    local near = options.nearest(key, sorted_keys(known))
    raise("%s: unknown option '%s'%s; options: %s", name, key, near and (" (did you mean '%s'?)"):format(near) or "",
          table.concat(sorted_keys(known), ", "))
  end
end

-- Splits arguments into { set = { {key, text}, ... }, out =, quick =, help = }.
local function parse(name, args)
  local found, i = { set = {} }, 1
  local function value(flag)
    i = i + 1
    return args[i] or raise("%s: %s needs a value", name, flag)
  end
  while args[i] do
    local a = args[i]
    if a == "--set" then
      local key, text = value(a):match "^%s*([%w_]+)%s*=%s*(.-)%s*$"
      if not key then raise("%s: --set needs key=value, got '%s'", name, args[i]) end
      found.set[#found.set + 1] = { key, text }
    elseif a == "--out" then found.out = value(a)
    elseif a == "--quick" then found.quick = true
    elseif a == "--help" or a == "-h" then found.help = true
    else
      local near = options.nearest(a, { "--set", "--out", "--quick", "--help" })
      raise("%s: unknown argument '%s'%s; arguments: --set key=value, --out DIR, --quick, --help", name, a,
            near and (" (did you mean '%s'?)"):format(near) or "")
    end
    i = i + 1
  end
  return found
end

local function resolve(spec, found)
  local values = {}
  for key, default in pairs(spec.options) do values[key] = default end
  for key, value in pairs(spec.quick) do
    check_key(spec.name .. ": quick", key, values)
    if found.quick then values[key] = value end
  end
  for _, pair in ipairs(found.set) do
    local key, text = pair[1], pair[2]
    check_key(spec.name, key, values)
    local value = convert(text, spec.options[key])
    if value == nil then
      raise("%s: option '%s' must be %s, got '%s'", spec.name, key, kind_of(spec.options[key]), text)
    end
    values[key] = value
  end
  return values
end

-- ---- help on the command line ---------------------------------------------------------------

-- The comment lines that open a script.
local function head_comment(path)
  local file, lines = path and io.open(path), {}
  if not file then return "" end
  for line in file:lines() do
    local text = line:match "^%-%-%s?(.*)$"
    if text then lines[#lines + 1] = text elseif not line:find "^#!" then break end
  end
  file:close()
  return table.concat(lines, "\n")
end

local function usage(spec, script)
  local lines = { head_comment(script), "",
                  ("usage: meanfield %s [--set key=value]... [--out DIR] [--quick]"):format(script or spec.name), "",
                  "--set key=value   changes an option (defaults below; under --quick in parentheses)",
                  ("--out DIR         where results go; default results/%s"):format(spec.name),
                  "--quick           the same at lower cost", "" }
  for _, key in ipairs(sorted_keys(spec.options)) do
    local quick = spec.quick[key]
    lines[#lines + 1] = ("  %-12s %s%s"):format(key, options.listed(spec.options[key]),
                        quick ~= nil and (" (%s)"):format(options.listed(quick)) or "")
  end
  return table.concat(lines, "\n") .. "\n"
end

-- ---- files ----------------------------------------------------------------------------------

local function shell_quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function make_folder(path)
  if not os.execute("mkdir -p -- " .. shell_quoted(path)) then raise("cannot make the folder %s", path) end
end

local function write_whole(path, text)
  local file, message = io.open(path .. ".part", "wb")
  if not file then raise("cannot write %s: %s", path, message) end
  local ok = file:write(text) and file:close()
  if ok then ok, message = os.rename(path .. ".part", path) end
  if not ok then raise("cannot write %s: %s", path, message or "disk full?") end
end

-- First line that a command prints, or nil: nothing here may fail a run.
local function first_line(command)
  local ok, pipe = pcall(io.popen, command .. " 2>/dev/null")
  if not ok or not pipe then return nil end
  local line = pipe:read "l"
  pipe:close()
  return line ~= "" and line or nil
end

local function git_revision(script)
  local folder = script and script:match "^(.*)/[^/]*$" or "."
  local git = "git -C " .. shell_quoted(folder)
  local revision = first_line(git .. " rev-parse HEAD")
  if not revision then return "unknown" end
  return revision .. (first_line(git .. " status --porcelain --untracked-files=no") and " with changes" or "")
end

-- A cell of the table on disk: numbers to the last bit.
local function cell(value)
  if math.type(value) == "float" then return (("%.17g"):format(value):gsub("^%-nan", "nan")) end
  return (tostring(value):gsub("[\t\n]", " "))
end

-- ---- records --------------------------------------------------------------------------------

-- Where each column is first named in the script from the recording line on: { name = position }.
-- A table in Lua has no order, but the script that wrote it has.
local function order_in_source(row)
  local here, level = debug.getinfo(1, "S").source, 2
  local info = debug.getinfo(level, "Sl")
  while info and (info.what == "C" or info.source == here) do
    level = level + 1
    info = debug.getinfo(level, "Sl")
  end
  local file = info and info.source:sub(1, 1) == "@" and io.open(info.source:sub(2))
  if not file then return {} end
  local lines, number = {}, 0
  for line in file:lines() do
    number = number + 1
    if number >= info.currentline and number < info.currentline + 40 then lines[#lines + 1] = line end
  end
  file:close()
  local text, position = table.concat(lines, "\n"), {}
  for name in pairs(row) do
    if name:find "^[%a_][%w_]*$" then position[name] = text:find("%f[%w_]" .. name .. "%s*=[^=]") end
  end
  return position
end

-- Columns given in `columns` first, then as the script names them, then by the alphabet.
local function column_order(spec, row)
  local given, position, order = {}, order_in_source(row), {}
  for i, name in ipairs(spec.columns) do given[name] = i end
  for name in pairs(row) do order[#order + 1] = name end
  table.sort(order, function(a, b)
    local ga, gb = given[a] or math.huge, given[b] or math.huge
    if ga ~= gb then return ga < gb end
    local pa, pb = position[a] or math.huge, position[b] or math.huge
    if pa ~= pb then return pa < pb end
    return a < b
  end)
  return order
end

local function check_row(self, row)
  for name, value in pairs(row) do
    local kind = type(value)
    if type(name) ~= "string" then raise("run:record: columns need names, got %s", options.shown(name)) end
    if kind ~= "number" and kind ~= "string" and kind ~= "boolean" then
      raise("run:record: column '%s' must be a number, string or boolean, got %s", name, options.shown(value))
    end
    if self._columns and not self._known[name] then
      raise("run:record: '%s' is no column of this run (%s)", name, table.concat(self._columns, ", "))
    end
  end
  for _, name in ipairs(self._columns or {}) do
    if row[name] == nil then raise("run:record: column '%s' is missing", name) end
  end
end

local function row_text(self, row)
  local cells = {}
  for c, name in ipairs(self._columns) do cells[c] = cell(row[name]) end
  return table.concat(cells, "\t") .. "\n"
end

function Run:record(row)
  if type(row) ~= "table" or next(row) == nil then
    raise("run:record: expected a table { column = value, ... }, got %s", options.shown(row))
  end
  check_row(self, row)
  if not self._columns then
    self._columns, self._known = column_order(self._spec, row), {}
    for _, name in ipairs(self._columns) do self._known[name] = true end
    if native.process.rank() == 0 then -- under mpirun the others keep their rows to themselves
      make_folder(self.out)
      local file, message = io.open(self.out .. "/" .. self.name .. ".partial.tsv", "wb")
      self._partial = file or raise("run:record: %s", message)
      self._partial:write(table.concat(self._columns, "\t"), "\n")
    end
  end
  local copy = {}
  for name, value in pairs(row) do copy[name] = value end
  self._rows[#self._rows + 1] = copy
  if self._partial then
    self._partial:write(row_text(self, copy))
    self._partial:flush()
  end
end

function Run:column(name)
  if not self._columns or not self._known[name] then
    local near = options.nearest(tostring(name), self._columns or {})
    raise("run:column: no column '%s' has been recorded%s", tostring(name),
          near and (" (did you mean '%s'?)"):format(near) or "")
  end
  local values = {}
  for i, row in ipairs(self._rows) do values[i] = row[name] end
  return values
end

local function extreme(self, where, name, better)
  local best
  for i, value in ipairs(self:column(name)) do
    if type(value) ~= "number" then
      raise("run:%s: column '%s' holds %s in row %d", where, name, options.shown(value), i)
    end
    if value ~= value then return value end -- a NaN is never hidden
    if best == nil or better(value, best) then best = value end
  end
  return best
end

function Run:max(name) return extreme(self, "max", name, function(a, b) return a > b end) end

function Run:min(name) return extreme(self, "min", name, function(a, b) return a < b end) end

-- ---- claims ---------------------------------------------------------------------------------

local compare = {
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
  [">"] = function(a, b) return a > b end, [">="] = function(a, b) return a >= b end,
  ["=="] = function(a, b) return a == b end, ["~="] = function(a, b) return a ~= b end,
}

local function brief(value)
  return type(value) == "number" and ("%.6g"):format(value):gsub("^%-nan", "nan") or tostring(value)
end

function Run:check(name, value, op, bound)
  local passed
  if type(value) == "boolean" and op == nil then
    passed = value
  elseif not compare[op] then
    raise("run:check: the comparison must be one of < <= > >= == ~=, got %s", options.shown(op))
  elseif type(value) ~= "number" or type(bound) ~= "number" then
    raise("run:check: '%s' must compare two numbers, got %s and %s", tostring(name), options.shown(value),
          options.shown(bound))
  else
    passed = value == value and bound == bound and compare[op](value, bound) -- NaN passes no check
  end
  local claim = op and ("%s: %s %s %s"):format(name, brief(value), op, brief(bound)) or tostring(name)
  self._checks[#self._checks + 1] = { name = tostring(name), value = value, op = op, bound = bound, passed = passed }
  if not passed then self._sentinel.failed = true end
  print((passed and "pass  " or "FAIL  ") .. claim)
  return passed
end

-- ---- output times ---------------------------------------------------------------------------

function Run:times(list)
  -- run.times is this method even where an option has its name: then the option is meant
  if list == nil or list == Run.times then list = self.options.times end
  list = options.numbers("run:times", "times", list)
  for i = 1, #list do
    if not (list[i] >= 0 and list[i] < math.huge) or i > 1 and list[i] < list[i - 1] then
      raise("run:times: times must be finite, >= 0 and not decrease; times[%d] is %s", i, tostring(list[i]))
    end
  end
  local i = 0
  native._horizon(list[#list]) -- one progress bar for all that advances the time
  return function()
    i = i + 1
    if list[i] ~= nil then return list[i], i end
    native._horizon()
  end
end

-- ---- saving ---------------------------------------------------------------------------------

-- What a result was made with, besides its options, as ordered { key, value } pairs.
local function provenance(self)
  return { { "experiment", self.name }, { "meanfield", native._VERSION }, { "lua", _VERSION },
           { "revision", git_revision(self._script) }, { "quick", tostring(self.quick) } }
end

local function check_line(check)
  local word = check.passed and "pass " or "FAIL "
  if not check.op then return word .. check.name end
  return word .. ("%s: %s %s %s"):format(check.name, cell(check.value), check.op, cell(check.bound))
end

local function tsv(self, facts)
  local parts = {}
  for _, fact in ipairs(facts) do parts[#parts + 1] = ("# %s: %s\n"):format(fact[1], fact[2]) end
  for _, key in ipairs(sorted_keys(self.options)) do
    parts[#parts + 1] = ("# option %s: %s\n"):format(key, options.listed(self.options[key]))
  end
  for _, check in ipairs(self._checks) do parts[#parts + 1] = "# check: " .. check_line(check) .. "\n" end
  if self._columns then
    parts[#parts + 1] = table.concat(self._columns, "\t") .. "\n"
    for _, row in ipairs(self._rows) do parts[#parts + 1] = row_text(self, row) end
  end
  return table.concat(parts)
end

-- A list for HDF5, which knows lists of numbers and of strings.
local function storable(list)
  local all_numbers, out = true, {}
  for i, value in ipairs(list) do
    if type(value) == "boolean" then value = value and 1 or 0 end
    all_numbers, out[i] = all_numbers and type(value) == "number", value
  end
  for i, value in ipairs(out) do out[i] = all_numbers and value or cell(value) end
  return out
end

-- The same as one tree: provenance as attributes, groups `options`, `data` and `checks`.
local function tree(self, facts)
  local result = { attributes = {}, options = {}, data = {}, checks = {} }
  for _, fact in ipairs(facts) do result.attributes[fact[1]] = fact[2] end
  for key, value in pairs(self.options) do
    result.options[key] = type(value) == "table" and storable(value) or value
  end
  for _, name in ipairs(self._columns or {}) do result.data[name] = storable(self:column(name)) end
  for i, check in ipairs(self._checks) do
    result.checks[tostring(i)] = { attributes = { claim = check_line(check), passed = check.passed } }
  end
  return result
end

-- The records as aligned text; of many rows an even selection.
local function short_table(self, most)
  local shown, n = { self._columns }, #self._rows
  local count = math.min(n, most)
  for k = 1, count do
    local i = count == n and k or 1 + math.floor((k - 1) * (n - 1) / (count - 1) + 0.5)
    local cells = {}
    for c, name in ipairs(self._columns) do cells[c] = brief(self._rows[i][name]) end
    shown[k + 1] = cells
  end
  local widths, lines = {}, {}
  for _, cells in ipairs(shown) do
    for c, text in ipairs(cells) do widths[c] = math.max(widths[c] or 0, utf8.len(text) or #text) end
  end
  for i, cells in ipairs(shown) do
    local padded = {}
    for c, text in ipairs(cells) do padded[c] = (" "):rep(widths[c] - (utf8.len(text) or #text)) .. text end
    lines[i] = table.concat(padded, "  ")
  end
  if count < n then lines[#lines + 1] = ("(%d of %d rows)"):format(count, n) end
  return table.concat(lines, "\n")
end

-- Named figures { {suffix, figure}, ... } from the arguments of run:save.
local function named_figures(...)
  local named, count = {}, select("#", ...)
  for i = 1, count do
    local figure = select(i, ...)
    if type(figure) ~= "table" then raise("run:save: argument %d is no figure: %s", i, options.shown(figure)) end
    if getmetatable(figure) then
      named[#named + 1] = { count > 1 and "-" .. i or "", figure }
    else
      for _, suffix in ipairs(sorted_keys(figure)) do named[#named + 1] = { "-" .. suffix, figure[suffix] } end
    end
  end
  return named
end

local function log_line(self)
  local file = io.open(self.out .. "/" .. self.name .. ".log", "ab")
  if not file then return end
  file:write(("%s  %.1f s of processor time, %.0f s in all\n"):format(os.date "!%Y-%m-%dT%H:%M:%SZ",
             os.clock() - self._cpu, os.difftime(os.time(), self._start)))
  file:close()
end

function Run:save(...)
  if native.process.rank() > 0 then return end -- under mpirun rank 0 has the results
  local figures, base, written = named_figures(...), self.out .. "/" .. self.name, {}
  make_folder(self.out)
  local facts = provenance(self)
  write_whole(base .. ".tsv", tsv(self, facts)) -- numbers first: a figure may still fail
  local stored, why = native.store.write(base .. ".h5", tree(self, facts))
  if not stored then raise("run:save: %s", why) end
  written[1], written[2] = base .. ".tsv", base .. ".h5"
  if self._partial then
    self._partial:close()
    self._partial = nil
    os.remove(base .. ".partial.tsv")
  end
  if self._columns then print(short_table(self, 16)) end
  for _, entry in ipairs(figures) do
    for _, format in ipairs { ".svg", ".png" } do
      local path = base .. entry[1] .. format
      local ok, message = entry[2]:save(path)
      if not ok then raise("run:save: %s", message) end
      written[#written + 1] = path
    end
  end
  log_line(self)
  print("wrote " .. table.concat(written, ", "))
end

-- ---- the object -------------------------------------------------------------------------------

local meta = { __name = "mf.experiment.run" }

function meta.__index(self, key)
  if Run[key] ~= nil then return Run[key] end
  local value = rawget(self, "options")[key]
  if value == nil and type(key) == "string" and key:sub(1, 1) ~= "_" then check_key(self.name, key, self.options) end
  return value
end

function meta.__tostring(self)
  local parts = {}
  for i, key in ipairs(sorted_keys(self.options)) do
    parts[i] = ("%s = %s"):format(key, options.listed(self.options[key]))
  end
  return ("%s %s{ %s }"):format(meta.__name, self.name, table.concat(parts, ", "))
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

-- Runs when Lua closes: says where unsaved rows are, and turns a failed check into exit code 1.
local sentinel_meta = {
  __gc = function(sentinel)
    if sentinel.run._partial then
      io.stderr:write(("%s: not saved; the rows so far are in %s/%s.partial.tsv\n"):format(sentinel.run.name,
                      sentinel.run.out, sentinel.run.name))
    end
    if sentinel.failed and not sentinel.stay then os.exit(1) end
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
    if not kind_of(default) then
      raise("mf.experiment: option '%s' must default to a number, string, boolean or list, got %s", key,
            options.shown(default))
    end
  end
end

local function start(spec, found, script, stay)
  local run = { name = spec.name, out = found.out or "results/" .. spec.name, quick = found.quick or false,
                options = resolve(spec, found), _spec = spec, _script = script, _rows = {}, _checks = {},
                _start = os.time(), _cpu = os.clock() }
  run._sentinel = { run = run, failed = false, stay = stay }
  if not spec.args then setmetatable(run._sentinel, sentinel_meta) end
  return setmetatable(run, meta)
end

local function experiment(given)
  local spec = options.read("mf.experiment", given, fields)
  check_spec(spec)
  if spec.args then -- an embedded run: errors are raised, and the program's exit code is its own affair
    return start(spec, parse(spec.name, spec.args), nil, true)
  end
  local script = script_path()
  if not script then
    native._run = start(spec, parse(spec.name, {}), nil, true)
    return native._run
  end
  local ok, run = pcall(function()
    local found = parse(spec.name, arg)
    if found.help then
      io.stdout:write(usage(spec, script))
      os.exit(0, true)
    end
    return start(spec, found, script, prompt_follows())
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
for _, m in ipairs {
  { "record", "run:record{column=value, ...}",
    "Appends a row. The first row fixes the columns. Rows reach the disk at once, in <name>.partial.tsv." },
  { "column", "run:column(name) -> list", "All recorded values of a column." },
  { "max", "run:max(name)", "Largest value of a column; NaN if it holds one." },
  { "min", "run:min(name)", "Smallest value of a column; NaN if it holds one." },
  { "check", "run:check(name, value, op, bound) -> passed",
    "States a claim as numbers, op one of < <= > >= == ~=; or run:check(name, condition). Prints pass or FAIL. The "
    .. "program's exit code is 1 if any check failed." },
  { "times", "for t, i in run:times(list) do",
    "Runs through output times, which must not decrease, with one progress bar for all of them; run:times() takes "
    .. "those of the option `times`." },
  { "save", "run:save(figure, ...)",
    "Writes the data with options, checks and code version (<name>.tsv to read, <name>.h5), and the figures "
    .. "(<name>.svg and .png; several are numbered, or named by run:save{suffix=figure}); prints a short table." },
} do
  help.document(Run[m[1]], { name = "mf.experiment.run:" .. m[1], signature = m[2], text = m[3] })
end
help.class(Run, {
  name = "mf.experiment.run", text = "A run: see mf.experiment. run.key is the value of option key.",
  properties = { name = "the experiment's name", out = "folder of its results", quick = "whether --quick was given",
                 options = "all options and their values" } })

return experiment
