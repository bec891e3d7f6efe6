-- The claims of a run, checked as numbers. A failed one makes the program's exit code 1.

local options = require "meanfield.options"
local records = require "meanfield.run.records"

local raise = options.raise

local checks, Run = {}, {}
checks.methods = Run

local compare = {
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
  [">"] = function(a, b) return a > b end, [">="] = function(a, b) return a >= b end,
  ["=="] = function(a, b) return a == b end, ["~="] = function(a, b) return a ~= b end,
}

-- A value as a person reads it.
function checks.brief(value)
  return type(value) == "number" and ("%.6g"):format(value):gsub("^%-nan", "nan") or tostring(value)
end

-- A check as a line of a file, with its numbers to the last bit.
function checks.line(check)
  local word = check.passed and "pass " or "FAIL "
  if not check.op then return word .. check.name end
  return word .. ("%s: %s %s %s"):format(check.name, records.cell(check.value), check.op, records.cell(check.bound))
end

local function verdict(name, value, op, bound)
  if type(value) == "boolean" and op == nil then return value end
  if not compare[op] then
    raise("run:check: the comparison must be one of < <= > >= == ~=, got %s", options.shown(op))
  elseif type(value) ~= "number" or type(bound) ~= "number" then
    raise("run:check: '%s' must compare two numbers, got %s and %s", tostring(name), options.shown(value),
          options.shown(bound))
  end
  return value == value and bound == bound and compare[op](value, bound) -- NaN passes no check
end

function Run:check(name, value, op, bound)
  local passed = verdict(name, value, op, bound)
  local claim = op and ("%s: %s %s %s"):format(name, checks.brief(value), op, checks.brief(bound)) or tostring(name)
  self._checks[#self._checks + 1] = { name = tostring(name), value = value, op = op, bound = bound, passed = passed }
  if not passed then self._sentinel.failed = true end
  records.say(self, (passed and "pass  " or "FAIL  ") .. claim)
  return passed
end

function Run.nearer(_, value, theory, other, share)
  local gap = math.abs(theory - other)
  if gap < (share or 0.05) * math.abs(other) then return math.huge end
  return math.abs(value - other) / math.abs(value - theory)
end

checks.texts = {
  { "nearer", "run:nearer(value, theory, other, share = 0.05) -> factor",
    "How many times nearer a value is to one theory than to another: |value - other| / |value - theory|; inf where "
    .. "the two differ by less than this share of the other, so that there is nothing to tell apart." },
  { "check", "run:check(name, value, op, bound) -> passed",
    "States a claim as numbers, op one of < <= > >= == ~=; or run:check(name, condition). Prints pass or FAIL. The "
    .. "program's exit code is 1 if any check failed." },
}

return checks
