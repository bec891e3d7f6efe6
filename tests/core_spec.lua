-- What the core claims where no Lua is needed: a program in C for each file of tests/core.
local process = require "tests.process"
local quote, run = process.quote, process.run

describe("core", function()
  teardown(process.clean)

  it("builds its tests", function()
    local build = run("cmake --build " .. quote(process.build) .. " --target core_tests")
    assert.equal(0, build.code, build.out)
  end)

  for name in process.output "ls tests/core":gmatch "([%w_]+)%.c\n" do
    it(name .. ": " .. process.read_file("tests/core/" .. name .. ".c"):match "^/%* [%w_]+%.c: ([^\n.]*)", function()
      local result = run(quote(process.build .. "/core_" .. name))
      assert.equal("ok\n", result.out)
      assert.equal("", result.err)
      assert.equal(0, result.code)
    end)
  end
end)
