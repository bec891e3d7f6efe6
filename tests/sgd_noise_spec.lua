-- Noisy SGD (Eq. 11) in blocks: the same law as the plain loop, and consistent along the path.
local mf = require "meanfield"

local linear = mf.activation.piecewise { { 0, 0 }, left = 1, right = 1 }
local bent = mf.activation.piecewise { { -0.5, -1 }, { 0.7, 1.5 } }

-- Noise so strong that the drift of a step (1e-9) vanishes beside it: W^k = W^0 + k unit steps.
local function brownian(o)
  return mf.sgd { distribution = mf.distribution.isotropic { d = o.d or 3, delta = 0.5 }, activation = linear,
                  N = o.N or 1, init = mf.init.sphere { radius = 0 }, eps = 1e-9, beta = 4e-9, seed = o.seed,
                  algorithm = "blocked", block = o.block or 5, lambda = o.lambda, precision = o.precision,
                  neuron = o.neuron, fix_a = o.fix_a, fix_b = o.fix_b }
end

-- Mean, variance and third moment of numbers.
local function moments(x)
  local n, m1, m2, m3 = #x, 0, 0, 0
  for _, v in ipairs(x) do m1 = m1 + v / n end
  for _, v in ipairs(x) do m2, m3 = m2 + (v - m1) ^ 2 / n, m3 + (v - m1) ^ 3 / n end
  return m1, m2, m3
end

