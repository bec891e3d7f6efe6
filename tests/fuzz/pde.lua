-- Saved flows for the fuzz target of their reader (pde.c), which loads every file with these potentials; seed.lua
-- writes its corpus from the runs. What is loaded is looked at, goes on for some steps, and comes back from a file.
local mf = require "meanfield"

local law, init = mf.distribution.isotropic, mf.init.gaussian { kappa = 0.8 }
local kinks = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local function slow(t) return 1 / (1 + t) end

local radial = mf.potential.radial { distribution = law { d = 40, delta = 0.8 }, activation = kinks, d = 40 }
local limit = mf.potential.radial { distribution = law { d = 40, delta = 0.8 }, activation = kinks, d = math.huge }
local two = mf.potential.two_radius {
  distribution = mf.distribution.anisotropic { d = 20, s0 = 8, delta = 0.5 }, activation = kinks, tol = 0.01 }
local relu = mf.potential.relu { delta = 0.5, gamma = 0.3, loss = mf.loss.huber(5) }
local sampled = mf.potential.sampled { distribution = law { d = 3, delta = 0.5 }, samples = 20,
                                       activation = mf.activation.tanh(), neuron = "affine" }
local potentials = { radial, limit, two, relu, sampled }

local function particles(options)
  options.J = options.J or 3
  options.init = not options.measure and (options.init or init) or nil
  return mf.pde.particles(options)
end

local flows = {}

-- Every kind of flow, and the time of its file.
flows.runs = {
  plain = { 0.3, function() return particles { potential = radial } end },
  rest = { 1000, function() return particles { potential = two, tol = 1e-7 } end },
  weights = { 0.1, function() return particles { potential = radial, measure = mf.measure {
    x = { 0, 1, math.huge }, weights = { 0.5, 0.3, 0.2 }, space = "radial" } } end },
  masses = { 0.3, function() return particles { potential = sampled, init = mf.init.gaussian { kappa = 1, a = 1 },
    birth_death = 1, scale = 2, rates = { a = 2, b = 0.5, w = 0 }, label_noise = 0.3 } end },
  fixed = { 0.35, function() return particles { potential = radial, step = 0.05, lambda = 0.1 } end },
  loss = { 0.5, function() return particles { potential = relu } end },
  full = { 0.5, function() return particles { potential = sampled, init = mf.init.gaussian { kappa = 1, a = 1 } } end },
  power = { 0.3, function() return particles { potential = radial, xi = mf.schedule.power(-0.25) } end },
  step_noise = { 0.2, function() return particles { potential = limit, eps = 1e-3, batch = 2, d = 30 } end },
  shared = { 0.02, function() return particles { potential = limit, eps = 1e-3, common = true, d = 30 } end },
  spaces = { 0.02, function() return particles { potential = two, eps = 1e-3, common = true } end },
  table = { 0.2, function() return particles { potential = radial, eps = 1e-3, xi = slow } end },
  noisy = { 0.0704, function() return particles { potential = radial, beta = 5, step = 0.01, lambda = 0.5 } end },
  grid = { 0.2, function()
    return mf.pde.grid { potential = radial, init = init, beta = 40, lambda = 0.5, cells = 12, tol = 1e-3 } end },
  sharp = { 0, function() return mf.pde.grid { potential = limit, init = init, cells = 8, tol = 1e-3 } end },
  jko = { 0.013, function() return mf.pde.jko { potential = radial, init = init, tau = 0.005, J = 4 } end },
}

local function loaded(path, options)
  local ok, pde, message = pcall(mf.pde.load, path, options)
  if ok and not pde then assert(#message > #path and message:sub(1, #path) == path, message) end
  if not ok then assert(pde:find "^mf%.pde" or pde:find "^the clock int xi", pde) end
  return ok, pde
end

-- The flow at path and the options that it was loaded with; nil if it is none, or no potential is its own.
local function first(path)
  for _, potential in ipairs(potentials) do
    for _, xi in ipairs { false, slow } do
      local options = { potential = potential, xi = xi or nil }
      local ok, pde = loaded(path, options)
      if ok then return pde or nil, options end
    end
  end
end

local function look(pde)
  local rho = pde:measure()
  for name, x in pairs { atoms = rho:atoms(), weights = rho:weights() } do
    for i = 1, #x do
      local row = x[i]
      for j = 1, type(row) == "number" and 1 or #row do
        local value = type(row) == "number" and row or row[j]
        assert(value == value, name)
      end
    end
  end
  local ok, risk = pcall(pde.risk, pde)
  assert(not ok or risk == risk, "risk")
end

local function bytes(pde, path)
  local ok, message = pcall(pde.save, pde, path)
  if not ok then
    assert(message:find("not finite", 1, true), message)
    return nil
  end
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function go_on(pde, limited)
  limited(pde)
  local ok, message = pcall(pde.advance, pde, 1.1 * pde.t + 0.1)
  assert(ok or message:find("^pde:advance: ") , message)
  look(pde)
end

-- Loads path; limited(pde) hands over no more than a few steps of what it advances next.
function flows.try(path, limited)
  local pde, options = first(path)
  if not pde then return false end
  look(pde)
  go_on(pde, limited)
  local saved = bytes(pde, path)
  if not saved then return true end
  local again = assert(mf.pde.load(path, options))
  assert(bytes(again, path) == saved, "saved, loaded and saved: other bytes")
  go_on(pde, limited)
  go_on(again, limited)
  assert(bytes(pde, path) == bytes(again, path), "loaded and advanced: other bytes")
  return true
end

return flows
