-- mf.sweep: order, bits, what is kept, and what a failure, a kill or mpirun does to it.
local mf = require "meanfield"
local plain = require "meanfield.run.plain"

local process = require "tests.process"
local output, write, host = process.output, process.write_file, process.host
local function read(path) return process.read_file(path) or "" end

local has_mpi = output "command -v mpirun":find "mpirun"
local mpirun = "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe "
  .. "--mca mpi_yield_when_idle 1"

local function count(text, pattern) return select(2, text:gsub(pattern, "")) end

-- A point's fate is decided from outside, by the environment, so that the function stays the same.
local SCRIPT = [[
local mf = require "meanfield"
local dir = os.getenv "DIR"
local points = {}
for i = 1, 6 do points[i] = { i = i, x = i / 7 } end
local init, tables = mf.init.gaussian { kappa = 0.4 }, {} -- captured: they must read the same in every run
for i = 1, 9 do tables["t" .. i] = { i, [i] = { points } } end
local results, failures = mf.sweep(points, function(p)
  local dir = os.getenv "DIR"
  assert(init and tables.t1 and mf)
  local log = assert(io.open(dir .. "/log", "a")) log:write(p.i, "\n") log:close()
  if p.i == 4 and os.getenv "INTERRUPT" then os.execute "kill -INT $(ps -o ppid= -p $PPID)" end
  if p.i == 4 then os.execute("for i in $(seq 2000); do [ -e " .. dir .. "/go ] && break; sleep 0.01; done") end
  return { math.exp(p.x), random = math.random() }
end, { workers = 1, out = dir .. "/" .. (arg[1] or "out") })
local sum = 0
for _, r in ipairs(results) do sum = sum + r[1] + r.random end
print(("%a %d"):format(sum, #failures))
]]

describe("sweep", function()
  local dir

  before_each(function() dir = process.folder() end)

  after_each(process.clean)

  local function run(arguments, prefix)
    write(dir .. "/script.lua", SCRIPT)
    return output(("DIR=%s %s %s %s/script.lua %s 2>%s/err"):format(dir, prefix or "", host, dir, arguments or "", dir))
  end

  it("returns results in the order of the points, whatever the order of completion", function()
    local results, failures = mf.sweep({ 0.1, 0.05, 0 }, function(p)
      os.execute("sleep " .. p)
      return p
    end, { workers = 3 })
    assert.same({ 0.1, 0.05, 0 }, results)
    assert.same({}, failures)
  end)

  it("over seeds gives the mean and its standard error, number by number, and false where a seed fails", function()
    local results = mf.sweep({ 1, 10 }, function(x, seed) return { a = x * seed, list = { 7, seed ^ 2 } } end,
                             { seeds = 4 })
    assert.same({ a = 2.5, list = { 7, 7.5 } }, results[1].mean)
    assert.near(math.sqrt(5 / 3 / 4), results[1].error.a, 1e-15) -- of 1, 2, 3, 4: variance 5/3
    assert.equal(0, results[1].error.list[1])
    assert.near(math.sqrt(129 / 3 / 4), results[1].error.list[2], 1e-14) -- of 1, 4, 9, 16 about 7.5
    assert.equal(25, results[2].mean.a)
    assert.same({ false, { mean = 3, error = 1 } }, require "meanfield.run.seeds".gather({ 1, false, 2, 4 }, 2))
    assert.error_matches(function() mf.sweep({ 1 }, function() return "x" end, { seeds = 2 }) end, "got 'x'")
    local function uneven(_, seed) return seed == 2 and { a = 1, b = 2 } or { a = 1 } end
    assert.error_matches(function() mf.sweep({ 1 }, uneven, { seeds = 3 }) end, "['b'] must be", 1, true)
    assert.error_matches(function() mf.sweep({ 1 }, uneven, { seeds = 3 }) end, "got nothing", 1, true)
    assert.error_matches(function() mf.sweep({ 1 }, function() return 1 end, { seeds = 1 }) end, "'seeds'")
  end)

  it("gives the same bits for any number of workers, random numbers included", function()
    local points, texts = {}, {}
    for i = 1, 9 do points[i] = { x = i / 3, name = "p" .. i } end
    for workers = 1, 4 do
      texts[workers] = plain.encode((mf.sweep(points, function(p)
        return { math.sin(p.x), math.random(), -0.0, math.huge, p.name, { deep = { true, 2 ^ 53, 7 } } }
      end, { workers = workers })))
    end
    assert.equal(9, count(texts[1], '"p%d"'))
    for workers = 2, 4 do assert.equal(texts[1], texts[workers]) end
  end)

  it("writes doubles, integers and strings as text that reads back to the same bits", function()
    local value = { 0.1, 1e300, 5e-324, -0.0, 1 / 3, 2 ^ 63, math.maxinteger, math.mininteger, "a\n\"\\\0\255",
                    math.huge, { x = -math.huge, [3] = false, ["a b"] = { {} } } }
    for i = 1, 200 do value[#value + 1] = (i * 0.6180339887498949 % 1) * 10 ^ (i % 40 - 20) end
    local back = plain.decode(plain.encode(value))
    assert.same(value, back)
    for i, x in ipairs(value) do
      assert.equal(math.type(x), math.type(back[i]))
      if math.type(x) == "float" then assert.equal(("%a"):format(x), ("%a"):format(back[i])) end
    end
    local cycle = {}
    cycle.again = cycle
    assert.error_matches(function() plain.encode(cycle, "point") end, "point.again contains itself", 1, true)
    assert.error_matches(function() plain.encode({ { f = print } }, "point") end, "point[1].f is a function", 1, true)
    for _, damaged in ipairs { "", "{1,", "{x=", '"abc', "os.exit()", "(1)", "1e" } do
      assert.has_error(function() plain.decode(damaged) end)
    end
  end)

  it("reports a failing point with its traceback and finishes the others", function()
    write(dir .. "/fail.lua", [[
      local mf = require "meanfield"
      local function inner(p) return p.missing.field end
      local results, failures = mf.sweep({ 1, 2, 3, 4, 5 }, function(p)
        if p == 2 then return (inner {}) end
        if p == 3 then os.execute "kill -9 $PPID" end
        if p == 4 then return print end
        return 10 * p
      end)
      for i = 1, 5 do print(results[i]) end
      for _, f in ipairs(failures) do print(f.index, f.point, (f.message:match "[^\n]*")) end]])
    local text = output(("%s %s/fail.lua 2>%s/err"):format(host, dir, dir))
    assert.equal("10\nfalse\nfalse\nfalse\n50\n", text:match "^[^\t]*\n")
    assert.matches("\n2\t2\t[^\n]*attempt to index a nil value", text)
    assert.matches("\n3\t3\tkilled by signal 9", text)
    assert.matches("\n4\t4\tresult is a function, not plain data", text)
    local err = read(dir .. "/err")
    assert.matches("point 2 of 5, 2, failed: [^\n]*fail.lua:2: attempt to index", err)
    assert.matches("stack traceback:[^:]*fail.lua:2: in upvalue 'inner'", err)
    assert.is_nil(err:find("run/sweep.lua", 1, true)) -- our own frames are nobody's business
  end)

  it("killed midway by SIGKILL and rerun gives the file and the results of an uninterrupted run", function()
    write(dir .. "/script.lua", SCRIPT)
    local path = dir .. "/out/sweep.points"
    local pid = output(("DIR=%s %s %s/script.lua >/dev/null 2>&1 & echo $!"):format(dir, host, dir))
    for _ = 1, 3000 do
      if count(read(path), "\n") == 4 and count(read(dir .. "/log"), "\n") == 4 then break end
      os.execute "sleep 0.01"
    end
    assert.equal(4, count(read(path), "\n")) -- the head and three points
    assert.equal("1\n2\n3\n4\n", read(dir .. "/log")) -- and the fourth is at work: it writes no more
    os.execute("kill -9 " .. pid)
    write(dir .. "/go", "")
    write(dir .. "/log", "")
    local rerun = run()
    assert.equal("4\n5\n6\n", read(dir .. "/log"))
    assert.matches("3 of 6 points kept", read(dir .. "/err"))
    local whole = run "other"
    assert.equal(whole, rerun)
    assert.matches("^0x%S+ 0\n$", whole)
    assert.equal(read(dir .. "/other/sweep.points"), read(path))
    assert.equal(whole, run()) -- all kept now
    assert.equal(read(dir .. "/other/sweep.points"), read(path))
  end)

  it("interrupted by Ctrl-C keeps what is finished, kills the workers and goes on in a rerun", function()
    local text, code = run(nil, "INTERRUPT=1")
    assert.equal("", text)
    assert.equal(130, code)
    assert.matches("interrupted", read(dir .. "/err"))
    assert.equal("1\n2\n3\n4\n", read(dir .. "/log"))
    assert.equal(4, count(read(dir .. "/out/sweep.points"), "\n"))
    assert.equal("", (output("ps -eo args | grep '[s]cript.lua' | grep " .. dir .. " || true")))
    write(dir .. "/go", "")
    local rerun = run()
    assert.equal(run "other", rerun)
    assert.equal(read(dir .. "/other/sweep.points"), read(dir .. "/out/sweep.points"))
  end)

  it("runs a point again whose line was cut off or damaged, and ends with the same file", function()
    write(dir .. "/go", "")
    local whole, path = run(), dir .. "/out/sweep.points"
    local text = read(path)
    for _, damaged in ipairs { text:sub(1, -10), text:gsub("i=2", "i=3", 1), "no sweep\n" .. text, "" } do
      write(path, damaged)
      assert.equal(whole, run())
      assert.equal(text, read(path))
    end
  end)

  it("reuses nothing when the function or a value it captures has changed", function()
    local runs = 0
    local function sweep(scale, extra, tag)
      local calls = dir .. "/calls"
      os.remove(calls)
      local list = { 1, 2 }
      if extra then list[3] = 3 end
      local results = mf.sweep(list, function(p)
        local file = io.open(calls, "a") file:write "x" file:close()
        return p * scale.by
      end, { out = dir .. "/out", tag = tag })
      runs = #read(calls)
      return results
    end
    local stderr = io.stderr
    io.stderr = { write = function() end } -- luacheck: ignore 122 ("points kept" is not this test's business)
    finally(function() io.stderr = stderr end) -- luacheck: ignore 122
    assert.same({ 2, 4 }, sweep { by = 2 })
    assert.equal(2, runs)
    assert.same({ 2, 4, 6 }, sweep({ by = 2 }, true))
    assert.equal(1, runs)
    assert.same({ 3, 6 }, sweep { by = 3 })
    assert.equal(2, runs)
    sweep({ by = 3 }, false, "other")
    assert.equal(2, runs)
    assert.same({ 2, 4 }, sweep { by = 2 })
    assert.equal(0, runs)
  end)

  it("names file and line where a line is no point though its checksum is right", function()
    write(dir .. "/go", "")
    run()
    local path = dir .. "/out/sweep.points"
    local body = ("0123456789abcdef {1,2 = 3"):gsub("{1,2", "{1,")
    write(path, read(path) .. mf.process.hash(body) .. " " .. body .. "\n")
    local _, code = run()
    assert.equal(1, code)
    assert.truthy(read(dir .. "/err"):find(path .. ":8: the checksum is right, but this is no point", 1, true))
  end)

  it("does not write over a file that it cannot read", function()
    os.execute(("mkdir -p %s/dir/sweep.points"):format(dir))
    assert.error_matches(function() mf.sweep({ 1 }, tostring, { out = dir .. "/dir" }) end,
      dir .. "/dir/sweep.points: Is a directory", 1, true)
  end)

  it("on a full disk names the file and the reason, and keeps what it has", function()
    write(dir .. "/full.lua", ([[
      local mf = require "meanfield"
      mf.sweep({ 1, 2, 3, 4 }, function(p) return ("x"):rep(2000) end, { out = "%s/o", workers = 1 })]]):format(dir))
    local result = process.run(("ulimit -f 10; trap '' XFSZ; exec %s %s/full.lua"):format(host, dir))
    assert.equal(1, result.code)
    assert.truthy(result.err:find("mf.sweep: cannot write '" .. dir .. "/o/sweep.points': File too large", 1, true),
                  result.err)
    local text = read(dir .. "/o/sweep.points")
    assert.is_true(count(text, "\n") >= 3 and text:sub(-1) == "\n") -- whole lines only
  end)

  it("takes its workers and all that they have started along, however it dies", function()
    for _, how in ipairs { "TERM", "HUP", "KILL" } do
      local mark = 7000 + #how -- seconds of a sleep that only this test runs
      write(dir .. "/family.lua", ([[
        local mf = require "meanfield"
        mf.sweep({ 1, 2 }, function() os.execute "sleep %d" return 1 end, { workers = 2 })]]):format(mark))
      -- under nohup the signal would be ignored by all
      local start = "env --default-signal=HUP %s %s/family.lua >/dev/null 2>&1 & echo $!"
      local pid = output(start:format(host, dir)):match "%d+"
      local function sleepers() return tonumber((output(("ps -eo args | grep -cx 'sleep %d'"):format(mark)))) end
      local function wait_for(n)
        for _ = 1, 500 do
          if sleepers() == n then return end
          os.execute "sleep 0.02"
        end
        error(("%s: %d processes, not %d"):format(how, sleepers(), n))
      end
      wait_for(2)
      os.execute(("kill -%s %s"):format(how, pid))
      wait_for(0)
    end
  end)

  it("refuses a folder that another run is writing to", function()
    local lock <close> = assert(mf.file.hold(dir .. "/a/b"))
    assert.error_matches(function() mf.sweep({ 1 }, tostring, { out = dir .. "/a/b" }) end, "in use by another run")
    assert.truthy(lock)
  end)

  it("names a bad point or option", function()
    assert.error_matches(function() mf.sweep({ 1, { f = print } }, tostring) end, "points[2].f is a function", 1, true)
    assert.error_matches(function() mf.sweep({}, tostring, { worker = 1 }) end, "did you mean 'workers'?", 1, true)
    assert.error_matches(function() mf.sweep({}, tostring, { workers = 0 }) end,
      "'workers' must be an integer", 1, true)
    assert.error_matches(function() mf.sweep({}) end, "expected a function of a point, got nil")
    assert.same({}, (mf.sweep({}, tostring)))
  end)

  it("keeps its points in the folder of the running experiment, under mpirun too", function()
    write(dir .. "/run.lua", [[
      local mf = require "meanfield"
      local run = mf.experiment { name = "study", options = { scale = 1.5 } }
      local xs = mf.sweep({ 1, 2, 3 }, function(p) return p * run.scale end)
      for i, x in ipairs(xs) do run:record { i = i, x = x } end
      run:check("sum", run:max "x", "==", 4.5)
      run:save()]])
    local command = "cd " .. dir .. " && %s " .. host .. " run.lua --out %s 2>err"
    output(command:format("", "one"))
    local points = read(dir .. "/one/sweep.points")
    assert.equal(4, count(points, "\n"))
    assert.matches("3\t4.5\n$", read(dir .. "/one/study.tsv"))
    assert.equal("", read(dir .. "/err"))
    output(command:format("", "one --force"))
    assert.matches("3 of 3 points kept from one/sweep.points", read(dir .. "/err"))
    output(command:format("", "three"))
    output(command:format("", "three --set scale=2")) -- what the function reads of the run is a part of it
    assert.equal("", read(dir .. "/err"))
    assert.matches("3\t6\n$", read(dir .. "/three/study.tsv"))
    if not has_mpi then return end
    assert.equal(1, count(output(command:format(mpirun .. " -n 2", "two")), "pass  sum"))
    assert.equal(points, read(dir .. "/two/sweep.points"))
    assert.equal(read(dir .. "/one/study.tsv"), read(dir .. "/two/study.tsv"))
  end)

  it("spreads over the ranks of mpirun: same results, same file, one voice", function()
    if not has_mpi then return pending "mpirun is not installed" end
    write(dir .. "/go", "")
    local alone = run "alone"
    local spread = run("spread", mpirun .. " -n 2")
    assert.equal(alone, spread)
    assert.equal(read(dir .. "/alone/sweep.points"), read(dir .. "/spread/sweep.points"))
  end)

  it("under mpirun takes the results of one sweep into the next", function()
    if not has_mpi then return pending "mpirun is not installed" end
    write(dir .. "/two.lua", [[
      local mf = require "meanfield"
      local first = mf.sweep({ 1, 2, 3 }, function(p) if p == 2 then error "no" end return p / 7 end)
      local second, failures = mf.sweep({ first[1], first[3], 0.5 }, function(p)
        return p * 7 + (first[2] and 1 or 0)
      end)
      print(table.concat(second, " "), #failures)
      io.stderr:write("end of ", os.getenv "OMPI_COMM_WORLD_RANK" or "?", "\n")]])
    local text = output(("%s -n 3 %s %s/two.lua 2>%s/err"):format(mpirun, host, dir, dir))
    assert.equal("1.0 3.0 3.5\t0\n", text)
    assert.equal(1, count(read(dir .. "/err"), "end of %d"))
    assert.equal(1, count(read(dir .. "/err"), "point 2 of 3, 2, failed"))
  end)
end)
