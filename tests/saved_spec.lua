-- pde:save and mf.pde.load: every solver in a file, to the bit.
local mf = require "meanfield"
local checkpoint = require "tests.checkpoint"

local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local cusp = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } } -- drives mass to r = 0
local law2 = mf.distribution.anisotropic { d = 20, s0 = 8, delta = 0.5 }
local init = mf.init.gaussian { kappa = 0.8 }

local function radial(d, delta, activation)
  local law = mf.distribution.isotropic { d = d < math.huge and d or 40, delta = delta or 0.8 }
  return mf.potential.radial { distribution = law, activation = activation or sigma, d = d }
end
local pot, walls, limit = radial(40), radial(320, 0.5, cusp), radial(math.huge)
local two = mf.potential.two_radius { distribution = law2, activation = sigma, tol = 1e-3 }
local relu = mf.potential.relu { delta = 0.5, gamma = 0.3 }
local sampled = mf.potential.sampled { distribution = mf.distribution.isotropic { d = 3, delta = 0.5 }, samples = 40,
                                       activation = mf.activation.tanh(), neuron = "affine" }
local index = mf.potential.multi_index {
  distribution = mf.distribution.multi_index { d = 20, directions = 2, target = function(x, y) return x + x * y end,
                                               noise = 0.2 },
  activation = mf.activation.tanh(), loss = mf.loss.huber(0.5), points = 4, tol = 1e-4 }
local uniform = mf.number.uniform()

local function particles(o)
  o.init, o.J = not o.measure and (o.init or init) or nil, o.J or 60
  return mf.pde.particles(o)
end
local function new_grid()
  return mf.pde.grid { potential = pot, init = init, beta = 40, lambda = 0.5, cells = 60, tol = 1e-4 }
end
local function slow(t) return 1 / (1 + t) end
local far = mf.measure { x = { 0.5, 1, math.huge }, weights = { 0.5, 0.3, 0.2 }, space = "radial" }

-- Every kind of solver, with the times of its cuts: { name, potential, times, new, xi }.
local cases = {
  { "plain", pot, { 0, 0.3, 2, 40 }, function() return particles { potential = pot } end },
  { "walls", walls, { 0, 0.004, 0.011, 0.02, 1 },
    function() return particles { potential = walls, init = mf.init.gaussian { kappa = 0.25 } } end },
  { "atoms at infinity and weights", pot, { 0.1, 1 },
    function() return mf.pde.particles { potential = pot, measure = far } end },
  { "fixed steps", pot, { 0.07, 0.35 },
    function() return particles { potential = pot, step = 0.05, lambda = 0.1 } end },
  { "two radii at rest, Chebyshev's steps", two, { 5, 300, 1000 },
    function() return particles { potential = two, J = 30, tol = 1e-7 } end },
  { "relu", relu, { 0.5, 3 }, function() return particles { potential = relu } end },
  { "full weights", sampled, { 0.5, 3 }, function()
    return particles { potential = sampled, init = mf.init.gaussian { kappa = 1, a = 1 }, J = 20 } end },
  { "power schedule", pot, { 0.3, 1 },
    function() return particles { potential = pot, xi = mf.schedule.power(-0.25) } end },
  { "a schedule of one's own", pot, { 0.3, 1 }, function() return particles { potential = pot, xi = slow } end, slow },
  { "step noise", pot, { 0.2, 2 }, function() return particles { potential = pot, eps = 1e-3, batch = 2 } end },
  { "step noise, power schedule", limit, { 0.2, 1 }, function()
    return particles { potential = limit, eps = 1e-3, d = 30, xi = mf.schedule.power(0.5) } end },
  { "step noise, a schedule of one's own", pot, { 0.2, 1 },
    function() return particles { potential = pot, eps = 1e-3, xi = slow } end, slow },
  { "noise", pot, { 0, 0.05, 0.0704, 0.2 }, -- 0.0704: between two steps
    function() return particles { potential = pot, beta = 5, lambda = 0.5, step = 0.01, seed = 7 } end },
  { "noise at d = inf", limit, { 0.0705 },
    function() return particles { potential = limit, beta = 50, d = 40, step = 0.01 } end },
  { "grid", pot, { 0, 0.2, 1 }, new_grid },
  { "grid at rest", pot, { 1e3 }, new_grid },
  { "jko", walls, { 0, 0.013 }, function()
    return mf.pde.jko { potential = walls, init = mf.init.gaussian { kappa = 0.25 }, tau = 0.005, J = 20 } end },
  { "a few directions", index, { 0.5, 3 }, function()
    return particles { potential = index, init = mf.init.gaussian { kappa = 1, a = uniform, b = uniform }, J = 20 }
  end },
  { "rates, a scale, birth and death", sampled, { 0, 0.5, 3 }, function()
    return particles { potential = sampled, init = mf.init.gaussian { kappa = 1, a = 1 }, J = 20, scale = 2,
                       birth_death = 1, rates = { a = 2, b = 0.5, w = 0 }, label_noise = 0.3 } end },
  { "rates at rest, Chebyshev's steps", two, { 300, 1000 },
    function() return particles { potential = two, J = 30, tol = 1e-7, rates = { w = 2 }, scale = 0.5 } end },
  { "birth and death with atoms at infinity", pot, { 0.1, 1 },
    function() return mf.pde.particles { potential = pot, measure = far, birth_death = 2 } end },
}

