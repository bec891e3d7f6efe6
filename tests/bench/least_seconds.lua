-- The least of so many times that fn() takes: foreign load only ever adds.
local mf = require "meanfield"

return function(repeats, fn)
  local best = math.huge
  for _ = 1, repeats do
    local from = mf._seconds()
    fn()
    best = math.min(best, mf._seconds() - from)
  end
  return best
end
