-- The runner: its command line, what it keeps, and what a failed check does.
local mf = require "meanfield"
local process = require "tests.process"
local output, read, host = process.output, process.read_file, process.host

local OPTIONS = { d = 40, delta = 0.8, kind = "plain", exact = true, times = { 0, 1.5, 10 } }

local function run_with(...)
  return mf.experiment { name = "spec", options = OPTIONS, quick = { d = 20 }, args = { ... } }
end

describe("run:nearer", function()
  it("is a ratio of distances, and inf where the theories are alike", function()
    local run = run_with()
    assert.near(3, run:nearer(1.75, 2, 1), 1e-15)
    assert.near(1 / 3, run:nearer(1.25, 2, 1), 1e-15)
    assert.equal(math.huge, run:nearer(7, 1.04, 1))
    assert.near(3, run:nearer(1.03, 1.04, 1, 0.01), 1e-9)
  end)
end)

describe("experiment options", function()
  it("are the defaults, then --quick, then --set, in the default's type", function()
    assert.equal(40, run_with().d)
    assert.equal(20, run_with("--quick").d)
    local run = run_with("--set", "d=1e2", "--quick", "--set", "exact=false", "--set", "times=1,2e-3,inf",
                         "--set", "kind=a=b, c")
    assert.equal("integer", math.type(run.d))
    assert.same({ 100, false, "a=b, c" }, { run.d, run.exact, run.kind })
    assert.same({ 1, 2e-3, math.huge }, run.options.times)
    assert.is_true(run.quick)
    assert.equal(math.huge, run_with("--set", "d=inf").d)
    assert.equal("elsewhere/x", run_with("--out", "elsewhere/x").out)
    assert.same({ 0, 1.5, 10 }, OPTIONS.times) -- not changed by a run
  end)

  it("name what is wrong", function()
    local function says(text, ...)
      local args = { ... }
      assert.error_matches(function() run_with(table.unpack(args)) end, text, 1, true)
    end
    says("unknown option 'dleta' (did you mean 'delta'?); options: d, delta, exact, kind, times", "--set", "dleta=1")
    says("option 'd' must be an integer, got 'forty'", "--set", "d=forty")
    says("option 'd' must be an integer, got 'nan'", "--set", "d=nan")
    says("option 'd' must be an integer, got ''", "--set", "d=")
    says("option 'd' must be an integer, got '2.5'", "--set", "d=2.5")
    says("option 'd' must be an integer, got '1e400'", "--set", "d=1e400")
    says("option 'delta' must be a number, got '1e400'", "--set", "delta=1e400")
    says("option 'times' must be a comma-separated list like 0,1.5,10, got '1,-1e999'", "--set", "times=1,-1e999")
    says("option 'exact' must be true or false, got 'yes'", "--set", "exact=yes")
    says("option 'times' must be a comma-separated list like 0,1.5,10, got '1,x'", "--set", "times=1,x")
    says("--set needs key=value, got 'd'", "--set", "d")
    says("--set needs a value", "--set")
    says("unknown argument '--qick' (did you mean '--quick'?)", "--qick")
    assert.error_matches(function() return run_with().dleta end, "did you mean 'delta'?", 1, true)
    assert.error_matches(function() run_with():recrod {} end, "has no 'recrod' (did you mean 'record'?)", 1, true)
    assert.error_matches(function() return run_with().quik end, "did you mean 'quick'?", 1, true)
    assert.error_matches(function() run_with().d = 3 end, "run.d is read-only: it is an option", 1, true)
    assert.error_matches(function() run_with().mine = 1 end, "run.mine cannot be set", 1, true)
    assert.error_matches(function() mf.experiment { name = "x", options = { record = 1 }, args = {} } end,
                         "the name of a part of the run", 1, true)
    assert.error_matches(function() mf.experiment { name = "x", quick = { d = 1 }, args = {} } end,
                         "unknown option 'd'", 1, true)
    local half = { name = "x", options = { n = 1 }, quick = { n = 0.5 }, args = {} }
    assert.error_matches(function() mf.experiment(half) end, "quick: option 'n' must be an integer, got 0.5", 1, true)
    assert.equal("float", math.type(mf.experiment { name = "x", options = { t = 1.5 }, quick = { t = 1 },
                                                    args = { "--quick" } }.t))
    assert.error_matches(function() mf.experiment { name = "../x", args = {} } end, "letters, digits", 1, true)
  end)
end)

