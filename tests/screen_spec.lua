-- Figures that are only looked at: sixels where the terminal says that it draws them, braille elsewhere, and never
-- a question or an answer as garbage on the screen.
local process = require "tests.process"
local quote = process.quote

local draw = [[mf = require "meanfield" fig = mf.plot { title = "TITLE" }:line({ 1, 2 }, { 1, 3 }) ]]
local question, braille, picture = "\27[c", "⠀", "\27P.-\27\\"

-- What a terminal of its own shows of a script, if it answers `answer` (nil: nothing) to the question.
local function shown(script, answer, environment)
  local folder = process.folder()
  process.write_file(folder .. "/s.lua", script .. " print 'ready' print('got <' .. io.read() .. '>')")
  local terminal = process.terminal(("export TERM=xterm; %s %s %s/s.lua; echo; echo over"):format(environment or "",
                                    quote(process.host), folder))
  local function all() return process.read_file(terminal.out) end
  local answered, typed
  for _ = 1, 1500 do
    if answer and not answered and all():find(question, 1, true) then
      terminal:type(answer)
      answered = true
    end
    if not typed and all():find "ready\r?\n" then
      terminal:type "key\n"
      typed = true
    end
    if all():find "\nover\r?\n" then break end
    os.execute "sleep 0.02"
  end
  terminal:close()
  local text = all()
  assert.truthy(text:find("got <key>", 1, true), text) -- nothing of the answer is left to be read
  return text, select(2, text:gsub("\27%[c", ""))
end

describe("figure:show", function()
  teardown(process.clean)

  it("draws sixels on a terminal that names them among its attributes, and asks once", function()
    local text, asked = shown(draw .. "fig:show() print 'between' fig:show()", "\27[?62;4;22c")
    assert.equal(1, asked)
    local pictures = select(2, text:gsub(picture, ""))
    assert.equal(2, pictures)
    assert.falsy(text:find(braille, 1, true))
    local width, height = text:match '\27P[%d;]*q"1;1;(%d+);(%d+)'
    -- The terminal of `script` has no size: 80 x 24 characters of 8 x 16 pixels, of which four fifths in height.
    assert.truthy(tonumber(height) <= 0.8 * 384 and tonumber(height) > 0.75 * 384, height)
    assert.near(245 / 181, width / height, 0.02) -- the shape of the page
    assert.truthy(text:find(";2;100;100;100", 1, true), "white paper")
    assert.falsy(text:find("?62;4", 1, true), "the answer is not echoed")
  end)

  it("draws braille on terminals that do not, that keep silent, and where it is asked to", function()
    for _, case in ipairs { { "\27[?1;2c", 1 }, { "\27[?64;14;40;44c", 1 }, { nil, 1 },
                            { nil, 0, "MEANFIELD_GRAPHICS=braille" }, { nil, 0, "TERM=dumb" } } do
      local text, asked = shown(draw .. "fig:show()", case[1], case[3] and "export " .. case[3] .. ";")
      assert.equal(case[2], asked, case[3])
      assert.truthy(text:find(braille, 1, true))
      assert.falsy(text:find "\27P" or text:find("[?", 1, true), text)
    end
    local text, asked = shown(draw .. "fig:show { lines = 8 } fig:show { graphics = 'braille' }")
    assert.equal(0, asked)
    assert.truthy(text:find(braille, 1, true) and not text:find "\27P")
  end)

  it("asks nothing in a pipe, in the background, and when something has been typed ahead", function()
    local pipe = process.run(quote(process.host) .. " -e " .. quote(draw .. "fig:show()"))
    assert.falsy(pipe.out:find "\27" or pipe.err:find "\27")
    assert.truthy(pipe.out:find(braille, 1, true))
    local folder = process.folder()
    process.write_file(folder .. "/s.lua", draw .. "fig:show()")
    local terminal = process.terminal(("export TERM=xterm; set -m; %s %s/s.lua & wait; echo over"):format(
      quote(process.host), folder))
    terminal:wait "over"
    terminal:close()
    local text = process.read_file(terminal.out)
    assert.truthy(text:find(braille, 1, true) and not text:find(question, 1, true), text)
    terminal = process.terminal("export TERM=xterm; echo ready; sleep 0.5; " .. quote(process.host) .. " -e "
                                .. quote(draw .. "fig:show() print('got ' .. io.read())"))
    terminal:wait "ready"
    terminal:type "typed\n"
    terminal:wait "got typed"
    terminal:close()
    assert.falsy(process.read_file(terminal.out):find(question, 1, true))
  end)

  it("draws what is asked for by name, or says why not", function()
    local pipe = process.run(quote(process.host) .. " -e " .. quote(draw .. "fig:show { graphics = 'sixel' }"))
    assert.matches('^\27P[%d;]*q"1;1;%d+;%d+', pipe.out)
    local poor = "d=$(mktemp -d); ln -s $(command -v gnuplot) $(command -v sh) $d; PATH=$d %s -e %s; rm -r $d"
    local missing = process.run(poor:format(quote(process.host), quote(draw .. "fig:show { graphics = 'sixel' }")))
    assert.matches("figure:show: img2sixel failed", missing.err)
    local wrong = process.run(quote(process.host) .. " -e " .. quote(draw .. "fig:show { graphics = 'kitty' }"))
    assert.matches("figure:show: .*graphics", wrong.err)
  end)
end)
