-- Every check of every experiment fails where nothing has been learned (untrained.lua says how that is
-- brought about): a check that passes all the same checks nothing.
local process = require "tests.process"

-- True of every sigma, and at any accuracy.
local exempt = { ["the upper end rises to the limit like 1/d"] = true }

describe("untrained networks", function()
  after_each(process.clean)
  if process.sanitized then return end -- the same Lua, minutes longer

  for name in process.output "ls experiments":gmatch "([%w_]+)%.lua\n" do
    it("fail every check of " .. name, function()
      local out = process.run(("%s -e 'dofile [[tests/untrained.lua]]' experiments/%s.lua --quick --out %s"):format(
        process.quote(process.host), name, process.folder())).out
      assert.matches("FAIL  ", out)
      for claim in out:gmatch "pass  ([^\n]*)" do
        assert.is_truthy(exempt[claim:match "^[^:]*"], name .. " passes untrained: " .. claim)
      end
    end)
  end
end)
