-- Laws of one example.
local mf = require "meanfield"

describe("distribution", function()
  -- Means and covariances of the samples with a given label, against what they must be.
  local function check_moments(law, label, mean, covariance, n)
    local X, y = law:sample(n, { seed = 3 })
    local count, d = 0, law.d
    local sum, square = mf.array.zeros(d), mf.array.zeros(d, d)
    for k = 1, n do
      if y[k] == label then
        count = count + 1
        for i = 1, d do
          sum[i] = sum[i] + X[k][i]
          for j = 1, i do square[i][j] = square[i][j] + (X[k][i] - mean[i]) * (X[k][j] - mean[j]) end
        end
      end
    end
    for i = 1, d do
      assert.near(mean[i], sum[i] / count, 4.5 * math.sqrt(covariance[i][i] / count))
      for j = 1, i do
        local spread = math.sqrt((covariance[i][i] * covariance[j][j] + covariance[i][j] ^ 2) / count)
        assert.near(covariance[i][j], square[i][j] / count, 4.5 * spread)
      end
    end
    return count
  end

  it("isotropic: x ~ N(0, (1 +- delta)^2 I), labels with probability 1/2", function()
    local law, n = mf.distribution.isotropic { d = 3, delta = 0.4 }, 20000
    local zero = { 0, 0, 0 }
    local function scaled(s) return { { s, 0, 0 }, { 0, s, 0 }, { 0, 0, s } } end
    local plus = check_moments(law, 1, zero, scaled(1.4 ^ 2), n)
    check_moments(law, -1, zero, scaled(0.6 ^ 2), n)
    assert.near(n / 2, plus, 4.5 * math.sqrt(n) / 2)
  end)

  it("anisotropic: covariance I + (tau^2 - 1) P_V, for coordinates and for any basis", function()
    local law = mf.distribution.anisotropic { d = 3, s0 = 1, delta = 0.5 }
    check_moments(law, 1, { 0, 0, 0 }, { { 2.25, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } }, 20000)
    local turned = mf.distribution.anisotropic { d = 2, s0 = 1, delta = 0.5, basis = { { 3, 3 } } }
    local a, b = (2.25 + 1) / 2, (2.25 - 1) / 2
    check_moments(turned, 1, { 0, 0 }, { { a, b }, { b, a } }, 20000)
  end)

  it("mixture: any means and covariances", function()
    local law = mf.distribution.mixture {
      { label = 2, weight = 3, mean = { 1, -1 }, covariance = { { 2, 0.5 }, { 0.5, 1 } } },
      { label = -1, mean = { 0, 4 }, covariance = 0.25 },
    }
    local n = 20000
    local count = check_moments(law, 2, { 1, -1 }, { { 2, 0.5 }, { 0.5, 1 } }, n)
    check_moments(law, -1, { 0, 4 }, { { 0.25, 0 }, { 0, 0.25 } }, n)
    assert.near(0.75 * n, count, 4.5 * math.sqrt(n * 0.75 * 0.25))
  end)

  it("draws sample k without drawing the others, custom laws included", function()
    local laws = {
      mf.distribution.isotropic { d = 5, delta = 0.3 },
      mf.distribution.custom { d = 5, sample = function(rng) return rng:normals(5), rng:uniform() end },
    }
    for _, law in ipairs(laws) do
      local X, y = law:sample(20, { seed = 8 })
      local x13, y13 = law:sample(1, { seed = 8, first = 13 })
      assert.is_true(X[13] == x13[1])
      assert.equal(y[13], y13[1])
    end
  end)

  it("custom: is a function of rng, or says so before the first example is used", function()
    local said = "mf.distribution.custom: sample must be a function of rng alone: asked twice for example 1"
    local counter = 0
    for _, sample in ipairs {
      function(rng) return { rng:normal(), math.random() }, 1 end,
      function(rng) counter = counter + 1 return rng:normals(2), counter end,
    } do
      local law = mf.distribution.custom { d = 2, sample = sample }
      assert.error_matches(function() law:sample(3) end, said, 1, true)
      assert.error_matches(function()
        mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 3, eps = 0.1,
                 init = mf.init.gaussian { kappa = 1 } }:step(1)
      end, said, 1, true)
    end
    local asked = 0 -- with two more calls, once in the life of a law
    local law = mf.distribution.custom { d = 1, sample = function(rng)
      asked = asked + 1
      return { rng:normal() }, 1
    end }
    law:sample(5)
    law:sample(5)
    assert.equal(12, asked)
  end)

  it("names what is wrong", function()
    local D = mf.distribution
    local function expect(text, fn, options) assert.error_matches(function() fn(options) end, text, 1, true) end
    expect("option 'd' is missing", D.isotropic, { delta = 0.5 })
    expect("option 'delta' must be a number in (0, 1), got 1.5", D.isotropic, { d = 3, delta = 1.5 })
    expect("option 'd' must be an integer in [1, 1e+07], got 2.5", D.isotropic, { d = 2.5, delta = 0.5 })
    expect("option 's0' must be an integer in [1, d = 3], got 4", D.anisotropic, { d = 3, s0 = 4, delta = 0.5 })
    expect("linearly independent", D.anisotropic, { d = 2, s0 = 2, delta = 0.5, basis = { { 1, 1 }, { 2, 2 } } })
    expect("positive definite", D.mixture, { { label = 1, mean = { 0, 0 }, covariance = { { 1, 2 }, { 2, 1 } } } })
    expect("option 'mean' of component 2 must have 1 numbers", D.mixture,
      { { label = 1, mean = { 0 } }, { label = 1, mean = { 0, 1 } } })
    local short = D.custom { d = 3, sample = function(rng) return rng:normals(2), 1 end }
    expect("must return x with d = 3 numbers, got 2", function() short:sample(1) end)
    local nan = D.custom { d = 1, sample = function() return { 0 / 0 }, 1 end }
    expect("finite numbers expected", function() nan:sample(1) end)
  end)
end)
