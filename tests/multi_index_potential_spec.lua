-- mf.potential.multi_index and mf.potential.nodes: against quadrature written here, Monte Carlo at finite d, the radial
-- and the sampled potential, differences; plateaus that a symmetry keeps; every solver.
local mf = require "meanfield"
local quadrature = require "tests.quadrature"

local erf, tanh, relu = mf.activation.erf(), mf.activation.tanh(), mf.activation.relu()
local smooth = mf.activation.custom(function(t) return t / math.sqrt(1 + t * t) end)
local ramp = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

local function teacher(z1, z2) return z1 + z1 * z2 + (z2 ^ 2 - 1) / math.sqrt(2) end
local function gaussian(d, noise)
  return mf.distribution.multi_index { d = d, directions = 2, target = teacher, noise = noise }
end
local function leap(z1, z2, z3) return z1 + z1 * z2 * z3 end
local cube = mf.distribution.multi_index { d = 100, directions = 3, target = leap, inputs = "hypercube" }

local function index(options)
  options.distribution = options.distribution or gaussian(100)
  options.activation = options.activation or erf
  return mf.potential.multi_index(options)
end

local points = { { 1.3, 0.25, 0.5, -0.3, 0.8 }, { -0.7, -0.4, 0.2, 0.9, 0.6 }, { 0.4, 0.1, -0.6, 0.1, 0.5 } }
local function law(x, weights) return mf.measure { x = x or points, weights = weights, space = "multi_index" } end

-- E sigma(r G + c) h_l(G).
local function coefficient(sigma, l, r, c)
  return quadrature.normal(function(x) return sigma(r * x + c) * quadrature.hermite(l, x) end)
end

