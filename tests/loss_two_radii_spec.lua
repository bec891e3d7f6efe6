-- Two radii at finite d with other losses than the square: answers at nodes in |P_V x| and |P_V^perp x|.
local mf = require "meanfield"
local quadrature = require "tests.quadrature"

local tanh = mf.activation.tanh()
local shifted = mf.activation.custom(function(t) return tanh(t - 1) end)
local ramp = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local redescending = mf.loss.custom { f = function(y, p) return (p - y) ^ 2 / (1 + (p - y) ^ 2) end,
                                      df = function(y, p) return 2 * (p - y) / (1 + (p - y) ^ 2) ^ 2 end }
local losses = { mf.loss.logistic(), mf.loss.huber(0.7), mf.loss.hinge(0.4), redescending }
local weights = { 0.2, 0.5, 0.3 }

local function measure(pot, atoms, w) return mf.measure { x = atoms, space = pot.space, weights = w } end

-- Midpoints t of n intervals of [low, high] and weights of density(t), normalised. Exact to far below what is asked
-- here where the density and what it weighs are smooth and vanish at both ends.
local function rule(n, low, high, density)
  local t, w, sum = {}, {}, 0
  for i = 1, n do
    t[i] = low + (high - low) * (i - 0.5) / n
    w[i] = density(t[i])
    sum = sum + w[i]
  end
  for i = 1, n do w[i] = w[i] / sum end
  return t, w
end

local function image(f, t)
  for i = 1, #t do t[i] = f(t[i]) end
  return t
end

local function chi(p, n) -- the length of a normal vector of R^p, by its logarithm
  local t, w = rule(n, 0.5 * math.log(p) - 3, math.log(math.sqrt(p) + 6.5),
                    function(u) return math.exp(p * u + (p - math.exp(2 * u)) / 2) end)
  return image(math.exp, t), w
end

local function coordinate(p, n) -- of a uniform unit vector of R^p, by its angle
  local t, w = rule(n, -math.pi / 2, math.pi / 2, function(u) return math.cos(u) ^ (p - 2) end)
  return image(math.sin, t), w
end

-- R and Psi(at) by quadrature over |g1|, |g2| and the angles to w in either space, for any neuron
-- a sigma(<w, x> + b) with theta = { r1, r2, a, b }.
local function by_quadrature(law, sigma, loss, atoms, at, n, angles)
  local p1, p2 = law.s0, law.d - law.s0
  local rho1, w1 = chi(p1, n)
  local rho2, w2 = chi(p2, n)
  local z1, v1 = coordinate(p1, angles)
  local z2, v2 = coordinate(p2, angles)
  local function answer(theta, x1, x2)
    local a, b, sum = theta[3] or 1, theta[4] or 0, 0
    for i = 1, #z1 do
      for j = 1, #z2 do sum = sum + v1[i] * v2[j] * sigma(theta[1] * x1 * z1[i] + theta[2] * x2 * z2[j] + b) end
    end
    return a * sum
  end
  local R, psi = 0, 0
  for _, y in ipairs { 1, -1 } do
    for i = 1, #rho1 do
      for j = 1, #rho2 do
        local w, yhat = w1[i] * w2[j] / 2, 0
        if w > 1e-11 then
          local x1 = (1 + y * law.delta) * rho1[i]
          for k, theta in ipairs(atoms) do yhat = yhat + weights[k] * answer(theta, x1, rho2[j]) end
          R = R + w * loss(y, yhat)
          psi = psi + w * loss:slope(y, yhat) / 2 * answer(at, x1, rho2[j])
        end
      end
    end
  end
  return R, psi
end

-- The same particles as { r1, r2, a, b } and as the potential's atoms.
local function atom(pot, t) return pot.space == "relu" and { t[3], t[4], t[1], t[2] } or { t[1], t[2] } end

local function as_atoms(pot, particles)
  local atoms = {}
  for j, t in ipairs(particles) do atoms[j] = atom(pot, t) end
  return atoms
end

