-- The distributional dynamics of SGD as people run it: rates, output scale, birth and death, label noise; and SGD's
-- momentum, as a clock.
local mf = require "meanfield"

local tanh = mf.activation.tanh()
local X = { { 1, 0.3 }, { -0.5, 1.2 }, { 0.2, -0.9 }, { -1.1, -0.4 } }
local y = { 1, -0.5, 0.7, 0.2 }
local data = mf.distribution.dataset { x = X, y = y, order = "cyclic" }
local pot = mf.potential.sampled { distribution = data, activation = tanh, neuron = "affine", samples = 4 }

-- Six neurons (w1, w2, a, b), in no order and of unequal mass.
local start = mf.measure { space = "affine", x = {
  { 0.5, -0.2, 1, 0.1 }, { -0.3, 0.8, -0.7, 0 }, { 1.1, 0.4, 0.3, -0.5 }, { 0.2, 0.2, 1.4, 0.6 },
  { -0.9, -1, 0.8, 0.2 }, { 0.1, -1.3, -1.2, -0.1 } } }
local heavy = mf.measure { space = "affine", x = start:atoms(), weights = { 0.1, 0.3, 0.05, 0.2, 0.15, 0.2 } }

-- dtheta/dt and dp/dt of neurons {w1, w2, a, b, p} on the four examples, from yhat, term by term; and the risk.
local function field(neurons, o)
  local A, rates, lambda, alpha, psi, mean = o.scale or 1, o.rates or {}, o.lambda or 0, o.birth_death or 0, {}, 0
  local out, rest = {}, {}
  for k = 1, 4 do
    local yhat = 0
    for _, n in ipairs(neurons) do
      yhat = yhat + A * n[5] * n[3] * tanh(n[1] * X[k][1] + n[2] * X[k][2] + n[4])
    end
    rest[k] = yhat - y[k]
  end
  for j, n in ipairs(neurons) do
    local g = { 0, 0, 0, 0 } -- of Psi = E (yhat - y) A sigma_*
    psi[j] = 0
    for k = 1, 4 do
      local s = tanh(n[1] * X[k][1] + n[2] * X[k][2] + n[4])
      local e, slope = rest[k] * A / 4, 1 - s * s
      psi[j] = psi[j] + e * n[3] * s
      g[1], g[2] = g[1] + e * n[3] * slope * X[k][1], g[2] + e * n[3] * slope * X[k][2]
      g[3], g[4] = g[3] + e * s, g[4] + e * n[3] * slope
    end
    local rate = { rates.w or 1, rates.w or 1, rates.a or 1, rates.b or 1 }
    out[j] = {}
    for c = 1, 4 do out[j][c] = -2 * rate[c] / A ^ 2 * (g[c] + lambda * n[c]) end
    mean = mean + n[5] * psi[j]
  end
  for j, n in ipairs(neurons) do out[j][5] = -2 * alpha / A ^ 2 * n[5] * (psi[j] - mean) end
  local risk = 0
  for k = 1, 4 do risk = risk + rest[k] ^ 2 / 4 end
  return out, risk
end

-- The classical Runge-Kutta method.
local function solve(measure, o, t, steps)
  local neurons, p, h = measure:atoms():totable(), measure:weights(), t / steps
  for j, n in ipairs(neurons) do n[5] = p[j] end
  local function moved(k, length)
    local out = {}
    for j, n in ipairs(neurons) do
      out[j] = {}
      for c = 1, 5 do out[j][c] = n[c] + length * k[j][c] end
    end
    return out
  end
  for _ = 1, steps do
    local k1 = field(neurons, o)
    local k2 = field(moved(k1, h / 2), o)
    local k3 = field(moved(k2, h / 2), o)
    local k4 = field(moved(k3, h), o)
    for j, n in ipairs(neurons) do
      for c = 1, 5 do n[c] = n[c] + h / 6 * (k1[j][c] + 2 * k2[j][c] + 2 * k3[j][c] + k4[j][c]) end
    end
  end
  return neurons, select(2, field(neurons, o))
end

