-- What objects and modules have, and what they say when asked for something else.
local mf = require "meanfield"

local law = mf.distribution.isotropic { d = 5, delta = 0.5 }
local sigma = mf.activation.tanh()
local init = mf.init.gaussian { kappa = 1 }
local function new_sgd(more)
  local given = { distribution = law, activation = sigma, N = 10, eps = 1e-3, init = init }
  for key, value in pairs(more or {}) do given[key] = value end
  return mf.sgd(given)
end

local function fails(expected, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  assert.truthy(message:find(expected, 1, true), message)
end

describe("an object", function()
  it("answers every option as a property, given or not, and is nil where an option is optional", function()
    local sgd = new_sgd()
    for key, value in pairs(sgd.options) do assert.same(value, sgd[key]) end
    assert.equal(1e-3, sgd.eps)
    assert.equal(1, sgd.seed)
    assert.equal(law, sgd.distribution)
    assert.is_nil(mf.pde.particles { potential = mf.potential.radial { distribution = law, activation = sigma },
      init = init }.step)
  end)

  it("raises for what it has not, and names the nearest of what it has", function()
    local sgd = new_sgd()
    fails("an mf.sgd has no field 'foo'; help(x) lists what it has", function() return sgd.foo end)
    fails("no field 'advanc' (did you mean 'advance'?)", function() sgd:advanc(1) end)
    fails("no field 'K' (did you mean 'k'?)", function() return sgd.K end)
    fails("no field 'epz' (did you mean 'eps'?)", function() return sgd.epz end)
    fails("an mf.array has no field 'trnaspose' (did you mean 'transpose'?)",
      function() return mf.array { 1 }.trnaspose end)
    fails("fields_spec.lua:", function() return sgd.foo end)
  end)

  it("says that its fields are read-only", function()
    local sgd = new_sgd()
    fails("'t' of an mf.sgd is read-only", function() sgd.t = 3 end)
    fails("'eps' of an mf.sgd is read-only", function() sgd.eps = 3 end)
    fails("'xi' of an mf.sgd is read-only", function() sgd.xi = 3 end)
    fails("'1' of an mf.sgd is read-only", function() sgd[1] = 3 end)
    fails("no field 'foo'", function() sgd.foo = 3 end)
    local a = mf.array { 1, 2 }
    a[1] = 3 -- but arrays may be written
    assert.equal(3, a[1])
  end)

  it("whose method is called with '.' hints at ':'", function()
    fails("call it as sgd:advance(t), with ':' (its first argument must be an mf.sgd, got 3)",
      function() new_sgd().advance(3) end)
    fails("with ':'", function() new_sgd().risk() end)
    fails("bad argument #1 to 'advance' (number expected", function() new_sgd():advance "x" end)
  end)

  it("prints its state where that is cheap", function()
    local sgd = new_sgd()
    assert.matches("at k = 0, t = 0.0$", tostring(sgd))
    assert.matches("at k = 20, t = 0.02$", tostring(sgd:step(20)))
    local pde = mf.pde.particles { potential = mf.potential.radial { distribution = law, activation = sigma },
      init = init }
    assert.equal("at t = 0.5, risk = " .. pde:advance(0.5):risk(), tostring(pde):match "at t.*$")
    assert.equal("mf.distribution.isotropic{ d = 5, delta = 0.5 }", tostring(law))
  end)
end)

describe("an object's print", function()
  it("is the call that made it: what was given, not the defaults, and what it is made of", function()
    local gaussian = mf.init.gaussian { kappa = 1, b = mf.number.normal { deviation = 0.5 } }
    assert.equal("mf.init.gaussian{ b = mf.number.normal{ deviation = 0.5 }, kappa = 1 }", tostring(gaussian))
    assert.equal("mf.schedule.constant{}", tostring(mf.schedule.constant()))
    assert.equal("mf.rng{ seed = 1 }", tostring(mf.rng { seed = 1 })) -- given, though the default
    assert.equal("mf.sgd{ N = 10, activation = mf.activation.tanh(), distribution = mf.distribution.isotropic{ d = 5, "
                 .. "delta = 0.5 }, eps = 0.001, init = mf.init.sphere{ radius = 2 }, rates = {a = 1.0, b = 1.0, "
                 .. "w = 0.5} } at k = 0, t = 0.0",
                 tostring(mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 10, eps = 1e-3,
                                   init = mf.init.sphere { radius = 2 }, rates = { w = 0.5 } }))
  end)

  it("shows lists that are short, and only names what is long or no call", function()
    local index = { d = 2, target = function(z) return z end, U = { { 0, 1 } } }
    assert.equal("mf.distribution.multi_index{ U = {{0, 1}}, d = 2, target = a function }",
                 tostring(mf.distribution.multi_index(index)))
    local z = {}
    for i = 1, 100 do z[i] = { i / 100 } end
    local text = tostring(mf.potential.nodes { z = z, y = mf.array.ones(100), activation = mf.activation.tanh() })
    assert.equal("mf.potential.nodes{ activation = mf.activation.tanh(), y = an mf.array, z = a table }", text)
  end)

  it("of a run from a file shows all that the file knows", function()
    local process = require "tests.process"
    local path = process.folder() .. "/run.mf"
    new_sgd():save(path)
    local text = tostring(mf.sgd.load(path))
    process.clean()
    assert.matches("^mf.sgd{ N = %d+, algorithm = 'blocked', batch = 1, .* seed = %d+ } at k = 0, t = 0.0$", text)
  end)
end)

