-- An experiment that is killed, however often and wherever, ends with the bytes of one that was not.
local process = require "tests.process"

local read = process.read_file

local KEEP_ALL = "export MEANFIELD_KEEP=0; " -- every call and every slice

-- Everything that steps, by every way of stepping, and a sweep.
local SCRIPT = [[
local mf = require "meanfield"
local run = mf.experiment { name = "r", columns = { "t" }, options = { N = 40, t_end = 0.6 } }
local law = mf.distribution.isotropic { d = 10, delta = 0.8 }
local own = mf.distribution.custom { d = 3, sample = function(rng) local x = rng:normals(3) return x, x[1] end }
local sigma, rho0 = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }, mf.init.gaussian { kappa = 0.8 }
local pot = mf.potential.radial { distribution = law, activation = sigma }
local function slow(t) return 1 / (1 + t) end
local function net(o)
  o.distribution, o.activation, o.N, o.init = o.distribution or law, sigma, o.N or run.N, rho0
  return mf.sgd(o)
end
local function particles(o)
  o.potential, o.init, o.J = pot, rho0, o.J or 60
  return mf.pde.particles(o)
end
local sgd, fed = net { eps = 1e-4, beta = 40 }, net { distribution = own, eps = 1e-2, xi = slow }
local pde, paced = particles { xi = slow }, particles { eps = 1e-3, xi = slow, J = 30 }
local noisy = particles { beta = 40, lambda = 0.5, step = 0.005 }
local grid = mf.pde.grid { potential = pot, init = rho0, beta = 40, lambda = 0.5, cells = 50, tol = 1e-4 }
local jko = mf.pde.jko { potential = pot, init = rho0, tau = 0.1, J = 20 }
local seen = { t = mf.array.linspace(0, run.t_end, 13) }
for t in run:times(mf.array.linspace(0, run.t_end, 4)) do
  sgd:advance(t):step(7)
  fed:advance(t)
  local way = pde:trajectory(mf.array.linspace(pde.t, t, 7), { R = "risk", m = function(rho) return rho:mean() end })
  run:record { t = t, R_N = sgd:risk(), w = fed:weights()[1][1], m = way.m[4], R = way.R[7], jko = jko:step(2):risk(),
               noisy = noisy:advance(t):risk(), F = grid:advance(t):free_energy(), paced = paced:advance(t):risk(),
               variance = particles {}:advance(t):fluctuations { observable = "risk" }.variance }
end
seen.R = grid:trajectory(run.t_end + seen.t, { R = function(rho) return { rho:mean(), rho:std() } end }).R
seen.N = mf.sweep({ 1, 2 }, function(seed) return net { eps = 1e-4, seed = seed }:advance(0.2):risk() end)
for i, R in ipairs(seen.R) do
  run:record { t = i, R_N = seen.N[1 + i % 2], m = R[1], R = R[2], w = 0, jko = 0, noisy = 0, F = 0, paced = 0,
               variance = 0 }
end
run:check("all rows are there", #run:column "t", "==", 17)
run:save()
]]

