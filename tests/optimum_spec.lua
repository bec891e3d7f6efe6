-- mf.optimum: against other ways to solve the same problems, and its certificate on other grids.
local mf = require "meanfield"

local paper = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

local function radial(d, delta, sigma)
  return mf.potential.radial { d = d, activation = sigma or paper,
                               distribution = mf.distribution.isotropic { d = 40, delta = delta } }
end

local function grid(n, rmax)
  local r, last = {}, rmax == math.huge and 1 or rmax / (1 + rmax)
  for i = 0, n do
    local t = last * i / n
    r[i + 1] = t == 1 and math.huge or t / (1 - t)
  end
  return r
end

-- The least sum_ij w_i w_j U_ij + 2 sum w_i V_i over the simplex by exchanging weight between two
-- radii at a time; v and u_d are summed here from Hermite coefficients.
local function quadratic_programme(d, delta, r, tolerance)
  local mu, terms, c, V, U = { [0] = 1 }, 1, {}, {}, {}
  while mu[terms - 1] > 1e-13 do
    mu[terms] = mu[terms - 1] * (2 * terms - 1) / (d + 2 * (terms - 1))
    terms = terms + 1
  end
  for i, x in ipairs(r) do
    local plus, minus = paper:coefficients(2 * terms, (1 + delta) * x), paper:coefficients(2 * terms, (1 - delta) * x)
    local row = {}
    for m = 0, terms - 1 do
      row[2 * m + 1] = math.sqrt(mu[m] / 2) * plus[2 * m + 1]
      row[2 * m + 2] = math.sqrt(mu[m] / 2) * minus[2 * m + 1]
    end
    c[i], V[i] = row, (minus[1] - plus[1]) / 2
  end
  for i = 1, #r do
    U[i] = {}
    for j = 1, i do
      local sum, a, b = 0, c[i], c[j]
      for k = 1, #a do sum = sum + a[k] * b[k] end
      U[i][j], U[j][i] = sum, sum
    end
  end
  local w, G = {}, {}
  for i = 1, #r do w[i], G[i] = i == 1 and 1 or 0, V[i] + U[i][1] end
  while true do
    local low, high = 1, nil
    for i = 1, #r do
      if G[i] < G[low] then low = i end
      if w[i] > 0 and (not high or G[i] > G[high]) then high = i end
    end
    if G[high] - G[low] < tolerance then break end
    local step = math.min(w[high], (G[high] - G[low]) / (U[low][low] - 2 * U[low][high] + U[high][high]))
    w[low], w[high] = w[low] + step, step == w[high] and 0 or w[high] - step
    local from, to = U[high], U[low]
    for i = 1, #r do G[i] = G[i] + step * (to[i] - from[i]) end
  end
  local risk = 1
  for i = 1, #r do risk = risk + w[i] * (V[i] + G[i]) end
  return risk
end

