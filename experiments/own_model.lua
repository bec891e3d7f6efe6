-- A model of one's own, not in the paper: a teacher y = tanh<u1,x> - tanh<u2,x> with standard normal x, and
-- students a tanh<w,x>. SGD next to its mean-field limit, solved in R^(d+1). Copy this script.
local mf  = require "meanfield"
local run = mf.experiment {
  name    = "own_model", columns = { "t", "k", "R_N", "R" },
  options = { d = 10, N = 1000, eps = 1e-3, J = 1000, samples = 20000, t_end = 30.0, points = 13, seed = 1 },
  quick   = { N = 300, eps = 4e-3, J = 300, samples = 4000, t_end = 10, points = 9 },
}

-- The model. Everything random comes from rng, so that example k is the same in every run.
local u1, u2 = mf.array.zeros(run.d), mf.array.zeros(run.d)
u1[1], u2[2] = 1.5, 1.5
local tanh = mf.activation.tanh()
local law  = mf.distribution.custom { d = run.d, sample = function(rng)
  local x = rng:normals(run.d)
  return x, tanh(u1:dot(x)) - tanh(u2:dot(x))
end }
local rho0 = mf.init.gaussian { kappa = 1, a = 1 }

-- SGD sees fresh examples; the PDE feels the potential of `samples` of them; both are judged on others.
local function potential(seed, samples)
  return mf.potential.sampled { distribution = law, activation = tanh, neuron = "affine", fix_b = true,
                                samples = samples, seed = seed }
end
local sgd = mf.sgd { distribution = law, activation = tanh, neuron = "affine", fix_b = true, N = run.N, init = rho0,
                     eps = run.eps, seed = run.seed }
local pde = mf.pde.particles { potential = potential(1, run.samples), init = rho0, J = run.J, tol = 1e-4,
                               seed = run.seed + 1 }
local judge = potential(2, run.samples // 4)

-- How far the students' directions have turned to the teacher's: the mean of |cos| with the nearer of u1, u2.
local function alignment(m)
  return m:mean(function(...)
    local w, square = { ... }, 0
    for c = 1, run.d do square = square + w[c] ^ 2 end
    return math.max(math.abs(w[1]), math.abs(w[2])) / math.sqrt(square)
  end)
end

-- The PDE at many times, for smooth lines; SGD at every 25th of them.
local dense = mf.array.logspace(0.05, run.t_end, 25 * run.points - 24)
local way = pde:trajectory(dense, { R = function(rho) return judge:risk(rho) end, A = alignment })
local t, R_N, A_N, apart = {}, {}, {}, 0
for k = 1, run.points do t[k] = dense[25 * k - 24] end
for time, k in run:times(t) do
  local net, i = sgd:advance(time):measure(), 25 * k - 24
  R_N[k], A_N[k] = judge:risk(net), alignment(net)
  apart = math.max(apart, math.abs(R_N[k] - way.R[i]))
  run:record { t = time, k = sgd.k, R_N = R_N[k], R = way.R[i], align_sgd = A_N[k], align_pde = way.A[i] }
end

local fig   = mf.plot { panels = 2, width = 7, height = 2.8 }
local risk  = fig:panel(1, { xlabel = "t = kε", ylabel = "risk on fresh examples", xlog = true, tag = "a" })
local align = fig:panel(2, { xlabel = "t = kε", ylabel = "alignment with the teacher", xlog = true, tag = "b" })
risk:points(t, R_N, { label = "SGD" }):line(dense, way.R, { label = "PDE" })
align:points(t, A_N, { label = "SGD" }):line(dense, way.A, { label = "PDE" })
-- Over seeds of SGD the deviation of R_N is at most 0.72/sqrt(N) where N eps is about 1, as here: three of them.
run:check("SGD's risk from the PDE's, at most", apart, "<", 3 * 0.72 / math.sqrt(run.N))
run:check("SGD's final risk, over its first", R_N[#t] / R_N[1], "<", 0.5)
run:save(fig)
