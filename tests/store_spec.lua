-- Results files: every value comes back bit by bit, equal content is equal bytes, and a failed
-- write leaves the old file.
local mf = require "meanfield"
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
        local ok, message = mf.store.write(%q, { x = mf.array(100000) })
        assert(ok == nil and message:find("File too large", 1, true), message)]]):format(path "old.h5"))
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
    says("No such file or directory", mf.store.write(path "no/such/folder.h5", { x = 1 }))
    says("Is a directory", mf.store.write(folder, { x = 1 }))
    local file = assert(io.open(path "text.h5", "w"))
    file:write(("no results "):rep(1000))
    file:close()
    says("not an HDF5 file, or damaged", mf.store.read(path "text.h5"))
  end)

  it("survives damaged files: an error or a table, never more", function()
    assert(mf.store.write(path "whole.h5", { x = mf.array { 1, 2, 3 }, s = { "a", "b" }, g = { y = 2 } }))
    local whole = bytes "whole.h5"
    math.randomseed(31)
    for i = 1, 200 do
      local damaged
      if i % 2 == 0 then
        damaged = whole:sub(1, math.random(#whole - 1))
      else
        local at = math.random(#whole)
        damaged = whole:sub(1, at - 1) .. string.char(math.random(0, 255)) .. whole:sub(at + 1)
      end
      local file = assert(io.open(path "damaged.h5", "wb"))
      file:write(damaged)
      file:close()
      local tree, message = mf.store.read(path "damaged.h5")
      assert.is_true(type(tree) == "table" or type(message) == "string")
    end
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
