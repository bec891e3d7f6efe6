-- The exact risk against brute-force quadrature, its own bound being the tolerance: every law, every
-- activation, neurons at random, parallel, antipodal and nearly such angles, few and many dimensions.
local mf = require "meanfield"
local integral = require("tests.quadrature").integral

local REACH = 8.5

local function wiggle(t) return math.cos(5 * t) * math.exp(-t * t / 8) end
local function corner(t) return math.max(-0.3, math.min(0.3, 0.3 - 2 * t)) + math.exp(-t * t) end

-- name, sigma, the same in Lua (nil: sigma itself), kinks, width of the panels in t, how far out
local sigmas = {
  { "paper", mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }, nil, { 0.5, 1.5 }, 4 },
  { "relu", mf.activation.relu(), nil, { 0 }, 4 },
  { "tanh", mf.activation.tanh(), nil, {}, 0.8 },
  { "erf", mf.activation.erf(), nil, {}, 0.8 },
  { "sigmoid", mf.activation.sigmoid(), nil, {}, 1.5 },
  { "softplus", mf.activation.softplus(), nil, {}, 1.5 },
  { "wiggle", mf.activation.custom(wiggle), wiggle, {}, 0.5 },
  { "corner", mf.activation.custom { f = corner, kinks = { 0, 0.3 } }, corner, { 0, 0.3 }, 1 },
  { "cubic", mf.activation.polynomial { 0, -3, 0.5, 1 }, nil, {}, 4, 12 },
}

local function density(g) return math.exp(-g * g / 2) / math.sqrt(2 * math.pi) end

