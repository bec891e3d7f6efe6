-- Potentials whose operations fail, and one with another loss (failing.c says what is checked).
local process = require "tests.process"
local quote, run = process.quote, process.run

describe("potential operations", function()
  teardown(process.clean)

  it("fail through every solver with their text, and the dynamics goes on as if nothing had been", function()
    local build = run("cmake --build " .. quote(process.build) .. " --target failing")
    assert.equal(0, build.code, build.out)
    local result = run(quote(process.build .. "/failing"))
    assert.equal("ok\n", result.out)
    assert.equal("", result.err)
    assert.equal(0, result.code)
  end)
end)
