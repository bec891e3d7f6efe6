-- The kernel: reads requests of a notebook, runs cells, shows what they give. (side.lua answers what must
-- not wait for a cell.)

local host = require "meanfield.host"
local json = require "dkjson"
local message = require "meanfield.kernel.message"
local wire = require "meanfield.kernel.wire"

local mf = require "meanfield"
local chunk = require "meanfield.prompt.chunk"
local mime = require "meanfield.kernel.mime"
local screen = require "meanfield.plot.screen"
local words = require "meanfield.kernel.words"

local kernel = { count = 0, history = {}, waiting = {}, stopping = nil }

-- ---- what is told to all ----------------------------------------------------------------------

-- What cells have printed so far goes out before anything that follows it.
local function flush()
  io.stdout:flush()
  io.stderr:flush()
  wire.locked(message.publish_output, true)
end

local function publish(kind, content, metadata)
  flush()
  wire.locked(message.publish, kind, content, kernel.request.header, metadata)
end

local function bundle_of(make, ...)
  local data, metadata = make(...)
  return { data = data, metadata = setmetatable(metadata or {}, message.object) }
end

function screen.display(figure) publish("display_data", bundle_of(mime.figure, figure)) end

-- ---- running cells ------------------------------------------------------------------------------

-- { status = "error", ename =, evalue =, traceback = } of a message with a traceback, whose lower end is ours.
local function failure(text)
  local lines, from_here = {}, false
  for line in text:gmatch "[^\n]+" do
    from_here = from_here or line:find("'meanfield.host.call'", 1, true)
    if not from_here then lines[#lines + 1] = line end
  end
  local first = lines[1] or ""
  return { status = "error", ename = first:find "interrupted!?$" and "Interrupt" or "Error", evalue = first,
           traceback = lines, execution_count = kernel.count }
end

-- Runs a text: true and its values, or false and the failure.
local function run(text, name)
  local f, reason = chunk.load(text, "=" .. name)
  if not f then return false, failure(reason) end
  local results = table.pack(host.call(f))
  if results[1] then return true, table.pack(table.unpack(results, 2, results.n)) end
  return false, failure(tostring(results[2]))
end

-- The values of user_expressions, or why they have none.
local function user_expressions(asked)
  local answers = message.empty "object"
  for name, text in pairs(type(asked) == "table" and asked or {}) do
    local ok, values = run(text, "expression " .. name)
    if ok then ok, values = host.call(bundle_of, mime.bundle, values) end
    if ok then values.status = "ok" end
    answers[name] = type(values) == "table" and values or failure(tostring(values))
  end
  return answers
end

-- Shows the values of a cell, and keeps the first one in the global `_`.
local function show(values, content)
  if values.n == 0 or chunk.muted(content.code) or content.silent then return nil end
  if values[1] ~= nil then rawset(_G, "_", values[1]) end
  local ok, result = host.call(bundle_of, mime.bundle, values)
  if not ok then return failure(tostring(result)) end
  result.execution_count = kernel.count
  publish("execute_result", result)
end

local function execute(content)
  local ok, values = run(content.code, ("In [%d]"):format(kernel.count))
  local failed
  if ok then failed = show(values, content) else failed = values end
  if failed then
    publish("error", { ename = failed.ename, evalue = failed.evalue, traceback = failed.traceback })
    return failed
  end
  return { status = "ok", execution_count = kernel.count, payload = message.empty "array",
           user_expressions = user_expressions(content.user_expressions) }
end

-- ---- input ------------------------------------------------------------------------------------------

-- A line that the user of the notebook types.
local function ask(prompt)
  local request = kernel.request
  if not request.content.allow_stdin then error("io.read: this notebook has no way to type an answer", 0) end
  flush()
  message.reply("stdin", request, "input_request", { prompt = prompt or "", password = false })
  while true do
    local parts = wire.wait(0.5, "stdin") and wire.receive "stdin"
    local answer = parts and message.read(parts)
    if answer and answer.type == "input_reply" then return tostring(answer.content.value) end
    if wire.locked(wire.shared, "stop") then error("interrupted!", 0) end
  end
end

-- io.read of lines and numbers from stdin; files are read as ever.
local function replace_reading()
  local read, stdin = io.read, io.stdin
  local function replaced(format, ...)
    local what = type(format) == "string" and format:gsub("^%*", "") or format or "l"
    if io.input() ~= stdin or ... ~= nil or not (what == "l" or what == "L" or what == "n") then
      return read(format, ...)
    end
    local line = ask()
    return what == "n" and tonumber(line) or what == "L" and line .. "\n" or what == "l" and line or nil
  end
  rawset(io, "read", replaced)
end

-- ---- requests on the shell ------------------------------------------------------------------------------

local answers = {}

function answers.kernel_info_request() return "kernel_info_reply", kernel.info end

function answers.execute_request(content)
  if type(content.code) ~= "string" then error("code must be a string", 0) end
  local keep = content.store_history ~= false and not content.silent
  if keep then
    kernel.count = kernel.count + 1
    kernel.history[kernel.count] = content.code
  end
  if not content.silent then publish("execute_input", { code = content.code, execution_count = kernel.count }) end
  local reply = execute(content)
  if reply.status == "error" and content.stop_on_error ~= false then kernel.abort() end
  return "execute_reply", reply
end

function answers.complete_request(content)
  local matches, first, last = words.complete(content.code, content.cursor_pos)
  return "complete_reply", { status = "ok", matches = setmetatable(matches, message.list), cursor_start = first,
                             cursor_end = last, metadata = message.empty "object" }
end

function answers.inspect_request(content)
  local text = words.explain(content.code, content.cursor_pos)
  return "inspect_reply", { status = "ok", found = text ~= nil, metadata = message.empty "object",
                            data = setmetatable({ ["text/plain"] = text }, message.object) }
end

function answers.is_complete_request(content)
  local f, _, unfinished = chunk.load(content.code, "=cell")
  if not f and unfinished then return "is_complete_reply", { status = "incomplete", indent = "  " } end
  return "is_complete_reply", { status = f and "complete" or "invalid" }
end

-- A pattern of Lua's for one of the shell's.
local function pattern_of(glob)
  return "^" .. glob:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".") .. "$"