describe("noise in blocks", function()
  it("is one path: the weights shown after step k make the prediction of step k + 1", function()
    for _, c in ipairs { { d = 3, block = 5 }, { d = 2, block = 9 }, { d = 20, block = 7, N = 43 },
                         { d = 3, block = 6, neuron = "affine", fix_a = true },
                         { d = 3, block = 6, neuron = "affine", fix_a = true, fix_b = true, lambda = 2e7 } } do
      c.seed = 11
      local run = brownian(c)
      local X = mf.distribution.isotropic { d = c.d, delta = 0.5 }:sample(24, { seed = 11 })
      for k = 1, 23 do
        local W, _, b = run:step(1):weights()
        local yhat = 0
        for i = 1, run.N do yhat = yhat + (W[i]:dot(X[k + 1]) + (b and b[i] or 0)) / run.N end
        local ahead = brownian(c):step(k + 1)
        assert.near(yhat, ahead.yhat, 1e-6) -- the drift neglected is of order k 1e-9 |x|^2 |W|
      end
    end
  end)

  it("has the covariance k I of Brownian motion, inside a block and at its end, any precision", function()
    local n = 3000
    for _, precision in ipairs { "double", "single" } do
      for _, k in ipairs { 3, 5, 12 } do
        local xx, yy, xy, cube, yhat = {}, {}, {}, {}, {}
        for seed = 1, n do
          local run = brownian { seed = seed, precision = precision }:step(k)
          local w = run:weights()[1]
          xx[seed], yy[seed], xy[seed], cube[seed] = w[1] ^ 2 / k, w[3] ^ 2 / k, w[1] * w[2] / k, w[2] ^ 3 / k ^ 1.5
          yhat[seed] = run.yhat
        end
        local sd = 4.5 / math.sqrt(n)
        assert.near(1, (moments(xx)), sd * math.sqrt(2))
        assert.near(1, (moments(yy)), sd * math.sqrt(2))
        assert.near(0, (moments(xy)), sd)
        assert.near(0, (moments(cube)), sd * math.sqrt(15))
        -- yhat = <W^(k-1), x_k> given x is N(0, (k-1) |x|^2), with E |x|^2 = 3 E tau^2 and
        -- E |x|^4 = 15 E tau^4: its variance and its kurtosis
        local _, variance = moments(yhat)
        local m2, m4 = (1.5 ^ 2 + 0.5 ^ 2) / 2, (1.5 ^ 4 + 0.5 ^ 4) / 2
        local kurtosis = 3 * 15 * m4 / (3 * m2) ^ 2
        assert.near(1, variance / ((k - 1) * 3 * m2), sd * math.sqrt(kurtosis - 1))
      end
    end
  end)

  it("shrinks and spreads as the Ornstein-Uhlenbeck process of its decay", function()
    local n, k, lambda = 3000, 13, 5e7 -- a_k = 1 - 2 lambda s = 0.9
    local squares = {}
    for seed = 1, n do
      local w = brownian { seed = seed, lambda = lambda, block = 6 }:step(k):weights()[1]
      squares[seed] = w[2] ^ 2
    end
    local variance = 0
    for _ = 1, k do variance = 0.81 * variance + 1 end
    assert.near(variance, (moments(squares)), 4.5 * variance * math.sqrt(2 / n))
  end)

  -- Laws of W and yhat after 2 1/3 blocks against the plain loop, where drift, decay and noise are
  -- all of order one. Distances in standard errors of the difference.
  local function distance(changes)
    local function sample(o)
      local w, product, cube, y = {}, {}, {}, {}
      local n = 4000
      for seed = 1, n do
        local run = mf.sgd { distribution = mf.distribution.isotropic { d = 2, delta = 0.5 }, activation = bent, N = 2,
          init = mf.init.sphere { radius = 1 }, eps = 0.1, beta = 2, lambda = 0.3, seed = o.first + seed,
          algorithm = o.algorithm, block = o.block, noise = o.noise, neuron = "affine" }:step(14)
        local W, a, b = run:weights()
        w[seed], product[seed], cube[seed] = W[1][1] ^ 2, a[1] * b[1] + W[2][1] * W[2][2], W[1][2] ^ 3 + b[2] ^ 2
        y[seed] = run.yhat
      end
      return { w, product, cube, y }, n
    end
    local plain, n = sample { algorithm = "plain", first = 0 }
    local blocked = sample { algorithm = "blocked", block = 6, first = 10000, noise = changes }
    local worst = 0
    for i = 1, 4 do
      local m, v = moments(plain[i])
      local M, V = moments(blocked[i])
      worst = math.max(worst, math.abs(m - M) / math.sqrt((v + V) / n))
      if i == 4 then worst = math.max(worst, math.abs(v / V - 1) / math.sqrt(8 / n)) end -- Gaussian or flatter
    end
    return worst
  end

  it("has the plain loop's law after blocks cut short", function() assert.is_true(distance() < 4.5) end)

  it("would be found out if its noise were wrong (half the variance)", function()
    assert.is_true(distance("printed") > 6)
  end)

  it("gives the same bits however the run is cut and looked at", function()
    local function run() return mf.sgd { distribution = mf.distribution.isotropic { d = 7, delta = 0.8 }, N = 45,
      activation = bent, init = mf.init.gaussian { kappa = 0.8 }, eps = 1e-2, seed = 3, beta = 10, lambda = 0.1,
      neuron = "affine", algorithm = "blocked", block = 8 } end
    local whole, cut = run():step(100), run()
    for _, n in ipairs { 3, 1, 4, 1, 59, 26, 5, 1 } do cut:step(n):weights() end
    assert.equal(100, cut.k)
    local W, a, b = whole:weights()
    local V, c, e = cut:weights()
    assert.is_true(W == V and a == c and b == e)
  end)

  it("refuses a decay that would vanish within a block, and takes the plain loop by itself", function()
    local o = { distribution = mf.distribution.isotropic { d = 3, delta = 0.5 }, activation = bent, N = 4, eps = 0.1,
                init = mf.init.gaussian { kappa = 1 }, lambda = 4, algorithm = "blocked" }
    assert.error_matches(function() mf.sgd(o):step(1) end, "decay too fast for blocks", 1, true)
    o.algorithm = "auto"
    assert.equal("plain", mf.sgd(o):step(10).options.algorithm)
  end)

  it("has noise that weights can bear, or diverges", function()
    for _, algorithm in ipairs { "plain", "blocked" } do
      local run = mf.sgd { distribution = mf.distribution.isotropic { d = 3, delta = 0.5 }, activation = bent, N = 4,
        init = mf.init.gaussian { kappa = 1 }, eps = 0.1, beta = 1e-30, algorithm = algorithm }
      assert.error_matches(function() run:step(1) end, "diverged at step 1 .* beta = 1e%-30 has deviation")
      assert.equal(0, run.k)
    end
  end)
end)
