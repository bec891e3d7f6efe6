-- meanfield kernel install | remove | run FILE

local native = require "meanfield.native"

local usage = [[
usage: meanfield kernel install [--prefix DIR] [--name NAME]   makes the kernel known to Jupyter
       meanfield kernel remove  [--prefix DIR] [--name NAME]   and unknown again
       meanfield kernel run FILE                               what Jupyter calls

Without --prefix the kernel is this user's: its folder is kernels/NAME in $JUPYTER_DATA_DIR, or in
~/.local/share/jupyter. With it, it is DIR/share/jupyter/kernels/NAME, for all users of that tree: /usr/local,
or a virtual environment. NAME is meanfield by default.
]]

-- An error without a traceback: it is about the command line.
local function refuse(format, ...)
  local text = "meanfield kernel: " .. format:format(...)
  error(setmetatable({}, { __tostring = function() return text end }))
end

-- ---- the module ---------------------------------------------------------------------------------

local function load_wire()
  local home = native.process.home()
  local path = package.searchpath("meanfield_kernel", ("%s/?.so;%s/../lib/lua/5.4/?.so"):format(home, home))
  if not path then
    refuse("this meanfield was built without ZeroMQ and libsodium (libzmq3-dev, libsodium-dev)")
  end
  if not package.searchpath("dkjson", package.path) then refuse("dkjson is missing (Debian's lua-dkjson)") end
  package.loaded["meanfield.kernel.wire"] = assert(package.loadlib(path, "luaopen_meanfield_kernel"))()
end

-- ---- kernel.json ----------------------------------------------------------------------------------

local function read_arguments(args)
  local given = { name = "meanfield" }
  for i = 2, #args, 2 do
    local key = args[i]:match "^%-%-(%a+)$"
    if key ~= "prefix" and key ~= "name" then refuse("unknown argument '%s'\n%s", args[i], usage) end
    given[key] = (args[i + 1] or "") ~= "" and args[i + 1] or refuse("%s needs a value", args[i])
  end
  if not given.name:find "^[%w._-]+$" then
    refuse("--name: expected letters, digits, '.', '_' and '-', got '%s'", given.name)
  end
  return given
end

local function data_folder(prefix)
  if prefix then return prefix .. "/share/jupyter" end
  local given, xdg, home = os.getenv "JUPYTER_DATA_DIR", os.getenv "XDG_DATA_HOME", os.getenv "HOME"
  if given and given ~= "" then return given end
  if xdg and xdg ~= "" then return xdg .. "/jupyter" end
  return (home or refuse "HOME is not set: give --prefix") .. "/.local/share/jupyter"
end

local function folder_of(given) return data_folder(given.prefix) .. "/kernels/" .. given.name end

local function specification()
  local json = require "dkjson"
  return json.encode({ argv = { native.process.home() .. "/meanfield", "kernel", "run", "{connection_file}" },
                       display_name = "meanfield", language = "lua", interrupt_mode = "message",
                       metadata = setmetatable({}, { __jsontype = "object" }) },
                     { indent = true, keyorder = { "argv", "display_name", "language", "interrupt_mode" } }) .. "\n"
end

local actions = {}

function actions.install(args)
  local folder = folder_of(read_arguments(args))
  load_wire() -- a kernel that cannot start is not installed
  local ok, reason = native.file.folder(folder)
  if ok then ok, reason = native.file.replace(folder .. "/kernel.json", specification()) end
  if not ok then refuse("%s", reason) end
  print("installed " .. folder .. "/kernel.json")
end

function actions.remove(args)
  local folder = folder_of(read_arguments(args))
  local ok, reason = os.remove(folder .. "/kernel.json")
  if not ok then refuse("%s", reason) end
  os.remove(folder)
  print("removed " .. folder)
end

function actions.run(args)
  if #args ~= 2 then refuse("run: expected one connection file\n%s", usage) end
  load_wire()
  local ok, reason = require "meanfield.kernel.run".run(args[2])
  if not ok then refuse("run: %s", reason) end
end

return function(...)
  local args = { ... }
  if args[1] == "--help" or args[1] == "-h" then return io.write(usage) end
  local act = actions[args[1]]
  local got = args[1] and (", got '%s'"):format(args[1]) or ""
  if not act then refuse("expected install, remove or run%s\n%s", got, usage) end
  act(args)
end
