-- The host against lua5.4: same command lines, same output, same exit codes; Lua's own test of its interpreter
-- (main.lua of 5.4) passes with it as it is. And the prompt, on a terminal of its own.
local process = require "tests.process"
local quote = process.quote

-- Both interpreters under one name, so that messages and `arg` are the same.
local function both(command, input)
  local results = {}
  for i, program in ipairs { process.line "command -v lua5.4", process.host } do
    local folder = process.folder()
    os.execute(("ln -s %s %s/lua"):format(quote(program), folder))
    process.write_file(folder .. "/script.lua", 'print(..., #arg, arg[0], arg[1], arg[-1], arg[-2], arg[-3])\n')
    process.write_file(folder .. "/fail.lua", "local function f() error 'no' end\nf()\n")
    process.write_file(folder .. "/lib.lua", "return { name = ... }\n")
    local clean = "cd %s; unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_CPATH; %s"
    results[i] = process.run(clean:format(quote(folder), command), input)
  end
  return results[1], results[2]
end

local alike = {
  ["arguments and negative indices"] = {
    "./lua -W -e 'x = 1' script.lua a b",
    "./lua script.lua",
    "./lua -- script.lua -x",
    "./lua - a b",
    "./lua -e 'print(#arg, arg[0], arg[1], arg[-1])'",
    "./lua nofile.lua",
    "./lua -E script.lua a",
    "./lua -e 'arg = 3' script.lua",
    "./lua -e 'arg = {5, 6}' script.lua",
  },
  ["-e and -l"] = {
    "./lua -e'print(1)' -e 'print(2)'",
    "./lua -l lib -e 'print(lib.name)'",
    "./lua -llib -e 'print(lib.name)'",
    "./lua -l g=lib -e 'print(g.name, lib)'",
    "./lua -l nothing",
    "./lua -e 'x ='",
    "./lua -e 'error{}'",
    "./lua -e 'error()'",
    "./lua -e 'error(setmetatable({}, {__tostring = function() return \"E\" end}))'",
    "./lua -e 'print(1)' -l nothing -e 'print(2)'",
  },
  ["errors and exit codes"] = {
    "./lua fail.lua",
    "./lua -e 'os.exit(3)'",
    "./lua -e 'os.exit(false)'",
    "./lua -e 'os.exit(true, true)'",
    "./lua -e 'local t <close> = setmetatable({}, {__close = function() print(1) end}) os.exit(2, true)'",
    "./lua -e 'error(\"x\", 0)'",
    "./lua -e 'coroutine.wrap(function() error \"in\" end)()'",
  },
  ["standard input"] = {
    "./lua",
    "./lua -",
    "./lua - x y",
    "./lua -i - 2>&1 | tail -n 1",
    "./lua -e 'print = nil' -i 2>&1 >/dev/null",
    "./lua -e 'print = function() error{} end' -i 2>&1 >/dev/null",
    "./lua -e '_PROMPT, _PROMPT2 = \"\", \"\"' -i 2>&1",
  },
  ["interactive input from a file"] = { -- the session that Lua's own tests hold
    "printf '%s\\n' '(6*2-6) -- ===' 'a =' 10 'print(a)' a | ./lua -e '_PROMPT, _PROMPT2 = \"\", \"\"' -i",
    "printf 'a = [[b\\nc\\nd\\ne]]\\n=a' | ./lua -e '_PROMPT, _PROMPT2 = \"\", \"\"' -i",
    "printf ' --\\na = 2\\n' | ./lua -e 'local C = 0 _PROMPT = setmetatable({}, {__tostring = function() C = C + 1 "
      .. "return C end})' -i",
    "printf 'function f(x)\\n\\nlocal a = [[\\nx\\n]]\\nif x then return 1, 2\\n end\\nend\\nf(1)\\nf()\\n' | ./lua -i",
  },
  ["what else Lua's own test of the interpreter looks at"] = {
    "printf '\\357\\273\\277# comment\\nprint(3)' > bom.lua; ./lua bom.lua",
    "printf '\\357\\273print(3)' > bom.lua; ./lua bom.lua 2>&1 | grep -c 'unexpected symbol'",
    "printf '#comment without an end' > c.lua; ./lua c.lua",
    "./lua -e 'io.output \"f\" io.write(string.dump(load \"print(3)\"))' && (echo '#c'; cat f) > g; ./lua g",
    "./lua -e 'io.output \"f\" io.write \"alo\"'; cat f",
    "echo 'io.stderr:write(1000)\ncont' | ./lua -e 'require \"debug\".debug()'",
    "LUA_PATH='a;;b' ./lua -e 'print(package.path)'",
    "env -i ./lua -E -e 'print(package.path, package.cpath)'",
    "./lua -W -e 'u = setmetatable({}, {__gc = function() error \"XYZ\" end})'",
    "./lua -W -e 'setmetatable({}, {__gc = function() print(1, collectgarbage()) os.exit(0, true) end})'",
    "echo | ./lua -e 'arg = 1' -",
    "echo 'print(...)' | ./lua -e 'arg[1] = 100' -",
    "./lua -e 'print(pcall(warn)) print(pcall(warn, 1, {}))'",
    "./lua -vv", "./lua -iv", "./lua ---", "./lua -h",
  },
  ["environment"] = {
    "LUA_INIT='print(1)' ./lua -e 'print(2)'",
    "LUA_INIT='error(1)' ./lua -e 'print(2)'",
    "LUA_INIT=@fail.lua ./lua -e 'print(2)'",
    "LUA_INIT='print(1)' LUA_INIT_5_4='print(54)' ./lua -e ''",
    "LUA_INIT='print(1)' ./lua -E -e 'print(2)'",
    "LUA_PATH='./?.x;;' ./lua -e 'print(package.path)'",
    "LUA_CPATH_5_4='./?.y;;' ./lua -e 'print(package.cpath)'",
    "LUA_PATH=q ./lua -E -e 'print(package.path, package.cpath)'",
    "./lua -e 'print(package.path, package.cpath)'",
    "LUA_PATH=none ./lua -l lib",
  },
  ["warnings"] = {
    "./lua -W -e 'warn(\"a\", \"b\") warn \"@off\" warn \"c\"'",
    "./lua -e 'warn \"@on\" warn \"c\"'",
    "./lua -e 'warn \"c\"'",
  },
  ["coroutines"] = {
    "./lua -e 'print(pcall(coroutine.wrap(function() error \"e\" end)))'",
    "./lua -e 'local f = coroutine.wrap(function() return 1 end) print(f(), pcall(f))'",
    "./lua -e 'local f f = coroutine.wrap(function() return f() end) print(pcall(f))'",
    "./lua -e 'local f = coroutine.wrap(function() local t <close> = setmetatable({}, {__close = print}) error{} end) "
      .. "print(pcall(f, 1))'",
    "./lua -e 'print(pcall(coroutine.resume, 1), coroutine.resume(coroutine.running()))'",
    "./lua -e 'print(pcall(coroutine.wrap, 1))'",
    "./lua -e 'for i in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i, i) end end) do print(i) end'",
    "./lua -e 'local co = coroutine.create(function(a) return coroutine.yield(a + 1) end) "
      .. "print(coroutine.resume(co, 1)) print(coroutine.resume(co, 5)) print(coroutine.resume(co))'",
    "./lua -e 'print(collectgarbage \"incremental\", coroutine.isyieldable(), select(2, coroutine.running()))'",
  },
  ["bad command lines"] = {
    "./lua -x",
    "./lua -e",
    "./lua -l",
    "./lua -e -v",
    "./lua -vi",
    "./lua -Ex",
    "./lua --x",
  },
}

