-- A hundred kills at random moments of writing: what is on the disk is one of the things that were
-- written, whole, byte by byte, and nothing is left beside it after the next save.
local mf = require "meanfield"
local points = require "meanfield.run.points"
local process = require "tests.process"
local native = require "meanfield.native"

local kills = 0

describe("a kill at any moment", function()
  local dir
  -- in memory, where a flush takes no time: more saves for every kill
  before_each(function()
    dir = process.line "mktemp -d -p /dev/shm 2>/dev/null || mktemp -d"
    math.randomseed(77)
  end)
  after_each(function() os.execute("rm -r " .. process.quote(dir)) end)

  -- Starts work(going) in a forked process again and again and kills it within `span` seconds from when it has
  -- called going(), not before: a busy machine only makes it slow. After each kill check().
  local function kill_often(times, span, work, check)
    local mark = dir .. "/mark"
    for _ = 1, times do
      do
        local pool <close> = native.process.pool(1, function() -- closing it is kill -9
          local is_going
          work(function()
            if not is_going then process.write_file(mark, "") end
            is_going = true
          end)
          return ""
        end)
        pool:start(1, "")
        repeat
          local job, _, death = pool:next(0.001)
          local there = io.open(mark)
          assert(there or not job, death)
        until there and there:close()
        pool:next(span * math.random())
      end
      os.remove(mark)
      kills = kills + 1
      check()
    end
  end

  local function file_names() return (process.output("ls -A " .. dir)) end

  it("of a stored table leaves a whole one, and the next save leaves nothing beside it", function()
    local path, last, lives = dir .. "/f.h5", 0, 0
    local function tree(i) return { i = i, x = mf.array.linspace(1, 5000, 5000) / i } end
    kill_often(25, 0.03, function(going)
      while true do
        last = last + 1
        mf.store.write(path, tree(last))
        going()
      end
    end, function()
      local bytes = process.read_file(path)
      last = assert(mf.store.read(path)).i
      mf.store.write(dir .. "/again", tree(last))
      assert.is_true(bytes == process.read_file(dir .. "/again"))
      os.remove(dir .. "/again")
      lives = lives + 1
      assert.is_true(last >= lives) -- each of them has saved
    end)
    mf.store.write(path, { done = true })
    assert.equal("f.h5\n", file_names())
  end)

  it("of a checkpoint leaves a whole one, from which the run goes on to the same bytes", function()
    local path = dir .. "/f.sgd"
    local function new()
      return mf.sgd { distribution = mf.distribution.isotropic { d = 20, delta = 0.5 }, eps = 1e-4, N = 100,
                      activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 } }
    end
    local reference, lives = new(), 0
    kill_often(25, 0.03, function(going)
      local sgd = mf.sgd.load(path) or new()
      while true do
        sgd:step(17):save(path)
        going()
      end
    end, function()
      local bytes = process.read_file(path)
      local k = assert(mf.sgd.load(path)).k
      reference:step(k - reference.k):save(dir .. "/again") -- it never goes back
      assert.is_true(bytes == process.read_file(dir .. "/again"))
      os.remove(dir .. "/again")
      lives = lives + 1
      assert.is_true(k >= 17 * lives)
    end)
    reference:save(path)
    assert.equal("f.sgd\n", file_names())
  end)

  it("of recorded rows leaves whole rows in their order, and at most a part of the next", function()
    local path, last = dir .. "/rows", 0
    local function row(i) return ("%d\t%s\n"):format(i, ("x"):rep(i % 3000)) end
    kill_often(25, 0.03, function(going)
      local rows = assert(native.file.rows(path)) -- cuts off a part of a row
      local i = last
      while i < last + 500 do
        i = i + 1
        assert(rows:add(row(i)))
        going()
      end
    end, function()
      local text, at = process.read_file(path) or "", 1
      local before = last
      last = 0
      while text:sub(at, at + #row(last + 1) - 1) == row(last + 1) do
        last = last + 1
        at = at + #row(last)
      end
      local rest = text:sub(at)
      assert.equal(row(last + 1):sub(1, #rest), rest)
      assert.is_true(last >= before) -- what was there stays
    end)
    assert.is_true(last >= 25)
  end)

  -- ---- sweeps ---------------------------------------------------------------------------------

  local function value(p) return { p / 7, math.random(), ("x"):rep(p * 10) } end

  -- Every line of the file but the last is one of the reference; returns how many points it keeps.
  local function check_points(path, reference)
    local n, text = 0, process.read_file(path)
    if not text then return 0 end
    for key, line in pairs((points.parse(text, path))) do
      assert.equal(reference[key], line)
      n = n + 1
    end
    local _, whole = text:gsub("\n", "")
    assert.is_true(whole == n + 1 or text == "") -- the head and the points: no line is damaged
    return n
  end

  it("of a sweep loses no finished point, and the last run ends with the bytes of one that was not killed", function()
    local list, kept, finished = {}, 0, 0
    for i = 1, 100 do list[i] = i end
    mf.sweep(list, value, { out = dir .. "/whole" })
    local whole = process.read_file(dir .. "/whole/sweep.points")
    local reference, path = points.parse(whole, "whole"), dir .. "/out/sweep.points"
    kill_often(21, 0.06, function(going)
      going()
      io.stderr = { write = function() end } -- luacheck: ignore 122 ("points kept": not in the test's report)
      repeat -- the former workers may hold the folder for a moment more
        local ok, message = pcall(mf.sweep, list, value, { out = dir .. "/out", workers = 2 })
      until ok or not message:find "in use by another run"
    end, function()
      local n = check_points(path, reference)
      assert.is_true(n >= kept)
      kept = n
      if n < #list or process.read_file(path) ~= whole then return end
      finished, kept = finished + 1, 0
      assert.is_true(os.remove(path))
    end)
    local results
    repeat
      local ok, got = pcall(mf.sweep, list, value, { out = dir .. "/out" })
      results = ok and got
    until ok or not got:find "in use by another run"
    assert.equal(#list, #results)
    assert.equal(whole, process.read_file(path))
  end)

  it("of mpirun leaves the points that were finished, and a rerun ends with the same bytes", function()
    if not process.output "command -v mpirun":find "mpirun" then return pending "mpirun is not installed" end
    process.write_file(dir .. "/script.lua", [[
      local mf = require "meanfield"
      local out, list = arg[1], {}
      for i = 1, 120 do list[i] = i end
      mf.sweep(list, function(p)
        os.execute "sleep 0.002"
        return { p / 7, math.random(), ("x"):rep(p) }
      end, { out = out })]])
    local script = process.quote(process.host) .. " " .. dir .. "/script.lua "
    local mpirun = "ASAN_OPTIONS=detect_leaks=0 " -- Open MPI's own
      .. "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 exec mpirun --oversubscribe "
      .. "--mca mpi_yield_when_idle 1 -n 2 "
    assert.equal(0, process.run(script .. dir .. "/whole").code)
    local whole, kept = process.read_file(dir .. "/whole/sweep.points"), 0
    local reference, path = points.parse(whole, "whole"), dir .. "/out/sweep.points"
    for _ = 1, 4 do
      local pid = process.line(("(%s) >%s/log 2>&1 & echo $!"):format(mpirun .. script .. dir .. "/out", dir))
      for _ = 1, 3000 do -- until it writes
        if check_points(path, reference) > kept then break end
        os.execute "sleep 0.01"
      end
      os.execute(("sleep %.3f; kill -9 %s"):format(0.1 * math.random(), pid)) -- of 120 points many are left
      kills = kills + 1
      local lock
      for _ = 1, 3000 do -- the ranks notice
        lock = native.file.hold(dir .. "/out")
        if lock then break end
        os.execute "sleep 0.01"
      end
      lock:close()
      local n = check_points(path, reference)
      assert.is_true(n > kept, n)
      kept = n < 120 and n or 0
      if n == 120 then -- done before the kill came: from the start
        assert.equal(whole, process.read_file(path))
        assert.is_true(os.remove(path))
      end
    end
    local last = process.run(mpirun .. script .. dir .. "/out")
    assert.equal(0, last.code, last.err)
    assert.equal(whole, process.read_file(path))
    if kills > 4 then assert.equal(100, kills) end -- not this test alone
  end)
end)
