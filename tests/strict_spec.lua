-- mf.strict: misspelt globals.
local process = require "tests.process"
local host = process.quote(process.host)

local function run(script)
  return process.run(host .. " -e " .. process.quote("mf = require 'meanfield' " .. script))
end

describe("strict", function()
  teardown(process.clean)

  it("raises where a global that does not exist is read, and names the nearest", function()
    local result = run "sigma = 1 mf.strict() print(sigma) print(sgima)"
    assert.equal("1\n", result.out)
    assert.matches("(command line):1: there is no global 'sgima' (did you mean 'sigma'?)", result.err, 1, true)
    assert.matches("no global 'zzzzz'\n", run("mf.strict() print(zzzzz)").err)
    assert.equal("nil\n", run("mf.strict() print(_zzzzz)").out)
  end)

  it("lets a main chunk make globals, but not a function", function()
    assert.equal("3\n", run("mf.strict() x = 3 print(x)").out)
    assert.matches("new global 'y' inside a function: is a 'local' missing?",
      run("mf.strict() local function f() y = 3 end f()").err, 1, true)
    assert.equal("4\n", run("y = 0 mf.strict() local function f() y = 4 end f() print(y)").out)
  end)

  it("ends by mf.strict(false), and does not take the place of another metatable", function()
    assert.equal("nil\n", run("mf.strict() mf.strict() mf.strict(false) print(zzzzz)").out)
    assert.matches("metatable of another kind", run("setmetatable(_G, {}) mf.strict()").err)
    assert.matches("mf.strict: expected true, false or nothing, got 3", run("mf.strict(3)").err)
  end)

  it("leaves every part of meanfield at work, and the prompt", function()
    local result = process.run(host .. " -i", "mf.strict()\nmf.help 'strict'\nfig = mf.plot {}\n"
      .. "fig:line({ 1, 2 }, { 1, 3 }):show()\nprint = nil\n1\nlaww\n")
    assert.matches("mf.strict([on])", result.out, 1, true)
    assert.matches("stdin:1: there is no global 'laww'", result.err, 1, true)
    assert.matches("error calling 'print' (attempt to call a nil value)", result.err, 1, true)
    assert.equal(0, result.code)
  end)
end)
