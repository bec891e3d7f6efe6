-- Closes and collects objects while others use them:
--     ./meanfield tests/fuzz/closing.lua [rounds] [seed]
-- In every round a potential is made and lent to solvers, and at random moments (before a call, from a
-- callback in the middle of it, from a finalizer) closed or dropped. Calls may raise a text; none may
-- crash, and a solver that was made before its potential was closed goes on: its risk falls.
local mf = require "meanfield"
local rounds, seed = tonumber(arg[1] or 200), tonumber(arg[2] or 1)
math.randomseed(seed)

local tanh = mf.activation.tanh()
local law = mf.distribution.isotropic { d = 4, delta = 0.5 }
local law2 = mf.distribution.anisotropic { d = 5, s0 = 2, delta = 0.5 }
local init = mf.init.gaussian { kappa = 0.8 }
local bad, calls = 0, 0

local function close(object)
  local _ <close> = object
end

-- Something happens to the object now and then: closed, or garbage collected with the rest.
local victim, kept -- luacheck: ignore kept
local function accident()
  local what = math.random(4)
  if what == 1 and victim then close(victim)
  elseif what == 2 then collectgarbage()
  elseif what == 3 then victim = nil end
end

local makers = {
  function() return mf.potential.radial { distribution = law, activation = mf.activation.piecewise {
    { 0, -1 }, { 1, 2 + math.random() } }, tol = 1e-3 } end,
  function() return mf.potential.relu { delta = 0.5, gamma = 0.3 } end,
  function() return mf.potential.two_radius { distribution = law2, activation = tanh, tol = 1e-2 } end,
  function()
    local set = mf.distribution.dataset { x = { { 1, 2 }, { 3, 4 }, { 0, 1 } }, y = { 1, -1, 1 } }
    return mf.potential.sampled { distribution = set, activation = tanh, neuron = "affine" }
  end,
  function() -- accidents while features are asked for
    return mf.potential.custom { dim = 2, rank = 2, b = { -1, 0.5 }, space = "plain", features = function(t)
      if math.random(10) == 1 then accident() end
      return t ^ 2
    end, gradient = function(t, g) return t:map(function(x, _, c) return 2 * g[c] * x end) end }
  end,
  function() -- an accident while the nodes are looked for
    local index = mf.distribution.multi_index { d = 9, directions = 1, target = function(z)
      if math.random(40) == 1 then accident() end
      return z * z
    end }
    return mf.potential.multi_index { distribution = index, activation = mf.activation.erf(), points = 6, tol = 1e-2 }
  end,
  function() -- an accident while the sample is drawn
    local custom = mf.distribution.custom { d = 2, sample = function(rng)
      if math.random(20) == 1 then accident() end
      local x = rng:normals(2)
      return x, x[1]
    end }
    return mf.potential.sampled { distribution = custom, activation = tanh, samples = 9, neuron = "affine" }
  end }
local rough_init = mf.init.custom(function(rng, d) accident(); return rng:normals(d), 1, 0 end)
local function rough_xi()
  return mf.schedule.custom(function()
    if math.random(30) == 1 then accident() end
    return 1
  end)
end
local rough = setmetatable({}, { __len = function() return 1 end, __index = function()
  accident()
  return 0.5
end })

local function try(name, fn, ...)
  calls = calls + 1
  local result = table.pack(pcall(fn, ...))
  if not result[1] and (type(result[2]) ~= "string" or result[2]:find "lua/meanfield/") then
    bad = bad + 1
    print(name, result[2])
  end
  return table.unpack(result, 2, result[1] and result.n or 1)
end

for round = 1, rounds do
  local pot = try("potential", makers[math.random(#makers)])
  if pot then
    local dim = pot.dim
    victim = pot
    local start = dim == 6 and rough_init or init
    local twin = try("pde", mf.pde.particles, { potential = pot, init = init, J = 6, seed = round })
    local pde = try("pde", mf.pde.particles, { potential = pot, init = start, xi = rough_xi(), J = 6 })
    local rho = twin and twin:measure()
    -- a finalizer older than the potential's own, so that it runs after it
    kept = setmetatable({ pde = pde }, { __gc = function(self)
      if self.pde then try("finalizer", function() self.pde:advance(self.pde.t + 0.01); return self.pde:risk() end) end
    end })
    for _ = 1, 4 do
      accident()
      local call = math.random(8)
      if call == 1 then try("V", pot.V, pot, rough)
      elseif call == 2 and rho then try("psi", pot.psi, pot, rho, rho)
      elseif call == 3 and pde then try("advance", pde.advance, pde, pde.t + 0.05)
      elseif call == 4 and pde then try("risk", pde.risk, pde)
      elseif call == 5 and rho and dim == 1 then
        local o = try("optimum", mf.optimum, { potential = pot, tol = 1e-2 })
        if o then close(o); accident(); try("measure", function() return tostring(o), #o.measure end) end
      elseif call == 6 and rho and dim < 3 then
        try("point_mass", mf.stability.point_mass, { potential = pot, theta = dim == 1 and 0.7 or { 0.7, 0.1 } })
      elseif call == 7 and rho then try("mean", rho.mean, rho, function(x) accident(); return x end)
      elseif call == 8 and rho then try("push", rho.push, rho, function(x) accident(); return x end) end
    end
    if twin then -- its potential is closed and dropped: it goes on
      close(pot)
      pot = nil -- luacheck: ignore
      victim = nil
      collectgarbage()
      local before = twin:risk()
      twin:advance(0.1)
      local after = twin:risk()
      if after ~= after or after > before + 1e-9 then
        bad = bad + 1
        print("risk grew", before, after)
      end
    end
    kept = nil
  end
end
victim = nil
collectgarbage()
print(("%d calls, seed %d: %d bad"):format(calls, seed, bad))
os.exit(bad == 0)
