-- What cmake --install and cpack put where, and that it works there: program, library, manual, completion, packages.
local process = require "tests.process"
local mf = require "meanfield"
local quote, run, read = process.quote, process.run, process.read_file

local plain = not process.sanitized -- a sanitized library wants its runtime, and is not what one installs

-- R(rho_t) of Fig. 1 at t = 0, 1, 2, 5, 10, solved independently (the first by quadrature in |x|) to 5 digits.
local known = { { 0, 1.70448 }, { 1, 1.07061 }, { 2, 1.01143 }, { 5, 0.69969 }, { 10, 0.17532 } }

-- What the C example prints; both sides are rounded to 5e-6.
local function assert_known(text)
  local count = 0
  for t, risk in text:gmatch "(%S+) (%S+)\n" do
    count = count + 1
    assert.equal(known[count][1], tonumber(t))
    assert.near(known[count][2], tonumber(risk), 1.01e-5)
  end
  assert.equal(#known, count, text)
end

local function succeed(command)
  local result = run(command)
  assert.equal(0, result.code, result.out .. result.err)
  return result.out, result.err
end

describe("an installed meanfield", function()
  local prefix

  setup(function() -- installed, then moved
    local folder = process.folder()
    succeed(("cmake --install %s --prefix %s/first"):format(quote(process.build), folder))
    succeed(("mv %s/first %s/moved"):format(folder, folder))
    prefix = folder .. "/moved"
  end)

  teardown(process.clean)

  it("is whole, with its licence, and knows nothing of where it was built", function()
    for _, path in ipairs { "bin/meanfield", "lib/lua/5.4/meanfield.so", "share/meanfield/lua/meanfield/init.lua",
                            "share/meanfield/experiments/fig1.lua", "lib/libmeanfield.a",
                            "include/meanfield/meanfield.h", "lib/pkgconfig/meanfield.pc",
                            "lib/cmake/meanfield/meanfield-config-version.cmake",
                            "share/man/man1/meanfield.1", "share/bash-completion/completions/meanfield",
                            "share/doc/meanfield/copyright", "share/doc/meanfield/README.md",
                            "share/doc/meanfield/docs/guide.md", "share/doc/meanfield/docs/images/fig1.png" } do
      assert.truthy(read(prefix .. "/" .. path), path)
    end
    assert.equal(read "LICENSE", read(prefix .. "/share/doc/meanfield/LICENSE"))
    if plain then assert.equal("", run(("grep -rlF %s %s"):format(quote(process.top), prefix)).out) end
  end)

  it("runs from a prefix that was moved", function()
    local script = 'print(debug.getinfo(require "meanfield.plot".from, "S").source)'
    local out = succeed(("cd / && env -i %s/bin/meanfield -e %s"):format(prefix, quote(script)))
    assert.truthy(out:find("@" .. prefix .. "/share/meanfield/lua/meanfield/plot/", 1, true), out)
  end)

  it("has a library whose names begin with mf_", function()
    local names = succeed(("nm -g --defined-only %s/lib/libmeanfield.a"):format(prefix))
    local count = 0
    for kind, name in names:gmatch "%x+ (%u) (%S+)\n" do
      if not name:find "^__?odr_asan" then assert.matches("^mf_", name, 1, false, kind) end
      count = count + 1
    end
    assert.truthy(count > 200)
  end)

  local example = "docs/c"

  it("shows its example in C as it is, in 40 lines", function()
    local text = read(example .. "/fig1.c")
    assert.truthy(read "docs/c.md":find("```c\n" .. text .. "```", 1, true))
    assert.truthy(select(2, text:gsub("\n", "")) <= 40)
  end)

  if plain then
    it("solves Fig. 1's PDE from C by pkg-config", function()
      local source, binary = quote(prefix .. "/share/doc/meanfield/" .. example .. "/fig1.c"), prefix .. "/fig1"
      succeed(("export PKG_CONFIG_PATH=%s/lib/pkgconfig; test $(pkg-config --modversion meanfield) = %s && cc -std=c11 "
        .. "-Wall -Wextra -Werror %s -o %s $(pkg-config --cflags --libs meanfield)"):format(prefix, mf._VERSION, source,
        binary))
      assert_known(succeed(binary))
    end)

    it("solves Fig. 1's PDE from C by find_package, of its own minor version only", function()
      local build, at = prefix .. "/b", "-DCMAKE_PREFIX_PATH=" .. prefix
      succeed(("cmake -S %s/share/doc/meanfield/%s -B %s %s"):format(prefix, example, build, at))
      succeed("cmake --build " .. build)
      assert_known(succeed(build .. "/fig1"))
      process.write_file(prefix .. "/CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.18)\nproject(old LANGUAGES C)\nfind_package(meanfield 0.1 REQUIRED)\n")
      local refused = run(("cmake -S %s -B %s/old %s"):format(prefix, prefix, at))
      assert.not_equal(0, refused.code)
      assert.matches("version: " .. mf._VERSION, refused.err, 1, true)
    end)
  end

  -- ---- the command line's manual and completion ----------------------------------------------------

  -- What bash offers behind `meanfield` and these words, the last one unfinished.
  local function offered(...)
    local words = { prefix .. "/bin/meanfield", ... }
    local quoted = {}
    for i, word in ipairs(words) do quoted[i] = quote(word) end
    local script = ([[. %s/share/bash-completion/completions/meanfield
      COMP_WORDS=(%s) COMP_CWORD=%d
      _meanfield %s %s %s
      printf '%%s\n' "${COMPREPLY[@]}"]]):format(prefix, table.concat(quoted, " "), #words - 1, quoted[1],
      quoted[#words], quoted[#words - 1])
    local set = {}
    for line in succeed("bash -c " .. quote(script)):gmatch "[^\n]+" do set[line] = true end
    return set
  end

  it("completes options, scripts, and what an experiment takes", function()
    local options = offered("-")
    assert.truthy(options["--threads"] and options["--version"] and options["-e"])
    assert.same({ ["--help"] = true }, offered("--he"))
    assert.truthy(offered("--threads", "")["1"])
    assert.same({ ["experiments/fig1.lua"] = true }, offered("experiments/fig1"))
    local behind = offered("--threads", "2", "experiments/fig1.lua", "--")
    assert.truthy(behind["--quick"] and behind["--set"] and behind["--out"] and behind["--help"])
    assert.same({ ["seed="] = true, ["seeds="] = true }, offered("experiments/fig1.lua", "--set", "see"))
    assert.same({ ["docs/guide.md"] = true }, offered("experiments/fig1.lua", "--out", "docs/gui"))
  end)

  it("completes commands and what stands behind them", function()
    assert.truthy(offered("re").results and offered("re").reproduce)
    assert.same({ install = true }, offered("kernel", "ins"))
    assert.same({ logistic = true }, offered("run", "log"))
    assert.same({ ["seed="] = true, ["seeds="] = true }, offered("run", "fig1", "--set", "see"))
    assert.truthy(offered("run", "fig1", "--")["--fresh"])
    assert.same({ ["--jobs"] = true }, offered("reproduce", "--j"))
    assert.same({ logistic = true }, offered("reproduce", "fig1", "log"))
    assert.same({ ["--where"] = true }, offered("results", "--w"))
  end)

  it("starts no script that is not an experiment for its completion", function()
    process.write_file(prefix .. "/s.lua", "os.execute 'touch " .. prefix .. "/started'")
    assert.same({}, offered(prefix .. "/s.lua", "--"))
    assert.is_nil(read(prefix .. "/started"))
  end)

  it("has a manual page that knows every command and option of --help", function()
    local manual, count = read(prefix .. "/share/man/man1/meanfield.1"):gsub("\\f%u", ""):gsub("\\%-", "-"), 0
    assert.truthy(manual:find("meanfield " .. mf._VERSION, 1, true))
    for _, arguments in ipairs { "--help", "experiments/fig1.lua --help" } do
      for line in succeed(prefix .. "/bin/meanfield " .. arguments):gmatch "[^\n]+" do
        local option = line:match "^ *(%-%-?[%a-]*)%f[ \n\0]"
        if option and option ~= "" then
          count = count + 1
          assert.truthy(manual:find("\n%.BI? \"?" .. option:gsub("%-", "%%-") .. "%f[%s\"]"), option)
        end
      end
    end
    assert.truthy(count > 10)
    local commands = succeed(prefix .. "/bin/meanfield --help"):match "Commands are:\n(.*)"
    count = 0
    for command in commands:gmatch "  (%l+) [^\n]*\n" do
      count = count + 1
      assert.truthy(manual:match("\n%.SH COMMANDS\n.*\n%.B[RI]? \"?" .. command .. "%f[%s\"]"), command)
      for option in succeed(prefix .. "/bin/meanfield " .. command .. " --help"):gmatch "%-%-%l+" do
        assert.truthy(manual:find(option, 1, true), command .. " " .. option)
      end
    end
    assert.truthy(count >= 5)
  end)

  -- ---- packages --------------------------------------------------------------------------------------

  -- Whether the package that has a library is in a list of dependencies, by its name or as one of a kind
  -- (libopenblas0-pthread is a libopenblas0).
  local function depended_on(library, depends)
    local path = process.line("ldconfig -p | sed -n 's/.*" .. library .. " .* => //p'")
    local owner = succeed(("dpkg -S %s 2>/dev/null || dpkg -S $(readlink -f %s)"):format(path, path)):match "^[%w.+-]+"
    for name in depends:gmatch "[^,|%s]+" do
      if owner == name or owner:find(name .. "-", 1, true) == 1 then return true end
    end
    return false
  end

  if plain then
    it("makes Debian packages that run where they are unpacked and depend on what they load", function()
      local folder = process.folder()
      succeed(("cpack --config %s/CPackConfig.cmake -B %s"):format(quote(process.build), folder))
      local deb = ("%s/meanfield_%s_%s.deb"):format(folder, mf._VERSION, process.line "dpkg --print-architecture")
      succeed(("dpkg-deb -x %s %s/root"):format(deb, folder))
      local program = folder .. "/root/usr/bin/meanfield"
      assert.matches("\ntheorem1 +Theorem 1", succeed("cd / && env -i " .. program .. " list"))
      local out = succeed(("cd / && env -i PATH=$PATH %s run theorem1 --quick --out %s/out"):format(program, folder))
      assert.matches("pass", out)
      assert.truthy(read(folder .. "/out/theorem1.png"))
      local depends = succeed("dpkg-deb -f " .. deb .. " Depends")
      local loaded = ("objdump -p %s %s/root/usr/lib/lua/5.4/meanfield.so | sed -n 's/.*NEEDED *//p' | sort -u")
      for library in succeed(loaded:format(program, folder)):gmatch "%S+" do
        assert.truthy(depended_on(library, depends), library .. " is not in " .. depends)
      end
      assert.matches("gnuplot%-nox", depends)
      local list = succeed("dpkg-deb -c " .. deb)
      assert.is_nil(list:find("libmeanfield", 1, true) or list:find("meanfield_mpi", 1, true))
      assert.matches("./usr/share/man/man1/meanfield.1", list, 1, true)
      for package in succeed("ls " .. folder):gmatch "([%a-]+)_[^\n]*%.deb" do
        local files = succeed(("dpkg-deb -c %s/%s_*.deb"):format(folder, package))
        assert.truthy(files:find("/doc/" .. package .. "/copyright", 1, true), package)
      end
      assert.matches("./usr/include/meanfield/meanfield.h",
        succeed("dpkg-deb -c " .. folder .. "/libmeanfield-dev_*.deb"), 1, true)
    end)
  end
end)
