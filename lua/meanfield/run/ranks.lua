-- A sweep under mpirun: rank 0 deals points, the other ranks run them.
--
-- Every rank runs the same script. Rank 0 is the one that a user sees: it alone reads and
-- writes the folder of finished points, draws the bar and reports; the standard output of the
-- others goes nowhere. At a sweep the others serve rank 0 and stay there until
--   * rank 0 comes to its next sweep: they receive the results of this one and go on to the next;
--   * rank 0 ends: so do they, quietly.
-- So all that follows the last sweep (figures, checks) happens once, on rank 0, and what comes
-- before it must be the same on every rank. A sweep inside a point runs locally on its rank.

local native = require "meanfield.native"
local plain = require "meanfield.run.plain"

local ranks = {}

local mpi, rank, size
local number, serving, last = 0, false, nil -- sweeps so far; inside serve; rank 0: results to hand out

-- True if the sweep about to start is to be spread. The MPI module is loaded here, never before.
function ranks.present()
  if serving or (tonumber(os.getenv "OMPI_COMM_WORLD_SIZE") or 1) < 2 then return false end
  if not mpi then
    local home = native.process.home()
    local path = package.searchpath("meanfield_mpi", ("%s/?.so;%s/../lib/lua/5.4/?.so"):format(home, home))
    if not path then
      error("mf.sweep: started by mpirun, but this meanfield was built without MPI (libopenmpi-dev)", 0)
    end
    package.loadlib(path, "*") -- its symbols must be global for Open MPI's own plug-ins
    mpi = assert(package.loadlib(path, "luaopen_meanfield_mpi"))()
    rank, size = mpi.init()
  end
  return true
end

function ranks.is_master() return rank == 0 end

-- ---- rank 0 ------------------------------------------------------------------------------

local farm = {}
farm.__index = farm

function farm:start(job, text)
  local to = table.remove(self.idle)
  self.free = #self.idle
  self.job[to] = job
  mpi.send(to, ("P%d %s %s"):format(number, self.mark, text))
end

function farm:next(seconds)
  local from, text = mpi.receive(seconds)
  if not from then return end
  self.idle[#self.idle + 1] = from
  self.free = #self.idle
  return self.job[from], text
end

-- Leaving in the middle of a sweep: nobody would wait for the ranks' results.
function farm:__close(message)
  if self.free < size - 1 then
    io.stderr:write(tostring(message), "\n")
    io.stderr:flush()
    mpi.abort()
  end
end

-- Has the same methods as a pool of local processes; `mark` is the function's fingerprint.
function ranks.farm(mark)
  number = number + 1
  local idle = {}
  for to = size - 1, 1, -1 do
    if last then mpi.send(to, last) end
    idle[#idle + 1] = to
  end
  return setmetatable({ idle = idle, free = #idle, job = {}, mark = mark }, farm)
end

function ranks.finish(...)
  last = "R" .. plain.encode({ ... }, "results")
end

-- ---- the other ranks ----------------------------------------------------------------------

-- Runs points for rank 0; returns what rank 0's sweep returned.
function ranks.serve(mark, evaluate)
  number = number + 1
  native.process.become_worker()
  local expected = ("^P%d %s (.*)"):format(number, mark)
  while true do
    local _, text = mpi.receive(1)
    local kind = text and text:sub(1, 1)
    if kind == "R" then
      return table.unpack((plain.decode(text, 2)))
    elseif kind == "Q" then
      mpi.release()
      os.exit(true)
    elseif kind == "P" then
      local point = text:match(expected)
      serving = true
      mpi.send(0, point and evaluate(point) or ("-rank %d came to another sweep than rank 0"):format(rank))
      serving = false
    end
  end
end

return ranks
