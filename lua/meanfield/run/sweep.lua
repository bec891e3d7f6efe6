-- mf.sweep: a function over a list of points, on all cores or on all ranks of mpirun.
--
-- A point and its result are plain data and travel as text (plain.lua). Where there is a
-- folder, it keeps a line for each finished point (points.lua), written at once when the point
-- comes back. At the end the file is written anew in the order of the points, so that it does
-- not tell in which order, or in how many runs, they came.
--
-- The fingerprint stands for the function: its text, the values it captures (those of
-- functions it captures too), the version of meanfield and the tag. Another function, other
-- points: nothing stale is ever taken.

local fingerprint = require "meanfield.run.fingerprint"
local help = require "meanfield.prompt.help"
local keeper = require "meanfield.run.keep"
local optionlist = require "meanfield.options"
local points_file = require "meanfield.run.points"
local plain = require "meanfield.run.plain"
local ranks = require "meanfield.run.ranks"
local run_records = require "meanfield.run.records"
local seeds = require "meanfield.run.seeds"
local native = require "meanfield.native"
local process = native.process

local function fingerprint_of(fn, tag)
  return process.hash(table.concat { native._VERSION, "\n", tag, "\n", fingerprint.describe(fn) })
end

-- What a call to mf.file returns, or its message as an error.
local function sure(value, message)
  return value or optionlist.raise("mf.sweep: %s", message)
end

-- ---- one point -------------------------------------------------------------------------------

-- Runs where the point runs: "+" and the encoded result, or "-" and what went wrong.
local function evaluate(fn, point)
  native._run = nil -- the folder is the parent's
  keeper.point()
  math.randomseed(tonumber("0x" .. process.hash(point)), 0)
  local ok, text = xpcall(function()
    local result = fn((plain.decode(point)))
    if result == nil then error("the function returned nothing", 0) end
    return plain.encode(result, "result")
  end, function(message)
    local trace = debug.traceback(tostring(message), 2)
    return trace:match "^(.-)\n[^\n]*meanfield/run/sweep%.lua:" or trace -- not our own frames
  end)
  if ok then keeper.point_is_done() end
  return (ok and "+" or "-") .. text
end

-- ---- the sweep ---------------------------------------------------------------------------------

