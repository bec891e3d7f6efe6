-- A hundred kills at random moments of writing: what is on the disk is one of the things that
-- were written, whole, and nothing is left beside it after the next save.
local mf = require "meanfield"
local process = require "tests.process"
local native = require "meanfield.native"

-- Starts work() in a forked process again and again and kills it; after each kill check().
local function kill_often(times, work, check)
  math.randomseed(77)
  for _ = 1, times do
    do
      local pool <close> = native.process.pool(1, work) -- closing it is kill -9
      pool:start(1, "")
      os.execute(("sleep %.3f"):format(0.002 + 0.1 * math.random()))
    end
    check()
  end
end

describe("a kill at any moment", function()
  local dir
  -- in memory, where a flush takes no time: more saves for every kill
  before_each(function() dir = process.line "mktemp -d -p /dev/shm 2>/dev/null || mktemp -d" end)
  after_each(function() os.execute("rm -r " .. process.quote(dir)) end)

  it("of a stored table leaves a whole one, and the next save leaves nothing beside it", function()
    local path, seen, found = dir .. "/f.h5", {}, 0
    kill_often(60, function()
      local x, i = mf.array(5000), 0
      while true do
        i = i + 1
        for k = 1, 5000, 499 do x[k] = i end
        mf.store.write(path, { i = i, x = x })
      end
    end, function()
      local tree, message = mf.store.read(path)
      if not tree and message:find("No such file", 1, true) then return end -- killed before the first
      assert.is_table(tree, message)
      for k = 1, 5000, 499 do assert.equal(tree.i, tree.x[k]) end
      found, seen[tree.i] = found + 1, true
    end)
    assert.is_true(found > 30, found)
    assert.is_truthy(next(seen, next(seen))) -- the kills came at different moments
    mf.store.write(path, { done = true })
    assert.equal("f.h5\n", (process.output("ls -A " .. dir)))
  end)

  it("of recorded rows leaves whole rows in their order, and at most a part of the next", function()
    local path, last = dir .. "/rows", 0
    local function row(i) return ("%d\t%s\n"):format(i, ("x"):rep(i % 3000)) end
    kill_often(40, function()
      local rows = assert(native.file.rows(path))
      local i = last
      while true do
        i = i + 1
        assert(rows:add(row(i)))
      end
    end, function()
      local text, at = process.read_file(path) or "", 1
      last = 0
      while text:sub(at, at + #row(last + 1) - 1) == row(last + 1) do
        last = last + 1
        at = at + #row(last)
      end
      local rest = text:sub(at)
      assert.equal(row(last + 1):sub(1, #rest), rest)
      if rest ~= "" then -- what a reader of such a file does
        process.write_file(path, text:sub(1, at - 1))
      end
    end)
    assert.is_true(last > 40)
  end)
end)
