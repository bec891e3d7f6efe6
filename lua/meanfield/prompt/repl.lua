-- The prompt's Lua half: what results look like, and what the Tab key offers.
--
-- Completion never runs code of the user's: it walks tables and class metatables with raw
-- access, reads of an object nothing but its options, and knows of methods what they give.

local mf = require "meanfield"

local repl = {}

for name in pairs(mf._lua_parts) do local _ = mf[name] end -- all of mf, to be seen by Tab
for name, value in pairs { mf = mf, help = mf.help } do
  if rawget(_G, name) == nil then rawset(_G, name, value) end
end

-- ---- results -------------------------------------------------------------------------------

local found, pretty = pcall(require, "meanfield.prompt.pretty")
if not found then pretty = tostring end

repl.rows = nil -- of the terminal; set by the host before it shows results

local function lines_of(text) return select(2, text:gsub("\n", "")) end

-- Shows a text that ends in a newline: through the pager if it is longer than the screen.
function repl.page(text)
  if repl.rows and lines_of(text) >= repl.rows then
    local pager = os.getenv "PAGER"
    local pipe = io.popen(pager and pager ~= "" and pager or "less -FRX 2>/dev/null || more", "w")
    if pipe then
      pipe:write(text)
      pipe:close()
      return
    end
  end
  io.stdout:write(text)
end

-- Prints the results and keeps the first one in the global `_`.
function repl.show(...)
  if ... == mf.help then return mf.help() end -- who types help wants it
  local shown, long = table.pack(...), false
  for i = 1, shown.n do
    shown[i] = pretty(shown[i])
    long = long or shown[i]:find("\n", 1, true)
  end
  local text = table.concat(shown, long and "\n" or "\t", 1, shown.n)
  if repl.rows and lines_of(text) + 1 >= repl.rows then repl.page(text .. "\n") else print(text) end
  if ... ~= nil then rawset(_G, "_", (...)) end
end

-- "? x": help for the value of x, a method written with ':' included; for the name x if it has none.
function repl.explain(text)
  text = text:match "^%s*(.-)%s*$"
  if text == "" then return mf.help() end
  local chunk = load("return " .. text:gsub(":([%a_][%w_]*)$", ".%1"), "=?", "t")
  local ok, value = pcall(chunk or error)
  if ok and value ~= nil then mf.help(value) else mf.help(text) end
end

-- ---- leaving, and help -----------------------------------------------------------------------

-- What the host calls once, at a terminal.
function repl.open()
  mf.help.write = repl.page
  local leave = setmetatable({}, {
    __name = "exit",
    __tostring = function() return "exit() or Ctrl-D leaves" end,
    __call = function(_, code) os.exit(code, true) end,
  })
  for _, name in ipairs { "exit", "quit" } do
    if rawget(_G, name) == nil then rawset(_G, name, leave) end
  end
end

-- ---- completion ------------------------------------------------------------------------------