describe("experiment run's fields", function()
  it("are read-only: out, quick, name, options, every option and every method", function()
    local run = run_with("--out", "elsewhere/x")
    local before = tostring(run)
    local function refuses(text, t, key)
      assert.error_matches(function() t[key] = "x" end, "spec: run." .. text, 1, true)
    end
    refuses("out is read-only: it is set by --out DIR", run, "out")
    refuses("quick is read-only: it is set by --quick", run, "quick")
    refuses("name is read-only", run, "name")
    refuses("options is read-only", run, "options")
    refuses("check is read-only", run, "check")
    refuses("d is read-only: it is an option, set by --set d=...", run.options, "d")
    refuses("options.mine cannot be set", run.options, "mine")
    assert.same({ "elsewhere/x", false, "spec", 40 }, { run.out, run.quick, run.name, run.d })
    assert.equal(before, tostring(run))
    local seen = {}
    for key, value in pairs(run.options) do seen[key] = value end
    assert.same(OPTIONS, seen)
  end)

  it("that are methods say how they are called", function()
    local run = run_with()
    assert.error_matches(function() run.record { a = 1 } end, "call it as run:record(...), with ':' (its first "
      .. "argument must be an mf.experiment.run, got a table)", 1, true)
    assert.error_matches(function() run.check("x", 1, "<", 2) end, "call it as run:check(...), with ':'", 1, true)
  end)
end)

