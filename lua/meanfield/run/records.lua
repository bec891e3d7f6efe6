-- The rows of a run. Every row is appended to <name>.partial.tsv at once, so nothing computed is
-- lost to an error, Ctrl-C or a kill.
--
-- What a killed run left is not thrown away: the same run writes the same bytes again, so they
-- stay as they are until its rows have passed them. Where a row differs (another version, another
-- script), the old file is set aside under a name of its own.

local native = require "meanfield.native"
local options = require "meanfield.options"

local raise = options.raise

local records, Run = {}, {}
records.methods = Run

-- A value as text: numbers to the last bit, strings on one line and without tabs.
function records.cell(value)
  if math.type(value) == "float" then return (("%.17g"):format(value):gsub("^%-nan", "nan")) end
  return (tostring(value):gsub("[\t\r\n]", " "))
end

-- A cell of the table on disk: in quotes where a reader would take it for another thing.
local function table_cell(value)
  local text = records.cell(value)
  if text:find '^["#]' or text:find "^ " or text:find " $" then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end

-- Prints a line; it belongs to what the run says.
function records.say(self, line)
  print(line)
  self._printed[#self._printed + 1] = line .. "\n"
end

-- ---- columns --------------------------------------------------------------------------------

-- Columns listed in `columns` first, the others by the alphabet.
local function column_order(spec, row)
  local place, order = {}, {}
  for i, name in ipairs(spec.columns) do place[name] = i end
  for name in pairs(row) do order[#order + 1] = name end
  table.sort(order, function(a, b)
    local pa, pb = place[a] or math.huge, place[b] or math.huge
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

-- ---- the file ---------------------------------------------------------------------------------

function records.header(self) return table.concat(self._columns, "\t") .. "\n" end

function records.line(self, row)
  local cells = {}
  for c, name in ipairs(self._columns) do cells[c] = table_cell(row[name]) end
  return table.concat(cells, "\t") .. "\n"
end

-- Holds the run's folder against other runs, in this process and outside. Run objects that nobody
-- uses any more let go of theirs.
function records.hold(self)
  if self._lock then return end
  local lock, message = native.file.hold(self.out)
  if not lock then
    collectgarbage()
    lock, message = native.file.hold(self.out)
  end
  self._lock = lock or raise("%s: %s", self.name, message)
end

local function path_of(self) return ("%s/%s.partial.tsv"):format(self.out, self.name) end

local function read_bytes(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  return text or ""
end

-- Sets aside the rows of another run.
local function set_aside(self, path)
  local i, aside = 0
  repeat
    i = i + 1
    aside = ("%s/%s.interrupted-%d.tsv"):format(self.out, self.name, i)
    local taken = io.open(aside)
    if taken then taken:close() end
  until not taken
  local moved, message = os.rename(path, aside)
  if not moved then raise("run:record: %s", message) end
  io.stderr:write(("%s: rows of an interrupted run that differ from this one's are kept in %s\n"):format(self.name,
                  aside))
end

local function open_rows(path)
  local rows, message = native.file.rows(path)
  return rows or raise("run:record: %s", message)
end

local function write(self, partial, text)
  local done, message = partial.rows:add(text)
  if not done then
    self._rows[#self._rows] = nil -- what is not on disk is not recorded
    raise("run:record: %s%s", message, #self._rows > 0 and "; the rows before this one are there" or "")
  end
end

local function is_there(path)
  local file <close> = io.open(path)
  return file ~= nil
end

-- Appends `text`, of which a killed run may have left a part.
local function append(self, text)
  local partial = self._partial
  local there = partial.old:sub(partial.at + 1, partial.at + #text)
  if text:sub(1, #there) ~= there then
    partial.rows:close()
    set_aside(self, partial.path)
    partial.rows, text, there, partial.old = open_rows(partial.path), partial.old:sub(1, partial.at) .. text, "", ""
  end
  if #there < #text then write(self, partial, text:sub(#there + 1)) end
  partial.at = partial.at + #text
end

-- Rows on disk again after a save begin with those that it saved.
local function open_partial(self)
  records.hold(self)
  local path = path_of(self)
  local rows = open_rows(path) -- before it is read: this cuts off a part of a row
  self._partial = { path = path, old = read_bytes(path), at = 0, rows = rows }
  append(self, records.header(self))
  for i = 1, #self._rows - 1 do append(self, records.line(self, self._rows[i])) end
end

-- Somebody has removed the folder, or the file in it: a new one begins with the rows so far.
local function begin_again(self)
  self._partial.rows:close()
  if self._lock then self._lock:close() end
  self._partial, self._lock = nil, nil
  open_partial(self)
end

-- Everything has been saved elsewhere: the rows are no longer needed, the folder is free.
function records.finish(self)
  if self._partial then
    local partial = self._partial
    partial.rows:close()
    if partial.at < #partial.old then set_aside(self, partial.path) else os.remove(partial.path) end
  end
  if self._lock then self._lock:close() end
  self._partial, self._lock = nil, nil
end

-- What a run that was not saved leaves: a sentence, or nil if there is nothing.
function records.left_behind(self)
  local partial = self._partial
  if not partial then return nil end
  if partial.at == 0 then
    partial.rows:close()
    if read_bytes(partial.path) == "" then os.remove(partial.path) end
    return nil
  end
  return ("not saved; the rows so far are in %s"):format(partial.path)
end

-- ---- methods ---------------------------------------------------------------------------------------

function Run:record(row)
  if type(row) ~= "table" or next(row) == nil then
    raise("run:record: expected a table { column = value, ... }, got %s", options.shown(row))
  end
  check_row(self, row)
  if not self._columns then
    self._columns, self._known = column_order(self._spec, row), {}
    for _, name in ipairs(self._columns) do self._known[name] = true end
  end
  local copy = {}
  for name, value in pairs(row) do copy[name] = value end
  self._rows[#self._rows + 1], self._saved = copy, nil
  if native.process.rank() > 0 then return end -- under mpirun the others keep their rows to themselves
  if not self._partial then open_partial(self) elseif not is_there(self._partial.path) then begin_again(self) end
  append(self, records.line(self, copy))
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

records.texts = {
  { "record", "run:record{column=value, ...}",
    "Appends a row. The first row fixes the columns: first those listed in `columns`, then the others by the "
    .. "alphabet. Rows reach the disk at once, in <name>.partial.tsv; a row that cannot be written is an error." },
  { "column", "run:column(name) -> list", "All recorded values of a column." },
  { "max", "run:max(name)", "Largest value of a column; NaN if it holds one." },
  { "min", "run:min(name)", "Smallest value of a column; NaN if it holds one." },
}

return records
