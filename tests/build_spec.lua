-- How the program is put together: layers, the BLAS in use, the loadable module, installation.
local process = require "tests.process"
local mf = require "meanfield"
local quote, run = process.quote, process.run

-- A stock interpreter with our module on its path; a sanitized module wants its runtime first.
local function stock(cpath)
  local runtime = "LD_PRELOAD=\"$(gcc -print-file-name=libasan.so)\" ASAN_OPTIONS=detect_leaks=0 "
  return (process.sanitized and runtime or "") .. "LUA_CPATH=" .. quote(cpath) .. " lua5.4"
end

describe("build", function()
  teardown(process.clean)

  it("keeps the core free of Lua and of the terminal", function()
    local symbols = run("nm -u " .. quote(process.build .. "/libmeanfield.a"))
    assert.equal(0, symbols.code)
    assert.matches("cblas_", symbols.out) -- nm saw the archive
    assert.is_nil(symbols.out:match "[^\n]*U luaL?_[^\n]*" or symbols.out:match "readline")
    local grep = "grep -lE '#include *[<\"](lua|lauxlib|lualib|readline)' "
    local includes = run(grep .. "-r " .. quote(process.top .. "/src/core"))
    assert.equal("", includes.out)
  end)

  it("lets the rooms of the core include only what lies below them", function()
    local floor = { base = 1, measure = 2, model = 2, network = 3, potentials = 4, sgd = 4, limit = 5,
                    proof = 6 }
    local rooms, includes = 0, 0
    for path in run("ls -d " .. quote(process.top .. "/src/core") .. "/*/").out:gmatch "([%w_]+)/\n" do
      assert.truthy(floor[path], path .. " has no floor")
      rooms = rooms + 1
    end
    local found = run("cd " .. quote(process.top .. "/src") .. " && grep -rnoE '#include \"core/[^\"]+' core").out
    for file, from, to in found:gmatch '(core/([%w_]+)/[^\n:]+):[^"]*"core/([%w_]+)/' do
      includes = includes + 1
      assert.truthy(from == to or floor[from] > floor[to], file .. " includes " .. to .. ", which does not lie below")
    end
    assert.equal(8, rooms)
    assert.truthy(includes > 30)
  end)

  it("takes cblas_dgemm from OpenBLAS, in the host and in the module", function()
    assert.matches("libopenblas", (select(2, mf.blas())))
    local module = run(stock(process.build .. "/?.so") .. [[ -e 'print(select(2, require "meanfield".blas()))']])
    assert.matches("libopenblas", module.out)
  end)

  it("exports one symbol from meanfield.so and links no Lua of its own", function()
    local so = quote(process.build .. "/meanfield.so")
    local symbols = run("nm -D --defined-only " .. so .. " | awk '{ print $3 }'")
    assert.equal("luaopen_meanfield\n", symbols.out)
    assert.is_nil(run("ldd " .. so).out:find "liblua")
  end)

  it("loads into a stock lua5.4, with the same results as the host", function()
    local script = [[local mf = require "meanfield"
      local law = mf.distribution.isotropic { d = 5, delta = 0.5 }
      local sgd = mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 10,
        init = mf.init.gaussian { kappa = 1 }, eps = 1e-3 }
      sgd:advance(0.1)
      print(("%a"):format(sgd:weights()[3][2]), require "meanfield.plot", package.path)]]
    local in_host = run(quote(process.host) .. " -e " .. quote(script))
    local in_stock = run(stock(process.build .. "/?.so") .. " -e " .. quote(script))
    assert.equal("", in_stock.err)
    local function settle(text) return (text:gsub("0x%x%x%x%x%x+\t", "\t")) end
    assert.equal(settle(in_host.out), settle(in_stock.out))
  end)

  it("stops a native loop in a stock lua5.4 by Ctrl-C, as an error", function()
    local script = [[local mf = require "meanfield"
      local law = mf.distribution.isotropic { d = 5, delta = 0.5 }
      local sgd = mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 10,
        init = mf.init.gaussian { kappa = 1 }, eps = 1e-9 }
      ]] .. process.ctrl_c(0.3) .. [[ print(pcall(sgd.advance, sgd, 1e6))
      local k = sgd.k
      sgd:step(5)
      print(sgd.k - k)]]
    local result = run("timeout 100 env " .. stock(process.build .. "/?.so") .. " -e "
      .. quote(script))
    assert.matches("^false\tsgd:advance: interrupted\n5\n$", result.out)
  end)

  it("stops one step of a large batch by Ctrl-C inside: the state stays, the same step follows", function()
    local script = [[local mf = require "meanfield"
      local law = mf.distribution.isotropic { d = 400, delta = 0.5 }
      local function start(options)
        options.distribution, options.activation = law, mf.activation.relu()
        options.init = mf.init.gaussian { kappa = 0.4 }
        options.N, options.eps, options.batch, options.algorithm = 200, 1e-4, 8000, "plain"
        return mf.sgd(options)
      end
      local function state(s)
        local bits = {}
        local function add(x)
          if type(x) == "table" then for _, y in ipairs(x) do add(y) end else bits[#bits + 1] = string.pack("n", x) end
        end
        for _, part in ipairs { s:weights() } do add(part:totable()) end
        add(s:measure():weights():totable())
        return table.concat(bits)
      end
      for _, options in ipairs { { neuron = "affine" }, { beta = 1e3, precision = "single" },
                                 { neuron = "affine", momentum = 0.5, birth_death = 1 } } do
        local whole, clock = start(options), os.clock()
        whole:step()
        clock = os.clock() - clock
        local s = start(options)
        local before = state(s)
        local given_up, least = 0, math.huge
        for try = 1, 12 do -- a busy machine may deliver the signal when the step is done
          local share = (try % 4) / 4 + 0.05
          os.execute(("(sleep %g; kill -INT $PPID) >/dev/null 2>&1 &"):format(share * clock))
          local began = os.clock()
          local ok, message = pcall(function() s:step() while true do end end)
          assert(not ok and message:find "interrupted", message)
          if s.k == 0 then
            given_up, least = given_up + 1, math.min(least, os.clock() - began)
            assert(state(s) == before, "a step by half")
          else
            s = start(options)
          end
          if try >= 4 and given_up >= 3 and least < clock / 2 then break end
        end
        assert(given_up >= 3 and least < clock / 2, least / clock)
        s:step()
        assert(state(s) == state(whole), "other bits")
      end
      print "same"]]
    local result = run("timeout 100 env " .. stock(process.build .. "/?.so") .. " -e " .. quote(script))
    assert.equal("same\n", result.out, result.err)
  end)

  it("stops loops without steps, too: a stock lua5.4 has no handler of its own there", function()
    local script = [[local mf = require "meanfield"
      local x = {}
      for i = 1, 2000 do x[i] = { i, i * i % 7 } end
      local m = mf.measure { x = x, space = "plain" }
      ]] .. process.ctrl_c(0.3) .. [[ print(pcall(mf.transport.sliced, m, m, { directions = 1000000 }))
      print "usable"]]
    local result = run("timeout 100 env " .. stock(process.build .. "/?.so") .. " -e "
      .. quote(script))
    assert.matches("^false\tmf.transport.sliced: interrupted\nusable\n$", result.out)
  end)

  it("stops while the memory of a large run is being cleared", function()
    local wait = process.sanitized and 10 or 0.1 -- until the memory is there: before, stock Lua has the signal
    local script = [[local mf = require "meanfield"
      local law = mf.distribution.isotropic { d = 10000000, delta = 0.5 }
      ]] .. process.ctrl_c(wait) .. [[ print(pcall(mf.sgd, { distribution = law, activation = mf.activation.tanh(),
        N = 40, init = mf.init.gaussian { kappa = 1 }, eps = 1e-9 }))]]
    local result = run("timeout 100 env " .. stock(process.build .. "/?.so") .. " -e " .. quote(script))
    assert.matches("interrupted", result.out .. result.err)
  end)

  it("stops while samples and radii are drawn for what is being made", function()
    local law = "local mf = require 'meanfield' local law = mf.distribution.isotropic { d = %d, delta = 0.5 } "
                .. "local sigma, init = mf.activation.relu(), mf.init.gaussian { kappa = 1 } "
    for name, script in pairs {
      ["mf.potential.sampled"] = law:format(1000) .. process.ctrl_c(0.5)
        .. "mf.potential.sampled { distribution = law, activation = sigma, samples = 400000 }",
      ["mf.pde.particles"] = law:format(40) .. "local potential = mf.potential.radial { distribution = law, "
        .. "activation = sigma } " .. process.ctrl_c(0.5)
        .. "mf.pde.particles { potential = potential, init = init, J = 5000000 }",
    } do
      assert.matches(name .. ": interrupted", run(quote(process.host) .. " -e " .. quote(script)).err)
    end
  end)

  it("leaves Ctrl-C to a stock lua5.4 after an error in a function that a native loop called", function()
    local script = [[local mf = require "meanfield"
      local law = mf.distribution.custom { d = 2, sample = function() error "no sample" end }
      local sgd = mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 2,
        init = mf.init.gaussian { kappa = 1 }, eps = 0.1 }
      print(pcall(sgd.step, sgd))
      print(pcall(sgd.risk, sgd, { samples = 2 }))
      io.stdout:flush()
      ]] .. process.ctrl_c(0.1) .. [[ while true do end]]
    local result = run("timeout 100 env " .. stock(process.build .. "/?.so") .. " -e "
      .. quote(script))
    assert.matches("no sample.*no sample", result.out)
    assert.matches("interrupted!", result.err)
  end)

  it("works where cmake --install puts it", function()
    local prefix = process.folder()
    local install = run(("cmake --install %s --prefix %s"):format(quote(process.build), quote(prefix)))
    assert.equal(0, install.code, install.err)
    local script = quote [[local mf = require "meanfield"
      print(mf._VERSION, debug.getinfo(require "meanfield.run.plain".encode, "S").source)]]
    for _, program in ipairs { quote(prefix .. "/bin/meanfield"), stock(prefix .. "/lib/lua/5.4/?.so") } do
      local result = run("cd / && " .. program .. " -e " .. script)
      assert.equal("", result.err)
      assert.matches(prefix .. "/share/meanfield/lua/meanfield/", result.out, 1, true)
    end
    assert.equal("", run("find " .. quote(prefix) .. " -path '*/lua/5.4/*.lua'").out) -- see the next test
    local prompt = run(quote(prefix .. "/bin/meanfield") .. " -i | tail -n 2", "6 * 7\n")
    assert.equal("42\n> \n", prompt.out)
  end)

  it("is found by a stock lua5.4 after an install into the default prefix", function()
    local enter = "unshare -m" -- a private view of the file system
    if run(enter .. " true").code ~= 0 then enter = "unshare -rm" end
    if run(enter .. " true").code ~= 0 then return pending "no private mounts here" end
    local stage = quote(process.folder())
    local install = run(("DESTDIR=%s cmake --install %s"):format(stage, quote(process.build)))
    assert.equal(0, install.code, install.err)
    local prefix = run(("sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' %s/CMakeCache.txt"):format(quote(process.build))).out
    prefix = prefix:match "[^\n]+"
    assert.equal("/usr/local", prefix)
    local program = stock "" :gsub("LUA_CPATH=''", "env -u LUA_PATH -u LUA_CPATH")
    local result = run(enter .. " sh -c " .. quote(("mount --bind %s%s %s && cd / && %s -e '%s'"):format(stage, prefix,
      prefix, program, 'print(require "meanfield"._VERSION, require "meanfield.plot" ~= nil)')))
    assert.equal("", result.err)
    assert.equal(mf._VERSION .. "\ttrue\n", result.out)
  end)
end)
