-- The command line of an experiment: --set key=value, --out DIR, --quick, --fresh, --force, --help; all strict.
-- And the folder that a set of options has for its results.

local native = require "meanfield.native"
local options = require "meanfield.options"

local raise = options.raise

local command = {}

-- ---- values of options ----------------------------------------------------------------------

local number_words = { inf = math.huge, ["math.huge"] = math.huge, ["-inf"] = -math.huge }

-- A number that says what it means: no nan, and inf only by its name (1e400 is a slip).
local function to_number(text)
  local value = tonumber(text)
  if value and (value ~= value or value == math.huge or value == -math.huge) then return nil end
  return value or number_words[text]
end

-- An integer or inf: 1e5 is the integer 100000, 2.5 is none.
local function to_integer(text)
  local value = to_number(text)
  if value == math.huge or value == -math.huge then return value end
  return value and math.tointeger(value)
end

-- The words for the type of a default; nil if it can be none.
function command.kind_of(default)
  if type(default) == "table" then return "a comma-separated list like " .. options.listed(default) end
  if math.type(default) == "integer" then return "an integer" end
  return ({ number = "a number", boolean = "true or false", string = "a string" })[type(default)]
end

local function convert_scalar(text, default)
  if math.type(default) == "integer" then return to_integer(text) end
  if type(default) == "number" then
    local value = to_number(text)
    return value and value + 0.0
  end
  if type(default) == "boolean" then return ({ ["true"] = true, ["false"] = false })[text] end
  return text
end

-- A list takes the type of its first default; numbers of any kind where that is a number.
local function convert_item(text, default)
  if type(default) == "string" or type(default) == "boolean" then return convert_scalar(text, default) end
  return to_number(text)
end

-- The value of `text` in the type of `default`, or nil.
local function convert(text, default)
  if type(default) ~= "table" then return convert_scalar(text, default) end
  local list = {}
  for item in (text:gsub("^{(.*)}$", "%1") .. ","):gmatch "%s*([^,]-)%s*," do
    local value = convert_item(item, default[1])
    if value == nil then return nil end
    list[#list + 1] = value
  end
  return list
end

function command.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local sorted_keys = command.sorted_keys

function command.check_key(name, key, known)
  if known[key] == nil then
    local near = options.nearest(key, sorted_keys(known))
    raise("%s: unknown option '%s'%s; options: %s", name, key, near and (" (did you mean '%s'?)"):format(near) or "",
          table.concat(sorted_keys(known), ", "))
  end
end

-- ---- reading ----------------------------------------------------------------------------------

local flags = { ["--quick"] = "quick", ["--fresh"] = "fresh", ["--force"] = "force", ["--help"] = "help",
                ["-h"] = "help" }

-- Splits arguments into { set = { {key, text}, ... }, out =, quick =, fresh =, force =, help = }.
function command.parse(name, args)
  local found, i = { set = {} }, 1
  local function value(flag)
    i = i + 1
    return (args[i] or "") ~= "" and args[i] or raise("%s: %s needs a value", name, flag)
  end
  while args[i] do
    local a = args[i]
    if a == "--set" then
      local key, text = value(a):match "^%s*([%w_]+)%s*=%s*(.-)%s*$"
      if not key then raise("%s: --set needs key=value, got '%s'", name, args[i]) end
      found.set[#found.set + 1] = { key, text }
    elseif a == "--out" then found.out = value(a)
    elseif flags[a] then found[flags[a]] = true
    else
      local near = options.nearest(a, { "--set", "--out", "--quick", "--fresh", "--force", "--help" })
      raise("%s: unknown argument '%s'%s; arguments: --set key=value, --out DIR, --quick, --fresh, --force, --help",
            name, a, near and (" (did you mean '%s'?)"):format(near) or "")
    end
    i = i + 1
  end
  return found
end

-- The defaults, or those of --quick: { key = value }.
local function defaults(spec, quick)
  local values = {}
  for key, default in pairs(spec.options) do values[key] = default end
  for key, value in pairs(spec.quick) do
    command.check_key(spec.name .. ": quick", key, values)
    local kind = math.type(spec.options[key])
    if kind == "integer" and not math.tointeger(value) and value ~= math.huge then
      raise("%s: quick: option '%s' must be an integer, got %s", spec.name, key, options.shown(value))
    end
    if quick then values[key] = kind == "float" and math.type(value) == "integer" and value + 0.0 or value end
  end
  return values
end

-- The values of all options.
function command.resolve(spec, found)
  local values = defaults(spec, found.quick)
  for _, pair in ipairs(found.set) do
    local key, text = pair[1], pair[2]
    command.check_key(spec.name, key, values)
    local value = convert(text, spec.options[key])
    if value == nil then
      raise("%s: option '%s' must be %s, got '%s'", spec.name, key, command.kind_of(spec.options[key]), text)
    end
    values[key] = value
  end
  return values
end

-- ---- the folder of a set of options ---------------------------------------------------------------

local LONGEST = 80

-- A part of a path that tells one set of options from another. Numbers are written to the last
-- bit, so the text is the set; where it is cut or changed to suit a file system, a checksum of it follows.
local function folder_name(text)
  local safe = text:gsub("[^%w=.,+-]", "-")
  if safe == text and #text <= LONGEST then return text end
  return safe:sub(1, LONGEST) .. "-" .. native.process.hash(text):sub(1, 8)
end

-- results/NAME for the defaults, results/NAME/quick for those of --quick; each other set of
-- options has a folder of its own below, as in results/NAME/eps=1e-05 or results/NAME/quick,N=50.
function command.folder(spec, found, values)
  if found.out then return found.out end
  local base, parts = defaults(spec, found.quick), { found.quick and "quick" or nil }
  for _, key in ipairs(sorted_keys(values)) do
    local value, default = options.listed(values[key]), options.listed(base[key])
    if value ~= default then parts[#parts + 1] = key .. "=" .. value end
  end
  return "results/" .. spec.name .. (parts[1] and "/" .. folder_name(table.concat(parts, ",")) or "")
end

-- ---- help ---------------------------------------------------------------------------------------------

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

function command.usage(spec, script)
  local lines = { head_comment(script), "",
                  ("usage: meanfield %s [--set key=value]... [--out DIR] [--quick] [--fresh] [--force]"):format(
                    script or spec.name), "",
                  "--set key=value   changes an option (defaults below; under --quick in parentheses)",
                  ("--out DIR         where results go; default results/%s, and a folder below it"):format(spec.name),
                  "                  for --quick and for each set of changed options",
                  "--quick           the same at lower cost",
                  "--fresh           starts over: nothing is taken from an earlier run",
                  "--force           runs again what has finished before, instead of showing it", "" }
  for _, key in ipairs(sorted_keys(spec.options)) do
    local quick = spec.quick[key]
    lines[#lines + 1] = ("  %-12s %s%s"):format(key, options.listed(spec.options[key]),
                        quick ~= nil and (" (%s)"):format(options.listed(quick)) or "")
  end
  return table.concat(lines, "\n") .. "\n"
end

return command
