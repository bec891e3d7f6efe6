-- Writes the corpus of the fuzz targets into a folder (tests/fuzz/corpus), but that of tables, which is
-- made by hand. Stores: files behind a byte 0 (a child parses them), and a minimal stream of records behind a
-- byte 1. Checkpoints: a run of each kind of law, activation, neuron and loop. Saved flows: pde.lua's
-- runs. Points: files of sweeps.
local mf = require "meanfield"
local folder, path = arg[1], os.tmpname()

local function put(name, bytes)
  local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
  file:write(bytes)
end

local function bytes_of(name)
  local file <close> = assert(io.open(name, "rb"))
  return file:read "a"
end

local function image(tree)
  mf.store.write(path, tree)
  return bytes_of(path)
end

local function record(kind, attribute, ndim, d1, d2, width, name, data)
  local function padded(text) return text .. ("\0"):rep(-#text % 8) end
  return string.pack("<I8I8I8I8I8I8I8I8", kind, attribute, ndim, d1, d2, width, #name + 1, #data)
         .. padded(name .. "\0") .. padded(data)
end

local tree = { x = { 1, 2 }, s = { "a", "b" }, b = { true, false }, l = { { z = 1 } },
               g = { y = 1, attributes = { u = "v" } } }
put("store/file", "\0" .. image(tree))
put("store/foreign", "\0" .. image(tree):sub(1, -25))
local done = record(100, 0, 0, 0, 0, 0, "", "")
put("store/records", "\1" .. record(0, 0, 1, 2, 0, 0, "x", ("\0"):rep(16)) .. record(5, 0, 1, 2, 0, 3, "s", "abcdef") ..
  record(7, 0, 0, 0, 0, 0, "g", "") .. record(1, 1, 0, 0, 0, 0, "i", ("\1"):rep(8)) ..
  record(8, 0, 0, 0, 0, 0, "", "") ..
  record(9, 0, 0, 0, 0, 3, "why", "not") .. done)
put("store/failed", "\1" .. record(101, 0, 0, 0, 0, 7, "damaged: x", ""))

-- ---- checkpoints ------------------------------------------------------------------------------

local law = mf.distribution
local laws = {
  isotropic = law.isotropic { d = 3, delta = 0.5 },
  anisotropic = law.anisotropic { d = 3, delta = 0.5, s0 = 2 },
  mixture = law.mixture { { weight = 0.25, label = 1, mean = { 1, 2 } },
                          { weight = 0.75, label = -1, mean = { 0, 0 }, covariance = { { 2, 0.5 }, { 0.5, 1 } } } },
  dataset = law.dataset { x = { { 1, 0 }, { 0, 1 }, { -1, 2 } }, y = { 1, -1, 1 } }, -- fuzz/sgd.c has the same
  index = law.multi_index { d = 3, directions = 2, target = function(a, b) return a * b end, noise = 0.1,
                            U = { { 0.6, 0.8, 0 }, { 0, 0, 1 } } },
  cube = law.multi_index { d = 4, directions = 3, target = function(a, b, c) return a * b * c end,
                           inputs = "hypercube" },
  custom = law.custom { d = 2, sample = function(rng) return rng:normals(2), 1 end },
}
local sigma = mf.activation
local tabulated = sigma.custom(function(t) return t / (1 + t * t) end)
local kinks = sigma.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local runs = {
  plain = { "isotropic", kinks, algorithm = "plain", seed = 3 },
  blocked = { "anisotropic", sigma.tanh(), block = 4 },
  noisy = { "isotropic", sigma.erf(), beta = 20, lambda = 0.1, block = 4 },
  affine = { "mixture", sigma.polynomial { 0, 1, 0.5 }, neuron = "affine", batch = 2, block = 4 },
  single = { "isotropic", kinks, neuron = "affine", fix_b = true, precision = "single", xi = mf.schedule.power(-0.25) },
  index = { "index", sigma.erf(), neuron = "affine", batch = 2, block = 4 },
  cube = { "cube", sigma.softplus(), neuron = "affine", algorithm = "plain" },
  given = { "custom", sigma.softplus(), xi = function(t) return 1 / (1 + t) end },
  table = { "isotropic", tabulated },
  epochs = { "dataset", sigma.tanh(), batch = 2, block = 4 },
  huber = { "isotropic", sigma.tanh(), loss = mf.loss.huber(1) },
  loss = { "isotropic", sigma.tanh(), loss = mf.loss.custom {
    f = function(y, p) return math.sqrt(1 + (y - p) ^ 2) end,
    df = function(y, p) return (p - y) / math.sqrt(1 + (y - p) ^ 2) end } },
  options = { "mixture", sigma.tanh(), neuron = "affine", momentum = 0.5, scale = 2, birth_death = 1, label_noise = 0.1,
              rates = { a = 2, w = 0.5 }, batch = 2, block = 4 },
  heavy = { "isotropic", sigma.tanh(), algorithm = "plain", momentum = 0.5, lambda = 0.1, birth_death = 1 },
  range = { "isotropic", sigma.custom { f = math.sin, range = { -20, 20 } } },
}
for name, options in pairs(runs) do
  local given = { distribution = laws[options[1]], activation = options[2], N = 3, eps = 1e-3,
                  init = mf.init.gaussian { kappa = 0.5 } }
  for key, value in pairs(options) do if type(key) == "string" then given[key] = value end end
  mf.sgd(given):step(7):save(path)
  put("sgd/" .. name, bytes_of(path))
end

for name, run in pairs(dofile "tests/fuzz/pde.lua".runs) do
  run[2]():advance(run[1]):save(path)
  put("pde/" .. name, bytes_of(path))
end

-- ---- points -----------------------------------------------------------------------------------

local out = os.tmpname()
os.remove(out)
local points = {
  1, 2.5, "three\n\0\255", { i = 4, list = { true, { } , 2 ^ 53 } }, { [-1] = -0.0, ["a b"] = math.huge },
}
mf.sweep(points, function(p) return { p, 1 / 3, 0 / 0, nan = false } end, { out = out, workers = 1 })
mf.sweep({ 1, 2 }, function(p) return p end, { out = out, tag = "other", workers = 1 })
put("points/two", bytes_of(out .. "/sweep.points"))
os.remove(out .. "/sweep.points")
os.remove(out)
os.remove(path)
