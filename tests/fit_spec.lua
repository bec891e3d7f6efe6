-- mf.fit: straight lines and exponents with their standard errors.
local mf = require "meanfield"

local function near(expected, got, tolerance) assert.truthy(math.abs(got - expected) <= tolerance, got) end

describe("mf.fit", function()
  it("gives the published line and error of Anscombe's first set", function()
    local line = mf.fit({ 10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5 },
                        { 8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68 })
    near(0.500091, line.slope, 1e-6)
    near(0.117906, line.error, 1e-6)
    near(3.000091, line.intercept, 1e-6)
  end)

  it("finds an exact power law, with no error", function()
    local x = mf.array.logspace(1, 1e4, 9)
    local law = mf.fit(x, x:map(function(v) return 3 * v ^ -0.5 end), { log = true })
    near(-0.5, law.slope, 1e-14)
    near(0, law.error, 1e-14)
    near(3, math.exp(law.intercept), 1e-13)
  end)

  it("states an error that the slopes of noisy lines scatter by", function()
    -- 400 lines: their standard deviation is known to 1/sqrt(800) = 3.5 %, the mean square error to less
    local rng, slopes, square = mf.rng { seed = 5 }, {}, 0
    local x = mf.array.linspace(0, 1, 12)
    for k = 1, 400 do
      local line = mf.fit(x, 2 * x + 0.1 * rng:normals(12))
      slopes[k], square = line.slope, square + line.error ^ 2 / 400
    end
    near(1, mf.array(slopes):std() / math.sqrt(square), 4 * 0.04)
  end)

  it("says what is wrong with what it is given", function()
    local function fails(pattern, x, y, given)
      assert.has_error.matches(function() mf.fit(x, y, given) end, pattern)
    end
    fails("x must be an array or a list of numbers, got nil")
    fails("as many.*got 3 and 2", { 1, 2, 3 }, { 1, 2 })
    fails("3 or more", { 1, 2 }, { 1, 2 })
    fails("all be equal", { 1, 1, 1 }, { 1, 2, 3 })
    fails("y%[2%] must be finite, got nan", { 1, 2, 3 }, { 1, 0 / 0, 3 })
    fails("x%[1%] must be > 0 and finite with log = true, got 0", { 0, 1, 2 }, { 1, 2, 3 }, { log = true })
    fails("'log'", { 1, 2, 3 }, { 1, 2, 3 }, { log = 3 })
    fails("'logs'", { 1, 2, 3 }, { 1, 2, 3 }, { logs = true })
  end)
end)
