-- mf.sgd{measure=}: neurons from the atoms of a law, the way back from the limit to SGD.
local mf = require "meanfield"

local ramp = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local isotropic = mf.distribution.isotropic { d = 5, delta = 0.5 }
local anisotropic = mf.distribution.anisotropic { d = 6, s0 = 2, delta = 0.5 }
local tilted = mf.distribution.anisotropic { d = 3, s0 = 1, delta = 0.5, basis = { { 1, 1, 0 } } }

local function new(o)
  o.activation, o.eps = ramp, 1e-3
  o.distribution = o.distribution or isotropic
  return mf.sgd(o)
end

local function fails(expected, o)
  local ok, message = pcall(new, o)
  assert.is_false(ok)
  assert.truthy(message:find(expected, 1, true), message)
end

describe("SGD from a measure", function()
  it("has the atoms as its neurons, in their order, where there is one of equal weight for each", function()
    for neuron, init in pairs { plain = mf.init.gaussian { kappa = 1 },
                                affine = mf.init.gaussian { kappa = 1, a = 0.7, b = 0.2 } } do
      local first = new { N = 100, init = init, neuron = neuron }:step(50)
      local again = new { N = 100, measure = first:measure(), neuron = neuron, seed = 9 }
      assert.same(first:measure():atoms(), again:measure():atoms())
      again:step(20)
    end
  end)

  it("has N p_j copies of an atom, up to rounding, and is reproducible", function()
    local x, p = { { 1, 0, 0, 0, 0 }, { 0, 2, 0, 0, 0 }, { 0, 0, 3, 0, 0 } }, { 0.2, 0.5, 0.3 }
    local rho = mf.measure { x = x, weights = p, space = "plain" }
    local seen = {}
    for seed = 1, 20 do
      local sgd = new { N = 7, measure = rho, seed = seed }
      local copies, text = { 0, 0, 0 }, ""
      for _, w in ipairs(sgd:measure():atoms()) do
        for j = 1, 3 do if w[j] ~= 0 then copies[j], text = copies[j] + 1, text .. j end end
      end
      for j = 1, 3 do assert.truthy(math.abs(copies[j] - 7 * p[j]) < 1) end
      assert.same(sgd:measure():atoms(), new { N = 7, measure = rho, seed = seed }:measure():atoms())
      seen[text] = true
    end
    assert.truthy(next(seen, (next(seen)))) -- which atoms have one more depends on the seed
  end)

  it("draws directions where the measure has radii: uniform, new for every neuron", function()
    local N = 4000
    local sgd = new { N = N, measure = mf.measure { x = { 1.5 }, space = "radial" } }
    local mean, square = { 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0 }
    for _, w in ipairs(sgd:measure():atoms()) do
      local r = 0
      for c = 1, 5 do
        r, mean[c], square[c] = r + w[c] ^ 2, mean[c] + w[c] / N, square[c] + w[c] ^ 2 / N
      end
      assert.near(1.5, math.sqrt(r), 1e-14)
    end
    for c = 1, 5 do -- E w_c^2 = r^2/d, Var w_c^2 = r^4 2 (d - 1)/(d^2 (d + 2)); 5 deviations
      assert.near(0, mean[c], 5 * 1.5 / math.sqrt(5 * N))
      assert.near(1.5 ^ 2 / 5, square[c], 5 * 1.5 ^ 2 * math.sqrt(8 / 175 / N))
    end
  end)

  it("has m along the distribution's directions and r across them, in a new direction for every neuron", function()
    for _, U in ipairs { false, { { 0.6, 0, 0.8, 0, 0 }, { 0, 1, 0, 0, 0 } } } do
      local law = mf.distribution.multi_index { d = 5, directions = 2, target = function(x, y) return x * y end,
                                                U = U or nil }
      local x = { { 0.7, -0.2, 0.3, -1.2, 0.9 }, { -0.4, 0.1, 0, 2, 0 } }
      local rho = mf.measure { x = x, space = "multi_index" }
      local sgd, e = new { N = 60, measure = rho, distribution = law, neuron = "affine" }, {}
      for i, w in ipairs(sgd:measure():atoms()) do
        local p, square = x[i <= 30 and 1 or 2], 0
        local rows = U or { { 1, 0, 0, 0, 0 }, { 0, 1, 0, 0, 0 } }
        for k = 1, 2 do
          local m = 0
          for c = 1, 5 do m = m + rows[k][c] * w[c] end
          assert.near(p[2 + k], m, 1e-14)
        end
        for c = 1, 5 do square = square + w[c] ^ 2 end
        assert.near(p[3] ^ 2 + p[4] ^ 2 + p[5] ^ 2, square, 1e-13)
        assert.same({ p[1], p[2] }, { w[6], w[7] })
        e[i] = w[4]
      end
      assert.truthy(e[1] ~= e[2] and e[31] == e[32])
    end
    local rho = mf.measure { x = { { 1, 0, 0.5, 0.5 } }, space = "multi_index" }
    fails("its m has 1 coordinates: a distribution with as many", { N = 3, measure = rho, neuron = "affine" })
    fails("its m has 1 coordinates", { N = 3, measure = rho, neuron = "affine", distribution =
      mf.distribution.multi_index { d = 2, directions = 2, target = function(x, y) return x * y end } })
  end)

  it("has two radii on the distribution's subspace and across it, and a and b of the atoms", function()
    for _, law in ipairs { anisotropic, tilted } do
      local rho = mf.measure { x = { { 0.3, 1.2 }, { 2, 0.4 } }, space = "two_radius", weights = { 0.25, 0.75 } }
      local sgd = new { N = 40, measure = rho, distribution = law }
      local V = law == tilted and { basis = { { math.sqrt(0.5), math.sqrt(0.5), 0 } }, s0 = 1 } or { s0 = 2 }
      local radii, ones = sgd:measure():radii(V):atoms(), 0
      for i = 1, 40 do
        local one = math.abs(radii[i][1] - 0.3) < 1e-13
        ones = ones + (one and 1 or 0)
        assert.near(one and 0.3 or 2, radii[i][1], 1e-13)
        assert.near(one and 1.2 or 0.4, radii[i][2], 1e-13)
      end
      assert.equal(10, ones)
    end
    local relu = mf.measure { x = { { -0.6, 0.1, 0.3, 1.2 } }, space = "relu" }
    local sgd = new { N = 3, measure = relu, distribution = anisotropic, neuron = "affine" }
    local _, a, b = sgd:weights()
    assert.same({ -0.6, 0.1 }, { a[2], b[3] })
  end)

  it("goes on with the law that the limit has come to", function()
    local law = mf.distribution.isotropic { d = 40, delta = 0.8 }
    local pot = mf.potential.radial { distribution = law, activation = ramp }
    local pde = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, J = 400 }:advance(1)
    local sgd = mf.sgd { distribution = law, activation = ramp, N = 400, eps = 1e-5, measure = pde:measure() }
    assert.truthy(mf.transport.w1(sgd:measure():radius(), pde:measure()) < 1e-12)
    sgd:advance(0.5)
    pde:advance(1.5)
    assert.truthy(mf.transport.w1(sgd:measure():radius(), pde:measure()) < 0.05) -- they have gone 0.12
  end)

  it("says what it cannot start from", function()
    fails("exactly one of the options 'init' and 'measure' must be given", { N = 3 })
    local rho = mf.measure { x = { 1 }, space = "radial" }
    fails("exactly one of the options", { N = 3, measure = rho, init = mf.init.gaussian { kappa = 1 } })
    fails("its w has 2 coordinates, the distribution d = 5",
      { N = 3, measure = mf.measure { x = { { 1, 2 } }, space = "plain" } })
    fails("atom 2 has an infinite radius", { N = 3, measure = mf.measure { x = { 1, math.huge }, space = "radial" } })
    fails("neuron = 'affine' is missing",
      { N = 3, measure = mf.measure { x = { { 1, 2, 3, 4, 5, 1, 0 } }, space = "affine" } })
    fails("two radii need an anisotropic distribution",
      { N = 3, measure = mf.measure { x = { { 1, 2 } }, space = "two_radius" } })
    fails("a measure in space 'free' does not say what neurons are", { N = 3, measure = mf.measure { x = { 1, 2 } } })
    fails("option 'measure' must be an mf.measure, got 3", { N = 3, measure = 3 })
  end)
end)
