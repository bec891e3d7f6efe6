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

-- `text` of an SVG file as an element of a page. alt: what it shows, for those who do not see it.
function figure.inline(text, prefix, alt)
  local svg = text:match "<svg.*</svg>" or ""
  svg = rename(svg, prefix):gsub("<title>.-</title>", ""):gsub("<desc>.-</desc>", "")
  local width = tonumber(svg:match '%swidth="([%d.]+)in"') or 7
  svg = svg:gsub('%swidth="[^"]*"%s+height="[^"]*"', "", 1)
  return (svg:gsub("^<svg", function()
    return ('<svg role="img" aria-label="%s" style="width:100%%;max-width:%.0fpx;min-width:%.0fpx"'):format(alt,
           128 * width, math.min(96 * width, 520))
  end))
end

return figure
