-- Wrong arguments to everything public (fuzz/arguments.lua), objects that are closed while others use them
-- (fuzz/closing.lua), callbacks that throw (fuzz/throwing.lua), damaged files of sweeps (fuzz/points.lua); longer by
-- hand, with other seeds.
local process = require "tests.process"

describe("fuzz", function()
  teardown(process.clean)

  it("wrong arguments end in a clear error, never in a crash", function()
    local result = process.run(("cd %s && %s %s/tests/fuzz/arguments.lua 5000 1"):format(process.folder(),
      process.quote(process.host), process.quote(process.top)))
    assert.matches("^5000 calls, seed 1: 0 bad\n$", result.out)
    assert.equal(0, result.code)
    assert.equal("", result.err)
  end)

  it("objects closed and collected at every moment end in an error or go on, never in a crash", function()
    local result = process.run(("cd %s && %s %s/tests/fuzz/closing.lua 200 1"):format(process.folder(),
      process.quote(process.host), process.quote(process.top)))
    assert.matches("^%d+ calls, seed 1: 0 bad\n$", result.out)
    assert.equal(0, result.code)
    assert.equal("", result.err)
  end)

  it("callbacks that raise, answer rubbish, yield or use what is at work leave it usable", function()
    local result = process.run(("cd %s && %s %s/tests/fuzz/throwing.lua 200 1"):format(process.folder(),
      process.quote(process.host), process.quote(process.top)))
    assert.matches("^%d+ calls, seed 1: 0 bad\n$", result.out) -- failed points of sweeps are told on stderr
    assert.equal(0, result.code)
  end)

  it("files of finished points, damaged or forged, give points that are theirs or an error", function()
    local result = process.run(("%s %s/tests/fuzz/points.lua 1 2"):format(process.quote(process.host),
      process.quote(process.top)))
    assert.matches("^%d+ files, seed 2: 0 bad\n$", result.out)
    assert.equal("", result.err)
  end)
end)