describe("two radii with a loss at finite d", function()
  it("agree with quadrature over lengths and angles", function()
    local function plain(t) return 2 / (1 + math.exp(-2 * t)) - 1 end
    local function bent(t) return plain(t - 1) end
    local particles = { { 0.9, 0.4 }, { 0.3, 1.1 }, { 1.1, 0.7 } }
    local signed = { { 0.9, 0.4, 2.5, -0.4 }, { 0.3, 0.8, -1.7, 0.2 }, { 0.7, 0.6, 2.1, 0.3 } }
    for _, case in ipairs { { mf.potential.two_radius, shifted, bent, particles, { 0.7, 0.8 }, losses[1] },
                            { mf.potential.two_radius, shifted, bent, particles, { 0.7, 0.8 }, losses[2] },
                            { mf.potential.affine, tanh, plain, signed, { 0.7, 0.8, 1.2, 0.1 }, losses[4] } } do
      local new, activation, sigma, theta, at, loss = table.unpack(case)
      local law = mf.distribution.anisotropic { d = 12, s0 = 6, delta = 0.6 }
      local R, psi = by_quadrature(law, sigma, loss, theta, at, 22, 20)
      local function off(o)
        o.activation, o.loss = activation, loss
        local pot = new(o)
        local rho = measure(pot, as_atoms(pot, theta), weights)
        return math.abs(pot:risk(rho) - R), math.abs(pot:psi(atom(pot, at), rho) - psi), pot.error
      end
      -- 22 x 20 points are good to 2e-8, against 30 x 40, which leave 8e-9
      local risk, slope, error = off { distribution = law }
      assert.truthy(risk < 5e-8, ("%s: %g"):format(loss.kind, risk))
      assert.truthy(slope < 5e-8, ("%s: %g"):format(loss.kind, slope))
      assert.truthy(error < 1e-4)
      for _, other in ipairs { { distribution = law, d = math.huge }, -- what is no such law is seen
                               { distribution = mf.distribution.anisotropic { d = 20, s0 = 10, delta = 0.6 } } } do
        risk, slope = off(other)
        assert.truthy(math.max(risk, slope) > 5e-6, ("%g %g"):format(risk, slope))
      end
    end
  end)

  it("of one space are one radius: R, Psi, its gradient and the step noise", function()
    for _, d in ipairs { 10, 40 } do
      for _, loss in ipairs(losses) do
        local one = mf.potential.radial { distribution = mf.distribution.isotropic { d = d, delta = 0.6 },
                                          activation = shifted, loss = loss }
        local law = mf.distribution.anisotropic { d = d, s0 = d, delta = 0.6 }
        local a = measure(one, { 0.4, 1.3, 2.6 }, weights)
        for _, new in ipairs { mf.potential.two_radius, mf.potential.affine } do
          local two = new { distribution = law, activation = shifted, loss = loss }
          local function theta(r) return atom(two, { r, 0, 1, 0 }) end
          local b, c = measure(two, { theta(0.4), theta(1.3), theta(2.6) }, weights), two.space == "relu" and 3 or 1
          -- what is seen of the nodes' errors; where a loss has kinks in l' that yhat reaches, it shows nodes,
          -- the fewer the dimensions (4e-6 in Psi at d = 10), which are not the same here and there
          local kinked = loss.kind == "hinge"
          local tol = one.error + two.error + (kinked and 100 / d ^ 3 * 1e-4 or 0)
          assert.near(one:risk(a), two:risk(b), tol, loss.kind .. d)
          assert.near(one:psi(0.8, a), two:psi(theta(0.8), b), tol)
          assert.near(one:grad_psi(0.8, a), two:grad_psi(theta(0.8), b)[c], 10 * tol)
          -- sigma'^2's series at d = 10: 1e-3 of the largest T (zonal.h); here for yhat of low orders
          local T = one:step_noise(0.8, a)
          assert.near(T, two:step_noise(theta(0.8), b)[c], T * (kinked and 1e-3 or d == 10 and 1e-4 or 1e-9))
        end
      end
    end
  end)

  it("agree with neurons of random directions on examples of the law, by Monte Carlo", function()
    local d, s0, N, n = 18, 6, 3000, 3000
    local law = mf.distribution.anisotropic { d = d, s0 = s0, delta = 0.6 }
    local other = mf.distribution.anisotropic { d = d, s0 = s0, delta = 0.2 }
    local loss = mf.loss.logistic()
    local run = mf.sgd { distribution = law, activation = ramp, N = N, eps = 1e-3, seed = 3, loss = loss,
                         init = mf.init.gaussian { kappa = 1.2 } }
    local rng, X, y = mf.rng { seed = 8 }, {}, {}
    for k = 1, n do
      local x = rng:normals(d):totable()
      y[k] = k % 2 == 0 and 1 or -1
      for c = 1, s0 do x[c] = x[c] * (1 + y[k] * 0.6) end
      X[k] = x
    end
    local yhat, sums = run:predict(X), { 0, 0, 0, 0 }
    for k = 1, n do -- a neuron of radii 1.1, 0.6 and its own direction for each example
      local w, one, two, dot = rng:normals(d):totable(), 0, 0, 0
      for c = 1, d do
        if c <= s0 then one = one + w[c] ^ 2 else two = two + w[c] ^ 2 end
      end
      for c = 1, d do dot = dot + w[c] * X[k][c] * (c <= s0 and 1.1 / math.sqrt(one) or 0.6 / math.sqrt(two)) end
      local value, pull = loss(y[k], yhat[k]), loss:slope(y[k], yhat[k]) / 2 * ramp(dot)
      for i, z in ipairs { value, value ^ 2, pull, pull ^ 2 } do sums[i] = sums[i] + z / n end
    end
    local rho = run:measure():radii { s0 = s0 }
    local function off(distribution) -- in standard errors
      local pot = mf.potential.two_radius { distribution = distribution, activation = ramp, loss = loss }
      return math.abs(sums[1] - pot:risk(rho)) / math.sqrt((sums[2] - sums[1] ^ 2) / n),
             math.abs(sums[3] - pot:psi({ 1.1, 0.6 }, rho)) / math.sqrt((sums[4] - sums[3] ^ 2) / n)
    end
    local risk, psi = off(law)
    -- 2 checks of 4.5 deviations: 1.4e-5; N neurons add l''/2 E sigma^2/N < 7/3000 to R, half a deviation
    assert.truthy(risk < 4.5 and psi < 4.5, ("%s: %g %g"):format(tostring(loss), risk, psi))
    risk, psi = off(other)
    assert.truthy(risk > 4.5 or psi > 4.5, ("%s: %g %g"):format(tostring(loss), risk, psi))
  end)

  it("the PDE goes down R at the rate of Eq. 7", function()
    local law = mf.distribution.anisotropic { d = 100, s0 = 20, delta = 0.6 }
    for _, loss in ipairs(losses) do
      local pot = mf.potential.two_radius { distribution = law, activation = ramp, loss = loss }
      local o = { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, J = 50, tol = 1e-9 }
      local pde, h = mf.pde.particles(o):advance(1), 1e-3
      local r0, fall = pde:risk(), pde:dissipation()
      local r1 = pde:advance(1 + h):risk()
      assert.near((r1 - r0) / h, -(fall + pde:dissipation()) / 2, 1e-4 * math.abs(fall) + 1e-9, tostring(loss))
      assert.truthy(r0 < pot:risk(mf.pde.particles(o):measure()))
    end
  end)

  it("the optimum is certified, and the square's by the same path; a point mass has its Hessian", function()
    local law = mf.distribution.anisotropic { d = 100, s0 = 20, delta = 0.6 }
    local function new(loss)
      return mf.potential.two_radius { distribution = law, activation = ramp, loss = loss, tol = 1e-6 }
    end
    local square = mf.optimum { potential = new() }
    assert.near(square.risk, mf.optimum { potential = new(mf.loss.huber(1e6)) }.risk, 1e-8)
    for _, loss in ipairs { mf.loss.logistic(), mf.loss.huber(0.7) } do
      local pot, rng = new(loss), mf.rng { seed = 5 }
      local o = mf.optimum { potential = pot }
      assert.truthy(o.gap >= 0 and o.gap < 1e-7, tostring(loss) .. tostring(o))
      assert.near(pot:risk(o.measure), o.risk, 1e-12)
      assert.truthy(o.risk < pot.risk0 - 0.1)
      for _ = 1, 30 do -- a little mass elsewhere does not help
        local x, w, eps = o.measure:atoms(), o.measure:weights(), 10 ^ -(1 + 3 * rng:uniform())
        local s, t = rng:uniform(), rng:uniform()
        local atoms, mass = { { s / (1 - s), t / (1 - t) } }, { eps }
        for j = 1, #o.measure do atoms[j + 1], mass[j + 1] = { x[j][1], x[j][2] }, (1 - eps) * w[j] end
        assert.truthy(pot:risk(measure(pot, atoms, mass)) >= o.lower_bound)
      end
      local theta, rho = { 1.2, 0.8 }, measure(pot, { { 1.2, 0.8 } })
      local H0 = mf.stability.point_mass { potential = pot, theta = theta }.H0
      for c = 1, 2 do
        local row = quadrature.gradient(function(x) return pot:grad_psi(x, rho)[c] end, theta, { 1e-3, 1e-3 })
        for k = 1, 2 do assert.near(row[k], H0[c][k], 1e-6) end
      end
    end
  end)
end)
