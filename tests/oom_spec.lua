-- Every constructor with the 1st, 2nd, 3rd ... allocation failing (oom.c runs the cases of oom.lua).
local process = require "tests.process"
local quote, run = process.quote, process.run

describe("out of memory", function()
  teardown(process.clean)

  it("is an error that says so, loses nothing and crashes nothing, wherever it happens", function()
    local build = run("cmake --build " .. quote(process.build) .. " --target oom")
    assert.equal(0, build.code, build.out)
    local result = run(quote(process.build .. "/oom") .. " tests/oom.lua")
    assert.equal("", result.err)
    assert.is_nil(result.out:match "[^\n]*not ok[^\n]*")
    assert.equal(0, result.code)
    assert.is_true(select(2, result.out:gsub("ok ", "")) > 40)
  end)
end)
