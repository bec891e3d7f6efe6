-- Two runs of SGD held against each other.
local two_runs = {}

local function parameters(run)
  local list = { run:weights() }
  list[#list + 1] = run:measure():weights()
  return list
end

-- The largest relative distance of their parameters, masses included.
function two_runs.distance(x, y)
  local worst, left, right = 0, parameters(x), parameters(y)
  for i = 1, #left do
    local change = left[i] - right[i]
    worst = math.max(worst, math.sqrt((change * change):sum() / (right[i] * right[i]):sum()))
  end
  return worst
end

-- Whether they are at the same step with the same bits.
function two_runs.same(x, y)
  local left, right = parameters(x), parameters(y)
  for i = 1, #left do if left[i] ~= right[i] then return false end end
  return x.k == y.k and #left == #right
end

return two_runs
