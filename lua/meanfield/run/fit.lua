-- mf.fit: the straight line through points, or the exponent of a power law, with its standard error.

local help = require "meanfield.prompt.help"
local options = require "meanfield.options"

local fields = {
  { "log", "boolean", false, text = "fit log y against log x: the slope is the exponent of a power law" },
}

-- The numbers of a list, or their logarithms.
local function read(name, list, log)
  local values = {}
  for i, value in ipairs(options.numbers("mf.fit", name, list)) do
    values[i] = log and (value > 0 and math.log(value) or 0 / 0) or value
    if values[i] ~= values[i] or math.abs(values[i]) == math.huge then
      options.raise("mf.fit: %s[%d] must be %s, got %s", name, i, log and "> 0 and finite with log = true" or "finite",
                    options.shown(value))
    end
  end
  return values
end

local function mean(values)
  local sum = 0
  for _, value in ipairs(values) do sum = sum + value end
  return sum / #values
end

local function fit(x, y, given)
  local log = options.read("mf.fit", given or {}, fields).log
  x, y = read("x", x, log), read("y", y, log)
  if #x ~= #y or #x < 3 then
    options.raise("mf.fit: x and y must be as many, and 3 or more; got %d and %d", #x, #y)
  end
  local mx, my, sxx, sxy, rest = mean(x), mean(y), 0, 0, 0
  for i = 1, #x do sxx, sxy = sxx + (x[i] - mx) ^ 2, sxy + (x[i] - mx) * (y[i] - my) end
  if sxx == 0 then options.raise "mf.fit: the x must not all be equal" end
  local slope = sxy / sxx
  for i = 1, #x do rest = rest + (y[i] - my - slope * (x[i] - mx)) ^ 2 end
  return { slope = slope, error = math.sqrt(rest / (#x - 2) / sxx), intercept = my - slope * mx }
end

help.document(fit, {
  name = "mf.fit", signature = "mf.fit(x, y, {log=}) -> {slope=, error=, intercept=}", fields = options.records(fields),
  text = "The straight line through the points (x[i], y[i]) by least squares: its slope, the standard error of that "
         .. "(from the scatter about the line, taken as independent and equal everywhere) and its value at x = 0. With "
         .. "log = true of the logarithms: y = exp(intercept) x^slope." })

return fit
