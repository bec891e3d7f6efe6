-- How the runs and solvers of a script survive their process.
--
-- A script that is started again runs from its start. What it does with an object is known by a fingerprint:
-- of the object as it was made, of the calls that advanced it, one after the other, and of the native code.
-- The state after a call that took long is kept in a file of that name, and once a minute the state within
-- one; a call whose state is there puts the object into that state instead of computing it. So all that
-- the script looks at is what it was, to the bit, and the time is that of loading. What was short is done again.
--
-- Files: HASH.MS.end (after the call), HASH.MS.mid (within it), MS: milliseconds that it took so far; beside
-- them HASH.MS.seen where the call is a trajectory. A .seen is there before its state: the state completes it.

local fingerprint = require "meanfield.run.fingerprint"
local options = require "meanfield.options"
local plain = require "meanfield.run.plain"
local native = require "meanfield.native"

local hash, seconds = native.process.hash, native._seconds

local keep = {}

-- bytes: of all states; where they are more, those that are cheapest to compute again, byte by byte, go.
-- every: seconds between states within a call. least: seconds of a call that is worth a state. share: a call that
-- took so many times longer than to write the last state.
keep.limits = { bytes = 2 ^ 30, every = 60, least = 0.1, share = 20 }
local limits = keep.limits

-- What this process knows: folder, files (by hash), total bytes, floor (milliseconds per byte that a state must
-- be worth), wrote (seconds for the last one), mine (hashes of this point of a sweep). nil: nothing is kept.
local kept

local chains = setmetatable({}, { __mode = "k" })   -- by object: its fingerprint so far, and the call it is in
local stand_ins = setmetatable({}, { __mode = "k" }) -- the loaded object whose memory it lives in

-- ---- files --------------------------------------------------------------------------------------

local function path_of(hash_text, ms, kind) return ("%s/%s.%d.%s"):format(kept.folder, hash_text, ms, kind) end

local function size_of(path)
  local file <close> = io.open(path, "rb")
  return file and file:seek "end" or 0
end

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

local function drop(entry, hash_text)
  os.remove(path_of(hash_text, entry.ms, entry.kind))
  os.remove(path_of(hash_text, entry.ms, "seen"))
  kept.total = kept.total - entry.size
  if kept.files[hash_text] == entry then kept.files[hash_text] = nil end
end

-- What earlier processes have left; of two states of a call the later one.
local function look()
  kept.files, kept.total = {}, 0
  for _, name in ipairs(native.file.list(kept.folder) or {}) do
    local hash_text, ms, kind = name:match "^(%x+)%.(%d+)%.(%l+)$"
    if kind == "end" or kind == "mid" then
      local entry, old = { ms = math.tointeger(ms), kind = kind, size = size_of(kept.folder .. "/" .. name) },
                         kept.files[hash_text]
      if not old or kind == "end" or old.kind == "mid" and entry.ms > old.ms then kept.files[hash_text] = entry end
      kept.total = kept.total + entry.size
    end
  end
end

