-- Every example that help() shows runs as it stands, and belongs to something that exists.
local mf = require "meanfield"
local process = require "tests.process"
local examples = require "meanfield.prompt.examples"

describe("examples", function()
  teardown(process.clean)

  it("belong to what is documented, and help shows them", function()
    local known, count = {}, 0
    for _, name in ipairs(mf.help.names()) do known[name] = true end
    for name, text in pairs(examples) do
      if name ~= "given" then
        count = count + 1
        assert.truthy(known[name], name)
        assert.truthy(mf.help.text(name):find("example: " .. text, 1, true), name)
      end
    end
    assert.truthy(count > 100)
  end)

  it("run at the prompt, each by itself", function()
    local names, folder = {}, process.folder()
    for name in pairs(examples) do if name ~= "given" then names[#names + 1] = name end end
    table.sort(names)
    local script = { "local mf = require 'meanfield'\n" }
    for _, name in ipairs(names) do
      script[#script + 1] = ("do local env = setmetatable({ mf = mf }, { __index = _G })\n"
        .. "assert(load(%q, '=given', 't', env))()\nlocal text = %q\n"
        .. "local f = load('return ' .. text, '=example', 't', env)\n"
        .. "local g = f or load(text:gsub('; (best%%..*)$', '; return %%1'), '=example', 't', env)\n"
        .. "local ok, message = pcall(g)\nif not ok then print(%q, message) end end\n"):format(examples.given,
          examples[name], name)
    end
    process.write_file(folder .. "/all.lua", table.concat(script))
    local result = process.run(("cd %s && %s all.lua | grep '^mf[^ ]*\t'"):format(folder, process.quote(process.host)))
    assert.equal("", result.out)
    assert.equal("", result.err)
  end)
end)
