-- SGD in blocks is SGD: the plain loop's trajectory, the same bits however it is cut, kept, split.
local mf = require "meanfield"
local two_runs = require "tests.two_runs"
local checkpoint = require "tests.checkpoint"

local piecewise = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local mixture = mf.distribution.mixture {
  { label = 1, mean = { 1, 0, 0 }, covariance = { { 2, 0.5, 0 }, { 0.5, 1, 0 }, { 0, 0, 1 } } },
  { label = -1, weight = 2, mean = { 0, 0, 2 } } }

local function new(o)
  local options = { distribution = mf.distribution.isotropic { d = 7, delta = 0.8 }, activation = piecewise, N = 45,
                    init = mf.init.gaussian { kappa = 0.8, b = o.neuron == "affine" and 0.1 or nil },
                    eps = 1e-3, seed = 3 }
  for k, v in pairs(o) do options[k] = v end
  return mf.sgd(options)
end

local distance, same = two_runs.distance, two_runs.same

describe("sgd in blocks", function()
  it("agrees with the plain loop to 1e-10 after 10^4 steps, for every law, activation and schedule", function()
    local A = mf.activation
    local tabulated = A.custom(function(t) return t / (1 + math.abs(t)) end)
    for _, c in ipairs {
      { distribution = mf.distribution.isotropic { d = 40, delta = 0.8 } },
      { distribution = mf.distribution.anisotropic { d = 12, s0 = 3, delta = 0.5 }, activation = A.relu(),
        neuron = "affine", xi = mf.schedule.power(-0.25) },
      { distribution = mf.distribution.anisotropic { d = 2, s0 = 1, delta = 0.5, basis = { { 1, 2 } } },
        activation = A.erf(), lambda = 0.5 },
      { distribution = mixture, activation = A.tanh(), neuron = "affine", lambda = 0.1 },
      { distribution = mixture, activation = A.sigmoid(), neuron = "affine", fix_a = true, block = 7 },
      { activation = A.softplus(), neuron = "affine", fix_b = true, lambda = 0.2,
        xi = function(t) return 1 / (1 + t) end },
      { activation = tabulated, neuron = "affine", block = 240 },
      { activation = A.polynomial { 0.1, 1, -0.2, 0.05 }, neuron = "affine" },
    } do
      c.algorithm = "blocked"
      local blocked = new(c):step(10007)
      c.algorithm, c.block = "plain", nil
      assert.is_true(distance(blocked, new(c):step(10007)) < 1e-10)
    end
  end)

  -- Prints the largest distance to the plain loop over N, d in 1 .. 70, on one instruction set.
  local remainders = [[
    local mf = require "meanfield"
    local worst = 0
    for n = 1, 70 do
      for _, d in ipairs { n, 71 - n, (n * 37) % 70 + 1 } do
        for _, precision in ipairs { "double", "single" } do
          local function run(o)
            local s = mf.sgd { distribution = mf.distribution.isotropic { d = d, delta = 0.5 }, N = n, eps = 0.01,
              activation = mf.activation.tanh(), neuron = n % 2 == 0 and "affine" or "plain", precision = precision,
              init = mf.init.gaussian { kappa = 1 }, algorithm = o, block = o == "blocked" and n % 13 + 1 or nil }
            return s:step(20)
          end
          local change = run("blocked"):weights() - run("plain"):weights()
          worst = math.max(worst, (change * change):max() ^ 0.5 * (precision == "single" and 1e-8 or 1))
        end
      end
    end
    print(mf.isa(), worst)]]

  it("is right for every N and d in 1 .. 70, both precisions, on every instruction set", function()
    local script = os.tmpname()
    local f = assert(io.open(script, "w"))
    f:write(remainders):close()
    for _, isa in ipairs { "baseline", "avx2", "avx512" } do
      local pipe = assert(io.popen(("MEANFIELD_ISA=%s '%s' '%s'"):format(isa, arg[-1] or arg[0], script)))
      local used, worst = pipe:read("a"):match "(%w+)%s+(%S+)"
      assert.is_true(pipe:close())
      assert.is_string(used)
      assert.is_true(tonumber(worst) < 1e-13, used .. ": " .. worst)
    end
    os.remove(script)
  end)

  it("shows the plain loop's weights and predictions in the middle of a block", function()
    local blocked, plain = new { block = 10 }, new { algorithm = "plain" }
    for _ = 1, 23 do
      assert.is_true(distance(blocked:step(1), plain:step(1)) < 1e-14)
      assert.near(plain.yhat, blocked.yhat, 1e-13)
    end
  end)

  it("has the same bits however advance and step cut the run, and whoever looks", function()
    for _, c in ipairs { {}, { precision = "single" }, { neuron = "affine", activation = mf.activation.tanh() },
                         { algorithm = "plain" }, { xi = function(t) return 1 + t end } } do
      local whole, cut = new(c):step(100), new(c)
      for _, n in ipairs { 1, 2, 12, 15, 0, 1, 29, 40 } do
        cut:step(n):weights()
        cut:risk()
      end
      assert.is_true(same(whole, cut))
      assert.is_true(same(new(c):advance(0.001):advance(0.002), new(c):advance(0.002)))
    end
  end)

  it("has the same bits for any number of threads", function()
    local before = mf.threads()
    for _, c in ipairs { { N = 10001 }, { N = 41003, neuron = "affine", activation = mf.activation.relu() },
                         { N = 10001, beta = 10 } } do
      c.distribution = mf.distribution.isotropic { d = 3, delta = 0.5 }
      mf.threads(1)
      local one = new(c):step(131)
      for n = 2, 3 do
        mf.threads(n)
        assert.is_true(same(one, new(c):step(131)))
      end
    end
    mf.threads(before)
  end)

  it("tracks double in single precision within the spread of SGD over seeds (Fig. 1's setting)", function()
    local function radii(o)
      o.distribution, o.N, o.eps = mf.distribution.isotropic { d = 40, delta = 0.8 }, 800, 1e-4
      local run = new(o):advance(1)
      return run:measure():radius(), (run:risk())
    end
    local double, risk = radii { seed = 1 }
    local single, near = radii { seed = 1, precision = "single" }
    local other, far = radii { seed = 2 }
    assert.is_true(mf.transport.w1(double, single) < 0.2 * mf.transport.w1(double, other))
    assert.is_true(math.abs(near - risk) < 0.2 * math.abs(far - risk))
  end)

  it("reports divergence at the plain loop's step, and stays at the last good one", function()
    local c = { activation = mf.activation.relu(), neuron = "affine", eps = 1, N = 8 }
    local function diverge(algorithm)
      c.algorithm = algorithm
      local run = new(c)
      local _, message = pcall(run.step, run, 100000)
      return run, message:match "diverged at step (%d+)"
    end
    local plain, at = diverge "plain"
    local blocked, there = diverge "blocked"
    assert.is_string(at)
    assert.equal(at, there)
    assert.equal(tonumber(at) - 1, plain.k)
    assert.equal(plain.k, blocked.k)
    assert.is_true(distance(blocked, plain) < 1e-6) -- numbers about to explode
    local _, again = pcall(blocked.step, blocked, 1)
    assert.equal(at, again:match "diverged at step (%d+)")
  end)

  it("goes on from a file with the bits of a run that was never interrupted", function()
    local path = os.tmpname()
    local tabulated = mf.activation.custom(function(t) return t / (1 + t * t) end)
    local xi = function(t) return 1 + t end
    local law = mf.distribution.custom { d = 2, sample = function(rng) return rng:normals(2), rng:normal() end }
    for _, c in ipairs {
      { {} }, { { precision = "single", neuron = "affine" } }, { { algorithm = "plain" } },
      { { algorithm = "plain", neuron = "affine" } },
      { { distribution = mixture, activation = tabulated, beta = 20, lambda = 0.1, neuron = "affine" } },
      { { distribution = mf.distribution.anisotropic { d = 2, s0 = 1, delta = 0.5, basis = { { 1, 2 } } }, xi = xi },
        { xi = xi } },
      { { distribution = law }, { distribution = law } },
    } do
      local run = new(c[1]):step(38)
      assert.equal(run, run:save(path))
      local loaded = assert(mf.sgd.load(path, c[2]))
      assert.is_true(same(run, loaded))
      assert.equal(run.yhat, loaded.yhat)
      assert.is_true(same(new(c[1]):step(100), loaded:step(62)))
      assert.equal(run.options.block, loaded.options.block)
    end
    new({ xi = xi }):save(path)
    assert.error_matches(function() mf.sgd.load(path) end, "give it again as option 'xi'", 1, true)
    os.remove(path)
  end)

  it("refuses a missing, foreign, cut or damaged file with a message", function()
    local path = os.tmpname()
    new({}):step(5):save(path)
    local f = assert(io.open(path, "rb"))
    local bytes = f:read "a"
    f:close()
    local function expect(text, content)
      local out = assert(io.open(path, "wb"))
      out:write(content):close()
      local run, message = mf.sgd.load(path)
      assert.is_nil(run)
      assert.is_truthy(message:find(text, 1, true), message)
    end
    expect("damaged or cut short", bytes:sub(1, -2))
    expect("damaged or cut short", bytes:sub(1, 60))
    for _, at in ipairs { 30, 100, #bytes // 2, #bytes - 3 } do
      expect("damaged or cut short", bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 4) .. bytes:sub(at + 1))
    end
    expect("not a checkpoint", "hello")
    expect("not a checkpoint", "")
    expect("a checkpoint of version 1", "MFSGD01\n" .. bytes)
    for _, version in ipairs { 2, 4 } do
      expect("a checkpoint of version " .. version, bytes:sub(1, 24) .. string.pack("<I4", version) .. bytes:sub(29))
    end
    expect("another kind ('mf.sgx')", bytes:sub(1, 45) .. "x" .. bytes:sub(47))
    os.remove(path)
    local run, message = mf.sgd.load(path)
    assert.is_nil(run)
    assert.is_truthy(message:find "No such file")
    assert.error_matches(function() new({}):save "/nowhere/at/all" end,
      "sgd:save: cannot write '/nowhere/at/all': No such", 1, true)
  end)

  it("writes equal bytes for equal runs, and reads no more than the head of what is no checkpoint", function()
    local paths, bytes = { os.tmpname(), os.tmpname() }, {}
    for i = 1, 2 do
      local o = { distribution = mixture, neuron = "affine", beta = 20, activation = mf.activation.relu() }
      new(o):step(38):save(paths[i])
      local f = assert(io.open(paths[i], "rb"))
      bytes[i] = f:read "a"
      f:close()
    end
    assert.is_true(bytes[1] == bytes[2])
    assert(os.execute("truncate -s 20G '" .. paths[1] .. "'")) -- sparse: 20 GB to whoever reads it
    local start = os.clock()
    local run, message = mf.sgd.load(paths[1])
    assert.is_nil(run)
    assert.matches("damaged or cut short", message)
    assert.is_true(os.clock() - start < 1)
    for _, path in ipairs(paths) do os.remove(path) end
  end)

  it("refuses hostile content behind a valid checksum, and names the field", function()
    local path = os.tmpname()
    local function load(bytes)
      checkpoint.write(path, bytes)
      return mf.sgd.load(path)
    end
    local tabulated = mf.activation.custom(function(t) return t / (1 + t * t) end)
    local soft = mf.loss.custom { f = function(y, p) return math.sqrt(1 + (y - p) ^ 2) end,
                                  df = function(y, p) return (p - y) / math.sqrt(1 + (y - p) ^ 2) end }
    for _, o in ipairs { { loss = soft }, { loss = mf.loss.huber(1) }, { momentum = 0.5, birth_death = 1 },
                         { neuron = "affine", activation = tabulated, distribution = mixture, N = 3 },
                         { neuron = "affine", precision = "single" } } do
      new(o):step(5):save(path)
      local good = checkpoint.read(path)
      assert.truthy(load(good))
      local function hostile(name, change) -- change(data, kind, rows, cols) -> new field's bytes after the name
        local at = good:find(name .. ("\0"):rep(24 - #name), 65, true)
        assert.truthy(at, name)
        local kind, rows, cols = string.unpack("<c8I8I8", good, at + 24)
        local bytes = rows * cols * (kind:match "text" and 1 or 8)
        local changed = change(good:sub(at + 48, at + 47 + bytes), kind, rows, cols)
        local run, message = load(good:sub(1, at + 23) .. changed .. good:sub(at + 48 + (bytes + 7) // 8 * 8))
        assert.is_nil(run, name)
        assert.truthy(message:find("field", 1, true), message)
        return message
      end
      local function number(format, value)
        return function(data, kind, rows, cols)
          return kind .. string.pack("<I8I8" .. format, rows, cols, value) .. data:sub(9)
        end
      end
      for name, values in pairs { k = { 1 << 60, -1, 1000, 20 }, base = { 1 << 40, 1, -15 }, N = { 0, 1 << 40, 18 },
                                  d = { 0, 1 << 29, 4 }, block = { 0, 241, 1000 }, batch = { 0, 2, 1 << 40 } } do
        for _, value in ipairs(values) do
          hostile(name, number("i8", value))
        end
      end
      for name, values in pairs { eps = { 0, -1, 0 / 0, math.huge }, beta = { 0, 0 / 0 }, lambda = { -1, 0 / 0 },
                                  ["xi power"] = { -1, 0 / 0 }, ["noise factor"] = { 3 }, w = { 0 / 0, math.huge },
                                  ["law numbers"] = { 2, -1, 0 / 0 }, rates = { -1, 0 / 0, math.huge },
                                  momentum = { -1, 1, 0 / 0 }, scale = { 0, -1, math.huge },
                                  birth_death = { -1, 0 / 0 }, label_noise = { -1, math.huge } } do
        for _, value in ipairs(values) do
          assert.truthy(hostile(name, number("d", value)):find(name == "law numbers" and "law" or name, 1, true))
        end
      end
      for _, name in ipairs { "neuron", "algorithm", "precision", "xi", "law", "sigma", "loss" } do
        hostile(name, function(_, kind) return kind .. string.pack("<I8I8", 8, 1) .. "hostile\0" end)
        hostile(name, function(_, kind) return kind .. string.pack("<I8I8", 8, 1) .. "unended!" end)
      end
      for _, shape in ipairs { { 1 << 62, 4 }, { 1 << 40, 1 }, { 0, 0 }, { 1, 1 } } do
        hostile("w", function(data, kind) return kind .. string.pack("<I8I8", shape[1], shape[2]) .. data end)
      end
      hostile("w", function(data, _, rows, cols) return "integer\0" .. string.pack("<I8I8", rows, cols) .. data end)
      if o.loss == soft then
        local function nth(n, value)
          return function(data, kind, rows, cols)
            return kind .. string.pack("<I8I8", rows, cols) .. data:sub(1, 8 * n - 8) .. string.pack("<d", value) ..
                   data:sub(8 * n + 1)
          end
        end
        for _, panels in ipairs { 0, -1, 1.5, 1, 1e9, 0 / 0 } do hostile("loss parts", nth(3, panels)) end
        for _, edge in ipairs { 1e300, 0 / 0 } do hostile("loss table", nth(1, edge)) end
        hostile("loss table", function(data, ...) -- a slope whose integral over the widest panel is infinite
          local panels = string.unpack("<d", checkpoint.field(good, "loss parts").data, 17)
          return nth(panels // 1 + 2, 1e308)(data, ...)
        end)
        hostile("loss error", number("d", -1))
        hostile("loss form", function(_, kind) return kind .. string.pack("<I8I8", 8, 1) .. "hostile\0" end)
      elseif o.loss then
        for _, value in ipairs { 0, -1, 0 / 0 } do hostile("loss parameter", number("d", value)) end
      end
      if o.precision then
        for _, name in ipairs { "w", "a" } do hostile(name, number("d", -1e39)) end
      end
      if o.activation then
        hostile("sigma panels", number("i8", 1 << 50))
        hostile("sigma panels", number("i8", 1))
        hostile("sigma table", number("d", 1e300))
      end
    end
    os.remove(path)
  end)

  it("names what is wrong", function()
    local custom = mf.distribution.custom { d = 2, sample = function(rng) return rng:normals(2), 1 end }
    local function expect(text, o) assert.error_matches(function() new(o) end, text, 1, true) end
    expect("option 'block' must be an integer in [1, 240], got 0", { block = 0 })
    expect("option 'block' must be an integer in [1, 240], got 1000", { block = 1000 })
    expect("option 'algorithm' must be 'auto', 'plain' or 'blocked', got 'fast'", { algorithm = "fast" })
    expect("option 'precision' must be 'double' or 'single', got 'half'", { precision = "half" })
    expect("a custom distribution takes the plain loop", { distribution = custom, algorithm = "blocked" })
    expect("does not fit in memory",
           { N = 1000000000, distribution = mf.distribution.isotropic { d = 10000000, delta = 0.5 } })
    assert.equal("plain", new({ distribution = custom }).options.algorithm)
    assert.equal(15, new({}).options.block)
  end)
end)
