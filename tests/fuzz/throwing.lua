-- Callbacks that misbehave at every moment:
--     ./meanfield tests/fuzz/throwing.lua [rounds] [seed]
-- In every round something that takes a Lua function is made or used, and the function does one wrong thing
-- at its n-th call: raises a text or a table, returns nothing, NaN or rubbish, closes what is at work, calls it,
-- collects garbage, yields. Calls may end in an error of the user's own or a text; none may crash, and what was made
-- before works afterwards with good functions as if nothing had been.
local mf = require "meanfield"
local rounds, seed = tonumber(arg[1] or 200), tonumber(arg[2] or 1)
math.randomseed(seed)

local tanh = mf.activation.tanh()
local law = mf.distribution.isotropic { d = 3, delta = 0.5 }
local init = mf.init.gaussian { kappa = 0.8 }
local radial = mf.potential.radial { distribution = law, activation = mf.activation.piecewise { { 0, -1 }, { 1, 2 } } }
local rho = mf.measure { x = { 0.5, 1, 2 }, space = "radial" }
local own = {} -- an error of the user's: a table that must come back as it is
local bad, calls, raised = 0, 0, 0

-- A function that answers as `good` does but for its n-th call.
local victim
local misdeeds = {
  function() error "on purpose" end,
  function() error(own) end,
  function() end,
  function() return 0 / 0 end,
  function() return "rubbish" end,
  function() return {} end,
  function()
    return setmetatable({}, { __index = function() error "on purpose" end, __len = function() return 3 end })
  end,
  function() return math.huge, -math.huge end,
  function() coroutine.yield(1) end,
  function() local _ <close> = victim; return nil end,
  function() return victim:advance(1) end,
  function() return victim:save "never.mf" end,
  function() return victim:measure() end,
  function() return #tostring(victim) end,
}
local armed
local function rough(good)
  local left = math.random(12)
  local deed = misdeeds[math.random(#misdeeds)]
  return function(...)
    left = left - 1
    if armed and left == 0 then
      collectgarbage()
      return deed(...)
    end
    return good(...)
  end
end

local function sample(rng)
  local x = rng:normals(3)
  return x, x[1]
end
local function new_law() return mf.distribution.custom { d = 3, sample = rough(sample) } end
local function new_teacher(inputs)
  local target = rough(function(a, b) return a * b end)
  return mf.distribution.multi_index { d = 3, directions = 2, inputs = inputs, target = target }
end
local function new_init() return mf.init.custom(rough(function(rng, d) return rng:normals(d) end)) end
local function new_xi() return mf.schedule.custom(rough(function(t) return 1 / (1 + t) end)) end
local function new_sgd(o)
  return mf.sgd { distribution = o.law or law, activation = tanh, N = 3, init = o.init or init, xi = o.xi, eps = 1e-2 }
end
local function new_pde(o)
  return mf.pde.particles { potential = radial, init = init, J = 5, xi = o.xi, eps = o.eps or 0 }
end
local line = mf.measure { x = { -0.5, 1, 2 } }
local function rough_map()
  return mf.potential.custom { dim = 1, rank = 1, b = { -1 }, features = rough(function(t) return t ^ 2 end),
                               gradient = rough(function(t, g) return t * (2 * g[1]) end) }
end
local function with(object, use)
  victim = object
  return use(object)
end

local uses = {
  function() return with(new_sgd { law = new_law() }, function(s) return s:step(15) end) end,
  function() return with(new_sgd { law = new_law() }, function(s) return s:risk { samples = 100 } end) end,
  function() return with(new_sgd { xi = new_xi() }, function(s) return s:advance(0.2) end) end,
  function() return with(new_sgd { law = new_teacher() }, function(s) return s:step(40) end) end,
  function() return new_teacher():exponent() end,
  function() return new_teacher "hypercube" end,
  function() return new_sgd { init = new_init() } end,
  function() return with(new_pde { xi = new_xi() }, function(p) return p:advance(0.5) end) end,
  function() return with(new_pde { xi = new_xi(), eps = 1e-3 }, function(p) return p:advance(0.5) end) end,
  function() return with(new_pde { xi = new_xi() }, function(p) return p:save "throwing.mf" end) end,
  function() return mf.pde.load("good.mf", { potential = radial, xi = new_xi() }) end,
  function() return mf.sgd.load("good_sgd.mf", { xi = new_xi() }) end,
  function()
    return with(new_pde {}, function(p)
      return p:trajectory(1, { R = "risk", r = rough(function(m) return m:mean() end) })
    end)
  end,
  function()
    return with(new_pde {}, function(p) return p:fluctuations { observable = rough(function(r) return r * r end) } end)
  end,
  function() return mf.activation.custom { f = rough(function(t) return t / (1 + t * t) end) } end,
  function()
    return mf.potential.sampled { distribution = new_law(), activation = tanh, samples = 9, neuron = "affine" }
  end,
  function()
    return with(mf.pde.particles { potential = rough_map(), measure = line }, function(p) return p:advance(0.5) end)
  end,
  function()
    return with(mf.pde.particles { potential = rough_map(), measure = line, beta = 5, step = 0.1 },
                function(p) return p:advance(0.5) end)
  end,
  function()
    local pot = rough_map()
    victim = mf.pde.particles { potential = pot, measure = line }
    return mf.optimum { potential = pot, box = { { -2, 2 } } }
  end,
  function() return mf.gibbs { potential = rough_map(), beta = 2, lambda = 1 }:density(0.5) end,
  function() return mf.stability.spectrum { potential = rough_map(), measure = line } end,
  function()
    return with(mf.pde.particles { potential = rough_map(), measure = line }, function(p)
      return p:trajectory(0.3, { R = "risk", r = rough(function(m) return m:mean() end) })
    end)
  end,
  function() return rho:mean(rough(function(x) return x end)) end,
  function() return rho:push(rough(function(x) return x end)) end,
  function() return mf.sweep({ 1, 2, 3 }, rough(function(x) return { x = x } end), { workers = 1 }) end,
}

local function clean(message) -- a text, and no fault of our own Lua
  local fault = "lua/meanfield/[%w/]+%.lua:%d+: attempt"
  return message == own or (type(message) == "string" and #message > 0 and not message:find(fault))
end

armed = false
new_pde({ xi = new_xi() }):advance(0.3):save "good.mf"
new_sgd({ xi = new_xi() }):advance(0.1):save "good_sgd.mf"
local want = new_pde({ xi = new_xi() }):advance(1):risk()

for round = 1, rounds do
  local use = uses[math.random(#uses)]
  armed, victim = true, rho
  local run = math.random(4) == 1 and function(fn) return coroutine.wrap(function() return pcall(fn) end)() end or pcall
  calls = calls + 1
  local ok, message = run(use)
  armed = false
  raised = raised + (ok == true and 0 or 1)
  if ok == false and not clean(message) then
    bad = bad + 1
    print(round, message)
  end
  if victim ~= rho and ok == false then -- usable: it answers, and goes on
    local went, why = pcall(function() return tostring(victim), victim:measure(), victim:advance(victim.t + 0.05) end)
    if not went and not clean(why) then
      bad = bad + 1
      print(round, "afterwards", why)
    end
  end
end
if new_pde({ xi = new_xi() }):advance(1):risk() ~= want then
  bad = bad + 1
  print "what came before has left its mark"
end
for _, name in ipairs { "good.mf", "good_sgd.mf", "throwing.mf", "never.mf" } do os.remove(name) end
print(("%d calls, seed %d: %d bad"):format(calls, seed, bad))
os.exit(bad == 0 and raised > calls / 4)
