-- Jupyter's messages (protocol 5.3) as parts on the wire: identities, delimiter, signature, and four texts
-- in JSON: header, parent's header, metadata, content. Used by both Lua states of the kernel.

local json = require "dkjson"
local wire = require "meanfield.kernel.wire"

local message = { list = { __jsontype = "array" }, object = { __jsontype = "object" } }

local DELIMITER, VERSION = "<IDS|MSG>", "5.3"

message.session, message.key = "", "" -- set once, at the start

-- An empty table says what it is: message.empty "array" or "object".
function message.empty(kind) return setmetatable({}, { __jsontype = kind }) end

-- The text with U+FFFD for each byte that is no UTF-8.
local function sane(text)
  local parts, from = {}, 1
  while from <= #text do
    local good, bad = utf8.len(text, from)
    if good then break end
    parts[#parts + 1] = text:sub(from, bad - 1) .. "\u{FFFD}"
    from = bad + 1
  end
  return from == 1 and text or table.concat(parts) .. text:sub(from)
end

function message.encode(value) return sane(json.encode(value)) end

-- ---- reading ----------------------------------------------------------------------------------

local function decoded(text)
  local ok, value = pcall(json.decode, text) -- an error: nested too deeply
  return ok and type(value) == "table" and value or nil
end

-- The message in the parts, or nil and why it is none of ours.
function message.read(parts)
  local at = 1
  while parts[at] and parts[at] ~= DELIMITER do at = at + 1 end
  if #parts < at + 5 then return nil, "too few parts" end
  local signature, header, parent, metadata, content = table.unpack(parts, at + 1, at + 5)
  if message.key ~= "" and not wire.same(signature, wire.sign(message.key, header, parent, metadata, content)) then
    return nil, "wrong signature"
  end
  local head, body = decoded(header), decoded(content)
  if not (head and body and type(head.msg_type) == "string") then return nil, "malformed JSON" end
  return { type = head.msg_type, header = header, content = body, to = table.move(parts, 1, at - 1, 1, {}) }
end

-- ---- writing ----------------------------------------------------------------------------------

-- The parts of a message. to: identities or a topic; parent: text of the header that it answers.
local function parts_of(to, kind, content, parent, metadata)
  local header = message.encode { msg_id = wire.uuid(), session = message.session, username = "kernel",
                                  date = os.date "!%Y-%m-%dT%H:%M:%SZ", msg_type = kind, version = VERSION }
  local texts = { header, parent or "{}", message.encode(metadata or message.empty "object"),
                  type(content) == "string" and content or message.encode(content) }
  local signature = message.key == "" and "" or wire.sign(message.key, table.unpack(texts))
  local parts = table.move(to, 1, #to, 1, {})
  parts[#parts + 1], parts[#parts + 2] = DELIMITER, signature
  return table.move(texts, 1, 4, #parts + 1, parts)
end

-- Answers a request on the socket where it came. Content: a table, or JSON as it is.
function message.reply(socket, request, kind, content)
  wire.send(socket, parts_of(request.to, kind, content, request.header))
end

-- To all who listen. The caller holds the lock.
function message.publish(kind, content, parent, metadata)
  wire.send("iopub", parts_of({ kind }, kind, content, parent, metadata))
end

-- ---- what cells print ----------------------------------------------------------------------------

local CELLS = 40

local function escaped(text) return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })) end
message.escaped = escaped

-- A line of progress, or "" for its end, as something to show.
local function bar(line)
  local label, fraction, rest = line:match "^(.-)\t([%d.]+)\t(.*)$"
  if not label then return { ["text/plain"] = "", ["text/html"] = "" } end
  local full = math.floor(CELLS * tonumber(fraction) + 0.5)
  return {
    ["text/plain"] = ("%s %s%s %s"):format(label, ("━"):rep(full), ("─"):rep(CELLS - full), rest),
    ["text/html"] = ('<code>%s</code> <progress value="%s" max="1"></progress> <code>%s</code>'):format(
      escaped(label), fraction, escaped(rest)) }
end

-- One bar for a cell, however many loops it runs: its place is forgotten when the next cell begins.
local function publish_progress(text, parent)
  local last = text:match "([^\n]*)\n$"
  if not last then return end
  local id = wire.shared "bar"
  if last == "" and not id then return end -- it came and went between two looks
  local kind = id and "update_display_data" or "display_data"
  id = id or wire.uuid()
  local content = { data = bar(last), metadata = message.empty "object", transient = { display_id = id } }
  message.publish(kind, content, parent)
  wire.share("bar", id)
end

-- Publishes what has come through the pipes, `all` to the last byte. The caller holds the lock.
function message.publish_output(all)
  local parent = wire.shared "parent"
  for _, name in ipairs { "stdout", "stderr", "progress" } do
    local text = wire.drain(name, all)
    if text ~= "" then
      if name == "progress" then publish_progress(text, parent)
      else message.publish("stream", { name = name, text = text }, parent) end
    end
  end
end

return message