local cases = {
  { rates = { w = 0.3 } }, { rates = { a = 2, b = 0.5, w = 0 } }, { rates = { a = 0, b = 0, w = 3 }, lambda = 0.1 },
  { rates = { a = 2, b = 0.5, w = 0.25 }, lambda = 0.05 }, { scale = 3 }, { scale = 0.5, lambda = 0.2 },
  { birth_death = 2 }, { birth_death = 1, scale = 2, rates = { a = 0.5, b = 2, w = 0.3 }, lambda = 0.05 },
}

local function new(o)
  local options = { potential = pot, measure = start, tol = 1e-10 }
  for k, v in pairs(o) do options[k] = v end
  return mf.pde.particles(options)
end

-- The largest difference between neurons {w1, w2, a, b, p} and the atoms of a measure.
local function distance(neurons, m)
  local atoms, p, worst = m:atoms(), m:weights(), 0
  for j, n in ipairs(neurons) do
    for c = 1, 4 do worst = math.max(worst, math.abs(n[c] - atoms[j][c])) end
    worst = math.max(worst, math.abs(n[5] - p[j]))
  end
  return worst
end

-- A copy of options with more.
local function with(o, more)
  local out = {}
  for k, v in pairs(o) do out[k] = v end
  for k, v in pairs(more) do out[k] = v end
  return out
end