local path = os.tmpname()

local function same(a, b)
  local x, y, error = a:measure(), b:measure(), (a.options.tau or a.options.cells) and "error" or "local_error"
  return a.t == b.t and a.clock == b.clock and a.steps == b.steps and x:atoms() == y:atoms()
    and x:weights() == y:weights() and a:risk() == b:risk()
    and a[error] == b[error]
end

describe("pde:save", function()
  for _, case in ipairs(cases) do
    local name, potential, times, new, xi = table.unpack(case)
    it("keeps all of a solver, which goes on with the same bits: " .. name, function()
      for _, t in ipairs(times) do
        local pde = new():advance(t)
        assert.equal(pde, pde:save(path))
        local loaded = assert(mf.pde.load(path, { potential = potential, xi = xi }))
        assert.truthy(same(pde, loaded), t)
        for key, value in pairs(pde.options) do -- what it was made of, as far as it is data
          if type(value) ~= "userdata" then assert.same(value, loaded.options[key], key) end
        end
        for i = 1, 2 do
          local to = t + 0.03 * i * math.max(t, 0.3)
          pde:advance(to)
          if i == 1 then loaded:advance(to) else mf.threads(3); loaded:advance(to); mf.threads(2) end
          assert.truthy(same(pde, loaded), to)
        end
        loaded:save(path) -- saved again, and seen on the way
        local again = assert(mf.pde.load(path, { potential = potential, xi = xi }))
        local want = pde:trajectory({ pde.t, 1.1 * pde.t + 0.01 }, { R = "risk" })
        assert.truthy(again:trajectory(want.t, { R = "risk" }).R == want.R)
      end
    end)
  end

  it("keeps where the run began, for pde:fluctuations", function()
    local pde = particles { potential = pot }:advance(0.5):save(path)
    local loaded = assert(mf.pde.load(path, { potential = pot })):advance(1)
    local want, got = pde:advance(1):fluctuations { observable = "risk" }, loaded:fluctuations { observable = "risk" }
    assert.equal(want.variance, got.variance)
    assert.truthy(want.gradient == got.gradient)
    particles { potential = pot, beta = 5 }:save(path)
    loaded = assert(mf.pde.load(path, { potential = pot }))
    assert.error_matches(function() loaded:fluctuations { observable = "risk" } end, "the option 'beta'", 1, true)
  end)

  it("goes on from wherever an error left the solver", function()
    local pde = particles { potential = pot, xi = function(t) return t < 1 and 1 or error "enough" end }:advance(0.5)
    assert.error(function() pde:advance(2) end)
    pde:save(path)
    local loaded = assert(mf.pde.load(path, { potential = pot, xi = function() return 1 end }))
    assert.truthy(same(pde:advance(0.9), loaded:advance(0.9)))
  end)

  it("is not asked for the law of a part of a noisy step that diverged", function()
    local pde = particles { potential = pot, beta = 5, lambda = 1e100, step = 0.01 }
    assert.error_matches(function() pde:advance(0.015) end, "diverged", 1, true)
    assert.equal(0.01, pde.clock)
    assert.is_true(pde:measure():atoms():max() < math.huge)
    pde:save(path)
    assert.truthy(same(pde, assert(mf.pde.load(path, { potential = pot }))))
  end)

  it("raises where the file cannot be written, and from a callback of the solver's own", function()
    local pde
    pde = particles { potential = pot, xi = function() if pde then pde:save(path) end return 1 end }
    assert.error_matches(function() pde:advance(1) end, "busy", 1, true)
    pde = particles { potential = pot }
    assert.error_matches(function() pde:save "/nowhere/at/all" end,
      "pde:save: cannot write '/nowhere/at/all': No such", 1, true)
    assert.error(function() pde:save() end)
  end)
end)

