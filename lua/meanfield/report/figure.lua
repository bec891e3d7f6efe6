-- A figure's SVG as a part of a page: without its prologue, with names of its own, as wide as there is room.

local figure = {}

-- Figures share no ids: one's symbols would be drawn as another's.
local function rename(svg, prefix)
  svg = svg:gsub("(%sid=)([\"'])([^\"']*)%2", function(key, quote, id) return key .. quote .. prefix .. id .. quote end)
  svg = svg:gsub("(href=)([\"'])#([^\"']*)%2", function(key, quote, id)
    return key .. quote .. "#" .. prefix .. id .. quote
  end)
  return (svg:gsub("url%(#([^)]*)%)", function(id) return "url(#" .. prefix .. id .. ")" end))
end

-- `text` of an SVG file as an element of a page, and whether it is so wide that nothing should stand beside it. alt:
-- what it shows, for those who do not see it. On a phone wide figures stay as wide as can be read, and scroll.
function figure.inline(text, prefix, alt)
  local svg = text:match "<svg.*</svg>" or ""
  svg = rename(svg, prefix):gsub("<title>.-</title>", ""):gsub("<desc>.-</desc>", "")
  local width = tonumber(svg:match '%swidth="([%d.]+)in"') or 7
  local height = tonumber(svg:match '%sheight="([%d.]+)in"') or 4
  svg = svg:gsub('%swidth="[^"]*"%s+height="[^"]*"', "", 1)
  local shape = width / height
  local least = shape > 2.7 and 700 or shape > 1.6 and 500 or 280
  return (svg:gsub("^<svg", function()
    return ('<svg role="img" aria-label="%s" style="width:100%%;max-width:%.0fpx;min-width:%.0fpx"'):format(alt,
           128 * width, least)
  end)), shape > 2.7
end

return figure
