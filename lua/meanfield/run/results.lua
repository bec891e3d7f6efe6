-- mf.results: earlier runs of experiments, found in their folders and read.
--
-- A run is a pair NAME.h5 and NAME.tsv that run:save has written; its id is the folder's path. Numbers come from
-- the .h5, so that options and columns are what they were, to the bit.

local help = require "meanfield.prompt.help"
local options = require "meanfield.options"
local native = require "meanfield.native"

local raise = options.raise

local results = {}

local DEPTH = 6 -- folders below the first one

-- ---- finding ------------------------------------------------------------------------------------

local function exists(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

-- Calls found(folder, name) for each run in the folder and below.
local function walk(folder, depth, found)
  local names = native.file.list(folder) or {}
  table.sort(names)
  for _, name in ipairs(names) do
    local path, run = folder .. "/" .. name, name:match "^(.*)%.h5$"
    if run and exists(("%s/%s.tsv"):format(folder, run)) then found(folder, run) end
    if depth > 0 and not name:find "%.%a%w*$" then walk(path, depth - 1, found) end
  end
end

-- ---- reading -------------------------------------------------------------------------------------

-- Lists of numbers come back as arrays: options have them as lists again.
local function plain_list(value)
  return options.has(value, "totable") and value:totable() or value
end

local function read_checks(groups)
  local list = {}
  for i, group in pairs(groups or {}) do list[tonumber(i)] = group.attributes end
  return list
end

-- The time in the last line of the log, or nil.
local function last_time(folder, name)
  local file <close> = io.open(("%s/%s.log"):format(folder, name))
  local when
  for line in file and file:lines() or function() end do when = line:match "^(%d[%d:TZ-]+)" or when end
  return when
end

-- All of a run, or nil and a message.
local function read(folder, name)
  local tree, message = native.store.read(("%s/%s.h5"):format(folder, name))
  if not tree then return nil, message end
  local facts = tree.attributes or {}
  if not facts.experiment then return nil, ("%s/%s.h5: no run of an experiment"):format(folder, name) end
  local run = { id = folder, name = facts.experiment, quick = facts.quick == "true", meanfield = facts.meanfield,
                revision = facts.revision, script = tree.script, claim = facts.claim, time = last_time(folder, name),
                options = {}, columns = {}, rows = 0, checks = read_checks(tree.checks), passed = true,
                figures = tree.figures or {}, base = ("%s/%s"):format(folder, name) }
  for key, value in pairs(tree.options or {}) do
    if key ~= "attributes" then run.options[key] = plain_list(value) end
  end
  for key, value in pairs(tree.data or {}) do
    if key ~= "attributes" then run.columns[key], run.rows = value, #value end
  end
  for _, check in ipairs(run.checks) do run.passed = run.passed and check.passed end
  return run
end

-- ---- asking ----------------------------------------------------------------------------------------

local function equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for i = 1, math.max(#a, #b) do
    if a[i] ~= b[i] then return false end
  end
  return true
end

-- A function of the options, or values that they must have.
local function matches(where, run)
  if type(where) == "function" then return where(run.options) end
  for key, value in pairs(where or {}) do
    if not equal(run.options[key], value) then return false end
  end
  return true
end

local fields = {
  { "name", "string", nil, text = "only runs of this experiment" },
  { "where", "any", nil, expected = "a table { option = value } or a function of the table of options",
    text = "only runs whose options have these values, or of whose options the function is true" },
  { "folder", "string", "results", text = "where to look, with all folders below" },
}

local list_meta = { __name = "mf.results" }

function results.list(given)
  local o = options.read("mf.results.list", given, fields)
  if o.where ~= nil and type(o.where) ~= "table" and type(o.where) ~= "function" then
    raise("mf.results.list: option 'where' must be a table { option = value } or a function of the table of options, "
          .. "got %s", options.shown(o.where))
  end
  local list = setmetatable({}, list_meta)
  walk(o.folder, DEPTH, function(folder, name)
    local run, message = read(folder, name)
    if not run then io.stderr:write(("mf.results: %s\n"):format(message))
    elseif (o.name == nil or run.name == o.name) and matches(o.where, run) then list[#list + 1] = run end
  end)
  return list
end

function results.load(id)
  if type(id) ~= "string" then raise("mf.results.load: expected a folder of results, got %s", options.shown(id)) end
  local folder, found = id:gsub("(.)/+$", "%1"), {}
  walk(folder, 0, function(_, name) found[#found + 1] = name end)
  if #found == 0 then return nil, ("%s: no results of an experiment"):format(folder) end
  return read(folder, found[1])
end

-- ---- as a table ------------------------------------------------------------------------------------------

local function cells(run)
  local good, parts = 0, {}
  for _, check in ipairs(run.checks) do good = good + (check.passed and 1 or 0) end
  for key, value in pairs(run.options) do parts[#parts + 1] = key .. "=" .. options.listed(value) end
  table.sort(parts)
  return { run.id, run.name, (run.time or ""):gsub("T", " "):gsub(":%d%dZ", ""), tostring(run.rows),
           ("%d of %d%s"):format(good, #run.checks, good < #run.checks and " FAIL" or ""),
           (run.revision or ""):sub(1, 8) .. ((run.revision or ""):find "with changes" and "+" or ""),
           table.concat(parts, " ") }
end

-- Lines of cells as columns of even width; the last column as it is.
local function aligned(lines)
  local widths, out = {}, {}
  for _, line in ipairs(lines) do
    for c = 1, #line - 1 do widths[c] = math.max(widths[c] or 0, utf8.len(line[c]) or #line[c]) end
  end
  for i, line in ipairs(lines) do
    for c = 1, #line - 1 do line[c] = line[c] .. (" "):rep(widths[c] - (utf8.len(line[c]) or #line[c])) end
    out[i] = table.concat(line, "  "):gsub("%s+$", "")
  end
  return table.concat(out, "\n")
end

-- The list as text: a line for each run.
function results.text(list)
  if type(list) ~= "table" then
    raise("mf.results.text: expected a list of runs, as mf.results.list gives it, got %s", options.shown(list))
  end
  for i, run in ipairs(list) do
    if type(run) ~= "table" or type(run.checks) ~= "table" or type(run.options) ~= "table" then
      raise("mf.results.text: expected a run at %d, as mf.results.load gives it, got %s", i, options.shown(run))
    end
  end
  if #list == 0 then return "no results" end
  local lines = { { "id", "name", "when (UTC)", "rows", "checks", "revision", "options" } }
  for _, run in ipairs(list) do lines[#lines + 1] = cells(run) end
  return aligned(lines)
end

list_meta.__tostring = results.text

help.document(results.list, {
  name = "mf.results.list", signature = "mf.results.list{name=, where=, folder=}", fields = options.records(fields),
  text = "Earlier runs of experiments, by the order of their folders: a list of what mf.results.load gives. Printed it "
         .. "is a table. Files that cannot be read are named on stderr." })
help.document(results.load, {
  name = "mf.results.load", signature = "mf.results.load(id) -> run",
  text = "The results in a folder: { id, name, options, columns = { name = array }, rows, checks = { { name, value, "
         .. "op, bound, passed }, ... }, passed, quick, time, revision, script, figures (for mf.plot.from), base (path "
         .. "of its files without extension) }. Nil and a message if there are none." })
help.document(results.text, {
  name = "mf.results.text", signature = "mf.results.text(list)", text = "A list of runs as a table of text." })

return results
