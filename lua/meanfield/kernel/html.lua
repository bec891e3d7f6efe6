-- Tables as HTML: arrays, lists of rows or of records, named columns of one length, named values.

local escaped = require "meanfield.kernel.message".escaped
local pretty = require "meanfield.prompt.pretty"

local html = {}

local ROWS, COLUMNS = 20, 12

-- Which of n are shown: 1, ..., most / 2, false (a gap), ..., n.
local function chosen(n, most)
  local list = {}
  if n <= most then
    for i = 1, n do list[i] = i end
    return list
  end
  local half = most // 2
  for i = 1, half do list[i] = i end
  list[half + 1] = false
  for i = n - half + 1, n do list[#list + 1] = i end
  return list
end

local function cell_text(value)
  if value == nil then return "" end
  if math.type(value) == "float" then return escaped(("%.6g"):format(value)) end
  return escaped(type(value) == "string" and value or pretty(value))
end

-- cell(i, j) for i of n rows and j of m columns, with or without names of the columns.
local function grid(n, m, cell, names)
  local rows, columns, out = chosen(n, ROWS), chosen(m, COLUMNS), { "<table>\n" }
  local function row(tag, text)
    out[#out + 1] = "<tr>"
    for _, j in ipairs(columns) do out[#out + 1] = ("<%s>%s</%s>"):format(tag, j and text(j) or "…", tag) end
    out[#out + 1] = "</tr>\n"
  end
  if names then row("th", function(j) return cell_text(names[j]) end) end
  for _, i in ipairs(rows) do row("td", function(j) return i and cell_text(cell(i, j)) or "…" end) end
  out[#out + 1] = "</table>"
  if #rows < n or #columns < m then out[#out + 1] = ("\n<p>%d rows, %d columns</p>"):format(n, m) end
  return table.concat(out)
end

local function is_array(value)
  local meta = getmetatable(value)
  return type(value) == "userdata" and type(meta) == "table" and meta.__name == "mf.array"
end

-- A table without a metatable that would speak for it.
local function is_plain(value) return type(value) == "table" and getmetatable(value) == nil and next(value) ~= nil end

local function is_list(t)
  for key in next, t do if math.type(key) ~= "integer" or key < 1 or key > #t then return false end end
  return #t > 0
end

local function sorted_names(t)
  local names = {}
  for name in next, t do
    if type(name) ~= "string" then return nil end
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function is_scalar(value)
  return type(value) ~= "table" and type(value) ~= "userdata" and type(value) ~= "function"
end

local function array_table(a)
  local rows, columns = a:shape()
  if columns then return grid(rows, columns, function(i, j) return a:get(i, j) end) end
  return grid(1, rows, function(_, j) return a:get(j) end)
end

-- A list of lists or of records with scalar members.
local function list_table(list)
  local names, widest = {}, 0
  for _, row in ipairs(list) do
    if not is_plain(row) then return nil end
    for key, value in next, row do
      if not is_scalar(value) then return nil end
      if type(key) == "string" then names[key] = true else widest = math.max(widest, #row) end
    end
  end
  names = sorted_names(names)
  if #names > 0 and widest > 0 then return nil end
  if widest > 0 then return grid(#list, widest, function(i, j) return list[i][j] end) end
  return grid(#list, #names, function(i, j) return list[i][names[j]] end, names)
end

-- { t = {...}, R = {...} }: columns; { risk = 0.1, gap = 0 }: one row each.
local function named_table(t)
  local names, length, columns, scalars = sorted_names(t), nil, true, true
  if not names then return nil end
  for _, name in ipairs(names) do
    local value = t[name]
    local n = (is_array(value) and not select(2, value:shape()) or is_plain(value) and is_list(value)) and #value
    columns, length = columns and n and (length or n) == n, length or n
    scalars = scalars and is_scalar(value)
  end
  if columns then return grid(length, #names, function(i, j) return t[names[j]][i] end, names) end
  if scalars then return grid(#names, 2, function(i, j) return j == 1 and names[i] or t[names[i]] end) end
end

-- The value as a table in HTML; nil where it is none.
function html.of(value)
  if is_array(value) then return array_table(value) end
  if not is_plain(value) then return nil end
  if is_list(value) then return list_table(value) end
  return named_table(value)
end

return html
