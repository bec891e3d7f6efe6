-- Numbers in files and on the screen have a decimal point, whatever the locale.
local process = require "tests.process"
local quote, run = process.quote, process.run

-- A folder with a locale "comma": the system's C.UTF-8, but for the decimal mark.
local function make_locale()
  local folder = process.folder()
  os.execute(("cp -r /usr/lib/locale/C.utf8 %s/comma"):format(folder))
  local text = process.read_file(folder .. "/comma/LC_NUMERIC")
  local first = 1 + ("<I4"):unpack(text, 9) -- offset of the first string
  assert(text:sub(first, first) == ".")
  process.write_file(folder .. "/comma/LC_NUMERIC", text:sub(1, first - 1) .. "," .. text:sub(first + 1))
  return folder
end

-- The C library keeps what it makes of LOCPATH for good, which the leak checker reports: not ours to free.
local function with_locale(folder, program, script)
  local here = process.folder()
  process.write_file(here .. "/script.lua", script)
  return run(("cd %s && ASAN_OPTIONS=detect_leaks=0 LOCPATH=%s %s script.lua"):format(quote(here), folder, program))
end

describe("locale", function()
  local folder = make_locale()
  local host = quote(process.host)
  teardown(process.clean)

  it("of this test has a decimal comma, so that the tests below mean something", function()
    assert.equal("comma\t1,5\n", with_locale(folder, "lua5.4", "print(os.setlocale 'comma', 1.5)").out)
    assert.equal("comma\t1,5\n", with_locale(folder, host, "print(os.setlocale 'comma', 1.5)").out)
  end)

  it("set before or after require leaves the decimal point; other categories follow", function()
    for _, script in ipairs { "os.setlocale 'comma' require 'meanfield'", "require 'meanfield' os.setlocale 'comma'",
      "require 'meanfield' os.setlocale('comma', 'numeric')" } do
      assert.equal("1.5\t2.5\tC\n",
        with_locale(folder, host, script .. " print(1.5, tonumber '2.5', os.setlocale(nil, 'numeric'))").out)
    end
    local result = with_locale(folder, host, [[require 'meanfield'
      print(os.setlocale('comma', 'numeric'), os.setlocale('C', 'numeric'), os.setlocale('comma', 'collate'),
        os.setlocale 'nowhere', os.setlocale 'comma' ~= nil, os.setlocale(nil, 'ctype'))]])
    assert.equal("nil\tC\tcomma\tnil\ttrue\tcomma\n", result.out)
    assert.equal(1, with_locale(folder, host, "require 'meanfield' os.setlocale({})").code)
  end)

  it("changes no byte of what a run writes", function()
    local script = [[mf = require 'meanfield' %s
      run = mf.experiment { name = 'l', options = { x = 0.125 }, args = { '--out', '.' } }
      local law = mf.distribution.isotropic { d = 5, delta = 0.5 }
      local sgd = mf.sgd { distribution = law, activation = mf.activation.tanh(), N = 10, eps = 1e-3,
        init = mf.init.gaussian { kappa = 1.25 } }
      for i = 1, 3 do sgd:advance(i / 10) run:record { t = sgd.t, R = sgd:risk() } end
      local fig = mf.plot { xlabel = 't' }:points(run:column 't', run:column 'R')
      run:check('R', run:column 'R'[1], '>', 0.001)
      run:save(fig)
      io.open('f.gp', 'w'):write(require 'meanfield.plot.gnuplot'.script(fig, 'svg', 'f.svg')):close()
      print(sgd, pcall(mf.distribution.isotropic, { d = 5, delta = 1.5 }))
      os.execute 'cat l.tsv *.gp; md5sum *.h5 *.svg']]
    local expected = with_locale(folder, host, script:format "")
    local got = with_locale(folder, host, script:format "os.setlocale 'comma'")
    assert.matches("0.125", expected.out, 1, true)
    assert.equal(expected.out, got.out)
    assert.equal(expected.err, got.err)
  end)
end)
