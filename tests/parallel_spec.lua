-- The pool of workers below the native loops (parallel.c says what is checked).
local process = require "tests.process"
local quote, run = process.quote, process.run

describe("parallel", function()
  teardown(process.clean)

  it("runs every chunk once: any number of threads, nested, concurrent, forked", function()
    local build = run("cmake --build " .. quote(process.build) .. " --target parallel")
    assert.equal(0, build.code, build.out)
    local result = run(quote(process.build .. "/parallel"))
    assert.equal("ok\n", result.out)
    assert.equal("", result.err)
    assert.equal(0, result.code)
  end)
end)