-- Too much: the cheapest byte by byte go until a quarter is free, and what is as cheap is not kept any more.
local function make_room()
  local list = {}
  for hash_text, entry in pairs(kept.files) do
    if entry.kind == "end" then list[#list + 1] = { hash_text, entry, entry.ms / entry.size } end
  end
  table.sort(list, function(a, b)
    if a[3] ~= b[3] then return a[3] < b[3] end
    return a[1] < b[1]
  end)
  for _, item in ipairs(list) do
    if kept.total <= 0.75 * limits.bytes then break end
    drop(item[2], item[1])
    kept.floor = math.max(kept.floor, item[3])
  end
end

-- Writes a file. A run goes on without: it is told once.
local function write(path, bytes)
  local done, message = native.file.replace(path, bytes)
  if not done then -- the first one, or somebody has removed the folder
    native.file.folder(kept.folder)
    done, message = native.file.replace(path, bytes)
  end
  if not done and not kept.told then
    io.stderr:write(("%s: states of this run cannot be kept: %s; it goes on\n"):format(kept.name, message))
    kept.told = true
  end
  return done
end

-- ---- states ---------------------------------------------------------------------------------------

-- The text of the arguments of a call, with what functions among them capture.
local function described(object, arguments)
  local parts = {}
  for i = 1, arguments.n do
    local value = arguments[i]
    parts[i] = math.type(value) == "float" and ("%a"):format(value) or fingerprint.describe(value, object)
  end
  return table.concat(parts, " ")
end

-- Whether observers have changed what they capture: a state would come back without that.
local function has_effects(object, chain)
  if not chain.arguments then return false end
  local known, text = pcall(described, object, chain.arguments)
  return not known or text ~= chain.text
end

-- Writes the state of an object, and what a trajectory has seen, in the place of an earlier one of this call.
local function store(object, chain, kind, lists, seen)
  if has_effects(object, chain) then return end
  local started, ms = seconds(), math.floor(1e3 * (seconds() - chain.began)) + chain.before
  local old = kept.files[chain.hash]
  if old and ms <= old.ms then ms = old.ms + 1 end
  if lists then
    local ok, text = pcall(plain.encode, { seen = seen, lists = lists })
    if not ok then return end -- no plain data: it will be computed again
    if not write(path_of(chain.hash, ms, "seen"), hash(text) .. text) then return end
  end
  local image = getmetatable(object).__image(object)
  if not write(path_of(chain.hash, ms, kind), image) then
    os.remove(path_of(chain.hash, ms, "seen"))
    return
  end
  if old then drop(old, chain.hash) end
  kept.files[chain.hash] = { ms = ms, kind = kind, size = #image }
  kept.mine[chain.hash] = true
  kept.total, kept.wrote = kept.total + #image, seconds() - started
  if kept.total > limits.bytes then make_room() end
end

local function load(object, path)
  local o, xi = object.options, nil
  if o.xi and o.xi.options and o.xi.options.fn then xi = o.xi end
  if getmetatable(object).__name == "mf.sgd" then
    return native.sgd.load(path, { distribution = o.distribution, xi = xi })
  end
  return native.pde.load(path, { potential = o.potential, xi = xi })
end

-- What a trajectory had seen when this state was kept, or nil.
local function seen_with(hash_text, entry)
  local text = read(path_of(hash_text, entry.ms, "seen"))
  if not text or hash(text:sub(17)) ~= text:sub(1, 16) then return nil end
  return (plain.decode(text, 17))
end

-- Puts the object into a kept state: true, and what had been seen. A file that is damaged is as good as none.
local function restore(object, hash_text, entry, needs_lists)
  local record = needs_lists and seen_with(hash_text, entry)
  local ok, loaded = pcall(load, object, path_of(hash_text, entry.ms, entry.kind))
  if not (ok and loaded) or needs_lists and not record then
    drop(entry, hash_text)
    return false
  end
  getmetatable(object).__become(object, loaded)
  stand_ins[object] = loaded
  if not kept.said then
    io.stderr:write(("%s: goes on from the states in %s\n"):format(kept.name, kept.folder))
    kept.said = true
  end
  return true, record
end

-- ---- what the native loops call -----------------------------------------------------------------------

local function identity(object) return hash(native.process.code() .. fingerprint.describe(object)) end

local function begin(method, object, ...)
  local chain = chains[object]
  if chain == false then return false end
  local arguments = table.pack(...)
  local known, text = pcall(described, object, arguments)
  local from = chain and chain.hash
  if known and not from then known, from = pcall(identity, object) end
  if not known then -- an object without a fingerprint is not kept; an interrupt comes again by itself
    chains[object] = false
    return false
  end
  chain = chain or {}
  chains[object], chain.hash, chain.began, chain.before, chain.open =
    chain, hash(from .. method .. " " .. text), seconds(), 0, true
  chain.text, chain.arguments = text, method == "trajectory" and arguments or nil
  local entry = kept.files[chain.hash]
  if not entry then return false end
  kept.mine[chain.hash] = true
  local done, record = restore(object, chain.hash, entry, method == "trajectory")
  if not done then return false end
  chain.before, chain.open = entry.ms, entry.kind == "mid"
  return entry.kind == "end", record and record.lists, record and record.seen
end

local function tick(object, lists, seen)
  local chain = chains[object]
  if not (chain and chain.open) or seconds() - math.max(chain.began, chain.ticked or 0) < kept.least then return end
  chain.ticked = seconds()
  store(object, chain, "mid", lists, seen)
end

local function done(object, lists)
  local chain = chains[object]
  if not chain then return end
  local took, entry = seconds() - chain.began + 1e-3 * chain.before, kept.files[chain.hash]
  chain.open = false
  if not entry then
    if took < kept.least or took < limits.share * kept.wrote then return end
    if kept.floor > 0 and 1e3 * took < kept.floor * kept.latest then return end
  end
  store(object, chain, "end", lists)
  chain.arguments = nil
  entry = kept.files[chain.hash]
  if entry then kept.latest = entry.size end
end

-- ---- for experiments and sweeps -------------------------------------------------------------------------

local function configure()
  local given = os.getenv "MEANFIELD_KEEP"
  if given == "off" then return false end
  local every = tonumber(given)
  if (given or "") ~= "" then
    if not (every and every >= 0 and every < math.huge) then
      options.raise("MEANFIELD_KEEP must be a number of seconds >= 0 or 'off', got '%s'", given)
    end
    limits.every, limits.least = every, every / 600
    if every == 0 then limits.share = 0 end
  end
  return true
end

-- The folder of a run's states.
function keep.folder(run) return ("%s/%s.kept"):format(run.out, run.name) end

-- From now on the objects of this process are kept in the folder of a run.
function keep.start(run)
  if not configure() then return end
  kept = { name = run.name, folder = keep.folder(run), floor = 0, wrote = 0, latest = 0, mine = {},
           least = limits.least }
  look()
  native._keeper({ begin = begin, tick = tick, done = done }, limits.every)
end

-- A point of a sweep begins: what is kept from now on is its own. There are many, and most are short.
function keep.point()
  if kept then kept.mine, kept.least = {}, 10 * limits.least end
end

-- It has its result: its states are not needed any more.
function keep.point_is_done()
  if not kept then return end
  for hash_text in pairs(kept.mine) do
    local entry = kept.files[hash_text]
    if entry then drop(entry, hash_text) end
  end
end

-- Whether the folder of a run holds what its rerun need not compute again: points of sweeps, states.
function keep.has(run)
  if not kept then return false end
  for _, name in ipairs(native.file.list(run.out) or {}) do
    if name:find "%.points$" then return true end
  end
  return #(native.file.list(keep.folder(run)) or {}) > 0
end

-- Removes the states of a run.
function keep.remove(run)
  local folder = keep.folder(run)
  for _, name in ipairs(native.file.list(folder) or {}) do
    if name:find "^%x+%.%d+%.%l+$" or name:find "%.tmp$" then os.remove(folder .. "/" .. name) end
  end
  os.remove(folder)
  if kept and kept.folder == folder then look() end
end

return keep
