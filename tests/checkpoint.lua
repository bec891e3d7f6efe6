-- Files of named fields, taken apart and put together with a valid checksum: for tests of what a reader refuses.
local checkpoint = {}

local function crc64(text)
  local crc = -1
  for i = 1, #text do
    crc = crc ~ text:byte(i)
    for _ = 1, 8 do crc = (crc >> 1) ~ (0xC96C5795D7870F42 & -(crc & 1)) end
  end
  return ~crc
end

function checkpoint.read(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

-- Length and checksum put right first: what is behind a valid one is not to be trusted either.
function checkpoint.write(path, bytes)
  local f <close> = assert(io.open(path, "wb"))
  f:write(bytes:sub(1, 16), string.pack("<I8", #bytes), bytes:sub(25, 32),
          string.pack("<i8", crc64(bytes:sub(41))), bytes:sub(41))
end

-- All fields: { name =, kind =, rows =, cols =, data = } in their order.
function checkpoint.fields(bytes)
  local fields, at = {}, 65
  while at <= #bytes do
    local name, kind, rows, cols = string.unpack("<c24c8I8I8", bytes, at)
    local size = rows * cols * (kind:match "^text" and 1 or 8)
    fields[#fields + 1] = { name = name:match "^[^\0]*", kind = kind, rows = rows, cols = cols,
                            data = bytes:sub(at + 48, at + 47 + size) }
    at = at + 48 + (size + 7) // 8 * 8
  end
  return fields
end

function checkpoint.field(bytes, name)
  for _, f in ipairs(checkpoint.fields(bytes)) do
    if f.name == name then return f end
  end
end

-- The bytes with change(field) applied to the field of that name: it edits it, or returns false to drop it.
function checkpoint.changed(bytes, name, change)
  local parts = { bytes:sub(1, 64) }
  for _, f in ipairs(checkpoint.fields(bytes)) do
    local keep = f.name ~= name or change(f) ~= false
    local padding = ("\0"):rep(-#f.data % 8)
    parts[#parts + 1] = keep and string.pack("<c24c8I8I8", f.name, f.kind, f.rows, f.cols) .. f.data .. padding or ""
  end
  return table.concat(parts)
end

return checkpoint
