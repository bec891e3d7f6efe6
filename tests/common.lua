-- What neurons share (docs/numerics.md), by other means: equations for the products C of their weights' parts in each
-- of a few spaces, not for cosines, by Runge and Kutta's steps of fixed length, with gradients by differences.
--
-- A model: nodes { y =, weight =, tau = { of x in each space } }; answer(x, node), tilt(x, node) = E a sigma' and
-- square(x, node) = E a^2 sigma'^2 of a particle x, a list of coordinates; radii, which of them are radii; dims, the
-- dimensions behind them; noise, the variance of labels.
local assert = require "luassert"
local mf = require "meanfield"

local common = {}

local function derivative(model, x, C, p, eps)
  local J, e, D, risk, excess = #p, {}, {}, model.noise, 0
  for n, node in ipairs(model.nodes) do
    e[n], D[n] = node.y, {}
    for i = 1, J do e[n] = e[n] - p[i] * model.answer(x[i], node) end
    risk = risk + node.weight * e[n] ^ 2
    for h = 1, #model.radii do
      D[n][h] = {}
      for i = 1, J do
        local sum = 0
        for k = 1, J do sum = sum + p[k] * model.tilt(x[k], node) * C[h][i][k] end
        D[n][h][i] = sum
        excess = excess + node.weight * node.tau[h] ^ 2 * p[i] * model.tilt(x[i], node) * sum
      end
    end
  end
  local dx, dC, A = {}, {}, {}
  for i = 1, J do
    local function slope(c, shared) -- of Psi, or of Psi with what C adds
      local function Psi(by)
        local y, sum = { table.unpack(x[i]) }, 0
        y[c] = y[c] + by
        for n, node in ipairs(model.nodes) do
          sum = sum - node.weight * e[n] * model.answer(y, node)
          for h, r in ipairs(shared and model.radii or {}) do
            sum = sum + node.weight * node.tau[h] ^ 2 * y[r] * model.tilt(y, node) * D[n][h][i] / x[i][r]
          end
        end
        return sum
      end
      return (Psi(1e-5) - Psi(-1e-5)) / 2e-5
    end
    dx[i], A[i] = {}, {}
    for c = 1, #x[i] do dx[i][c] = -2 * slope(c, true) end
    for h, r in ipairs(model.radii) do -- r' from that of r^2
      A[i][h] = -2 * slope(r, false) / x[i][r]
      for n, node in ipairs(model.nodes) do
        local gain = node.weight * node.tau[h] ^ 2 * (e[n] ^ 2 + model.noise) * model.square(x[i], node)
        dx[i][r] = dx[i][r] + 2 * eps * (model.dims[h] - 1) / x[i][r] * gain
      end
    end
  end
  for h = 1, #model.radii do
    dC[h] = {}
    for i = 1, J do
      dC[h][i] = {}
      for j = 1, J do
        local sum = (A[i][h] + A[j][h]) * C[h][i][j]
        for n, node in ipairs(model.nodes) do
          local q, other, W = model.tilt(x[i], node), model.tilt(x[j], node), node.weight * node.tau[h] ^ 2
          sum = sum - 2 * W * (q * D[n][h][j] + other * D[n][h][i])
                + 4 * eps * (model.dims[h] - 2) * W * (e[n] ^ 2 + model.noise) * q * other
        end
        dC[h][i][j] = sum
      end
    end
  end
  return dx, dC, risk + excess
end

-- x + by dx, entry by entry of nested lists.
local function plus(x, by, dx)
  if type(x) == "number" then return x + by * dx end
  local sum = {}
  for i = 1, #x do sum[i] = plus(x[i], by, dx[i]) end
  return sum
end

-- The risk at t from particles x of masses p that share nothing yet.
function common.reference(model, x, p, eps, t, steps)
  local C, h = {}, t / steps
  for s = 1, #model.radii do
    C[s] = {}
    for i = 1, #p do
      C[s][i] = {}
      for j = 1, #p do C[s][i][j] = 0 end
    end
  end
  local function F(y, D) return derivative(model, y, D, p, eps) end
  for _ = 1, steps do
    local x1, C1 = F(x, C)
    local x2, C2 = F(plus(x, h / 2, x1), plus(C, h / 2, C1))
    local x3, C3 = F(plus(x, h / 2, x2), plus(C, h / 2, C2))
    local x4, C4 = F(plus(x, h, x3), plus(C, h, C3))
    x = plus(plus(x, h / 6, plus(x1, 1, x4)), h / 3, plus(x2, 1, x3))
    C = plus(plus(C, h / 6, plus(C1, 1, C4)), h / 3, plus(C2, 1, C3))
  end
  return select(3, F(x, C))
end

-- R(eps, common) against the reference: to first order in eps these are the same equations; of second order each drops
-- other terms. Returns the distance over that of R without what is shared, and its ratio to that at eps / 2.
function common.apart(model, x, p, eps, t, steps, R)
  local function at(step)
    local expected = common.reference(model, x, p, step, t, steps)
    return math.abs(R(step, true) - expected), math.abs(R(step, false) - expected)
  end
  local large, without = at(eps)
  return large / without, large / at(eps / 2)
end

-- A run in one piece on one thread has the bits of that in two on two threads, and from a file at their joint.
function common.same_bits(run, potential)
  local path, threads = os.tmpname(), mf.threads()
  mf.threads(1)
  local whole = run():advance(0.05):advance(0.1)
  mf.threads(2)
  local cut = run():advance(0.05):save(path)
  mf.threads(threads)
  local loaded = mf.pde.load(path, { potential = potential }):advance(0.1)
  os.remove(path)
  for _, other in ipairs { cut:advance(0.1), loaded } do
    assert.equal(whole:risk(), other:risk())
    assert.same(whole:measure():atoms(), other:measure():atoms())
  end
end

-- Mean of f(seed) over seeds from 1 on, and its standard error.
function common.over_seeds(seeds, f)
  local sum, square = 0, 0
  for seed = 1, seeds do
    local x = f(seed)
    sum, square = sum + x, square + x * x
  end
  local mean = sum / seeds
  return mean, math.sqrt((square / seeds - mean * mean) / (seeds - 1))
end

return common
