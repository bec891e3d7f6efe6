-- figure:show(): where a figure goes that is only looked at. To a notebook, if one has put itself here; else
-- to the terminal, in braille dots.

local screen = {}

screen.display = nil -- function(figure) of a notebook

function screen.show(figure, given)
  if screen.display and given == nil then return screen.display(figure) end
  io.stdout:write(require "meanfield.plot.braille".text(figure, given))
end

return screen
