-- Lazy and mean-field training of the staircase y = z1 + z1 z2 + z1 z2 z3 on the hypercube, z = (x1, x2, x3), by
-- neurons a tanh(<w,x> + b), w ~ N(0, I/d), b uniform, a = +-1 in pairs, so that yhat = 0 at first. With an output
-- scale A, yhat = A/N sum a tanh, in the clock t/A^2, A -> inf is gradient descent in the kernel of rho_0: residuals u
-- on z obey u' = -2 K u. At d = inf rho_0 has no component along z: K(z, z') = K_0 + K_1 <z, z'> does not see z1 z2 and
-- z1 z2 z3: R = 2 + exp(-4 K_1 t) stops at 2, for ever. At A = 1 weights that have found z1 see z1 z2, and then all.
-- Lines at finite A: d = inf with the drift of step noise; at d = 200 a plateau is left a little earlier (A = 4).
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "lazy", columns = { "A", "t", "R_N", "error", "R", "kernel" },
  options = { d = 200, N = 1000, eps = 1e-4, t_end = 10, J = 100, samples = 20000, seed = 1 },
  quick   = { d = 100, N = 300, eps = 5e-4, samples = 3000 },
}

local law  = mf.distribution.multi_index { d = run.d, directions = 3, inputs = "hypercube",
                                           target = function(z1, z2, z3) return z1 + z1 * z2 + z1 * z2 * z3 end }
local tanh = mf.activation.tanh()
local pot  = mf.potential.multi_index { distribution = law, activation = tanh, d = math.huge }

-- rho_0 in pairs a = +-1: at d = inf atoms (a, b, m = 0, r = 1), and N neurons (w, a, b).
local model = { distribution = law, activation = tanh, neuron = "affine", N = run.N // 2, eps = run.eps,
                seed = run.seed, init = mf.init.gaussian { kappa = 1, b = mf.number.uniform { low = -1, high = 1 } } }
local atoms, rows, W, _, b = {}, {}, mf.sgd(model):weights()
for a = 1, -1, -2 do
  for j = 1, run.J do atoms[#atoms + 1] = { a, 2 * (j - 0.5) / run.J - 1, 0, 0, 0, 1 } end
  for i, w in ipairs(W:totable()) do
    w[run.d + 1], w[run.d + 2] = a, b[i]
    rows[#rows + 1] = w
  end
end
local K_1 = 0 -- the mean square of what a neuron feels along m_1, -dV/dm_1
for _, slope in ipairs(pot:grad_V(atoms):totable()) do K_1 = K_1 + slope[3] ^ 2 / #atoms end
local function kernel(t) return 2 + math.exp(-4 * K_1 * t) end

local fig = mf.plot { xlabel = "time t", ylabel = "risk", title = "points: SGD, lines: PDE", yrange = { 0, 3.2 },
                      palette = mf.plot.colors(3) }
local ts, fine, off, R_N = mf.array.linspace(0, run.t_end, 11), mf.array.linspace(0, run.t_end, 201), {}, {}
model.N, model.init, model.measure = 2 * #b, nil, mf.measure { x = rows, space = "affine" }
for _, A in ipairs { 1, 4, 32 } do
  local errors, start = {}, mf.measure { x = atoms, space = "multi_index" }
  model.scale, R_N[A], off[A] = A, {}, 0
  local sgd = mf.sgd(model)
  local pde = mf.pde.particles { potential = pot, measure = start, scale = A, eps = run.eps, d = run.d }
  local line = pde:trajectory(fine, { R = "risk" }).R
  for i, t in ipairs(ts:totable()) do
    R_N[A][i], errors[i] = sgd:advance(t):risk { samples = run.samples, seed = i + 1 }
    local limit = A == 32 and kernel(t) or line[20 * i - 19]
    off[A] = math.max(off[A], math.abs(R_N[A][i] - limit) - 5 * errors[i])
    run:record { A = A, t = t, R_N = R_N[A][i], error = errors[i], R = line[20 * i - 19], kernel = kernel(t) }
  end
  fig:points(ts, R_N[A], { errors = errors }):line(fine, line, { label = "A = " .. A })
end
fig:line(fine, fine:map(kernel), { label = "kernel, A = ∞", dash = "dashed", color = "black" })
-- Beyond 5 standard errors: of order eps d, with R <= 3, by what neurons share as they see the same examples; in the
-- kernel regime times K_1, and 2.2/A^2 at t = 8 from the limit (of that order: tests/pde_options_spec.lua).
run:check("A = 32: R_N is the kernel's risk, at every t", off[32], "<", 3 * K_1 * run.eps * run.d + 4 / 32 ^ 2)
run:check("A = 1: R_N is the mean-field limit's, at every t", off[1], "<", 3 * run.eps * run.d)
run:check("A = 1: R_N at the end, where the kernel has 2", R_N[1][#ts], "<", 1)
run:save(fig)
