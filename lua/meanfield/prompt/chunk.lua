-- A cell of a notebook as a chunk: its value is that of its last statement, where that is an expression.
-- So it is at the prompt (src/host/repl.c), where lines end statements of their own; a cell has many.

local chunk = {}

-- The rest of the text from its last statement on is an expression: the chunk with a return before it.
-- Where the whole is a chunk as it stands, only a call on a line of its own or after a ';' counts, which means the
-- same alone.
local function returning_last(text, whole, name)
  local ends = {}
  for at in text:gmatch "()[\n;]" do ends[#ends + 1] = at end
  for i = #ends, 1, -1 do
    local head, tail = text:sub(1, ends[i]), text:sub(ends[i] + 1)
    if not tail:match "^%s*$" and not tail:match "^%s*[%({\"'%[]" and load(head, name, "t")
       and load("return " .. tail, name, "t") and (not whole or load(tail, name, "t")) then
      return load(head .. "return " .. tail, name, "t")
    end
  end
end

-- The function of a text; nil, the message, and whether the text only lacks its end.
function chunk.load(text, name)
  local asked = text:match "^%s*%?(.*)$" or text:match "^%s*([%w_.:]+)%?%s*$"
  if asked then return function() require "meanfield.prompt.repl".explain(asked) end end
  local f = load("return " .. text:gsub("^%s*=", "", 1), name, "t")
  if f then return f end
  local whole, reason = load(text, name, "t")
  f = returning_last(text, whole, name) or whole
  if f then return f end
  return nil, reason, reason:find "<eof>$" ~= nil
end

-- Does the text end in a ';', which hides its value?
function chunk.muted(text) return text:find ";%s*$" ~= nil end

return chunk
