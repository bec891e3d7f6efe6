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
    for _, case in ipairs { { 20, 0.25, paper }, { 40, 0.02, paper }, { 40, 0.3, paper },
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

  it("is told a wrong r_star and proves nothing with it", function()
    local right = lemma1 { d = 40, delta = "0.3", activation = paper }
    local given = lemma1 { d = 40, delta = "0.3", activation = paper, r_star = ball(right.r_star) }
    assert.is_true(given.proved)
    for _, r in ipairs { "1.5", "1.5246", "1/10", 30 } do
      local proof = lemma1 { d = 40, delta = "0.3", activation = paper, r_star = r, bits = 48 }
      assert.is_nil(proof.proved)
      assert.matches("critical point", proof.place)
    end
    -- sigma of Fig. 4: R also has a valley at small radii, whose critical point is not the global minimum
    local wrong = lemma1 { d = 40, delta = "0.45", activation = failing }
    for r = 2, 12, 5 do
      local proof = lemma1 { d = 40, delta = "0.45", activation = failing, r_star = r / 8, bits = 48 }
      assert.truthy(proof.proved == nil or math.abs(ball(proof.r_star) - ball(wrong.r_star)) < 1e-9)
    end
  end)

  it("is undecided, and says where, rather than guess when bits are capped", function()
    -- 1e-14 from the end at d = 40: 16 bits cannot tell on which side
    for _, delta in ipairs { "0.4310127388400000", "0.02981612020" } do
      local proof = lemma1 { d = 40, delta = delta, activation = paper, bits = 16 }
      assert.is_nil(proof.proved)
      assert.is_nil(proof.certificate)
      assert.equal("inf", proof.place)
      assert.equal(16, proof.bits)
    end
    local folder = process.folder()
    lemma1 { d = 40, delta = "0.02981612020", activation = paper, bits = 16, certificate = folder .. "/none" }
    assert.is_nil(process.read_file(folder .. "/none"))
  end)

  it("leaves what is least at an end or constant undecided, without work at more bits", function()
    for _, sigma in ipairs { { { 0.5, -7.5 }, { 1.5, 2.5 } }, { { 0, 1 }, { 1, 1 } }, { { -1, -1 }, { 1, 1 } } } do
      local proof = lemma1 { d = 40, delta = "0.3", activation = sigma }
      assert.is_nil(proof.proved)
      assert.matches("at an end", proof.place)
      assert.equal(48, proof.bits)
    end
  end)

  it("takes decimals, fractions, integers and doubles exactly", function()
    local list = { { "1/2", "-5/2" }, { 1.5, "7.5" } }
    local a = lemma1 { d = 40, delta = 0.25, activation = paper }
    local b = lemma1 { d = 40, delta = "1/4", activation = list }
    assert.same(a, b)
    local tenth = lemma1 { d = math.huge, delta = "0.1", activation = paper }
    local double = lemma1 { d = math.huge, delta = 0.1, activation = paper }
    assert.not_equal(tenth.risk, double.risk) -- 0.1 as a double is another number, 5.6e-18 away
    encloses(tenth.risk, ball(double.risk), 1e-15)
  end)

  it("refuses bad options by name", function()
    local function message(changes)
      local options = { d = 40, delta = "0.3", activation = paper }
      for key, value in pairs(changes) do options[key] = value end
      local ok, text = pcall(lemma1, options)
      assert.is_false(ok)
      return text
    end
    assert.matches("'delta'.*%(0, 1%).*1", message { delta = 1 })
    assert.matches("'delta'.*%(0, 1%)", message { delta = "-0.3" })
    assert.matches("'delta'.*'0.3x'", message { delta = "0.3x" })
    assert.matches("'delta'.*'1/0'", message { delta = "1/0" })
    assert.matches("'delta'", message { delta = 0 / 0 })
    assert.matches("'d'", message { d = 3 })
    assert.matches("'d'", message { d = 40.5 })
    assert.matches("'bits'", message { bits = 8 })
    assert.matches("'r_star'", message { r_star = "-1" })
    assert.matches("'activation'", message { activation = { { 0, 1 } } })
    assert.matches("'activation'.*increasing", message { activation = { { 1, 0 }, { 1, 1 } } })
    assert.matches("'activation'", message { activation = { { "one", 0 }, { 1, 1 } } })
    assert.matches("flat tails", message { activation = mf.activation.relu() })
    assert.matches("precision", message { precision = 3 })
  end)

  if not process.sanitized then it("stops at Ctrl-C, even in search of r_star, and then works again", function()
    for _, call in ipairs { "lemma1 { d = 4, delta = '0.2', activation = sigma }",
                            "interval { d = 16, activation = sigma, digits = 20 }" } do
      local script = [[local mf = require "meanfield"
        local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }
        ]] .. process.ctrl_c(0.5) .. [[ print(pcall(function() return mf.prove.]] .. call .. [[ end))
        print(mf.prove.lemma1 { d = math.huge, delta = "0.3", activation = sigma }.proved)]]
      local result = process.run(("timeout 100 env LUA_CPATH=%s lua5.4 -e %s"):format(
        process.quote(process.build .. "/?.so"), process.quote(script)))
      assert.matches("^false\t.*mf.prove.%w+: interrupted\ntrue\n$", result.out)
    end
  end) end
