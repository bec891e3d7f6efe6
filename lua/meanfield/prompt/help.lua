-- mf.help(x): the documentation of a function, method, class, object, module or name.
--
-- One store of records serves help, docs/api.md and the editor annotations. It is filled by the
-- native bindings (src/lua/bind/docs.c) and by the Lua modules through help.document and help.class.
-- A record { name, signature, text, fields } is keyed by the documented value and by its name;
-- "<class> object" holds a class: { name, text, methods, properties }.

local native = require "meanfield.native"
local options = require "meanfield.options"

local examples = require "meanfield.prompt.examples"

local docs = native._docs
local help = {}

-- ---- recording --------------------------------------------------------------------------

-- Records the documentation of a function (or callable table).
function help.document(value, record)
  docs[value], docs[record.name] = record, record
end

-- Records a Lua class, given the table of its methods.
function help.class(class, record)
  record.methods, record.properties = {}, record.properties or {}
  for name, method in pairs(class) do
    if type(method) == "function" and name:sub(1, 2) ~= "__" then record.methods[name] = method end
  end
  docs[record.name .. " object"], docs[class] = record, record
end

-- ---- finding ----------------------------------------------------------------------------

-- The Lua parts document themselves when they are loaded.
local function load_all()
  local mf = require "meanfield"
  for part in pairs(mf._lua_parts) do local _ = mf[part] end
  return mf
end

local function sorted(list)
  table.sort(list)
  return list
end

-- Names of all documented functions, methods and classes, sorted.
function help.names()
  load_all()
  local seen, names = {}, {}
  for key in pairs(docs) do
    local name = type(key) == "string" and key:gsub(" object$", ""):gsub("[.:]__call$", "")
    if name and not seen[name] and not name:find "__" then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  return sorted(names)
end

-- The record of a function or callable table.
local function record_of(value)
  if docs[value] then return docs[value] end
  local meta = type(value) == "table" and getmetatable(value)
  return meta and docs[meta.__call] or nil
end

local function class_of(value)
  local meta = getmetatable(value)
  if type(meta) ~= "table" then return nil end
  return docs[meta] or meta.__name and docs[meta.__name .. " object"] or nil
end

-- The public name of a module table such as mf.distribution.
local function module_name(value)
  local mf = load_all()
  if value == mf then return "mf" end
  for name, member in pairs(mf) do
    if member == value and type(member) == "table" and name:sub(1, 1) ~= "_" then return "mf." .. name end
  end
end

