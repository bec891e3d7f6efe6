-- The launcher: where it may be called from, and what it does on a machine that lacks something
-- (played by programs of the same names put in front of the real ones).
local process = require "tests.process"
local quote, run, write_file = process.quote, process.run, process.write_file

local launcher = process.top .. "/meanfield"
local preset = process.build:match "([^/]*)$"
local real = "MEANFIELD_PRESET=" .. preset .. " "

-- A clone with nothing built, and a folder of programs that stand in for the machine's.
local function machine(programs)
  local folder = process.folder()
  os.execute(("mkdir -p %s/clone/src %s/clone/cmake %s/bin"):format(folder, folder, folder))
  for _, name in ipairs { "meanfield", "CMakePresets.json", "CMakeLists.txt" } do
    os.execute(("cp %s %s/clone/"):format(quote(process.top .. "/" .. name), folder))
  end
  for name, text in pairs(programs) do
    write_file(folder .. "/bin/" .. name, "#!/bin/sh\n" .. text .. "\n")
    os.execute("chmod +x " .. folder .. "/bin/" .. name)
  end
  return folder, function(arguments)
    return run(("PATH=%s/bin:$PATH; unset MEANFIELD_PRESET; %s/clone/meanfield %s"):format(folder, folder,
      arguments or ""))
  end
end

-- Says what it was called with, and makes a program that does the same.
local cmake = [[echo "cmake $*" >>"$(dirname "$0")/log"
case $1 in --build)   printf '#!/bin/sh\necho "ran $*"\n' >build/release/meanfield
  chmod +x build/release/meanfield;; esac]]

describe("launcher", function()
  teardown(process.clean)

  it("runs a script from any folder and through a symlink, with paths relative to the user's folder", function()
    local folder = process.folder()
    os.execute(("mkdir %s/sub && ln -s %s %s/link"):format(folder, quote(launcher), folder))
    write_file(folder .. "/sub/script.lua", "print(arg[0], ...) os.exit(7)")
    local result = run(("cd %s && %s ./link sub/script.lua 'a b' c"):format(folder, real))
    assert.equal("sub/script.lua\ta b\tc\n", result.out)
    assert.equal(7, result.code)
  end)

  it("is silent when there is nothing to do", function()
    run(real .. quote(launcher) .. " -e ''")
    local result = run(real .. quote(launcher) .. " -e 'print(1)'")
    assert.equal("1\n", result.out)
    assert.equal("", result.err)
  end)

  it("explains itself, and names a preset that does not exist", function()
    assert.matches("^usage: ./meanfield", run(quote(launcher) .. " --help").out)
    assert.matches("^usage: ./meanfield", run(quote(launcher) .. " setup --help").out)
    assert.matches("^usage: ./meanfield check", run(real .. quote(launcher) .. " check --help").out)
    local result = run("MEANFIELD_PRESET=nonsense " .. quote(launcher) .. " -e ''")
    assert.equal(1, result.code)
    assert.matches("there is no preset 'nonsense'", result.err, 1, true)
  end)

  it("installs as root what is missing, says what, builds and runs; the second start does neither", function()
    local folder, start = machine {
      ["dpkg-query"] = "echo 'installed build-essential'; echo 'config-files cmake'; echo 'installed gnuplot-qt'",
      id = "echo 0", ["apt-get"] = [[echo "apt-get $*" >>"$(dirname "$0")/log"]], cmake = cmake }
    local first = start "script.lua 1"
    assert.equal("ran script.lua 1\n", first.out)
    assert.matches("installing the missing Debian packages: cmake ninja-build", first.err, 1, true)
    local log = process.read_file(folder .. "/bin/log")
    assert.matches("apt%-get install %-y %-%-no%-install%-recommends cmake ninja%-build", log)
    assert.is_nil(log:find("build-essential", 1, true))
    assert.is_nil(log:find("gnuplot", 1, true)) -- another gnuplot will do
    assert.matches("cmake --preset release\ncmake --build --preset release\n", log, 1, true)
    os.remove(folder .. "/bin/log")
    local second = start "script.lua 2"
    assert.equal("ran script.lua 2\n", second.out)
    assert.equal("", second.err)
    assert.is_nil(io.open(folder .. "/bin/log"))
    os.execute("sleep 0.05; touch " .. folder .. "/clone/src")
    start "script.lua"
    assert.matches("cmake --build --preset release\n", process.read_file(folder .. "/bin/log"), 1, true)
  end)

  it("without root prints the one apt-get line and stops", function()
    local folder, start = machine { ["dpkg-query"] = "exit 1", id = "echo 1000", sudo = "exit 1", cmake = cmake }
    local result = start "script.lua"
    assert.equal(1, result.code)
    assert.matches("^apt%-get install %-y %-%-no%-install%-recommends build%-essential [^\n]* fonts%-dejavu%-core " ..
      "libsixel%-bin libflint%-arb%-dev libflint%-dev\n$", result.out)
    assert.is_nil(io.open(folder .. "/bin/log"))
  end)

  it("uses sudo where it may", function()
    local folder, start = machine { ["dpkg-query"] = "exit 1", id = "echo 1000", cmake = cmake,
      sudo = [[echo "sudo $*" >>"$(dirname "$0")/log"]] }
    assert.equal("ran x\n", start("x").out)
    local log = process.read_file(folder .. "/bin/log")
    assert.matches("sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y", log, 1, true)
  end)

  it("shows the log of a build that fails, and tries again next time", function()
    local installed = "for a; do case $a in -*) ;; *) echo \"installed $a\";; esac; done"
    local _, start = machine { ["dpkg-query"] = installed,
      cmake = "case $1 in --build) echo '[1/2] fine'; echo 'FAILED: x.o'; echo 'x.c:1: error: broken'; exit 1;; esac" }
    for _ = 1, 2 do
      local result = start "script.lua"
      assert.equal(1, result.code)
      assert.matches("x.c:1: error: broken", result.err, 1, true)
      assert.matches("the build failed", result.err, 1, true)
    end
  end)
end)
