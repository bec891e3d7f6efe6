-- Potentials of models that can be sampled: against sums over the same examples written here, against
-- closed forms of the population, and the full-space PDE against the reduced ones.
local mf = require "meanfield"
local process = require "tests.process"

local tanh, erf = mf.activation.tanh(), mf.activation.erf()
local step = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local sampled = mf.potential.sampled

-- The law y = target(x), x ~ N(0, I_d), and a list into which every example it gives is written.
local function recorded(d, target)
  local seen = {}
  return mf.distribution.custom { d = d, sample = function(rng)
    local x = rng:normals(d)
    local e = { x = x:totable(), y = target(x) }
    seen[#seen + 1] = e
    return x, e.y
  end }, seen
end

local function last(list, n) return { table.unpack(list, #list - n + 1) } end

local function dot(w, x)
  local z = 0
  for c = 1, #x do z = z + w[c] * x[c] end
  return z
end

describe("potential.sampled", function()
  it("is the mean over its examples: V, U, Psi, R and their gradients, plain and affine, all sizes", function()
    for _, size in ipairs { { 1, 1, 1 }, { 2, 7, 3 }, { 3, 257, 65 }, { 5, 300, 130 } } do
      local d, n, J = table.unpack(size)
      for _, affine in ipairs { false, true } do
        local law, seen = recorded(d, function(x) return tanh(x[1]) + 0.3 end)
        local neuron = affine and "affine" or "plain"
        local pot = sampled { distribution = law, activation = tanh, neuron = neuron, samples = n }
        local examples = last(seen, n)
        local D = d + (affine and 2 or 0)
        local numbers, atoms = mf.rng { seed = n }:normals(J * D), {}
        for j = 1, J do
          atoms[j] = {}
          for c = 1, D do atoms[j][c] = numbers[(j - 1) * D + c] end
        end
        local rho = mf.measure { x = atoms, space = neuron }
        local function respond(theta, x)
          local a, b = affine and theta[d + 1] or 1, affine and theta[d + 2] or 0
          local s = tanh(dot(theta, x) + b)
          return a * s, s, a * (1 - s * s) -- sigma_*, d/da, d/db
        end
        local risk, psi, grad, V, U = 0, 0, mf.array.zeros(D), 0, 0
        local theta, other = atoms[J], atoms[1]
        for _, e in ipairs(examples) do
          local yhat = 0
          for j = 1, J do yhat = yhat + respond(atoms[j], e.x) / J end
          local s, da, db = respond(theta, e.x)
          risk = risk + (e.y - yhat) ^ 2 / n
          psi = psi + (yhat - e.y) * s / n
          V = V - e.y * s / n
          U = U + s * respond(other, e.x) / n
          for c = 1, d do grad[c] = grad[c] + (yhat - e.y) * db * e.x[c] / n end
          if affine then
            grad[d + 1] = grad[d + 1] + (yhat - e.y) * da / n
            grad[d + 2] = grad[d + 2] + (yhat - e.y) * db / n
          end
        end
        assert.near(risk, pot:risk(rho), 1e-12 * (1 + risk))
        assert.near(psi, pot:psi(mf.array { theta }, rho)[1], 1e-12)
        assert.near(V, pot:V(mf.array { theta })[1], 1e-12)
        assert.near(U, pot:U(mf.array { theta }, mf.array { other })[1][1], 1e-12)
        -- the last of J points at once: it lies in the last, incomplete panel
        local all = pot:grad_psi(rho, rho)
        for c = 1, D do assert.near(grad[c], D == 1 and all[J] or all[J][c], 1e-12) end
        assert.equal(n, pot:rank())
      end
    end
  end)

  it("has gradients that agree with differences, for every smooth activation", function()
    local square = mf.activation.custom { f = function(t) return t / (1 + t * t) end, kinks = {} }
    for _, sigma in ipairs { tanh, erf, mf.activation.sigmoid(), mf.activation.softplus(), square } do
      local law = recorded(2, function(x) return x[1] * x[2] end)
      local pot = sampled { distribution = law, activation = sigma, neuron = "affine", samples = 100 }
      local rho = mf.measure { x = { { 1, -1, 0.5, 0.2 }, { 0.3, 0.4, -1, 0 } }, space = "affine" }
      local theta, h = { 0.6, -0.8, 1.3, 0.4 }, 1e-5
      local g = pot:grad_psi(theta, rho)
      for c = 1, 4 do
        local up, down = { table.unpack(theta) }, { table.unpack(theta) }
        up[c], down[c] = up[c] + h, down[c] - h
        assert.near((pot:psi(up, rho) - pot:psi(down, rho)) / (2 * h), g[c], 1e-8)
      end
    end
  end)

  it("tends to the closed form of erf students and teachers as n^(-1/2)", function()
    -- x ~ N(0, I): E erf<w,x> erf<u,x> = (2/pi) asin(2 <w,u> / sqrt((1 + 2|w|^2)(1 + 2|u|^2)))
    local u, w1, w2 = { 1.2, 0, -0.5 }, { 0.4, 0.9, 0.1 }, { -0.3, 0.2, 1.5 }
    local function exact(a, b)
      return 2 / math.pi * math.asin(2 * dot(a, b) / math.sqrt((1 + 2 * dot(a, a)) * (1 + 2 * dot(b, b))))
    end
    local law = mf.distribution.custom { d = 3, sample = function(rng)
      local x = rng:normals(3)
      return x, erf(dot(u, x:totable()))
    end }
    local rms = {}
    for _, n in ipairs { 100, 400, 1600 } do
      local square = 0
      for seed = 1, 40 do
        local pot = sampled { distribution = law, activation = erf, samples = n, seed = seed }
        local e1, e2 = pot:V(w1) + exact(w1, u), pot:U(w1, w2) - exact(w1, w2)
        -- products of numbers in [-1, 1]: the standard error is at most n^(-1/2)
        assert.is_true(math.max(math.abs(e1), math.abs(e2)) < 4.5 / math.sqrt(n))
        square = square + e1 ^ 2 + e2 ^ 2
      end
      rms[#rms + 1] = math.sqrt(square / 80)
    end
    -- a ratio of root mean squares of 80 errors each has a standard deviation of about 16 %
    for k = 1, 2 do assert.near(2, rms[k] / rms[k + 1], 4.5 * 0.16 * 2) end
    assert.near(4, rms[1] / rms[3], 4.5 * 0.16 * 4)
  end)

  it("agrees with the radial potential of the same law within its standard error", function()
    local law, n = mf.distribution.isotropic { d = 6, delta = 0.5 }, 40000
    local pot = sampled { distribution = law, activation = step, samples = n }
    local radial = mf.potential.radial { distribution = law, activation = step }
    for r = 0.5, 3, 0.5 do
      local w = mf.array.zeros(6)
      w[1 + math.floor(2 * r) % 6] = r
      assert.near(radial:v(r), pot:V(w), 4.5 * 7.5 / math.sqrt(n)) -- |sigma| <= 7.5
    end
    assert.near(1, pot.risk0, 1e-12)
  end)

  it("is the same for a custom activation up to its table's error", function()
    local law = mf.distribution.isotropic { d = 4, delta = 0.5 }
    local own = mf.activation.custom { f = function(t) return t < 0.5 and -2.5 or t > 1.5 and 7.5 or 10 * t - 7.5 end,
                                       kinks = { 0.5, 1.5 } }
    local theta = { 0.5, -1, 0.25, 2 }
    local rho = mf.measure { x = { theta, { 1, 1, -1, 0 } }, space = "plain" }
    local a = sampled { distribution = law, activation = own, samples = 1000 }
    local b = sampled { distribution = law, activation = step, samples = 1000 }
    assert.near(b:V(theta), a:V(theta), 1e-9)
    assert.near(b:risk(rho), a:risk(rho), 1e-8)
    assert.near(0, (a:grad_psi(theta, rho) - b:grad_psi(theta, rho)):norm(), 1e-8)
  end)

  it("keeps fixed output weights and offsets where they are, and moves the weights as before", function()
    local law = recorded(2, function(x) return tanh(x[1]) end)
    local init = mf.init.gaussian { kappa = 1, a = 0.5, b = 0.25 }
    local function run(o)
      o.distribution, o.activation, o.neuron, o.samples = law, tanh, "affine", 200
      return mf.pde.particles { potential = sampled(o), init = init, J = 20, seed = 3 }:advance(0.5):measure()
    end
    local fixed, free = run { fix_a = true, fix_b = true }, run {}
    for _, x in ipairs(fixed:coordinate("a"):totable()) do assert.equal(0.5, x) end
    for _, x in ipairs(fixed:coordinate("b"):totable()) do assert.equal(0.25, x) end
    assert.is_true(free:std("a") > 1e-3 and free:std("b") > 1e-3)
    local only_a = run { fix_a = true }
    for _, x in ipairs(only_a:coordinate("a"):totable()) do assert.equal(0.5, x) end
    assert.is_true(only_a:std("b") > 1e-3)
  end)

  it("gives the same bits for any number of threads", function()
    local law, threads, results = mf.distribution.isotropic { d = 40, delta = 0.8 }, mf.threads(), {}
    local pot = sampled { distribution = law, activation = tanh, neuron = "affine", samples = 700 }
    for n = 1, 3 do
      mf.threads(n)
      local pde = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 1, a = 1 }, J = 150,
                                      tol = 1e-4 }
      results[n] = pde:advance(0.1):measure():coordinate(40)
    end
    mf.threads(threads)
    assert.is_true(results[1] == results[2] and results[1] == results[3])
  end)

  it("makes the full-space PDE agree with the reduced one of the radii", function()
    -- the same law solved twice: with (r1, r2), and with J neurons in R^6 on n examples
    local law = mf.distribution.anisotropic { d = 6, s0 = 2, delta = 0.6 }
    local init, t, J, n = mf.init.gaussian { kappa = 1 }, 0.4, 800, 1500
    local two_radius = mf.potential.two_radius { distribution = law, activation = step }
    local pde = mf.pde.particles { potential = two_radius, init = init, J = 1000, tol = 1e-5 }
    local start, reduced = pde:measure(), pde:advance(t):measure()
    local full = mf.pde.particles { potential = sampled { distribution = law, activation = step, samples = n },
                                    init = init, J = J, tol = 1e-3 }:advance(t):measure():radii { s0 = 2 }
    for _, name in ipairs { "r1", "r2" } do
      local moved = reduced:mean(name) - start:mean(name)
      -- independent neurons, and a force with relative errors of order n^(-1/2)
      local bound = 4.5 * (reduced:std(name) / math.sqrt(J) + moved / math.sqrt(n))
      assert.near(reduced:mean(name), full:mean(name), bound)
      assert.is_true(moved > 1.5 * bound) -- standing still would be noticed
    end
  end)

  it("names what is wrong", function()
    local law = mf.distribution.isotropic { d = 3, delta = 0.5 }
    local function expect(text, o)
      assert.error_matches(function() sampled(o) end, text, 1, true)
    end
    expect("option 'distribution' is missing", { activation = tanh, samples = 10 })
    expect("option 'activation' is missing", { distribution = law, samples = 10 })
    expect("option 'samples' is missing", { distribution = law, activation = tanh })
    expect("option 'samples' must be an integer in [1, 1e+09], got 0",
           { distribution = law, activation = tanh, samples = 0 })
    expect("option 'neuron' must be", { distribution = law, activation = tanh, samples = 9, neuron = "round" })
    expect("for neuron = 'affine'", { distribution = law, activation = tanh, samples = 9, fix_a = true })
    expect("option 'seed' must be", { distribution = law, activation = tanh, samples = 9, seed = -1 })
    expect("unknown option 'sample'", { distribution = law, activation = tanh, sample = 9 })
    local bad = mf.distribution.custom { d = 2, sample = function() return { 1, 2 }, 0 / 0 end }
    expect("nan", { distribution = bad, activation = tanh, samples = 9 })
    local failing = mf.distribution.custom { d = 2, sample = function() error "no data today" end }
    expect("no data today", { distribution = failing, activation = tanh, samples = 9 })
    local pot = sampled { distribution = law, activation = tanh, samples = 9 }
    assert.error_matches(function() pot:V { 1, 2 } end, "expected points of 3 coordinates", 1, true)
    assert.error_matches(function() pot:V { 1, 2, 0 / 0 } end, "coordinate 3 must be finite", 1, true)
  end)

  teardown(process.clean)

  it("stops within one evaluation on a large sample, and leaves what uses it as it was", function()
    local script = [[local mf = require "meanfield"
      local law, sigma = mf.distribution.isotropic { d = 4, delta = 0.5 }, mf.activation.tanh()
      local function atoms(n) return mf.measure { x = mf.rng {}:normals(4 * n):reshape(n, 4), space = "plain" } end
      local big = mf.potential.sampled { distribution = law, activation = sigma, samples = 1000000 }
      local small = mf.potential.sampled { distribution = law, activation = sigma, samples = 1000 }
      local m, few = atoms(20000), atoms(5000)
      local pde = mf.pde.particles { potential = big, measure = m } ]]
    for use, name in pairs {
      ["big:psi(m, m)"] = "pot:psi", ["big:V(m)"] = "pot:V", ["big:self(m)"] = "pot:self", ["big:risk(m)"] = "pot:risk",
      ["big:step_noise(m, m)"] = "pot:step_noise", ["small:U(few, few)"] = "pot:U", ["pde:risk()"] = "pde:risk",
      ["pde:dissipation()"] = "pde:dissipation", ["pde:advance(1)"] = "pde:advance",
    } do
      local result = process.run(("timeout 100 %s -e %s"):format(process.quote(process.host),
        process.quote(script .. process.ctrl_c(0.2) .. "local start = os.clock() local _ <close> = setmetatable({}, "
          .. "{ __close = function() print(os.clock() - start < 8, pde.t) end }) " .. use)))
      assert.matches(name .. ": interrupted", result.err, 1, true)
      assert.equal("true\t0.0\n", result.out, use)
    end
  end)
end)
