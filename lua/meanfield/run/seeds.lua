-- What a sweep does over seeds: every point is run with the seeds 1 to n, and its results become their
-- mean and the standard error of the mean, number by number.

local options = require "meanfield.options"

local seeds = {}

-- Each point with each seed, all seeds of a point in a row.
function seeds.spread(points, n)
  local list = {}
  for _, point in ipairs(points) do
    for seed = 1, n do list[#list + 1] = { point = point, seed = seed } end
  end
  return list
end

local absent = {} -- where a seed has no value

local function numbers(values, name)
  local mean, square = 0, 0
  for _, value in ipairs(values) do
    if type(value) ~= "number" then
      options.raise("mf.sweep: with 'seeds', %s must be a number or a table of numbers for every seed, got %s", name,
                    value == absent and "nothing" or options.shown(value))
    end
    mean = mean + value / #values
  end
  for _, value in ipairs(values) do square = square + (value - mean) ^ 2 end
  return mean, math.sqrt(square / (#values - 1) / #values)
end

-- Mean and standard error of values of one shape: numbers, or tables of such.
local function statistics(values, name)
  if type(values[1]) ~= "table" or values[1] == absent then return numbers(values, name) end
  local mean, error, keys = {}, {}, {}
  for _, value in ipairs(values) do
    for key in pairs(type(value) == "table" and value or {}) do keys[key] = true end
  end
  for key in pairs(keys) do
    local parts = {}
    for i, value in ipairs(values) do
      parts[i] = absent
      if type(value) == "table" and value[key] ~= nil then parts[i] = value[key] end
    end
    mean[key], error[key] = statistics(parts, ("%s[%s]"):format(name, options.shown(key)))
  end
  return mean, error
end

-- The results of spread(points, n), one for each point: { mean =, error = }; false where a seed failed.
function seeds.gather(results, n)
  local list = {}
  for first = 1, #results, n do
    local values, whole = table.move(results, first, first + n - 1, 1, {}), true
    for _, value in ipairs(values) do whole = whole and value ~= false end
    local mean, error
    if whole then mean, error = statistics(values, "the result") end
    list[#list + 1] = whole and { mean = mean, error = error }
  end
  return list
end

return seeds
