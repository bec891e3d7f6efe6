-- meanfield reproduce: every experiment that comes with the program, in processes of their own on all cores, and
-- a page about what came out.

local bundle = require "meanfield.run.bundle"
local options = require "meanfield.options"
local results = require "meanfield.run.results"
local native = require "meanfield.native"

local usage = [[
usage: meanfield reproduce [--quick] [--fresh | --force] [--out DIR] [--jobs N] [NAME...]

Runs all experiments (or those named), N at a time (as many as cores), with a line for each that ends; then
writes DIR/report.html (DIR: results), a page with every figure beside what it shows. What has finished before is
not run again, and what was stopped goes on: start it again after a kill. Exit code 1 if a check failed.
]]

-- ---- arguments --------------------------------------------------------------------------------

local function read_arguments(args)
  local given, i = { out = "results", names = {}, pass = {} }, 1
  local function value()
    i = i + 1
    return (args[i] or "") ~= "" and args[i] or options.raise("reproduce: %s needs a value", args[i - 1])
  end
  while args[i] do
    local a = args[i]
    if a == "--quick" then given.quick = true
    elseif a == "--out" then given.out = value()
    elseif a == "--jobs" then
      given.jobs = math.tointeger(tonumber(value()))
      if not given.jobs or given.jobs < 1 or given.jobs > 1024 then
        options.raise("reproduce: --jobs must be an integer in [1, 1024], got '%s'", args[i])
      end
    elseif a == "--help" or a == "-h" then given.help = true
    elseif a == "--fresh" or a == "--force" then given.pass[#given.pass + 1] = a
    elseif a:find "^%-" then
      local near = options.nearest(a, { "--quick", "--out", "--jobs", "--fresh", "--force", "--help" })
      options.raise("reproduce: unknown argument '%s'%s", a, near and (" (did you mean '%s'?)"):format(near) or "")
    else given.names[#given.names + 1] = a end
    i = i + 1
  end
  if #given.names == 0 then given.names = bundle.names() end
  return given
end

-- ---- running ------------------------------------------------------------------------------------

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- The jobs: name, folder of results, what was said, command.
local function plan(given)
  local jobs = {}
  for i, name in ipairs(given.names) do
    local script = bundle.find("reproduce", name)
    local short = script:match "([^/]*)%.lua$"
    local folder = ("%s/%s%s"):format(given.out, short, given.quick and "/quick" or "")
    local words = { "exec", quoted(native.process.binary()), "--threads", "1", quoted(script), "--out", quoted(folder),
                    given.quick and "--quick" or "", table.concat(given.pass, " ") }
    jobs[i] = { name = short, script = script, folder = folder, said = ("%s/%s.said"):format(folder, short) }
    jobs[i].command = ("%s >%s 2>&1 </dev/null"):format(table.concat(words, " "), quoted(jobs[i].said))
  end
  return jobs
end

local function duration(seconds)
  local s = math.floor(seconds + 0.5)
  if s >= 3600 then return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60) end
  return ("%d:%02d"):format(s // 60, s % 60)
end

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a" or ""
end

-- What came of a job whose program ended with `code`.
local function look(job, code, took)
  job.took, job.code = took, code
  job.words = read(job.said)
  job.shown = job.words:find("finished before with these options", 1, true) ~= nil
  job.run = code <= 1 and results.load(job.folder) or nil
  job.good = code == 0 and job.run ~= nil and job.run.passed
  if job.good then os.remove(job.said) end
end

-- The line of an error among what a script has said, or the last one.
local function last_words(job)
  return job.words:match "([^\n]*)\nstack traceback:" or job.words:match "([^\n]+)%s*$" or "without a word"
end

local function verdict(job)
  if not job.run then return "died: " .. last_words(job) end
  local good = 0
  for _, check in ipairs(job.run.checks) do good = good + (check.passed and 1 or 0) end
  local text = ("%d of %d checks"):format(good, #job.run.checks)
  if job.code ~= 0 and job.run.passed then text = text .. ", but it ended with code " .. job.code end
  return text
end

local function tell(job, done, count)
  io.stdout:write(("[%d of %d] %s  %s: %s, %s\n"):format(done, count, job.good and "pass" or "FAIL", job.name,
    verdict(job), job.shown and "finished before" or duration(job.took)))
  io.stdout:flush()
end

-- Runs the commands of the jobs, some at a time; each line when one ends.
local function run(jobs, at_a_time)
  local pool <close> = native.process.pool(at_a_time, function(command)
    local _, how, code = os.execute(command)
    return ("%d"):format(how == "exit" and code or 128 + code)
  end)
  local begun, started, done = {}, 0, 0
  while done < #jobs do
    while started < #jobs and pool.free > 0 do
      started = started + 1
      local job = jobs[started]
      local made, message = native.file.folder(job.folder)
      if not made then options.raise("reproduce: %s", message) end
      begun[started] = native._seconds()
      pool:start(started, job.command)
    end
    local index, text = pool:next(0.2)
    if index then
      done = done + 1
      look(jobs[index], tonumber(text) or 255, native._seconds() - begun[index])
      tell(jobs[index], done, #jobs)
    end
  end
end

-- ---- the command -------------------------------------------------------------------------------------

-- Exit code 0: every check of every run has passed.
local function reproduce(...)
  local given = read_arguments { ... }
  if given.help then
    io.stdout:write(usage)
    return 0
  end
  local jobs = plan(given)
  run(jobs, math.min(#jobs, given.jobs or native.threads()))
  local good = 0
  for _, job in ipairs(jobs) do good = good + (job.good and 1 or 0) end
  local path = given.out .. "/report.html"
  local written, message = native.file.replace(path, require "meanfield.report.page"(jobs, given))
  if not written then options.raise("reproduce: %s", message) end
  print(("%d of %d passed; wrote %s"):format(good, #jobs, path))
  return good == #jobs and 0 or 1
end

return reproduce
