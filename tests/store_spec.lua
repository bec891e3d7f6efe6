-- Results files: every value comes back bit by bit, equal content is equal bytes, and a failed
-- write leaves the old file.
local mf = require "meanfield"
local process = require "tests.process"
local inf = math.huge

local folder
local function path(name) return folder .. "/" .. name end

local function bytes(name)
  local file = assert(io.open(path(name), "rb"))
  local all = file:read "a"
  file:close()
  return all
end

local function bits(x) return string.pack("<d", x) end

local function round_trip(tree)
  assert(mf.store.write(path "trip.h5", tree))
  return assert(mf.store.read(path "trip.h5"))
end

describe("store", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir '" .. folder .. "'"))
  end)
  teardown(function() os.execute("chmod -R u+w '" .. folder .. "'; rm -r '" .. folder .. "'") end)

  it("gives every double back bit by bit", function()
    local odd = mf.array { 0.1, -0.0, inf, -inf, 0 / 0, -(0 / 0), 1e-308, 5e-324, 2 ^ 1023 * 1.9, 1 / 3,
      string.unpack("<d", "\x01\x02\x03\x04\x05\x06\xf8\x7f") }
    local back = round_trip({ odd = odd, scalar = 1 / 3, tiny = 5e-324, nan = 0 / 0, list = { 0.1, 7 } })
    assert.equal(#odd, #back.odd)
    for i = 1, #odd do assert.equal(bits(odd[i]), bits(back.odd[i])) end
    assert.equal(1 / 3, back.scalar)
    assert.equal(5e-324, back.tiny)
    assert.is_true(back.nan ~= back.nan)
    assert.same({ 0.1, 7 }, back.list:totable())
  end)

  it("keeps shapes, empty ones too, and strided views", function()
    local m = mf.array { { 1, 2, 3 }, { 4, 5, 6 } }
    local back = round_trip { m = m, column = m:column(2), rows = { { 1, 2 }, { 3, 4 } },
      e1 = mf.array(0), e2 = mf.array(0, 3), e3 = mf.array(3, 0) }
    assert.is_true(back.m == m)
    assert.same({ 2, 5 }, back.column:totable())
    assert.same({ { 1, 2 }, { 3, 4 } }, back.rows:totable())
    assert.same({ 0 }, { back.e1:shape() })
    assert.same({ 0, 3 }, { back.e2:shape() })
    assert.same({ 3, 0 }, { back.e3:shape() })
  end)

  it("keeps integers, booleans, strings, groups and attributes as what they are", function()
    local tree = {
      big = math.maxinteger, small = math.mininteger, one = 1, float = 1.0, yes = true, no = false,
      text = "Δ = 0.8, κ ≤ ∞", empty = "", nul = "a\0b\0", long = ("x"):rep(100000),
      names = { "t", "R_sgd", "", "größer" },
      attributes = { script = "fig1", seed = 7, eps = 1e-6, quick = false, note = "" },
      nested = { deeper = { x = 1.5, attributes = { unit = "1" } }, nothing = {} },
    }
    local back = round_trip(tree)
    assert.same(tree, back)
    assert.equal("integer", math.type(back.one))
    assert.equal("float", math.type(back.float))
    assert.equal("integer", math.type(back.attributes.seed))
  end)

  it("makes a measure again from what it stored", function()
    local m = mf.measure { x = { { 1, 2 }, { 3, inf } }, weights = { 1, 3 }, space = "two_radius" }
    local back = mf.measure(round_trip({ rho = m }).rho)
    assert.is_true(back:atoms() == m:atoms())
    assert.is_true(back:weights() == m:weights())
    assert.equal("two_radius", back.space)
  end)

  it("writes equal bytes for equal content, in whatever order the table was filled", function()
    local a, b = {}, {}
    for i = 1, 50 do a["key" .. i], b["key" .. 51 - i] = mf.array { i }, mf.array { 51 - i } end
    a.attributes, b.attributes = { x = 1, y = "z" }, { y = "z", x = 1 }
    a.group, b.group = { p = true, q = 2.5 }, { q = 2.5, p = true }
    assert(mf.store.write(path "a.h5", a))
    local start = os.time()
    while os.time() == start do end -- a time stamp of one second would show
    assert(mf.store.write(path "b.h5", b))
    assert.equal(bytes "a.h5", bytes "b.h5")
    b.key7 = mf.array { 7 + 2 ^ -50 }
    assert(mf.store.write(path "b.h5", b))
    assert.not_equal(bytes "a.h5", bytes "b.h5")
  end)

  it("is an ordinary HDF5 file", function()
    assert(mf.store.write(path "plain.h5", { x = { 1.5, 2 }, attributes = { who = "me" } }))
    assert.equal("\137HDF\r\n\26\n", bytes("plain.h5"):sub(1, 8))
    local dump = io.popen("h5dump '" .. path "plain.h5" .. "' 2>/dev/null"):read "a"
    if dump ~= "" then -- the tool is optional
      assert.truthy(dump:find("(0): 1.5, 2", 1, true))
      assert.truthy(dump:find('(0): "me"', 1, true))
    end
  end)

  it("leaves the old file when a write fails, and no temporary one", function()
    assert(mf.store.write(path "old.h5", { x = 1 }))
    local before = bytes "old.h5"
    local function files()
      local pipe = io.popen("ls -A '" .. folder .. "'")
      local names = pipe:read "a"
      pipe:close()
      return names
    end
    local names = files()
    assert.error_matches(function() mf.store.write(path "old.h5", { x = 2, f = print }) end,
      "'f' is a function", 1, true)
    assert.equal(before, bytes "old.h5")
    -- A disk without room: a limit on the size of files, in a shell of its own.
    local pipe = io.popen "readlink /proc/$PPID/exe"
    local host = pipe:read "l"
    pipe:close()
    if host:find "meanfield$" then
      local script = assert(io.open(path "limit.lua", "w"))
      script:write(([[
        local mf = require "meanfield"
        local ok, message = pcall(mf.store.write, %q, { x = mf.array(100000) })
        assert(not ok and message:find("File too large", 1, true), message)]]):format(path "old.h5"))
      script:close()
      assert.is_true(os.execute(("ulimit -f 100; trap '' XFSZ; exec '%s' '%s'"):format(host, path "limit.lua")))
      os.remove(path "limit.lua")
    end
    assert.equal(before, bytes "old.h5")
    assert.equal(names, files())
  end)

  it("reports the world's faults as nil and a message", function()
    local function says(text, ok, message)
      assert.is_nil(ok)
      assert.truthy(message:find(text, 1, true), message)
    end
    says("No such file or directory", mf.store.read(path "absent.h5"))
    says("NUL byte", nil, select(2, pcall(mf.store.read, path "a\0b")))
    says("Is a directory", mf.store.read(folder))
    assert.error_matches(function() mf.store.write(path "no/such/folder.h5", { x = 1 }) end,
      "No such file or directory", 1, true)
    assert.error_matches(function() mf.store.write(folder, { x = 1 }) end, "Is a directory", 1, true)
    assert.error_matches(function() mf.store.write("/dev/full", { x = 1 }) end, "No space left", 1, true)
    local file = assert(io.open(path "text.h5", "w"))
    file:write(("no results "):rep(1000))
    file:close()
    says("not an HDF5 file", mf.store.read(path "text.h5"))
  end)

  it("keeps lists of tables, arrays and measures, nested, as figures are", function()
    local tree = { panels = { { title = "a", series = { { x = { 1 }, label = "one" }, { label = "two" } } },
                              { title = "b", series = { mf.array { 1, 2 }, mf.array { 3 } } } },
                   flags = { true, false, true } }
    local back = round_trip(tree)
    assert.equal(2, #back.panels)
    assert.equal("two", back.panels[1].series[2].label)
    assert.same({ 1 }, back.panels[1].series[1].x:totable())
    assert.same({ 3 }, back.panels[2].series[2]:totable())
    assert.same(tree.flags, back.flags)
    assert.is_nil(back.panels.attributes)
    local ten = {}
    for i = 1, 12 do ten[i] = { i = i } end -- "10" comes before "2" in the file
    back = round_trip { ten = ten }
    for i = 1, 12 do assert.equal(i, back.ten[i].i) end
  end)

  it("keeps UTF-8 as strings and any other bytes as bytes", function()
    local odd = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\0",
      "\0", "é", "€", "\u{10FFFF}", "x " }
    for i, text in ipairs(odd) do
      local back = round_trip { s = text, attributes = { t = text } }
      assert.equal(text, back.s, i)
      assert.equal(text, back.attributes.t, i)
    end
  end)

  it("finds every change of a bit, a byte, a cut and an end", function()
    mf.store.write(path "whole.h5", { x = mf.array { 1, 2, 3 }, s = { "a", "b" }, g = { y = 2 } })
    local whole = bytes "whole.h5"
    local function damaged(text, note)
      process.write_file(path "damaged.h5", text)
      local tree, message = mf.store.read(path "damaged.h5")
      assert.is_nil(tree, note)
      assert.truthy(message:find("damaged", 1, true) or message:find("not an HDF5 file", 1, true), message)
    end
    math.randomseed(31)
    for _ = 1, 150 do
      local at, bit = math.random(#whole), 1 << math.random(0, 7)
      damaged(whole:sub(1, at - 1) .. string.char(whole:byte(at) ~ bit) .. whole:sub(at + 1), at)
    end
    for _ = 1, 30 do damaged(whole:sub(1, math.random(0, #whole - 1))) end
    damaged(whole .. "x")
    damaged(whole:sub(1, -25) .. ("\0"):rep(24)) -- the last sector of a disk that lost power
    damaged(whole:sub(1, 1024) .. ("\0"):rep(#whole - 1024))
  end)

  it("opens damaged files without a checksum: nil and a message or a table, never a crash", function()
    mf.store.write(path "whole.h5", { x = mf.array { 1, 2, 3 }, s = { "a", "b" },
      g = { y = 2, attributes = { z = "u" } } })
    local whole = bytes("whole.h5"):sub(1, -25)
    assert.same({ "a", "b" }, (function() -- a stranger's file is one without
      process.write_file(path "foreign.h5", whole)
      return assert(mf.store.read(path "foreign.h5")).s
    end)())
    math.randomseed(32)
    local refused = 0
    for i = 1, 100 do
      local damaged
      if i % 4 == 0 then
        damaged = whole:sub(1, math.random(#whole - 1))
      else
        local at = math.random(i % 2 == 0 and #whole or 1000)
        damaged = whole:sub(1, at - 1) .. string.char(math.random(0, 255)) .. whole:sub(at + 1)
      end
      process.write_file(path "damaged.h5", damaged)
      local tree, message = mf.store.read(path "damaged.h5")
      assert.is_true(type(tree) == "table" or type(message) == "string")
      refused = refused + (tree and 0 or 1)
    end
    assert.is_true(refused > 25, refused) -- every cut one at the least
  end)

  it("opens two attributes of one name by their index: neither's size is the other's", function()
    for _, big in ipairs { 1000, 50000 } do
      mf.store.write(path "twins.h5", { attributes = { twin_a = 1, twin_b = ("z"):rep(big) } })
      local image = bytes("twins.h5"):sub(1, -25):gsub("twin_b", "twin_a") -- as only a stranger's file has them
      process.write_file(path "twins.h5", image)
      local tree, skipped = mf.store.read(path "twins.h5")
      assert.is_table(tree, skipped)
      assert.is_truthy(tree.attributes.twin_a == 1 or #tree.attributes.twin_a == big)
      assert.same({ "attributes.twin_a: another value has this name" }, skipped)
    end
  end)

  it("reads tables of text: columns of numbers as arrays, others as lists", function()
    local function table_of(name, text)
      process.write_file(path(name), text)
      return mf.store.read(path(name))
    end
    local tree, missing = table_of("a.tsv", "\xEF\xBB\xBF# made by hand\r\nt\tname\tgood\tR\r\n"
      .. "0.1\trelu\ttrue\t1e-300\r\n-inf\t a b \tfalse\t\r\nnan\t\"x\ty\"\ttrue\tNA\r\n")
    assert.same({ "a b", "relu" }, { tree.name[2], tree.name[1] })
    assert.equal("x\ty", tree.name[3])
    assert.same({ true, false, true }, tree.good)
    assert.same({ 0.1, -inf }, { tree.t[1], tree.t[2] })
    assert.is_true(tree.t[3] ~= tree.t[3] and tree.R[2] ~= tree.R[2] and tree.R[1] == 1e-300)
    assert.same({ "line 4, column R: missing", "line 5, column R: missing" }, missing)
    tree, missing = table_of("b.csv", "1, 2.5,-3d2\n4,5,6")
    assert.same({ { 1, 4 }, { 2.5, 5 }, { -300, 6 } },
      { tree[1]:totable(), tree[2]:totable(), tree[3]:totable() })
    assert.same({}, missing)
    tree = table_of("c.CSV", "  t   R\n\n  1 \t 2\n  3   4  \n")
    assert.same({ { 1, 3 }, { 2, 4 } }, { tree.t:totable(), tree.R:totable() })
    assert.same({ {}, {} }, { table_of("d.csv", "# only words\n") })
    tree = table_of("e.csv", "t,R\n")
    assert.equal(0, #tree.t)
    for text, words in pairs { ["t,R\n1,2\n3,x\n"] = "line 3, column 2 ('R'): expected a number, got 'x'",
                               ["t,R\n1\n"] = "line 2 has 1 cells, the first one has 2",
                               ["t,t\n1,2\n"] = "line 1: two columns are called 't'",
                               ["t\0\n"] = "a NUL" } do
      local nothing, message = table_of("bad.csv", text)
      assert.is_nil(nothing)
      assert.equal("mf.store.read: " .. path "bad.csv" .. ": ", (message:match "^mf%.store%.read: .*bad%.csv: "))
      assert.truthy(message:find(words, 1, true), message)
    end
    assert.matches("No such file", select(2, mf.store.read(path "absent.csv")))
    mf.store.write(path "hdf5.csv", { x = 1 }) -- what is in a file counts more than its name
    assert.same({ x = 1 }, (mf.store.read(path "hdf5.csv")))
  end)

  it("reads the tables that experiments write, bit by bit, as the .h5 beside them", function()
    process.write_file(path "run.lua", [[
      local mf = require "meanfield"
      local run = mf.experiment { name = "tables", columns = { "t", "word", "yes", "odd" }, options = { eps = 1e-6 } }
      local odd = { 1/3, -0.0, 5e-324, math.huge, 2^53, 7 }
      local words = { "a b", '"quoted" word', "# 1", "12,5", "", "x\ty\r" }
      for i = 1, 6 do run:record { t = i / 7, word = words[i], yes = i % 2 == 0, odd = odd[i] } end
      run:check("last", run:max "t", "<=", 1)
      run:save()]])
    local result = process.run(("cd %s && %s run.lua --out tables"):format(folder, process.quote(process.host)))
    assert.equal(0, result.code, result.err)
    local tree, missing = mf.store.read(path "tables/tables.tsv")
    assert.is_table(tree, missing)
    assert.same({}, missing)
    local data = mf.store.read(path "tables/tables.h5").data
    for _, name in ipairs { "t", "odd" } do
      assert.equal(6, #tree[name])
      for i = 1, 6 do assert.equal(bits(data[name][i]), bits(tree[name][i])) end
    end
    assert.same({ "a b", '"quoted" word', "# 1", "12,5", "", "x y " }, tree.word)
    assert.same(data.yes, tree.yes)
  end)

  it("closes its handles on every path", function()
    local function descriptors()
      -- files only: the pipe to this command may or may not be closed on our side when it looks
      local pipe = io.popen "ls -l /proc/$PPID/fd | grep -vc pipe:"
      local n = pipe:read "n"
      pipe:close()
      return n
    end
    collectgarbage "stop"
    local before = descriptors()
    for _ = 1, 50 do
      mf.store.read(path "text.h5")
      mf.store.read(path "whole.h5")
      pcall(mf.store.write, path "bad.h5", { a = { b = { c = print } } })
    end
    local after = descriptors()
    collectgarbage "restart"
    assert.is_true(after < before + 50) -- fifty rounds that leak leave at least fifty more
  end)

  it("keeps its memory where tables change while they are written", function()
    local asked = 0
    local longer = setmetatable({ "a", "b", nil, "d" }, { __index = function()
      asked = asked + 1
      return ("x"):rep(asked * 1000)
    end })
    longer.name = "e"
    assert.error_matches(function() mf.store.write(path "bad.h5", { t = longer }) end, "'t' mixes strings", 1, true)
    local tree, armed = { list = {} }, true
    local function arm() -- a finalizer, run again and again
      setmetatable({}, { __gc = function()
        for i = 1, 20 do tree["name" .. i .. math.random(1000)] = i end
        for i = 1, 20 do tree.list[i] = ("x"):rep(math.random(100)) end
        if armed then arm() end
      end })
    end
    arm()
    local mode = collectgarbage("generational")
    for _ = 1, 50 do
      for name in pairs(tree) do tree[name] = name == "list" and {} or nil end
      for i = 1, 20 do tree.list[i] = "x" end
      local ok, message = pcall(mf.store.write, path "changing.h5", { tree = tree })
      assert(ok or message:find("while it is written", 1, true), message)
    end
    armed = false
    collectgarbage(mode)
    assert.is_table(mf.store.read(path "changing.h5").tree.list)
  end)

  it("says which value cannot be stored", function()
    local function fails(text, tree)
      assert.error_matches(function() mf.store.write(path "bad.h5", tree) end, text, 1, true)
    end
    local deep = {}
    deep.again = deep
    fails("'a.b' is a function: arrays, measures, tables", { a = { b = print } })
    fails("'a' must be a list without holes or have names", { a = { 1, 2, x = 3 } })
    fails("'a.' must be a list without holes or have names", { a = { [true] = 1 } })
    fails("'a': ", { a = { 1, "x" } })
    fails("'a' mixes booleans", { a = { true, 1 } })
    fails("'a' mixes strings", { a = { "x", 1 } })
    fails("'a' has a string with a NUL byte", { a = { "x\0y" } })
    fails("'a' holds an integer that no double can", { a = { 1, math.maxinteger } })
    fails("'a/b' is no name", { ["a/b"] = 1 })
    fails("'attributes.x' is an array", { attributes = { x = mf.array(2) } })
    fails("'attributes' must be a table", { attributes = 3 })
    fails("attribute 'x' is longer than", { attributes = { x = ("x"):rep(70000) } })
    fails("lies deeper than 32 groups", deep)
    assert.is_nil(io.open(path "bad.h5"))
  end)
end)
