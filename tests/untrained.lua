-- Makes the script that runs after it look at networks that have never been trained: the clock of SGD
-- runs (fast), but its neurons stay where they were; so do the laws of grids and minimising movements, and,
-- in scripts that have nothing else to train, particles; descent stops at its first step; and what is no
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

-- A solver of the dynamics whose law stays rho_0.
local function freeze(name)
  local class, times = debug.getregistry()[name], setmetatable({}, { __mode = "k" })
  function class.methods.advance(pde, t)
    times[pde] = t
    return pde
  end
  function class.methods.step(pde, n)
    times[pde] = (times[pde] or 0) + (n or 1) * (pde.options.tau or 0)
    return pde
  end
  function class.methods.trajectory(pde, t_end)
    return { t = { 0, t_end }, R = { pde:risk(), pde:risk() } }
  end
  function class.properties.t(pde) return times[pde] or 0 end
end

freeze "mf.pde.grid"
freeze "mf.pde.jko"
local script = io.open(arg[0]):read "a"
if not script:find "mf%.sgd" and not script:find "mf%.pde%.jko" then freeze "mf.pde.particles" end

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
with(mf.prove, "interval", "digits", 2)
with(mf, "optimum", "tol", 1)
