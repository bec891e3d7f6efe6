-- mf.stability.rest: rest points and folds of the effective dynamics of SGD.
local mf = require "meanfield"

local cusp = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } } -- of Fig. 4
local ramp = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

local function radial(d, activation, delta, tol)
  return mf.potential.radial { distribution = mf.distribution.isotropic { d = d == math.huge and 40 or d,
                                                                          delta = delta or 0.5 },
                               activation = activation, d = d, tol = tol }
end

local function sphere(r, n)
  local x = {}
  for i = 1, n or 1 do x[i] = { type(r) == "table" and r[i] or r } end
  return mf.measure { x = x, space = "radial" }
end

-- The step at which the sphere of radius r is at rest.
local function step_at(pot, d, r)
  local rho = sphere(r)
  return r * pot:grad_psi(r, rho) / ((d - 1) * pot:step_noise(r, rho))
end

describe("stability.rest", function()
  it("finds Fig. 4's fold: 1.721e-5 at d = 320, where eps(r) has no slope, within its error", function()
    local pot = radial(320, cusp)
    local fold = mf.stability.rest { potential = pot }.folds[1]
    assert.near(1.721e-5, fold.eps, 5e-9)
    assert.near(fold.eps, step_at(pot, 320, fold.r), 1e-12 * fold.eps)
    assert.equal("below", fold.exist)
    assert.near(320 * fold.eps, fold.alpha, 1e-18)
    assert.is_true(fold.error < 1e-6)
    for side = -1, 1, 2 do -- the curvature makes 2e-6 of a step of 1e-3; the slope must not
      assert.is_true(step_at(pot, 320, fold.r * (1 + side * 1e-3)) < fold.eps)
    end
    local apart = step_at(pot, 320, fold.r * 1.001) - step_at(pot, 320, fold.r / 1.001)
    local bend = 2 * fold.eps - step_at(pot, 320, fold.r * 1.001) - step_at(pot, 320, fold.r / 1.001)
    assert.is_true(math.abs(apart) < 1e-2 * bend)
    for _, tol in ipairs { 1e-8, 1e-13 } do
      local other = mf.stability.rest { potential = radial(320, cusp, 0.5, tol) }.folds[1]
      local allowed = math.max(fold.error, other.error)
      assert.is_true(math.abs(other.eps / fold.eps - 1) < allowed)
      assert.is_true(math.abs(other.r / fold.r - 1) < 1e-6)
    end
  end)

  it("finds the radius at which the particle flow rests, and the two rates at which it returns", function()
    local pot, eps = radial(320, cusp), 1e-5
    local points = mf.stability.rest { potential = pot, eps = eps }.points
    assert.equal(3, #points)
    local p = points[1]
    assert.is_true(p.stable and not points[2].stable)
    assert.near(eps, step_at(pot, 320, p.r), 1e-12 * eps)
    assert.near(pot:risk(sphere(p.r)), p.risk, 1e-12)
    local function flow(start)
      return mf.pde.particles { potential = pot, eps = eps, measure = sphere(start, #start), tol = 1e-12 }
    end
    assert.near(p.r, flow({ 0.02, 0.05, 0.07 }):advance(0.3):measure():mean(), 1e-8)
    local small, t = 1e-4 * p.r, 0.01
    local moved = flow({ p.r + small, p.r + small }):advance(t):measure():mean() - p.r
    assert.near(p.together, -math.log(moved / small) / t, 1e-3 * p.together)
    local spread = flow({ p.r + small, p.r - small }):advance(t):measure():coordinate(1)
    assert.near(p.apart, -math.log((spread[1] - spread[2]) / (2 * small)) / t, 1e-3 * p.apart)
  end)

  it("says where a lone neuron leaves: Theorem 7's escape at Fig. 4's good sphere, at eps -> 0", function()
    local pot = radial(320, cusp)
    local p = mf.stability.rest { potential = pot, eps = 1e-9 }.points
    local good = p[#p]
    local mass = mf.stability.point_mass { potential = pot, theta = good.r, tol = 1e-3 }
    assert.near(2 * mass.eigenvalues[1], good.apart, 1e-3 * math.abs(good.apart))
    assert.is_true(good.apart < 0 and good.together > 0 and not good.stable)
  end)

  it("parts the steps at which the flow is trapped from those at which it is not", function()
    local pot = radial(320, cusp)
    local fold = mf.stability.rest { potential = pot }.folds[1]
    local function radius(share)
      return mf.pde.particles { potential = pot, eps = share * fold.eps, measure = sphere(0.05) }:advance(3)
               :measure():mean()
    end
    assert.is_true(radius(0.999) < fold.r)
    assert.is_true(radius(1.001) > 1)
  end)

  it("knows alpha = eps d at d = inf, to which finite d comes like 1/d", function()
    local function alpha(d) return mf.stability.rest { potential = radial(d, cusp) }.folds[1].alpha end
    local limit, before = alpha(math.huge), nil
    for _, d in ipairs { 320, 640, 1280 } do
      local gap = math.abs(alpha(d) - limit)
      if before then assert.is_true(gap / before > 0.45 and gap / before < 0.55, gap / before) end
      before = gap
    end
    local pot = radial(math.huge, cusp)
    local one = mf.stability.rest { potential = pot, alpha = 0.003 }.points[1]
    local two = mf.stability.rest { potential = pot, eps = 0.003 / 319, d = 320 }.points[1]
    assert.near(one.r, two.r, 1e-10)
    assert.is_nil(mf.stability.rest { potential = pot, alpha = 0.003 }.folds[1].eps)
    local finite = radial(320, cusp)
    assert.equal(mf.stability.rest { potential = finite, eps = 1e-5 }.points[1].r,
                 mf.stability.rest { potential = finite, alpha = 320e-5 }.points[1].r)
  end)

  it("says what it cannot do", function()
    local function fails(o, text) assert.error_matches(function() mf.stability.rest(o) end, text) end
    fails({ potential = radial(10, ramp, 0.8) }, "no fold: the step eps at which a sphere is at rest nowhere")
    fails({ potential = radial(math.huge, ramp, 0.8), eps = 1e-5 }, "option 'd' is missing")
    fails({ potential = radial(10, ramp, 0.8), eps = 1e-5, d = 20 }, "its own dimension")
    fails({ potential = radial(10, ramp, 0.8), eps = 1e-5, alpha = 1 }, "one of 'eps' and 'alpha'")
    fails({ potential = mf.potential.relu { delta = 0.5, gamma = 0.2 }, alpha = 1 }, "4 coordinates")
  end)
end)