describe("host", function()
  teardown(process.clean)

  for what, commands in pairs(alike) do
    it("does as lua5.4 does: " .. what, function()
      for _, command in ipairs(commands) do
        local expected, got = both(command, "print('from stdin', ...)\nerror 'here'\n")
        -- Our usage and version have lines more; addresses differ from run to run.
        local function settle(text)
          return (text:gsub("0x%x+", "0x"):gsub("\n  %-%-threads.*", "\n"):gsub("\nmeanfield [%d.]+\n", "\n"))
        end
        local function first(text) return text:match "usage:" and text:match "^[^\n]*" or settle(text) end
        assert.equal(settle(expected.out), settle(got.out), command)
        assert.equal(first(expected.err), first(got.err), command)
        assert.equal(expected.code, got.code, command)
      end
    end)
  end

  it("-v names Lua's version alone, as scripts expect, --version ours too; -i evaluates lines", function()
    local host = quote(process.host)
    local lua = process.run("lua5.4 -v").out
    assert.equal(lua, process.run(host .. " -v").out)
    assert.matches("\nmeanfield %d+%.%d+%.%d+\nGSL %d[%d.]+\nOpenBLAS %d[%d.]+ %(%w+%)\nHDF5 1[%d.]+\n$",
                   process.run(host .. " --version").out)
    local session = process.run(host .. " -i",
      "x = 6\nx * 7\n= x\nfor i = 1, 1 do\nprint 'in'\nend\nmf._VERSION\nerror 'no'\n")
    assert.matches("> x = 6\n> x %* 7\n42\n> = x\n6\n> for i = 1, 1 do\n>> print 'in'\n>> end\nin\n> mf._VERSION\n"
      .. "%d+%.%d+%.%d+\n> error 'no'\n> \n$", session.out)
    assert.matches("^stdin:1: no\nstack traceback", session.err)
    assert.equal(0, session.code)
  end)

  it("--threads sets the threads of native loops and refuses what is no number", function()
    local host = quote(process.host)
    assert.equal("3\n", process.run(host .. " --threads 3 -e 'print(require[[meanfield]].threads())'").out)
    assert.equal("2\n", process.run(host .. " --threads=2 -e 'print(require[[meanfield]].threads())'").out)
    for _, bad in ipairs { "0", "x", "1.5", "" } do
      local result = process.run(host .. " --threads '" .. bad .. "' -e ''")
      assert.equal(1, result.code)
      assert.matches("'--threads' needs a number from 1 to 256", result.err, 1, true)
    end
  end)

  it("gives scripts meanfield by require and no global of its own, and -e without a script mf", function()
    local host, none = quote(process.host), process.folder() .. "/none.lua"
    process.write_file(none, "")
    local names = "-e 'for k in pairs(_G) do print(k) end' "
    local lua = process.run("lua5.4 " .. names .. "| sort").out
    assert.equal(lua, process.run(host .. " " .. names .. none .. "| sort").out)
    assert.equal(lua, (process.run(host .. " " .. names .. "| sort").out:gsub("mf\n", "")))
    assert.equal("nil\n", process.run(host .. " -", "print(mf)").out)
    local result = process.run(host .. " -e 'print(mf == require[[meanfield]], mf._VERSION)'")
    assert.matches("^true\t%d", result.out)
  end)

  it("Ctrl-C ends a script with an error and a traceback, also inside coroutines and pcall", function()
    for _, loop in ipairs { "while true do end", "coroutine.wrap(function() while true do end end)()",
      "while true do pcall(function() while true do end end) end",
      "local co = coroutine.create(function() while true do end end) coroutine.resume(co) while true do end" } do
      local result = process.run(("timeout 100 %s -e %s"):format(quote(process.host),
        quote(process.ctrl_c(0.1) .. loop)))
      assert.matches("interrupted!", result.err)
      assert.matches("stack traceback", result.err)
      assert.equal(130, result.code)
    end
    local piped = process.run(quote(process.host), process.ctrl_c(0.1) .. "while true do end")
    assert.equal(130, piped.code)
  end)

  it("Ctrl-C ends a shell's loop around a script too, and not before what it has said is out", function()
    local to_both = process.ctrl_c(0.1):gsub("kill %-INT", "%0 $(ps -o ppid= -p $PPID)")
    local loop = ("for i in 1 2; do %s -e %s; done"):format(quote(process.host), quote("io.stdout:setvbuf 'full' "
      .. "io.write 'once' " .. to_both .. "while true do end"))
    local result = process.run("bash -c " .. quote(loop))
    assert.equal("once", result.out)
  end)

  it("kill -INT reaches a script in the background, whose pcall may end it, as lua5.4 has it", function()
    local result = process.run("cd " .. process.folder() .. "; : >out; " .. quote(process.host) .. " -e " .. quote [[
      pcall(function() print(12) io.stdout:flush() while true do end end) print(42)]]
      .. " >out & pid=$!; until grep -q 12 out; do sleep 0.02; done; kill -INT $pid; wait $pid; cat out")
    assert.matches("^12\n42\n", result.out)
  end)

  it("Ctrl-C at the terminal is not for a script in the background", function()
    local t = process.terminal("sh -c " .. quote(quote(process.host) .. " -e " .. quote [[
      print 'on' local t = os.clock() while os.clock() - t < 0.7 do end print 'end'
    ]] .. " & wait; wait; wait; echo all"))
    t:wait "on"
    t:type "\3"
    t:wait "end"
    t:close()
  end)

  it("Ctrl-C leaves the script time to clean up", function()
    for loop, message in pairs { ["while true do end"] = "interrupted!",
                                 ["sgd:advance(1e9)"] = "advance: interrupted",
                                 ["coroutine.wrap(function() while true do end end)()"] = "interrupted!" } do
      local result = process.run(("timeout 100 %s -e %s"):format(quote(process.host), quote([[
        local sgd = mf.sgd { distribution = mf.distribution.isotropic { d = 10, delta = 0.5 }, N = 20, eps = 1e-4,
                             activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 } }
        local t <close> = setmetatable({}, { __close = function()
          local s = 0 for i = 1, 1000 do s = s + i end print(s)
        end }) ]] .. process.ctrl_c(0.2) .. loop)))
      assert.equal("500500\n", result.out)
      assert.matches(message, result.err)
    end
  end)