describe("mf.pde.load", function()
  local function refused(text, o)
    local ok, message = pcall(mf.pde.load, path, o)
    assert.is_false(ok)
    assert.truthy(message:find(text, 1, true), message)
  end

  it("raises for another potential or another schedule, and says in what they differ", function()
    particles { potential = pot }:advance(0.1):save(path)
    refused("option 'potential' is missing", {})
    refused("in space 'radial' (1 coordinates), got one in 'two_radius' (2)", { potential = two })
    refused("another potential", { potential = radial(41) })
    refused("another potential", { potential = radial(40, 0.81) })
    refused("another potential", { potential = radial(40, 0.8, cusp) })
    refused("leave out 'xi'", { potential = pot, xi = slow })
    local function lossy(loss) return mf.potential.relu { delta = 0.5, gamma = 0.3, loss = loss } end
    local start = mf.init.gaussian { kappa = 1, a = 1, d = 20, s0 = 6 }
    particles { potential = lossy(mf.loss.huber(5)), init = start, J = 9 }:advance(0.1):save(path)
    assert(mf.pde.load(path, { potential = lossy(mf.loss.huber(5)) }))
    refused("with the huber loss, got the square loss", { potential = lossy() })
    refused("or another parameter", { potential = lossy(mf.loss.huber(6)) })
    particles { potential = sampled, init = mf.init.gaussian { kappa = 1, a = 1 }, J = 9 }:save(path)
    for _, other in ipairs { { seed = 2 }, { activation = mf.activation.erf() }, { samples = 41 } } do
      refused("another potential", { potential = mf.potential.sampled {
        distribution = mf.distribution.isotropic { d = 3, delta = 0.5 }, samples = other.samples or 40,
        seed = other.seed, activation = other.activation or mf.activation.tanh(), neuron = "affine" } })
    end
    particles { potential = pot, xi = slow }:advance(0.5):save(path)
    refused("give it again as option 'xi'", { potential = pot })
    refused("another schedule", { potential = pot, xi = function() return 1 end })
  end)

  it("answers nil and a message for a file that is missing, damaged, cut or foreign", function()
    local function expect(text)
      local pde, message = mf.pde.load(path, { potential = pot })
      assert.is_nil(pde)
      assert.truthy(message:find(path, 1, true) and message:find(text, 1, true), message)
    end
    local function write(bytes)
      local f <close> = assert(io.open(path, "wb"))
      f:write(bytes)
    end
    particles { potential = pot, J = 5 }:advance(0.1):save(path)
    local good = checkpoint.read(path)
    for cut = 0, #good - 1, 37 do
      write(good:sub(1, cut))
      expect ""
    end
    for at = 1, #good, 29 do
      write(good:sub(1, at - 1) .. string.char(good:byte(at) ~ 16) .. good:sub(at + 1))
      expect ""
    end
    write(good .. "x")
    expect "damaged or cut short"
    write "x,y\n1,2\n"
    expect "not a checkpoint"
    mf.sgd { distribution = mf.distribution.isotropic { d = 4, delta = 0.5 }, activation = sigma, N = 3, eps = 1e-3,
             init = init }:save(path)
    expect "another kind ('mf.sgd')"
    os.remove(path)
    expect "No such file"
    local folder, message = mf.pde.load("/", { potential = pot })
    assert.is_nil(folder)
    assert.truthy(message:find("not a regular file", 1, true), message)
  end)

  it("makes nothing larger than the law in the file", function()
    for number, option in pairs { [1] = "option J", [13] = "option J", [15] = "option cells", [17] = "option J" } do
      local _, potential, _, new = table.unpack(cases[number])
      local size = #new():save(path):measure()
      local good = checkpoint.read(path)
      for _, value in ipairs { 1000000, size + 1, false } do
        checkpoint.write(path, checkpoint.changed(good, option, function(g)
          g.data = string.pack("<i8", value or 0)
          return value and true
        end))
        local pde, message = mf.pde.load(path, { potential = potential })
        assert.is_nil(pde)
        assert.truthy(message:find("field '" .. option .. "'", 1, true), message)
      end
    end
  end)

  it("refuses a grid whose energy is not that of its masses: steps would be compared with it", function()
    new_grid():advance(0.2):save(path)
    local good = checkpoint.read(path)
    for _, shift in ipairs { 1e-6, -1e-6 } do
      checkpoint.write(path, checkpoint.changed(good, "F", function(g)
        g.data = string.pack("<d", string.unpack("<d", g.data) + shift)
      end))
      local pde, message = mf.pde.load(path, { potential = pot })
      assert.is_nil(pde)
      assert.truthy(message:find("field 'F'", 1, true), message)
    end
  end)

  it("refuses every field that is missing or makes no sense behind a valid checksum", function()
    -- Some values are as good as those they replace: what is loaded then must go on or raise, without a NaN.
    local values = { double = { 0 / 0, -1, 1e308, math.huge, -math.huge, 0x1p-1074 },
                     integer = { -1, 1 << 40, 1 << 62, 2 } }
    local loaded, tried, nils = 0, 0, 0
    for _, case in ipairs { cases[1], cases[2], cases[5], cases[12], cases[13], cases[15], cases[17],
                          cases[19], cases[21] } do
      local _, potential, times, new, xi = table.unpack(case)
      new():advance(times[math.max(#times - 1, 1)]):save(path)
      local good = checkpoint.read(path)
      local function try(name, needed, change)
        checkpoint.write(path, checkpoint.changed(good, name, change))
        local ok, pde, message = pcall(mf.pde.load, path, { potential = potential, xi = xi })
        tried = tried + 1
        if ok and not pde then
          nils = nils + 1
          assert.truthy(message:find("checkpoint", 1, true) or message:find("law", 1, true), message)
        elseif ok then
          loaded = loaded + 1
          assert.is_false(needed, case[1] .. ": " .. name)
          local went = pcall(pde.advance, pde, pde.t)
          local risk = pde:risk()
          assert.truthy(not went or risk == risk, case[1] .. ": " .. name)
        else
          assert.truthy(pde:find("mf.pde", 1, true), pde)
        end
      end
      for _, f in ipairs(checkpoint.fields(good)) do
        local kind = f.kind:match "^[^\0]*"
        local optional = f.name:match "^option " or f.name == "weight" or f.name == "start"
        try(f.name, not optional, function() return false end)
        try(f.name, true, function(g) g.kind = "other\0\0\0" end)
        if kind ~= "text" and f.name ~= "held" then
          try(f.name, true, function(g) g.rows, g.data = g.rows + 1, g.data .. ("\0"):rep(8) end)
        end
        for _, value in ipairs(values[kind] or {}) do
          try(f.name, value ~= value, function(g)
            if #g.data > 0 then g.data = string.pack(kind == "double" and "<d" or "<i8", value) .. g.data:sub(9) end
            return #g.data > 0
          end)
        end
        if kind == "text" then
          try(f.name, true, function(g) g.rows, g.data = 8, "hostile\0" end)
          try(f.name, true, function(g) g.rows, g.data = 8, "unended!" end)
        end
      end
    end
    os.remove(path)
    assert.truthy(nils > tried / 2 and tried > 500, ("%d of %d refused, %d loaded"):format(nils, tried, loaded))
  end)
end)
