-- Every public thing has documentation, and help finds it.
local mf = require "meanfield"

describe("help", function()
  it("knows every public function, method, class and property", function()
    assert.same({}, mf.help.missing())
  end)

  it("notices a function without documentation", function() -- the gate above can close
    rawset(mf, "undocumented", function() end)
    local missing = mf.help.missing()
    rawset(mf, "undocumented", nil)
    assert.same({ "mf.undocumented" }, missing)
  end)

  it("explains a function by value, full name and short name alike", function()
    local text = mf.help.text(mf.schedule.power)
    assert.equal(text, mf.help.text "mf.schedule.power")
    assert.equal(text, mf.help.text "schedule.power")
    assert.truthy(text:find("mf.schedule.power(p)", 1, true))
    assert.truthy(text:find("a number in (-1, inf), required", 1, true))
    assert.truthy(text:find("a number in (0, inf), default 1", 1, true))
  end)

  it("explains methods, objects and modules", function()
    local xi = mf.schedule.constant()
    assert.truthy(mf.help.text(xi.clock):find("tau(t)", 1, true))
    assert.equal(mf.help.text(xi.clock), mf.help.text "schedule:clock")
    assert.equal(mf.help.text(xi.clock), mf.help.text "clock")
    assert.equal(mf.help.text(xi.clock), mf.help.text "xi:clock") -- as the reference calls it
    assert.equal(1, select(2, mf.help.text "pde:trajectory":gsub("pde:trajectory%(", ""))) -- of three solvers, once
    assert.truthy(mf.help.text(xi):find("xi:clock(t)", 1, true))
    assert.truthy(mf.help.text(mf.schedule):find("mf.schedule.custom(fn)", 1, true))
    assert.truthy(mf.help.text(mf.plot):find("xlabel", 1, true))
    assert.truthy(mf.help.text(mf.plot {}):find("figure:histogram", 1, true))
    local all = mf.help.text()
    assert.truthy(all:find("mf.experiment", 1, true))
    assert.truthy(all:find("    mf.pde\n        grid, jko, load, particles\n", 1, true))
    assert.truthy(all:find("An activation sigma[^\n]*\n        custom, erf, piecewise,"))
    assert.falsy(all:find("mf.store file", 1, true)) -- a class that nobody makes by name
    assert.falsy(all:find("figure, ", 1, true)) -- one that mf.plot makes
  end)

  it("explains an option by its name", function()
    local text = mf.help.text "batch"
    assert.truthy(text:find("mf.sgd\n", 1, true) and text:find("mf.pde.particles\n", 1, true))
    assert.truthy(text:find("divide the term", 1, true))
  end)

  it("suggests near names for an unknown one", function()
    assert.truthy(mf.help.text "shedule":find("near: schedule", 1, true))
    assert.truthy(mf.help.text "no such thing at all":find("no documentation", 1, true))
    assert.truthy(mf.help.text(42):find("no documentation for this number", 1, true))
  end)

  it("keeps its lines within 79 columns", function()
    for _, name in ipairs(mf.help.names()) do
      for line in mf.help.text(name):gmatch "[^\n]+" do
        if line:find "^    " then assert.truthy(utf8.len(line) <= 79 or not line:sub(9):find " ", line) end
      end
    end
  end)
end)