-- Where sigma(s g + b) has kinks.
local function cuts_of(kinks, s, b, out)
  for _, t in ipairs(kinks) do if s ~= 0 then out[#out + 1] = (t - b) / s end end
  return out
end

-- E F(s g + b)
local function mean(F, kinks, width, s, b)
  return integral(function(g) return F(s * g + b) * density(g) end, -REACH, REACH, cuts_of(kinks, s, b, {}),
    math.min(2, 2 * width / s))
end

-- E sigma(s g + b) sigma(p g + r h + c), g and h independent: over g inside, where the kinks are cut, over
-- h outside, which is smooth but where two kinks meet.
local function product(F, kinks, width, s, b, p, r, c)
  local meet = {}
  if r > 0 then
    for _, t in ipairs(kinks) do
      for _, u in ipairs(kinks) do meet[#meet + 1] = (u - c - p * (t - b) / s) / r end
    end
  end
  local function inner(h)
    local cuts = cuts_of(kinks, p, c + r * h, cuts_of(kinks, s, b, {}))
    return integral(function(g) return F(s * g + b) * F(p * g + r * h + c) * density(g) end, -REACH, REACH, cuts,
      math.min(2, 2 * width / math.max(s, math.abs(p))))
  end
  if r == 0 then return inner(0) end
  return integral(function(h) return inner(h) * density(h) end, -REACH, REACH, meet, math.min(2, 2 * width / r))
end

local function dot(x, y)
  local sum = 0
  for i = 1, #x do sum = sum + x[i] * y[i] end
  return sum
end

-- s, s' z and s' (1 - z^2)^(1/2) of two vectors; the last without cancellation.
local function frame(x, y)
  local s = math.sqrt(dot(x, x))
  local along, rest = dot(x, y) / s, {}
  for i = 1, #x do rest[i] = y[i] - along * x[i] / s end
  return s, along, math.sqrt(dot(rest, rest))
end

-- R_N of the neurons {w=, a=, b=}; classes: {share, label, mean or nil, L^T as a function of w}.
local function brute(classes, sigma, neurons)
  REACH = sigma[6] or 8.5
  local F, kinks, width, N, risk = sigma[3] or function(t) return sigma[2](t) end, sigma[4], sigma[5], #neurons, 0
  for _, class in ipairs(classes) do
    local share, label, mu, shape = table.unpack(class, 1, 4)
    local v, c, part = {}, {}, label ^ 2
    for i, n in ipairs(neurons) do
      v[i], c[i] = shape(n.w), n.b + (mu and dot(mu, n.w) or 0)
      local s = math.sqrt(dot(v[i], v[i]))
      part = part - 2 * label * n.a / N * mean(F, kinks, width, s, c[i])
      part = part + (n.a / N) ^ 2 * mean(function(t) return F(t) ^ 2 end, kinks, width, s, c[i])
    end
    for i = 1, N do
      for j = i + 1, N do
        local s, along, rest = frame(v[i], v[j])
        if #v[i] == 1 then rest = 0 end
        part = part + 2 * neurons[i].a * neurons[j].a / N ^ 2 *
          product(F, kinks, width, s, c[i], along, rest, c[j])
      end
    end
    risk = risk + share * part
  end
  return risk
end

local function scaled(tau, from)
  return function(w)
    local out = {}
    for i, x in ipairs(w) do out[i] = (i < (from or math.huge) and tau or 1) * x end
    return out
  end
end

-- Laws in dimension d, each with its classes.
local function laws(d)
  local s0, mu, variance = (d + 1) // 2, {}, {}
  for i = 1, d do mu[i], variance[i] = 0.5 / i, 0.5 + 1 / i end
  local function diagonal(w)
    local out = {}
    for i, x in ipairs(w) do out[i] = math.sqrt(variance[i]) * x end
    return out
  end
  return {
    { mf.distribution.isotropic { d = d, delta = 0.5 },
      { { 0.5, 1, nil, scaled(1.5) }, { 0.5, -1, nil, scaled(0.5) } } },
    { mf.distribution.anisotropic { d = d, s0 = s0, delta = 0.5 },
      { { 0.5, 1, nil, scaled(1.5, s0 + 1) }, { 0.5, -1, nil, scaled(0.5, s0 + 1) } } },
    { mf.distribution.mixture { { weight = 3, label = 2, mean = mu, covariance = variance },
      { weight = 1, label = -0.5, mean = scaled(-1)(mu) } },
      { { 0.75, 2, mu, diagonal }, { 0.25, -0.5, scaled(-1)(mu), scaled(1) } } },
  }
end

describe("exact risk", function()
  local rng = mf.rng { seed = 11 }
  local function vector(d, length)
    local w = rng:normals(d):totable()
    local norm = math.sqrt(dot(w, w))
    for i = 1, d do w[i] = w[i] * length / norm end
    return w
  end

  -- A first neuron at random, a second at the angle `turn` to it or to its opposite.
  local function pair(d, turn, opposite)
    local w, u = vector(d, 0.5 + 1.5 * rng:uniform()), vector(d, 1)
    local s, along = frame(w, u)
    local length, other = (opposite and -1 or 1) * (0.5 + 1.5 * rng:uniform()), {}
    for i = 1, d do
      local across = d > 1 and u[i] - along * w[i] / s or 0
      other[i] = length * (math.cos(turn) * w[i] / s + math.sin(turn) * across)
    end
    local function number() return 2 * rng:uniform() - 1 end
    return { { w = w, a = 1 + number() / 2, b = number() / 2 }, { w = other, a = -1 + number() / 2, b = number() / 2 } }
  end

  local function run(law, sigma, neurons)
    local next = 0
    return mf.sgd { distribution = law, activation = sigma, neuron = "affine", N = #neurons, eps = 1,
      init = mf.init.custom(function()
        next = next + 1
        return neurons[next].w, neurons[next].a, neurons[next].b
      end) }:risk()
  end

  for _, sigma in ipairs(sigmas) do
    it("is within its bound of brute force: " .. sigma[1], function()
      local angles = { 0, 1e-9, 1e-4, 0.02, 0.3, 1.2 }
      for at, d in ipairs { 1, 2, 3, 30 } do
        for l, law in ipairs(laws(d)) do
          local turn = d == 1 and 0 or angles[(at * 3 + l * 2) % #angles + 1]
          for i, angle in ipairs(d == 2 and l == 1 and angles or { turn }) do
            local opposite = (i + d + l) % 2 == 0
            local neurons = pair(d, angle, opposite)
            local risk, bound = run(law[1], sigma[2], neurons)
            local text = ("%s d=%d law %d angle %g %s"):format(sigma[1], d, l, angle, opposite and "opposite" or "")
            assert.is_true(bound < 1e-8, text .. " bound " .. bound)
            assert.near(brute(law[2], sigma, neurons), risk, bound + 2e-13, text)
          end
        end
      end
    end)
  end

  it("is within its bound where a gentle neuron, whose series is short, meets a steep one", function()
    for _, sigma in ipairs { sigmas[3], sigmas[4], sigmas[5], sigmas[6] } do
      for _, turn in ipairs { 0.02, 0.3 } do
        local neurons = { { w = { 0.6, 0 }, a = -0.5, b = 0.6 },
          { w = { 7 * math.cos(turn), 7 * math.sin(turn) }, a = -1.5, b = -0.3 } }
        local law = laws(2)[1]
        local risk, bound = run(law[1], sigma[2], neurons)
        assert.near(brute(law[2], sigma, neurons), risk, bound + 2e-13, sigma[1] .. " " .. turn)
      end
    end
  end)

  it("tells directions apart that differ by less than the root of rounding, where sigma is steep", function()
    local steep = { "steep", mf.activation.piecewise { { -1e-6, -1 }, { 1e-6, 1 } }, nil, { -1e-6, 1e-6 }, 100 }
    local x, turn = { -0.9, 17.1, -43.8 }, { 43.8e-7, 0, -0.9e-7 } -- at right angles
    for _, side in ipairs { 2, -2 } do
      local y = {}
      for c = 1, 3 do y[c] = side * (x[c] + turn[c]) end
      local neurons, law = { { w = x, a = 7, b = 0 }, { w = y, a = 7, b = 0 } }, laws(3)[1]
      local risk, bound = run(law[1], steep[2], neurons)
      assert.is_true(bound < 1e-10)
      assert.near(brute(law[2], steep, neurons), risk, bound + 1e-12, side)
    end
  end)

  it("cuts the kinks of antipodal neurons (the paper's sigma, d = 2)", function()
    local neurons = { { w = { 2, 0 }, a = 1, b = 0 }, { w = { -2, 0 }, a = 1, b = 0 } }
    local risk, bound = run(laws(2)[1][1], sigmas[1][2], neurons)
    assert.near(3.7040535970512, risk, 1e-11)
    assert.is_true(bound < 1e-10)
  end)

  it("reads every break of a tabulated sigma, however many (against 2 10^6 points)", function()
    local function f(t)
      local y = math.min(math.max(t - 1, 0), 1)
      return t > -16 and t < 0 and y + math.sin(40 * t) * math.exp(-t * t / 20) * math.sin(math.pi * t / 16) ^ 4 or y
    end
    local sigma = mf.activation.custom { f = f, kinks = { -16, 0, 1, 2 } }
    local risk, bound = mf.sgd { distribution = mf.distribution.isotropic { d = 3, delta = 0.3 }, activation = sigma,
      N = 1, eps = 1, seed = 3, init = mf.init.gaussian { kappa = 3 } }:risk()
    assert.near(1.228751, risk, 5e-7)
    assert.is_true(bound < 1e-9)
  end)

  it("E sigma^2 of a sigma that oscillates", function()
    local sigma = mf.activation.custom(function(t) return math.cos(5 * t) * math.exp(-t * t / 200) end)
    local pot = mf.potential.radial { distribution = mf.distribution.isotropic { d = 20, delta = 0.5 },
      activation = sigma }
    -- E cos(5 s G)^2 exp(-s^2 G^2/100) = (1 + exp(-50 s^2/v)) / (2 sqrt v), v = 1 + s^2/50
    local function exact(s)
      local v = 1 + s * s / 50
      return (1 + math.exp(-50 * s * s / v)) / (2 * math.sqrt(v))
    end
    assert.near((exact(30) + exact(10)) / 2, pot:self(mf.measure { x = { 20 }, space = "radial" }), 1e-10)
  end)
end)
