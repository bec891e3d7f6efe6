-- meanfield list, run, results and reproduce, and the page that the last one writes.
local process = require "tests.process"

local host, read = process.quote(process.host), process.read_file

local GOOD = [[
-- Theorem 9: a tiny one holds. With <tags> & "quotes" in its head.
--
-- A second paragraph.
local mf = require "meanfield"
local run = mf.experiment { name = "tiny", options = { n = 4 }, quick = { n = 3 }, columns = { "i", "x" } }
for i = 1, run.n do run:record { i = i, x = i / 3, word = "<b>" .. i } end
run:check("x < 2", run:max "x", "<", 2)
local one, two = mf.plot { xlabel = "i" }, mf.plot {}
one:points(run:column "i", run:column "x")
two:line({ 0, 1 }, { 0, 1 })
run:save { a = one, b = two }
]]
local BAD = [[
-- Fails, and says so.
local mf = require "meanfield"
local run = mf.experiment { name = "bad", claim = "Two is < one." }
run:record { x = 2 }
run:check("two is less than one", 2, "<", 1)
run:save()
]]
local DEAD = [[
-- Theorem 8: it dies.
local mf = require "meanfield"
mf.experiment { name = "dead" }
error "no <more>"
]]

describe("meanfield", function()
  local dir
  before_each(function() dir = process.folder() end)
  after_each(process.clean)

  local function program(arguments, before)
    return process.run(("cd %s && %s%s %s"):format(dir, before or "", host, arguments))
  end

  local function write(name, text) process.write_file(("%s/%s.lua"):format(dir, name), text) end

  it("list has a line for every experiment that comes with it", function()
    local out, count = program("list").out, 0
    for name in process.output "ls experiments":gmatch "([%w_]+)%.lua\n" do
      assert.truthy(("\n" .. out):find("\n" .. name .. " +[%w]"), name)
      count = count + 1
    end
    assert.equal(count, select(2, out:gsub("\n", "")))
    assert.matches("^fig1 +Fig%. 1: the law of r = |w| under SGD", out)
    for line in out:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 120) end
    assert.equal(2, program("list x").code)
  end)

  it("run starts one by its name, with its own arguments", function()
    assert.matches("^Lemma 1: for which Delta", program("run lemma1 --help").out:match "\n?(.*)")
    local result = program "run proposition1 --quick --set N=1,2 --set starts=2 --out here"
    assert.equal(0, result.code, result.err)
    assert.truthy(read(dir .. "/here/proposition1.h5"))
    assert.matches("finished before", program("run proposition1 --quick --set N=1,2 --set starts=2 --out here").err)
    result = program "run proposition2"
    assert.equal("run: no experiment 'proposition2' (did you mean 'proposition1'?); meanfield list shows them\n",
                 result.err)
    assert.equal(2, result.code)
    write("bad", BAD)
    assert.equal(1, program("run bad.lua").code)
    write("dead", DEAD)
    result = program "run dead.lua"
    assert.equal(1, result.code)
    assert.matches("dead.lua:4: no <more>\nstack traceback:", result.err)
    write("broken", "x = = 1")
    result = program "run broken.lua"
    assert.matches(": broken.lua:1: unexpected symbol near '='\n$", result.err)
    assert.equal(1, result.code)
    result = program("bad.lua --force", "export MEANFIELD_KEEP=none; ")
    assert.equal("MEANFIELD_KEEP must be a number of seconds >= 0 or 'off', got 'none'\n", result.err)
    assert.equal(2, result.code)
    assert.equal(2, program("run bad.lua --quik").code)
    assert.equal(2, program("run").code)
    assert.equal(0, program("run --help").code)
  end)

  it("results is a table of runs, of one experiment or of some options", function()
    write("tiny", GOOD)
    program "tiny.lua"
    program "tiny.lua --set n=2"
    local out = program("results").out
    assert.equal(3, select(2, out:gsub("\n", "")))
    assert.matches("results/tiny/n=2 +tiny +%S+ +%S+ +2 +1 of 1 +unknown +n=2\n", out)
    assert.equal(2, select(2, program("results --where n=2").out:gsub("\n", "")))
    assert.equal("no results\n", program("results other").out)
    assert.equal("no results\n", program("results theorem3").out)
    local slip = program "results theroem3"
    assert.equal("results: no experiment 'theroem3' (did you mean 'theorem3'?); meanfield list shows them\n", slip.err)
    assert.equal(2, slip.code)
    assert.matches("no experiment 'tinny' %(did you mean 'tiny'%?%)", program("results tinny").err)
    assert.equal("no results\n", program("results tiny --where n=7 --out results").out)
    assert.equal(2, program("results --wehre n=7").code)
    assert.equal(0, program("results --help").code)
  end)

  it("names what is wrong with its arguments, in a line and with code 2", function()
    write("tiny", GOOD)
    program "tiny.lua"
    for arguments, text in pairs {
      ["list x"] = "list: unknown argument 'x'; it takes none",
      ["run --quick"] = "run: the name of an experiment comes first, got '--quick'",
      ["run fig1 --out ''"] = "fig1: --out needs a value",
      ["reproduce --out '' fig1"] = "reproduce: --out needs a value",
      ["results --wehre n=7"] = "results: unknown argument '--wehre' (did you mean '--where'?)",
      ["results --where n"] = "results: --where needs key=value, got 'n'",
      ["results --where"] = "results: --where needs key=value, got ''",
      ["results --out"] = "results: --out needs a value",
      ["results tiny other"] = "results: of one experiment or of all, got 'tiny' and 'other'",
      ["results --out none"] = "results: cannot list the folder 'none': No such file or directory",
      ["results --where nn=4"] = "results: no run has an option 'nn' (did you mean 'n'?)",
    } do
      local result = program(arguments)
      assert.equal(text .. "\n", result.err)
      assert.equal("", result.out)
      assert.equal(2, result.code)
    end
    assert.equal("no results\n", program("results --where n=7").out)
  end)

  it("ends with an error where what it says cannot be written", function()
    local full = program("list >/dev/full")
    assert.matches(": the standard output could not be written\n$", full.err)
    assert.equal(1, full.code)
    assert.equal(1, program("-e 'print(1)' >/dev/full").code)
    assert.equal(0, program("-e 'x = 1' >/dev/full").code)
  end)

  it("a word that is neither a script nor a command gets the nearest command", function()
    local result = program "runn"
    assert.matches("cannot open runn: [^;\n]*; nor is it a command %(did you mean 'run'%?%): %-%-help lists them\n$",
                   result.err)
    assert.equal(1, result.code)
    assert.matches("; nor is it a command: %-%-help lists them\n$", program("help").err)
    assert.is_nil(program("./runn").err:find("command", 1, true))
    assert.is_nil(program("runn.lua").err:find("command", 1, true))
  end)

  it("a script of a command's name is ./list", function()
    process.write_file(dir .. "/list", "print 'mine'")
    assert.equal("mine\n", program("./list").out)
  end)

  -- ---- reproduce ----------------------------------------------------------------------------------

  local function reproduce(arguments)
    write("tiny", GOOD)
    write("bad", BAD)
    write("dead", DEAD)
    return program("reproduce --quick " .. arguments)
  end

  -- The ids of a page and the references to them.
  local function check_names(page)
    local seen, count = {}, 0
    for id in page:gmatch "%sid=[\"']([^\"']*)[\"']" do
      assert.is_nil(seen[id], id .. " is there twice")
      seen[id], count = true, count + 1
    end
    for id in page:gmatch "href=[\"']#([^\"']*)[\"']" do assert.is_true(seen[id], id) end
    assert.is_true(count > 5)
  end

  it("reproduce runs all, with a line for each, and leaves one page", function()
    local result = reproduce "tiny.lua"
    assert.equal(0, result.code, result.out .. result.err)
    assert.matches("^%[1 of 1%] pass  tiny: 1 of 1 checks, 0:%d%d\n1 of 1 passed; wrote results/report.html\n$",
                   result.out)
    assert.is_nil(read(dir .. "/results/tiny/quick/tiny.said"))
    local again = reproduce "tiny.lua"
    assert.matches("pass  tiny: 1 of 1 checks, finished before", again.out)
    local page = read(dir .. "/results/report.html")
    check_names(page)
    assert.equal(2, select(2, page:gsub("<svg", "")))
    for _, outside in ipairs { "<script", "<img", "<link", "src=", "@import", "url%(h" } do
      assert.is_nil(page:find(outside), outside)
    end
    for address in page:gmatch "https?://[^%s\"'<>]*" do assert.matches("^http://www%.w3%.org/", address) end
    assert.truthy(page:find("<strong>The paper:</strong> a tiny one holds.", 1, true))
    assert.truthy(page:find("With &lt;tags&gt; &amp; &quot;quotes&quot; in its head.", 1, true))
    assert.truthy(page:find("<p>A second paragraph.</p>", 1, true))
    assert.truthy(page:find("x &lt; 2</td><td class=\"number\">1 &lt; 2", 1, true))
    assert.truthy(page:find("&lt;b&gt;3", 1, true)) -- the numbers, and what else is in the table
    assert.truthy(page:find('<dt class="mono">n</dt><dd class="mono">3</dd>', 1, true))
    assert.matches("1 of 1 experiments passed, 1 of 1 checks, in [%d.]+ s of processor time, at the quick", page)
    for tag in page:gmatch "<(%a%w*)[%s>]" do
      local open, close = select(2, page:gsub("<" .. tag .. "[%s>]", "")), select(2, page:gsub("</" .. tag .. ">", ""))
      local short = select(2, page:gsub("<" .. tag .. "%s[^<>]*/>", ""))
      if tag ~= "meta" then assert.equal(open, close + short, tag) end
    end
  end)

  it("reproduce tells of what failed or died, on the page too, and goes on", function()
    local result = reproduce "--jobs 1 dead.lua bad.lua tiny.lua"
    assert.equal(1, result.code)
    assert.matches("^%[1 of 3%] FAIL  dead: died: [^\n]*no <more>, 0:%d%d\n%[2 of 3%] FAIL  bad: 0 of 1 checks, "
                   .. "0:%d%d\n%[3 of 3%] pass  tiny", result.out)
    assert.matches("1 of 3 passed", result.out)
    local page = read(dir .. "/results/report.html")
    assert.matches("dead.lua:4: no &lt;more&gt;", page)
    assert.truthy(page:find("<strong>The paper:</strong> Two is &lt; one.", 1, true))
    assert.equal(5, select(2, page:gsub('class="verdict fail">FAIL', ""))) -- both in the list and above, and a check
    assert.matches("dead.lua:4: no <more>", read(dir .. "/results/dead/quick/dead.said"))
  end)

  it("reproduce says when it is interrupted that it can go on, and without a traceback", function()
    write("sleeps", "-- Sleeps.\nos.execute 'sleep 20'")
    local result = program("reproduce --quick sleeps.lua", "timeout --foreground -s INT -k 10 --preserve-status 1 ")
    assert.equal(130, result.code)
    assert.matches(": reproduce: interrupted; the same command goes on where it was\n$", result.err)
    assert.is_nil(result.err:find("traceback", 1, true))
  end)

  it("reproduce refuses what it does not know", function()
    assert.equal("reproduce: no experiment 'fig9' (did you mean 'fig1'?); meanfield list shows them\n",
                 program("reproduce fig9").err)
    assert.matches("unknown argument '%-%-quik' %(did you mean '%-%-quick'%?%)", program("reproduce --quik").err)
    assert.matches("%-%-jobs must be an integer in %[1, 1024%], got 'x'", program("reproduce --jobs x").err)
    assert.equal(2, program("reproduce --jobs x").code)
    assert.matches("^usage: meanfield reproduce", program("reproduce --help").out)
    assert.matches("cannot make the folder '/proc/none", reproduce("--out /proc/none tiny.lua").err)
  end)

  it("the page fits a phone, is dark where the reader's system is, and prints: in a browser", function()
    if process.run("command -v chromium").code ~= 0 or process.sanitized then return pending "no chromium" end
    reproduce "tiny.lua bad.lua"
    process.write_file(dir .. "/look.html", [[
<iframe id="f" src="results/report.html" style="width:360px;height:640px;border:0"></iframe><p id="p"></p><script>
f.onload = () => { const d = f.contentDocument, b = getComputedStyle(d.body), s = d.querySelectorAll("figure svg");
  p.textContent = [d.documentElement.scrollWidth <= 360, s.length,
    [...s].every(x => x.getBoundingClientRect().height > 100), b.backgroundColor, b.color].join(" ") }</script>]])
    local chromium = "timeout 60 chromium --headless=new --no-sandbox --disable-gpu --allow-file-access-from-files "
      .. "--virtual-time-budget=3000 --user-data-dir=" .. dir .. "/profile "
    local function look(more)
      local page = process.output(("%s%s --dump-dom file://%s/look.html"):format(chromium, more, dir))
      return page:match '<p id="p">(.-)</p>'
    end
    assert.equal("true 2 true rgb(251, 251, 252) rgb(29, 29, 31)", look "")
    assert.equal("true 2 true rgb(21, 21, 24) rgb(232, 232, 234)", look "--blink-settings=preferredColorScheme=0")
    process.run(("%s--print-to-pdf=%s/page.pdf file://%s/results/report.html"):format(chromium, dir, dir))
    assert.matches("^%%PDF", read(dir .. "/page.pdf"))
  end)
end)
