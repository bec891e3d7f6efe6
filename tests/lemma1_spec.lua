-- Lemma 1: margins and intervals against brute force over [0, inf] with v and u_d summed here from
-- Hermite coefficients, and against the closed form at d = inf.
local mf = require "meanfield"
local process = require "tests.process"

local paper = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local failing = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } } -- that of Fig. 4
local lemma1, interval = mf.stability.lemma1, mf.stability.interval

-- v and u_d from the series u = 1/2 sum mu_2m c_2m(tau r1) c_2m(tau r2), cut where mu_2m < 1e-15
-- (d >= 20: some dozen terms). Coefficients are remembered by radius.
local function potentials(d, delta, sigma)
  local terms, mu = 1, { [0] = 1 }
  while d < math.huge and mu[terms - 1] > 1e-15 do
    mu[terms] = mu[terms - 1] * (2 * terms - 1) / (d + 2 * (terms - 1))
    terms = terms + 1
  end
  local memory = {}
  local function coefficients(r)
    memory[r] = memory[r] or { sigma:coefficients(2 * terms, (1 + delta) * r):totable(),
                               sigma:coefficients(2 * terms, (1 - delta) * r):totable() }
    return memory[r]
  end
  local function v(r)
    local c = coefficients(r)
    return (c[2][1] - c[1][1]) / 2
  end
  local function u(r1, r2)
    local a, b, sum = coefficients(r1), coefficients(r2), 0
    for side = 1, 2 do
      for m = terms - 1, 0, -1 do sum = sum + mu[m] * a[side][2 * m + 1] * b[side][2 * m + 1] / 2 end
    end
    return sum
  end
  return v, u
end

-- n + 1 radii that are even in r/(1 + r), both ends included.
local function grid(n)
  local r = {}
  for i = 0, n do r[i] = i == n and math.huge or i / (n - i) end
  return r
end

-- Golden section between a and b, in t = r/(1 + r).
local function golden(f, a, b)
  local function at(t) return f(t / (1 - t)) end
  local g = (math.sqrt(5) - 1) / 2
  local x, y = b - g * (b - a), a + g * (b - a)
  local fx, fy = at(x), at(y)
  for _ = 1, 60 do
    if fx < fy then
      b, y, fy = y, x, fx
      x = b - g * (b - a)
      fx = at(x)
    else
      a, x, fx = x, y, fy
      y = a + g * (b - a)
      fy = at(y)
    end
  end
  return (a + b) / 2 / (1 - (a + b) / 2)
end

-- r_*, risk, margin and where it is, by looking at 400 radii and refining the best.
local function brute(d, delta, sigma)
  local n, v, u = 400, potentials(d, delta, sigma)
  local r = grid(n)
  local function risk(x) return 1 + 2 * v(x) + u(x, x) end
  local best = 0
  for i = 0, n do if risk(r[i]) < risk(r[best]) then best = i end end
  local star = golden(risk, (best - 1) / n, (best + 1) / n)
  local here = v(star) + u(star, star)
  local function psi(x) return v(x) + u(x, star) - here end
  local margin, at = math.huge, nil
  for i = 0, n do
    local low = (i == 0 or psi(r[i]) <= psi(r[i - 1])) and (i == n or psi(r[i]) <= psi(r[i + 1]))
    local near = math.abs(i / n - star / (1 + star)) < 1.5 / n
    if low and not near or i == 0 or i == n then
      local x = r[i]
      if i > 0 and i < n then x = golden(psi, (i - 1) / n, (i + 1) / n) end
      if psi(x) < margin then margin, at = psi(x), x end
    end
  end
  return star, risk(star), margin, at
end

