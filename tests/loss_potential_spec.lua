-- Potentials, flows, optima and stability for losses other than the square.
local mf = require "meanfield"
local quadrature = require "tests.quadrature"

local tanh = mf.activation.tanh()
local ramp = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

local function fails(expected, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  assert.truthy(message:find(expected, 1, true), message)
end

local function share(z) return z > 0 and math.exp(-z) / (1 + math.exp(-z)) or 1 / (1 + math.exp(z)) end
local function logistic(z) return z > 0 and math.log(1 + math.exp(-z)) or -z + math.log(1 + math.exp(z)) end
local weighed = mf.loss.custom { labels = { -1, 1 },
                                 f = function(y, p) return (y > 0 and 3 or 1) * logistic(y * p) end,
                                 df = function(y, p) return -(y > 0 and 3 or 1) * y * share(y * p) end }
local redescending = mf.loss.custom { f = function(y, p) return (p - y) ^ 2 / (1 + (p - y) ^ 2) end,
                                      df = function(y, p) return 2 * (p - y) / (1 + (p - y) ^ 2) ^ 2 end }
local wide = mf.loss.huber(1e6) -- is the square as far as anything here reaches, by the general path
local losses = { mf.loss.logistic(), mf.loss.huber(0.7), mf.loss.hinge(0.4), weighed, redescending }

local isotropic = mf.distribution.isotropic { d = 40, delta = 0.8 }
local anisotropic = mf.distribution.anisotropic { d = 40, s0 = 10, delta = 0.6 }

-- Every kind of potential that takes a loss, and a law of three atoms for it.
local function kinds(loss)
  return {
    radial = { mf.potential.radial { distribution = isotropic, activation = ramp, loss = loss },
               { 0.4, 1.3, 2.6 } },
    limit = { mf.potential.radial { distribution = isotropic, activation = ramp, d = math.huge, loss = loss },
              { 0.4, 1.3, 2.6 } },
    two_radius = { mf.potential.two_radius { distribution = anisotropic, activation = ramp, d = math.huge,
                                             loss = loss },
                   { { 0.4, 0.9 }, { 1.3, 0.2 }, { 2.1, 1.4 } } },
    two_radius_nodes = { mf.potential.two_radius { distribution = anisotropic, activation = ramp, loss = loss },
                         { { 0.4, 0.9 }, { 1.3, 0.2 }, { 2.1, 1.4 } } },
    affine_nodes = { mf.potential.affine { distribution = anisotropic, activation = ramp, loss = loss },
                     { { 0.7, -0.3, 0.4, 0.9 }, { -0.5, 0.2, 1.3, 0.2 }, { 1.4, 0.6, 2.1, 1.4 } } },
    relu = { mf.potential.relu { delta = 0.6, gamma = 0.2, loss = loss },
             { { 0.7, -0.3, 0.4, 0.9 }, { -0.5, 0.2, 1.3, 0.2 }, { 1.4, 0.6, 2.1, 1.4 } } },
    sampled = { mf.potential.sampled { distribution = mf.distribution.isotropic { d = 2, delta = 0.5 },
                                       activation = tanh, neuron = "affine", samples = 300, loss = loss },
                { { 0.7, -0.3, 0.4, 0.9 }, { -0.5, 0.2, 1.3, 0.2 }, { 1.4, 0.6, 2.1, 1.4 } } },
  }
end

local function measure(pot, atoms, weights) return mf.measure { x = atoms, space = pot.space, weights = weights } end

describe("a loss in a potential", function()
  it("is the present square by the general path, to rounding", function()
    local square = kinds()
    for name, other in pairs(kinds(wide)) do
      local a, b, atoms = square[name][1], other[1], other[2]
      local rho = measure(a, atoms, { 0.2, 0.5, 0.3 })
      -- radial: nodes in |x| against the Hermite series; two radii: the same series at nodes
      local tol = (name == "radial" or name == "limit") and 3 * (a.error + b.error)
        or name:find("nodes", 1, true) and 3 * (b.error - a.error) + 1e-13 or 1e-13
      assert.near(a:risk(rho), b:risk(rho), tol, name)
      assert.near(a.risk0, b.risk0, 1e-13)
      local psi, other_psi = a:psi(atoms, rho), b:psi(atoms, rho)
      for j = 1, 3 do assert.near(psi[j], other_psi[j], tol, name) end
      if name == "radial" or name == "limit" then
        local T, U = a:step_noise(atoms, rho), b:step_noise(atoms, rho)
        for j = 1, 3 do assert.near(T[j], U[j], 1e-9 * (1 + T[j])) end
      elseif name:find("nodes", 1, true) then
        local T, U = a:step_noise(atoms, rho), b:step_noise(atoms, rho)
        for j = 1, 3 do
          for c = 1, #T[j] do assert.near(T[j][c], U[j][c], 1e-12 * (1 + T[j][c])) end
          assert.truthy(T[j][#T[j]] > 0)
        end
      end
    end
  end)

  it("has half the first variation of R as Psi, and its gradient: finite differences", function()
    for _, loss in ipairs(losses) do
      for name, kind in pairs(kinds(loss)) do
        local pot, atoms = kind[1], kind[2]
        local weights = { 0.2, 0.5, 0.3 }
        local rho = measure(pot, atoms, weights)
        local psi, mean = pot:psi(atoms, rho), 0
        for j = 1, 3 do mean = mean + weights[j] * psi[j] end
        for j = 1, 3 do
          local h = 1e-5
          local function risk(eps) -- (1 - eps) rho + eps delta_theta
            local w = {}
            for i = 1, 3 do w[i] = (1 - eps) * weights[i] + (i == j and eps or 0) end
            return pot:risk(measure(pot, atoms, w))
          end
          assert.near(2 * (psi[j] - mean), (risk(h) - risk(-h)) / (2 * h), 1e-7, name .. tostring(loss))
          local theta = type(atoms[j]) == "table" and atoms[j] or { atoms[j] }
          local slope = pot:grad_psi(atoms[j], rho)
          for c = 1, #theta do
            local function at(x)
              local point = { table.unpack(theta) }
              point[c] = x
              return pot:psi(#point > 1 and point or point[1], rho)
            end
            assert.near(quadrature.slope(at, theta[c], 1e-3), #theta > 1 and slope[c] or slope, 1e-7, name)
          end
        end
      end
    end
  end)

  it("of a sample is the mean over its examples, with the gradient written here", function()
    for _, loss in ipairs(losses) do
      local seen = {}
      local law = mf.distribution.custom { d = 2, sample = function(rng)
        local x = rng:normals(2)
        local e = { x = x:totable(), y = rng:uniform() < 0.5 and 1 or -1 }
        seen[#seen + 1] = e
        return x, e.y
      end }
      local n = 130
      local pot = mf.potential.sampled { distribution = law, activation = tanh, samples = n, loss = loss }
      local examples = { table.unpack(seen, #seen - n + 1) }
      local atoms = { { 0.7, -0.3 }, { -0.4, 1.1 } }
      local rho, risk, psi, grad = measure(pot, atoms, { 0.4, 0.6 }), 0, 0, { 0, 0 }
      for _, e in ipairs(examples) do
        local function s(w) return tanh(w[1] * e.x[1] + w[2] * e.x[2]) end
        local yhat = 0.4 * s(atoms[1]) + 0.6 * s(atoms[2])
        local pull, value = loss:slope(e.y, yhat) / (2 * n), s(atoms[1])
        risk, psi = risk + loss(e.y, yhat) / n, psi + pull * value
        for c = 1, 2 do grad[c] = grad[c] + pull * (1 - value ^ 2) * e.x[c] end
      end
      assert.near(risk, pot:risk(rho), 1e-13)
      assert.near(psi, pot:psi(atoms[1], rho), 1e-13)
      local slope = pot:grad_psi(atoms[1], rho)
      for c = 1, 2 do assert.near(grad[c], slope[c], 1e-13) end
    end
  end)

  it("in |x| agrees with quadrature over |x| and the angle", function()
    local atoms, weights = { 0.4, 1.3, 2.6 }, { 0.2, 0.5, 0.3 }
    local function risk(loss, activation, cuts, d, delta)
      local function density(p) -- of chi_p, not normalised
        return function(r) return r ^ (p - 1) * math.exp(-r * r / 2) end
      end
      local function angle(z) return (1 - z * z) ^ ((d - 3) / 2) end
      local norm, whole = quadrature.integral(angle, -1, 1, nil, 0.25),
        quadrature.integral(density(d), 0, 12 + math.sqrt(d), nil, 1)
      local function answer(s)
        local at = {}
        for i, c in ipairs(cuts) do at[i] = c / s end
        return quadrature.integral(function(z) return activation(s * z) * angle(z) end, -1, 1, at, 0.25) / norm
      end
      local sum = 0
      for _, y in ipairs { 1, -1 } do
        sum = sum + quadrature.integral(function(r)
          local yhat = 0
          for j = 1, 3 do yhat = yhat + weights[j] * answer((1 + y * delta) * r * atoms[j]) end
          return loss(y, yhat) * density(d)(r)
        end, 0, 12 + math.sqrt(d), nil, 2) / whole / 2
      end
      return sum
    end
    local shifted = mf.activation.custom(function(t) return tanh(t - 1) end)
    for _, case in ipairs { { d = 5, activation = ramp, cuts = { 0.5, 1.5 } },
                            { d = 12, activation = shifted, cuts = {} } } do
      local law = mf.distribution.isotropic { d = case.d, delta = 0.6 }
      for _, loss in ipairs { mf.loss.logistic(), mf.loss.huber(0.7) } do
        local pot = mf.potential.radial { distribution = law, activation = case.activation, loss = loss }
        local expected = risk(loss, case.activation, case.cuts, case.d, 0.6)
        -- a Huber loss has a kink in its slope, which Gauss nodes in |x| see only as well as they are many
        local tol = loss.kind == "huber" and 2e-4 or 1e-9 + 3 * pot.error
        assert.near(expected, pot:risk(measure(pot, atoms, weights)), tol, loss.kind .. case.d)
      end
    end
  end)

  it("at d = inf has one answer for each class", function()
    for _, loss in ipairs(losses) do
      local all = kinds(loss)
      local function check(kind, answer)
        local pot, atoms, weights = kind[1], kind[2], { 0.2, 0.5, 0.3 }
        local expected = 0
        for _, y in ipairs { 1, -1 } do
          local yhat = 0
          for j = 1, 3 do yhat = yhat + weights[j] * answer(atoms[j], y) end
          expected = expected + loss(y, yhat) / 2
        end
        assert.near(expected, pot:risk(measure(pot, atoms, weights)), 1e-9)
        assert.near((loss(1, 0) + loss(-1, 0)) / 2, pot.risk0, 1e-13)
      end
      local relu = mf.activation.relu()
      local function spread(r1, r2, y) return math.sqrt(((1 + y * 0.6) * r1) ^ 2 + r2 ^ 2) end
      check(all.limit, function(r, y) return (ramp:moment((1 + y * 0.8) * r)) end)
      check(all.two_radius, function(t, y) return (ramp:moment(spread(t[1], t[2], y))) end)
      check(all.relu, function(t, y) return t[1] * (relu:moment(spread(t[3], t[4], y), t[2])) end)
    end
  end)

  it("is what a step of SGD follows: its mean is -2 s grad Psi, by Monte Carlo", function()
    local law, eps = mf.distribution.isotropic { d = 2, delta = 0.5 }, 1e-3
    for _, loss in ipairs(losses) do
      local function new(seed)
        return mf.sgd { distribution = law, activation = tanh, N = 3, eps = eps, seed = seed, batch = 2000, loss = loss,
                        algorithm = "plain", neuron = "affine",
                        init = mf.init.custom(function(_, i)
                          return { 0.3 * i, 1 - 0.5 * i }, 0.5 * i, 0.2 - 0.1 * i
                        end) }
      end
      local pot = mf.potential.sampled { distribution = law, activation = tanh, neuron = "affine", samples = 100000,
                                         loss = loss, seed = 3 }
      local rho, runs = new(1):measure(), 12
      local theta = rho:atoms()
      local exact = pot:grad_psi(rho, rho)
      for i = 1, 3 do
        for c = 1, 4 do
          local sum, square = 0, 0
          for seed = 1, runs do
            local moved = new(seed):step(1):measure():atoms()
            local drift = (moved[i][c] - theta[i][c]) / (-2 * eps)
            sum, square = sum + drift, square + drift ^ 2
          end
          local mean = sum / runs
          local deviation = math.sqrt((square / runs - mean ^ 2) * (1 / (runs - 1) + 2000 / 100000))
          assert.near(exact[i][c], mean, 5 * deviation) -- Student's t of 11: 4e-4 a component
        end
      end
    end
  end)

  it("says by name where it is not known", function()
    local pot = mf.potential.radial { distribution = isotropic, activation = ramp, loss = mf.loss.logistic() }
    local rho = measure(pot, { 1 })
    for _, s0 in ipairs { 5, 35 } do
      for _, make in ipairs { mf.potential.two_radius, mf.potential.affine, mf.potential.relu } do
        fails(("s0 = %d in d = 40 knows the square loss only, not the logistic loss"):format(s0), make,
          { distribution = mf.distribution.anisotropic { d = 40, s0 = s0, delta = 0.6 }, loss = mf.loss.logistic(),
            activation = make ~= mf.potential.relu and ramp or nil })
      end
    end
    fails("the risk of N neurons is known for the square loss only", pot.risk, pot, rho, 100)
    fails("option 'potential' must have the square loss", mf.gibbs, { potential = pot, beta = 10, lambda = 0.1 })
    local odd = mf.loss.custom { labels = { 0, 1 }, f = function(y, p) return (y * y - p) ^ 2 end,
                                 df = function(y, p) return 2 * (p - y * y) end }
    for _, make in ipairs { mf.potential.radial, mf.potential.sampled } do
      fails("y = -1, and the custom loss takes its option 'labels'", make,
        { distribution = isotropic, activation = ramp, loss = odd,
          samples = make == mf.potential.sampled and 50 or nil })
    end
    fails("y = -1, and the custom loss", mf.potential.relu, { delta = 0.5, gamma = 0.2, loss = odd })
  end)
end)

describe("with a loss", function()
  it("the PDE goes down R at the rate of Eq. 7, dR/dt = -4 int |grad Psi|^2 d rho", function()
    for _, loss in ipairs(losses) do
      local pot = mf.potential.radial { distribution = isotropic, activation = ramp, loss = loss }
      local pde = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, J = 200, tol = 1e-9 }
      local before = pde:risk()
      for _, t in ipairs { 0.5, 2, 4 } do
        pde:advance(t)
        local fall, h = pde:dissipation(), 1e-3
        local r0 = pde:risk()
        local r1 = pde:advance(t + h):risk()
        assert.near((r1 - r0) / h, -(fall + pde:dissipation()) / 2, 1e-4 * math.abs(fall) + 1e-9, tostring(loss))
        assert.truthy(r0 < before)
        before = r1
      end
    end
  end)

  it("Eq. 10's sequence of minimisations is the same flow, to first order", function()
    for _, loss in ipairs { mf.loss.logistic(), mf.loss.huber(0.7) } do
      local pot = mf.potential.radial { distribution = isotropic, activation = ramp, loss = loss }
      local o = { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, J = 100 }
      local exact, far = mf.pde.particles(o):advance(1):measure(), {}
      for i = 1, 2 do
        o.tau = 0.05 / i
        far[i] = mf.transport.w2(mf.pde.jko(o):advance(1):measure(), exact)
      end
      assert.truthy(far[1] < 0.05 and far[2] < 0.65 * far[1], far[2])
    end
  end)

  it("the influence of single masses is that of two runs", function()
    local pot = mf.potential.radial { distribution = isotropic, activation = ramp, loss = mf.loss.logistic() }
    local rho = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, J = 40 }:measure()
    local f = mf.pde.particles { potential = pot, measure = rho }:advance(2):fluctuations { observable = "risk" }
    for _, j in ipairs { 1, 20, 40 } do
      local function run(eps)
        local w = rho:weights()
        w[j] = w[j] + eps
        local start = measure(pot, rho:atoms(), w)
        return mf.pde.particles { potential = pot, measure = start, tol = 1e-10 }:advance(2):risk()
      end
      assert.near((run(1e-4) - run(-1e-4)) / 2e-4, f.influence[j], 1e-3 * math.sqrt(f.variance))
    end
  end)

  it("the optimum is certified, and no law is below its bound", function()
    local rng = mf.rng { seed = 5 }
    for _, d in ipairs { 40, math.huge } do
      for _, delta in ipairs { 0.3, 0.6, 0.8 } do
        local law = mf.distribution.isotropic { d = 40, delta = delta }
        for _, loss in ipairs { wide, mf.loss.logistic(), mf.loss.huber(0.3), mf.loss.hinge(0.5), weighed } do
          local pot = mf.potential.radial { distribution = law, activation = ramp, d = d, loss = loss }
          local o = mf.optimum { potential = pot }
          assert.truthy(o.gap >= 0 and o.gap < 1e-8, tostring(loss) .. tostring(o))
          assert.near(pot:risk(o.measure), o.risk, 1e-12)
          for _ = 1, 50 do
            local r, w = {}, {}
            for j = 1, 3 do
              local t = rng:uniform()
              r[j], w[j] = t / (1 - t), rng:uniform()
            end
            assert.truthy(pot:risk(measure(pot, r, w)) >= o.lower_bound)
          end
          for _, r in ipairs { 0, 0.5, 1, 1.5, 2, 3, 8, math.huge } do -- a little mass elsewhere does not help
            local x, w = o.measure:atoms(), o.measure:weights()
            local atoms, weights = { r }, { 1e-3 }
            for j = 1, #o.measure do atoms[j + 1], weights[j + 1] = x[j][1], 0.999 * w[j] end
            assert.truthy(pot:risk(measure(pot, atoms, weights)) >= o.lower_bound)
          end
        end
        if d == 40 then -- the general path against Wolfe's nearest point
          local function best(loss)
            return mf.optimum { potential = mf.potential.radial { distribution = law, activation = ramp, loss = loss } }
          end
          assert.near(best().risk, best(wide).risk, 1e-8)
        end
      end
    end
  end)

  it("the optimum of many coordinates is where the PDE with many neurons goes", function()
    local law = mf.distribution.custom { d = 2, sample = function(rng)
      local x = rng:normals(2)
      return x, rng:uniform() < share(-0.6 * tanh(x[1] + x[2])) and 1 or -1
    end }
    local pot = mf.potential.sampled { distribution = law, activation = tanh, samples = 400, loss = mf.loss.logistic() }
    local o = mf.optimum { potential = pot, box = { { -4, 4 }, { -4, 4 } }, tol = 1e-6, starts = 256 }
    local start, rng = {}, mf.rng { seed = 4 }
    for j = 1, 60 do start[j] = rng:normals(2):totable() end
    local R = mf.pde.particles { potential = pot, measure = measure(pot, start), tol = 1e-4 }:advance(30):risk()
    assert.truthy(o.gap < 1e-5 and R >= o.lower_bound and R - o.risk < 0.02, ("%s, PDE %g"):format(tostring(o), R))
  end)

  it("the optimum of a loss that is not convex has no certificate, and says so", function()
    local pot = mf.potential.radial { distribution = isotropic, activation = ramp, loss = redescending }
    local o = mf.optimum { potential = pot }
    assert.equal(math.huge, o.gap)
    assert.equal(-math.huge, o.lower_bound)
    assert.truthy(tostring(o):find("no certificate: the loss is not convex", 1, true))
    assert.truthy(o.risk < pot.risk0) -- a law that is locally best all the same
    local psi = pot:psi(o.measure, o.measure)
    assert.near(psi:max(), psi:min(), 1e-6)
  end)

  it("the stability of a point mass comes from the Hessian of its Psi", function()
    local pot = mf.potential.radial { distribution = isotropic, activation = ramp, d = math.huge,
                                      loss = mf.loss.logistic() }
    local o = mf.optimum { potential = pot } -- one mass, at 2.54
    assert.equal(1, #o.measure)
    local r = o.measure:atoms()[1][1]
    local s = mf.stability.point_mass { potential = pot, theta = r, measure = o.measure }
    assert.equal("stable", s.verdict)
    local function slope(x) return pot:grad_psi(x, o.measure) end
    assert.near(quadrature.slope(slope, r, 1e-3), s.eigenvalues[1], 1e-6)
  end)
end)
