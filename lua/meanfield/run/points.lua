-- The file of a sweep's finished points, a line for each: checksum, fingerprint of the function, point =
-- result. It grows by whole lines; what a crash has cut off or a disk has changed fails its checksum.

local optionlist = require "meanfield.options"
local plain = require "meanfield.run.plain"
local process = require "meanfield.native".process

local points = {}

local HEADER = "# meanfield sweep: checksum, fingerprint of the function, point = result\n"
local HEX = ("%x"):rep(16)
local LINE = ("^(%s) (%s .*)\n$"):format(HEX, HEX)
local POINT = 18 -- where it starts in a line without the checksum

function points.line(mark, point, result)
  local body = ("%s %s = %s"):format(mark, point, result)
  return process.hash(body) .. " " .. body .. "\n"
end

-- The key (fingerprint and point) of a line's body, or nil if it is no line of a sweep.
local function key_of(body)
  local ok, after = pcall(function()
    local _, point_end = plain.decode(body, POINT)
    assert(body:sub(point_end, point_end + 2) == " = ")
    local _, result_end = plain.decode(body, point_end + 3)
    assert(result_end == #body + 1)
    return point_end
  end)
  return ok and body:sub(1, after - 1) or nil
end

-- The bytes of the file; nil if there is none. One that cannot be read is not to be written over.
local function read_bytes(path)
  local file, message, code = io.open(path, "rb")
  if not file and code == 2 then return nil end -- ENOENT
  local text
  if file then
    text, message = file:read "a"
    file:close()
  end
  return text or optionlist.raise("mf.sweep: %s", message:find(path, 1, true) and message or path .. ": " .. message)
end

-- { [fingerprint .. " " .. point] = line }, and whether every line of the text was sound. The point of a line
-- that is not is run again. A line with a right checksum that is no line of a sweep was put there by something
-- else: nobody knows what else it did.
function points.parse(text, path)
  local records, sound, number = {}, true, 0
  for line in text:gmatch "[^\n]*\n?" do
    number = number + 1
    local sum, body = line:match(LINE)
    if sum and process.hash(body) == sum then
      local key = key_of(body)
      if not key then
        optionlist.raise("mf.sweep: %s:%d: the checksum is right, but this is no point of a sweep; remove the line "
                         .. "or the file", path, number)
      end
      records[key] = line
    elseif line ~= "" and line ~= HEADER then
      sound = false
    end
  end
  return records, sound and text:sub(1, #HEADER) == HEADER
end

-- The same of a file; one that is not there has no points and is not sound.
function points.read(path)
  local text = read_bytes(path)
  if not text then return {}, false end
  return points.parse(text, path)
end

function points.result(line)
  local _, after = plain.decode(line, 17 + POINT)
  return (plain.decode(line, after + 3))
end

-- The whole file: the lines of these keys in their order, then what other sweeps left.
function points.text(records, keys)
  local lines, mine, others = { HEADER }, {}, {}
  for _, key in ipairs(keys) do
    if not mine[key] then lines[#lines + 1] = records[key] end
    mine[key] = true
  end
  for key, line in pairs(records) do
    if not mine[key] then others[#others + 1] = line end
  end
  table.sort(others, function(a, b) return a:sub(POINT) < b:sub(POINT) end)
  return table.concat(lines) .. table.concat(others)
end

return points