describe("optimum", function()
  it("agrees with a quadratic programme on a dense grid", function()
    for _, case in ipairs { { 40, 0.3, math.huge }, { 40, 0.6, math.huge }, { 40, 0.6, 3 }, { 20, 0.8, math.huge } } do
      local d, delta, rmax = table.unpack(case)
      local pot = radial(d, delta)
      local found = mf.optimum { potential = pot, rmax = rmax }
      local r = grid(240, rmax)
      local on_grid = quadratic_programme(d, delta, r, 1e-7)
      -- A grid can only be worse, and not worse than the minimizer with its atoms moved onto it.
      local x, weights, theta, w = {}, {}, found.measure:coordinate "r", found.measure:weights()
      for j = 1, #theta do
        local i = 1
        while i < #r - 1 and r[i + 1] <= theta[j] do i = i + 1 end
        local share = (1 / (1 + r[i]) - 1 / (1 + theta[j])) / (1 / (1 + r[i]) - 1 / (1 + r[i + 1]))
        x[2 * j - 1], x[2 * j] = r[i], r[i + 1]
        weights[2 * j - 1], weights[2 * j] = (1 - share) * w[j], share * w[j]
      end
      local moved = pot:risk(mf.measure { x = x, weights = weights, space = "radial" })
      assert.is_true(on_grid > found.lower_bound - found.error - 1e-12)
      assert.is_true(on_grid < moved + found.error + 1e-7)
      assert.is_true(moved < found.risk + 2e-3)
    end
  end)

  it("has a gap below 1e-8 and never negative, and Psi on another grid confirms it", function()
    local knots = function(i, k) return (i * 0.6180339887 + k * 0.7548776662) % 1 end
    for i = 1, 40 do
      local t1 = 2 * knots(i, 1) - 0.5
      local sigma = mf.activation.piecewise { { t1, -4 * knots(i, 2) }, { t1 + 0.3 + knots(i, 3), 8 * knots(i, 4) - 2 },
                                              { t1 + 2, 2 + 6 * knots(i, 5) } }
      local d = ({ 20, 60, 700, math.huge })[1 + i % 4]
      local pot = radial(d, 0.05 + 0.9 * knots(i, 6), sigma)
      local rmax = i % 3 == 0 and 2.5 or math.huge
      local found = mf.optimum { potential = pot, rmax = rmax }
      local rho = found.measure
      assert.is_true(found.gap >= 0 and found.gap < 1e-8)
      assert.is_true(found.lower_bound >= -1e-9)
      assert.near(found.risk, pot:risk(rho), 1e-12)
      local weights, radii, mean = rho:weights(), rho:coordinate "r", 0
      assert.near(1, weights:sum(), 1e-14)
      local psi = pot:psi(radii, rho)
      for j = 1, #radii do
        mean = mean + weights[j] * psi[j]
        assert.is_true(weights[j] > 0 and radii[j] <= rmax)
      end
      -- R(sigma) >= R(rho) - 2 (int Psi d rho - min Psi) for every sigma: to first order this is the gap
      local least = pot:psi(mf.array(grid(3001, rmax)), rho):min()
      assert.is_true(2 * (mean - least) < 1.01 * found.gap + 1e-13)
    end
  end)

  it("is a single sphere inside Lemma 1's interval, and has mass at infinity beyond it", function()
    for _, d in ipairs { 40, 160 } do
      local low, high = mf.stability.interval { d = d, activation = paper }
      for _, delta in ipairs { low + 1e-3, (low + high) / 2, high - 1e-3 } do
        local sphere = mf.stability.lemma1 { d = d, delta = delta, activation = paper }
        local found = mf.optimum { potential = radial(d, delta) }
        assert.equal(1, #found.measure)
        assert.near(sphere.r_star, found.measure:coordinate "r"[1], 1e-6)
        assert.near(sphere.risk, found.risk, 1e-8)
        assert.equal(0, found.at_infinity)
      end
      for _, delta in ipairs { low - 1e-3, high + 1e-3, 0.6 } do
        local found = mf.optimum { potential = radial(d, delta) }
        local sphere = mf.stability.lemma1 { d = d, delta = delta, activation = paper }
        assert.is_true(found.at_infinity > 0)
        assert.is_true(found.risk < sphere.risk - 1e-8)
        assert.is_true(mf.optimum { potential = radial(d, delta), rmax = 20 }.risk > found.risk + 1e-8)
      end
    end
    local reference = mf.optimum { potential = radial(40, 0.6) } -- NUMERICS' independent solution
    assert.near(0.01520, reference.risk, 1e-5)
    assert.near(1.287, reference.measure:quantile(0.5), 1e-3)
  end)

  it("at d = inf is half the squared distance from (1, -1) to the convex hull of a plane curve", function()
    for _, delta in ipairs { 0.1, 0.3, 0.47, 0.5, 0.7 } do
      local points, n = {}, 2000
      for i, r in ipairs(grid(n, math.huge)) do
        points[i] = { paper:moment((1 + delta) * r) - 1, paper:moment((1 - delta) * r) + 1 }
      end
      -- distance to the hull = max over directions of the least projection, if that is positive
      local function least(angle)
        local c, s, low = math.cos(angle), math.sin(angle), math.huge
        for _, p in ipairs(points) do low = math.min(low, c * p[1] + s * p[2]) end
        return low
      end
      local best = 0
      for k = 0, 199 do if least(k * math.pi / 100) > least(best) then best = k * math.pi / 100 end end
      local a, b = best - math.pi / 100, best + math.pi / 100
      for _ = 1, 60 do
        local x, y = a + (b - a) / 3, b - (b - a) / 3
        if least(x) > least(y) then b = y else a = x end
      end
      local expected = math.max(0, least((a + b) / 2)) ^ 2 / 2
      -- the polygon lies inside the hull, by less than its sagitta
      assert.near(expected, mf.optimum { potential = radial(math.huge, delta) }.risk, 2e-6)
    end
  end)

  it("takes a potential of several parameters on a box: ReLU neurons", function()
    local pot = mf.potential.relu { delta = 0.5, gamma = 0.2 }
    local found = mf.optimum { potential = pot, box = { { -5, 5 }, { -5, 5 }, { 0, 5 }, { 0, 5 } } }
    assert.is_true(found.risk < 1e-8 and found.gap < 1e-8)
    -- a box too small to fit the labels: many random atoms can do no better, nor much worse
    local box = { { 0, 0.6 }, { -0.5, 0.5 }, { 0, 1.2 }, { 0.1, 1 } }
    found = mf.optimum { potential = pot, box = box }
    assert.is_true(found.risk > 0.1 and found.gap < 1e-8)
    assert.near(found.risk, pot:risk(found.measure), 1e-12)
    local rows = {}
    for i = 1, 20000 do
      rows[i] = {}
      for c = 1, 4 do -- an additive recurrence, the corners included
        local share = (i * ({ 0.8566748838545, 0.7338918566271, 0.6287067210378, 0.5385972572236 })[c]) % 1
        share = math.max(0, math.min(1, 1.1 * share - 0.05))
        rows[i][c] = box[c][1] + (box[c][2] - box[c][1]) * share
      end
    end
    local psi = pot:psi(mf.measure { x = rows, space = "relu" }, found.measure)
    local mean = 0
    for j, p in ipairs(pot:psi(found.measure, found.measure):totable()) do
      mean = mean + found.measure:weights()[j] * p
    end
    assert.is_true(psi:min() > mean - 1e-8)
  end)

  it("takes a sampled potential on a box in weight space", function()
    local law = mf.distribution.isotropic { d = 2, delta = 0.6 }
    local sigma = mf.activation.custom { f = function(t) return 6 / (1 + math.exp(-2 * (t - 1))) - 2 end }
    local pot = mf.potential.sampled { distribution = law, activation = sigma, samples = 60, seed = 3 }
    local found = mf.optimum { potential = pot, box = { { -4, 4 }, { -4, 4 } }, tol = 1e-6, starts = 256 }
    assert.is_true(found.risk > 0.05 and found.gap <= 1e-6)
    local rows = {}
    for i = 0, 80 do for j = 0, 80 do rows[#rows + 1] = { i / 10 - 4, j / 10 - 4 } end end
    local everywhere = mf.measure { x = rows, space = "plain" }
    local psi, mean = pot:psi(everywhere, found.measure), 0
    for j, p in ipairs(pot:psi(found.measure, found.measure):totable()) do
      mean = mean + found.measure:weights()[j] * p
    end
    assert.is_true(2 * (mean - psi:min()) < 1.01 * found.gap + 1e-9)
  end)

  it("grows with the number of atoms, which has no bound of its own", function()
    local law = mf.distribution.isotropic { d = 3, delta = 0.5 }
    local pot = mf.potential.sampled { distribution = law, activation = mf.activation.tanh(), neuron = "affine",
                                       samples = 200 }
    local side, wide = { -20, 20 }, { -40, 40 }
    local found = mf.optimum { potential = pot, box = { side, side, side, wide, side }, tol = 1e-4, starts = 64 }
    assert.is_true(#found.measure > 128, #found.measure .. " atoms") -- room for 16, doubled four times
    assert.near(1, found.measure:weights():sum(), 1e-12)
    assert.near(pot:risk(found.measure), found.risk, 1e-9)
    assert.is_true(found.gap <= 1e-4 and found.lower_bound <= found.risk)
  end)

  it("names a bad option", function()
    local function refuses(pattern, options)
      assert.error_matches(function() mf.optimum(options) end, pattern, 1, true)
    end
    local pot = radial(40, 0.3)
    refuses("mf.optimum: option 'potential' is missing", {})
    refuses("'potential' must be an mf.potential, got 3", { potential = 3 })
    refuses("'rmax' must be a number in (0, inf], got 0", { potential = pot, rmax = 0 })
    refuses("'rmax' must be a number in (0, inf], got nan", { potential = pot, rmax = 0 / 0 })
    refuses("did you mean 'rmax'?", { potential = pot, rmx = 3 })
    refuses("'box' must be a list of 1 pairs", { potential = pot, box = { { 0, 1 }, { 0, 1 } } })
    refuses("give 'box' or 'rmax', not both", { potential = pot, box = { { 0, 1 } }, rmax = 2 })
    refuses("low >= 0", { potential = pot, box = { { -1, 1 } } })
    refuses("low < high", { potential = pot, box = { { 2, 1 } } })
    refuses("'box' is missing: expected 4 pairs", { potential = mf.potential.relu { delta = 0.5, gamma = 0.2 } })
    refuses("bounded", { potential = radial(40, 0.3, mf.activation.relu()) })
  end)
end)