-- What a name stands for: { record =, class =, module = }, or nil.
local function find_name(name)
  load_all()
  for _, full in ipairs { name, "mf." .. name } do
    local found = { record = docs[full] or docs[full .. ".__call"], class = docs[full .. " object"] }
    for other in pairs(docs) do
      if type(other) == "string" and other:sub(1, #full + 1) == full .. "." and not other:find "__" then
        found.module = full
      end
    end
    if full == "mf" then found.module = "mf" end
    if found.record == nil and not found.class and not found.module and full:find ":" then
      local class, method = full:match "^(.*):(.*)$"
      found.record = docs[class .. ":" .. method]
    end
    if found.record or found.class or found.module then return found end
  end
end

-- All methods of that name, whatever their class; "pde:risk" and "m:cdf" are those whose signatures begin so.
local function find_methods(name)
  local found, seen = {}, {}
  for _, other in ipairs(help.names()) do
    local record = docs[other] or docs[other .. ".__call"]
    local short = name:find ":" and record and (record.signature or ""):match "^[%w_.:]+" or other:match "[:.]([^:.]*)$"
    local text = record and (record.signature or other) .. (record.text or "")
    if short == name and record and not seen[text] then
      found[#found + 1], seen[text] = record, true
    end
  end
  return found
end

-- All options of that name: { "mf.sgd", "expected; what it means" }, ...
local function find_options(name)
  local found = {}
  for _, other in ipairs(help.names()) do
    local record = docs[other] or docs[other .. ".__call"]
    for _, field in ipairs(record and record.fields or {}) do
      if field.name == name then found[#found + 1] = { other, help.expected(field) .. "; " .. (field.text or "") } end
    end
  end
  return found
end

local function find_value(value)
  local found = { record = record_of(value) }
  if type(value) == "table" then found.module = module_name(value) end
  if not found.module then found.class = class_of(value) end
  return (found.record or found.class or found.module) and found or nil
end

-- ---- telling ----------------------------------------------------------------------------

local function wrap(text, indent, out)
  local line = indent
  for word in text:gmatch "%S+" do
    if utf8.len(line .. " " .. word) > 79 and line ~= indent then
      out[#out + 1] = line
      line = indent
    end
    line = line == indent and indent .. word or line .. " " .. word
  end
  if line ~= indent then out[#out + 1] = line end
end

local function default_text(field)
  if field.required then return ", required" end
  if field.default == nil then return "" end
  local value = field.default
  if type(value) == "string" then return (", default %q"):format(value) end
  if type(value) == "table" then return next(value) and ", default {" .. options.listed(value) .. "}" or "" end
  return ", default " .. options.listed(value)
end

-- "a number in (0, 1), default 0.5": what an option takes.
function help.expected(field)
  if type(field) ~= "table" or type(field.expected) ~= "string" then
    options.raise("mf.help.expected: expected the record of a field, {expected=}, got %s", options.shown(field))
  end
  return field.expected .. default_text(field)
end

local function tell_options(record, out)
  if not record.fields or #record.fields == 0 then return end
  out[#out + 1] = "  options:"
  local widest = 0
  for _, field in ipairs(record.fields) do widest = math.max(widest, #field.name) end
  for _, field in ipairs(record.fields) do
    local head = ("    %-" .. widest .. "s  "):format(field.name)
    local lines = {}
    wrap(help.expected(field), (" "):rep(#head), lines)
    if lines[1] then lines[1] = head .. lines[1]:sub(#head + 1) else lines[1] = head end
    table.move(lines, 1, #lines, #out + 1, out)
    if field.text then wrap(field.text, (" "):rep(#head), out) end
  end
end

local function tell_record(record, out)
  out[#out + 1] = record.signature or record.name
  if record.text then wrap(record.text, "  ", out) end
  tell_options(record, out)
  local example = record.name and examples[(record.name:gsub("%.__call$", ""))]
  if example then out[#out + 1] = "  example: " .. example end
end

-- Up to the first full stop before a capital letter, outside parentheses.
local function first_sentence(text)
  local from = 1
  while true do
    local stop = text:find("%.%s+%u", from)
    if not stop then return text end
    local _, opened = text:sub(1, stop):gsub("%(", "")
    local _, closed = text:sub(1, stop):gsub("%)", "")
    if opened == closed then return text:sub(1, stop) end
    from = stop + 1
  end
end

local function tell_list(heading, entries, out)
  if #entries == 0 then return end
  out[#out + 1] = heading
  for _, entry in ipairs(entries) do
    out[#out + 1] = "    " .. entry[1]
    if entry[2] ~= "" then wrap(first_sentence(entry[2]), "        ", out) end
    if entry.below then wrap(entry.below, "        ", out) end
  end
end

local function method_entries(class)
  local entries = {}
  for name, method in pairs(class.methods or {}) do
    local record = docs[method] or docs[class.name .. ":" .. name]
    entries[#entries + 1] = { record and record.signature or name, record and record.text or "", name }
  end
  table.sort(entries, function(a, b) return a[3] < b[3] end)
  return entries
end

local function tell_class(class, out)
  if class.text then wrap(class.text, "  ", out) end
  tell_list("  methods:", method_entries(class), out)
  local properties = {}
  for name, text in pairs(class.properties or {}) do properties[#properties + 1] = { "." .. name, text } end
  table.sort(properties, function(a, b) return a[1] < b[1] end)
  tell_list("  properties:", properties, out)
end

-- What is directly below a module, mf.distribution -> mf.distribution.isotropic, in a line the functions below that.
-- Names with blanks are classes that nobody makes by name.
local function tell_module(name, out)
  local entries, at = {}, {}
  local function entry(item, record)
    local full = name .. "." .. item
    if not at[item] then
      at[item] = { record.signature or full, record.text or "" }
      entries[#entries + 1] = at[item]
    end
    return at[item]
  end
  for _, other in ipairs(help.names()) do
    local rest = other:sub(1, #name + 1) == name .. "." and not other:find " " and other:sub(#name + 2) or ""
    local module, item = rest:match "^([^.:]+)%.([^.:]+)$"
    if rest:find "^[^.:]+$" then
      entry(rest, docs[other] or docs[other .. ".__call"] or docs[other .. " object"])
    elseif module and (docs[other] or docs[other .. ".__call"]) then
      local line = entry(module, {})
      line.below = (line.below and line.below .. ", " or "") .. item
    end
  end
  tell_list(name .. ":", entries, out)
end

local function unknown(name)
  local names, short = help.names(), {}
  for _, full in ipairs(names) do
    short[#short + 1] = full
    short[#short + 1] = full:gsub("^mf%.", "")
    short[#short + 1] = full:match "[^.:]*$"
  end
  local near = {}
  for distance = 1, 3 do
    for _, other in ipairs(short) do
      if #near < 5 and not near[other] and options.nearest(name, { other }, distance) then
        near[other] = true
        near[#near + 1] = other
      end
    end
  end
  return ("no documentation for '%s'%s\n"):format(name, #near > 0 and "; near: " .. table.concat(near, ", ") or "")
end

local function tell(found)
  local out = {}
  if found.record then tell_record(found.record, out) end
  if found.class and found.class ~= found.record then
    if not found.record then out[#out + 1] = found.class.name end
    tell_class(found.class, out)
  end
  if found.module then
    local count = #out
    tell_module(found.module, out)
    if count > 0 and #out > count then table.insert(out, count + 1, "") end
  end
  return table.concat(out, "\n") .. "\n"
end

-- The documentation of x as text.
function help.text(x)
  if x == nil then
    local out = {}
    wrap("help(x) explains a function, an object or a name: " ..
         "help(mf.sgd), help \"sgd:advance\", help \"eps\", help(sgd).", "", out)
    tell_module("mf", out)
    return table.concat(out, "\n") .. "\n"
  end
  if type(x) == "string" then
    local found = find_name(x)
    if found then return tell(found) end
    local methods, out = find_methods(x), {}
    for _, record in ipairs(methods) do tell_record(record, out) end
    if #out == 0 then tell_list("an option of", find_options(x), out) end
    return #out > 0 and table.concat(out, "\n") .. "\n" or unknown(x)
  end
  load_all()
  local found = find_value(x)
  if found then return tell(found) end
  return ("no documentation for this %s\n"):format(type(x))
end

-- Every public function, method and class that has no documentation, by name.
function help.missing()
  local mf, missing, seen = load_all(), {}, {}
  local function visit(value, name)
    if type(value) == "function" then
      if not record_of(value) then missing[#missing + 1] = name end
    elseif type(value) == "table" and not seen[value] then
      seen[value] = true
      local meta = getmetatable(value)
      if meta and meta.__call and not record_of(value) then missing[#missing + 1] = name end
      for key, member in pairs(value) do
        if type(key) == "string" and key:sub(1, 1) ~= "_" then visit(member, name .. "." .. key) end
      end
    end
  end
  visit(mf, "mf")
  for key, record in pairs(docs) do
    if type(key) == "string" and key:find " object$" then
      if not record.text then missing[#missing + 1] = record.name end
      for name, method in pairs(record.methods) do
        local known = docs[method]
        if not (known and known.text and known.signature) then missing[#missing + 1] = record.name .. ":" .. name end
      end
      for name, text in pairs(record.properties) do
        if text == "" then missing[#missing + 1] = record.name .. "." .. name end
      end
    elseif type(key) == "string" and not (record.text and record.signature) then
      missing[#missing + 1] = key
    end
  end
  return sorted(missing)
end

function help.write(text) io.stdout:write(text) end

setmetatable(help, { __call = function(_, x) help.write(help.text(x)) end })

help.document(help, { name = "mf.help", signature = "mf.help(x)",
  text = "Prints the documentation of x: a function, an object, a module, or a name such as \"sgd\", \"mf.sgd\" or "
         .. "\"sgd:advance\", or the name of an option, \"eps\". Without x: all there is." })
help.document(help.text, { name = "mf.help.text", signature = "mf.help.text(x) -> string",
  text = "What mf.help(x) prints." })
help.document(help.write, { name = "mf.help.write", signature = "mf.help.write(text)",
  text = "How mf.help shows a text; the prompt puts its pager here." })
help.document(help.names, { name = "mf.help.names", signature = "mf.help.names() -> list",
  text = "The names of everything that has documentation." })
help.document(help.missing, { name = "mf.help.missing", signature = "mf.help.missing() -> list",
  text = "The names of public things without documentation; empty in a sound build." })
help.document(help.expected, { name = "mf.help.expected", signature = "mf.help.expected(field) -> string",
  text = "What an option takes, and its default, in words." })
help.document(help.document, { name = "mf.help.document",
  signature = "mf.help.document(value, {name=, signature=, text=, fields=})",
  text = "Gives a function of your own documentation that mf.help finds." })
help.document(help.class, { name = "mf.help.class", signature = "mf.help.class(class, {name=, text=, properties=})",
  text = "The same for a class written in Lua, given the table of its methods." })

return help