describe("a killed experiment", function()
  local dir, script

  before_each(function()
    dir = process.line "mktemp -d -p /dev/shm 2>/dev/null || mktemp -d"
    script = dir .. "/r.lua"
    process.write_file(script, SCRIPT)
  end)
  after_each(function() os.execute("rm -r " .. process.quote(dir)) end)

  local function command(out, more)
    return ("%s %s --out %s/%s %s"):format(process.quote(process.host), script, dir, out, more or "")
  end

  local function results(out)
    local text = {}
    for _, name in ipairs { "r.tsv", "r.h5", "sweep.points", "r.finished" } do
      text[name] = process.read_file(("%s/%s/%s"):format(dir, out, name))
    end
    return text
  end

  local function files(out) return (process.output(("ls -A %s/%s"):format(dir, out))) end

  it("goes on where it was, and ends with the same bits, after 100 kills at random moments", function()
    math.randomseed(15)
    local start = process.line "date +%s%N"
    local whole = process.run(KEEP_ALL .. command "whole")
    local span = (tonumber(process.line "date +%s%N") - tonumber(start)) / 1e9
    assert.equal("", whole.err)
    assert.equal(0, whole.code)
    local reference, kills, ends, resumed = results "whole", 0, 0, 0
    assert.truthy(reference["r.h5"])
    local names = files "whole"
    while kills < (process.sanitized and 25 or 100) do
      local after = span * (0.1 + 0.8 * math.random())
      local result = process.run(("%stimeout --foreground -s KILL %.3f %s"):format(KEEP_ALL, after, command "out"))
      if result.err:find "goes on from the states" then resumed = resumed + 1 end
      if result.code == 0 then
        assert.same(reference, results "out")
        assert.equal(names:gsub("%s+", " "), (files "out":gsub("%s+", " ")))
        ends = ends + 1
        os.execute(("rm -r %s/out"):format(dir))
      else
        kills = kills + 1
      end
    end
    assert.is_true(ends > 0 and resumed > kills // 10)
  end)

  -- ---- what may happen to states ----------------------------------------------------------------

  local function run(out, more, before)
    return process.run((before or KEEP_ALL) .. command(out, more))
  end

  -- A run that dies after its rows, with its states on the disk: their names.
  local function interrupted(out)
    process.write_file(script, (SCRIPT:gsub("run:save%(%)", "error 'enough'")))
    assert.matches("enough", run(out).err)
    process.write_file(script, SCRIPT)
    local names = {}
    for name in process.output(("ls %s/%s/r.kept"):format(dir, out)):gmatch "%S+" do names[#names + 1] = name end
    assert.is_true(#names > 20)
    return names
  end

  it("takes states of the same calls only: another option is another run, another label is not", function()
    run("whole", "--set N=41")
    interrupted "out"
    run("out", "--set N=41") -- in the folder of the other's states; solvers do not know N
    local mine, its = results "whole", results "out"
    assert.is_true(mine["r.tsv"] == its["r.tsv"] and mine["r.h5"] == its["r.h5"])
    interrupted "out"
    process.write_file(script, (SCRIPT:gsub("all rows are there", "all of them")))
    assert.matches("goes on from the states", run("out").err)
    assert.is_nil(process.read_file(dir .. "/out/r.kept"))
    assert.is_true(mine["r.tsv"] ~= results "out"["r.tsv"])
  end)

  it("tells functions apart: of one line, in C, of modules and globals that changed, with runs they capture", function()
    process.write_file(script, [[
      local mf = require "meanfield"
      local run = mf.experiment { name = "r", columns = { "t" }, options = { T = 0.1 } }
      local law = mf.distribution.isotropic { d = 10, delta = 0.8 }
      local sigma, rho0 = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }, mf.init.gaussian { kappa = 0.8 }
      local pot, own = mf.potential.radial { distribution = law, activation = sigma }, require "own"
      local other = mf.pde.particles { potential = pot, init = rho0, J = 20 }:advance(run.T)
      speed = own
      local one, two = function(t) return 1 + 0 * t end, function(t) return 2 + 0 * t end
      for i, xi in ipairs { one, two, math.cos, math.exp, function() return own end, function() return speed end } do
        local sgd = mf.sgd { distribution = law, activation = sigma, N = 40, init = rho0, eps = 1e-4, xi = xi }
        run:record { t = i, R = sgd:advance(0.1):risk() }
      end
      local pde = mf.pde.particles { potential = pot, init = rho0, J = 20 }
      run:record { t = 0, R = pde:trajectory({ 0.1, 0.2 }, { R = function() return other:risk() end }).R[1] }
      if os.getenv "DIE" then error "enough" end
      run:save()]])
    local path = ("export LUA_PATH='%s/?.lua;;'; "):format(dir)
    process.write_file(dir .. "/own.lua", "return 3")
    assert.matches("enough", run("out", "", path .. "export DIE=1; " .. KEEP_ALL).err)
    process.write_file(dir .. "/own.lua", "return 4")
    assert.matches("goes on from the states", run("out", "--set T=0.3", path .. KEEP_ALL).err)
    run("whole", "--set T=0.3", path .. "export MEANFIELD_KEEP=off; ")
    assert.equal(results "whole"["r.tsv"], results "out"["r.tsv"])
  end)

  it("sees what modules require, what functions require when they are called, and the methods of objects", function()
    process.write_file(script, [[
      local mf = require "meanfield"
      local run = mf.experiment { name = "r", columns = { "t" } }
      local outer, thing = require "outer", require "class".new()
      local named = setmetatable({ s = SPEED }, { __name = "mine" })
      for i, xi in ipairs { function() return outer.speed() end, function() return thing:speed() end,
                            function() return require "late".speed end, function() return named.s end } do
        local sgd = mf.sgd { distribution = mf.distribution.isotropic { d = 10, delta = 0.8 }, N = 40, eps = 1e-4,
                             activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 0.8 }, xi = xi }
        run:record { t = i, R = sgd:advance(0.1):risk() }
      end
      if os.getenv "DIE" then error "enough" end
      run:save()]])
    local function write(speed)
      local texts = { outer = "local inner = require 'inner' return { speed = function() return inner.speed end }",
                      inner = "return { speed = SPEED }", late = "return { speed = SPEED }",
                      class = "local C = {} C.__index = C function C.speed() return SPEED end "
                              .. "return { new = function() return setmetatable({}, C) end }" }
      for name, text in pairs(texts) do
        process.write_file(("%s/%s.lua"):format(dir, name), (text:gsub("SPEED", speed)))
      end
    end
    local before = ("export LUA_PATH='%s/?.lua;;' LUA_INIT=SPEED=%s; ")
    write "3"
    assert.matches("enough", run("out", "", before:format(dir, 3) .. "export DIE=1; " .. KEEP_ALL).err)
    assert.matches("goes on from", run("out", "", before:format(dir, 3) .. "export DIE=1; " .. KEEP_ALL).err)
    write "4"
    assert.is_nil(run("out", "", before:format(dir, 4) .. KEEP_ALL).err:match "goes on from")
    run("whole", "", before:format(dir, 4) .. "export MEANFIELD_KEEP=off; ")
    assert.equal(results "whole"["r.tsv"], results "out"["r.tsv"])
  end)

  it("calls observers again that have changed what they capture", function()
    process.write_file(script, [[
      local mf = require "meanfield"
      local run = mf.experiment { name = "r", columns = { "t", "R" } }
      local law = mf.distribution.isotropic { d = 10, delta = 0.8 }
      local sigma, rho0 = mf.activation.piecewise { { 0, 0 }, { 1, 1 } }, mf.init.gaussian { kappa = 1 }
      local pot = mf.potential.radial { distribution = law, activation = sigma }
      local function new() return mf.pde.particles { potential = pot, init = rho0, J = 20 } end
      local list, n, other, pde, plain = {}, 0, new(), new(), new()
      pde:trajectory({ 0.1, 0.2, 0.3 }, { R = function() list[#list + 1] = pde.t return 1 end })
      pde:trajectory({ 0.4, 0.5 }, { R = function() n = n + 1 return n end })
      pde:trajectory({ 0.6, 0.7 }, { R = function() return other:advance(pde.t):risk() end })
      plain:trajectory({ 0.1, 0.2 }, { R = function() io.stderr:write "looked\n" return plain.t end })
      run:record { t = #list, R = n + other:risk() }
      if os.getenv "DIE" then error "enough" end
      run:save()]])
    assert.matches("looked\nlooked\n", run("out", "", "export DIE=1; " .. KEEP_ALL).err)
    local again = run("out").err
    assert.matches("goes on from the states", again)
    assert.is_nil(again:match "looked")
    run("whole", "", "export MEANFIELD_KEEP=off; ")
    assert.equal(results "whole"["r.tsv"], results "out"["r.tsv"])
  end)

  it("computes again where states are damaged, and removes them", function()
    run "whole"
    for _, name in ipairs(interrupted "out") do
      local path = ("%s/out/r.kept/%s"):format(dir, name)
      local bytes = process.read_file(path)
      process.write_file(path, bytes:sub(1, -9) .. "damaged!")
    end
    local result = run "out"
    assert.is_nil(result.err:match "goes on")
    assert.equal(0, result.code, result.err)
    assert.same(results "whole", results "out")
    assert.equal(files "whole", files "out")
  end)

  it("keeps no more than its budget, the states that took longest, and goes on from those", function()
    run "whole"
    process.write_file(script, "require 'meanfield.run.keep'.limits.bytes = 60000\n"
      .. SCRIPT:gsub("run:save%(%)", "error 'enough'"))
    run "out"
    local total = 0
    for name in process.output(("ls %s/out/r.kept"):format(dir)):gmatch "%S+" do
      total = total + #process.read_file(("%s/out/r.kept/%s"):format(dir, name))
    end
    assert.is_true(total > 20000 and total < 70000, total)
    process.write_file(script, SCRIPT)
    local result = run "out"
    assert.matches("goes on from the states", result.err)
    assert.same(results "whole", results "out")
  end)

  it("goes on where states cannot be written, and says so once", function()
    run "whole"
    local result = run("out", "", "ulimit -f 4; trap '' XFSZ; " .. KEEP_ALL) -- no file beyond 2 kB
    local _, times = result.err:gsub("states of this run cannot be kept: ", "")
    assert.equal(1, times, result.err)
    assert.matches("out/r.h5': File too large", result.err) -- its results do not fit either
    assert.equal(1, result.code)
    assert.equal(0, run("out").code)
    assert.same(results "whole", results "out")
  end)

  it("loses nothing when somebody removes its folder", function()
    run "whole"
    process.write_file(script, (SCRIPT:gsub("local seen = mf.sweep", "%0"):gsub("seen%.R = ",
      "if not arg.removed then os.execute('rm -r ' .. run.out) arg.removed = true end %0")))
    assert.equal(0, run("out").code)
    local whole, out = results "whole", results "out"
    local function numbers(text) return (text:gsub("# script[^\n]*\n", "")) end
    assert.equal(numbers(whole["r.tsv"]), numbers(out["r.tsv"]))
    assert.equal(whole["sweep.points"], out["sweep.points"])
    assert.truthy(out["r.h5"])
  end)

  it("runs on, kept, when its program is replaced or removed meanwhile", function()
    local program = dir .. "/bin/meanfield" -- as where it is installed
    os.execute(("cd %s && mkdir -p bin share/meanfield && cp %s bin/meanfield && cp -r %s/lua share/meanfield"):format(
      dir, process.quote(process.host), process.quote(process.top)))
    process.write_file(script, "os.remove(arg[-1])\n" .. SCRIPT)
    local result = process.run(("%s%s %s --out %s/out"):format(KEEP_ALL, program, script, dir))
    assert.equal("", result.err)
    assert.equal(0, result.code)
    assert.is_nil(read(program))
    assert.truthy(read(dir .. "/out/r.h5"))
  end)

  it("needs a folder that can be made, and has it for itself, before it computes anything", function()
    local result = process.run(process.quote(process.host) .. " " .. script .. " --out /proc/none")
    assert.equal("r: cannot make the folder '/proc/none': No such file or directory\n", result.err)
    assert.equal(2, result.code)
    process.write_file(script, SCRIPT .. "os.execute(('%s %s --out %s'):format(arg[-1], arg[0], run.out))")
    local lock <close> = assert(require "meanfield.native".file.hold(dir .. "/out"))
    assert.equal(("r: %s/out: in use by another run\n"):format(dir), run("out").err)
    assert.truthy(lock)
  end)

  it("needs a folder that can be written into", function()
    local unshare = "unshare -rm sh -c " -- a mount name space of our own; where that is not allowed, nothing is shown
    if not os.execute(unshare .. "'mount -t tmpfs -o ro none /mnt' 2>/dev/null") then return end
    local result = process.run(unshare .. process.quote("mount -t tmpfs -o ro none /mnt && exec " ..
      process.quote(process.host) .. " " .. script .. " --out /mnt"))
    assert.equal("r: cannot write into the folder '/mnt': Read-only file system\n", result.err)
    assert.equal(2, result.code)
  end)

  it("saves its state on SIGTERM and SIGHUP, and ends with 128 + their number", function()
    process.write_file(script, [[
      local mf = require "meanfield"
      local run = mf.experiment { name = "r", options = { eps = 1e-7 } }
      local sgd = mf.sgd { distribution = mf.distribution.isotropic { d = 10, delta = 0.8 }, N = 20, eps = run.eps,
                           activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 } }
      os.execute "(sleep 0.2; eval kill -$SIGNAL $PPID) >/dev/null 2>&1 &"
      pcall(sgd.advance, sgd, 100) -- it swallows the error, but not the signal
      while true do end]])
    for _, case in ipairs { { "TERM", 143 }, { "HUP", 129 } } do
      local result = process.run(("export SIGNAL=%s; %s"):format(case[1], command "out"))
      assert.equal(case[2], result.code)
      assert.matches("^%x+%.%d+%.mid\n$", process.output(("ls %s/out/r.kept"):format(dir)))
    end
    local result = process.run("trap '' HUP; export SIGNAL='HUP $PPID; sleep 0.3; kill -TERM'; " .. command "out")
    assert.equal(143, result.code) -- under nohup SIGHUP does nothing
    process.write_file(dir .. "/loop.lua", "os.execute 'kill -HUP $PPID' while true do end")
    assert.equal(129, process.run(process.quote(process.host) .. " -i < " .. dir .. "/loop.lua").code)
  end)
end)

describe("a finished experiment", function()
  local dir
  before_each(function() dir = process.folder() end)
  after_each(process.clean)

  local BODY = [[
local mf = require "meanfield"
local run = mf.experiment { name = "f", options = { x = 1 }, quick = { x = 2 } }
local own = require "own"
io.stderr:write "computed\n"
run:record { y = own + run.x }
run:check("x is small", run.x, "<", 3)
run:save()
]]

  local function run(arguments)
    return process.run(("cd %s && %s f.lua %s"):format(dir, process.quote(process.host), arguments or ""))
  end

  local function ran(arguments) return run(arguments).err:find("computed", 1, true) ~= nil end

  local function write(body, own)
    process.write_file(dir .. "/f.lua", body)
    process.write_file(dir .. "/own.lua", own or "return 1")
  end

  it("is shown, not computed: the same options, script, modules and program", function()
    write(BODY)
    local first = run()
    assert.equal("computed\n", first.err)
    local again = run()
    assert.equal("f: finished before with these options, script and version; --force runs it again\n", again.err)
    assert.equal(first.out:gsub("wrote", "in"), (again.out))
    assert.is_false(ran "--set x=1")
    assert.is_true(ran "--quick")
    assert.is_false(ran "--quick")
    assert.is_true(ran "--quick --set x=1")
    assert.is_true(ran "--force")
    assert.is_true(ran "--fresh")
    assert.is_false(ran())
    write(BODY, "return 2")
    assert.is_true(ran())
    write(BODY .. "-- a word\n", "return 2")
    assert.is_true(ran())
    os.remove(dir .. "/results/f/f.h5")
    assert.is_true(ran())
    assert.is_true(process.run(("cd %s && %s -e 'x = 1' f.lua"):format(dir, process.quote(process.host))).err
      :find "computed" ~= nil)
    assert.is_false(process.run(("cd %s && %s -e 'x = 1' --threads 1 f.lua"):format(dir, process.quote(process.host)))
      .err:find "computed" ~= nil)
  end)

  it("is not finished if its script or a module was edited while it ran: what ran was another text", function()
    local function edit(name) -- it edits itself, as a person would meanwhile
      return ("local f = io.open('%s', 'a') f:write ' -- a word' f:close()\n"):format(name)
    end
    for _, name in ipairs { "f.lua", "own.lua" } do
      write((BODY:gsub("run:record", edit(name):gsub("%%", "%%%%") .. "%0", 1)))
      assert.is_true(ran())
      assert.is_true(ran())
    end
  end)

  it("keeps no state of a function under a text that was written while it ran", function()
    local function text(speed)
      return ([[
        local mf = require "meanfield"
        local run = mf.experiment { name = "f" }
        local edit = os.getenv "EDIT"
        if edit then os.execute(edit) end
        local sgd = mf.sgd { distribution = mf.distribution.isotropic { d = 5, delta = 0.5 }, N = 10, eps = 1e-3,
                             activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 },
                             xi = function() return %s end }
        run:record { y = sgd:advance(0.1):risk() }
        if edit then error "enough" end
        run:save()]]):format(speed)
    end
    local function kept(arguments, environment)
      return process.run(("cd %s && export MEANFIELD_KEEP=0; %s %s f.lua %s"):format(dir, environment or "",
        process.quote(process.host), arguments))
    end
    write(text "1")
    process.write_file(dir .. "/new.lua", text "2")
    assert.matches("enough", kept("--out a", "EDIT='cp new.lua f.lua'").err)
    assert.is_nil(kept("--out a").err:match "goes on from the states")
    kept "--out b"
    assert.equal(process.read_file(dir .. "/b/f.tsv"), process.read_file(dir .. "/a/f.tsv"))
  end)

  it("is computed again where its numbers are damaged, or a file of data that it read is another", function()
    process.write_file(dir .. "/own.lua", "return 1")
    process.write_file(dir .. "/data.csv", "1\n2\n")
    process.write_file(dir .. "/f.lua", (BODY:gsub("run.x }", "mf.data.read 'data.csv'[2][1] }", 1)))
    assert.is_true(ran())
    assert.is_false(ran())
    process.write_file(dir .. "/results/f/f.svg", "drawn anew")
    assert.is_false(ran())
    for _, name in ipairs { "f.h5", "f.tsv" } do
      process.write_file(dir .. "/results/f/" .. name, "x")
      assert.is_true(ran(), name)
    end
    process.write_file(dir .. "/data.csv", "1\n3\n")
    assert.is_true(ran())
    assert.is_false(ran())
  end)

  it("has its exit code again; one that died is not finished, whatever it has saved", function()
    write(BODY)
    assert.equal(1, run("--set x=3").code)
    local again = run "--set x=3"
    assert.matches("finished before", again.err)
    assert.matches("FAIL  x is small", again.out)
    assert.equal(1, again.code)
    write(BODY .. "error 'after it was saved'")
    assert.is_true(ran())
    assert.is_true(ran())
    write((BODY:gsub("run:save%(%)", "")))
    assert.is_true(ran "--set x=0")
    assert.is_true(ran "--set x=0")
  end)

  it("starts over with --fresh: no point of a sweep is taken from before", function()
    write(BODY .. "mf.sweep({ 1, 2 }, function(p) return p end)")
    run()
    assert.matches("2 of 2 points kept", run("--force").err)
    assert.is_nil(run("--fresh").err:match "points kept")
  end)

  it("is marked by our program only, which knows that the script has ended well", function()
    write(BODY)
    local stock = process.output "command -v lua5.4" ~= "" and process.build .. "/meanfield.so"
    if not stock or process.sanitized then return pending "no lua5.4" end
    local line = ("cd %s && LUA_CPATH='%s/?.so;;' lua5.4 f.lua"):format(dir, process.build)
    assert.equal("computed\n", process.run(line).err)
    assert.equal("computed\n", process.run(line).err)
    assert.is_nil(process.read_file(dir .. "/results/f/f.finished"))
  end)
end)