describe("a module", function()
  it("raises for what it has not, and names the nearest of what it has", function()
    fails("mf.potential has no 'raidal' (did you mean 'radial'?)", function() return mf.potential.raidal end)
    fails("mf has no 'plto' (did you mean 'plot'?)", function() return mf.plto end)
    fails("mf has no 'Sgd' (did you mean 'sgd'?)", function() return mf.Sgd end)
    fails("mf.array has no 'zeors' (did you mean 'zeros'?)", function() return mf.array.zeors end)
    fails("mf.distribution has no 'xyz'; help(mf.distribution) lists what it has",
      function() return mf.distribution.xyz end)
    fails("mf.help has no 'textt' (did you mean 'text'?)", function() return mf.help.textt end)
    fails("fields_spec.lua:", function() return mf.potential.raidal end)
    assert.is_nil(mf._private) -- what begins with _ is nobody's business
  end)
end)

describe("a constructor", function()
  it("hints at the name in other letters and at calling what was only named", function()
    fails("unknown option 'n' (did you mean 'N'?)", new_sgd, { n = 800 })
    fails("got the function mf.activation.tanh: call it, as in mf.activation.tanh()", new_sgd,
      { activation = mf.activation.tanh })
    fails("got a function", new_sgd, { activation = print })
    fails("got the function mf.init.gaussian: call it", mf.transport.w1, mf.init.gaussian, { 1 })
  end)

  it("called with positional values, a constructor or a module says how it is called", function()
    fails("mf.init.gaussian: expected a table of options, as in mf.init.gaussian{kappa = ...}, got 0.8",
      mf.init.gaussian, 0.8)
    fails("expected a table of options, as in mf.distribution.isotropic{d = ..., delta = ...}, got 40",
      mf.distribution.isotropic, 40, 0.8)
    fails("as in mf.schedule.constant{value = ...}, got 'x'", mf.schedule.constant, "x")
    fails("got the function mf.potential.radial: call it, as in mf.potential.radial()", mf.pde.particles,
      mf.potential.radial)
    fails("as in mf.init.gaussian{kappa = ...}, got a table", mf.init.gaussian, mf.sgd)
  end)
end)

describe("options", function()
  it("are an object's own: tables given to it or had from it may change", function()
    local knots = { { 0.5, -2.5 }, { 1.5, 7.5 } }
    local ramp = mf.activation.piecewise(knots)
    local before = tostring(ramp)
    knots[1][2] = 9
    ramp.options[1][2] = 9
    assert.equal(before, tostring(ramp))
    assert.equal(-2.5, ramp.options[1][2])
    local classes = mf.distribution.isotropic { d = 40, delta = 0.3 }
    classes.options.delta = 0.7
    assert.equal(0.3, classes.delta)
    local pot = mf.potential.radial { distribution = classes, activation = ramp }
    assert.equal(classes, pot.distribution) -- objects stay the objects that they are
    assert.equal(classes, pot.options.distribution)
  end)
end)
