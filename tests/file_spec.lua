-- The file layer: whole or not at all, whatever lies at the path and whenever the program dies.
local process = require "tests.process"
local native = require "meanfield.native".file
local files = {} -- the same, raising
for _, name in ipairs { "replace", "folder", "rows" } do
  files[name] = function(...) return assert(native[name](...)) end
end
local quote, read, line = process.quote, process.read_file, process.line

local dir
local function path(name) return dir .. "/" .. name end
local function sh(command) assert(os.execute("cd " .. dir .. " && " .. command)) end
local function wait(condition)
  return ("i=0; while [ $i -lt 500 ] && ! [ %s ]; do sleep 0.02; i=$((i+1)); done"):format(condition)
end
local function names() return (process.output("ls -A " .. dir)) end
local function mode(name) return line("stat -c %a " .. quote(path(name))) end
local function raises(text, ...) assert.error_matches(..., text, nil, true) end

describe("files", function()
  before_each(function() dir = process.folder() end)
  after_each(process.clean)

  it("are replaced whole and leave nothing beside them", function()
    files.replace(path "f", "one\0two")
    assert.equal("one\0two", read(path "f"))
    files.replace(path "f", "")
    assert.equal("", read(path "f"))
    assert.equal("f\n", names())
  end)

  it("keep the mode and the owner they had; new ones obey the umask", function()
    files.replace(path "new", "x")
    assert.equal(line "printf %o $((0666 & ~$(umask)))", mode "new")
    for _, bits in ipairs { "600", "640", "666", "755" } do
      sh("touch old && chmod " .. bits .. " old")
      files.replace(path "old", "secret")
      assert.equal(bits, mode "old")
    end
    if line "id -u" == "0" then
      sh "chown 65534:65534 old"
      files.replace(path "old", "x")
      assert.equal("65534:65534", line("stat -c %u:%g " .. path "old"))
    end
  end)

  it("are written through symbolic links, chains, relative and dangling ones", function()
    sh "mkdir far && echo old > far/target && ln -s target far/hop && ln -s far/hop link && ln -s far/none dangling"
    files.replace(path "link", "new")
    assert.equal("new", read(path "far/target"))
    assert.equal("far/hop", line("readlink " .. path "link"))
    assert.equal("target", line("readlink " .. path "far/hop"))
    files.replace(path "dangling", "made")
    assert.equal("made", read(path "far/none"))
    assert.equal("far/none", line("readlink " .. path "dangling"))
    sh "ln -s loop loop"
    raises("Too many levels of symbolic links", function() files.replace(path "loop", "x") end)
  end)

  it("that are devices and pipes are written into, and stay what they are", function()
    local before = line "stat -c %F:%t:%T /dev/null /dev/full | tr '\n' ' '"
    files.replace("/dev/null", "x")
    raises("cannot write '/dev/full': No space left on device", function() files.replace("/dev/full", "x") end)
    assert.equal(before, line "stat -c %F:%t:%T /dev/null /dev/full | tr '\n' ' '")
    sh "ln -s /dev/null sink && mkfifo pipe"
    files.replace(path "sink", "x")
    assert.equal("/dev/null", line("readlink " .. path "sink"))
    raises("No such device or address", function() files.replace(path "pipe", "x") end) -- no reader: no wait
    sh("(cat pipe > out &); " .. wait "-e out")
    for _ = 1, 100 do
      if pcall(files.replace, path "pipe", "through") then break end
      os.execute "sleep 0.02"
    end
    sh(wait "-s out")
    assert.equal("through", read(path "out"))
    raises("Is a directory", function() files.replace(dir, "x") end)
  end)

  it("that may not be written are refused, and so are paths with NUL bytes", function()
    raises("cannot write '" .. path "no/f" .. "': No such file or directory",
           function() files.replace(path "no/f", "x") end)
    raises("a NUL byte", function() files.replace(path "a\0b", "x") end)
    raises("expected a path", function() files.replace("", "x") end)
    raises("File name too long", function() files.replace(path(("n"):rep(256)), "x") end)
    files.replace(path(("n"):rep(255)), "x")
    assert.equal("x", read(path(("n"):rep(255))))
    -- the end of a long path and the reason are in the message
    raises("end/f': No such file or directory", function() files.replace(path(("d/"):rep(500) .. "end/f"), "x") end)
    local script = path "read_only.lua"
    process.write_file(script, [[
      print(require "meanfield.native".file.replace(arg[1], "x"))]])
    sh "echo old > kept && chmod 444 kept && chmod 755 ."
    local drop = line "id -u" == "0" and "setpriv --reuid=65534 --regid=65534 --clear-groups " or ""
    if os.execute(drop .. "test -x " .. quote(process.host)) then
      local out = process.output(drop .. quote(process.host) .. " " .. script .. " " .. path "kept")
      assert.truthy(out:find("Permission denied", 1, true), out)
      assert.equal("old\n", read(path "kept"))
    end
  end)

  it("leave no temporary file of a killed save for ever, but one that is being written", function()
    sh "touch f.123.0.tmp f.99999999.7.tmp f.x.0.tmp f.1.tmp g.1.0.tmp f.5.5.tmp"
    sh("(flock f.5.5.tmp sh -c 'touch held; timeout 20 sh -c \"while ! [ -e go ]; do sleep 0.02; done\"' &); " ..
       wait "-e held")
    files.replace(path "f", "x")
    assert.equal("f f.1.tmp f.5.5.tmp f.x.0.tmp g.1.0.tmp held", (names():gsub("\n", " "):gsub(" $", "")))
    sh "touch go"
    for _ = 1, 100 do
      files.replace(path "f", "x")
      if not read(path "f.5.5.tmp") then break end
      os.execute "sleep 0.02"
    end
    assert.is_nil(read(path "f.5.5.tmp"))
  end)

  it("on a disk without room stay what they were", function()
    files.replace(path "f", "old")
    process.write_file(path "s.lua", ([[
      local files = require "meanfield.native".file
      local ok, message = files.replace(%q, ("x"):rep(200000))
      assert(not ok and message:find("cannot write '.*f': File too large"), message)
      local file = files.rows(%q)
      assert(file:add "row\n")
      ok, message = file:add(("y"):rep(200000))
      assert(not ok and message:find("cannot write '.*rows': File too large"), message)
      assert(file:add "after\n")
      file:close()]]):format(path "f", path "rows"))
    local got = process.run("ulimit -f 100; trap '' XFSZ; " .. quote(process.host) .. " " .. path "s.lua")
    assert.equal("", got.err)
    assert.equal("old", read(path "f"))
    assert.equal("row\nafter\n", read(path "rows")) -- no half of a row between them
    assert.equal("f\nrows\ns.lua\n", names())
  end)

  it("on a full file system name the path and the reason", function()
    -- a small tmpfs in a mount name space of our own; where that is not allowed, the limits above speak
    local unshare = "unshare -rm sh -c "
    if not os.execute(unshare .. "'mount -t tmpfs none /mnt' 2>/dev/null") then return end
    process.write_file(path "s.lua", [[
      local files, mf = require "meanfield.native".file, require "meanfield"
      files.replace("/mnt/f", "old")
      local full = "cannot write '/mnt/f': No space left on device"
      local ok, message = files.replace("/mnt/f", ("x"):rep(2^20))
      assert(not ok and message:find(full, 1, true), message)
      assert(io.open("/mnt/f"):read "a" == "old")
      local rows = files.rows "/mnt/rows"
      local row = ("r"):rep(999) .. "\n"
      local whole = -1
      repeat ok, message, whole = rows:add(row), nil, whole + 1 until not ok
      ok, message = rows:add(row)
      assert(message:find("cannot write '/mnt/rows': No space left on device", 1, true), message)
      assert(#io.open("/mnt/rows"):read "a" == 1000 * whole)
      ok, message = files.folder("/mnt/a/b/c") -- inodes are used up
      io.write(tostring(ok), ' ', tostring(message))]])
    local got = process.run(unshare .. quote("mount -t tmpfs -o size=256k,nr_inodes=5 none /mnt && exec " ..
      quote(process.host) .. " " .. path "s.lua"))
    assert.equal("", got.err)
    assert.truthy(got.out:find("^nil%s+cannot make the folder '/mnt/a[/bc]*': No space left on device"), got.out)
  end)

  it("grow by whole rows", function()
    local file <close> = files.rows(path "rows")
    file:add "one\n"
    assert.equal("one\n", read(path "rows"))
    file:close()
    file:close()
    raises("closed", function() file:add "x" end)
    local again <close> = files.rows(path "rows")
    again:add "two\n"
    assert.equal("one\ntwo\n", read(path "rows"))
    raises("Is a directory", function() files.rows(dir) end)
    local full <close> = files.rows "/dev/full"
    raises("cannot write '/dev/full': No space left on device", function() assert(full:add "x") end)
  end)

  it("lie in folders that are made", function()
    files.folder(path "a/b//c/")
    files.folder(path "a/b/c")
    files.folder "/"
    files.replace(path "a/b/c/f", "x")
    sh "ln -s a/b alias"
    files.folder(path "alias/d")
    assert.equal("x", read(path "a/b/c/f"))
    raises("cannot make the folder '" .. path "a/b/c/f/g" .. "': Not a directory",
           function() files.folder(path "a/b/c/f/g") end)
    raises("a NUL byte", function() files.folder(path "a\0b") end)
  end)
end)
