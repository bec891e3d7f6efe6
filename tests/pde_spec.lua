-- The distributional dynamics by particles: reference values, order, Proposition 2, walls, errors.
local mf = require "meanfield"

local step = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local bump = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } }

local function radial(d, delta, activation)
  local law = mf.distribution.isotropic { d = d, delta = delta }
  return mf.potential.radial { distribution = law, activation = activation }
end

local fig1 = radial(40, 0.8, step)

describe("pde.particles", function()
  it("agrees with an independent solution of Fig. 1 in all digits that are known", function()
    local pde = mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 4000 }
    local want = { { 0, 1.7044, 0.79501 }, { 1, 1.07061, 1.42287 }, { 2, 1.0114, 1.65898 }, { 5, 0.69969, 2.3560 },
                   { 10, 0.1753, 3.4536 } }
    for _, w in ipairs(want) do
      pde:advance(w[1])
      assert.near(w[2], pde:risk(), 1e-4)
      assert.near(w[3], pde:measure():mean(), 1e-4)
    end
  end)

  it("agrees with an independent solution of Fig. 4, both limits", function()
    local pot = radial(320, 0.5, bump)
    local good = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.4 }, J = 2000 }
    for _, w in ipairs { { 0.01, 5.346, 1e-3 }, { 0.1, 1.5364, 1e-4 }, { 0.3, 0.35881, 1e-5 }, { 1, 0.02770, 1e-5 },
                         { 10, 0.0143, 5e-5 } } do
      assert.near(w[2], good:advance(w[1]):risk(), w[3])
    end
    -- kappa = 0.1: all mass reaches r = 0 before t = 0.02 and stays; all outputs are sigma(0) = -2.5
    local bad = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.1 }, J = 500 }:advance(0.02)
    for _, t in ipairs { 0.02, 0.1, 10 } do
      assert.near(7.25, bad:advance(t):risk(), 1e-9)
      assert.equal(0, bad:measure():quantile(1))
    end
  end)

  it("never lets the risk increase, and loses it at the rate 4 int |grad Psi|^2 (Proposition 2)", function()
    local pde = mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 300 }
    local last, h = pde:risk(), 1e-3
    for k = 1, 60 do
      local t = 0.1 * k
      local before = pde:advance(t - h):risk()
      local rate = pde:advance(t):dissipation()
      local here = pde:risk()
      local after = pde:advance(t + h):risk()
      assert.is_true(here <= last)
      assert.near(rate, (before - after) / (2 * h), 1e-4 * (1 + rate))
      last = here
    end
  end)

  it("has order 5 in fixed steps", function()
    local function risk(h)
      return mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 50, step = h }
        :advance(0.8):risk()
    end
    local exact = risk(0.8 / 256)
    local coarse, fine = math.abs(risk(0.8 / 4) - exact), math.abs(risk(0.8 / 8) - exact)
    local order = math.log(coarse / fine, 2)
    assert.is_true(order > 4.3 and order < 6.7, "order " .. order)
  end)

  it("takes as many fixed steps as fit, and none for the rounding of the clock", function()
    for _, o in ipairs { { 0.005, 2, 400 }, { 0.1, 0.3, 3 }, { 0.1, 7, 70 }, { 0.3, 1, 4 }, { 5, 1, 1 } } do
      local pde = mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 5, step = o[1] }
      assert.equal(o[3], pde:advance(o[2]).steps)
      assert.equal(o[2], pde.clock)
    end
  end)

  it("keeps its error within the estimate's order when tol shrinks", function()
    local function run(tol)
      local pde = mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 100, tol = tol }
      return pde:advance(2)
    end
    local best = run(1e-12)
    for _, tol in ipairs { 1e-4, 1e-6, 1e-8 } do
      local pde = run(tol)
      -- local errors may grow along the flow: by e^4 at most between t = 0 and 2 here
      assert.is_true(mf.transport.w2(pde:measure(), best:measure()) < 55 * pde.local_error)
      assert.is_true(pde.local_error < 200 * tol)
    end
  end)

  it("in Fig. 1 is off by less than local_error in W_2, though one particle is off by more", function()
    local function new(options)
      options.potential, options.init, options.J = fig1, mf.init.gaussian { kappa = 0.8 }, 200
      return mf.pde.particles(options):advance(10)
    end
    local pde, best = new {}, new { step = 0.01 }
    local law, reference = pde:measure(), best:measure()
    assert.is_true(best.local_error < pde.local_error / 20)
    assert.is_true(mf.transport.w2(law, reference) < pde.local_error)
    -- the particles that the kinks of sigma part: not what is measured
    assert.is_true(mf.transport.wp(law, reference, math.huge) > 5 * mf.transport.w2(law, reference))
    assert.near(best:risk(), pde:risk(), 1.01 * math.sqrt(best:dissipation()) * mf.transport.w2(law, reference))
  end)

  it("leaves a saddle at the time at which fixed steps leave it, with stabilised steps in between", function()
    -- Fig. 4: R rests at 0.0143 from t = 5 on and falls to 0.0051 near t = 80, when mass leaves its first place
    local function run(length)
      return mf.pde.particles { potential = radial(320, 0.5, bump), init = mf.init.gaussian { kappa = 0.25 }, J = 60,
                                step = length }
    end
    local free, fixed = run(), run(0.01)
    for _, t in ipairs { 30, 60, 100, 200 } do
      assert.near(fixed:advance(t):risk(), free:advance(t):risk(), 1e-6)
    end
    assert.is_true(fixed:risk() < 0.0055)
    assert.is_true(free.steps < fixed.steps / 40, free.steps .. " steps")
  end)

  it("rests for long in few steps, at the state that is one", function()
    local pde = mf.pde.particles { potential = radial(320, 0.5, bump), init = mf.init.gaussian { kappa = 0.2 }, J = 50 }
    local R, steps = pde:advance(1e3):risk(), pde.steps
    assert.near(R, pde:advance(1e6):risk(), 1e-9)
    assert.is_true(pde.steps < steps + 100, pde.steps .. " steps")
    -- Fig. 1 creeps on, like 1/log t: against the same way in fixed steps
    local function creep(length)
      return mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 20, step = length }
    end
    local free, fixed = creep(), creep(0.04)
    assert.near(fixed:advance(600):risk(), free:advance(600):risk(), 1e-7)
    assert.is_true(free.steps < fixed.steps / 10, free.steps .. " steps")
    local late = free:advance(1e5)
    assert.is_true(late:risk() < fixed:risk() and late.steps < 2e4, late.steps .. " steps")
  end)

  it("shows its way in stabilised steps as in others", function()
    local function new(tol)
      return mf.pde.particles { potential = radial(320, 0.5, bump), init = mf.init.gaussian { kappa = 0.25 }, J = 30,
                                tol = tol }
    end
    local plain, seen, exact = new(1e-8):advance(150), new(1e-8), new(1e-11)
    local way = seen:trajectory(150, { R = "risk", law = function(rho) return rho end })
    assert.is_true(plain:measure():coordinate() == seen:measure():coordinate())
    for i = 1, #way.t, 7 do
      exact:advance(way.t[i])
      -- R falls by 8 within t = 0.1: what W_2 is off, R is off as much times its slope |dR/dtau|^(1/2) in W_2
      local off = mf.transport.w2(way.law[i], exact:measure())
      assert.is_true(off < seen.local_error)
      assert.near(exact:risk(), way.R[i], 1.01 * math.sqrt(exact:dissipation()) * off + 1e-11)
    end
  end)

  it("depends on xi only through the clock, singular and Lua schedules included", function()
    local init = mf.init.gaussian { kappa = 0.8 }
    local plain = mf.pde.particles { potential = fig1, init = init, J = 200 }:advance(4 / 3 * 2 ^ 0.75)
    for _, xi in ipairs { mf.schedule.power(-0.25), function(t) return t ^ -0.25 end } do
      local pde = mf.pde.particles { potential = fig1, init = init, J = 200, xi = xi }
      pde:advance(0.3):advance(2)
      assert.near(plain.clock, pde.clock, 1e-11)
      assert.near(plain:risk(), pde:risk(), 1e-7)
    end
  end)

  it("tends to its limit as 1/J in the risk", function()
    -- quantiles at (j + 1/2)/J represent a law with tails to order 1/J
    local function risk(J)
      return mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = J }:advance(1):risk()
    end
    local limit = risk(6400)
    local few, many = math.abs(risk(50) - limit), math.abs(risk(200) - limit)
    assert.is_true(many < few / 3, ("errors %g and %g"):format(few, many))
  end)

  it("has the same bits for any number of threads", function()
    local threads, results = mf.threads(), {}
    for n = 1, 3 do
      mf.threads(n)
      local m = mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 20000 }:advance(0.2)
        :measure()
      results[n] = m:coordinate()
    end
    mf.threads(threads)
    assert.is_true(results[1] == results[2] and results[1] == results[3])
  end)

  it("starts from a measure, with weights, and leaves mass at infinity where it is", function()
    local two = mf.measure { x = { 0.5, 0.5, 1.2 }, space = "radial" }
    local one = mf.measure { x = { 0.5, 1.2 }, weights = { 2, 1 }, space = "radial" }
    local a = mf.pde.particles { potential = fig1, measure = two }:advance(1)
    local b = mf.pde.particles { potential = fig1, measure = one }:advance(1)
    assert.near(a:risk(), b:risk(), 1e-9)
    local far = mf.measure { x = { 1, math.huge }, space = "radial" }
    local c = mf.pde.particles { potential = fig1, measure = far }:advance(1)
    assert.equal(math.huge, c:measure():quantile(1))
    assert.is_true(c:risk() == c:risk())
  end)

  it("shows its way: the same bits as without observers, and the law between steps to the steps' accuracy", function()
    for _, kappa in ipairs { 0.8, 0.1 } do -- at 0.1 mass reaches the wall at r = 0
      local function new(tol)
        return mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = kappa }, J = 200, tol = tol }
      end
      for _, tol in ipairs { 1e-6, 1e-8 } do
        local plain, seen, exact = new(tol):advance(5), new(tol), new(tol / 1000)
        local way = seen:trajectory(5, { R = "risk", r = function(rho) return rho:mean() end,
                                         when = function(_, t) return t end })
        assert.equal(plain.steps, seen.steps)
        assert.is_true(plain:measure():coordinate() == seen:measure():coordinate())
        assert.equal(plain:risk(), way.R[#way.R])
        assert.is_true(#way.t > 300 and #way.t == #way.R and way.t == way.when)
        assert.same({ 0, 5, 5 }, { way.t[1], way.t[#way.t], seen.t })
        for i = 1, #way.t do
          exact:advance(way.t[i])
          assert.near(exact:risk(), way.R[i], 60 * tol)
          assert.near(exact:measure():mean(), way.r[i], 60 * tol)
        end
      end
    end
  end)

  it("takes a list of times, and values that are no numbers", function()
    local pde = mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 50,
                                   xi = function(t) return 1 / (1 + t) end }
    local way = pde:trajectory({ 0, 0.5, 0.5, 2 }, { rho = function(rho) return rho end, R = "risk" })
    assert.same({ 0, 0.5, 0.5, 2 }, way.t:totable())
    assert.equal(way.R[2], way.R[3])
    assert.near(math.log(3), pde.clock, 1e-12)
    assert.equal("table", type(way.rho))
    assert.is_true(way.rho[4]:coordinate() == pde:measure():coordinate())
    way = pde:trajectory({ 2 }, { R = "risk" })
    assert.equal(pde:risk(), way.R[1])
    local R = { R = "risk" }
    assert.error_matches(function() pde:trajectory({ 3, 1 }, R) end, "times must not decrease", 1, true)
    assert.error_matches(function() pde:trajectory(1, R) end, "a finite time t_end >= 2.0 expected", 1, true)
    assert.error_matches(function() pde:trajectory({}, R) end, "at least one time", 1, true)
    assert.error_matches(function() pde:trajectory(3) end, "table of observables, as in", 1, true)
    assert.error_matches(function() pde:trajectory(3, { no = function() end }) end, "'no' returned nothing", 1, true)
    assert.error_matches(function() pde:trajectory(3, {}) end, "name at least one observable", 1, true)
    assert.error_matches(function() pde:trajectory(3, { "risk" }) end, "observables are given by name", 1, true)
    assert.error_matches(function() pde:trajectory(3, { R = "rsik" }) end, "[R] = rsik", 1, true)
    local times = mf.array { 3, 4, 5 } -- observers may change theirs
    way = pde:trajectory(times, { now = function(_, t) times:fill(9); return t end })
    assert.same({ 3, 4, 5 }, way.now:totable())
  end)

  it("raises when a function that it calls uses it, and stays usable", function()
    local pde
    pde = mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 10,
                             xi = function(t)
                               if t > 1 then pde:advance(5) end
                               return 1
                             end }
    assert.error_matches(function() pde:advance(2) end, "this mf.pde solver is busy", 1, true)
    assert.near(0.5, pde:advance(0.5).clock, 1e-12)
    for _, method in ipairs { "risk", "measure", "dissipation", "advance", "trajectory" } do
      local function observer() return pde[method](pde, 3, { R = "risk" }) end
      local plain = mf.pde.particles { potential = fig1, init = mf.init.gaussian { kappa = 0.8 }, J = 10 }
      pde = plain
      assert.error_matches(function() plain:trajectory(1, { x = observer }) end, "busy", 1, true)
      assert.equal(1, plain:advance(1).t)
    end
  end)

  it("names what is wrong", function()
    local function expect(text, o)
      assert.error_matches(function() mf.pde.particles(o) end, text, 1, true)
    end
    local init = mf.init.gaussian { kappa = 0.8 }
    expect("option 'potential' is missing", { init = init })
    expect("exactly one of the options 'init' and 'measure'", { potential = fig1 })
    expect("option 'J' must be an integer in [1, 1e+09], got 0", { potential = fig1, init = init, J = 0 })
    expect("option 'tol' must be a number in (0, 1], got nan", { potential = fig1, init = init, tol = 0 / 0 })
    expect("lies in space 'plain'", { potential = fig1, measure = mf.measure { x = { { 1, 2 } }, space = "plain" } })
    expect("custom init", { potential = fig1, init = mf.init.custom(function() return { 1 } end) })
    local pde = mf.pde.particles { potential = fig1, init = init, J = 10 }:advance(1)
    assert.error_matches(function() pde:advance(0.5) end, "time only runs forward", 1, true)
    assert.error_matches(function() pde:advance(math.huge) end, "a finite time", 1, true)
  end)
end)