describe("Lemma 1", function()
  it("has the margin that brute force finds on the closed half-line, within its error", function()
    for _, case in ipairs { { 40, 0.02, paper }, { 40, 0.3, paper }, { 40, 0.5, paper }, { 40, 0.8, paper },
                            { 20, 0.25, paper }, { 320, 0.45, paper }, { 1e5, 0.1, failing }, { 60, 0.2, failing },
                            { math.huge, 0.3, paper }, { math.huge, 0.6, failing } } do
      local d, delta, sigma = table.unpack(case)
      local star, risk, margin, at = brute(d, delta, sigma)
      local found = lemma1 { d = d, delta = delta, activation = sigma }
      assert.near(star, found.r_star, 1e-6)   -- golden section sees a minimum to the root of rounding
      assert.near(risk, found.risk, 1e-10)
      assert.near(margin, found.margin, found.error + 1e-7) -- the slope in r_* times its 1e-7
      assert.is_true(found.error < 1e-7)
      assert.equal(margin > 0, found.stable)
      if at > 0.1 then assert.near(1 / (1 + at), 1 / (1 + found.at), 1e-4) end -- flat near 0
    end
  end)

  it("knows the ends of the interval at d = 40 and d = inf, and that d = 40 ends at r = inf", function()
    local low, high, ends = interval { d = 40, activation = paper }
    assert.near(0.029816, low, 1e-6)
    assert.near(0.431013, high, 1e-6)
    assert.same({ math.huge, math.huge }, { ends.low.at, ends.high.at })
    low, high, ends = interval { d = math.huge, activation = paper }
    assert.equal(0, low)
    assert.is_nil(ends.low.at)
    -- Delta_inf = (rho - 1)/(rho + 1), rho = q^-1(1)/q^-1(-1), by bisection of the monotone q
    local function inverse(y)
      local a, b = 0, 20
      for _ = 1, 100 do
        local s = (a + b) / 2
        if paper:moment(s) < y then a = s else b = s end
      end
      return a
    end
    local rho = inverse(1) / inverse(-1)
    assert.near((rho - 1) / (rho + 1), high, 1e-6)
    assert.near(0.4742190, high, 1e-6)
    assert.near(1.749455, lemma1 { d = math.huge, delta = high, activation = paper }.r_star, 1e-6)
  end)

  it("holds on one side of each end of the interval and fails on the other, to the accuracy asked for", function()
    for _, d in ipairs { 13, 20, 160, 640, 1e6 } do
      local tol = d > 1000 and 1e-8 or 1e-6
      local low, high, ends = interval { d = d, activation = paper, tol = tol }
      assert.is_true(ends.low.error <= tol and ends.high.error <= tol)
      local function stable(delta) return lemma1 { d = d, delta = delta, activation = paper }.stable end
      assert.same({ false, true, true, false },
                  { stable(low - 2 * tol), stable(low + 2 * tol), stable(high - 2 * tol), stable(high + 2 * tol) })
    end
  end)

  it("holds for no Delta when d is small, and says which Delta comes closest", function()
    local low, high, ends = interval { d = 10, activation = paper }
    assert.is_nil(low)
    assert.is_nil(high)
    local best = lemma1 { d = 10, delta = ends.best, activation = paper }
    assert.is_false(best.stable)
    assert.near(best.margin, ends.margin, 1e-7)
    for _, step in ipairs { -0.01, 0.01 } do
      assert.is_true(lemma1 { d = 10, delta = ends.best + step, activation = paper }.margin < best.margin)
    end
  end)

  it("tends to the limit d = inf like 1/d", function()
    local limit = lemma1 { d = math.huge, delta = 0.3, activation = paper }
    local before
    for _, d in ipairs { 1e3, 1e4, 1e5, 1e6 } do
      local gap = lemma1 { d = d, delta = 0.3, activation = paper }.margin - limit.margin
      if before then assert.near(10, before / gap, 0.3) end -- next order: 30/d
      before = gap
    end
  end)

  it("leaves `stable` open when the margin is within its error", function()
    local _, high = interval { d = 40, activation = paper }
    local rough = lemma1 { d = 40, delta = high + 1e-7, activation = paper, tol = 1e-4 }
    assert.is_true(math.abs(rough.margin) <= rough.error)
    assert.is_nil(rough.stable)
    -- an odd sigma has no even part: every radius is as good as any other
    local odd = lemma1 { d = 40, delta = 0.3, activation = mf.activation.tanh() }
    assert.is_nil(odd.stable)
    assert.near(1, odd.risk, 1e-12)
    assert.is_nil((interval { d = 40, activation = mf.activation.erf() }))
  end)

  it("has an error that covers every r_* which the errors of V and U leave possible", function()
    -- R = 1 - 1e-11 or so up to r = 0.15: to its digits, any of these radii may be the minimizer
    local spike = mf.activation.custom(function(t) return 50 * math.exp(-((t - 1) / 0.01) ^ 2) end)
    local pot = mf.potential.radial { d = 5, activation = spike, tol = 1e-13,
                                      distribution = mf.distribution.isotropic { d = 5, delta = 1e-6 } }
    local found, seen = lemma1 { d = 5, delta = 1e-6, activation = spike }, 0
    for i = 0, 200 do
      local r = i / 1000
      local sphere = mf.measure { x = { r }, space = "radial" }
      if pot:risk(sphere) <= found.risk + 5 * pot.error then
        local margin = pot:psi(found.at, sphere) - pot:psi(r, sphere)
        assert.is_true(math.abs(margin - found.margin) <= found.error)
        seen = seen + 1
      end
    end
    assert.is_true(seen > 10)
  end)

  it("takes an activation written in Lua", function()
    local same = mf.activation.custom { kinks = { 0.5, 1.5 }, f = function(t)
      return math.max(-2.5, math.min(7.5, -2.5 + 10 * (t - 0.5)))
    end }
    local a = lemma1 { d = 40, delta = 0.3, activation = paper }
    local b = lemma1 { d = 40, delta = 0.3, activation = same }
    assert.is_true(b.stable)
    assert.near(a.r_star, b.r_star, 1e-7)
    assert.near(a.margin, b.margin, a.error + b.error)
  end)

  it("sees what happens at radii far out: Delta close to 1, and a sigma that starts there", function()
    local step = mf.activation.piecewise { { 1e6, 0 }, { 2e6, 5 } }
    for _, case in ipairs { { 1 - 1e-5, paper }, { 1 - 1e-8, paper }, { 0.3, step } } do
      local delta, sigma = table.unpack(case)
      for _, d in ipairs { 5, 40, math.huge } do
        local pot = mf.potential.radial { d = d, activation = sigma,
                                          distribution = mf.distribution.isotropic { d = 40, delta = delta } }
        local origin = mf.measure { x = { 0 }, space = "radial" }
        for _, r in ipairs { 0.01, 1, 1e3, 1e5, 1e6, 3e6, 1e8, 1e12, math.huge } do -- U(r, 0) = sigma(0) E q
          local plus, minus = sigma:moment((1 + delta) * r), sigma:moment((1 - delta) * r)
          assert.near((minus - plus) / 2 + sigma(0) * (plus + minus) / 2, pot:psi(r, origin), pot.error + 1e-9)
        end
      end
    end
  end)

  it("is interrupted by Ctrl-C inside, also where it takes seconds", function()
    for _, call in ipairs { "lemma1 { d = 2, delta = 0.3, activation = s }", "interval { d = 2, activation = s }" } do
      local result = process.run(("timeout 100 %s -e %s"):format(process.quote(process.host),
        process.quote(([[local mf = require "meanfield"
          local s = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
          %s while true do mf.stability.%s end]]):format(process.ctrl_c(0.5), call))))
      assert.equal(130, result.code)
      assert.matches("mf.stability.%w+: interrupted", result.err)
    end
    process.clean()
  end)

  it("names a bad option, and refuses an activation without limits", function()
    local function refuses(pattern, fn, options)
      assert.error_matches(function() fn(options) end, pattern, 1, true)
    end
    refuses("mf.stability.lemma1: option 'd' is missing", lemma1, { delta = 0.3, activation = paper })
    refuses("option 'delta' is missing", lemma1, { d = 40, activation = paper })
    refuses("option 'activation' is missing", lemma1, { d = 40, delta = 0.3 })
    refuses("'d' must be an integer in [2, inf], got 1", lemma1, { d = 1, delta = 0.3, activation = paper })
    refuses("'d' must be an integer in [2, inf], got 2.5", lemma1, { d = 2.5, delta = 0.3, activation = paper })
    refuses("'delta' must be a number in (0, 1), got nan", lemma1, { d = 40, delta = 0 / 0, activation = paper })
    refuses("'activation' must be an mf.activation, got 3", lemma1, { d = 40, delta = 0.3, activation = 3 })
    refuses("did you mean 'delta'?", lemma1, { d = 40, delat = 0.3, activation = paper })
    refuses("bounded", lemma1, { d = 40, delta = 0.3, activation = mf.activation.relu() })
    refuses("'tol' must be a number in [1e-09, 0.01], got 1", interval, { d = 40, activation = paper, tol = 1 })
  end)
end)
