-- The scripts of experiments/: short, and what they claim holds at their quick settings.
local process = require "tests.process"

local slow = { anisotropic = true, fig1 = true, fig3 = true, fig4 = true, lazy = true, -- minutes under a sanitizer
               single_index = true, staircase = true }

describe("experiments", function()
  after_each(process.clean)

  local names = {}
  for name in process.output "ls experiments":gmatch "([%w_]+)%.lua\n" do names[#names + 1] = name end

  it("are all here", function()
    assert.same({ "anisotropic", "dataset", "fig1", "fig2", "fig3", "fig4", "finite_step", "gradient_flow", "lazy",
                  "lemma1", "lemma1_proof", "logistic", "own_model", "proposition1", "proposition2_3", "single_index",
                  "staircase", "step_noise", "theorem1", "theorem3", "theorem4", "theorem5", "theorem6_7" }, names)
  end)

  for _, name in ipairs(names) do
    local path = "experiments/" .. name .. ".lua"

    it(name .. " is a page with a head that says what it shows", function()
      local text = process.read_file(path)
      assert.is_true(select(2, text:gsub("\n", "")) <= 60)
      assert.matches("^%-%- %u", text)
      for line in text:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 120, line) end
    end)

    if not (process.sanitized and slow[name]) then
      it(name .. " passes its checks and leaves figures and numbers", function()
        local out = process.folder()
        local result = process.run(("%s %s --quick --out %s"):format(process.quote(process.host), path, out))
        assert.equal("", result.err)
        assert.equal(0, result.code, result.out)
        assert.matches("pass  ", result.out)
        assert.is_nil(result.out:match "FAIL")
        assert.matches("%S+%.png", process.output("ls " .. out))
        assert.matches("\n# check: pass ", process.read_file(out .. "/" .. name .. ".tsv"))
      end)
    end
  end
end)
