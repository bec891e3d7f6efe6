-- Speed of the PDE by particles: forces a second (one force is the mean of the features and the
-- gradient on one particle), beside a sum over pairs and beside gemm, in the same run.
--   meanfield tests/bench/pde.lua [particles, default 100000] [repeats, default 5]
-- Minima over repeats: foreign load only ever adds. Nothing is asserted.
local mf = require "meanfield"
local least = require "tests.bench.least_seconds"

local J, repeats = tonumber(arg[1] or 1e5), tonumber(arg[2] or 5)
assert(J and J >= 1000 and repeats and repeats >= 1, "usage: pde.lua [particles >= 1000] [repeats]")
J = math.tointeger(J)

local function least_seconds(fn) return least(repeats, fn) end

-- Flops a force. Radial: 16 Chebyshev functions by recurrence and their moments (5 a term), value
-- and slope of one curve (4 a term). ReLU: two sides, each a root, an exp and an erfc (some 40
-- flops), in the mean and again in the gradient.
local cases = {
  { name = "Fig. 1 (radial)", flops = 16 * 9, init = mf.init.gaussian { kappa = 0.8 },
    potential = mf.potential.radial { distribution = mf.distribution.isotropic { d = 40, delta = 0.8 },
                                      activation = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } } } },
  { name = "Fig. 3 (ReLU)", flops = 2 * 2 * 50, init = mf.init.gaussian { kappa = 0.8, b = 1, d = 320, s0 = 60 },
    potential = mf.potential.relu { delta = 0.4, gamma = 60 / 320 } },
}

print(("isa %s, OpenBLAS kernels %s, J = %d"):format(mf.isa(), mf.blas(), J))
local A = mf.array.ones(800, 800)
mf.threads(1)
local peak = 2 * 800 ^ 3 / least_seconds(function() A:matmul(A) end)
print(("dgemm, one thread: %.1f GFLOP/s"):format(peak / 1e9))
print(("%-16s %8s %16s %10s %14s"):format("problem", "threads", "10^6 forces/s", "of dgemm", "against pairs"))
for _, case in ipairs(cases) do
  -- the sum over pairs that the feature map replaces: U between few points, scaled to J
  local few = mf.pde.particles { potential = case.potential, init = case.init, J = 400 }:measure()
  local pair = least_seconds(function() case.potential:U(few, few) end) / 400 ^ 2
  for threads = 1, 2 do
    mf.threads(threads)
    local pde = mf.pde.particles { potential = case.potential, init = case.init, J = J, step = 1e-4 }
    local t, steps = 0, 4
    pde:advance(1e-4) -- the first step evaluates the initial state as well
    local seconds = least_seconds(function()
      t = t + steps
      pde:advance(1e-4 * (1 + t))
    end)
    local rate = 6 * steps * J / seconds -- six new stages a step
    print(("%-16s %8d %16.1f %10.2f %14.0f"):format(case.name, threads, rate / 1e6, rate * case.flops / peak / threads,
      rate * pair * J))
  end
end
