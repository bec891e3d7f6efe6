-- Speed of multi-index potentials: nanoseconds for one neuron at one node (mean and gradient together), beside one
-- neuron and one example of the sampled potential in R^3, in the same run; one thread.
--   meanfield tests/bench/multi_index.lua [particles, default 2000] [repeats, default 5]
-- Minima over repeats: foreign load only ever adds. Nothing is asserted.
local mf = require "meanfield"
local least = require "tests.bench.least_seconds"

local J, repeats = math.tointeger(arg[1] or 2000), math.tointeger(arg[2] or 5)
assert(J and J >= 10 and repeats and repeats >= 1, "usage: multi_index.lua [particles >= 10] [repeats]")
mf.threads(1)

local function least_seconds(fn) return least(repeats, fn) end

local function target(z1, z2, z3) return z1 + z1 * z2 * z3 end
local gaussian = mf.distribution.multi_index { d = 100, directions = 3, target = target }
local cube = mf.distribution.multi_index { d = 100, directions = 3, target = target, inputs = "hypercube" }
local a, w = mf.number.uniform(), mf.init.gaussian
local init = w { kappa = 1, a = a, b = a, d = 100 }

local activations = { { "erf", mf.activation.erf() }, { "tanh", mf.activation.tanh() },
                      { "relu", mf.activation.relu() },
                      { "ramp", mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } } },
                      { "softplus", mf.activation.softplus() } }
print(("isa %s, J = %d"):format(mf.isa(), J))
print(("%-10s %12s %12s %18s %14s %16s"):format("sigma", "corners", "Gauss 8^3", "d = 100, orders", "ns an order",
  "sampled, 512"))
for _, case in ipairs(activations) do
  local name, sigma = table.unpack(case)
  local function cost(pot, nodes)
    local rho = mf.pde.particles { potential = pot, init = init, J = J }:measure()
    return least_seconds(function() pot:grad_psi(rho, rho) end) / J / nodes * 1e9
  end
  local function index(law, d)
    local points = law == gaussian and 8 or nil
    return mf.potential.multi_index { distribution = law, activation = sigma, d = d, points = points }
  end
  local limit, finite = index(gaussian, math.huge), index(gaussian)
  local orders = finite:rank() // limit:rank()
  local small = mf.distribution.multi_index { d = 3, directions = 3, target = target }
  local sampled = mf.potential.sampled { distribution = small, activation = sigma, neuron = "affine", samples = 512 }
  print(("%-10s %12.0f %12.0f %14.0f, %2d %14.0f %16.0f"):format(name, cost(index(cube, math.huge), 8),
    cost(limit, 512), cost(finite, 512), orders, cost(finite, 512 * orders), cost(sampled, 512)))
end
