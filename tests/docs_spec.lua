-- What the documents show runs, and what they name exists.
local mf = require "meanfield"
local process = require "tests.process"
local output, read, host = process.output, process.read_file, process.host

-- The first lua block of a document after a heading.
local function block(path, heading)
  local text = assert(read(path))
  return text:sub((assert(text:find(heading, 1, true)))):match "```lua\n(.-)```"
end

-- The shell script of that name in a document.
local function block_of_shell(path, name)
  return assert(read(path)):match("```sh\n(#![^\n]*\n# " .. name:gsub("%.", "%%.") .. ":.-)```")
end

describe("documents", function()
  local dir

  before_each(function() dir = process.folder() end)

  after_each(process.clean)

  local function run(text, arguments)
    process.write_file(dir .. "/s.lua", text)
    return output(("cd %s && NO_COLOR=1 %s %s 2>&1"):format(dir, host, arguments))
  end

  it("name only functions and documents that exist", function()
    local checked = 0
    for _, path in ipairs { "README.md", "docs/guide.md", "docs/equations.md", "docs/numerics.md", "docs/design.md",
                           "docs/results.md", "docs/c.md", "docs/cluster.md" } do
      local text = assert(read(path))
      for name in text:gmatch "mf%.[%w_]+[%w_.]*" do
        assert.falsy(mf.help.text((name:gsub("%.$", ""))):find("no documentation", 1, true), path .. " names " .. name)
        checked = checked + 1
      end
      for name in text:gmatch "docs/[%w_/.-]+%.%l+" do assert.truthy(read(name), path .. " names " .. name) end
    end
    assert.truthy(checked > 50)
  end)

  it("have a primitive and a script for each of the paper's equations", function()
    local rows = 0
    local equations = read "docs/equations.md":match "## Equations\n(.-)\n## "
    for row in equations:gmatch "\n|%s[^\n]*" do
      if not row:find "^\n| Eq%." and not row:find "^\n| %-%-%-" then
        local script = row:match "`(experiments/[%w_]+%.lua)`"
        assert.truthy(script and read(script), row)
        assert.truthy(row:find "`%a+[.:]%a+", row)
        rows = rows + 1
      end
    end
    assert.truthy(rows > 25)
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
    assert.truthy(read(dir .. "/results/rate/quick/rate.svg"))
  end)

  -- Blocks outside section 3 are lines for the prompt; some take for granted what stands in others.
  local granted = {
    ["## 4. Many runs"] = "sigma = mf.activation.tanh()\nrho0 = mf.init.gaussian { kappa = 0.8 }\n",
  }

  it("every block of the guide runs", function()
    local guide, count = assert(read "docs/guide.md"), 0
    for heading, section in (guide .. "\n#"):gmatch "(## %d[^\n]*)(.-)\n%f[#]" do
      local lines = granted[heading] or ""
      for text in section:gmatch "```lua\n(.-)```" do
        count = count + 1
        lines = lines .. text:gsub("\n   ", "\n"):gsub("%f[%w]local ", "")
      end
      if lines ~= "" and not heading:find "^## 3" then
        local text, code = run(lines, "-i < s.lua")
        assert.equal(0, code, text)
        for _, bad in ipairs { "traceback", "stdin:%d", "pass a" } do
          assert.falsy(text:find(bad), heading .. ": " .. text)
        end
      end
    end
    local _, blocks = guide:gsub("```lua\n", "")
    assert.equal(blocks, count)
  end)

  it("the script for clusters gives the bytes of one run when its parts are put together", function()
    process.write_file(dir .. "/study.lua", block("docs/cluster.md", "## The script"))
    local study = ("%s study.lua --set deltas=5 --set eps=1e-3"):format(process.quote(host))
    local gather = block_of_shell("docs/cluster.md", "gather.sh")
    local text, code = output(([[cd %s && mkdir alone && cp study.lua alone && (cd alone && %s) &&
      for part in 1 2; do %s --set part=$part --set parts=2 --out results/study/part=$part || exit 1; done
      %s
      %s --out results/study 2>&1
      cmp results/study/sweep.points alone/results/study/deltas=5,eps=0.001/sweep.points &&
      cmp results/study/study.tsv alone/results/study/deltas=5,eps=0.001/study.tsv]]):format(dir, study, study,
      gather:match "cat [^\n]+", study))
    assert.equal(0, code, text)
    assert.truthy(text:find("5 of 5 points kept", 1, true), text)
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
