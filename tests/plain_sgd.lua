-- The plain loop in Lua: the independent yardstick of every step that SGD makes.
local plain = {}

local function preactivation(n, x)
  local sum = n.b
  for c = 1, #x do sum = sum + n.w[c] * x[c] end
  return sum
end

-- theta + V with V = mu V + step; old: the velocity, nil at first.
local function move(theta, step, mu, old)
  local v = mu * (old or 0) + step
  return theta + v, v
end

-- p_i exp(h_i) / Z into the new neurons, h the growth of the masses, which has momentum too.
local function grow(old, new, growth, mu)
  local total = 0
  for i, n in ipairs(old) do
    new[i].v.p = mu * (n.v and n.v.p or 0) + growth[i]
    new[i].p = n.p * math.exp(new[i].v.p)
    total = total + new[i].p
  end
  for _, n in ipairs(new) do n.p = n.p / total end
end

-- One step of Eq. 3 or Eq. 11 without noise for neurons {w=, a=, b=, p=, v=}, all of it at the old ones; returns the
-- new ones and yhat of the last row. theta_c -= rate_c s/A^2 (A/B sum_m l'(y_m, yhat_m) d_c sigma_*(x_m; theta) +
-- 2 lambda theta_c) over the rows X with labels y, by way of V with momentum; and the masses' step.
-- o: affine, fix_a, fix_b, lambda, loss (the square), rates {a=, b=, w=}, momentum, scale (A), birth_death.
function plain.step(neurons, sigma, X, y, s, o)
  local rates, A, mu, gain, growth, yhat = o.rates or {}, o.scale or 1, o.momentum or 0, {}, {}
  local rate = { w = rates.w or 1, a = o.affine and not o.fix_a and (rates.a or 1) or 0,
                 b = o.affine and not o.fix_b and (rates.b or 1) or 0 }
  local shrink = -2 * (o.lambda or 0) * s / A ^ 2
  for m, x in ipairs(X) do
    yhat = 0
    for _, n in ipairs(neurons) do
      yhat = yhat + A * (n.p or 1 / #neurons) * n.a * sigma(preactivation(n, x))
    end
    gain[m] = -(o.loss and o.loss:slope(y[m], yhat) or 2 * (yhat - y[m])) * s / A / #X
  end
  local out = {}
  for i, n in ipairs(neurons) do
    local step = { w = {}, a = shrink * n.a, b = shrink * n.b }
    for c = 1, #n.w do step.w[c] = shrink * n.w[c] end
    growth[i] = 0
    for m, x in ipairs(X) do
      local at = preactivation(n, x)
      local tilt = gain[m] * n.a * sigma:derivative(at)
      for c = 1, #x do step.w[c] = step.w[c] + tilt * x[c] end
      step.a, step.b = step.a + gain[m] * sigma(at), step.b + tilt
      growth[i] = growth[i] + (o.birth_death or 0) * gain[m] * n.a * sigma(at)
    end
    local old, new = n.v or { w = {} }, { w = {}, v = { w = {} } }
    for c = 1, #n.w do new.w[c], new.v.w[c] = move(n.w[c], rate.w * step.w[c], mu, old.w[c]) end
    new.a, new.v.a = move(n.a, rate.a * step.a, mu, old.a)
    new.b, new.v.b = move(n.b, rate.b * step.b, mu, old.b)
    out[i] = new
  end
  if neurons[1].p then grow(neurons, out, growth, mu) end
  return out, yhat
end

-- The neurons of a run, as tables; with their masses if those are not equal.
function plain.neurons(sgd)
  local W, a, b = sgd:weights()
  local p = sgd.options.birth_death > 0 and sgd:measure():weights()
  local out = {}
  for i = 1, sgd.N do
    out[i] = { w = W[i]:totable(), a = a and a[i] or 1, b = b and b[i] or 0, p = p and p[i] or nil }
  end
  return out
end

return plain
