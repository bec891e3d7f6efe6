-- Mutated files of finished points for the reader of sweeps:
--     ./meanfield tests/fuzz/points.lua [seconds] [seed] [files]
-- Half of the mutants are damaged anywhere: whatever is read from them must be a line of the original. In the
-- others the checksum of the changed line is put right: it is a point with a result, or an error that names the
-- line. What was read, written and read again is the same.
local mf = require "meanfield"
local plain = require "meanfield.run.plain"
local points = require "meanfield.run.points"
local seconds, seed, most = tonumber(arg[1] or 60), tonumber(arg[2] or 1), tonumber(arg[3] or -1)
local corpus = arg[0]:match "^(.*)/" .. "/corpus/points"
math.randomseed(seed)

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- ---- mutations --------------------------------------------------------------------------------

local words = { "{", "}", "[", "]=", ",", '"', "\\010", "\\999", "nan", "-inf", "nil", "1e999", "0x", " = ", "\n", "\0",
                "9223372036854775808", "=", ("{"):rep(300), ("x"):rep(3000), "a=", "true" }

local changes = {
  function(s, at) return s:sub(1, at - 1) .. string.char(s:byte(at) ~ 1 << math.random(0, 7)) .. s:sub(at + 1) end,
  function(s, at) return s:sub(1, at - 1) .. string.char(math.random(0, 255)) .. s:sub(at + 1) end,
  function(s, at) return s:sub(1, at) end,
  function(s, at) return s:sub(1, at - 1) .. s:sub(at + math.random(20)) end,
  function(s, at) return s:sub(1, at) .. words[math.random(#words)] .. s:sub(at + 1) end,
  function(s, at) -- a piece from elsewhere
    local from = math.random(#s)
    return s:sub(1, at) .. s:sub(from, from + math.random(60)) .. s:sub(at + 1)
  end,
  function(s, at) return s:sub(1, at) .. s:sub(at, at + math.random(3)):rep(math.random(200)) .. s:sub(at + 1) end,
}

local function changed(s)
  for _ = 1, math.random(3) do
    if #s > 0 then s = changes[math.random(#changes)](s, math.random(#s)) end
  end
  return s
end

-- One line anew, behind a checksum that is right.
local function forged(text)
  local lines = {}
  for line in text:gmatch "[^\n]*\n" do lines[#lines + 1] = line end
  local i = math.random(2, #lines)
  local body = changed(lines[i]:sub(18, -2))
  lines[i] = mf.process.hash(body) .. " " .. body .. "\n"
  return table.concat(lines)
end

-- ---- what must hold -----------------------------------------------------------------------------

local function same(a, b)
  for key, line in pairs(a) do if b[key] ~= line then return false end end
  for key in pairs(b) do if not a[key] then return false end end
  return true
end

local function check(original, text, is_forged)
  local start = os.clock()
  local ok, records, sound = pcall(points.parse, text, "file")
  if os.clock() - start > 10 then return "it took " .. os.clock() - start .. " s" end
  if not ok then
    local expected = is_forged and records:find("mf%.sweep: file:%d+: the checksum is right, but this is no point")
    return not expected and records or nil
  end
  for key, line in pairs(records) do
    if not is_forged and original[key] ~= line then return "another line: " .. line end
    local result = plain.encode(points.result(line))
    if plain.encode((plain.decode(result))) ~= result then return "another result: " .. line end
  end
  if sound and select(2, text:gsub("\n", "")) < 1 then return "sound without a head" end
  local again, whole = points.parse(points.text(records, {}), "file")
  if not whole or not same(records, again) then return "not the same when written again" end
end

local files, originals, bad, count = {}, {}, 0, 0
for name in io.popen("ls '" .. corpus .. "'"):lines() do
  files[#files + 1] = read(corpus .. "/" .. name)
  originals[#files] = points.parse(files[#files], name)
  assert(next(originals[#files]))
end
local stop = os.time() + seconds
while count ~= most and (seconds == 0 or os.time() < stop) do
  count = count + 1
  local i, is_forged = math.random(#files), count % 2 == 0
  local text = (is_forged and forged or changed)(files[i])
  local fault = check(originals[i], text, is_forged)
  if fault then
    bad = bad + 1
    if bad <= 10 then print(("file %d: %s\n%q"):format(count, fault, text)) end
  end
end
print(("%d files, seed %d: %d bad"):format(count, seed, bad))
os.exit(bad == 0)
