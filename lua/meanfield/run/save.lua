-- Saving a run: numbers, figures and provenance in one folder. Files hold no times of day: the same
-- run writes the same bytes (when it ran, and for how long, goes to <name>.log).

local checks = require "meanfield.run.checks"
local command = require "meanfield.run.command"
local options = require "meanfield.options"
local quantities = require "meanfield.run.quantities"
local records = require "meanfield.run.records"
local script_file = require "meanfield.run.script"
local native = require "meanfield.native"

local raise, sorted_keys = options.raise, command.sorted_keys

local save, Run = {}, {}
save.methods = Run

-- ---- provenance -----------------------------------------------------------------------------

local function shell_quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- First line that a command prints, or nil: nothing here may fail a run.
local function first_line(line)
  local ok, pipe = pcall(io.popen, line .. " 2>/dev/null")
  if not ok or not pipe then return nil end
  local answer = pipe:read "l"
  pipe:close()
  return answer ~= "" and answer or nil
end

local function git_revision(script)
  local folder = script and script:match "^(.*)/[^/]*$" or "."
  local git = "git -C " .. shell_quoted(folder)
  local revision = first_line(git .. " rev-parse HEAD")
  if not revision then return "unknown" end
  return revision .. (first_line(git .. " status --porcelain --untracked-files=no") and " with changes" or "")
end

-- The text of the script and its name, or nil at a prompt.
local function script_of(self)
  local text = self._script and script_file.text(self._script)
  if text then return text, self._script:match "[^/]*$" end
end

-- What a result was made with, besides its options, as ordered { key, value } pairs. What differs from machine to
-- machine is in the log.
local function provenance(self)
  local text, name = script_of(self)
  local facts = { { "experiment", self.name }, { "meanfield", native._VERSION }, { "lua", _VERSION },
                  { "revision", git_revision(self._script) }, { "quick", tostring(self.quick) } }
  if text then facts[#facts + 1] = { "script", ("%s %s"):format(name, native.process.hash(text)) } end
  if self._spec.claim then facts[#facts + 1] = { "claim", records.cell(self._spec.claim) } end
  return facts
end

-- Label, unit and equation of a column, as attributes.
local function about(self, name)
  local given, known = self._spec.about[name], quantities[name] or {}
  if type(given) == "string" then given = { label = given } end
  given = given or {}
  return { label = given.label or known.label or name, units = given.units or "1",
           equation = given.equation or not given.label and known.equation or nil }
end

local function tsv(self, facts)
  local parts = {}
  for _, fact in ipairs(facts) do parts[#parts + 1] = ("# %s: %s\n"):format(fact[1], fact[2]) end
  for _, key in ipairs(sorted_keys(self.options)) do
    parts[#parts + 1] = ("# option %s: %s\n"):format(key, options.listed(self.options[key]))
  end
  for _, check in ipairs(self._checks) do parts[#parts + 1] = "# check: " .. checks.line(check) .. "\n" end
  if self._columns then
    parts[#parts + 1] = records.header(self)
    for _, row in ipairs(self._rows) do parts[#parts + 1] = records.line(self, row) end
  end
  return table.concat(parts)
end

-- A list for HDF5, which knows lists of numbers, of strings and of booleans.
local function storable(list)
  local kind, out = type(list[1]), {}
  for _, value in ipairs(list) do
    if type(value) ~= kind then kind = "mixed" end
  end
  if kind ~= "mixed" then return list end
  for i, value in ipairs(list) do out[i] = records.cell(value) end
  return out
end

-- The same as one tree: provenance as attributes, groups `options`, `data`, `checks` and `figures`.
local function tree(self, facts, named)
  local result = { attributes = {}, options = {}, data = { attributes = {} }, checks = {}, figures = {},
                   script = script_of(self) }
  for _, entry in ipairs(named) do
    result.figures[entry[1] == "" and "figure" or entry[1]:sub(2)] = entry[2]:data()
  end
  for _, fact in ipairs(facts) do result.attributes[fact[1]] = fact[2] end
  for key, value in pairs(self.options) do
    result.options[key] = type(value) == "table" and storable(value) or value
  end
  for _, name in ipairs(self._columns or {}) do
    result.data[name], result.data.attributes[name] = storable(self:column(name)), about(self, name)
  end
  for i, check in ipairs(self._checks) do
    result.checks[tostring(i)] = { attributes = { name = check.name, value = check.value, op = check.op,
                                                  bound = check.bound, passed = check.passed } }
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
    for c, name in ipairs(self._columns) do cells[c] = checks.brief(self._rows[i][name]) end
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

-- When it ran, for how long, and on what.
local function log_line(self)
  local file <close> = io.open(self.out .. "/" .. self.name .. ".log", "ab")
  if not file then return end
  local v, n = native.versions(), native.threads()
  local time = ("%s  %.1f s of processor time, %.1f s in all"):format(os.date "!%Y-%m-%dT%H:%M:%SZ",
    native._processor() - self._cpu, native._seconds() - self._start)
  file:write(("%s; %d thread%s of %s (%s); Lua %s, GSL %s, OpenBLAS %s, HDF5 %s\n"):format(time, n,
             n == 1 and "" or "s", v.CPU, v.isa, v.Lua, v.GSL, v.OpenBLAS, v.HDF5))
end

function Run:save(...)
  if native.process.rank() > 0 then return end -- under mpirun rank 0 has the results
  local figures, base, written = named_figures(...), self.out .. "/" .. self.name, {}
  records.hold(self)
  native.file.folder(self.out) -- somebody may have removed it; if it cannot be made, the next line says why
  local facts = provenance(self)
  local whole, message = native.file.replace(base .. ".tsv", tsv(self, facts)) -- numbers first: a figure may fail
  if not whole then raise("run:save: %s", message) end
  native.store.write(base .. ".h5", tree(self, facts, figures))
  written[1], written[2] = base .. ".tsv", base .. ".h5"
  records.finish(self)
  if self._columns then records.say(self, short_table(self, 16)) end
  for _, entry in ipairs(figures) do
    for _, format in ipairs { ".svg", ".png", ".gp" } do
      local path = base .. entry[1] .. format
      entry[2]:save(path)
      written[#written + 1] = path
    end
  end
  log_line(self)
  for _, path in ipairs(written) do self._written[#self._written + 1] = path:sub(#self.out + 2) end
  self._saved = true
  print("wrote " .. table.concat(written, ", "))
end

save.texts = {
  { "save", "run:save(figure, ...)",
    "Writes the data with options, checks, script and code version (<name>.tsv to read, <name>.h5), and the figures "
    .. "(<name>.svg and .png, and .gp, which draws the .svg by gnuplot; several are numbered, or named by "
    .. "run:save{suffix=figure}); prints a short table." },
}

return save
