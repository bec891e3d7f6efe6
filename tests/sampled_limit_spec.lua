-- Sampled potentials: the same numbers as a loop over the examples, and the population's as n^(-1/2).
local mf = require "meanfield"

describe("potential.sampled", function()
  local law = mf.distribution.isotropic { d = 3, delta = 0.5 }
  local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

  it("tends to the closed forms as n^(-1/2): V and U(theta, theta) within 4.5 standard errors", function()
    local radial = mf.potential.radial { distribution = law, activation = sigma }
    local w = { 0.9, -0.6, 0.5 }
    local r = math.sqrt(0.9 ^ 2 + 0.6 ^ 2 + 0.5 ^ 2)
    local point = mf.measure { x = { w }, space = "plain" }
    local self = radial:self(mf.measure { x = { r }, space = "radial" })
    for _, n in ipairs { 500, 2000, 8000, 32000 } do
      local pot = mf.potential.sampled { distribution = law, activation = sigma, samples = n, seed = n }
      -- |y sigma| <= 7.5 and sigma^2 <= 56.25 bound the deviations: sd <= sqrt(E sigma^2), sqrt(56.25 E sigma^2)
      assert.near(radial:v(r), pot:V(w), 4.5 * math.sqrt(self / n))
      assert.near(self, pot:U(w, w), 4.5 * math.sqrt(56.25 * self / n))
      assert.near(pot:U(w, w), pot:self(point), 1e-10)
    end
  end)

  it("is the mean over its examples, for any law and activation, with gradients by finite differences", function()
    local seen = {}
    local own = mf.distribution.custom { d = 2, sample = function(rng)
      local x = rng:normals(2)
      seen[#seen + 1] = { x[1], x[2], x[1] - 2 * x[2] }
      return x, x[1] - 2 * x[2]
    end }
    local custom = mf.activation.custom { f = function(t) return t / (1 + t * t) end }
    for _, act in ipairs { custom, mf.activation.tanh(), mf.activation.softplus(), mf.activation.erf() } do
      seen = {}
      local pot = mf.potential.sampled { distribution = own, activation = act, neuron = "affine", samples = 300 }
      seen = { table.unpack(seen, #seen - 299) } -- a law tries its function before it is used
      local function response(e, t) return t[3] * act(t[1] * e[1] + t[2] * e[2] + t[4]) end
      local one, two = { 0.4, -0.7, 1.3, 0.2 }, { -1, 0.5, -0.6, -0.3 }
      local V, U = 0, 0
      for _, e in ipairs(seen) do
        V = V - e[3] * response(e, one) / 300
        U = U + response(e, one) * response(e, two) / 300
      end
      assert.near(V, pot:V(one), 1e-11)
      assert.near(U, pot:U(one, two), 1e-11)
      local rho = mf.measure { x = { one, two }, weights = { 3, 1 }, space = "affine" }
      local gradient, h = pot:grad_psi(one, rho), 1e-5
      for c = 1, 4 do
        local up, down = { table.unpack(one) }, { table.unpack(one) }
        up[c], down[c] = up[c] + h, down[c] - h
        assert.near((pot:psi(up, rho) - pot:psi(down, rho)) / (2 * h), gradient[c], 1e-7)
      end
    end
  end)

  it("keeps fixed output weights and offsets where they are", function()
    local pot = mf.potential.sampled { distribution = law, activation = mf.activation.tanh(), neuron = "affine",
                                       samples = 200, fix_a = true, fix_b = true }
    local init = mf.init.gaussian { kappa = 1, a = 2, b = -1 }
    for _, o in ipairs { {}, { lambda = 0.3 }, { lambda = 0.3, beta = 50 } } do
      local m = mf.pde.particles { potential = pot, init = init, J = 20, tol = not o.beta and 1e-4 or nil,
                                   lambda = o.lambda, beta = o.beta }:advance(0.5):measure()
      assert.near(2, m:mean("a"), 1e-12)
      assert.near(-1, m:mean("b"), 1e-12)
    end
  end)

  it("names what is wrong", function()
    local function expect(text, o) assert.error_matches(function() mf.potential.sampled(o) end, text, 1, true) end
    expect("option 'samples' is missing", { distribution = law, activation = sigma })
    expect("must be an integer in [1, 1e+09], got 0", { distribution = law, activation = sigma, samples = 0 })
    expect("are for neuron = 'affine'", { distribution = law, activation = sigma, samples = 10, fix_a = true })
  end)
end)
