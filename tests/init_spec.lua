-- Laws of the initial weights: norms, radii, and the finite-d law beside a limit.
local mf = require "meanfield"

describe("init", function()
  local law = mf.distribution.isotropic { d = 30, delta = 0.5 }
  local tanh = mf.activation.tanh()

  local function radii(init, N)
    return mf.sgd { distribution = law, activation = tanh, N = N, init = init, eps = 1 }:measure():radius()
  end

  it("gaussian: |w| has the law of kappa chi_d / sqrt d, as drawn and as quantiles (KS at 1e-4)", function()
    local init, N = mf.init.gaussian { kappa = 0.7 }, 4000
    local pot = mf.potential.radial { distribution = law, activation = mf.activation.piecewise { { 0, 0 }, { 1, 1 } } }
    local rho, drawn = mf.pde.particles { potential = pot, init = init, J = 4000 }:measure(), radii(init, N)
    local worst = 0
    for i = 1, 99 do
      local x = rho:quantile(i / 100)
      worst = math.max(worst, math.abs(drawn:cdf(x) - i / 100))
    end
    assert.is_true(worst < 2.23 / math.sqrt(N))
    assert.near(0.49, rho:mean(function(r) return r * r end), 1e-3) -- E |w|^2 = kappa^2
  end)

  it("gaussian: radii are quantiles of chi_d to 1e-10 for d from 100 to 10^7", function()
    local function chi_square(k) -- its distribution function, by Simpson's rule on the density
      local function density(y) return math.exp((k / 2 - 1) * math.log(y / k) - (y - k) / 2) end
      local function integral(from, to, n)
        local h, sum = (to - from) / n, density(from) + density(to)
        for i = 1, n - 1 do sum = sum + density(from + i * h) * (i % 2 == 1 and 4 or 2) end
        return sum * h / 3
      end
      local low, high = math.max(k - 12 * math.sqrt(2 * k), 1e-9), k + 12 * math.sqrt(2 * k)
      local all = integral(low, high, 4000)
      return function(x) return integral(low, x, 2000) / all end
    end
    local J = 20
    for _, d in ipairs { 100, 9999, 10000, 10 ^ 5, 10 ^ 7 } do
      local pot = mf.potential.radial { activation = tanh, tol = 1e-3,
        distribution = mf.distribution.isotropic { d = d, delta = 0.5 } }
      local rho = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.7 }, J = J }:measure()
      local cdf = chi_square(d)
      for j, atom in ipairs(rho:atoms():totable()) do
        assert.near((j - 0.5) / J, cdf((atom[1] / 0.7) ^ 2 * d), 1e-10)
      end
    end
  end)

  it("sphere: |w| is the radius", function()
    local r = radii(mf.init.sphere { radius = 1.7 }, 50)
    assert.near(1.7, r:quantile(0), 1e-12)
    assert.near(1.7, r:quantile(1), 1e-12)
  end)

  it("two radii: E r1^2 = kappa^2 s0/d, E r2^2 = kappa^2 (1 - s0/d), uncorrelated; d beside a limit", function()
    local pot = mf.potential.relu { delta = 0.5, gamma = 0.25 }
    local init = mf.init.gaussian { kappa = 0.8, a = 2, b = -1, d = 40, s0 = 10 }
    local rho = mf.pde.particles { potential = pot, init = init, J = 4000 }:measure()
    local function mean(fn) return rho:mean(fn) end
    assert.near(0.16, mean(function(_, _, r1) return r1 ^ 2 end), 1e-3)
    assert.near(0.48, mean(function(_, _, _, r2) return r2 ^ 2 end), 1e-3)
    local product = mean(function(_, _, r1, r2) return r1 * r2 end)
    assert.near(rho:mean("r1") * rho:mean("r2"), product, 1e-3)
    assert.near(2, rho:mean("a"), 1e-12)
    assert.near(-1, rho:mean("b"), 1e-12)
  end)

  local inits = { gaussian = mf.init.gaussian { kappa = 0.8 }, sphere = mf.init.sphere { radius = 0.8 } }

  -- Composite Gauss rule of order 4 on 4000 pieces; the end points stay out.
  local function integral(f, from, to)
    local n, sum, x = 4000, 0, math.sqrt(1 / 3) / 2
    local h = (to - from) / n
    for i = 0, n - 1 do sum = sum + f(from + (i + 0.5 - x) * h) + f(from + (i + 0.5 + x) * h) end
    return sum * h / 2
  end

  it("lengths: the density integrates to the distribution function, which the quantile inverts, d to 10^6", function()
    for name, init in pairs(inits) do
      for _, at in ipairs { { 2, 1 }, { 3, 1 }, { 3, 2 }, { 7, 4 }, { 40, 10 }, { 40, 40 }, { 1000, 3 }, { 1000, 970 },
        { 10 ^ 6, 3 * 10 ^ 5 } } do
        local d, k = at[1], at[2]
        if name == "gaussian" or k < d then
          local low = d > 100 and k > 100 and init:quantile(1e-12, d, k) or 0
          for _, p in ipairs { 0.01, 0.3, 0.5, 0.9 } do
            local r = init:quantile(p, d, k)
            assert.near(p, init:cdf(r, d, k), 1e-10, name .. " " .. d .. " " .. k)
            -- k = 1 of d = 2 on the sphere: r = radius sin u, singular at the radius only
            assert.near(p, integral(function(x) return init:density(x, d, k) end, low, r), 2e-9,
              name .. " " .. d .. " " .. k)
          end
        end
      end
    end
  end)

  it("lengths: quantiles far out on the sphere, where the share is Beta(1, b) or Beta(a, 1)", function()
    local sphere, d = mf.init.sphere { radius = 1 }, 1000
    for _, p in ipairs { 1e-12, 1e-6, 0.5, 1 - 2 ^ -20, 1 - 2 ^ -30, 1 - 2 ^ -40 } do
      assert.near(1, sphere:quantile(p, d, d - 2) / p ^ (1 / (d - 2)), 1e-12)
      if p >= 0.5 then
        assert.near(1, sphere:quantile(p, d, 2) / math.sqrt(1 - (1 - p) ^ (2 / (d - 2))), 1e-12)
      end
    end
  end)

  it("lengths: r1, r2 and their pair have the laws of drawn neurons (KS at 1e-4)", function()
    local N, d, s0 = 4000, 7, 3
    for name, init in pairs(inits) do
      local W = mf.sgd { distribution = mf.distribution.isotropic { d = d, delta = 0.5 }, activation = tanh, N = N,
        init = init, eps = 1 }:measure():atoms():totable()
      local r1, r2 = {}, {}
      for i, w in ipairs(W) do
        local one, two = 0, 0
        for c = 1, s0 do one = one + w[c] ^ 2 end
        for c = s0 + 1, d do two = two + w[c] ^ 2 end
        r1[i], r2[i] = math.sqrt(one), math.sqrt(two)
      end
      for p1 = 0.1, 0.9, 0.2 do
        for p2 = 0.1, 0.9, 0.2 do
          local x1, x2, below = init:quantile(p1, d, s0), init:quantile(p2, d, d - s0), 0
          for i = 1, N do below = below + (r1[i] <= x1 and r2[i] <= x2 and 1 or 0) end
          assert.near(below / N, init:joint(x1, x2, d, s0), 2.23 / math.sqrt(N), name)
        end
      end
      assert.near(init:cdf(0.5, d, s0), init:joint(0.5, 1e3, d, s0), 1e-14)
      assert.near(init:cdf(0.5, d, d - s0), init:joint(1e3, 0.5, d, s0), 1e-14)
    end
  end)

  it("sphere: two radii in large dimensions are numbers, at the limit of their law", function()
    local pot = mf.potential.relu { delta = 0.5, gamma = 0.5 }
    local rho = mf.pde.particles { potential = pot, init = mf.init.sphere { radius = 0.8, d = 20000, s0 = 10000 },
      J = 500 }:measure()
    for _, atom in ipairs(rho:atoms():totable()) do
      assert.near(0.64, atom[3] ^ 2 + atom[4] ^ 2, 1e-14)
      assert.near(0.32, atom[3] ^ 2, 0.64 * 4 / math.sqrt(4 * 20000 / 2)) -- 4 standard deviations
    end
    assert.near(0.32, rho:mean(function(_, _, r1) return r1 ^ 2 end), 1e-5)
  end)

  it("lengths: constant ones are atoms; what has no law or no meaning is refused", function()
    local sphere = inits.sphere
    assert.equal(0, sphere:cdf(0.79, 5))
    assert.equal(1, sphere:cdf(0.8, 5))
    assert.equal(math.huge, sphere:density(0.8, 5))
    assert.equal(0, sphere:density(0.7, 5))
    assert.equal(0.8, sphere:quantile(0.3, 5))
    assert.near(2 / (math.pi * 0.8), sphere:density(0, 2, 1), 1e-14) -- |cos| of a uniform angle
    assert.near(math.sqrt(2 / math.pi) / 0.8, inits.gaussian:density(0, 1), 1e-14)
    assert.error_matches(function() sphere:cdf(1, 5, 6) end, "an integer k from 0 to d expected", 1, true)
    assert.error_matches(function() sphere:quantile(1, 5) end, "a probability between 0 and 1 expected", 1, true)
    assert.error_matches(function() sphere:density(-1, 5) end, "a length >= 0 expected", 1, true)
    local r = mf.array { { 0.2, 0.9 }, { 0, 1.7 } } -- arrays: element by element
    for name, x in pairs { density = r, cdf = r, quantile = r / 2 + 0.1 } do
      local all = inits.gaussian[name](inits.gaussian, x, 5, 2)
      for i = 1, 2 do
        for j = 1, 2 do assert.equal(inits.gaussian[name](inits.gaussian, x[i][j], 5, 2), all[i][j]) end
      end
    end
    assert.near(inits.gaussian:cdf(0.3, 5), inits.gaussian:cdf({ 0.3, 0.4 }, 5)[1], 0)
    assert.error_matches(function() sphere:cdf({ 1, -1 }, 5) end, "a length >= 0 expected", 1, true)
    assert.error_matches(function() sphere:quantile({ 0.5, 1 }, 5) end, "a probability between 0 and 1", 1, true)
    local own = mf.init.custom(function() return {} end)
    assert.error_matches(function() own:cdf(1, 5) end, "no known law of radii", 1, true)
  end)

  it("custom: w, a, b by a function of a random source, checked", function()
    local init = mf.init.custom(function(rng, d) return rng:normals(d) * 0.1, 3, -2 end)
    local m = mf.sgd { distribution = law, activation = tanh, neuron = "affine", N = 7, init = init, eps = 1 }:measure()
    assert.near(3, m:mean("a"), 1e-12)
    assert.near(-2, m:mean("b"), 1e-12)
    local short = mf.init.custom(function() return { 1, 2 } end)
    assert.error_matches(function() radii(short, 2) end, "w must have d = 30 numbers, got 2", 1, true)
  end)

  it("with an a or b of its own is refused for plain neurons, which have neither", function()
    local pot = mf.potential.radial { distribution = law, activation = tanh }
    local sampled = mf.potential.sampled { distribution = law, activation = tanh, samples = 10 }
    local use = {
      ["mf.sgd"] = function(init)
        return mf.sgd { distribution = law, activation = tanh, N = 3, init = init, eps = 1 }
      end,
      ["mf.pde.particles"] = function(init) return mf.pde.particles { potential = pot, init = init, J = 3 } end,
      ["mf.pde.jko"] = function(init) return mf.pde.jko { potential = pot, init = init, J = 3, tau = 0.1 } end,
      ["mf.pde.grid"] = function(init) return mf.pde.grid { potential = pot, init = init } end,
      ["mf.descend"] = function(init)
        return mf.descend { distribution = law, activation = tanh, N = 2, init = init, steps = 1 }
      end,
    }
    for where, fn in pairs(use) do
      for name, value in pairs { a = mf.number.signs(), b = 0.5 } do
        assert.error_matches(function() fn(mf.init.gaussian { kappa = 1, [name] = value }) end,
          where .. ": option 'init' has a" .. (name == "a" and "n" or "") .. " '" .. name .. "' of its own, which",
          1, true)
      end
      fn(mf.init.gaussian { kappa = 1, a = 1, b = 0 })
    end
    assert.error_matches(function()
      return mf.pde.particles { potential = sampled, init = mf.init.sphere { radius = 1, a = 2 }, J = 3 }
    end, "mf.pde.particles: option 'init' has an 'a' of its own", 1, true)
  end)

  it("names what is wrong", function()
    assert.error_matches(function() mf.init.gaussian { kappa = 0 } end,
                         "'kappa' must be a number in (0, 1e+100], got 0", 1, true)
    assert.error_matches(function() mf.init.sphere {} end, "option 'radius' is missing", 1, true)
    assert.error_matches(function() mf.init.gaussian { kappa = 1, d = 2.5 } end, "'d' must be an integer", 1, true)
  end)

  local laws = { signs = mf.number.signs { size = 2 }, uniform = mf.number.uniform { low = -1, high = 3 },
                 normal = mf.number.normal { mean = 1, deviation = 0.5 } }

  it("laws of one number: the density integrates to the distribution function, which the quantile inverts", function()
    for _, name in ipairs { "uniform", "normal" } do
      local number = laws[name]
      for _, p in ipairs { 0.001, 0.2, 0.5, 0.9 } do
        local x = number:quantile(p)
        assert.near(p, number:cdf(x), 1e-14)
        assert.near(p, integral(function(y) return number:density(y) end, name == "normal" and -5 or -1, x), 1e-10)
      end
      assert.equal(0, number:density(1e9))
    end
    local signs = laws.signs
    assert.same({ 0, 0.5, 0.5, 1, 1 },
                { signs:cdf(-2.1), signs:cdf(-2), signs:cdf(1.9), signs:cdf(2), signs:cdf(1e9) })
    assert.same({ -2, 2 }, { signs:quantile(0.3), signs:quantile(0.7) })
    assert.same({ math.huge, 0 }, { signs:density(-2), signs:density(0) })
  end)

  -- Kolmogorov's bound at 1e-4; correlations of N independent pairs at five deviations.
  it("a and b are drawn from their laws, apart from w, which they leave as it is", function()
    local N, isotropic = 4000, mf.distribution.isotropic { d = 2, delta = 0.5 }
    local function network(a, b)
      return mf.sgd { distribution = isotropic, activation = tanh, neuron = "affine", N = N, eps = 1,
                      init = mf.init.gaussian { kappa = 1, a = a, b = b } }:weights()
    end
    local plain = network()
    for _, name in ipairs { "signs", "uniform", "normal" } do
      local number = laws[name]
      local W, a, b = network(number, laws.normal)
      assert.is_true(W == plain)
      local one, sorted = mf.measure { x = a:totable(), space = "free" }, {}
      for i = 1, N do sorted[i] = a[i] end
      table.sort(sorted)
      for i = 1, 99 do
        local x = sorted[N * i // 100] + 1e-9
        assert.near(number:cdf(x), one:cdf(x), 2.23 / math.sqrt(N), name)
      end
      local ab, aw = 0, 0
      for i = 1, N do ab, aw = ab + (a[i] - one:mean(1)) * (b[i] - 1), aw + (a[i] - one:mean(1)) * W[i][1] end
      local spread = math.sqrt(one:mean(function(x) return (x - one:mean(1)) ^ 2 end) / N)
      assert.near(0, ab / N, 5 * spread * 0.5)
      assert.near(0, aw / N, 5 * spread * math.sqrt(1 / 2))
    end
    local W, a, b = network(3, -1)
    assert.is_true(W == plain and a == mf.array.zeros(N) + 3 and b == mf.array.zeros(N) - 1)
  end)

  -- A low-discrepancy set is at least as good as numbers drawn at random: five of their deviations.
  it("particles of the limit start with random a and b, in finite and in infinite dimension", function()
    local J, init = 4000, mf.init.gaussian { kappa = 0.8, a = laws.uniform, b = laws.normal, d = 40, s0 = 10 }
    local anisotropic = mf.distribution.anisotropic { d = 40, s0 = 10, delta = 0.5 }
    for _, pot in ipairs { mf.potential.relu { delta = 0.5, gamma = 0.25 },
                           mf.potential.affine { activation = tanh, distribution = anisotropic } } do
      local rho = mf.pde.particles { potential = pot, init = init, J = J }:measure()
      assert.near(1, rho:mean("a"), 5 * math.sqrt(16 / 12 / J))
      assert.near(1, rho:mean("b"), 5 * 0.5 / math.sqrt(J))
      assert.near(16 / 12, rho:mean(function(a) return (a - 1) ^ 2 end), 5 * math.sqrt(256 / 180 / J))
      assert.near(0.25, rho:mean(function(_, b) return (b - 1) ^ 2 end), 5 * 0.25 * math.sqrt(2 / J))
      assert.near(0, rho:mean(function(a, b) return (a - 1) * (b - 1) end), 5 * 0.5 * math.sqrt(16 / 12 / J))
      local spread = 0.1 * math.sqrt(16 / 12 / J)
      assert.near(0, rho:mean(function(a, _, r1) return (a - 1) * (r1 - 0.4) end), 5 * spread)
      assert.near(0.16, rho:mean(function(_, _, r1) return r1 ^ 2 end), 1e-3)
    end
  end)

  it("laws of a and b: what is wrong is named", function()
    local function expect(text, fn, options) assert.error_matches(function() fn(options) end, text, 1, true) end
    local numbers = "must be a number in [-1e+100, 1e+100] or an mf.number law"
    expect("option 'a' " .. numbers .. ", got 'x'", mf.init.gaussian, { kappa = 1, a = "x" })
    expect("option 'b' " .. numbers .. ", got nan", mf.init.sphere, { radius = 1, b = 0 / 0 })
    expect("option 'high' must be a number > low = 2.0, got 1.0", mf.number.uniform, { low = 2 })
    expect("option 'deviation'", mf.number.normal, { deviation = 0 })
    expect("option 'size'", mf.number.signs, { size = -1 })
    assert.equal(1, mf.init.gaussian { kappa = 1 }.a)
    assert.equal(laws.normal, mf.init.gaussian { kappa = 1, b = laws.normal }.b)
  end)
end)
