-- Step schedules: closed forms against quadrature, and errors that name the option.
local mf = require "meanfield"

describe("schedule", function()
  it("has the clock int xi, also for a custom schedule singular at 0", function()
    local power, custom = mf.schedule.power(-0.25), mf.schedule.custom(function(t) return t ^ -0.25 end)
    for _, t in ipairs { 1e-3, 0.7, 16, 2385.0 } do
      assert.near(4 / 3 * t ^ 0.75, power:clock(t), 1e-12 * power:clock(t))
      assert.near(power:clock(t), custom:clock(t), 1e-12 * power:clock(t))
    end
  end)

  it("has the clock of a custom schedule with jumps, spikes and strong singularities", function()
    local function near(exact, fn, t, tol)
      local clock = mf.schedule.custom(fn):clock(t)
      assert.near(exact, clock, (tol or 1e-12) * exact)
    end
    near(10.5, function(t) return t < 10 and 1 or 0.1 end, 15)
    near(2 + 0.5 * math.pi / 3 + 0.25 * (9 - 2 - math.pi / 3),
      function(t) return t < 2 and 1 or t < 2 + math.pi / 3 and 0.5 or 0.25 end, 9)
    near(5050, function(t) return 1 + math.floor(t) end, 100)
    -- a spike of width 0.1 in 100, at a place of no importance
    near(10 + 0.1 * math.sqrt(math.pi), function(t) return 0.1 + math.exp(-((t - 37.123) / 0.1) ^ 2) end, 100)
    near(10 * 7 ^ 0.1, function(t) return t ^ -0.9 end, 7)
    near(math.pi / 2, function(t) return 1 / (1 + t * t) end, 1e9, 2e-9)
    near(20 * 8 ^ 0.05, function(t) return t ^ -0.95 end, 8)
  end)

  it("has no clock where none can be computed", function()
    for _, fn in ipairs {
      function(t) return 1 / t end,
      function(t) return math.floor(t * 1e7) % 2 end,
    } do
      assert.error_matches(function() mf.schedule.custom(fn):clock(3) end, "cannot be computed", 1, true)
    end
  end)

  it("names a bad option, its value and what was expected", function()
    assert.error_matches(function() mf.schedule.power {} end, "mf.schedule.power: option 'p' is missing", 1, true)
    assert.error_matches(function() mf.schedule.power { p = -3 } end,
      "'p' must be a number in (-1, inf), got -3", 1, true)
    assert.error_matches(function() mf.schedule.power { p = 0 / 0 } end, "got nan", 1, true)
    assert.error_matches(function() mf.schedule.constant { valeu = 1 } end, "did you mean 'value'?", 1, true)
  end)
end)
