-- Every example that help() shows runs as it stands, and nothing is without one.
local mf = require "meanfield"
local process = require "tests.process"
local examples = require "meanfield.prompt.examples"

local given = { given = true, given_some = true }

-- The machinery below sweeps and experiments: not what one types.
local function is_machinery(name) return name:find "^mf%.process%." or name:find "^mf%.file%." end

local function named()
  local names = {}
  for name in pairs(examples) do if not given[name] then names[#names + 1] = name end end
  table.sort(names)
  return names
end

describe("examples", function()
  teardown(process.clean)

  it("belong to what is documented, and help shows them", function()
    local known = {}
    for _, name in ipairs(mf.help.names()) do known[name] = true end
    for _, name in ipairs(named()) do
      assert.truthy(known[name], name)
      assert.truthy(mf.help.text(name):find("example: " .. examples[name], 1, true), name)
    end
  end)

  it("are there for every function and method", function()
    local count = 0
    for _, name in ipairs(mf.help.names()) do
      if (mf._docs[name] or mf._docs[name .. ".__call"]) and not is_machinery(name) then
        count = count + 1
        assert.truthy(examples[name], name .. " has no example in lua/meanfield/prompt/examples.lua")
      end
    end
    assert.truthy(count > 200)
  end)

  it("run at the prompt, each by itself", function()
    local folder = process.folder()
    local script = { [[local mf = require "meanfield"
      local shared = setmetatable({ mf = mf }, { __index = _G })
      local function run(name, given, some, text)
        local env = setmetatable({}, { __index = shared })
        assert(load(given, "=given", "t", env))()
        if some then
          for key, value in pairs(env) do if rawget(shared, key) == nil then shared[key] = value end end
          assert(load(some, "=given some", "t", shared))()
        end
        local head, last = text:match "^(.*;) (.-)$"
        local f = load("return " .. text, "=example", "t", env)
                  or head and load(head .. " return " .. last, "=example", "t", env)
                  or assert(load(text, "=example", "t", env))
        local ok, message = pcall(f)
        if not ok then io.stderr:write(name, ": ", tostring(message), "\n") end
      end
    ]] }
    local made = {}
    for _, name in ipairs(named()) do
      local some
      for prefix, text in pairs(examples.given_some) do
        if name:sub(1, #prefix) == prefix and not made[prefix] then some, made[prefix] = text, true end
      end
      some = some and ("%q"):format(some) or "nil"
      script[#script + 1] = ("run(%q, %q, %s, %q)\n"):format(name, examples.given, some, examples[name])
    end
    process.write_file(folder .. "/all.lua", table.concat(script))
    local result = process.run(("cd %s && %s all.lua"):format(folder, process.quote(process.host)))
    assert.equal("", result.err)
    assert.equal(0, result.code)
  end)
end)
