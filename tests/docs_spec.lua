-- What the documents show runs, and what they name exists.
local mf = require "meanfield"

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  local _, _, code = pipe:close()
  return text, code
end

local host = output "readlink /proc/$PPID/exe":gsub("%s+$", "")

-- The first lua block of a document after a heading.
local function block(path, heading)
  local text = assert(read(path))
  return text:sub((assert(text:find(heading, 1, true)))):match "```lua\n(.-)```"
end

describe("documents", function()
  local dir

  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir " .. dir))
  end)

  after_each(function() os.execute("rm -rf " .. dir) end)

  local function run(text, arguments)
    local file = assert(io.open(dir .. "/s.lua", "w"))
    file:write(text)
    file:close()
    return output(("cd %s && NO_COLOR=1 %s %s 2>&1"):format(dir, host, arguments))
  end

  it("name only functions and documents that exist", function()
    local checked = 0
    for _, path in ipairs { "README.md", "docs/guide.md", "docs/equations.md", "docs/numerics.md", "docs/design.md" } do
      local text = assert(read(path))
      for name in text:gmatch "mf%.[%w_]+[%w_.]*" do
        assert.falsy(mf.help.text((name:gsub("%.$", ""))):find("no documentation", 1, true), path .. " names " .. name)
        checked = checked + 1
      end
      for name in text:gmatch "docs/[%w_/.-]+%.%l+" do assert.truthy(read(name), path .. " names " .. name) end
    end
    assert.truthy(checked > 50)
  end)

  it("agree with the program: docs/generate.lua has been run", function()
    for path, text in pairs(assert(loadfile "docs/generate.lua")("--texts")) do
      assert.truthy(read(path) == text, path .. " is out of date: run ./meanfield docs/generate.lua and commit it")
    end
  end)

  it("the guide's script makes its results and passes its check", function()
    local text, code = run(block("docs/guide.md", "## 3. A script"), "s.lua --quick")
    assert.equal(0, code, text)
    assert.truthy(text:find("pass  W1", 1, true))
    assert.truthy(read(dir .. "/results/rate/rate.svg"))
  end)

  it("the README's lines at the prompt say what they should", function()
    local text, code = run(block("README.md", "## Ten lines"):gsub("\n> ", "\n"):gsub("^> ", ""), "-i < s.lua")
    assert.equal(0, code, text)
    local sgd, pde = text:match "(%d+%.%d+)\t(%d+%.%d+)\n"
    assert.near(1.07061, tonumber(pde), 5e-6) -- R(rho_1), solved independently
    assert.near(1.07061, tonumber(sgd), 0.02)
    assert.truthy(text:find("sgd:advance(t)", 1, true))
    assert.falsy(text:find("traceback", 1, true))
  end)
end)
