-- Theorems 6 and 7: H_0 against closed forms and sums written here, and the verdict against the dynamics.
local mf = require "meanfield"

local knots = { { 0.5, -2.5 }, { 1.5, 7.5 } }
local step = mf.activation.piecewise(knots)
local tanh = mf.activation.tanh()
local point_mass = mf.stability.point_mass

local function radial(d, delta, activation, tol)
  local law = mf.distribution.isotropic { d = 40, delta = delta }
  return mf.potential.radial { distribution = law, activation = activation or step, d = d, tol = tol or 1e-10 }
end

local function phi(x) return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) end

-- q(s) = E sigma(s G) and q''(s) of the paper's sigma: slopes +-10 at its two knots, closed forms.
local function q(s) return step:moment(s, 0) end
local function q2(s)
  local sum = 0
  for i, sign in ipairs { 10, -10 } do
    local a = knots[i][1] / s
    sum = sum + sign * phi(a) * a * a / s
  end
  return sum
end

-- A sampled potential and the examples it was made of.
local function recorded(d, n, activation, target, options)
  local seen = {}
  local law = mf.distribution.custom { d = d, sample = function(rng)
    local x = rng:normals(d)
    local y = target(x)
    seen[#seen + 1] = { x = x:totable(), y = y }
    return x, y
  end }
  local o = { distribution = law, activation = activation, samples = n }
  for k, v in pairs(options or {}) do o[k] = v end
  local pot = mf.potential.sampled(o)
  return pot, { table.unpack(seen, #seen - n + 1) } -- a law tries its function before it is used
end

describe("stability.point_mass", function()
  it("agrees with the closed form of psi'' at d = inf, error included", function()
    for _, delta in ipairs { 0.2, 0.4, 0.8 } do
      local high, low = 1 + delta, 1 - delta
      for _, r in ipairs { 0.3, 1.2, 3 } do
        local want = 0.5 * high ^ 2 * q2(high * r) * (q(high * r) - 1) + 0.5 * low ^ 2 * q2(low * r) * (q(low * r) + 1)
        for tol, bound in pairs { [1e-10] = 4e-5, [1e-13] = 4e-8 } do
          local p = point_mass { potential = radial(math.huge, delta, step, tol), theta = r }
          assert.near(want, p.H0[1][1], p.error)
          assert.is_true(p.error < bound)
          assert.equal("not a fixed point", p.verdict)
        end
      end
    end
  end)

  it("calls the single sphere of Lemma 1 stable inside the interval, and sees it become unstable", function()
    for _, d in ipairs { 40, 320, math.huge } do
      for delta, verdict in pairs { [0.2] = "stable", [0.4] = "stable", [0.8] = "unstable" } do
        local r = mf.stability.lemma1 { d = d, delta = delta, activation = step }.r_star
        local p = point_mass { potential = radial(d, delta), theta = r }
        assert.equal(verdict, p.verdict)
        assert.equal(1, p.mass)
        assert.is_true(p.residual < 1e-6)
      end
    end
  end)

  it("says at which rate the dynamics contracts to it or leaves it", function()
    -- |theta - theta_*| grows or decays as exp(-2 H_0 t) for light particles beside a heavy point mass
    for delta, t in pairs { [0.2] = 4, [0.8] = 8 } do
      local pot = radial(40, delta)
      local r = mf.stability.lemma1 { d = 40, delta = delta, activation = step }.r_star
      local h = point_mass { potential = pot, theta = r }.eigenvalues[1]
      local rho = mf.measure { x = { r, r + 1e-4, r - 1e-4 }, weights = { 1, 1e-9, 1e-9 }, space = "radial" }
      local m = mf.pde.particles { potential = pot, measure = rho, tol = 1e-11 }:advance(t):measure()
      local spread = m:quantile(1) - m:quantile(0)
      -- the next term is of relative order 1e-4
      assert.near(1, spread / 2e-4 / math.exp(-2 * h * t), 2e-3)
    end
  end)

  it("agrees with Eq. 26 summed over the sample for tanh in full space, with and without fixed coordinates", function()
    local d, n = 3, 40
    local function target(x) return tanh(x[1] - x[2]) end
    local point = { 0.4, -0.3, 0.2, 1.1, 0.1 } -- w, a, b
    local other = { -0.5, 0.8, 0.6, -0.7, 0.3 }
    for _, fix in ipairs { {}, { fix_b = true }, { fix_a = true, fix_b = true } } do
      local pot, seen = recorded(d, n, tanh, target,
                                 { neuron = "affine", fix_a = fix.fix_a, fix_b = fix.fix_b })
      assert.equal(n, #seen)
      local rho = mf.measure { x = { point, other }, weights = { 3, 1 }, space = "affine" }
      local p = point_mass { potential = pot, theta = point, measure = rho }
      local function response(theta, x)
        local z = theta[d + 2]
        for c = 1, d do z = z + theta[c] * x[c] end
        return tanh(z), theta[d + 1]
      end
      local H = mf.array.zeros(d + 2, d + 2)
      for _, e in ipairs(seen) do
        local s, a = response(point, e.x)
        local s2, a2 = response(other, e.x)
        local psi = (0.75 * a * s + 0.25 * a2 * s2 - e.y) / n
        local ds, dds = 1 - s * s, -2 * s * (1 - s * s)
        local slot = { e.x[1], e.x[2], e.x[3], nil, 1 } -- dz / d theta
        for i = 1, d + 2 do
          for j = 1, d + 2 do
            if i ~= d + 1 and j ~= d + 1 then
              H[i][j] = H[i][j] + psi * a * dds * slot[i] * slot[j]
            elseif i ~= j then
              H[i][j] = H[i][j] + psi * ds * slot[i == d + 1 and j or i]
            end
          end
        end
      end
      local free = {}
      for c = 1, d + 2 do
        if not (fix.fix_a and c == d + 1) and not (fix.fix_b and c == d + 2) then free[#free + 1] = c end
      end
      local trace, sum = 0, 0
      for i = 1, d + 2 do
        for j = 1, d + 2 do
          local moves = not (fix.fix_a and (i == d + 1 or j == d + 1))
                        and not (fix.fix_b and (i == d + 2 or j == d + 2))
          assert.near(moves and H[i][j] or 0, p.H0[i][j], p.error + 1e-12)
        end
      end
      for _, c in ipairs(free) do trace = trace + H[c][c] end
      for k = 1, #p.eigenvalues do sum = sum + p.eigenvalues[k] end
      assert.equal(#free, #p.eigenvalues)
      assert.near(trace, sum, 1e-9)
      assert.near(0.75, p.mass, 1e-12)
      assert.is_true(p.error < 1e-8)
      assert.equal("not a fixed point", p.verdict)
    end
  end)

  it("is degenerate where R = 0: Psi is then 0 everywhere", function()
    local u, erf = { 0.7, -0.4, 0.3 }, mf.activation.erf()
    local pot = recorded(3, 500, erf, function(x) return erf(u[1] * x[1] + u[2] * x[2] + u[3] * x[3]) end)
    local p = point_mass { potential = pot, theta = mf.array(u) }
    assert.equal("degenerate", p.verdict)
    assert.is_true(p.residual < 1e-12)
    for k = 1, 3 do assert.near(0, p.eigenvalues[k], 1e-12) end
  end)

  it("is degenerate where a direction is flat", function()
    -- no example has x_2: w_2 does nothing; w_1 at the minimum for one neuron, by bisection
    local law = mf.distribution.custom { d = 2, sample = function(rng)
      local x = rng:normals(1)[1]
      return { x, 0 }, 0.5 * tanh(2 * x)
    end }
    local pot = mf.potential.sampled { distribution = law, activation = tanh, samples = 300 }
    local low, high = 0.1, 3
    for _ = 1, 60 do
      local w = (low + high) / 2
      local g = pot:grad_psi({ w, 5 }, mf.measure { x = { { w, 5 } }, space = "plain" })
      if g[1] < 0 then low = w else high = w end
    end
    local p = point_mass { potential = pot, theta = { low, 5 } }
    assert.equal("degenerate", p.verdict)
    assert.is_true(p.residual < 1e-12)
    local zero, other = p.eigenvalues[1], p.eigenvalues[2]
    if math.abs(zero) > math.abs(other) then zero, other = other, zero end
    assert.near(0, zero, p.error)
    assert.is_true(math.abs(other) > 1e-3 and p.error < 1e-9)
  end)

  it("knows the wall at r = 0: held where the force presses, otherwise free", function()
    local bump = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } }
    local p = point_mass { potential = radial(320, 0.5, bump), theta = 0 } -- Fig. 4's bad limit
    assert.equal("stable", p.verdict)
    assert.equal(0, #p.eigenvalues)
    assert.is_true(p.gradient[1] > 0)
    assert.equal(0, p.residual)
    -- the paper's sigma is flat near 0: psi'(0) = 0 and psi''(0) = 0, all derivatives vanish
    assert.equal("degenerate", point_mass { potential = radial(math.huge, 0.5), theta = 0 }.verdict)
    -- ReLU: r1 = 0 and r2 = 0 in four coordinates; s is not differentiable at both 0, but is at one
    local relu = mf.potential.relu { delta = 0.4, gamma = 0.2 }
    local q4 = point_mass { potential = relu, theta = { 1, 0.5, 0, 0.8 } }
    local g, h = relu:grad_psi({ 1, 0.5, 1e-4, 0.8 }, mf.measure { x = { { 1, 0.5, 0, 0.8 } }, space = "relu" }), q4.H0
    assert.near(g[3] / 1e-4, h[3][3], 1e-6)
    for _, c in ipairs { 1, 2, 4 } do assert.near(0, h[3][c], 1e-9) end
  end)

  it("is as accurate at small radii as at 0, in closed form", function()
    local delta, r1 = 0.4, 1.3
    local law = mf.distribution.anisotropic { d = 40, s0 = 10, delta = delta }
    local pot = mf.potential.two_radius { distribution = law, activation = step, d = math.huge, tol = 1e-10 }
    local function slope(s) return 10 * phi(0.5 / s) - 10 * phi(1.5 / s) end -- q'
    for _, r2 in ipairs { 0, 1e-8, 1e-4, 0.003, 0.03, 0.07, 0.1, 0.14, 0.15 } do
      local p, want = point_mass { potential = pot, theta = { r1, r2 } }, { 0, 0, 0 }
      for y = -1, 1, 2 do
        local tau = 1 + y * delta
        local s = math.sqrt((tau * r1) ^ 2 + r2 ^ 2)
        local c, one, two = q(s) - y, slope(s), q2(s)
        local s1, s2 = tau ^ 2 * r1 / s, r2 / s -- derivatives of s
        want[1] = want[1] + c / 2 * (two * s1 ^ 2 + one * (tau ^ 2 - s1 ^ 2) / s)
        want[2] = want[2] + c / 2 * (two * s1 * s2 - one * s1 * s2 / s)
        want[3] = want[3] + c / 2 * (two * s2 ^ 2 + one * (1 - s2 ^ 2) / s)
      end
      assert.near(want[1], p.H0[1][1], p.error)
      assert.near(want[2], p.H0[1][2], p.error)
      assert.near(want[3], p.H0[2][2], p.error)
      assert.is_true(p.error < 1e-4, p.error)
    end
  end)

  it("does not cross a kink at 0", function() -- q(s) = s/sqrt(2 pi): psi'' = u'' jumps at 0 if continued evenly
    local pot = radial(math.huge, 0.5, mf.activation.relu())
    for _, r in ipairs { 0.01, 0.1 } do
      local p = point_mass { potential = pot, theta = r }
      assert.near(0, p.H0[1][1], p.error)
      assert.is_true(p.error < 1e-2)
    end
  end)

  it("names what is wrong", function()
    local pot = radial(40, 0.4)
    local function expect(text, o)
      assert.error_matches(function() point_mass(o) end, text, 1, true)
    end
    expect("option 'potential' is missing", { theta = 1 })
    expect("option 'theta'", { potential = pot })
    expect("option 'theta' must be a point of 1 coordinate", { potential = pot, theta = { 1, 2 } })
    expect("option 'theta' must be a point of 1 coordinate", { potential = pot, theta = "far" })
    expect("option 'theta' must be a vector of numbers", { potential = pot, theta = { "x" } })
    expect("option 'theta' must be finite, got nan", { potential = pot, theta = 0 / 0 })
    expect("option 'theta' must be finite, got inf", { potential = pot, theta = math.huge })
    expect("option 'theta' has a radius that must be >= 0, got -1", { potential = pot, theta = -1 })
    expect("option 'tol' must be", { potential = pot, theta = 1, tol = 0 })
    expect("lies in space 'plain'", { potential = pot, theta = 1,
                                      measure = mf.measure { x = { { 1, 2 } }, space = "plain" } })
    expect("unknown option 'rho'", { potential = pot, theta = 1, rho = 2 })
  end)
end)
