-- Gauss-Legendre panels in plain Lua, the independent yardstick of the numerical tests.

local quadrature = {}

-- Nodes and weights on [-1, 1] by Newton's method on the Legendre polynomial.
local function rule(n)
  local x, w = {}, {}
  for i = 1, n do
    local z = math.cos(math.pi * (i - 0.25) / (n + 0.5))
    local slope
    for _ = 1, 50 do
      local p, before = 1, 0
      for k = 1, n do p, before = ((2 * k - 1) * z * p - (k - 1) * before) / k, p end
      slope = n * (z * p - before) / (z * z - 1)
      local step = p / slope
      z = z - step
      if math.abs(step) < 1e-16 then break end
    end
    x[i], w[i] = z, 2 / ((1 - z * z) * slope * slope)
  end
  return x, w
end

local nodes, weights = rule(20)

-- int_a^b f, cut at those of `cuts` that lie inside and into panels of at most `width`. The map
-- v^2 (3 - 2 v) crowds the nodes towards the cuts, where f may have roots as singularities.
function quadrature.integral(f, a, b, cuts, width)
  local edges = { a, b }
  for _, c in ipairs(cuts or {}) do
    if c > a and c < b then edges[#edges + 1] = c end
  end
  table.sort(edges)
  local sum = 0
  for e = 1, #edges - 1 do
    local low, length = edges[e], edges[e + 1] - edges[e]
    local panels = math.ceil(length / (width or 1))
    for p = 1, panels do
      local from, size = low + length * (p - 1) / panels, length / panels
      for i = 1, #nodes do
        local v = (1 + nodes[i]) / 2
        sum = sum + weights[i] / 2 * 6 * v * (1 - v) * size * f(from + size * v * v * (3 - 2 * v))
      end
    end
  end
  return sum
end

-- Normal density, and the normalised Hermite polynomial h_k.
function quadrature.phi(x) return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) end

function quadrature.hermite(k, x)
  local before, now = 0, 1
  for j = 0, k - 1 do before, now = now, (x * now - math.sqrt(j) * before) / math.sqrt(j + 1) end
  return now
end

-- E f(G) for standard normal G, f with kinks at `cuts`.
function quadrature.normal(f, cuts)
  return quadrature.integral(function(x) return f(x) * quadrature.phi(x) end, -12, 12, cuts, 1)
end

-- Fourth-order difference quotient.
function quadrature.slope(f, x, h)
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
end

-- The gradient at p, by differences of h[c], of a function of a point.
function quadrature.gradient(f, p, h)
  local gradient = {}
  for c = 1, #p do
    local function along(z)
      local moved = { table.unpack(p) }
      moved[c] = z
      return f(moved)
    end
    gradient[c] = quadrature.slope(along, p[c], h[c])
  end
  return gradient
end

-- Whether the numbers of all(d) come to those of all(math.huge) like 1/d: their gaps halve, to 6 %, with every
-- doubling. Returns true, or false and the number that does not.
function quadrature.is_like_1_over_d(all, limit)
  local before
  for _, d in ipairs { 400, 800, 1600 } do
    local gap = all(d)
    for k = 1, #limit do
      gap[k] = gap[k] - limit[k]
      local ratio = before and gap[k] / before[k] or 0.5
      if not (ratio > 0.47 and ratio < 0.53) then return false, ("%d at d = %d: %g"):format(k, d, ratio) end
    end
    before = gap
  end
  return true
end

return quadrature
