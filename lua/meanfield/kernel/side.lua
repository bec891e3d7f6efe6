-- The kernel's second Lua state, in a thread of its own: control messages (interrupt, shutdown) and what
-- cells print, also while the first one is inside a native loop.

local message = require "meanfield.kernel.message"
local wire = require "meanfield.kernel.wire"

local info, parent_process
wire.locked(function()
  message.session, message.key, info = wire.shared "session", wire.shared "key", wire.shared "info"
  parent_process = wire.shared "parent process"
end)

local function stop(how)
  wire.locked(wire.share, "stop", how)
  wire.wake()
  wire.interrupt()
end

local answers = {}

function answers.kernel_info_request(request) message.reply("control", request, "kernel_info_reply", info) end

function answers.interrupt_request(request)
  wire.interrupt()
  message.reply("control", request, "interrupt_reply", { status = "ok" })
end

-- The reply comes from main, when it has ended what it ran.
function answers.shutdown_request(request)
  local restart = request.content.restart == true
  local content = { status = "ok", restart = restart }
  message.reply("control", request, "shutdown_reply", content)
  wire.locked(message.publish, "shutdown_reply", content, request.header)
  stop(restart and "restart" or "stop")
end

local function answer(request)
  local act = answers[request.type]
  if not act then return end
  wire.locked(message.publish, "status", { execution_state = "busy" }, request.header)
  act(request)
  wire.locked(message.publish, "status", { execution_state = "idle" }, request.header)
end

while true do
  local control, out, err, progress = wire.wait(1, "control", "stdout", "stderr", "progress")
  if control == nil and out == "over" then return end
  if control then
    local parts = wire.receive "control"
    local request = parts and message.read(parts)
    if request then answer(request) end
  end
  if out or err or progress then
    wire.locked(message.publish_output)
    wire.wait(0.02) -- many short lines become few messages
  end
  -- Who started the kernel has died without a word: nobody will ever speak to it again.
  if parent_process and tostring(wire.parent()) ~= parent_process then
    parent_process = nil
    stop "stop"
  end
end