local keywords = { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while" }

-- The object's own fields by raw access: value of a key, without running anything.
local function raw_field(object, key)
  if type(object) == "string" then return string[key] end
  if type(object) == "userdata" then
    local given = debug.getuservalue(object, 1)
    if key == "options" then return given end
    return type(given) == "table" and rawget(given, key) or nil
  end
  for _ = 1, 20 do -- through __index tables
    if type(object) ~= "table" then return nil end
    local value = rawget(object, key)
    if value ~= nil then return value end
    local meta = debug.getmetatable(object)
    object = meta and rawget(meta, "__index")
  end
end

-- Calls offer(name, value) for all that may follow "object." or "object:".
local function each_field(object, offer)
  local meta = debug.getmetatable(object)
  if type(object) == "userdata" then
    local given = debug.getuservalue(object, 1)
    for name in next, type(given) == "table" and given or {} do offer(name) end
  end
  if type(object) == "string" then object, meta = string, nil end
  for _ = 1, 20 do
    if type(object) == "table" then
      for name, value in next, object do offer(name, value) end
    end
    if not meta then return end
    for _, part in ipairs { "methods", "properties" } do -- our own classes
      local fields = rawget(meta, part)
      for name in next, type(fields) == "table" and fields or {} do
        offer(name, part == "methods" and print or nil)
      end
    end
    if rawget(meta, "methods") then offer("options") end
    object = rawget(meta, "__index")
    meta = type(object) == "table" and debug.getmetatable(object) or nil
    if type(object) ~= "table" then return end
  end
end

-- The same for an object of a class that has not been made yet.
local function each_member(class, offer)
  local record = mf._docs[class .. " object"]
  for name, method in pairs(record and record.methods or {}) do offer(name, method) end
  for name in pairs(record and record.properties or {}) do offer(name) end
end

-- What methods and properties give, where it is one of our objects (tests call them all).
repl.gives = {
  ["mf.sgd"] = { ["mf.sgd"] = "advance step", ["mf.measure"] = "measure", ["mf.array"] = "weights" },
  ["mf.pde.particles"] = { ["mf.pde.particles"] = "advance", ["mf.measure"] = "measure" },
  ["mf.optimum"] = { ["mf.measure"] = "measure" },
  ["mf.measure"] = { ["mf.measure"] = "marginal push radii radius sample", ["mf.array"] = "atoms coordinate weights" },
  ["mf.array"] = { ["mf.array"] = "abs copy cos cumsum erf exp fill floor log log10 map matmul reshape row column "
                   .. "sin slice sort sqrt tanh transpose" },
  ["mf.rng"] = { ["mf.array"] = "normals uniforms" },
  ["mf.plot.figure"] = { ["mf.plot.figure"] = "band density histogram hline line points text vline" },
}

local function given_by(class, name)
  for result, names in pairs(repl.gives[class] or {}) do
    if (" " .. names .. " "):find(" " .. name .. " ", 1, true) then return result end
  end
end

-- The documentation of a function or callable table.
local function record_of(callee)
  local meta = type(callee) == "table" and debug.getmetatable(callee)
  return callee ~= nil and mf._docs[callee] or meta and mf._docs[rawget(meta, "__call")] or nil
end

-- The class of what a constructor makes: mf.sgd makes an mf.sgd, mf.init.gaussian an mf.init.
local function made_by(callee)
  local record = record_of(callee)
  if not record or not record.name then return nil end
  local name = record.name:gsub("%.__call$", "")
  for _, class in ipairs { name, name .. ".figure", (name:gsub("%.[^.]*$", "")) } do
    if mf._docs[class .. " object"] then return class end
  end
end

local function class_of(value)
  local meta = debug.getmetatable(value)
  local name = type(meta) == "table" and (rawget(meta, "__name") or mf._docs[meta] and mf._docs[meta].name)
  return name and mf._docs[name .. " object"] and name or nil
end

-- The text with what is in quotes, parentheses and braces taken out: "f{ 1, g(2) }" becomes "f\1". What
-- is left of parentheses and braces is open.
local function flattened(text)
  text = text:gsub("\\.", ""):gsub('"[^"]*"', "\1"):gsub("'[^']*'", "\1")
  return (text:gsub("%b{}", "\1"):gsub("%b()", "\1"):gsub("%s*([.:])%s*", "%1"):gsub("%s+\1", "\1"))
end

-- What the chain "sgd:measure():radius()" at the end of a flat text stands for: its value and its
-- class, as far as they are known without running anything.
local function resolve(text)
  local chain = text:match "[%a_][%w_.:\1]*$"
  if not chain then return nil end
  local first, rest = chain:match "^([%a_][%w_]*)(.*)$"
  local value, class, owner = raw_field(_G, first), nil, nil
  for joint, name in rest:gmatch "([.:\1])([%w_]*)" do
    if joint == "\1" then -- a call: of a method, or of a constructor
      class = owner and class or not owner and made_by(value) or nil
      value, owner = nil, nil
    else
      local of = class or value ~= nil and class_of(value) or nil
      class, owner = of and given_by(of, name) or nil, joint == ":" and of or nil
      if owner then
        local record = mf._docs[owner .. " object"]
        value = record and record.methods[name]
      else
        value = value ~= nil and raw_field(value, name) or nil
      end
    end
  end
  return value, class
end

-- The names of the options that may stand here: before is "... mf.sgd{ N = 1, ".
local function option_names(before)
  local flat = flattened(before)
  local callee, inside = flat:match "([%a_][%w_.:\1]*)%s*%(?%s*{([^{}]*)$"
  local callable = callee and resolve(callee)
  local record = record_of(callable)
  local names = {}
  if record and record.fields and (inside:match "^%s*$" or inside:match "[,;]%s*$") then
    for _, field in ipairs(record.fields) do
      if not inside:find("%f[%w_]" .. field.name .. "%s*=") then names[#names + 1] = field.name .. " = " end
    end
  end
  return names
end

-- Words that begin with `word` and may follow the text `before`, in alphabetical order.
function repl.complete(before, word)
  local words, seen = {}, {}
  local function offer(name)
    if type(name) == "string" and name:sub(1, #word) == word and name:match "^[%a_][%w_]*[ =]*$" and not seen[name]
      and (word:sub(1, 1) == "_" or name:sub(1, 1) ~= "_") then
      seen[name] = true
      words[#words + 1] = name
    end
  end
  local path, joint = before:match "^(.*[%w_)}\"'])%s*([.:])%s*$"
  if path then
    local value, class = resolve(flattened(path))
    local function offer_here(name, member)
      if joint == "." or type(member) == "function" then offer(name) end
    end
    if class then each_member(class, offer_here) elseif value ~= nil then each_field(value, offer_here) end
  elseif not before:match "[.:]%s*$" or before:match "%.%.%s*$" then
    for _, name in ipairs(option_names(before)) do offer(name) end
    if #words == 0 and (word ~= "" or not before:match "^%s*$") then
      each_field(_G, offer)
      for _, name in ipairs(keywords) do offer(name) end
    end
  end
  table.sort(words)
  return words
end

-- The documentation of the name, method or chain at the end of a text, or of the function in whose
-- parentheses or braces it ends; nil if neither is known.
function repl.describe(text)
  local flat = flattened(text)
  local value, class = resolve(flat)
  local callee = flat:match "([%a_][%w_.:\1]*)%s*%(?%s*{[^{}]*$" or flat:match "([%a_][%w_.:\1]*)%s*%([^()]*$"
  if type(value) == "string" then value = nil end -- its text is nothing to look up
  for _, known in ipairs { value ~= nil and value or class or false, callee and resolve(callee) or false } do
    local told = known and mf.help.text(known)
    if told and not told:find "^no documentation" then return told end
  end
end

-- The same inside a string: names that help knows; nil where files are meant.
function repl.complete_string(before, word)
  if not before:match "%f[%w_]help%s*%(?%s*[\"']$" then return nil end
  local words = {}
  for _, name in ipairs(mf.help.names()) do
    for _, form in ipairs { name, (name:gsub("^mf%.", "")) } do
      if form:sub(1, #word) == word and (form ~= name or word:sub(1, 2) == "mf") then words[#words + 1] = form end
    end
  end
  table.sort(words)
  return words
end

return repl