end

-- Entries of this session, the newest last: { session, number, code }.
function answers.history_request(content)
  local list, first, last = message.empty "array", 1, #kernel.history
  if content.hist_access_type == "range" and (content.session or 0) == 0 then
    first, last = math.max(content.start or 1, 1), math.min((content.stop or last + 1) - 1, last)
  end
  local pattern = content.hist_access_type == "search" and pattern_of(content.pattern or "*")
  local newest = {}
  for i = first, last do newest[kernel.history[i]] = i end
  for i = first, last do
    local code = kernel.history[i]
    if (not pattern or code:find(pattern)) and (not content.unique or newest[code] == i) then
      list[#list + 1] = { 0, i, content.output and { code, json.null } or code }
    end
  end
  while content.n and #list > content.n do table.remove(list, 1) end
  return "history_reply", { status = "ok", history = list }
end

function answers.comm_info_request() return "comm_info_reply", { status = "ok", comms = message.empty "object" } end

-- Widgets are not known here, and say so as the protocol has it.
function answers.comm_open(content)
  if type(content.comm_id) ~= "string" then error("comm_id must be a string", 0) end
  publish("comm_close", { comm_id = content.comm_id, data = message.empty "object" })
end

function answers.shutdown_request(content) -- old front ends ask here
  kernel.stopping = "stop"
  return "shutdown_reply", { status = "ok", restart = content.restart == true }
end

local function answer(request)
  local act = answers[request.type]
  if not act then return end
  kernel.request = request
  wire.locked(function()
    wire.share("parent", request.header)
    wire.share("bar", nil)
    message.publish("status", { execution_state = "busy" }, request.header)
  end)
  local kind, content
  if request.aborted then
    kind, content = "execute_reply", { status = "aborted", execution_count = kernel.count }
  else
    local ok
    ok, kind, content = pcall(act, request.content)
    if not ok then -- a request that is not as the protocol says
      content = { status = "error", ename = "Error", evalue = tostring(kind), traceback = message.empty "array" }
      kind = request.type:gsub("request$", "reply")
    end
  end
  flush()
  if kind then message.reply("shell", request, kind, content) end
  wire.locked(message.publish, "status", { execution_state = "idle" }, request.header)
end

-- ---- the whole ----------------------------------------------------------------------------------------------

-- The next request that has come, or nil. What is not signed by the notebook, or no message, is dropped.
local function receive()
  while true do
    local parts = wire.receive "shell"
    if not parts then return nil end
    local request = message.read(parts)
    if request then return request end
  end
end

-- After an error: the cells that came before its reply went out are not run.
function kernel.abort()
  for request in receive do
    request.aborted = request.type == "execute_request"
    kernel.waiting[#kernel.waiting + 1] = request
  end
end

local function loop()
  while not kernel.stopping do
    local request = table.remove(kernel.waiting, 1) or receive()
    if request then
      answer(request)
    else
      wire.wait(-1, "shell", "wake")
    end
    kernel.stopping = wire.locked(wire.shared, "stop") or host.terminated() or kernel.stopping
  end
end

local function information()
  local version = mf._VERSION
  return message.encode { status = "ok", protocol_version = "5.3", implementation = "meanfield",
    implementation_version = version, banner = ("meanfield %s, %s"):format(version, _VERSION), debugger = false,
    language_info = { name = "lua", version = _VERSION:match "[%d.]+", mimetype = "text/x-lua", file_extension = ".lua",
                      pygments_lexer = "lua", codemirror_mode = "lua" },
    help_links = message.empty "array" }
end

-- What cells find other than in a script.
local function furnish()
  for name, value in pairs { mf = mf, help = mf.help } do rawset(_G, name, value) end
  rawset(_G, "arg", { [0] = "notebook" }) -- for mf.experiment
  io.stdout:setvbuf "line"
  replace_reading()
  rawset(os, "exit", function() error("os.exit: a notebook's kernel ends by its menu (Kernel, Shut down)", 2) end)
end

-- What the file says of the connection: { ip =, transport =, shell_port =, key =, ... }; nil and what is wrong.
local function read_connection(path)
  local file, reason = io.open(path)
  if not file then return nil, reason end
  local connection = json.decode(file:read "a")
  file:close()
  if type(connection) ~= "table" then return nil, path .. " holds no JSON object" end
  for _, name in ipairs { "ip", "transport", "shell_port", "control_port", "iopub_port", "stdin_port", "hb_port" } do
    if connection[name] == nil then return nil, ("%s lacks '%s'"):format(path, name) end
  end
  local scheme = connection.signature_scheme or "hmac-sha256"
  if scheme ~= "hmac-sha256" then return nil, ("%s: unknown signature_scheme '%s'"):format(path, scheme) end
  return connection
end

local function bind(connection)
  local joint = connection.transport == "ipc" and "-" or ":"
  for socket, port in pairs { shell = "shell_port", control = "control_port", iopub = "iopub_port",
                              stdin = "stdin_port", heartbeat = "hb_port" } do
    wire.bind(socket, ("%s://%s%s%s"):format(connection.transport, connection.ip, joint, connection[port]))
  end
end

-- Serves the notebook until it says stop: true; nil and what is wrong with the file of the connection.
function kernel.run(path)
  local connection, reason = read_connection(path)
  if not connection then return nil, reason end
  message.key, message.session, kernel.info = connection.key or "", wire.uuid(), information()
  bind(connection)
  mf._progress(wire.capture())
  furnish()
  wire.locked(function()
    wire.share("key", message.key)
    wire.share("session", message.session)
    wire.share("info", kernel.info)
    wire.share("parent process", os.getenv "JPY_PARENT_PID" and tostring(wire.parent()) or nil)
    message.publish("status", { execution_state = "starting" })
  end)
  wire.heartbeat()
  local here = debug.getinfo(1, "S").source:match "^@(.*)/meanfield/kernel/run%.lua$"
  wire.side(here .. "/meanfield/kernel/side.lua", here .. "/?.lua;" .. package.path)
  host.idle(function()
    local ok, fault = pcall(loop)
    wire.stop() -- here, where an interrupt that was meant for a cell stops nothing
    if not ok then error(fault, 0) end
  end)
  return true
end

return kernel
