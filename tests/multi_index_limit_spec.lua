-- mf.potential.multi_index and .nodes at work: forces and step noise against SGD's by Monte Carlo, losses, the sampled
-- potential, solvers, and what is refused.
local mf = require "meanfield"
local quadrature = require "tests.quadrature"

local erf, tanh, relu = mf.activation.erf(), mf.activation.tanh(), mf.activation.relu()
local huber = mf.loss.huber(0.7)
local function teacher(z1, z2) return z1 + z1 * z2 + (z2 ^ 2 - 1) / math.sqrt(2) end
local function gaussian(d, noise)
  return mf.distribution.multi_index { d = d, directions = 2, target = teacher, noise = noise }
end
local function measure(x, weights) return mf.measure { x = x, weights = weights, space = "multi_index" } end

-- E f(zeta) for a coordinate of a uniform unit vector of R^p: the trapezoidal rule in the angle.
local function over_directions(p, f)
  local n, sum, mass = 12, 0, 0
  for i = 1, n - 1 do
    local angle = math.pi * i / n
    local weight = math.sin(angle) ^ (p - 2)
    sum, mass = sum + weight * f(math.cos(angle)), mass + weight
  end
  return sum / mass
end

-- yhat at z and rho = |x - U^T z| of neurons whose directions across U are uniform in R^p.
local function answer(sigma, atoms, weights, p, z, rho)
  local sum = 0
  for j, theta in ipairs(atoms) do
    local c = theta[2]
    for i = 1, #z do c = c + theta[2 + i] * z[i] end
    sum = sum + weights[j] * theta[1]
      * over_directions(p, function(zeta) return sigma(c + theta[#theta] * rho * zeta) end)
  end
  return sum
end

describe("potential.multi_index", function()
  it("has the drift and the noise of SGD's steps, at finite d", function()
    local d, n, noise = 10, 20000, 0.4
    local p, theta = d - 2, { 0.8, 0.3, 0.6, -0.4, 0.9 }
    local atoms, weights = { { 1.2, 0.1, 0.5, 0.3, 0.7 }, { -0.8, -0.4, 0.2, 0.9, 0.3 } }, { 0.6, 0.4 }
    local x, y = gaussian(d, noise):sample(n, { seed = 11 })
    local sums, squares = { 0, 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0, 0 }
    local a, b, m1, m2, r = table.unpack(theta)
    for k = 1, n do
      local row, square = x[k], 0
      for i = 3, d do square = square + row[i] ^ 2 end
      local z = { row[1], row[2] }
      local rest = y[k] - answer(tanh, atoms, weights, p, z, math.sqrt(square))
      local t = m1 * z[1] + m2 * z[2] + r * row[3] + b -- w across U along the third axis
      local slope = 1 - tanh(t) ^ 2
      local values = { -rest * tanh(t), -rest * a * slope, -rest * a * slope * z[1], -rest * a * slope * z[2],
                       -rest * a * slope * row[3], rest ^ 2 * a ^ 2 * slope ^ 2 * (square - row[3] ^ 2) / (p - 1),
                       rest ^ 2 }
      for i, v in ipairs(values) do sums[i], squares[i] = sums[i] + v, squares[i] + v * v end
    end
    for _, loss in ipairs { mf.loss.square(), mf.loss.huber(1e3) } do -- the latter: nodes in rho and in the noise
      local pot = mf.potential.multi_index { distribution = gaussian(d, noise), activation = tanh, loss = loss,
                                             points = 14 }
      local rho = measure(atoms, weights)
      local expected = pot:grad_psi(theta, rho):totable()
      expected[6], expected[7] = pot:step_noise(theta, rho)[5], pot:risk(rho)
      for i = 1, 7 do
        local mean = sums[i] / n
        local se = math.sqrt((squares[i] / n - mean ^ 2) / n)
        assert.near(mean, expected[i], 4.5 * se, "number " .. i)
        assert.is_true(se < 0.02 * (1 + math.abs(mean)))
      end
    end
    local at = mf.potential.multi_index { distribution = gaussian(d), activation = tanh, points = 4 }
    assert.same({ 0, 0, 0, 0 }, { table.unpack(at:step_noise(theta, measure(atoms)):totable(), 1, 4) })
  end)

  it("is the sampled potential's limit, like n^(-1/2)", function()
    local law, w = gaussian(4, 0.3), { 0.5, -0.3, 0.6, -0.2, 1.3, 0.25 } -- w, a, b
    local pot = mf.potential.multi_index { distribution = law, activation = erf }
    local exact = pot:V { 1.3, 0.25, 0.5, -0.3, math.sqrt(0.4) }
    for _, n in ipairs { 1000, 8000, 64000 } do
      local sum = 0
      for seed = 1, 4 do
        sum = sum + (mf.potential.sampled { distribution = law, activation = erf, neuron = "affine", samples = n,
                                            seed = seed }:V(w) - exact) ^ 2 / 4
      end
      -- Var(y a sigma) <= E y^2 a^2 = 3.09 1.69; the mean of 4 squares is below 4.5 times its mean, but in 1 of 1000
      assert.is_true(sum < 4.5 * 3.09 * 1.69 / n)
    end
  end)

  it("has the mean loss over nodes, orders and label noise", function()
    -- at finite d, nodes given: the logistic loss by quadrature in rho ~ chi_p
    local z, y, share = { { 1, 0.3 }, { -0.4, 1 }, { 0.2, -1 } }, { 1, -1, 1 }, { 0.5, 0.2, 0.3 }
    local atoms, weights, p = { { 1.2, 0.1, 0.5, 0.3, 0.7 }, { -2.8, -0.4, 0.2, 0.9, 0.9 } }, { 0.6, 0.4 }, 7
    local pot = mf.potential.nodes { z = z, y = y, weights = { 5, 2, 3 }, d = 2 + p, activation = tanh, tol = 1e-8,
                                     loss = mf.loss.logistic() }
    local function density(x) return x ^ (p - 1) * math.exp(-x * x / 2) end
    local mass, risk = quadrature.integral(density, 0, 12, {}, 1), 0
    for k = 1, 3 do
      risk = risk + share[k] / mass * quadrature.integral(function(x)
        return density(x) * math.log(1 + math.exp(-y[k] * answer(tanh, atoms, weights, p, z[k], x)))
      end, 0, 12, {}, 2)
    end
    assert.near(risk, pot:risk(measure(atoms, weights)), 1e-6)

    -- at d = inf, k = 1 with noise: Huber's loss by quadrature in z and in the noise
    local function square(t) return t * t end
    local law = mf.distribution.multi_index { d = 9, directions = 1, noise = 0.5, target = square }
    local one = mf.potential.multi_index { distribution = law, activation = erf, loss = huber, d = math.huge,
                                           points = 120 }
    local theta, expected = { 1.5, 0.5, 0.8, 0.4 }, 0
    local h = 0.02
    for i = -400, 400 do
      local t = i * h
      local rest = t * t - theta[1] * erf:moment(theta[4], theta[2] + theta[3] * t)
      for j = -30, 30 do
        local u = math.abs(rest + 0.5 * j / 5)
        local loss = u < 0.7 and u * u or 0.7 * (2 * u - 0.7)
        expected = expected + quadrature.phi(t) * quadrature.phi(j / 5) * h / 5 * loss
      end
    end
    assert.near(expected, one:risk(measure { theta }), 2e-3) -- 16 nodes of the noise see the kink of l'
    assert.is_true(math.abs(expected - one:risk(measure { { 0, 0, 0, 0 } })) > 0.05)
  end)

  it("is a plain data set with r = 0, and any law of labels", function()
    local z, y = { { 1, 0.3 }, { -0.4, 1 }, { 0.2, -1 }, { 2, 2 } }, { 1, -0.5, 2, 0 }
    local weights = { 0.1, 0.2, 0.3, 0.4 }
    local pot = mf.potential.nodes { z = z, y = y, weights = weights, activation = relu }
    local atoms = { { 1.2, 0.1, 0.5, 0.3, 0 }, { -0.8, -0.4, 0.2, 0.9, 0 } }
    local risk, self = 0, 0
    for k = 1, 4 do
      local yhat = 0
      for _, t in ipairs(atoms) do
        local one = t[1] * relu(t[2] + t[3] * z[k][1] + t[4] * z[k][2])
        yhat, self = yhat + one / 2, self + weights[k] * one ^ 2 / 2
      end
      risk = risk + weights[k] * (y[k] - yhat) ^ 2
    end
    local rho = measure(atoms)
    assert.near(risk, pot:risk(rho), 1e-14)
    assert.near(self, pot:self(rho), 1e-13)
    assert.near(risk + (self - pot:self(rho)) / 5, pot:risk(rho, 5) - (pot:self(rho) - pot:risk(rho) + pot.risk0
      + 2 * (pot:V(atoms[1]) + pot:V(atoms[2])) / 2) / 5, 1e-12) -- R + (self - |m|^2)/N
    assert.equal(0, pot.error)
    local one = mf.potential.nodes { z = { 1, 2, 3 }, y = { 0, 1, 0 }, activation = relu } -- k = 1: a list
    assert.equal(4, one.dim)
    assert.equal(1 / 3, one.risk0)
    local fixed = mf.potential.nodes { z = z, y = y, activation = tanh, fix_a = true, fix_b = true }
    local free = mf.potential.nodes { z = z, y = y, activation = tanh }
    local gradient, expected = fixed:grad_psi(atoms[1], rho), free:grad_psi(atoms[1], rho)
    for c = 1, 5 do assert.equal(c <= 2 and 0 or expected[c], gradient[c]) end
  end)

  it("says how far V is off, where it says it looks", function()
    -- a target with a kink: V against quadrature that knows of it
    local law = mf.distribution.multi_index { d = 9, directions = 1, target = math.abs }
    for _, points in ipairs { 8, 16, 64 } do
      local pot = mf.potential.multi_index { distribution = law, activation = erf, d = math.huge, points = points }
      local worst = 0
      for _, theta in ipairs { { 1, 0, 1, 0.5 }, { 1, 0.7, -0.8, 1 }, { 1, 0.3, 0.9, 0.7 } } do
        local exact = -quadrature.normal(function(t)
          return math.abs(t) * erf:moment(theta[4], theta[2] + theta[3] * t)
        end, { 0 })
        worst = math.max(worst, math.abs(exact - pot:V(theta)))
      end
      assert.is_true(worst < pot.error and worst > pot.error / 20)
    end
    local pot = mf.potential.multi_index { distribution = law, activation = erf, d = math.huge, tol = 1e-3 }
    assert.is_true(pot.error < 1e-3)
    -- E y^2 is no part of that error: z1 - 2 z2 is sqrt(5) G
    local smooth = mf.distribution.multi_index { d = 9, directions = 2,
      target = function(u, v) return tanh(u - 2 * v) end }
    local function risk0(tol)
      local it = mf.potential.multi_index { distribution = smooth, activation = mf.activation.sigmoid(), d = math.huge,
        tol = tol }
      return it.risk0, it.error
    end
    local square = quadrature.normal(function(t) return tanh(math.sqrt(5) * t) ^ 2 end)
    local coarse, error = risk0(1e-3)
    assert.is_true(math.abs(coarse - square) > error and math.abs(coarse - square) < 1e-3)
    assert.near(square, risk0(1e-9), 1e-7)
  end)

  it("is followed with SGD's step noise, at finite d as at d = inf with a dimension", function()
    local init = mf.init.gaussian { kappa = 1, a = mf.number.uniform(), b = mf.number.uniform(), d = 400 }
    local risks = {}
    for i, d in ipairs { 400, math.huge } do
      local pot = mf.potential.multi_index { distribution = gaussian(400, 0.3), activation = erf, d = d, points = 10 }
      local run = mf.pde.particles { potential = pot, init = init, J = 60, eps = 1e-3, d = d > 400 and 400 or nil }
      risks[i] = run:advance(1.5):risk()
      local quiet = mf.pde.particles { potential = pot, init = init, J = 60 }:advance(1.5):risk()
      assert.is_true(risks[i] > quiet + 0.01) -- eps d = 0.4: noise that counts
    end
    assert.near(risks[2], risks[1], 0.02) -- 1/d apart
  end)

  it("at d = inf with a dimension has d - k of them behind r: step noise, noise and the Gibbs law", function()
    local z, y, d = { { 1.3, 0.2 }, { -0.4, 1 } }, { 0.7, -1 }, 12
    local pot = mf.potential.nodes { z = z, y = y, activation = erf }
    local start = mf.measure { x = { { 0.9, 0.3, 0.5, -0.2, 0.8 } }, space = pot.space }
    local function square(options)
      options.potential, options.measure, options.tol = pot, start, 1e-12
      return mf.pde.particles(options):advance(1e-4):measure():mean "r" ^ 2
    end
    local T = pot:step_noise({ 0.9, 0.3, 0.5, -0.2, 0.8 }, start)[5]
    assert.near(4 * 1e-3 * (d - 3) * T, (square { eps = 1e-3, d = d } - square {}) / 1e-4, 1e-3 * T * 4e-3 * d)
    assert.error_matches(function() square { eps = 1e-3, d = 2 } end, "option 'd' must be > 2", 1, true)

    -- Where features say nothing weights are N(0, 1/(beta lambda)): a, b and the d coordinates of w.
    local silent = mf.activation.piecewise { { 0, 0 }, { 1, 0 } }
    local mute = mf.potential.nodes { z = { { 1 } }, y = { 0 }, activation = silent }
    local law = mf.gibbs { potential = mute, beta = 3, lambda = 0.5, d = d }
    assert.near((d + 2) / 1.5, law.square, 1e-5)
    local rest = mf.pde.particles { potential = mute, beta = 3, lambda = 0.5, d = d, step = 1e-2, seed = 3,
      measure = law:measure():sample(4000) }:advance(1):measure()
    local mean = rest:mean(function(_, _, m, r) return m ^ 2 + r ^ 2 end)
    assert.near(d / 1.5, mean, 4.5 * math.sqrt(2 * d / 4000) / 1.5 + 0.02 * d / 1.5) -- a step of 0.01 is off by 1%
  end)

  it("has optima with a certificate, for any convex loss", function()
    local function g(z1, z2) return z1 * z2 end
    local law = mf.distribution.multi_index { d = 9, directions = 2, target = g, inputs = "hypercube" }
    local box = { { -2, 2 }, { -2, 2 }, { -3, 3 }, { -3, 3 }, { 0, 1 } }
    for _, loss in ipairs { mf.loss.square(), mf.loss.logistic(), huber } do
      local pot = mf.potential.multi_index { distribution = law, activation = tanh, d = math.huge, loss = loss }
      local best = mf.optimum { potential = pot, box = box, tol = 1e-7 }
      assert.is_true(best.gap <= 1e-7 and best.risk < pot.risk0 / 2)
      assert.near(best.risk, pot:risk(best.measure), 1e-9)
      local run = mf.pde.particles { potential = pot, J = 50, init = mf.init.gaussian { kappa = 1,
        a = mf.number.uniform(), b = mf.number.uniform(), d = 9 } }
      local before = run:risk()
      local rate = run:dissipation()
      assert.near(-rate, (run:advance(1e-4):risk() - before) / 1e-4, 1e-2 * rate)
    end
  end)

  it("serves point masses, fluctuations and noisy particles", function()
    local pot = mf.potential.multi_index { distribution = gaussian(9), activation = erf, points = 6, tol = 1e-4 }
    local init = mf.init.gaussian { kappa = 1, a = mf.number.uniform(), b = mf.number.uniform() }
    local run = mf.pde.particles { potential = pot, init = init, J = 20 }
    run:advance(2)
    local at = mf.stability.point_mass { potential = pot, theta = { 0, 0, 0, 0, 0.5 }, measure = run:measure() }
    assert.equal("not a fixed point", at.verdict)
    local h = 1e-3
    local function slope(c, e)
      local theta = { 0, 0, 0, 0, 0.5 }
      theta[c] = theta[c] + e
      return pot:grad_psi(theta, run:measure())
    end
    for c = 1, 5 do
      local plus, minus = slope(c, h), slope(c, -h)
      for k = 1, 5 do assert.near((plus[k] - minus[k]) / (2 * h), at.H0[c][k], 1e-5) end
    end
    assert.is_true(run:fluctuations { observable = "risk" }.variance > 0)
    local noisy = mf.pde.particles { potential = pot, init = init, J = 200, beta = 200, lambda = 0.1, step = 0.02 }
    noisy:advance(1)
    assert.is_true(noisy:measure():std("m1") > math.sqrt(1 / 9) and noisy:risk() < pot.risk0)
  end)

  it("refuses what it cannot do, by name", function()
    local function fails(expected, constructor, o)
      local ok, message = pcall(constructor, o)
      assert.is_false(ok)
      assert.truthy(message:find(expected, 1, true), message)
    end
    local p, law = mf.potential, gaussian(9)
    local cube = mf.distribution.multi_index { d = 9, directions = 2, target = teacher, inputs = "hypercube" }
    local function with(o)
      o.distribution, o.activation = o.distribution or law, o.activation or erf
      return o
    end
    fails("option 'distribution' must be a multi-index law", p.multi_index,
      with { distribution = mf.distribution.isotropic { d = 4, delta = 0.5 } })
    fails("d = 2 must be more than the number of directions, 2", p.multi_index, with { d = 2 })
    fails("inputs = 'hypercube' at finite d: more of w than m and r", p.multi_index, with { distribution = cube })
    local tilted = mf.distribution.multi_index { d = 2, directions = 1, target = math.abs, inputs = "hypercube",
                                                 U = { { 0.6, 0.8 } } }
    fails("a U whose rows are no axes", p.multi_index, with { d = math.huge, distribution = tilted })
    fails("option 'points' must be even", p.multi_index, with { points = 7 })
    fails("points^k at most 131072", p.multi_index, with { points = 500 })
    fails("option 'points' must be left out", p.multi_index, with { points = 8, distribution = cube, d = math.huge })
    fails("unknown option 'samples'", p.multi_index, with { samples = 7 })
    fails("the logistic loss", p.multi_index, with { loss = mf.loss.logistic() })
    fails("target(", p.multi_index, with { distribution = mf.distribution.multi_index { d = 9, directions = 1,
      target = function(t) return t > 1 and 1 / 0 or t end } })
    local ten = mf.distribution.multi_index { d = 20, directions = 10, inputs = "hypercube", target = function(z)
      return z end }
    fails("1024 x 1 nodes in 10 directions are too many", p.multi_index, with { distribution = ten, d = math.huge })
    local ranged = mf.activation.custom { f = function(t) return t end, range = { -5, 5 } }
    fails("reaches beyond the range [-5, 5]", p.multi_index, with { activation = ranged })
    fails("option 'z' must be n rows of 1 to 16 numbers", p.nodes, { z = {}, y = {}, activation = erf })
    fails("option 'y' must have n = 2 numbers, got 1", p.nodes, { z = { 1, 2 }, y = { 1 }, activation = erf })
    fails("option 'z' must be finite, got nan", p.nodes, { z = { 1, 0 / 0 }, y = { 1, 1 }, activation = erf })
    fails("option 'weights' must be > 0, got 0", p.nodes,
      { z = { 1, 2 }, y = { 1, 1 }, weights = { 1, 0 }, activation = erf })
    fails("option 'weights' has an infinite sum", p.nodes,
      { z = { 1, 2 }, y = { 1, 1 }, weights = { 1e308, 1e308 }, activation = erf })
    fails("option 'activation' is missing", p.nodes, { z = { 1, 2 }, y = { 1, 1 } })
    fails("option 'z' must be n rows of k numbers", p.nodes, { z = "x", y = { 1 }, activation = erf })
    local pot = p.multi_index(with { d = 5, points = 4 })
    fails("the step noise with d - k = 3 dimensions across U is not known", function()
      pot:step_noise({ 1, 0, 0, 0, 1 }, measure { { 1, 0, 0, 0, 1 } }) end)
    fails("use measure:multi_index(law)", function()
      pot:risk(mf.measure { x = { { 1, 2, 3, 4, 5, 1, 0 } }, space = "affine" }) end)
  end)

  it("bounded sigma have a limit at r = inf, unbounded ones say so", function()
    for _, sigma in ipairs { erf, tanh, mf.activation.sigmoid(), mf.activation.piecewise { { 0, -1 }, { 1, 3 } } } do
      local pot = mf.potential.multi_index { distribution = gaussian(9), activation = sigma, points = 4, d = math.huge }
      local far, limit = { 1, 0.2, 0.3, 0.4, 1e9 }, { 1, 0.2, 0.3, 0.4, math.huge }
      assert.near(pot:V(limit), pot:V(far), 1e-8)
      assert.near(pot:U(limit, limit), pot:U(far, far), 1e-8)
      local gradient = pot:grad_V(limit)
      for c = 2, 5 do assert.equal(0, gradient[c]) end
      assert.near(pot:V(limit), gradient[1], 1e-15)
    end
    for _, sigma in ipairs { relu, mf.activation.softplus() } do
      local pot = mf.potential.multi_index { distribution = gaussian(9), activation = sigma, points = 4, d = math.huge }
      assert.error_matches(function() pot:V { 1, 0, 0, 0, math.huge } end, "the activation is unbounded", 1, true)
    end
  end)
end)
