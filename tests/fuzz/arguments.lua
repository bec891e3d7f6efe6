-- Calls everything public with arguments that are partly or wholly wrong:
--     ./meanfield tests/fuzz/arguments.lua [calls] [seed]
-- A call may succeed or raise a text that names the function or the option at fault; a crash, a hang
-- or an error from inside meanfield's own Lua fails. Prints what failed and exits with 1. Writes files
-- into the current folder.
local mf = require "meanfield"
local calls, seed = tonumber(arg[1] or 2000), tonumber(arg[2] or 1)
math.randomseed(seed)

local law = mf.distribution.isotropic { d = 4, delta = 0.5 }
local law2 = mf.distribution.anisotropic { d = 5, s0 = 2, delta = 0.5 }
local tanh = mf.activation.tanh()
local steps = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local init = mf.init.gaussian { kappa = 0.8 }
local index = mf.distribution.multi_index { d = 9, directions = 2, target = function(x, y) return x * y end }
local radial = mf.potential.radial { distribution = law, activation = steps, tol = 1e-4 }
local relu = mf.potential.relu { delta = 0.5, gamma = 0.3 }
local rho = mf.measure { x = { 0.5, 1, 2 }, space = "radial" }
local function new_sgd()
  return mf.sgd { distribution = law, activation = tanh, N = 5, init = init, eps = 1e-3 }
end
local function new_pde() return mf.pde.particles { potential = radial, init = init, J = 5 } end
local function new_grid()
  return mf.pde.grid { potential = radial, init = init, beta = 40, lambda = 0.5, cells = 12, tol = 1e-3 }
end
local function new_jko() return mf.pde.jko { potential = radial, init = init, tau = 5e-3, J = 4 } end

local huge = math.huge
local wrong = { 0, -1, 1, 2, 3, 7, 0.5, -0.5, 1.5, 1e-9, 1e300, huge, -huge, 0 / 0, math.mininteger, math.maxinteger,
  1 << 62, "", "x", "3", "a\0b", setmetatable({}, { __len = function() return 1 << 60 end }),
  setmetatable({}, { __len = function() return 2 end, __index = function(_, i)
    collectgarbage()
    return (i == 1 or i == 2) and {} or nil
  end }),
  true, false, {}, { 1, 2 }, { { 1, 2 }, { 3, 4 } }, { x = 1 }, { 0 / 0 }, { "a" }, { 1, "b" },
  function() return 1 end, function() return 0 / 0 end, function() error "user" end, function() return {} end,
  law, law2, tanh, init, radial, rho, mf.array { 1, 2, 3 }, mf.array.zeros(2, 3), io.stdout,
  coroutine.create(tostring) }
