-- Where the cursor stands in a cell: what Tab may put there, and what is to be explained.
-- Jupyter counts characters, Lua bytes.

local repl = require "meanfield.prompt.repl"
local wire = require "meanfield.kernel.wire"

local words = {}

-- The bytes before the cursor.
local function before_cursor(code, cursor)
  local ok, at = pcall(utf8.offset, code, (cursor or utf8.len(code) or #code) + 1)
  return ok and at and code:sub(1, at - 1) or code
end

local function characters(text) return utf8.len(text) or #text end

-- The quote that is open at the end of the last line of the text, and where what it holds begins.
local function open_quote(text)
  local quote, from
  local at = (text:match ".*\n()") or 1
  while at <= #text do
    local c = text:sub(at, at)
    if c == "\\" then at = at + 1
    elseif quote then if c == quote then quote = nil end
    elseif c == '"' or c == "'" then quote, from = c, at + 1
    elseif text:sub(at, at + 1) == "--" then return nil end
    at = at + 1
  end
  return quote and from
end

local function files(word) return wire.files(word:gsub("[%*%?%[\\]", "\\%0") .. "*") end

-- { matches, first and last place that they replace }, in characters.
function words.complete(code, cursor)
  local before = before_cursor(code, cursor)
  local inside = open_quote(before)
  local from = inside or before:match "()[%w_]*$"
  local head, word = before:sub(1, from - 1), before:sub(from)
  local matches = inside and (repl.complete_string(head, word) or files(word)) or repl.complete(head, word)
  return matches, characters(head), characters(before)
end

-- The documentation of what the cursor stands on, or of the call that it stands in; nil for neither.
function words.explain(code, cursor)
  local before = before_cursor(code, cursor)
  local rest = code:sub(#before + 1):match "^[%w_]*"
  return repl.describe(before .. rest) or repl.describe((before:gsub("[%w_.:]*$", "")))
end

return words
