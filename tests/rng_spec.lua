-- The streams that everything random is drawn from.
local mf = require "meanfield"

-- The normal distribution function by its power series x + x^3/3 + x^5/(3*5) + ...
local function Phi(x)
  local sum, term, k = 0, x, 1
  while math.abs(term) > 1e-16 do
    sum, k = sum + term, k + 2
    term = term * x * x / k
  end
  return 0.5 + sum * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
end

-- Largest distance between the empirical law of sorted numbers and the normal law.
local function ks_normal(values)
  local n, worst = #values, 0
  for i, x in ipairs(values:sort():totable()) do
    local p = Phi(x)
    worst = math.max(worst, math.abs(p - i / n), math.abs(p - (i - 1) / n))
  end
  return worst
end

-- The four words of counter c under key k after ten rounds (Salmon et al. 2011).
local function philox(c, k)
  local c0, c1, c2, c3 = table.unpack(c)
  local k0, k1 = table.unpack(k)
  for _ = 1, 10 do
    local p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
    c0, c1, c2, c3 = p1 >> 32 ~ c1 ~ k0, p1 & 0xFFFFFFFF, p0 >> 32 ~ c3 ~ k1, p0 & 0xFFFFFFFF
    k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
  end
  return c0, c1, c2, c3
end

-- Number i = 0, 1, ... of the first call on a source: counter i of sixteen numbers' eight.
local function uniform(seed, stream, draw, i)
  local block, lane = i // 16, i % 16
  local c0, c1, c2, c3 = philox({ 8 * block + lane % 8, stream + 16, draw & 0xFFFFFFFF, draw >> 32 },
    { seed & 0xFFFFFFFF, seed >> 32 })
  local word = lane < 8 and (c1 << 32 | c0) or (c3 << 32 | c2)
  return ((word >> 12) + 0.5) * 2.0 ^ -52
end

describe("rng", function()
  it("is Philox 4x32-10: published vectors, and another implementation", function()
    local function words(...) return ("%08x %08x %08x %08x"):format(philox(...)) end
    assert.equal("6627e8d5 e169c58d bc57ac4c 9b00dbd8", words({ 0, 0, 0, 0 }, { 0, 0 }))
    local ones = 0xFFFFFFFF
    assert.equal("408f276d 41c83b0e a20bc7c6 6d5451fd", words({ ones, ones, ones, ones }, { ones, ones }))
    assert.equal("d16cfe09 94fdcceb 5001e420 24126ea1",
      words({ 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 }))
    for _, key in ipairs { { 1, 0, 0 }, { 2 ^ 40 // 1 | 12345, 3, 2 ^ 35 // 1 | 7 } } do
      local seed, stream, draw = table.unpack(key)
      local source = { seed = seed, stream = stream, draw = draw }
      local u, g = mf.rng(source):uniforms(50), mf.rng(source):normals(50)
      for i = 0, 49 do
        assert.equal(uniform(seed, stream + 0x80000000, draw, i), u[i + 1]) -- the uniforms' half
        local lane = i % 16
        local first = i - lane + lane % 8
        local radius = math.sqrt(-2 * math.log(uniform(seed, stream, draw, first)))
        local angle = 2 * math.pi * uniform(seed, stream, draw, first + 8)
        assert.near(radius * (lane < 8 and math.cos or math.sin)(angle), g[i + 1], 1e-13)
      end
    end
  end)

  it("gives standard normals (Kolmogorov-Smirnov at level 1e-4, and four moments)", function()
    local n = 200000
    local g = mf.rng { seed = 12 }:normals(n)
    assert.is_true(ks_normal(g) < 2.23 / math.sqrt(n)) -- P(sup > 2.23/sqrt n) = 1e-4
    local sd = 1 / math.sqrt(n)
    assert.near(0, g:mean(), 4.5 * sd)
    assert.near(1, (g * g):mean(), 4.5 * math.sqrt(2) * sd)
    assert.near(0, (g * g * g):mean(), 4.5 * math.sqrt(15) * sd)
    assert.near(3, (g ^ 4):mean(), 4.5 * math.sqrt(96) * sd)
  end)

  it("has no serial correlation, and none between streams, draws and seeds", function()
    local n = 100000
    local g = mf.rng { seed = 5 }:normals(n)
    local bound = 4.5 / math.sqrt(n)
    for _, lag in ipairs { 1, 2, 7, 8, 16, 32 } do
      assert.near(0, g:slice(1, n - lag):dot(g:slice(1 + lag, n)) / n, bound)
    end
    for _, other in ipairs { { seed = 6 }, { seed = 5, stream = 1 }, { seed = 5, draw = 1 } } do
      assert.near(0, g:dot(mf.rng(other):normals(n)) / n, bound)
    end
  end)

  it("starts the same whatever the count, for counts 1 to 70", function()
    local long = mf.rng { seed = 9, draw = 3 }:normals(70)
    for n = 1, 70 do
      assert.is_true(mf.rng { seed = 9, draw = 3 }:normals(n) == long:slice(1, n))
    end
  end)

  it("has the same bits on every instruction set", function()
    local script = os.tmpname()
    local f = assert(io.open(script, "w"))
    f:write [[local mf = require "meanfield"
      local r = mf.rng { seed = 77, draw = 2 ^ 33 // 1 | 0 }
      for _, x in ipairs(r:normals(100):totable()) do io.write(("%a "):format(x)) end
      for _, x in ipairs(r:uniforms(100):totable()) do io.write(("%a "):format(x)) end]]
    f:close()
    local function run(isa)
      local pipe = assert(io.popen(("MEANFIELD_ISA=%s '%s' %s"):format(isa, arg and arg[-1] or "meanfield", script)))
      local out = pipe:read "a"
      pipe:close()
      return out
    end
    local want = run "baseline"
    assert.is_true(#want > 2000)
    assert.equal(want, run "avx2")
    assert.equal(want, run "avx512")
    os.remove(script)
  end)
end)
