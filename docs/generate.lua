-- Writes docs/api.md and docs/meanfield.meta.lua (annotations for editors that speak LuaLS)
-- from the documentation records of the running program, so that reference, editor and
-- help() never disagree. Run it from the top of the tree: ./meanfield docs/generate.lua
-- With --check it writes nothing and fails if a file is out of date.
local mf = require "meanfield"
local help = mf.help

-- The order of the reference: from the data to the results.
local ORDER = { "distribution", "activation", "loss", "init", "number", "schedule", "sgd", "potential", "pde",
                "optimum", "gibbs", "stability", "prove", "measure", "transport", "array", "rng", "data", "store",
                "plot", "experiment", "fit", "sweep", "help" }

local docs = mf._docs

local function record_of(name) return docs[name] or docs[name .. ".__call"] end

-- Names grouped by section: { ["mf.schedule"] = { functions = { names }, classes = { names } } }.
local function sections()
  local found, order = {}, {}
  local function section(name)
    local top = name:match "^mf%.[%w_]+" or name
    if not found[top] then
      found[top] = { functions = {}, classes = {} }
      order[#order + 1] = top
    end
    return found[top]
  end
  for _, short in ipairs(ORDER) do section("mf." .. short) end
  for _, name in ipairs(help.names()) do
    if docs[name .. " object"] then table.insert(section(name).classes, name) end
    if record_of(name) and not name:find ":" then table.insert(section(name).functions, name) end
  end
  for i = #order, 1, -1 do
    local s = found[order[i]]
    if #s.functions == 0 and #s.classes == 0 then table.remove(order, i) end
  end
  return found, order
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t or {}) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function method_record(class, name) return docs[class.name .. ":" .. name] or docs[class.methods[name]] end

-- ---- docs/api.md ------------------------------------------------------------------------------

local function escaped(text) return (text:gsub("|", "\\|"):gsub("[<>*_]", "\\%0")) end