local function any(keep) -- nil now and then
  if math.random(12) == 1 then return nil end
  if keep ~= nil and math.random(2) == 1 then return keep end
  return wrong[math.random(#wrong)]
end

-- Constructors with good options; what is made is called too.
local constructors = {
  { "mf.distribution.isotropic", { d = 4, delta = 0.5 } },
  { "mf.distribution.anisotropic", { d = 5, s0 = 2, delta = 0.5 } },
  { "mf.distribution.mixture", { { weight = 1, mean = { 0, 0 }, y = 1 } } },
  { "mf.distribution.multi_index", { d = 3, directions = 2, target = function(x, y) return x * y end, noise = 0.1,
                                     inputs = "gaussian", U = { { 1, 0, 0 }, { 0, 0.6, 0.8 } } } },
  { "mf.number.signs", { size = 1 } }, { "mf.number.uniform", { low = 0, high = 1 } },
  { "mf.number.normal", { mean = 1, deviation = 2 } },
  { "mf.distribution.custom", { d = 2, sample = function(rng) return rng:normals(2), 1 end } },
  { "mf.distribution.dataset", { x = { { 1, 2 }, { 3, 4 } }, y = { 1, -1 }, order = "cyclic", seed = 1 } },
  { "mf.activation.piecewise", { { 0, 0 }, { 1, 1 } } },
  { "mf.activation.custom", { f = function(t) return t / (1 + t * t) end } },
  { "mf.loss.huber", 0.5 }, { "mf.loss.hinge", 1 },
  { "mf.loss.custom", { f = function(y, p) return (y - p) ^ 2 end, df = function(y, p) return 2 * (p - y) end } },
  { "mf.init.gaussian", { kappa = 0.8, a = 1, b = 0 } }, { "mf.init.sphere", { radius = 1 } },
  { "mf.init.custom", tostring }, { "mf.schedule.power", 0.3 }, { "mf.schedule.custom", math.sqrt },
  { "mf.potential.radial", { distribution = law, activation = steps, tol = 1e-3 } },
  { "mf.potential.two_radius", { distribution = law2, activation = steps, tol = 1e-2 } },
  { "mf.potential.relu", { delta = 0.5, gamma = 0.3 } },
  { "mf.potential.affine", { distribution = law2, activation = steps, tol = 1e-2 } },
  { "mf.potential.multi_index", { distribution = index, activation = steps, d = 9, points = 4, tol = 1e-2 } },
  { "mf.potential.nodes", { z = { { 1, 2 }, { 0, 1 } }, y = { 1, 2 }, weights = { 1, 3 }, activation = steps } },
  { "mf.stability.rest", { potential = radial, eps = 1e-3 } },
  { "mf.potential.sampled", { distribution = law, activation = tanh, samples = 9, neuron = "plain", seed = 1 } },
  { "mf.potential.custom", { dim = 1, rank = 1, b = { -1 }, space = "free", risk0 = 1,
                             features = function(t) return t ^ 2 end,
                             gradient = function(t, g) return t * (2 * g[1]) end } },
  { "mf.sgd", { distribution = law, activation = tanh, N = 5, init = init, eps = 1e-3, seed = 1, neuron = "plain" } },
  { "mf.pde.particles", { potential = radial, init = init, J = 5, tol = 1e-3 } },
  { "mf.descend", { distribution = law, activation = tanh, N = 2, init = init, steps = 3 } },
  { "mf.optimum", { potential = radial, tol = 1e-3 } },
  { "mf.stability.lemma1", { d = 40, delta = 0.5, activation = steps } },
  { "mf.stability.point_mass", { potential = radial, theta = 1.5 } },
  { "mf.measure", { x = { 0.5, 1 }, weights = { 0.5, 0.5 }, space = "radial" } },
  { "mf.array", { 1, 2, 3 } }, { "mf.rng", { seed = 1, draw = 2 } }, { "mf.plot", { xlabel = "r", width = 3 } },
  { "mf.transport.w1", rho }, { "mf.transport.w2", rho }, { "mf.help.text", "sgd" },
}
local objects = { new_sgd, new_pde, new_grid, new_jko }
for _, object in ipairs { law, law2, tanh, steps, init, radial, relu, rho, mf.array { 1, 2, 3 }, mf.rng { seed = 1 },
                          mf.loss.logistic(), mf.number.signs(), mf.array { { 1, 2 }, { 3, 4 } }, mf.array.zeros(0, 3),
                          mf.gibbs { potential = radial, beta = 5, lambda = 1, tol = 1e-3 },
                          mf.schedule.power(0.3), mf.plot {}, mf.optimum { potential = radial } } do
  objects[#objects + 1] = function() return object end
end

local function find(path)
  local value = mf
  for name in path:sub(4):gmatch "[%w_]+" do value = value[name] end
  return value
end

-- Tried on every object: all methods there are. And functions without a constructor above, by arguments that are
-- wrong altogether, but for those that change the process, write to the screen or take long whatever they are given.
local methods, others, left = {}, {}, {}
for name in ([[descend experiment fit help help.class help.document help.missing help.write file.list file.watch
    process.ended process.become_worker process.pool prove.interval prove.lemma1 results.list results.load
    stability.interval strict sweep threads]]):gmatch "%S+" do left["mf." .. name] = true end
for _, constructor in ipairs(constructors) do left[constructor[1]] = true end
for _, name in ipairs(mf.help.names()) do
  local method = name:match ":(.*)"
  local ok, fn = pcall(find, name)
  if method and method ~= "show" and method ~= "save" then
    methods[#methods + 1] = method
  elseif not method and not left[name] and ok and type(fn) == "function" then
    others[#others + 1] = { name, fn }
  end
end
methods[#methods + 1] = "save"

local failures = 0
local function shown(...)
  local texts = table.pack(...)
  for i = 1, texts.n do
    local v = texts[i]
    if type(v) == "table" then
      local parts = {}
      for k, x in pairs(v) do parts[#parts + 1] = ("%s = %s"):format(tostring(k), tostring(x)) end
      texts[i] = "{ " .. table.concat(parts, ", ") .. " }"
    else
      texts[i] = type(v) == "string" and ("%q"):format(v) or tostring(v)
    end
  end
  return table.concat(texts, ", ")
end
local function try(what, fn, ...)
  local started = os.clock()
  local ok, message = pcall(fn, ...)
  local seconds = os.clock() - started
  local bad = seconds > 20 and ("took %.0f s"):format(seconds)
  if not ok then
    message = tostring(message)
    bad = bad or message == "" and "no message"
      or message:find "meanfield/%w+%.lua:%d+: attempt to" and "an error from inside: " .. message
      or message:find "^attempt to" and not message:find "index" and "unclear: " .. message
  end
  if bad then
    failures = failures + 1
    print(("%s(%s): %s"):format(what, shown(...), bad))
  end
end

for _ = 1, calls do
  if math.random(5) == 1 then
    local other = others[math.random(#others)]
    try(other[1], other[2], any(), any(), any())
  elseif math.random(2) == 1 then
    local path, good = table.unpack(constructors[math.random(#constructors)])
    local options
    if type(good) == "table" and not getmetatable(good) and math.random(10) > 1 then
      options = {}
      for key, value in pairs(good) do options[key] = value end
      local keys = {}
      for key in pairs(good) do keys[#keys + 1] = key end
      table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
      for _ = 1, math.random(2) do options[keys[math.random(#keys)]] = any() end
    else
      options = any(good)
    end
    try(path, find(path), options, any(rho))
  else
    local object, method = objects[math.random(#objects)](), methods[math.random(#methods)]
    local ok, fn = pcall(function() return object[method] end)
    local name = tostring(object):match "^[%w.]+" .. ":" .. method
    if ok and type(fn) == "function" then try(name, fn, object, any(), any(), any()) end
  end
end
print(("%d calls, seed %d: %d bad"):format(calls, seed, failures))
os.exit(failures == 0 and 0 or 1, true)
