-- mf.data.read: tables of text in every notation, arrays of NumPy, and what is wrong with others.
local mf = require "meanfield"

local path = os.tmpname()
local function put(bytes)
  local f = assert(io.open(path, "wb"))
  f:write(bytes):close()
  return path
end
local function read(bytes, o) return mf.data.read(put(bytes), o) end
local function refused(expected, bytes, o)
  local X, message = read(bytes, o)
  assert.is_nil(X)
  assert.truthy(message:find(path .. ": ", 1, true), message)
  assert.truthy(message:find(expected, 1, true), message)
end

-- What numpy.save writes of numbers, by NumPy's description of the format.
local function npy(descr, format, shape, values, fortran, version)
  local order = fortran and "True" or "False"
  local head = ("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }"):format(descr, order, shape)
  local before = version == 2 and 12 or 10
  head = head .. (" "):rep(-(before + #head + 1) % 64) .. "\n"
  local length = string.pack(version == 2 and "<I4" or "<I2", #head)
  local out = { "\x93NUMPY", version == 2 and "\2\0" or "\1\0", length, head }
  for _, v in ipairs(values) do out[#out + 1] = string.pack(format, v) end
  return table.concat(out)
end

describe("data.read", function()
  teardown(function() os.remove(path) end)

  it("reads tables between commas, tabs and blanks, with and without a header, LF and CRLF", function()
    for _, separator in ipairs { ",", "\t", "  " } do
      for _, newline in ipairs { "\n", "\r\n" } do
        for _, header in ipairs { true, false } do
          local rows = { header and { "x1", "x2", "y" } or nil }
          for _, row in ipairs { { "1", "-2.5", "1e-3" }, { "4", "5", "inf" } } do rows[#rows + 1] = row end
          local text = "# a comment" .. newline
          for _, row in ipairs(rows) do text = text .. table.concat(row, separator) .. newline end
          local X, names = read(text)
          assert.same({ { 1, -2.5, 1e-3 }, { 4, 5, math.huge } }, X:totable())
          assert.same(header and { "x1", "x2", "y" } or nil, names)
        end
      end
    end
  end)

  it("takes columns by name and number, and missing values where asked to", function()
    local text = "a,b,word\n1,2,one\n3,,two\n5,6,three\n"
    local X, names = read(text, { columns = { "b", 1 }, missing = "nan" })
    assert.same({ "b", "a" }, names)
    assert.same({ 2, 1 }, X[1]:totable())
    assert.truthy(X[2][1] ~= X[2][1])
    assert.same({ { 1 }, { 3 }, { 5 } }, read(text, { columns = { "a" } }):totable())
    refused("line 3, column b: missing", text, { columns = { "a", "b" } })
    refused("line 2, column 3 ('word'): expected a number, got 'one'", text, { missing = "nan" })
    refused("it has no column c", text, { columns = { "c" } })
    refused("line 3, column b: missing (missing = 'nan' takes it as NaN)", text)
    refused("it has several columns a: give its number", "a,b,a\n1,2,3\n", { columns = { "a" } })
    assert.same({ { 3, 1 } }, read("a,b,a\n1,2,3\n", { columns = { 3, 1 } }):totable())
    refused("it has no column 4", text, { columns = { 4 } })
    refused("it has no column a", "1,2\n", { columns = { "a" } })
  end)

  it("reads arrays of numpy.save: types, byte orders, rows and columns first, one and two dimensions", function()
    for descr, format in pairs { ["<f8"] = "<d", [">f8"] = ">d", ["<f4"] = "<f", [">f4"] = ">f", ["|i1"] = "<i1",
                                 ["<i2"] = "<i2", [">i4"] = ">i4", ["<i8"] = "<i8" } do
      local X, names = read(npy(descr, format, "(2, 3)", { 1, -2, 3, 100, -5, 6 }))
      assert.same({ { 1, -2, 3 }, { 100, -5, 6 } }, X:totable())
      assert.is_nil(names)
    end
    for descr, format in pairs { ["|u1"] = "<I1", ["<u2"] = "<I2", [">u4"] = ">I4", ["<u8"] = "<I8" } do
      assert.same({ 0, 7, 250 }, read(npy(descr, format, "(3,)", { 0, 7, 250 })):totable())
    end
    assert.same({ 1, 0 }, read(npy("|b1", "<I1", "(2,)", { 1, 0 })):totable())
    assert.same({ -2 ^ 63, -1, 2 ^ 53 }, read(npy("<i8", "<i8", "(3,)", { math.mininteger, -1, 1 << 53 })):totable())
    assert.same({ { 1, 3, 5 }, { 2, 4, 6 } },
      read(npy("<f8", "<d", "(2, 3)", { 1, 2, 3, 4, 5, 6 }, true)):totable())
    assert.same({ { 3 }, { 6 } }, read(npy("<f8", "<d", "(2, 3)", { 1, 2, 3, 4, 5, 6 }, false, 2),
      { columns = { 3 } }):totable())
  end)

  it("names what is wrong with an array", function()
    local good = npy("<f8", "<d", "(2, 3)", { 1, 2, 3, 4, 5, 6 })
    refused("2 x 3 elements of 8 bytes are promised, 47 bytes are there", good:sub(1, -2))
    refused("its head is cut short", good:sub(1, 40))
    refused("its head is cut short", good:sub(1, 8))
    refused("the type '<c8', which is not read", npy("<c8", "<d", "(1,)", { 1 }))
    refused("the type '|O8'", npy("|O8", "<d", "(1,)", { 1 }))
    refused("3 dimensions, 1 or 2 are read", npy("<f8", "<d", "(1, 1, 1)", { 1 }))
    refused("0 dimensions", npy("<f8", "<d", "()", { 1 }))
    refused("a shape that makes no sense", npy("<f8", "<d", "(-1, 2)", { 1 }))
    refused("a shape that makes no sense", npy("<f8", "<d", "(99999999999999999999,)", { 1 }))
    refused("no 'descr'", (good:gsub("descr", "discr")))
    refused("'fortran_order'", (good:gsub("False", "Maybe")))
    refused("no plain numbers", (good:gsub("'<f8'", "[('']")))
    refused("it has no column 4", good, { columns = { 4 } })
    local rng = math.random -- any damage is an answer, not a crash
    math.randomseed(3)
    for _ = 1, 300 do
      local at, last = rng(#good), rng(4) == 1 and rng(#good) or -1
      mf.data.read(put(good:sub(1, at - 1) .. string.char(rng(0, 255)) .. good:sub(at + 1, last)))
    end
  end)

  it("says what file and option are wrong", function()
    local X, message = mf.data.read "/nowhere/x.csv"
    assert.is_nil(X)
    assert.truthy(message:find("/nowhere/x.csv", 1, true) and message:find("No such file", 1, true), message)
    refused("line 3", "1,2\n3,4\n5\n")
    refused("line 2, column 2", "1,2\n3,x\n")
    assert.error_matches(function() mf.data.read(path, { column = 1 }) end, "did you mean 'columns'", 1, true)
    assert.error_matches(function() read("1 2\n", { columns = 1 }) end,
      "option 'columns' must be a list of names or numbers", 1, true)
  end)
end)
