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

  it("names a bad option, its value and what was expected", function()
    assert.error_matches(function() mf.schedule.power {} end, "mf.schedule.power: option 'p' is missing", 1, true)
    assert.error_matches(function() mf.schedule.power { p = -3 } end,
      "'p' must be a number in (-1, inf), got -3", 1, true)
    assert.error_matches(function() mf.schedule.power { p = 0 / 0 } end, "got nan", 1, true)
    assert.error_matches(function() mf.schedule.constant { valeu = 1 } end, "did you mean 'value'?", 1, true)
  end)
end)
