-- Writes the corpus of the store's fuzz target: files behind a byte 0 (a child parses them),
-- and a minimal stream of records behind a byte 1.
local mf = require "meanfield"
local folder, path = arg[1], os.tmpname()

local function put(name, bytes)
  local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
  file:write(bytes)
end

local function image(tree)
  mf.store.write(path, tree)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function record(kind, attribute, ndim, d1, d2, width, name, data)
  local function padded(text) return text .. ("\0"):rep(-#text % 8) end
  return string.pack("<I8I8I8I8I8I8I8I8", kind, attribute, ndim, d1, d2, width, #name + 1, #data)
         .. padded(name .. "\0") .. padded(data)
end

local tree = { x = { 1, 2 }, s = { "a", "b" }, b = { true, false }, l = { { z = 1 } },
               g = { y = 1, attributes = { u = "v" } } }
put("file", "\0" .. image(tree))
put("foreign", "\0" .. image(tree):sub(1, -25))
local done = record(100, 0, 0, 0, 0, 0, "", "")
put("records", "\1" .. record(0, 0, 1, 2, 0, 0, "x", ("\0"):rep(16)) .. record(5, 0, 1, 2, 0, 3, "s", "abcdef") ..
  record(7, 0, 0, 0, 0, 0, "g", "") .. record(1, 1, 0, 0, 0, 0, "i", ("\1"):rep(8)) ..
  record(8, 0, 0, 0, 0, 0, "", "") ..
  record(9, 0, 0, 0, 0, 3, "why", "not") .. done)
put("failed", "\1" .. record(101, 0, 0, 0, 0, 7, "damaged: x", ""))
os.remove(path)
