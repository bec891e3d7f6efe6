-- figure:show(): where a figure goes that is only looked at. To a notebook, if one has put itself here; to a
-- terminal that draws sixels (xterm, mlterm, foot, wezterm, tmux 3.4) as pixels; else in braille dots.

local braille = require "meanfield.plot.braille"
local native = require "meanfield.native"
local options = require "meanfield.options"

local screen = {}

screen.fields = table.move(braille.fields, 1, #braille.fields, 2, {
  { "graphics", "enum", "auto", values = { "auto", "sixel", "braille" },
    text = "sixel: pixels; braille: dots in characters; auto: sixel where the terminal says that it draws it, and "
           .. "neither columns, lines nor color is given" } })

screen.display = nil -- function(figure) of a notebook

local MOST_DOTS, SHARE = 144, 0.8 -- to the inch; of the screen's height, so that the prompt stays in sight
local PIPE = { width = 640, height = 480 }

-- The figure in sixels, made from a PNG by libsixel's program; nil and a message if there is none.
local function sixels(figure, terminal)
  local function dots(page)
    return math.floor(math.min(MOST_DOTS, 72 * terminal.width / page.width, 72 * SHARE * terminal.height / page.height))
  end
  local png, message = require "meanfield.plot.paper".bytes(figure, "png", dots)
  if not png then return nil, message end
  local path = os.tmpname()
  local ok, reason = native.file.replace(path, png)
  local pipe = ok and io.popen(("img2sixel -d none %s 2>/dev/null"):format(path))
  local text = pipe and pipe:read "a" or ""
  if pipe then pipe:close() end
  os.remove(path)
  if not text:find "^\27P.*\27\\%s*$" then return nil, reason or "img2sixel failed (Debian's libsixel-bin)" end
  return (text:gsub(";2;97;97;97%f[^%d]", ";2;100;100;100")) -- five bits of a colour are kept, of white too
end

local function wants_braille(given)
  local choice = os.getenv "MEANFIELD_GRAPHICS"
  return given.columns or given.lines or given.color ~= nil or choice == "braille"
end

-- Text that shows the figure on this terminal. What was asked for by name is done or is an error.
local function text_of(figure, given)
  local read = options.read("figure:show", given, screen.fields)
  local graphics = read.graphics
  read.graphics = nil
  if graphics == "braille" or graphics == "auto" and wants_braille(read) then return braille.text(figure, read) end
  local terminal = native.process.terminal() or PIPE
  local text, message
  if terminal.sixel or graphics == "sixel" then text, message = sixels(figure, terminal) end
  if not text and graphics == "sixel" then options.raise("figure:show: %s", message) end
  return text and text .. "\n" or braille.text(figure, read)
end

function screen.show(figure, given)
  if screen.display and given == nil then return screen.display(figure) end
  io.stdout:write(text_of(figure, given))
end

return screen