end)

describe("mf.prove.check", function()
  local folder = process.folder()
  local function certificate(name, options)
    options.activation, options.certificate = paper, folder .. "/" .. name
    local proof = lemma1(options)
    return process.read_file(options.certificate), proof
  end
  local function check(text)
    process.write_file(folder .. "/changed", text)
    return mf.prove.check(folder .. "/changed")
  end
  local holds = certificate("holds", { d = 40, delta = "0.3" })
  local fails = certificate("fails", { d = 40, delta = "0.44" })
  local limit = certificate("limit", { d = math.huge, delta = "0.3" })

  it("accepts what was written, and says the theorem", function()
    local ok, text = check(holds)
    assert.is_true(ok)
    assert.matches("d = 40, delta = 3/10, .*1/2.*%-5/2.*3/2.*15/2.* is a global minimizer", text)
    ok, text = check(fails)
    assert.is_true(ok)
    assert.matches("is not a global minimizer", text)
    assert.is_true((check(limit)))
  end)

  -- Each field made false: rejected, or no certificate any more.
  local lies = {
    ["d 40"] = { "d 39", "d 41", "d inf", "d 3", "d 40.5", "d x" },
    ["delta 3/10"] = { "delta 9/20", "delta 1/50", "delta 31/100", "delta 3/2", "delta -1", "delta" },
    ["knot 1/2 %-5/2"] = { "knot 1/2 5/2", "knot 0 -5/2", "knot 3/2 -5/2", "knot 1/2", "knot a b" },
    ["knot 3/2 15/2\n"] = { "", "knot 3/2 15\n", "knot 7/4 15/2\n", "knot 1/3 15/2\n" },
    ["verdict true"] = { "verdict false", "verdict nil", "verdict" },
    ["r_star %[1.5"] = { "r_star [1.6", "r_star [-1.5", "r_star nan [1.5" },
    ["bits 48"] = { "bits 0", "bits 1000000" },
    ["far 0x10000000000000p"] = { "far 0x20000000000000p", "far 0x10000000000001p", "far -0x10000000000000p",
                                  "far 0x0p0 0x10000000000000p", "far nan 0x" },
    ["around r 0x(%x+)"] = { "around r 0x1%1", "around 1/r 0x%1", "around r -0x%1" },
    ["\nend\n"] = { "\n", "\nend\nbox r 0x0p0 0x1p0\n" },
    ["^meanfield proof of Lemma 1, format 1"] = { "meanfield proof of Lemma 1, format 2", "" },
  }
  it("rejects a certificate of which any field is false", function()
    for pattern, others in pairs(lies) do
      assert.truthy(holds:find(pattern), pattern)
      for _, other in ipairs(others) do
        local ok, text = check((holds:gsub(pattern, other, 1)))
        assert.is_falsy(ok, pattern .. " -> " .. other)
        assert.is_string(text)
      end
    end
    for _, place in ipairs { "r 0x10000000000000p-52 0x10000000000000p-52", "r 0x0p0 0x0p0", "1/r 0x1p0 0x1p0" } do
      assert.is_falsy((check((fails:gsub("violation [^\n]*", "violation " .. place)))), place)
    end
    assert.is_falsy((check((fails:gsub("violation [^\n]*\n", "")))))
    assert.is_falsy((check((fails:gsub("verdict false", "verdict true")))))
    for _, any in ipairs { "nan", "[+/- inf]", "[1.6 +/- 0.01]" } do
      assert.is_falsy((check((holds:gsub("r_star [^\n]*", "r_star " .. any)))), any)
    end
    assert.is_falsy((check((limit:gsub("d inf", "d 40")))))
  end)

  it("rejects boxes that leave a gap, overlap, or claim too much", function()
    local boxes = {}
    for box in holds:gmatch "box [^\n]*\n" do boxes[#boxes + 1] = box end
    assert.truthy(#boxes > 5)
    local function replaced(list)
      local first = holds:find "box " - 1
      return holds:sub(1, first) .. table.concat(list) .. "end\n"
    end
    assert.is_true((check(replaced(boxes))))
    for i = 1, #boxes do
      local list = table.move(boxes, 1, #boxes, 1, {})
      local box = table.remove(list, i)
      assert.is_falsy((check(replaced(list))), "without " .. box) -- a gap
      table.insert(list, i, box)
      table.insert(list, i, box)
      assert.is_falsy((check(replaced(list))), "twice " .. box)
      list[i + 1] = box:gsub("0x(%x+)p(%-?%d+)\n", "0x1%1p%2\n")
      assert.is_falsy((check(replaced(list))), "longer " .. box)
    end
    -- one box from 0 to `around`, without a gap, is too coarse to be seen positive
    local low, high = boxes[1]:match "r (%S+)", holds:match "around r (%S+)"
    local coarse = { ("box r %s %s\n"):format(low, high) }
    for _, box in ipairs(boxes) do
      if #coarse > 1 or box:find("r " .. holds:match "around r %S+ (%S+)", 1, true) then coarse[#coarse + 1] = box end
    end
    local ok, text = check(replaced(coarse))
    assert.is_false(ok)
    assert.matches("box 1: the margin is not seen to be positive", text)
  end)

  it("is one command of the launcher, with an exit code", function()
    local function command(...)
      return process.run(("cd %s; MEANFIELD_PRESET=%s %s check %s"):format(folder, process.build:match "([^/]*)$",
        process.quote(process.top .. "/meanfield"), table.concat({ ... }, " ")))
    end
    process.write_file(folder .. "/false", (holds:gsub("delta 3/10", "delta 9/20")))
    local result = command("holds", "fails")
    assert.equal(0, result.code)
    assert.matches("^holds: proved: d = 40, .*\nfails: proved: d = 40, .*\n$", result.out)
    result = command("holds", "false")
    assert.equal(1, result.code)
    assert.matches("\nfalse: REJECTED: ", result.out)
    result = command("false", "missing")
    assert.equal(2, result.code)
    assert.matches("\nmissing: UNREADABLE: ", result.out)
    assert.equal(2, command().code)
  end)

  it("says nil for what is no certificate, cut short at every line or full of noise", function()
    assert.is_nil((mf.prove.check(folder .. "/missing")))
    for _, text in ipairs { "", "meanfield", "\0\0\0", holds:sub(1, 60), holds .. holds } do
      local ok, message = check(text)
      assert.is_nil(ok)
      assert.is_string(message)
    end
    for at = 1, #holds - 1, 61 do assert.is_falsy((check(holds:sub(1, at)))) end
  end)
end)

describe("all small Delta at d = inf", function()
  local small = lemma1 { d = math.huge, delta = { 0, "1e-5" }, activation = paper }

  it("are proved at once, with margins in units of Delta that those of each Delta lie in", function()
    assert.is_true(small.proved)
    for _, delta in ipairs { "1e-5", "3e-6", "1e-9", "1e-30" } do
      local one = lemma1 { d = math.huge, delta = delta, activation = paper }
      assert.is_true(one.proved)
      for _, name in ipairs { "zero", "infinity" } do
        local middle, radius = ball(small[name])
        assert.near(middle, ball(one[name]) / tonumber(delta), radius * (1 + 1e-12))
        assert.is_true(middle - radius > 0)
      end
      encloses(small.r_star, ball(one.r_star), 1e-12)
    end
    for _, sigma in ipairs { failing, mf.activation.piecewise { { 0.5, 1 }, { 1, 2 }, { 1.5, 0 }, { 2, 1 } } } do
      local proof = lemma1 { d = math.huge, delta = { 0, "1e-6" }, activation = sigma, bits = 96 }
      local seen = mf.stability.lemma1 { d = math.huge, delta = 1e-6, activation = sigma }
      assert.truthy(proof.proved == nil or proof.proved == seen.stable)
    end
  end)

  it("are not proved beyond the end of the interval, nor at finite d", function()
    assert.is_nil(lemma1 { d = math.huge, delta = { 0, "0.48" }, activation = paper, bits = 96 }.proved)
    for _, bad in ipairs { { d = 40, delta = { 0, "1e-5" } }, { d = math.huge, delta = { "0.1", "0.2" } },
                           { d = math.huge, delta = { 0, 1 } }, { d = math.huge, delta = { 0 } } } do
      bad.activation = paper
      local ok, message = pcall(lemma1, bad)
      assert.is_false(ok)
      assert.matches("'delta'", message)
    end
  end)
end)

describe("mf.prove.interval", function()
  it("encloses both ends for d = 320 and 40 to the digits asked for, with a proof on each side", function()
    local rough = { mf.prove.interval { d = 320, activation = paper, digits = 2 } }
    for i, value in ipairs { 0.00327404897, 0.46914828480 } do
      encloses(rough[i], value, 0)
      assert.is_true(select(2, ball(rough[i])) <= 0.5e-2)
    end
    local low, high, ends = mf.prove.interval { d = 40, activation = paper }
    assert.is_true(select(2, ball(low)) <= 0.5e-10 and select(2, ball(high)) <= 0.5e-10)
    encloses(low, 0.02981612020, 1e-9)
    encloses(high, 0.43101273884, 1e-9)
    for _, name in ipairs { "low", "high" } do
      assert.is_true(lemma1 { d = 40, delta = ends[name].holds, activation = paper }.proved)
      assert.is_false(lemma1 { d = 40, delta = ends[name].fails, activation = paper }.proved)
    end
  end)

  it("ends at 0 and at the closed form of Delta_inf for d = inf, to 30 digits", function()
    local folder = process.folder()
    local low, high, ends = mf.prove.interval { d = math.huge, activation = paper, digits = 30,
      certificates = folder .. "/inf" }
    -- (s_+ - s_-)/(s_+ + s_-) with E sigma(s_+- G) = +-1, where one sphere has risk 0 (tests/core/proof.c)
    local closed = "0.4742189515136238146669046726187827326607"
    assert.is_true(ends.high.holds < closed and closed < ends.high.fails) -- as texts of 32 decimals
    assert.equal(#"0." + 32, #ends.high.holds)
    assert.is_true(select(2, ball(high)) <= 0.5e-30)
    assert.equal(closed:sub(1, 31), high:sub(2, 32))
    assert.equal("0", low)
    assert.is_true(ends.low.all_below)
    for _, name in ipairs { "low.holds", "high.holds", "high.fails" } do
      assert.is_true((mf.prove.check(folder .. "/inf." .. name)), name)
    end
    assert.matches("every delta in %(0, ", select(2, mf.prove.check(folder .. "/inf.low.holds")))
  end)

  it("says that there is none for d = 10; for d = 13 the lemma is proved at 0.2", function()
    local low, high, ends = mf.prove.interval { d = 10, activation = paper }
    assert.same({ nil, nil, 0 }, { low, high, ends.proofs })
    assert.is_true(lemma1 { d = 13, delta = "0.2", activation = paper }.proved)
  end)
end)

describe("mf.prove.optimum", function()
  local function optimum(d, delta)
    local law = mf.distribution.isotropic { d = d < math.huge and d or 2, delta = delta }
    return mf.optimum { potential = mf.potential.radial { distribution = law, activation = paper, d = d } }
  end

  it("bounds all risks below by a number within the optimum's own gap, and the optimum's risk above", function()
    for _, case in ipairs { { 40, 0.3 }, { 40, 0.8 }, { math.huge, 0.6 }, { 320, 0.2 } } do
      local best = optimum(table.unpack(case))
      local bound = mf.prove.optimum(best)
      assert.is_true(bound.proved)
      encloses(bound.upper, best.risk, 1e-9)
      local lower, upper = ball(bound.lower), ball(bound.upper)
      assert.is_true(lower <= upper and bound.gap >= upper - lower - 1e-15)
      assert.is_true(bound.gap <= 3 * best.gap + 1e-10)
    end
  end)

  it("is the proved risk of one sphere where Lemma 1 holds", function()
    local proof = lemma1 { d = 40, delta = 0.3, activation = paper }
    local bound = mf.prove.optimum(optimum(40, 0.3))
    assert.is_true(ball(bound.lower) <= ball(proof.risk) + 1e-14)
    assert.is_true(ball(proof.risk) <= ball(bound.upper) + 1e-14)
    assert.near(ball(proof.risk), ball(bound.lower), 1e-8)
  end)

  it("refuses what is no optimum of a radial potential", function()
    assert.has_error(function() mf.prove.optimum {} end)
    assert.is_nil(mf.prove.optimum(optimum(40, 0.3), { bits = 16, slack = 1e-12 }).proved)
  end)
end)
