-- mf.descend: local minima of the exact risk of N neurons, checked through mf.sgd's exact risk.
local mf = require "meanfield"

local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local law = mf.distribution.isotropic { d = 6, delta = 0.3 }

-- R_N of the rows of W, by the route that SGD takes (long series and quadrature for every pair).
local function exact(W)
  local i = 0
  local init = mf.init.custom(function() -- asked for neuron after neuron
    i = i + 1
    return W[i]
  end)
  return mf.sgd { distribution = law, activation = sigma, N = #W, init = init, eps = 1e-3 }:risk()
end

describe("descend", function()
  it("returns the exact risk of its neurons, lower than that of the start", function()
    for seed = 1, 3 do
      local init = mf.init.gaussian { kappa = 1.5 }
      local found = mf.descend { distribution = law, activation = sigma, N = 7, init = init, seed = seed }
      assert.near(exact(found.measure:atoms()), found.risk, 1e-12)
      local start = mf.sgd { distribution = law, activation = sigma, N = 7, init = init, eps = 1e-3, seed = seed }
      assert.is_true(found.risk < start:risk())
      assert.is_true(found.error < 1e-10)
    end
  end)

  it("ends where the exact risk is stationary in every weight", function()
    -- (2 and 3 neurons end antiparallel, where the series converges slowly; 5 end as a simplex)
    local found = mf.descend { distribution = law, activation = sigma, N = 5, init = mf.init.gaussian { kappa = 1.5 } }
    local W, h = found.measure:atoms():totable(), 1e-4
    for i = 1, 5 do
      for c = 1, 6 do
        local at = W[i][c]
        W[i][c] = at + h
        local up = exact(W)
        W[i][c] = at - h
        local down = exact(W)
        W[i][c] = at
        assert.near(0, (up - down) / (2 * h), 1e-6)
        assert.is_true(math.min(up, down) > found.risk - 1e-8)
      end
    end
  end)

  it("with one neuron finds the best radius: R_1 = 1 + 2 v(r) + E sigma^2", function()
    local pot = mf.potential.radial { distribution = law, activation = sigma }
    local best = math.huge
    for i = 0, 12000 do
      local rho = mf.measure { x = { 3 * i / 12000 }, space = "radial" }
      best = math.min(best, pot:risk(rho, 1)) -- the expected risk of one neuron on that sphere
    end
    local found = math.huge
    for seed = 1, 8 do
      local init = mf.init.gaussian { kappa = 0.3 * seed }
      local one = mf.descend { distribution = law, activation = sigma, N = 1, init = init, seed = seed }
      found = math.min(found, one.risk)
    end
    assert.near(best, found, 1e-6)
  end)

  it("never beats the best law of neurons, and comes within K/N of it (Proposition 1)", function()
    local pot = mf.potential.radial { distribution = law, activation = sigma }
    local optimum = mf.optimum { potential = pot }
    for _, N in ipairs { 2, 8, 16 } do
      local found = mf.descend { distribution = law, activation = sigma, N = N, steps = 200,
                                 init = mf.init.gaussian { kappa = 1.5 } }
      assert.is_true(found.risk > optimum.lower_bound)
      assert.is_true(found.risk < optimum.risk + pot:self(optimum.measure) / N)
    end
  end)

  it("names a bad option", function()
    local function refuses(pattern, changes)
      local options = { distribution = law, activation = sigma, N = 2, init = mf.init.gaussian { kappa = 1 } }
      for key, value in pairs(changes) do options[key] = value ~= "none" and value or nil end
      assert.error_matches(function() mf.descend(options) end, pattern, 1, true)
    end
    refuses("mf.descend: option 'distribution' is missing", { distribution = "none" })
    refuses("option 'N' is missing", { N = "none" })
    refuses("'N' must be an integer in [1, 100000], got 0", { N = 0 })
    refuses("'init' must be an mf.init, got 3", { init = 3 })
    refuses("'distribution' must be an isotropic law",
            { distribution = mf.distribution.anisotropic { d = 6, s0 = 2, delta = 0.3 } })
  end)
end)
