-- What the prompt shows.
local mf = require "meanfield"
local pretty = require "meanfield.prompt.pretty"

describe("pretty", function()
  it("shows numbers so that they read back exactly, in as few digits as can be", function()
    for _, x in ipairs { 0.1, 1 / 3, 2.385e-300, 1e300, -0.0, 5e-324, 123456789.125, 2 ^ 53 } do
      local text = pretty.text(x)
      assert.equal(x, tonumber(text))
      assert.equal("float", math.type(tonumber(text)))
    end
    assert.equal("0.1", pretty.text(0.1))
    assert.equal("3.0", pretty.text(3.0))
    assert.equal("3", pretty.text(3))
    assert.equal("inf", pretty.text(math.huge))
    assert.equal("nan", pretty.text(-(0 / 0)))
  end)

  it("quotes strings, and their control characters", function()
    assert.equal([["a\"b\\c\n\t\0é"]], pretty.text "a\"b\\c\n\t\0é")
  end)

  it("opens tables: lists first, then sorted keys", function()
    assert.equal('{ 1, "two", [2.5] = true, a = { b = {} }, ["x y"] = 0.5 }',
                 pretty.text { 1, "two", [2.5] = true, ["x y"] = 0.5, a = { b = {} } })
  end)

  it("marks cycles but not repetitions", function()
    local t, twice = {}, { 1 }
    t.t = t
    assert.equal("{ t = {cycle} }", pretty.text(t))
    assert.equal("{ { 1 }, { 1 } }", pretty.text { twice, twice })
  end)

  it("cuts long and deep tables short", function()
    local long, deep = {}, {}
    for i = 1, 1000 do long[i] = i end
    for _ = 1, 100 do deep = { deep } end
    assert.truthy(pretty.text(long):find("... 950 more", 1, true))
    assert.truthy(pretty.text(deep):find("{...}", 1, true))
  end)

  it("breaks what is wider than a line", function()
    for line in pretty.text { ("x"):rep(60), ("y"):rep(60) }:gmatch "[^\n]+" do assert.truthy(#line < 80) end
  end)

  it("breaks an object's line between its options", function()
    local law = mf.distribution.isotropic { d = 40, delta = 0.8 }
    local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
    assert.equal("mf.distribution.isotropic{ d = 40, delta = 0.8 }", pretty.text(law))
    assert.equal("mf.potential.radial{ activation = mf.activation.piecewise{ {0.5, -2.5}, {1.5, 7.5} },\n"
                 .. "  distribution = mf.distribution.isotropic{ d = 40, delta = 0.8 },\n  tol = 1e-09 }",
                 pretty.text(mf.potential.radial { distribution = law, activation = sigma, tol = 1e-9 }))
  end)

  it("shows objects as they wish and functions by name", function()
    assert.equal(tostring(mf.schedule.constant()), pretty.text(mf.schedule.constant()))
    assert.equal("function mf.schedule.power", pretty.text(mf.schedule.power))
    assert.truthy(pretty.text(function() end):find "^function .*pretty_spec.lua:%d+$")
  end)

  it("shows modules by their names alone", function()
    assert.matches("^module mf: activation, array, .* %(help%(%) explains%)$", pretty.text(mf))
    assert.equal("module mf.sgd: load (help(mf.sgd) explains)", pretty.text(mf.sgd))
    assert.matches("^module mf.help: ", pretty.text(mf.help))
  end)

  it("survives a __tostring that fails", function()
    assert.truthy(pretty.text(setmetatable({}, { __tostring = function() error "oh" end })):find "failed: .*oh")
  end)
end)
