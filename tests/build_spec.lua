-- What the build promises: layers, BLAS, one exported symbol, a stock lua5.4, an installed tree.
local mf = require "meanfield"
local process = require "tests.process"

local function output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  pipe:close()
  return text
end

local q = process.quote

describe("build", function()
  it("the core knows no Lua: libmeanfield.a needs no lua_ symbol and no readline", function()
    local symbols = output("nm -u " .. q(process.build .. "/libmeanfield.a"))
    assert.is_true(#symbols > 1000)
    assert.is_nil(symbols:find("[%s_]lua_") or symbols:find "luaL_" or symbols:find "readline")
    local includes = "grep -lE '#include *[<\"](lua|lauxlib|lualib|readline)' "
    assert.equal("", output(includes .. q(process.top) .. "/src/core/*.[ch]"))
  end)

  it("cblas_dgemm is OpenBLAS's, on one thread", function()
    local _, path = mf.blas()
    assert.is_truthy(path:find "openblas", path)
  end)

  it("meanfield.so exports luaopen_meanfield and nothing else", function()
    local symbols = output("nm -D --defined-only " .. q(process.build .. "/meanfield.so"))
    assert.equal("luaopen_meanfield", symbols:match "^%x+ T ([%w_]+)\n$")
  end)

  it("meanfield.so works in a stock lua5.4, Ctrl-C included", function()
    if process.sanitized then return end -- a sanitizer must be the first library loaded
    local script = [[local mf = require "meanfield"
      local law = mf.distribution.isotropic { d = 5, delta = 0.5 }
      local sgd = mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 9, eps = 1e-3,
                           init = mf.init.gaussian { kappa = 1 } }
      print(sgd:step(100).k)]]
    local lua = "cd / && LUA_CPATH=" .. q(process.build .. "/?.so") .. " lua5.4 "
    assert.equal("100\n", output(lua .. "-e " .. q(script)))
    local long = script:gsub("print.*", "io.write('go ') print(pcall(sgd.step, sgd, 1e12 // 1 | 0)) print(sgd.k > 0)")
    local text = output("timeout -s INT 1 sh -c " .. q("exec env " .. lua:gsub("^cd / && ", "") .. "-e " .. q(long)))
    assert.is_truthy(text:find("go false\tsgd:step: interrupted", 1, true), text)
    assert.is_truthy(text:find("true", 1, true), text)
  end)

  it("an installed tree works by itself", function()
    if process.sanitized then return end
    local prefix = process.folder()
    output("cmake --install " .. q(process.build) .. " --prefix " .. q(prefix))
    local host = q(prefix .. "/bin/meanfield")
    local script = "local mf = require 'meanfield' print(mf.sgd ~= nil, debug.getinfo(mf.plot.grid).source)"
    local where = output("cd / && " .. host .. " -e " .. q(script))
    assert.is_truthy(where:find("true", 1, true), where)
    assert.is_truthy(where:find(prefix, 1, true), where)
    process.clean()
  end)
end)