local function add_record(out, record)
  out[#out + 1] = ("\n#### `%s`\n\n%s\n"):format(record.signature, escaped(record.text))
  if not record.fields or #record.fields == 0 then return end
  out[#out + 1] = "\n| option | takes | meaning |\n| --- | --- | --- |\n"
  for _, field in ipairs(record.fields) do
    out[#out + 1] = ("| `%s` | %s | %s |\n"):format(field.name, escaped(help.expected(field)),
                                                   escaped(field.text or ""))
  end
end

local function add_class(out, class)
  out[#out + 1] = ("\n### Objects of `%s`\n\n%s\n"):format(class.name, escaped(class.text))
  local properties = sorted_keys(class.properties)
  if #properties > 0 then
    out[#out + 1] = "\n| property | meaning |\n| --- | --- |\n"
    for _, name in ipairs(properties) do
      out[#out + 1] = ("| `.%s` | %s |\n"):format(name, escaped(class.properties[name]))
    end
  end
  for _, name in ipairs(sorted_keys(class.methods)) do add_record(out, method_record(class, name)) end
end

local function reference()
  local out = { [[
# Reference

All that `require "meanfield"` offers. This file is written by `docs/generate.lua` from the same
records that `help()` shows at the prompt; change those, not this.

Options are strict: an unknown name is an error that suggests the nearest one.
]] }
  local found, order = sections()
  for _, top in ipairs(order) do
    out[#out + 1] = ("\n## `%s`\n"):format(top)
    for _, name in ipairs(found[top].functions) do add_record(out, record_of(name)) end
    for _, name in ipairs(found[top].classes) do
      if name ~= "mf.plot.panel" then add_class(out, docs[name .. " object"]) end -- has the figure's methods
    end
  end
  return table.concat(out)
end

-- ---- docs/meanfield.meta.lua -------------------------------------------------------------------

-- What a field takes, as a LuaLS type.
local function lua_type(expected)
  if expected:find "^a list" or expected:find "^a table" or expected:find "^{" then return "table" end
  if expected:find "^'" then return (expected:gsub("'", '"'):gsub(" | ", "|")) end
  local class = expected:match "^an? (mf%.[%w_.]+)$"
  if class then return class end
  if expected:find "^an integer" or expected == "a finite integer" then return "integer" end
  if expected:find "^a number in" or expected == "a number" or expected == "a finite number" then return "number" end
  if expected == "true or false" then return "boolean" end
  if expected == "a string" then return "string" end
  return "any"
end

local keywords = { ["function"] = "fn", ["end"] = "last", ["repeat"] = "times" }

-- Parameter names of a signature: "m:mean(which or fn)" -> { "which" }, "mf.sgd{...}" -> { "options" }.
local function parameters(signature)
  local inside = signature:match "%b()"
  if not inside then return signature:find "{" and { "options" } or {} end
  local names, seen = {}, {}
  for part in inside:sub(2, -2):gsub("%b{}", "options"):gsub("[%[%]]", ""):gmatch "[^,]+" do
    local name = part:match "[%a_][%w_]*"
    if part:find "%.%.%." then name = "..." end
    name = keywords[name] or name
    if name and not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  return names
end

local function comment(out, text)
  for line in (text or ""):gmatch "[^\n]+" do out[#out + 1] = "---" .. line .. "\n" end
end

-- The class that a constructor makes: its own name's, else its module's.
local function made_by(name)
  if docs[name .. " object"] then return name end
  local module = name:match "^(mf%.[%w_]+)%."
  return module and docs[module .. " object"] and module ~= "mf.array" and module or nil
end

local function add_function(out, record, holder, joint, name, class)
  local names = parameters(record.signature)
  if record.fields and #record.fields > 0 then
    out[#out + 1] = ("\n---@class %s.options\n"):format((record.name:gsub(":", "."):gsub("%.__call", "")))
    for _, field in ipairs(record.fields) do
      out[#out + 1] = ("---@field %s%s %s %s\n"):format(field.name, field.required and "" or "?",
                      lua_type(field.expected), (help.expected(field) .. ": " .. (field.text or "")))
    end
  end
  out[#out + 1] = "\n"
  comment(out, record.text)
  for _, parameter in ipairs(names) do
    local kind = "any"
    if parameter == "options" and record.fields and #record.fields > 0 then
      kind = record.name:gsub(":", "."):gsub("%.__call", "") .. ".options"
    end
    out[#out + 1] = parameter == "..." and "---@param ... any\n"
                    or ("---@param %s %s\n"):format(parameter == "options" and "options?" or parameter, kind)
  end
  if class then out[#out + 1] = ("---@return %s\n"):format(class) end
  out[#out + 1] = ("function %s%s%s(%s) end\n"):format(holder, joint, name, table.concat(names, ", "))
end

local function annotations()
  local out = { [[
---@meta meanfield
-- Annotations for editors (LuaLS). Written by docs/generate.lua; nothing here is ever run.

local mf = {}
]] }
  local found, order = sections()
  local variables = 0
  for _, top in ipairs(order) do
    for _, name in ipairs(found[top].classes) do
      local class = docs[name .. " object"]
      variables = variables + 1
      local variable = "class" .. variables
      out[#out + 1] = "\n"
      comment(out, class.text)
      out[#out + 1] = ("---@class %s\n"):format(name)
      for _, property in ipairs(sorted_keys(class.properties)) do
        out[#out + 1] = ("---@field %s any %s\n"):format(property, class.properties[property])
      end
      out[#out + 1] = ("local %s = {}\n"):format(variable)
      for _, method in ipairs(sorted_keys(class.methods)) do
        add_function(out, method_record(class, method), variable, ":", method)
      end
    end
    local inner = false
    for _, name in ipairs(found[top].functions) do inner = inner or name ~= top end
    if inner then out[#out + 1] = ("\n%s = {}\n"):format(top) end
    for _, name in ipairs(found[top].functions) do
      local holder, last = name:match "^(.*)%.([^.]*)$"
      if name ~= top or not inner then add_function(out, record_of(name), holder, ".", last, made_by(name)) end
    end
  end
  out[#out + 1] = "\nreturn mf\n"
  return table.concat(out)
end

-- ---- files ---------------------------------------------------------------------------------------

local files = { ["docs/api.md"] = reference(), ["docs/meanfield.meta.lua"] = annotations() }

if ... == "--texts" then return files end -- for the test

for _, path in ipairs(sorted_keys(files)) do
  local file = io.open(path, "rb")
  local old = file and file:read "a"
  if file then file:close() end
  if old ~= files[path] then
    if arg[1] == "--check" then
      io.stderr:write(path, " is out of date: run ./meanfield docs/generate.lua\n")
      os.exit(1)
    end
    file = assert(io.open(path, "wb"))
    assert(file:write(files[path]))
    assert(file:close())
    print("wrote " .. path)
  end
end
