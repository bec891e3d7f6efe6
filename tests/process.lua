-- Programs run by tests: their output and exit code, and a terminal to type into.

local process = {}

-- The bytes of a file; nil if there is none.
local function read_file(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end
process.read_file = read_file

function process.write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- First line of what a shell command prints.
function process.line(command)
  local pipe = io.popen(command)
  local line = pipe:read "l"
  pipe:close()
  return line
end

process.host = process.line "readlink /proc/$PPID/exe" -- the program that runs these tests
process.build = process.host:match "^(.*)/"
process.top = process.line "pwd -P"
process.sanitized = process.line("nm " .. process.host .. " | grep -c __asan_init") ~= "0"

function process.quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- A new folder, removed by process.clean().
local folders = {}
function process.folder()
  local path = process.line "mktemp -d"
  folders[#folders + 1] = path
  return path
end

function process.clean()
  for _, path in ipairs(folders) do os.execute("rm -rf " .. process.quote(path)) end
  folders = {}
end

-- Runs a shell command: { out =, err =, code = }.
-- A busy machine must not show: no lines of progress, unless the command asks for them.
function process.run(command, input)
  local folder = process.folder()
  process.write_file(folder .. "/in", input or "")
  local line = ("export MEANFIELD_PROGRESS=0; (%s) <%s/in >%s/out 2>%s/err"):format(command, folder, folder, folder)
  local _, how, code = os.execute(line)
  return { out = read_file(folder .. "/out"), err = read_file(folder .. "/err"), code = how == "exit" and code or how }
end

-- Lua that sends its process Ctrl-C after so many seconds, counted from where it stands: a program that starts
-- slowly on a busy machine is not hit before it is there.
function process.ctrl_c(seconds)
  return ("os.execute '(sleep %g; kill -INT $PPID) >/dev/null 2>&1 &'; "):format(seconds)
end

-- What a shell command prints, and its exit code.
function process.output(command)
  local result = process.run(command)
  return result.out, result.code
end

-- ---- a terminal -----------------------------------------------------------------------

local terminal = {}
terminal.__index = terminal

-- What a terminal received, without its control sequences.
local function plain(text) return (text:gsub("\27%[[%d;?]*%a", ""):gsub("\r+\n", "\n"):gsub("\r", "")) end

-- Starts a command on a pseudo terminal of its own.
function process.terminal(command)
  -- setsid and no &: a shell makes background jobs ignore Ctrl-C
  local folder = process.folder()
  os.execute(("mkfifo %s/in; : >%s/out; setsid -f sh -c %s >/dev/null 2>&1"):format(folder, folder,
    process.quote(("script -qfec %s %s/out <%s/in"):format(process.quote(command), folder, folder))))
  local input = assert(io.open(folder .. "/in", "w")) -- waits for script
  input:setvbuf "no"
  return setmetatable({ input = input, out = folder .. "/out", seen = 0 }, terminal)
end

function terminal:type(text) self.input:write(text) end

-- Waits until what came since the last wait contains the plain text; returns all up to it.
function terminal:wait(text, seconds)
  for _ = 1, (seconds or 20) * 50 do
    local all = plain(read_file(self.out))
    local _, last = all:find(text, self.seen + 1, true)
    if last then
      local part = all:sub(self.seen + 1, last)
      self.seen = last
      return part
    end
    os.execute "sleep 0.02"
  end
  error(("no %q in %q"):format(text, plain(read_file(self.out)):sub(self.seen + 1)))
end

function terminal:close() self.input:close() end

-- Calls fn, with print muted.
function process.quietly(fn)
  local real = print
  _G.print = function() end -- luacheck: ignore
  local ok, message = pcall(fn)
  _G.print = real -- luacheck: ignore
  assert(ok, message)
end

return process