-- Runs the points texts[i], i in todo; calls done(task, i, text or nil, how it died) as they
-- come back.
local function deal(pool, todo, texts, done)
  local task <close> = process.task(#todo)
  local started, finished = 0, 0
  while finished < #todo do
    while started < #todo and pool.free > 0 do
      started = started + 1
      pool:start(started, texts[todo[started]])
    end
    local job, text, death = pool:next(0.1)
    task:tick(finished)
    if job then
      finished = finished + 1
      done(task, todo[job], text, death)
    end
  end
end

local function report(task, index, count, point, message)
  task:say(("mf.sweep: point %d of %d, %s, failed: %s\n"):format(index, count, point, message))
end

-- The finished points of a folder, open for more; without a folder they live in memory only.
local function open_store(options, keys)
  local store = { records = {} }
  if options.out then
    store.path = ("%s/%s.points"):format(options.out, options.name)
    local sound
    store.records, sound = points_file.read(store.path)
    if not sound then sure(native.file.replace(store.path, points_file.text(store.records, keys))) end
  end
  return setmetatable(store, { __close = function() if store.rows then store.rows:close() end end })
end

local function keep(store, key, line)
  store.records[key] = line
  if not store.path then return end
  store.rows = store.rows or sure(native.file.rows(store.path))
  sure(store.rows:add(line))
end

-- The points that are not kept, each once.
local function missing(store, keys)
  local todo, seen, kept = {}, {}, 0
  for i, key in ipairs(keys) do
    if store.records[key] then kept = kept + 1
    elseif not seen[key] then todo[#todo + 1] = i end
    seen[key] = true
  end
  if kept > 0 then
    io.stderr:write(("mf.sweep: %d of %d points kept from %s\n"):format(kept, #keys, store.path))
  end
  return todo
end

local function run(store, pool, todo, keys, texts, mark)
  local failed = {}
  deal(pool, todo, texts, function(task, i, text, death)
    if text and text:sub(1, 1) == "+" then
      keep(store, keys[i], points_file.line(mark, texts[i], text:sub(2)))
    else
      failed[keys[i]] = death or text ~= "" and text:sub(2) or "left without a result"
      report(task, i, #keys, texts[i], failed[keys[i]])
    end
  end)
  return failed
end

-- The list of results, false for a failed point, and the list of failures.
local function collect(store, points, keys, failed)
  local results, failures = {}, {}
  for i, key in ipairs(keys) do
    results[i] = store.records[key] and points_file.result(store.records[key]) or false
    if failed[key] then failures[#failures + 1] = { index = i, point = points[i], message = failed[key] } end
  end
  return results, failures
end

local fields = {
  { "workers", "integer", nil, low = 1, high = 1024, text = "processes at a time; default: mf.threads()" },
  { "out", "string", nil, text = "folder that keeps finished points; default: the folder of the running experiment; "
                                 .. "without one nothing is kept" },
  { "name", "string", "sweep", text = "finished points are kept in out/name.points" },
  { "tag", "string", "", text = "points kept under another tag are not reused: change it when fn changes in a way "
                                .. "that its text and its captured values do not show" },
  { "seeds", "integer", nil, low = 2, high = 1000000,
    text = "run fn(point, seed) for seed = 1 to this, and return for each point { mean =, error = }: the mean of its "
           .. "results over the seeds and the standard error of that mean, number by number" },
}

local function check_arguments(points, fn)
  if type(points) ~= "table" then
    optionlist.raise("mf.sweep: expected a list of points, got %s", optionlist.shown(points))
  elseif type(fn) ~= "function" then
    optionlist.raise("mf.sweep: expected a function of a point, got %s", optionlist.shown(fn))
  end
end

-- Holds the folder, if there is one, against other runs: what is to be closed at the end, or nil
-- where the running experiment holds it by itself.
local function hold(out)
  local experiment = native._run
  if experiment and experiment.out == out then return run_records.hold(experiment) end
  return out and sure(native.file.hold(out))
end

local function run_points(points, fn, options)
  options.out = options.out or native._run and native._run.out
  local mark, keys, texts = fingerprint_of(fn, options.tag), {}, {}
  for i, point in ipairs(points) do
    texts[i] = plain.encode(point, ("mf.sweep: points[%d]"):format(i))
    keys[i] = mark .. " " .. texts[i]
  end
  local function work(point) return evaluate(fn, point) end

  local spread = ranks.present()
  if spread and not ranks.is_master() then return ranks.serve(mark, work) end

  local _ <close> = hold(options.out)
  local store <close> = open_store(options, keys)
  local todo = missing(store, keys)
  local workers = math.max(1, math.min(options.workers or native.threads(), #todo))
  local pool <close> = spread and ranks.farm(mark) or process.pool(workers, work)
  local results, failures = collect(store, points, keys, run(store, pool, todo, keys, texts, mark))
  if store.path then
    native.file.folder(options.out) -- somebody may have removed it
    sure(native.file.replace(store.path, points_file.text(store.records, keys)))
  end
  if spread then ranks.finish(results, failures) end
  return results, failures
end

local function sweep(points, fn, given)
  check_arguments(points, fn)
  local options = optionlist.read("mf.sweep", given, fields)
  local n = options.seeds
  if not n then return run_points(points, fn, options) end
  local function seeded(p) return fn(p.point, p.seed) end
  local results, failures = run_points(seeds.spread(points, n), seeded, options)
  return seeds.gather(results, n), failures
end

help.document(sweep, {
  name = "mf.sweep", signature = "mf.sweep(points, fn, {...})", fields = optionlist.records(fields),
  text = "Runs fn(point) for every point of a list (numbers, strings or tables of them) in processes of their own and "
         .. "returns the list of results, in the order of the points: numbers, strings, booleans or tables of them. A "
         .. "point that fails is reported on stderr with its traceback and has the result false; the second value "
         .. "lists the failures {index=, point=, message=}. Finished points are kept at once and skipped on a rerun, "
         .. "as long as fn's text and the values it captures are the same. Results do not depend on the number of "
         .. "workers: math.random is seeded by the point. Started by mpirun, the points are spread over the ranks "
         .. "(docs/sweep.md)." })

return sweep