describe("the dynamics' options", function()
  it("are the equations that they say, by another integrator on another network", function()
    for i, o in ipairs(cases) do
      for _, measure in ipairs { start, heavy } do
        local neurons, risk = solve(measure, o, 3, 300) -- errors of order h^4 = 1e-8
        local pde = new(with(o, { measure = measure })):advance(3)
        assert.is_true(distance(neurons, pde:measure()) < 1e-7, "case " .. i)
        assert.near(risk, pde:risk(), 1e-7)
        assert.near(1, pde:measure():weights():sum(), 1e-14)
      end
    end
  end)

  it("are the limits of SGD's steps: in full batches, without chance, the distance is of first order in eps", function()
    -- The limit of momentum is the clock t / (1 - mu). Distances at eps and eps/2 have the ratio 2 + O(eps).
    cases[#cases + 1] = { momentum = 0.5 }
    cases[#cases + 1] = { momentum = 0.8, rates = { a = 2, b = 0.5, w = 0.25 }, birth_death = 2, scale = 2 }
    cases[#cases + 1] = { momentum = 0.5, lambda = 0.1, label_noise = 0 }
    for i, o in ipairs(cases) do
      local rest, t, apart = 1 - (o.momentum or 0), 2, {}
      local limit = with(o, {})
      limit.momentum = nil
      local pde = new(limit):advance(t)
      for level = 1, 2 do
        local eps = 0.01 * rest ^ 2 / 2 ^ level -- the distance goes like eps/(1 - mu)^2: V starts from 0
        local sgd = mf.sgd(with(o, { distribution = data, activation = tanh, neuron = "affine", N = 6, eps = eps,
                                     measure = start, batch = 4 })):advance(t * rest)
        local m, atoms = sgd:measure(), {}
        local p = m:weights()
        for j, row in ipairs(m:atoms():totable()) do atoms[j] = { row[1], row[2], row[3], row[4], p[j] } end
        apart[level] = distance(atoms, pde:measure())
        assert.near(pde:risk(), sgd:risk(), 2 * apart[level])
      end
      assert.is_true(apart[1] < 0.03, ("case %d: %g"):format(i, apart[1]))
      assert.near(2, apart[1] / apart[2], 0.1, "case " .. i)
    end
  end)

  it("are the limit of many neurons, too: means within 4.5 standard deviations of N draws, risks within 0.3/sqrt N",
    function()
      -- as in sgd_pde_spec; masses and a scale move the mean by more than that bound
      local law, N, eps = mf.distribution.isotropic { d = 5, delta = 0.8 }, 2000, 1e-4
      local sigma = mf.activation.piecewise { { 0.5, -0.5 }, { 1.5, 1.5 } }
      local model = { potential = mf.potential.radial { distribution = law, activation = sigma }, eps = eps,
                      init = mf.init.gaussian { kappa = 1.5 } }
      local plain = mf.pde.particles(model):advance(1):measure():mean()
      for _, o in ipairs { { birth_death = 5 },
                           { birth_death = 5, momentum = 0.8, scale = 2, rates = { w = 0.5 }, label_noise = 0.5 } } do
        local rest, limit = 1 - (o.momentum or 0), with(o, model)
        limit.momentum = nil
        local pde = mf.pde.particles(limit):advance(1)
        local sgd = mf.sgd(with(o, { distribution = law, activation = sigma, N = N, eps = eps * rest, init = model.init,
                                     seed = 3 })):advance(rest)
        local m, bound = sgd:measure(), 4.5 * pde:measure():std() / math.sqrt(N)
        local mean = (m:radius():coordinate(1) * m:weights()):sum()
        assert.near(pde:measure():mean(), mean, bound)
        assert.is_true(math.abs(plain - pde:measure():mean()) > bound)
        assert.near(pde:risk(), sgd:risk(), 0.3 / math.sqrt(N))
      end
    end)

  it("give the dissipation its rates and its variance of Psi", function()
    for i, o in ipairs(cases) do
      if not o.lambda and not o.momentum then
        local pde, h = new(with(o, { measure = heavy })):advance(0.2), 1e-3
        local rate = pde:dissipation()
        local before = new(with(o, { measure = heavy })):advance(0.2 - h):risk()
        local after = pde:advance(0.2 + h):risk()
        assert.near(rate, (before - after) / (2 * h), 1e-4 * (1 + rate), "case " .. i) -- h^2 and tol / h
      end
    end
  end)

  it("make of an output scale a model with larger features and a slower clock, step noise and all", function()
    -- sigma at A is A sigma at 1, in the time t/A^2, at the step eps/A^2
    local A, law = 1.5, mf.distribution.isotropic { d = 20, delta = 0.6 }
    local rho0 = mf.init.gaussian { kappa = 0.8 }
    local function radial(factor)
      return mf.potential.radial { distribution = law, tol = 1e-10, activation = mf.activation.piecewise {
        { 0.5, -1 * factor }, { 1.5, 2 * factor } } }
    end
    for _, o in ipairs { {}, { lambda = 0.1, rates = { w = 0.5 } }, { birth_death = 3, label_noise = 0.4 },
                         { eps = 1e-2, label_noise = 0.4, rates = { w = 2 } } } do
      local scaled = mf.pde.particles(with(o, { potential = radial(1), init = rho0, J = 50, scale = A }))
      local times = with(o, { potential = radial(A), init = rho0, J = 50 })
      times.eps = o.eps and o.eps / A ^ 2
      local larger = mf.pde.particles(times)
      for _, t in ipairs { 0.3, 2 } do
        local mine, its = scaled:advance(t), larger:advance(t / A ^ 2)
        local change = mine:measure():atoms() - its:measure():atoms()
        assert.is_true((change * change):max() ^ 0.5 < 1e-6)
        local p, q = mine:measure():weights(), its:measure():weights()
        assert.is_true(((p - q) * (p - q)):max() ^ 0.5 < 1e-6)
        assert.near(its:risk(), mine:risk(), 1e-6)
      end
    end
  end)

  it("make the kernel regime of a large scale: u' = -2 K u, up to order 1/A^2 where a = +-1 in pairs", function()
    local law = mf.distribution.multi_index { d = 10, directions = 3, inputs = "hypercube",
                                              target = function(z1, z2, z3) return z1 + z1 * z2 + z1 * z2 * z3 end }
    local teacher = mf.potential.multi_index { distribution = law, activation = tanh, d = math.huge }
    local atoms, K_1, distances = {}, 0, {}
    for j = 1, 20 do
      for a = 1, -1, -2 do atoms[#atoms + 1] = { a, (j - 0.5) / 10 - 1, 0, 0, 0, 1 } end
    end
    for _, slope in ipairs(teacher:grad_V(atoms):totable()) do K_1 = K_1 + slope[3] ^ 2 / #atoms end
    for _, A in ipairs { 16, 32, 64 } do -- z1 z2 and z1 z2 z3 are orthogonal to K_0 + K_1 <z, z'>: R stops at 2
      local pde = mf.pde.particles { potential = teacher, scale = A, tol = 1e-10,
                                     measure = mf.measure { x = atoms, space = "multi_index" } }
      distances[#distances + 1] = math.abs(pde:advance(4):risk() - 2 - math.exp(-4 * K_1 * 4))
    end
    assert.is_true(distances[3] < 1 / 64 ^ 2)
    for i = 1, 2 do assert.near(4, distances[i] / distances[i + 1], 0.1) end
  end)

  it("enter the drift of step noise: rates squared, label noise beside the residual", function()
    local d, eps, r, s, w = 20, 1e-2, 1.1, 0.7, 0.5
    local law = mf.distribution.isotropic { d = d, delta = 0.6 }
    local radial = mf.potential.radial { distribution = law, activation = mf.activation.softplus() }
    local rho = mf.measure { x = { r }, space = "radial" }
    local function speed(o) -- of r, at the start
      local h = 1e-5
      local pde = mf.pde.particles(with(o, { potential = radial, measure = rho, tol = 1e-12 })):advance(h)
      return (pde:measure():mean() - r) / h
    end
    local force, T = 2 * radial:grad_psi(r, rho), radial:step_noise(r, rho)
    local noisy = radial:step_noise(r, rho, s)
    assert.is_true(noisy > 1.2 * T)
    for _, c in ipairs { { {}, -force }, { { rates = { w = w } }, -w * force },
                         { { eps = eps }, -force + 4 * eps * (d - 1) * T / (2 * r) },
                         { { eps = eps, rates = { w = w } }, -w * force + 4 * eps * w ^ 2 * (d - 1) * T / (2 * r) },
                         { { eps = eps, label_noise = s }, -force + 4 * eps * (d - 1) * noisy / (2 * r) } } do
      assert.near(c[2], speed(c[1]), 1e-3 * math.abs(c[2]))
    end
    local pde = mf.pde.particles { potential = radial, measure = rho, label_noise = s }
    assert.near(radial:risk(rho) + s ^ 2, pde:risk(), 1e-14)
    assert.near(pde:risk(), pde:trajectory({ 0, 0.1 }, { R = "risk" }).R[1], 1e-14)
    local quiet = mf.pde.particles { potential = radial, measure = rho }:trajectory({ 0.05, 0.1 }, { R = "risk" }).R
    local loud = pde:trajectory({ 0.1 }, { R = "risk" }).R
    assert.near(quiet[2] + s ^ 2, loud[1], 1e-12)
  end)

  it("are a clock where there is one rate, at rest as well; Chebyshev's steps are those of other methods", function()
    local law, rho0 = mf.distribution.isotropic { d = 40, delta = 0.8 }, mf.init.gaussian { kappa = 0.8 }
    local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
    local radial = mf.potential.radial { distribution = law, activation = sigma }
    local function run(o) return mf.pde.particles(with(o, { potential = radial, init = rho0, J = 40, tol = 1e-9 })) end
    local slow, fast = run { rates = { w = 0.25 } }:advance(400), run({}):advance(100)
    assert.near(fast:risk(), slow:risk(), 1e-6)
    assert.near(0, mf.transport.w1(fast:measure(), slow:measure()), 1e-5)
    local relu = mf.potential.relu { delta = 0.6, gamma = 0.1875 }
    local spread = mf.init.gaussian { kappa = 0.8, b = 1, d = 320, s0 = 60 }
    local function two(o)
      return mf.pde.particles(with(o, { potential = relu, init = spread, J = 40, tol = 1e-8,
                                        rates = { a = 2, b = 0.5, w = 0.7 } })):advance(60)
    end
    local stabilised, plain = two {}, two { birth_death = 1e-300 } -- which forbids Chebyshev's steps
    assert.is_true(stabilised.steps < plain.steps)
    assert.near(plain:risk(), stabilised:risk(), 1e-6)
  end)

  it("of noisy particles: rates and a scale are their steps, and the law of rest does not know the rates", function()
    local law, rho0 = mf.distribution.isotropic { d = 40, delta = 0.8 }, mf.init.gaussian { kappa = 0.8 }
    local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
    local radial = mf.potential.radial { distribution = law, activation = sigma }
    local function run(o)
      return mf.pde.particles(with(o, { potential = radial, init = rho0, J = 400, beta = 20, lambda = 0.3, seed = 5 }))
    end
    local one = run { step = 4e-3 }:advance(1)
    local other = run { step = 8e-3, rates = { w = 0.5 }, label_noise = 0.5 }:advance(2)
    assert.is_true(one:measure():atoms() == other:measure():atoms())
    assert.near(one:risk() + 0.25, other:risk(), 1e-12)
    -- features A f at beta and lambda: the model of A sigma, in the clock t/A^2
    local A = 2
    local larger = mf.potential.radial { distribution = law,
                                         activation = mf.activation.piecewise { { 0.5, -2.5 * A }, { 1.5, 7.5 * A } } }
    local mine = run { step = 4e-3, scale = A }:advance(1)
    local its = mf.pde.particles { potential = larger, init = rho0, J = 400, beta = 20, lambda = 0.3, seed = 5,
                                 step = 1e-3 }:advance(0.25)
    assert.near(its:risk(), mine:risk(), 1e-9)
    assert.near(its:measure():mean(), mine:measure():mean(), 1e-9)
  end)

  it("keep atoms without mass and at infinity, and masses while they look", function()
    local law = mf.distribution.isotropic { d = 40, delta = 0.8 }
    local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
    local radial = mf.potential.radial { distribution = law, activation = sigma }
    local rho = mf.measure { x = { 0.5, 1, 2, math.huge }, weights = { 0.5, 0.3, 0, 0.2 }, space = "radial" }
    local function run() return mf.pde.particles { potential = radial, measure = rho, birth_death = 3 } end
    local pde, whole = run(), run():advance(2)
    local seen = pde:trajectory({ 0, 0.31, 0.7, 2 }, { R = "risk", p = function(m) return m:weights():sum() end,
                                                       dead = function(m) return m:weights()[3] end,
                                                       R2 = function(m) return radial:risk(m) end })
    assert.is_true(pde:measure():weights() == whole:measure():weights())
    for i = 1, 4 do
      assert.near(1, seen.p[i], 1e-14)
      assert.equal(0, seen.dead[i])
      assert.near(seen.R[i], seen.R2[i], 1e-12)
    end
    assert.is_true(seen.R[4] < seen.R[3] and seen.R[3] < seen.R[1])
    assert.equal(math.huge, pde:measure():atoms()[4][1])
  end)

  it("are refused by name where they have no sense", function()
    local radial = mf.potential.radial { distribution = mf.distribution.isotropic { d = 40, delta = 0.8 },
                                         activation = mf.activation.tanh() }
    local rho = mf.measure { x = { 1 }, space = "radial" }
    local function expect(text, o)
      o.potential, o.measure = radial, rho
      assert.error_matches(function() mf.pde.particles(o) end, text, 1, true)
    end
    expect("mf.pde.particles: option 'rates' has a rate of a, and there is none in space 'radial'",
           { rates = { a = 2 } })
    expect("mf.pde.particles: option 'rates': option 'w' must be a number in [0, 1e+100], got -1",
           { rates = { w = -1 } })
    expect("mf.pde.particles: option 'scale' must be a number in [1e-100, 1e+100], got 0", { scale = 0 })
    expect("options 'birth_death' and 'beta' do not go together", { birth_death = 1, beta = 2 })
    expect("option 'birth_death' must be a number in [0, 1e+100], got -2", { birth_death = -2 })
    local huber = mf.potential.relu { delta = 0.5, gamma = 0.3, loss = mf.loss.huber(1) }
    assert.error_matches(function()
      mf.pde.particles { potential = huber, init = mf.init.gaussian { kappa = 1 }, label_noise = 1 }
    end, "option 'label_noise' goes with the square loss", 1, true)
    for name, value in pairs { rates = { w = 2 }, scale = 2, birth_death = 1 } do
      local pde = mf.pde.particles { potential = radial, measure = rho, [name] = value }:advance(0.1)
      assert.error_matches(function() pde:fluctuations { observable = "risk" } end,
                           "known for Eq. 7 only, not with the option '" .. name .. "'", 1, true)
    end
    assert.error_matches(function() radial:step_noise(1, rho, -1) end, "a label noise in [0, 1e+100] expected", 1, true)
  end)
end)
