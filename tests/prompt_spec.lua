-- What Tab offers, without a terminal (host_spec.lua presses the key).
local mf = require "meanfield"
local repl = require "meanfield.prompt.repl"

local law = mf.distribution.isotropic { d = 5, delta = 0.5 }
local sigma = mf.activation.tanh()
local init = mf.init.gaussian { kappa = 1 }

local function offered(before, word) return table.concat(repl.complete(before, word or ""), " ") end

describe("completion", function()
  setup(function()
    rawset(_G, "sgd", mf.sgd { distribution = law, activation = sigma, N = 10, eps = 1e-3, init = init })
  end)
  teardown(function() rawset(_G, "sgd", nil) end)

  it("offers the options of a constructor, on any line of it, less those that are given", function()
    assert.equal("value = ", offered("mf.schedule.power { p = 1, "))
    assert.equal("eps = ", offered("mf.sgd {\n  N = 3, init = f { 1, '}' },\n  ", "e"))
    assert.equal("a = b = d = kappa = s0 =", (offered("mf.sgd { init = mf.init.gaussian{ "):gsub(" +", " "):sub(1, -2)))
    assert.equal("distribution = samples = seed =", (offered("sgd:risk { "):gsub(" +", " "):sub(1, -2)))
    assert.equal("density = ", offered("sgd:measure():histogram { bins = 3, ", "de"))
    assert.equal("math", offered("mf.sgd { N = ", "mat")) -- a value, not an option
  end)

  it("offers methods after a call, by what the call gives", function()
    assert.equal("radii radius", offered("sgd:measure():", "ra"))
    assert.equal("radii radius", offered("x = 3 + sgd:advance(1):measure():", "ra"))
    assert.equal("transpose", offered("print(sgd:measure():radius():atoms():", "tra"))
    assert.equal("clock", offered("mf.schedule.power { p = 1 }:", "cl"))
    assert.equal("cumsum", offered("mf.array { 1, { 2, 3 } }:", "cu"))
    assert.equal("histogram hline", offered("mf.plot { xlabel = 'r' }:line(x, y):", "h"))
    assert.equal("", offered("nothing():", "a"))
    assert.equal("", offered("sgd:risk():", "a")) -- a number has no methods
  end)

  it("offers options as properties, of objects in options too", function()
    assert.equal("epoch eps", offered("sgd.", "ep"))
    assert.equal("delta", offered("sgd.distribution.", "de"))
    assert.equal("", offered("sgd:", "ep")) -- but not as methods
  end)

  it("offers inside help's quotes what help knows, and leaves other strings to files", function()
    assert.equal("sgd:risk", table.concat(repl.complete_string('help "', "sgd:ri"), " "))
    assert.equal("mf.schedule.power", table.concat(repl.complete_string("help('", "mf.schedule.p"), " "))
    assert.is_nil(repl.complete_string('io.open "', ""))
    assert.is_nil(repl.complete_string('nohelp "', ""))
  end)

  it("knows truly what methods give", function()
    local arguments = {
      ["mf.sgd"] = { advance = { 0.001 } }, ["mf.pde.particles"] = { advance = { 0.1 } },
      ["mf.measure"] = { coordinate = { 1 }, marginal = { 1 }, sample = { 3 }, radii = { { s0 = 2 } },
                         push = { function(x) return x end, "free" } },
      ["mf.array"] = { fill = { 1 }, map = { function(x) return x end }, reshape = { 4 }, row = { 1 }, column = { 1 },
                       slice = { 1, 2 }, matmul = { mf.array { { 1, 2 }, { 3, 4 } } } },
      ["mf.rng"] = { normals = { 2 }, uniforms = { 2 } },
      ["mf.plot.figure"] = { band = { { 1, 2 }, { 1, 2 }, { 2, 3 } },
        density = { mf.measure { x = { 0.5, 0.75, 1 }, space = "radial" } },
        histogram = { { 1, 2, 3 } }, hline = { 1 }, vline = { 1 }, line = { { 1, 2 }, { 1, 2 } },
        points = { { 1, 2 }, { 1, 2 } }, text = { 1, 1, "x" } },
    }
    local radial = mf.potential.radial { distribution = law, activation = sigma }
    local objects = {
      ["mf.sgd"] = function() return _G.sgd end,
      ["mf.optimum"] = function() return mf.optimum { potential = radial } end,
      ["mf.pde.particles"] = function() return mf.pde.particles { potential = radial, init = init } end,
      ["mf.measure"] = function() return _G.sgd:measure() end,
      ["mf.array"] = function() return mf.array { { 1, 2 }, { 3, 4 } } end,
      ["mf.rng"] = function() return mf.rng { seed = 1 } end, ["mf.plot.figure"] = function() return mf.plot {} end,
    }
    for class, results in pairs(repl.gives) do
      for result, names in pairs(results) do
        for name in names:gmatch "%S+" do
          local object = objects[class]()
          if name == "sort" or name == "cumsum" then object = object:row(1) end
          local value = object[name]
          local given = (arguments[class] or {})[name] or {}
          if type(value) == "function" then value = value(object, table.unpack(given)) end
          local meta = getmetatable(value)
          assert.equal(result, meta.__name or mf._docs[meta].name, class .. ":" .. name)
        end
      end
    end
  end)
end)