describe("potential.multi_index", function()
  it("has the reference values of V, whatever d", function()
    for _, d in ipairs { 10, 100, math.huge } do
      local pot = index { d = d }
      assert.near(-0.42957803, pot:V(points[1]), 1e-8) -- given to eight digits
      assert.near(0.15328735, pot:V(points[2]), 1e-8)
      assert.near(3, pot.risk0, 1e-12) -- E g^2 = 1 + 1 + 1
      assert.is_true(pot.error <= 1e-6)
      assert.same({ "multi_index", "multi_index", 5 }, { pot.kind, pot.space, pot.dim })
    end
  end)

  it("has the U of quadrature in z and of the expansion over directions", function()
    local function q(theta, l, z1, z2) -- erf in closed form at l = 0, else by quadrature
      local _, b, m1, m2, r = table.unpack(theta)
      local c = b + m1 * z1 + m2 * z2
      if l == 0 then return (erf:moment(r, c)) end
      return coefficient(erf, l, r, c)
    end
    local d, limit = 12, index { d = math.huge, tol = 1e-8 }
    local pot, expected = index { d = d, tol = 1e-8 }, 0
    local one, two = points[1], points[2]
    local nodes, h = {}, 0.8 -- the trapezoidal rule: an error of about exp(-2 pi^2/h^2) = 4e-14 of a Gaussian
    for i = -8, 8 do nodes[#nodes + 1] = h * i end
    for j, mu in ipairs { 1, 1 / 10, 3 / 120, 15 / 1680, 105 / (1680 * 16) } do
      local sum = 0
      for _, x in ipairs(nodes) do
        for _, y in ipairs(nodes) do
          local w = quadrature.phi(x) * quadrature.phi(y) * h * h
          if w > 1e-8 then sum = sum + w * q(one, 2 * j - 2, x, y) * q(two, 2 * j - 2, x, y) end
        end
      end
      expected = expected + mu * one[1] * two[1] * sum
      if j == 1 then assert.near(one[1] * two[1] * sum, limit:U(one, two), 3e-7) end
    end
    assert.near(expected, pot:U(one, two), 3e-6) -- what j > 4 may add: mu_10 = 0.002 times (r r')^10 / 10!
  end)

  it("has the V and U that Monte Carlo finds at finite d", function()
    local d, n, noise = 6, 20000, 0.5
    local pot = index { distribution = gaussian(d, noise), d = d, activation = tanh }
    local x, y = gaussian(d, noise):sample(n, { seed = 3 })
    local normals, used = mf.rng { seed = 8 }:normals(2 * n * d), 0
    local function response(theta, row) -- of a neuron whose direction across U is drawn anew
      local a, b, m1, m2, r = table.unpack(theta)
      local dot, norm = 0, 0
      for i = 3, d do
        used = used + 1
        dot, norm = dot + normals[used] * row[i], norm + normals[used] ^ 2
      end
      return a * tanh(m1 * row[1] + m2 * row[2] + r * dot / math.sqrt(norm) + b)
    end
    local sums = { 0, 0, 0, 0, 0, 0 }
    for k = 1, n do
      local one, two = response(points[1], x[k]), response(points[2], x[k])
      for i, v in ipairs { -y[k] * one, one * two, one * one } do
        sums[2 * i - 1], sums[2 * i] = sums[2 * i - 1] + v, sums[2 * i] + v * v
      end
    end
    local function close(i, exact)
      local mean = sums[2 * i - 1] / n
      local se = math.sqrt((sums[2 * i] / n - mean ^ 2) / n)
      assert.near(mean, exact, 4.5 * se)
      assert.is_true(se < 0.03)
    end
    close(1, pot:V(points[1]))
    close(2, pot:U(points[1], points[2]))
    close(3, pot:self(law { points[1] }))
    assert.near(3 + noise ^ 2, pot.risk0, 1e-12)
  end)

  it("comes to its limit like 1/d", function()
    local function all(d)
      local pot = index { distribution = gaussian(2000, 0.2), d = d, points = 24, tol = 1e-10 }
      local U = pot:U(points, points)
      local T = pot:step_noise(points, law())
      return { U[1][1], U[1][2], U[2][3], pot:risk(law()), T[1][5], T[2][5] }
    end
    assert.is_true(quadrature.is_like_1_over_d(all, all(math.huge)))
  end)

  it("is the radial potential where y depends on no direction", function()
    -- one node z = 0 a class: its U at the radii tau r; radial.h is the mean over both classes
    local d, delta = 40, 0.3
    for _, sigma in ipairs { ramp, tanh, relu } do
      local radial = mf.potential.radial { distribution = mf.distribution.isotropic { d = d, delta = delta },
                                           activation = sigma, tol = 1e-11 }
      local pot = mf.potential.nodes { z = { 0 }, y = { 1 }, activation = sigma, d = d + 1, tol = 1e-10 }
      for _, r in ipairs { { 0.4, 0.9 }, { 1.3, 1.3 }, { 0, 2.1 } } do
        local u, v = 0, 0
        for _, sign in ipairs { 1, -1 } do
          local tau = 1 + sign * delta
          local one, two = { 1, 0, 0.7, tau * r[1] }, { 1, 0, -0.2, tau * r[2] } -- z = 0: m does not matter
          u, v = u + pot:U(one, two) / 2, v + sign * pot:V(one) / 2
        end
        assert.near(radial:u(r[1], r[2]), u, 1e-7)
        assert.near(radial:v(r[1]), v, 1e-7)
      end
    end
  end)

  it("has the Hermite coefficients of the activation wherever r and c are, tabulated or not", function()
    -- one node z = 0 with y = -1: V = E sigma(r G + b); and at finite d U = sum mu_2j c_2j c_2j'
    local at, p = {}, 30
    for _, r in ipairs { 0, 1e-7, 3e-3, 0.21, 0.99, 2.385, 17, 4e3, 1e9 } do
      for _, b in ipairs { 0, 1e-9, -0.02, 0.7, -1.3, 4.2, -9, 33, 1e5 } do at[#at + 1] = { 1, b, 0.3, r } end
    end
    for _, sigma in ipairs { erf, tanh, relu, ramp, mf.activation.sigmoid(), mf.activation.softplus() } do
      local limit = mf.potential.nodes { z = { 0 }, y = { -1 }, activation = sigma }
      local pot = mf.potential.nodes { z = { 0 }, y = { -1 }, activation = sigma, d = p + 1 }
      local V = limit:V(at)
      local one = { 1, 0.4, 0.3, 0.8 }
      local U, c, mu = pot:U(at, { one }), sigma:coefficients(21, 0.8, 0.4), {}
      for j = 0, 10 do mu[j] = j == 0 and 1 or mu[j - 1] * (2 * j - 1) / (p + 2 * j - 2) end
      for i, theta in ipairs(at) do
        local _, b, _, r = table.unpack(theta)
        local scale = sigma.bounded and 1 or 1 + r + math.abs(b)
        assert.near(sigma:moment(r, b) / scale, V[i] / scale, 3e-9)
        local sum, here = 0, sigma:coefficients(21, r, b)
        for j = 0, 10 do sum = sum + mu[j] * c[2 * j + 1] * here[2 * j + 1] end
        assert.near(sum / scale, U[i][1] / scale, 4 * pot.error + 1e-8)
      end
    end
  end)

  it("has gradients that finite differences give", function()
    local rho = law(nil, { 0.5, 0.3, 0.2 })
    local logistic = mf.potential.nodes { z = { { 1, 0.3 }, { -0.4, 1 }, { 0.2, -1 } }, y = { 1, -1, 1 }, d = 9,
                                          activation = tanh, loss = mf.loss.logistic() }
    -- Panels of a table meet with jumps of up to 1e-9 (1e-8 for a table of a table); quotients divide them by h = 1e-3.
    local bent = index { distribution = gaussian(9), activation = tanh, loss = mf.loss.huber(0.5), points = 12 }
    local square = mf.activation.polynomial { 0, 1, 0.5 }
    local pots = { { bent, 2e-6 },
                   { index { distribution = gaussian(9, 0.3), loss = mf.loss.huber(0.5), points = 6 }, 2e-8 },
                   { index { activation = smooth, d = math.huge, points = 6 }, 2e-5 }, { logistic, 2e-6 } }
    for _, case in ipairs { { erf, 2e-8 }, { relu, 2e-8 }, { ramp, 2e-8 }, { square, 2e-8 },
                            { mf.activation.sigmoid(), 2e-6, 9 }, { mf.activation.softplus(), 2e-6, math.huge } } do
      for _, d in ipairs { 9, math.huge } do
        if d == (case[3] or d) then pots[#pots + 1] = { index { activation = case[1], d = d, points = 6 }, case[2] } end
      end
    end
    for _, case in ipairs(pots) do
      local pot, close = table.unpack(case)
      for _, p in ipairs { { 0.7, -0.3, 0.8, 0.4, 0.3 }, { 0.7, 0.2, 1e-2, 0.4, 1.7 }, { -1, 0.1, 0, 0, 1 },
                           { 1, 0.3, 1, 1, 12 }, { 2, -1, -0.4, 0.2, 0.02 } } do
        local gradient, h = pot:grad_psi(p, rho), 1e-3 * math.min(1, 2 * p[5])
        local expected = quadrature.gradient(function(x) return pot:psi(x, rho) end, p, { h, h, h, h, h })
        for c = 1, 5 do assert.near(expected[c], gradient[c], close * (1 + math.abs(gradient[c]))) end
      end
    end
  end)

  it("keeps, exactly, a plateau that mirror symmetry protects, and leaves it at the rate of its spectrum", function()
    -- Neurons that see neither z2 nor z3 have R = 1, whatever else they learn, and stay so however long: the mode
    -- (m2, m3) = (1, -1) grows like exp(1.4 t), so that one rounding error would be seen at t = 60.
    local pot = index { distribution = cube, activation = tanh, d = math.huge }
    local uniform = mf.number.uniform()
    local init = mf.init.gaussian { kappa = 1, a = uniform, b = uniform }
    local run = mf.pde.particles { potential = pot, init = init, J = 100 }
    run:advance(60)
    assert.near(1, run:risk(), 1e-9)
    local atoms = run:measure():atoms()
    for j = 1, 100 do assert.same({ 0, 0 }, { atoms[j][4], atoms[j][5] }) end

    local rate = -mf.stability.spectrum { potential = pot, measure = run:measure() }.rates[1]
    local function pushed(delta)
      local start = mf.pde.particles { potential = pot, init = init, J = 100 }:measure()
        :push(function(a, b, m1, _, _, r) return a, b, m1, delta, -delta, r end, "multi_index")
      return mf.pde.particles { potential = pot, measure = start }
    end
    local times = {}
    for i, reference in ipairs { 5.164, 6.843, 8.530, 10.223 } do
      local moved, t = pushed(10 ^ (-1 - i)), 0.95 * reference
      local before = moved:advance(t):risk()
      while moved:risk() >= 0.5 do
        t, before = t + 0.01, moved:risk()
        moved:advance(t)
      end
      times[i] = t - 0.01 * (0.5 - moved:risk()) / (before - moved:risk())
      assert.near(reference, times[i], 0.005 * reference) -- J = 2000 has 5.163, 6.839, 8.525, 10.216
    end
    -- Most neurons have a rate of their own, from 1.44 down. The risk waits for the bulk of them: 1.36 (steps of 0.01
    -- in t, so to 0.5 %). The fastest leads in the linear regime, and has the least rate of the spectrum.
    assert.near(1.36, math.log(10) / (times[4] - times[3]), 0.01)
    local linear, far = pushed(1e-9), {}
    for i = 1, 2 do
      linear:advance(11 + i)
      far[i] = 0
      for _, m in ipairs(linear:measure():coordinate("m2"):abs():totable()) do far[i] = math.max(far[i], m) end
    end
    assert.near(rate, math.log(far[2] / far[1]), 0.005 * rate) -- the next rate is 0.003 below it
  end)

  it("keeps what any reflection protects, Gaussian inputs and odd teachers too, on any number of threads", function()
    local pot = index { distribution = mf.distribution.multi_index { d = 100, directions = 3, target = leap },
                        activation = tanh, points = 6 }
    local init, threads = mf.init.gaussian { kappa = 1, a = mf.number.uniform() }, mf.threads()
    local start = mf.pde.particles { potential = pot, init = init, J = 40 }:measure() -- b = 0
      :push(function(a, b, m1, _, _, r) return a, b, m1, 0, 0, r end, "multi_index")
    local ends = {}
    for i, n in ipairs { 1, 3 } do
      mf.threads(n)
      local run = mf.pde.particles { potential = pot, measure = start, tol = 1e-6 }
      run:advance(12)
      ends[i] = run:measure():atoms()
    end
    mf.threads(threads)
    assert.equal(ends[1], ends[2])
    for j = 1, 40 do -- z -> -z: odd sigma, odd g and b = 0 leave b alone
      assert.same({ 0, 0, 0 }, { ends[1][j][2], ends[1][j][4], ends[1][j][5] })
      assert.is_true(ends[1][j][3] ~= start:atoms()[j][3])
    end
  end)
end)