end)

describe("prompt", function()
  local folder

  local function start()
    folder = folder or process.folder()
    local t = process.terminal(("TERM=xterm XDG_STATE_HOME=%s INPUTRC=/dev/null %s"):format(folder,
      quote(process.host)))
    t:wait "> "
    return t
  end
  local function finish(t)
    t:type "\4"
    t:close()
  end
  teardown(process.clean)

  it("prints results without return, keeps the last one, reads chunks of several lines", function()
    local t = start()
    t:type "6 * 7\n" t:wait "\n42\n"
    t:type "_ + 1\n" t:wait "\n43\n"
    t:type "for i = 7, 7 do\n" t:wait ">> "
    t:type "print('i', i)\n" t:wait ">> "
    t:type "end\n" t:wait "\ni\t7\n"
    t:type "mf.schedule.power(2)(3)\n" t:wait "\n9.0\n"
    t:type "error 'no'\n" t:wait "stdin:1: no"
    t:type "11 + 11;\n" t:wait "> "
    t:type "'next' .. 1\n"
    assert.is_nil(t:wait "next1":find("22", 1, true))
    finish(t)
  end)

  it("shows a traceback where it says more than the line that was typed", function()
    local t = start()
    t:type "mf.init.gaussian { kappa = -3 }\n" t:wait "got -3\n"
    assert.is_nil(t:wait "> ":find("traceback", 1, true))
    t:type "mf.plto()\n" t:wait "did you mean 'plot'?)\n"
    assert.is_nil(t:wait "> ":find("traceback", 1, true))
    t:type "function f(x) error('bo' .. 'om') end\n" t:wait "> "
    t:type "f(1)\n" t:wait "stdin:1: boom\n" t:wait "traceback" t:wait "in function 'f'"
    t:type "print('o' .. 'n') while true do end\n" t:wait "\non\n" t:type "\3" t:wait "interrupted!\n"
    t:type "1 + 1\n"
    assert.is_nil(t:wait "\n2\n":find("traceback", 1, true))
    finish(t)
  end)

  it("prints the expression after the last ';' of a line", function()
    local t = start()
    t:type "w = 20; w + 2\n" t:wait "\n22\n"
    t:type "local q = 5; q, q\n" t:wait "\n5\t5\n"
    t:type "w = 3; math.max(w, 33)\n" t:wait "\n33\n"
    t:type "w = 40; w + 4;\n" t:wait "> "
    t:type "s = 'a; b'; #s .. 'long'\n"
    assert.is_nil(t:wait "4long":find("44", 1, true))
    t:type "for i = 1, 2 do w = i; print('w', w) end\n" t:wait "\nw\t1\nw\t2\n" -- no return within the loop
    t:type "mf.array{{1, 2}, {3, 4}}, mf.array{7}\n" t:wait "\nmf.array of 1:  7\n" -- on a line of its own
    finish(t)
  end)

  it("remembers what was typed, once, in the next start", function()
    local t = start()
    t:type "'remember' .. 'ed'\n" t:wait "remembered"
    t:type "'remember' .. 'ed'\n" t:wait "remembered"
    finish(t)
    local history
    for _ = 1, 1000 do
      history = process.read_file(folder .. "/meanfield/history") or ""
      if history:find("remember", 1, true) then break end
      os.execute "sleep 0.02"
    end
    local _, count = history:gsub("'remember' %.%. 'ed'", "")
    assert.equal(1, count)
    t = start()
    t:type "\27[A\n" t:wait "\n\"remembered\""
    finish(t)
  end)

  it("takes a pasted block as one chunk, or line by line if it is none", function()
    local t = start()
    t:type "\27[200~for i = 1, 2 do\n  print('p', i)\nend\n\27[201~\n" t:wait "\np\t1\np\t2\n"
    t:type "\27[200~y = 20\ny + 2\n\27[201~\n" t:wait "\n22\n"
    finish(t)
  end)

  it("completes globals, fields, methods and option names", function()
    local t = start()
    t:type "mf.sche\t" t:wait "mf.schedule" t:type ".pow\t" t:wait "power"
    t:type "(2)\n" t:wait "mf.schedule"
    t:type "z = _\n" t:wait "> "
    t:type "z:cl\t" t:wait "z:clock" t:type "(3)\n" t:wait "\n9.0\n"
    t:type "mf.schedule.power{ va\t" t:wait "value = " t:type "3, p = 1 }(2)\n" t:wait "\n6.0\n"
    t:type "string.for\t" t:wait "format" t:type "('%d!', 5)\n" t:wait "5!"
    finish(t)
  end)

  it("completes option names on later lines, what calls give, names in help, files in strings", function()
    local t = start()
    t:type "a = mf.array{ 3, 4 }\n" t:wait "> "
    t:type "mf.schedule.power{ p = 1,\n" t:wait ">> "
    t:type "va\t" t:wait "value = " t:type "3 }(2)\n" t:wait "\n6.0\n"
    t:type "a:exp():su\t" t:wait "a:exp():sum" t:type "() > 70\n" t:wait "\ntrue\n"
    t:type "mf.init.gaussian { kappa = 1 }:samp\t" t:type "\21" -- line thrown away
    t:type 'help "schedule.pow\t' t:wait 'schedule.power"' t:type "\n" t:wait "xi(t) = value t^p"
    process.write_file(folder .. "/afile.txt", "hello")
    t:type(('io.open("%s/afi\t'):format(folder)) t:wait 'afile.txt"' t:type "):read()\n" t:wait '\n"hello"\n'
    finish(t)
  end)

  it("leaves by exit(), and says so for exit and quit", function()
    local t = start()
    t:type "exit\n" t:wait "\nexit() or Ctrl-D leaves\n"
    t:type "quit\n" t:wait "\nexit() or Ctrl-D leaves\n"
    t:close()
    t = process.terminal(("TERM=xterm XDG_STATE_HOME=%s %s; echo code $?"):format(folder, quote(process.host)))
    t:wait "> "
    t:type "exit(3)\n" t:wait "code 3"
    t:close()
  end)

  it("pages what is longer than the screen, through $PAGER", function()
    local t = process.terminal(("stty rows 20; TERM=xterm XDG_STATE_HOME=%s PAGER='sed s/^/P/' %s"):format(folder,
      quote(process.host)))
    t:wait "> "
    t:type "help 'mf.sgd'\n" t:wait "\nPmf.sgd{"
    t:type "t = {} for i = 1, 30 do t[i] = ('x'):rep(50) end\n" t:wait "> "
    t:type "t\n" t:wait "\nP}\n"
    t:type "6 * 7\n" t:wait "\n42\n"
    finish(t)
  end)

  it("says how long a command took that took long, mutes by ';', and finds what began alike", function()
    local t = start()
    t:type "local c = os.clock() while os.clock() - c < 1.1 do end return 'sl' .. 'ow'\n"
    assert.matches("^\n%(%d+%.%d s%)\n$", t:wait "slow\"" and t:wait "s)\n")
    t:type "'mu' .. 'te'; \n" t:wait "> "
    t:type "'la' .. 'st'\n"
    assert.is_nil(t:wait "last":find "mute\"")
    t:type "'mu\27[A\n" -- up: the last that begins with 'mu
    t:type "'en' .. 'd'\n"
    assert.is_nil(t:wait "\"end\"":find "last\"")
    t:type "for i = 8, 8 do\n" t:wait ">> " t:type "print('once', i)\n" t:wait ">> " t:type "end\n" t:wait "once\t8"
    t:type "\27[A\n" t:wait "once\t8" -- all three lines are one entry
    finish(t)
  end)

  it("explains by ? and help", function()
    local t = start()
    t:type "? mf.schedule.power\n" t:wait "xi(t) = value t^p"
    t:type "xi = mf.schedule.power(1)\n" t:wait "> "
    t:type "? xi:clock\n" t:wait "xi:clock(t)"
    t:type "schedule:clock?\n" t:wait "xi:clock(t)" -- no value of that name
    t:type "? shedule\n" t:wait "near: schedule"
    t:type "?\n" t:wait "mf.experiment"
    t:type "help\n" t:wait "mf.experiment"
    t:type "help(mf.schedule.power)\n" t:wait "xi(t) = value t^p"
    finish(t)
  end)

  it("Ctrl-C clears the line, also of an unfinished chunk, and stops what runs", function()
    local t = start()
    t:type "nonsense(\3" t:wait "\n"
    t:type "for i = 1, 3 do\n" t:wait ">> "
    t:type "\3" t:wait "> "
    t:type "5 + 6\n" t:wait "\n11\n"
    t:type "print('g' .. 'o') while true do end\n" t:wait "\ngo\n"
    t:type "\3" t:wait "interrupted!"
    t:type "5 + 7\n" t:wait "\n12\n"
    finish(t)
  end)

  local SGD = "sgd = mf.sgd { distribution = mf.distribution.isotropic { d = 5, delta = 0.5 }, N = 10, eps = 1e-6, "
    .. "activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 } }\n"

  it("Ctrl-C stops a native loop, also one that a pcall guards, and its object goes on", function()
    local t = start()
    t:type(SGD) t:wait "> "
    t:type "print('g' .. 'o') sgd:advance(1e6)\n" t:wait "\ngo\n"
    t:type "\3" t:wait "sgd:advance: interrupted"
    t:wait "> "
    t:type "k = sgd.k sgd:step(7) print('steps', sgd.k - k)\n" t:wait "\nsteps\t7\n"
    t:type "print('ag' .. 'ain') while true do pcall(sgd.advance, sgd, 1e6) end\n" t:wait "\nagain\n"
    t:type "\3" t:wait "interrupted!"
    t:type "print('steps', sgd:step(1).k > k)\n" t:wait "\nsteps\ttrue\n"
    finish(t)
  end)

  it("shows a bar with rate and ETA on a terminal, one for many calls, gone at the end", function()
    local script = process.folder() .. "/bar.lua"
    process.write_file(script, "mf = require 'meanfield' " .. SGD .. [[
      mf._horizon(1e5)
      local from = os.time()
      while os.time() - from < 2 do sgd:step(1000) end
      print "text"
      mf._horizon() ]])
    local t = process.terminal(("TERM=xterm LC_ALL=C NO_COLOR=1 %s %s; TERM=dumb %s %s; echo done"):format(
      quote(process.host), script, quote(process.host), script))
    local bars = t:wait "text\n"
    assert.matches("sgd %-+ t = [%d.e-]+ / 1e%+05   [%d.]+[kM]? steps/s   ETA [%d:-]+", bars)
    assert.is_nil(t:wait "done":find "ETA") -- a dumb terminal gets nothing
    t:close()
    assert.equal("", process.run(quote(process.host) .. " " .. script).err) -- nor does a pipe, so soon
  end)

  it("tells a pipe by a plain line now and then, also across many short calls", function()
    local script = process.folder() .. "/lines.lua"
    process.write_file(script, "mf = require 'meanfield' " .. SGD .. [[
      local from = os.time()
      while os.time() - from < 3 do sgd:step(1000) end ]])
    local err = process.run(("MEANFIELD_PROGRESS=0.5 %s %s"):format(quote(process.host), script)).err
    local _, lines = err:gsub("sgd t = [%d.e-]+ / [%d.e-]+   [%d.]+[kM]? steps/s   ETA [%d:-]+\n", "")
    assert.truthy(lines >= 2 and lines <= 6, err) -- 2 to 3 seconds and a bit
    assert.equal("", (err:gsub("sgd t = [^\n]*\n", "")))
    assert.equal("", process.run(("MEANFIELD_PROGRESS=0 %s %s"):format(quote(process.host), script)).err)
  end)

  it("says at start that ulimit leaves no room for OpenBLAS or for threads, as does the module", function()
    if process.sanitized then return end -- sanitizers map terabytes
    local host, lua = quote(process.host), ("LUA_CPATH=%s/?.so lua5.4"):format(quote(process.build))
    for _, kb in ipairs { 100000, 200000, 300000 } do
      local result = process.run(("ulimit -v %d; timeout 60 %s -e 'print(1)'"):format(kb, host))
      assert.equal("meanfield: too little address space for OpenBLAS: raise ulimit -v to 1000000 at least\n",
                   result.err)
      assert.equal(1, result.code)
    end
    local result = process.run(("ulimit -v 200000; %s timeout 60 lua5.4 -e 'require [[meanfield]]'"):format(
      lua:match "^%S+"))
    assert.matches("too little address space for OpenBLAS: raise ulimit %-v by", result.err)
    assert.equal(1, result.code)
    result = process.run(("ulimit -v 1000000; timeout 60 %s --threads 64 -e %s"):format(host, quote [[
      local mf = require "meanfield"
      print(mf.sgd { distribution = mf.distribution.isotropic { d = 40, delta = 0.8 }, N = 400, eps = 1e-4,
                     activation = mf.activation.tanh(), init = mf.init.gaussian { kappa = 1 } }:step(2000).k)]]))
    assert.equal("2000\n", result.out, result.err)
    -- memory that runs out after the start: OpenBLAS has what it needs by then
    result = process.run(("timeout 100 %s --threads 3 -e %s"):format(host, quote [[
      local mf = require "meanfield"
      local law = mf.distribution.isotropic { d = 40, delta = 0.8 }
      local sgd = mf.sgd { distribution = law, N = 400, eps = 1e-4, activation = mf.activation.tanh(),
                           init = mf.init.gaussian { kappa = 1 } }
      sgd:step(200) -- the threads are there
      local kb = io.open("/proc/self/status"):read "a":match "VmSize:%s*(%d+)"
      os.execute(("prlimit --pid $PPID --as=%d"):format((kb + 20000) * 1024))
      print(sgd:step(200).k, sgd:risk() > 0, (pcall(mf.array, 1e8)))]]))
    assert.equal("400\ttrue\tfalse\n", result.out, result.err)
    if process.line "id -u" == "0" and os.execute "command -v setpriv >/dev/null" then
      local open = process.folder()
      os.execute(("chmod 755 %s; cp %s %s/mf"):format(open, host, open))
      result = process.run(("cd %s; exec setpriv --reuid=65534 --regid=65534 --clear-groups "
                            .. "prlimit --nproc=1 ./mf -e ''"):format(open))
      assert.equal("meanfield: the system allows no more processes or threads (see ulimit -u)\n", result.err)
      assert.equal(1, result.code)
    end
  end)

  it("leaves the terminal as it was", function()
    local t = process.terminal(("stty -a >%s.before; %s -e 'x = 1' -i; stty -a >%s.after; echo done"):format(folder,
      quote(process.host), folder))
    t:wait "> "
    t:type "x\n" t:wait "\n1\n"
    t:type "\4" t:wait "done"
    assert.equal(process.read_file(folder .. ".before"), process.read_file(folder .. ".after"))
    os.remove(folder .. ".before") os.remove(folder .. ".after")
    t:close()
  end)
end)
