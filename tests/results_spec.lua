-- Results are found again, in Lua and in other programs, and say what they are.
local mf = require "meanfield"
local process = require "tests.process"

local read = process.read_file
-- Debian's own, which has Debian's h5py.
local python3 = process.run("test -x /usr/bin/python3").code == 0 and "/usr/bin/python3" or "python3"

local function has(module) return process.run(("%s -c 'import %s'"):format(python3, module)).code == 0 end

-- The blocks of a language in docs/results.md.
local function blocks(language)
  local list = {}
  for text in assert(read "docs/results.md"):gmatch("```" .. language .. "\n(.-)```") do list[#list + 1] = text end
  return list
end

describe("mf.results", function()
  local dir

  local quietly = process.quietly

  local function run(out, more, passes)
    local args = { "--out", dir .. "/" .. out }
    for _, a in ipairs(more or {}) do args[#args + 1] = a end
    quietly(function()
      local r = mf.experiment { name = "study", columns = { "t" }, args = args, claim = "It grows.",
        options = { N = 3, at = { 0, 0.5 }, kind = "a", exact = true, far = math.huge }, quick = { N = 2 },
        about = { mine = "my own", R = { units = "m" } } }
      for i, t in ipairs(r.options.at) do r:record { t = t, mine = i / 3, R = -i, word = "w" .. i } end
      r:check("it grows", r.N, passes == false and "<" or ">", 0)
      r:save(mf.plot { xlabel = "t" }:line({ 0, 1 }, { 1, 3 }))
    end)
  end

  setup(function()
    dir = process.folder()
    run "one"
    run("deep/two", { "--set", "N=5", "--quick" })
    run("three", { "--set", "at=1,2,3" }, false)
  end)
  teardown(process.clean)

  local function ids(o)
    o.folder = dir
    local list = {}
    for i, r in ipairs(mf.results.list(o)) do list[i] = r.id:sub(#dir + 2) end
    return list
  end

  it("lists runs by name and options, those of folders below too", function()
    assert.same({ "deep/two", "one", "three" }, ids {})
    assert.same({ "deep/two", "one", "three" }, ids { name = "study" })
    assert.same({}, ids { name = "other" })
    assert.same({ "deep/two" }, ids { where = { N = 5 } })
    assert.same({ "three" }, ids { where = { at = { 1, 2, 3 } } })
    assert.same({ "one", "three" }, ids { where = function(o) return o.N < 4 and o.exact end })
    assert.same({}, ids { where = { nothing = 1 } })
    local text = tostring(mf.results.list { folder = dir })
    assert.matches("three  +study  +%d+%-%d+%-%d+ %d+:%d+  +3  +0 of 1 FAIL", text)
    assert.matches("N=5 at=0,0.5 exact=true far=inf kind=a", text)
    assert.equal("no results", tostring(mf.results.list { folder = dir .. "/none" }))
    assert.error_matches(function() mf.results.list { where = 3 } end, "option 'where' must be a table", 1, true)
    assert.error_matches(function() mf.results.list { nam = "x" } end, "did you mean 'name'", 1, true)
  end)

  it("loads options, columns and checks as they were, to the bit", function()
    local r = assert(mf.results.load(dir .. "/one/"))
    assert.same({ N = 3, at = { 0, 0.5 }, kind = "a", exact = true, far = math.huge }, r.options)
    assert.equal("integer", math.type(r.options.N))
    assert.same({ 1 / 3, 2 / 3 }, r.columns.mine:totable())
    assert.same({ "w1", "w2" }, r.columns.word)
    assert.same({ name = "it grows", value = 3, op = ">", bound = 0, passed = true }, r.checks[1])
    assert.same({ "study", true, false, 2, "It grows." }, { r.name, r.passed, r.quick, r.rows, r.claim })
    assert.is_false(mf.results.load(dir .. "/three").passed)
    assert.is_true(mf.results.load(dir .. "/deep/two").quick)
    assert.matches("^%d+%-%d+%-%d+T%d+:%d+:%d+Z$", r.time)
    mf.plot.from(r.figures.figure):save(dir .. "/again.svg")
    assert.equal(read(dir .. "/one/study.svg"), read(dir .. "/again.svg"))
    local none, message = mf.results.load(dir)
    assert.is_nil(none)
    assert.equal(dir .. ": no results of an experiment", message)
    assert.error_matches(function() mf.results.load(3) end, "expected a folder of results, got 3", 1, true)
  end)

  it("names files that cannot be read and goes on", function()
    os.execute(("cp -r %s/one %s/bad"):format(dir, dir))
    process.write_file(dir .. "/bad/study.h5", read(dir .. "/one/study.h5"):sub(1, 500))
    local said, real = {}, io.stderr
    io.stderr = { write = function(_, text) said[#said + 1] = text end } -- luacheck: ignore 122
    local list = ids {}
    io.stderr = real -- luacheck: ignore 122
    os.execute(("rm -r %s/bad"):format(dir))
    assert.same({ "deep/two", "one", "three" }, list)
    assert.matches("^mf.results: .*bad/study.h5", said[1])
  end)

  it("checks what a script says about its columns before it runs", function()
    for _, bad in ipairs { { x = 3 }, { x = { unit = "m" } }, { "x" }, { x = { label = 1 } } } do
      assert.error_matches(function() mf.experiment { name = "x", about = bad, args = {} } end, "option 'about'", 1,
                           true)
    end
  end)

  it("leaves a gnuplot script that draws the figure by itself", function()
    if process.output "command -v gnuplot" == "" then return pending "no gnuplot" end
    local r = process.run(("cd %s; mkdir gp; cp one/study.gp gp; cd gp; gnuplot study.gp"):format(dir))
    assert.equal("", r.err .. r.out)
    local function drawn(text)
      return (text:gsub('%f[%w]width="[^"]*" height="[^"]*"', "", 1):gsub(", sans%-serif", ""))
    end
    assert.equal(drawn(read(dir .. "/one/study.svg")), drawn(read(dir .. "/gp/study.svg")))
  end)

  it("says in the log what it ran on", function()
    local v = mf.versions()
    local log = read(dir .. "/one/study.log")
    for _, name in ipairs { "CPU", "isa", "Lua", "GSL", "OpenBLAS", "HDF5" } do
      assert.truthy(log:find(v[name], 1, true), name)
    end
    assert.matches("%d+ threads? of ", log)
    assert.matches("^%d+%.%d+", v.GSL)
    assert.matches("%(%w+%)$", v.OpenBLAS)
  end)

  it("has the script, its checksum and the claim in the data", function()
    local script = 'local mf = require "meanfield"\nlocal run = mf.experiment { name = "s", claim = "One\\nis one." }\n'
      .. "run:record { R = 1 } run:save()\n"
    process.write_file(dir .. "/s.lua", script)
    assert.equal(0, process.run(("cd %s && %s s.lua"):format(dir, process.quote(process.host))).code)
    local tree = assert(mf.store.read(dir .. "/results/s/s.h5"))
    assert.equal(script, tree.script)
    assert.equal("s.lua " .. require "meanfield.native".process.hash(script), tree.attributes.script)
    assert.equal("One is one.", tree.attributes.claim)
  end)

  describe("in other programs", function()
    it("reads by the blocks of docs/results.md: Lua first, then Python", function()
      process.write_file(dir .. "/l.lua", (table.concat(blocks "lua"):gsub("%f[%w]local ", "")))
      local lua = process.run(("cd %s && %s -i < l.lua 2>&1"):format(dir, process.quote(process.host)))
      assert.is_nil(lua.out:match "traceback" or lua.out:match "stdin:%d", lua.out)
      assert.matches("\n1%.0\tmf%.array of 2:  1%.0000  0%.5000\ttrue\t", lua.out)
      assert.truthy(read(dir .. "/again.svg"))
      if not has "h5py" then return pending "no h5py (python3-h5py)" end
      local pandas, n = has "pandas", 0
      for _, text in ipairs(blocks "python") do
        if pandas or not text:find "pandas" then
          process.write_file(dir .. "/p.py", text)
          local python = process.run(("cd %s && %s p.py"):format(dir, python3))
          assert.equal(0, python.code, python.err)
          if n == 0 then
            assert.matches("^spread standard deviation of r 1 Eq%. 13\n", python.out)
            assert.matches("%[0%. 1%.%] %[1%.  0%.5%] {'t': [%w.()]*1%.0%)?} %[True%]", python.out)
          end
          n = n + 1
        end
      end
      assert.is_true(n >= 2)
    end)

    it("reads attributes of columns", function()
      if not has "h5py" then return pending "no h5py (python3-h5py)" end
      process.write_file(dir .. "/a.py", [[
import h5py, sys
f = h5py.File(sys.argv[1])
for name in ("t", "R", "mine", "word"):
    print(name, *(k + "=" + f["data"][name].attrs[k].decode() for k in sorted(f["data"][name].attrs)), sep="|")
]])
      assert.equal([[
t|equation=Eq. 3|label=time t = k eps|units=1
R|equation=Eq. 5|label=risk R(rho) of a law of neurons|units=m
mine|label=my own|units=1
word|label=word|units=1
]], process.output(("%s %s/a.py %s/one/study.h5"):format(python3, dir, dir)))
    end)
  end)
end)

describe("mf.store.write", function()
  it("gives values attributes, for other programs, and says where that cannot be", function()
    local path = os.tmpname()
    mf.store.write(path, { attributes = { name = "x", t = { units = "1" } }, t = { 1, 2 } })
    local back, skipped = mf.store.read(path)
    assert.same({ 1, 2 }, back.t:totable())
    assert.same({ name = "x" }, back.attributes)
    assert.same({ "t: its attributes: only those of groups are read" }, skipped)
    local function refused(text, tree)
      assert.error_matches(function() mf.store.write(path, tree) end, text, 1, true)
    end
    refused("attributes of 't', which is no value here", { attributes = { t = { units = "1" } } })
    refused("'attributes.t.units' is a table", { t = 1, attributes = { t = { units = { x = 1 } } } })
    refused("'attributes.t.units' is a list", { t = 1, attributes = { t = { units = { "a" } } } })
    refused("'attributes.t' is a list", { t = 1, attributes = { t = { "a" } } })
    os.remove(path)
  end)
end)
