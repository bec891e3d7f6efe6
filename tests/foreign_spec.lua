-- HDF5 files of other programs: what is read of them, and the list of what is not (foreign.c writes one).
local mf = require "meanfield"
local process = require "tests.process"
local quote, run = process.quote, process.run

describe("a foreign HDF5 file", function()
  local path, tree, skipped
  setup(function()
    local build = run("cmake --build " .. quote(process.build) .. " --target foreign")
    assert.equal(0, build.code, build.out)
    path = os.tmpname()
    local written = run(quote(process.build .. "/foreign") .. " " .. quote(path))
    assert.equal(0, written.code, written.out .. written.err)
    tree, skipped = mf.store.read(path)
    assert.is_table(tree, skipped)
  end)
  teardown(function()
    os.remove(path)
    process.clean()
  end)

  it("gives strings of any length as UTF-8, enumerated booleans as booleans, attributes as both", function()
    assert.equal("Δ ≤ ∞", tree.text)
    assert.same({ "a", "größer", "", "κ" }, tree.texts)
    assert.same({ "ab c", "de", "f" }, tree.cells)
    assert.is_true(tree.flag)
    assert.same({ true, false, true }, tree.flags)
    assert.same({ who = "Δ ≤ ∞", quick = false, count = 100 }, tree.attributes)
    assert.equal("integer", math.type(tree.attributes.count))
  end)

  it("gives numbers of every width, sign and order of bytes, packed, summed and empty ones", function()
    for _, name in ipairs { "8", "16", "32", "64", "16be", "32be", "64be" } do
      assert.same({ -1, 0, 7 }, tree["i" .. name]:totable(), name)
      assert.same({ 1, 2, 100 }, tree["u" .. name]:totable(), name)
    end
    for _, name in ipairs { "f16", "f32", "f32be", "f64be", "f80" } do
      assert.same({ 1.5, -0.25, 1024 }, tree[name]:totable(), name)
    end
    for _, name in ipairs { "packed", "summed" } do
      assert.same({ 4, 6 }, { tree[name]:shape() })
      for i = 1, 4 do
        for j = 1, 6 do assert.equal(6 * (i - 1) + j - 1, tree[name][i][j]) end
      end
    end
    assert.same({ 0 }, { tree.empty:shape() })
    assert.same({ 3, 0 }, { tree.flat:shape() })
  end)

  it("gives all the rest by name and reason, and follows links inside the file alone", function()
    assert.is_true(tree.inner.soft)
    assert.equal(1, tree.inner.attributes.unit)
    assert.equal(1, tree.described)
    local reasons = {}
    for _, line in ipairs(skipped) do
      local name, reason = line:match "^(.-): (.*)$"
      reasons[name] = reason
    end
    assert.same({
      ["text table"] = "strings of two dimensions", colors = "an enumeration",
      ["u64 huge"] = "integers that no number here can hold", ["u64 wide"] = "integers that no number here can hold",
      cube = "an array of more than two dimensions", null = "without a value",
      complex = "a compound, like complex numbers", ragged = "of a type without counterpart",
      pair = "of a type without counterpart", bits = "of a type without counterpart",
      reference = "of a type without counterpart", ["attributes.z"] = "a compound, like complex numbers",
      ["a type"] = "a type by itself", described = "its attributes: only those of groups are read",
      ["inner.dangling"] = "a link that leads nowhere in this file", ["inner.external"] = "a link to another file",
      ["inner.circle"] = "a link to a group that holds it",
    }, reasons)
  end)
end)

describe("a store of ours", function()
  teardown(process.clean)

  it("holds counts as integers, flags as booleans, text as UTF-8, a check as value, op, bound and verdict", function()
    local folder = process.folder()
    local went = mf.experiment { name = "typed", options = { N = 800, eps = 1e-3, quick_one = true, law = "Δ" },
                                 args = { "--out", folder } }
    went:record { k = 10, t = 0.5, kind = "größer", good = true }
    went:record { k = 20, t = 1, kind = "b", good = false }
    local shown = print
    _G.print = function() end -- luacheck: ignore
    local ok, message = pcall(function()
      went:check("claim", 1, "<", 2)
      went:save()
    end)
    _G.print = shown -- luacheck: ignore
    assert(ok, message)
    local path = folder .. "/typed.h5"
    local back = mf.store.read(path)
    assert.same({ 10, 20 }, back.data.k:totable())
    assert.same({ name = "claim", value = 1, op = "<", bound = 2, passed = true }, back.checks["1"].attributes)
    local dump = run("h5dump -H " .. quote(path))
    if dump.code ~= 0 then return pending("h5dump (hdf5-tools) is not installed") end
    local function type_of(name) return dump.out:match('"' .. name .. '" {%s+DATATYPE%s+(%S+)') end
    assert.equal("H5T_STD_I64LE", type_of "k")
    assert.equal("H5T_STD_I64LE", type_of "N")
    assert.equal("H5T_IEEE_F64LE", type_of "t")
    assert.equal("H5T_STRING", type_of "kind")
    assert.equal("H5T_ENUM", type_of "good")
    assert.equal("H5T_ENUM", type_of "quick_one")
    assert.equal("H5T_ENUM", type_of "passed")
    local _, strings = dump.out:gsub("H5T_STRING", "")
    local _, utf8 = dump.out:gsub("CSET H5T_CSET_UTF8", "")
    assert.equal(strings, utf8)
    assert.truthy(dump.out:find('H5T_ENUM {%s+H5T_STD_I8LE;%s+"FALSE"%s+0;%s+"TRUE"%s+1;'))
  end)
end)
