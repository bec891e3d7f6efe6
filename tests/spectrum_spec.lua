-- mf.stability.spectrum: rates of decay and escape of laws of atoms, against finite differences of the flow's
-- velocities, closed forms for point masses, and the flow itself.
local mf = require "meanfield"
local quadrature = require "tests.quadrature"

local ramp = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local law = mf.distribution.isotropic { d = 40, delta = 0.8 }
local function radial(loss, d)
  return mf.potential.radial { distribution = law, activation = ramp, loss = loss, d = d }
end

-- sum of rates^k, k = 1 .. 3, of the symmetric matrix sqrt(p_i/p_j) d(2 d_c Psi(theta_i))/d theta_jc', by differences.
local function moments(pot, atoms, weights)
  local n, dim = #atoms, #atoms[1]
  local A = {}
  local function velocities(j, c, h)
    local x = {}
    for i = 1, n do x[i] = { table.unpack(atoms[i]) } end
    x[j][c] = x[j][c] + h
    local rho = mf.measure { x = x, weights = weights, space = pot.space }
    return pot:grad_psi(rho, rho)
  end
  for j = 1, n do
    for c = 1, dim do
      local at = {}
      for i, h in ipairs { 1e-3, -1e-3, 2e-3, -2e-3 } do at[i] = velocities(j, c, h) end
      for i = 1, n do
        for k = 1, dim do
          local function v(a) return dim > 1 and at[a][i][k] or at[a][i] end
          local row, column = (i - 1) * dim + k, (j - 1) * dim + c
          A[row] = A[row] or {}
          A[row][column] = 2 * math.sqrt(weights[i] / weights[j]) * (8 * (v(1) - v(2)) - (v(3) - v(4))) / 12e-3
        end
      end
    end
  end
  local one, two, three = 0, 0, 0 -- traces of A, A^2, A^3
  for i = 1, n * dim do
    one = one + A[i][i]
    for j = 1, n * dim do
      two = two + A[i][j] * A[j][i]
      for k = 1, n * dim do three = three + A[i][j] * A[j][k] * A[k][i] end
    end
  end
  return one, two, three
end

describe("stability.spectrum", function()
  it("is that of the flow's linearisation, at any law of atoms and for any loss", function()
    for _, loss in ipairs { mf.loss.square(), mf.loss.logistic(), mf.loss.huber(3) } do
      for _, case in ipairs {
        { radial(loss), { { 0.4 }, { 1.3 }, { 2.6 } } },
        { mf.potential.relu { delta = 0.6, gamma = 0.2, loss = loss },
          { { 0.7, -0.3, 0.4, 0.9 }, { -0.5, 0.2, 1.3, 0.2 }, { 1.4, 0.6, 2.1, 1.4 } } },
        { mf.potential.sampled { distribution = mf.distribution.isotropic { d = 2, delta = 0.5 }, samples = 200,
                                 activation = mf.activation.tanh(), loss = loss },
          { { 0.7, -0.3 }, { -0.5, 0.2 }, { 1.4, 0.6 } } },
      } do
        local pot, atoms, weights = case[1], case[2], { 0.2, 0.5, 0.3 }
        local rho = mf.measure { x = atoms, weights = weights, space = pot.space }
        local s = mf.stability.spectrum { potential = pot, measure = rho }
        assert.equal(#atoms * #atoms[1], #s.rates)
        local expected = { moments(pot, atoms, weights) }
        for k = 1, 3 do
          local sum, size = 0, 0
          for i = 1, #s.rates do sum, size = sum + s.rates[i] ^ k, math.max(size, math.abs(s.rates[i])) end
          assert.near(expected[k], sum, k * #s.rates * size ^ (k - 1) * (s.error + 1e-7 * size), pot.kind .. loss.kind)
        end
        for i = 2, #s.rates do assert.truthy(s.rates[i] >= s.rates[i - 1]) end
      end
    end
  end)

  it("of a point mass is 2 H_0 + 2 |f'|^2, and of its halves 2 H_0 as well", function()
    local pot = radial(nil, math.huge)
    local r = mf.stability.lemma1 { d = math.huge, delta = 0.8, activation = ramp }.r_star
    local H0 = mf.stability.point_mass { potential = pot, theta = r }.eigenvalues[1]
    local bend = quadrature.slope(function(x) return pot:du(r, x) end, r, 1e-3) -- d_1 d_2 u = |f'|^2
    local one = mf.stability.spectrum { potential = pot, measure = mf.measure { x = { r }, space = "radial" } }
    assert.near(2 * H0 + 2 * bend, one.rates[1], 1e-6)
    local two = mf.stability.spectrum { potential = pot, measure = mf.measure { x = { r, r }, space = "radial" } }
    assert.near(2 * H0, two.rates[1], 1e-6)
    assert.near(2 * H0 + 2 * bend, two.rates[2], 1e-6)
    assert.truthy(one.residual < 1e-7)
  end)

  it("gives the rate at which R goes to its least value", function()
    local pot = radial(mf.loss.logistic(), math.huge)
    local o = mf.optimum { potential = pot, tol = 1e-12 }
    local s = mf.stability.spectrum { potential = pot, measure = o.measure }
    local pde = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, J = 1, tol = 1e-11 }
    local function excess(t) return math.log(pde:advance(t):risk() - o.risk) end
    local slope = (excess(80) - excess(130)) / 50
    assert.near(2 * s.rates[1], slope, 0.01 * slope)
  end)

  it("gives the rate at which the halves of an unstable point mass leave it", function()
    local pot = radial(nil, math.huge)
    local r = mf.stability.lemma1 { d = math.huge, delta = 0.8, activation = ramp }.r_star
    local start = mf.measure { x = { r - 1e-6, r + 1e-6 }, space = "radial" }
    local s = mf.stability.spectrum { potential = pot, measure = start }
    assert.truthy(s.rates[1] < 0)
    local pde = mf.pde.particles { potential = pot, measure = start, tol = 1e-12 }
    local function apart(t)
      local x = pde:advance(t):measure():atoms()
      return math.log(x[2][1] - x[1][1])
    end
    local t = 4 / -s.rates[1]
    local first, second = apart(t), apart(2 * t)
    assert.near(-s.rates[1], (second - first) / t, 0.01 * -s.rates[1])
  end)

  it("leaves out what does not move, and says what it cannot treat", function()
    local pot = radial()
    local o = mf.optimum { potential = pot } -- one of its three atoms is at infinity
    assert.truthy(o.at_infinity > 0.1)
    assert.equal(#o.measure - 1, #mf.stability.spectrum { potential = pot, measure = o.measure }.rates)
    local far = mf.measure { x = { math.huge }, space = "radial" }
    assert.equal(0, #mf.stability.spectrum { potential = pot, measure = far }.rates)
    local function fails(expected, given)
      local ok, message = pcall(mf.stability.spectrum, given)
      assert.is_false(ok)
      assert.truthy(message:find(expected, 1, true), message)
    end
    fails("option 'measure' is missing", { potential = pot })
    fails("lies in space 'plain' (2 coordinates), the potential takes 'radial' (1)",
      { potential = pot, measure = mf.measure { x = { { 1, 2 } }, space = "plain" } })
    local many = mf.pde.particles { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, J = 601 }:measure()
    fails("601 atoms of 1 coordinates, at most 600 coordinates in all", { potential = pot, measure = many })
  end)
end)
