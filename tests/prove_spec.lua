-- mf.prove: enclosures against independent routes, verdicts on both sides of known ends, certificates
-- that are falsified, and what cannot be decided.
local mf = require "meanfield"
local process = require "tests.process"

local paper = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
local failing = mf.activation.piecewise { { 0, -2.5 }, { 0.5, -4 }, { 1.5, 7.5 } } -- that of Fig. 4
local lemma1 = mf.prove.lemma1

-- Middle and radius of an enclosure.
local function ball(text)
  local middle, radius = text:match "^%[([^ ]+) %+/%- ([^ ]+)%]$"
  return tonumber(middle or text), tonumber(radius or 0)
end

local function encloses(text, value, tolerance)
  local middle, radius = ball(text)
  assert.near(middle, value, radius + tolerance)
end

describe("mf.prove.lemma1", function()
  teardown(process.clean)

  it("decides as mf.stability.lemma1 does, and encloses its r_star, risk and margins", function()
    for _, case in ipairs { { 13, 0.2, paper }, { 20, 0.25, paper }, { 40, 0.02, paper }, { 40, 0.3, paper },
                            { 40, 0.8, paper }, { 320, 0.45, paper }, { 1e4, 0.1, paper }, { 60, 0.2, failing },
                            { 1e4, 0.3, failing }, { math.huge, 0.3, paper }, { math.huge, 0.6, failing } } do
      local d, delta, sigma = table.unpack(case)
      local proof = lemma1 { d = d, delta = delta, activation = sigma }
      local seen = mf.stability.lemma1 { d = d, delta = delta, activation = sigma }
      assert.equal(seen.stable, proof.proved)
      encloses(proof.r_star, seen.r_star, 1e-7)
      encloses(proof.risk, seen.risk, 1e-11)
      if seen.at == math.huge then encloses(proof.infinity, seen.margin, seen.error + 1e-11) end
    end
  end)

  it("holds just inside and fails just outside the ends that are known for d = 40 and d = inf", function()
    local function proved(d, delta) return lemma1 { d = d, delta = delta, activation = paper }.proved end
    assert.is_false(proved(40, "0.02981612"))
    assert.is_true(proved(40, "0.02981613"))
    assert.is_true(proved(40, "0.43101273"))
    assert.is_false(proved(40, "0.43101275"))
    assert.is_true(proved(math.huge, "1e-6"))
    assert.is_true(proved(math.huge, "0.4742189"))
    assert.is_false(proved(math.huge, "0.4742190"))
  end)
end)

describe("mf.prove.interval", function()
  it("encloses both ends for d = 40, with a proof on each side", function()
    local low, high, ends = mf.prove.interval { d = 40, activation = paper }
    encloses(low, 0.02981612020, 1e-9)
    encloses(high, 0.43101273884, 1e-9)
    for _, name in ipairs { "low", "high" } do
      assert.is_true(lemma1 { d = 40, delta = ends[name].holds, activation = paper }.proved)
      assert.is_false(lemma1 { d = 40, delta = ends[name].fails, activation = paper }.proved)
    end
  end)
end)
