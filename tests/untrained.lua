-- Makes the script that runs after it look at networks that have never been trained: the clock of SGD
-- runs (fast), but its neurons stay where they were; descent stops at its first step; and what is no
-- training is done badly: optima at the coarsest accuracy, intervals crudely and for another sigma.
local mf = require "meanfield"

local sgd = debug.getregistry()["mf.sgd"]
local clocks = setmetatable({}, { __mode = "k" })

local function clock(net)
  clocks[net] = clocks[net] or { k = 0, t = 0 }
  return clocks[net]
end

function sgd.methods.advance(net, t)
  clock(net).t, clock(net).k = t, math.ceil(t / net.options.eps)
  return net
end

function sgd.methods.step(net, n)
  clock(net).t, clock(net).k = clock(net).t + 100 * n * net.options.eps, clock(net).k + 100 * n
  return net
end

function sgd.properties.t(net) return clock(net).t end

function sgd.properties.k(net) return clock(net).k end

-- Calls of a constructor with one option changed.
local function with(module, name, option, value)
  local real = module[name]
  module[name] = function(given)
    given[option] = value
    return real(given)
  end
end

with(mf, "descend", "steps", 1)
with(mf.stability, "interval", "tol", 1e-2)
with(mf.stability, "interval", "activation", mf.activation.piecewise { { 0.5, -2.5 }, { 1.2, 7.5 } })
with(mf, "optimum", "tol", 1)