describe("experiment run", function()
  local dir

  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
  end)

  after_each(function() os.execute("rm -rf " .. dir) end)

  local quiet = process.quietly

  it("says of a value that --set has given and a script refuses which it was, in a line and with code 2", function()
    os.execute("mkdir " .. dir)
    process.write_file(dir .. "/s.lua", [[
      local mf = require "meanfield"
      local run = mf.experiment { name = "s", options = { kappa = 1.0, d = 10, list = { 1, 2 }, n = 1 } }
      local law = mf.distribution.isotropic { d = run.d, delta = 0.5 }
      mf.potential.radial { distribution = law, activation = mf.activation.tanh() }
      for _, kappa in ipairs(run.list) do mf.init.gaussian { kappa = kappa * run.kappa } end
      mf.init.gaussian { kappa = run.n - 3 }]])
    local function says(set)
      local result = process.run(("cd %s && %s s.lua %s"):format(dir, host, set))
      return result.err, result.code
    end
    local function refused(set, text)
      local err, code = says("--set n=4 --set " .. set)
      assert.equal(("%s: s: --set %s: %s\n"):format(host, set, text), err)
      assert.equal(2, code)
    end
    assert.same({ "", 0 }, { says "--set n=4" })
    local range = "mf.init.gaussian: option 'kappa' must be a number in (0, 1e+100], got "
    refused("kappa=-1", range .. "-1.0")
    refused("list=1,inf", range .. "inf")
    refused("d=1", "mf.potential.radial: d = 1 must be an integer >= 2 or infinite")
    for _, set in ipairs { "", "--set n=1", "--set d=11" } do -- not what was given
      local err, code = says(set)
      assert.matches("s.lua:6: mf.init.gaussian: [^\n]*, got %-2\nstack traceback", err)
      assert.equal(1, code)
    end
  end)

  it("keeps columns consistent", function()
    local run = run_with("--out", dir)
    run:record { t = 0, x = 1 }
    assert.error_matches(function() run:record { t = 1 } end, "column 'x' is missing", 1, true)
    assert.error_matches(function() run:record { t = 1, x = 2, y = 3 } end, "'y' is no column", 1, true)
    assert.error_matches(function() run:record { t = 1, x = {} } end, "must be a number, string or boolean", 1, true)
    assert.error_matches(function() run:record {} end, "expected a table", 1, true)
    run:record { t = 1, x = -3 }
    assert.same({ 1, -3 }, run:column "x")
    assert.same({ 1, -3 }, { run:max "x", run:min "x" })
    assert.error_matches(function() run:column "X" end, "did you mean 'x'?", 1, true)
    run:record { t = 2, x = 0 / 0 }
    assert.truthy(run:max "x" ~= run:max "x") -- a NaN is not hidden by the maximum
  end)

  it("orders columns as listed, and what is not listed by the alphabet", function()
    local run = mf.experiment { name = "spec", columns = { "t", "k", "unused", "R_N" }, args = { "--out", dir } }
    run:record { z = 5, a = 4, R_N = 2, k = 1, t = 0 }
    assert.equal("t\tk\tR_N\ta\tz\n0\t1\t2\t4\t5\n", read(dir .. "/spec.partial.tsv"))
  end)

  it("has every recorded row on disk at once, and the whole after save", function()
    local run = mf.experiment { name = "spec", columns = { "t" }, args = { "--out", dir } }
    run:record { x = 1 / 3, t = 0 }
    run:record { x = 0.1, t = 1 }
    assert.equal("t\tx\n0\t0.33333333333333331\n1\t0.10000000000000001\n", read(dir .. "/spec.partial.tsv"))
    quiet(function()
      run:check("x is small", run:max "x", "<", 0.5)
      run:save()
    end)
    assert.is_nil(read(dir .. "/spec.partial.tsv"))
    local text = read(dir .. "/spec.tsv")
    assert.truthy(text:find("# check: pass x is small: 0.33333333333333331 < 0.5\nt\tx\n0\t0.33333333333333331\n",
                            1, true))
  end)

  it("gives each set of options a folder of its own, named by what differs, to the last bit", function()
    assert.equal("results/spec", run_with().out)
    assert.equal("results/spec", run_with("--set", "d=40", "--set", "delta=0.8").out)
    assert.equal("results/spec/quick", run_with("--quick").out)
    assert.equal("results/spec/quick,delta=0.1", run_with("--set", "delta=1e-1", "--quick").out)
    assert.equal("results/spec/d=50,delta=1.4e-06", run_with("--set", "delta=1.4e-6", "--set", "d=50").out)
    assert.equal("results/spec/delta=1.4000000000000001e-06", run_with("--set", "delta=1.4000000000000001e-6").out)
    local seen = {}
    for _, kind in ipairs { "a b", "a-b", "a/b", "../a", ("x"):rep(300), ("x"):rep(301), "a,d=50" } do
      local out = run_with("--set", "kind=" .. kind).out
      assert.matches("^results/spec/kind=[%w=,.-]+$", out)
      assert.is_true(#out < 120)
      assert.is_nil(seen[out], out)
      seen[out] = true
    end
    assert.is_nil(seen[run_with("--set", "kind=a", "--set", "d=50").out])
    assert.equal(dir, run_with("--quick", "--out", dir).out)
  end)

  it("keeps two runs out of one folder until the first has saved or is gone", function()
    local first = run_with("--out", dir)
    first:record { x = 1 }
    local second = run_with("--out", dir)
    assert.error_matches(function() second:record { x = 2 } end, dir .. ": in use by another run", 1, true)
    assert.error_matches(function() quiet(function() second:save() end) end, "in use by another run", 1, true)
    quiet(function() first:save() end)
    second = run_with("--out", dir)
    second:record { x = 2 }
    second = nil -- luacheck: ignore
    run_with("--out", dir):record { x = 3 }
  end)

  it("keeps the rows of a killed run until its own have passed them, and those of another for good", function()
    local path = dir .. "/spec.partial.tsv"
    os.execute("mkdir -p " .. dir)
    local function again(left)
      process.write_file(path, left)
      local run = run_with("--out", dir)
      local files = {}
      for i = 1, 3 do
        run:record { t = i, x = i / 10 }
        files[i] = read(path)
      end
      quiet(function() run:save() end)
      assert.is_nil(read(path))
      return files
    end
    local whole = "t\tx\n1\t0.10000000000000001\n2\t0.20000000000000001\n3\t0.29999999999999999\n"
    for _, cut in ipairs { 0, 2, 4, 20, 26, #whole - 5, #whole } do -- within a row, between rows, in the header
      local files = again(whole:sub(1, cut))
      assert.equal(whole, files[3])
      local rows = whole:sub(1, cut):match ".*\n" or "" -- a part of a row is no row
      for i = 1, 3 do assert.is_true(#files[i] >= #rows) end
    end
    assert.is_nil(read(dir .. "/spec.interrupted-1.tsv"))
    local other = "t\tx\n1\t0.10000000000000001\n2\t0.25\n"
    assert.equal(whole, again(other)[3])
    assert.equal(other, read(dir .. "/spec.interrupted-1.tsv"))
    again(whole .. "4\t0.5\n") -- more rows than the run has: not its own
    assert.equal(whole .. "4\t0.5\n", read(dir .. "/spec.interrupted-2.tsv"))
  end)

  it("has its rows on disk also after a save", function()
    local run = run_with("--out", dir)
    run:record { t = 0 }
    quiet(function() run:save() end)
    run:record { t = 1 }
    assert.equal("t\n0\n1\n", read(dir .. "/spec.partial.tsv"))
  end)

  it("refuses a folder with a NUL in its name", function()
    assert.error_matches(function() run_with("--out", "a\0b"):record { x = 1 } end, "must not contain a NUL byte", 1,
                         true)
  end)

  it("saves the same as HDF5, bit by bit", function()
    local run = run_with("--out", dir, "--set", "d=inf")
    run:record { t = 0, x = 1 / 3, kind = "a", good = true }
    run:record { t = 1, x = 0 / 0, kind = "b", good = false }
    quiet(function()
      run:check("claim", 1, "<", 2)
      run:save()
    end)
    local back = assert(mf.store.read(dir .. "/spec.h5"))
    assert.same({ 0, 1 }, back.data.t:totable())
    assert.equal(1 / 3, back.data.x[1])
    assert.truthy(back.data.x[2] ~= back.data.x[2])
    assert.same({ "a", "b" }, back.data.kind)
    assert.same({ true, false }, back.data.good)
    assert.equal(math.huge, back.options.d)
    assert.same({ 0, 1.5, 10 }, back.options.times:totable())
    assert.equal("spec", back.attributes.experiment)
    assert.same({ name = "claim", value = 1, op = "<", bound = 2, passed = true }, back.checks["1"].attributes)
  end)

  it("saves figures under the run's name and writes the same bytes again", function()
    local first
    for _ = 1, 2 do
      local run = run_with("--out", dir)
      run:record { t = 0, x = 1 }
      local one, two = mf.plot {}, mf.plot {}
      one:line({ 0, 1 }, { 0, 1 })
      quiet(function() run:save(one) run:save { a = one, b = two } run:save(one, two) end)
      local text = ""
      for _, file in ipairs { ".tsv", ".h5", ".svg", "-a.svg", "-b.svg", "-1.svg", "-2.svg" } do
        text = text .. read(dir .. "/spec" .. file)
      end
      assert.equal(first or text, text)
      assert.truthy(read(dir .. "/spec.png"))
      first = text
    end
  end)

  it("runs through times and refuses bad ones", function()
    local run, seen = run_with(), {}
    for t, i in run:times { 0, 0.5, 0.5, 2 } do seen[i] = t end
    assert.same({ 0, 0.5, 0.5, 2 }, seen)
    seen = {}
    for t in run:times(run.times) do seen[#seen + 1] = t end -- an option of this name
    assert.same({ 0, 1.5, 10 }, seen)
    seen = {}
    for t, i in run:times({ 0, 0.5, 1 }, mf.array { 0, 0.1, 1 }) do seen[i] = t end
    assert.same({ 0, 0.1, 0.5, 1 }, seen)
    assert.error_matches(function() run:times { 1, 0 } end, "times[2] is 0", 1, true)
    assert.error_matches(function() run:times({ 0, 2 }, { 1, 0 }) end, "times[2] is 0", 1, true)
    assert.error_matches(function() run:times { math.huge } end, "times[1] is inf", 1, true)
  end)

  it("lets no NaN pass a check", function()
    local run = run_with()
    quiet(function()
      for _, op in ipairs { "<", "<=", ">", ">=", "==", "~=" } do assert.is_false(run:check("nan", 0 / 0, op, 1)) end
      assert.is_true(run:check("eq", 1, "==", 1))
      assert.is_false(run:check("said", false))
    end)
    assert.error_matches(function() run:check("x", 1, "=", 1) end, "must be one of", 1, true)
    assert.error_matches(function() run:check("x", "1", "<", 1) end, "must compare two numbers", 1, true)
  end)
end)

describe("experiment script", function()
  local dir

  before_each(function() dir = process.folder() end)

  after_each(process.clean)

  local function script(body, arguments)
    process.write_file(dir .. "/s.lua", "-- What this is for.\n-- Two lines.\nlocal mf = require 'meanfield'\n"
      .. "local run = mf.experiment { name = 's', options = { d = 40 }, quick = { d = 10 } }\n" .. body)
    return output(("cd %s && %s s.lua %s 2>&1"):format(dir, host, arguments or ""))
  end

  it("ends with 0 if all checks pass and with 1 if one fails, saved all the same", function()
    local _, code = script "run:record { x = 1 } run:check('a', run.d, '==', 40) run:save()"
    assert.equal(0, code)
    local text, failed = script "run:record { x = 1 } run:check('a', run.d, '>', 40) run:save() print 'goes on'"
    assert.equal(1, failed)
    assert.truthy(text:find("FAIL  a: 40 > 40", 1, true))
    assert.truthy(text:find("goes on", 1, true))
    assert.truthy(read(dir .. "/results/s/s.tsv"):find("# check: FAIL a", 1, true))
  end)

  it("leaves its rows behind when it dies", function()
    local text, code = script "for i = 1, 3 do run:record { x = i } end error 'oh'"
    assert.equal(1, code)
    assert.truthy(text:find("oh", 1, true))
    assert.truthy(text:find("not saved; the rows so far are in results/s/s.partial.tsv", 1, true))
    assert.equal("x\n1\n2\n3\n", read(dir .. "/results/s/s.partial.tsv"))
    script("run:record { x = 7 } os.execute 'kill -9 $PPID'", "--out killed")
    assert.equal("x\n7\n", read(dir .. "/killed/s.partial.tsv"))
  end)

  it("says when its second start need not compute everything again", function()
    local sweep = "mf.sweep({ 1 }, function(x) return x end) "
    local text = script(sweep .. "error 'oh'", "--out on")
    assert.truthy(text:find("s: not finished; the same command goes on where it was\n", 1, true))
    text = script(sweep .. "error 'oh'", "--out on --fresh")
    assert.truthy(text:find("s: not finished; the same command without --fresh goes on where it was\n", 1, true))
    for _, body in ipairs { "error 'oh'", "run:record { x = 1 } run:save() error 'oh'", "run:record { x = 1 }" } do
      assert.falsy(script(body, "--out nothing"):find("goes on", 1, true))
    end
  end)

  it("says at the first row that cannot be written why and where, and keeps the rows before it", function()
    process.write_file(dir .. "/s.lua", "local mf = require 'meanfield' local run = mf.experiment { name = 's' }\n"
      .. "for i = 1, 1000 do run:record { x = ('y'):rep(100) .. i } end")
    local text, code = output(("cd %s && ulimit -f 16; trap '' XFSZ; %s s.lua 2>&1"):format(dir, host))
    assert.equal(1, code)
    assert.truthy(text:find("run:record: cannot write 'results/s/s.partial.tsv': File too large; the rows before this "
                            .. "one are there", 1, true), text)
    local rows = read(dir .. "/results/s/s.partial.tsv")
    local n = 0
    for line in rows:gmatch "[^\n]+\n" do
      assert.equal(n == 0 and "x\n" or ("y"):rep(100) .. n .. "\n", line)
      n = n + 1
    end
    assert.is_true(#rows > 8000 and rows:sub(-1) == "\n" and n > 75)
    -- nothing at all could be written: no empty file stays, and nothing is said of rows
    text = output(("cd %s && rm -r results && (ulimit -f 0; trap '' XFSZ; %s s.lua 2>&1) | cat"):format(dir, host))
    assert.matches("cannot write 'results/s/s.partial.tsv': File too large\n", text)
    assert.is_nil(text:find("rows so far", 1, true))
    assert.is_nil(read(dir .. "/results/s/s.partial.tsv"))
  end)

  it("answers --help with its head comment and options", function()
    local text, code = script("print 'not run'", "--help")
    assert.equal(0, code)
    assert.truthy(text:find("What this is for.\nTwo lines.\n", 1, true))
    assert.truthy(text:find "d +40 %(10%)")
    assert.falsy(text:find "not run")
  end)

  it("works without a script, where errors are errors", function()
    local body = "mf = require 'meanfield' run = mf.experiment { name = 'e', options = { d = 3 } } "
                 .. "print(run.d, pcall(mf.experiment, { name = 'e', quick = { x = 1 } }))"
    local text, code = output(('cd %s && %s -e "%s" 2>&1'):format(dir, host, body))
    assert.equal(0, code)
    assert.truthy(text:find "^3\tfalse\t.*e: quick: unknown option 'x'")
  end)

  it("refuses a mistyped command line with one line and exit code 2", function()
    local text, code = script("print 'not run'", "--set D=3")
    assert.equal(2, code)
    assert.equal("s: unknown option 'D' (did you mean 'd'?); options: d\n", text)
  end)
end)
