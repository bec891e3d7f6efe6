-- The plain loop in Lua: the independent yardstick of every step that SGD makes.
local plain = {}

-- One step of Eq. 3 or Eq. 11 without noise for neurons {w=, a=, b=}, all of it at the old ones; returns the new ones:
-- theta_i -= (s/B) sum_m l'(y_m, yhat_m) grad sigma_*(x_m; theta_i) + 2 lambda s theta_i over the rows X with labels
-- y. o: affine, fix_a, fix_b, lambda, loss (the square).
function plain.step(neurons, sigma, X, y, s, o)
  local shrink, gain = 1 - 2 * (o.lambda or 0) * s, {}
  local function z(n, x)
    local sum = n.b
    for c = 1, #x do sum = sum + n.w[c] * x[c] end
    return sum
  end
  for m, x in ipairs(X) do
    local yhat = 0
    for _, n in ipairs(neurons) do yhat = yhat + n.a * sigma(z(n, x)) / #neurons end
    gain[m] = -(o.loss and o.loss:slope(y[m], yhat) or 2 * (yhat - y[m])) * s / #X
  end
  local out = {}
  for i, n in ipairs(neurons) do
    local new = { w = {}, a = shrink * n.a, b = shrink * n.b }
    for c = 1, #n.w do new.w[c] = shrink * n.w[c] end
    for m, x in ipairs(X) do
      local at = z(n, x)
      local tilt = gain[m] * n.a * sigma:derivative(at)
      for c = 1, #x do new.w[c] = new.w[c] + tilt * x[c] end
      new.a, new.b = new.a + gain[m] * sigma(at), new.b + tilt
    end
    if not o.affine or o.fix_a then new.a = n.a end
    if not o.affine or o.fix_b then new.b = n.b end
    out[i] = new
  end
  return out
end

-- The neurons of a run, as tables.
function plain.neurons(sgd)
  local W, a, b = sgd:weights()
  local out = {}
  for i = 1, sgd.N do out[i] = { w = W[i]:totable(), a = a and a[i] or 1, b = b and b[i] or 0 } end
  return out
end

return plain
