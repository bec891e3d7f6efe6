-- The numbers of a figure as a tree for mf.store, and a figure from such a tree.
--
-- A group for each panel and in it for each series, inset and text; options and looks are attributes,
-- columns are arrays. What is empty or not set is left out.

local fields = require "meanfield.plot.fields"
local options = require "meanfield.options"
local Panel = require "meanfield.plot.series"

local data = {}

-- The columns a series needs, and those it may have; all of them as long as the first unless `free`.
local columns = {
  line = { "x", "y" }, points = { "x", "y" }, band = { "x", "ylow", "yhigh" }, histogram = { "x", "y" },
  density = { "x", "y" }, vline = { "x" }, hline = { "y" }, image = { "x", "y", "z" }, contour = { "x", "y", "z" },
}
local more = { points = { "xlow", "xhigh", "ylow", "yhigh" }, histogram = { "mass" }, density = { "mass_x", "mass" },
               contour = { "levels", "names" } }
local looks = { kind = "", label = "", color = "", dash = "", symbol = "", map = "", zlabel = "", width = 0, size = 0,
                opacity = 0, zlow = 0, zhigh = 0, filled = true, law = true, bar = true, zlog = true }

local function put(tree, name, value)
  if type(value) == "table" then
    if #value > 0 then tree[name] = value end
  elseif value ~= nil and value ~= "" then
    tree.attributes[name] = value
  end
end

-- ---- to a tree ------------------------------------------------------------------------------

local function put_ticks(tree, name, ticks)
  local values, labels, named = {}, {}, false
  for i, tick in ipairs(ticks or {}) do
    values[i], labels[i] = tick, ""
    if type(tick) == "table" then values[i], labels[i], named = tick[1], tick[2] or "", true end
  end
  put(tree, name, values)
  if ticks and #ticks == 0 then tree.attributes[name .. "_none"] = true end
  if named then put(tree, name .. "_labels", labels) end
end

local function series_tree(s)
  local tree = { attributes = {} }
  for name in pairs(looks) do put(tree, name, s[name]) end
  for _, list in ipairs { columns[s.kind], more[s.kind] or {} } do
    for _, name in ipairs(list) do put(tree, name, s[name]) end
  end
  return tree
end

local function panel_tree(panel)
  local tree = { attributes = {} }
  for _, field in ipairs(panel.fields) do
    local name = field[1]
    if name == "xticks" or name == "yticks" then
      put_ticks(tree, name, panel.options[name])
    elseif name ~= "palette" and panel.given[name] ~= nil then
      put(tree, name, panel.options[name])
    end
  end
  for i, s in ipairs(panel.series) do tree["series_" .. i] = series_tree(s) end
  for i, t in ipairs(panel.texts) do
    tree["text_" .. i] = { attributes = {} }
    for _, name in ipairs { "x", "y", "text", "color", "align", "fraction", "size" } do
      put(tree["text_" .. i], name, t[name])
    end
  end
  for i, inset in ipairs(panel.insets) do tree["inset_" .. i] = panel_tree(inset) end
  return tree
end

function data.tree(figure)
  local tree = { attributes = {} }
  for _, name in ipairs { "title", "width", "height", "rows", "columns", "font", "fontsize" } do
    put(tree, name, figure[name])
  end
  for i, panel in ipairs(figure.panels) do tree["panel_" .. i] = panel_tree(panel) end
  return tree
end

-- ---- from a tree ----------------------------------------------------------------------------

local where = "mf.plot.from"

local function list_of(name, value)
  if type(value) == "table" and type(value[1]) == "string" then return value end
  return options.numbers(where, name, value)
end

-- A value as the type of `like`: files may hold a boolean as 0 or 1.
local function typed(path, name, value, like)
  if type(like) == "boolean" and (value == 0 or value == 1) then value = value == 1 end
  if type(value) ~= type(like) then
    options.raise("%s: %s.%s must be a %s, got %s", where, path, name, type(like), options.shown(value))
  end
  return value
end

local function group(path, tree)
  if type(tree) ~= "table" then
    options.raise("%s: '%s' must be a group, got %s", where, path, options.shown(tree))
  end
  if tree.attributes ~= nil and type(tree.attributes) ~= "table" then
    options.raise("%s: the attributes of '%s' must be a table, got %s", where, path, options.shown(tree.attributes))
  end
  return tree.attributes or {}
end

local function series_from(path, tree)
  local s, attributes = {}, group(path, tree)
  for name, like in pairs(looks) do
    if attributes[name] ~= nil then s[name] = typed(path, name, attributes[name], like) end
  end
  if not columns[s.kind] then
    options.raise("%s: %s.kind is %s, no kind of series", where, path, options.shown(s.kind))
  end
  s.label, s.zlabel = s.label or "", s.zlabel or s.map and "" or nil
  for _, list in ipairs { columns[s.kind], more[s.kind] or {} } do
    for _, name in ipairs(list) do
      if tree[name] ~= nil then s[name] = list_of(path .. "." .. name, tree[name]) end
    end
  end
  for _, name in ipairs(columns[s.kind]) do s[name] = s[name] or {} end
  if s.kind == "density" then s.mass_x, s.mass = s.mass_x or {}, s.mass or {} end
  if s.kind == "contour" then s.levels, s.names = s.levels or {}, s.names or {} end
  local n, first = #s[columns[s.kind][1]], columns[s.kind][1]
  for _, name in ipairs { "y", "ylow", "yhigh", "xlow", "xhigh" } do
    if s[name] and not s.z and #s[name] ~= n then
      options.raise("%s: %s.%s has %d values but %s has %d", where, path, name, #s[name], first, n)
    end
  end
  if s.z and #s.z ~= n * #s.y then options.raise("%s: %s.z has %d values, expected %d", where, path, #s.z, n * #s.y) end
  return s
end

local function given_options(path, tree, list)
  local given, attributes = {}, group(path, tree)
  for _, field in ipairs(list) do
    local name, kind = field[1], field[2]
    local value = attributes[name]
    if kind == "boolean" and (value == 0 or value == 1) then value = value == 1 end
    if kind == "range" and tree[name] then value = list_of(path .. "." .. name, tree[name]) end
    if kind == "table" and tree[name] then
      local labels = tree[name .. "_labels"]
      value = {}
      for i, v in ipairs(list_of(path .. "." .. name, tree[name])) do
        value[i] = labels and labels[i] ~= "" and { v, labels[i] } or v
      end
    end
    if attributes[name .. "_none"] then value = {} end
    given[name] = value
  end
  return given
end

local function numbered(tree, prefix)
  local i = 0
  return function()
    i = i + 1
    if tree[prefix .. i] ~= nil then return i, tree[prefix .. i] end
  end
end

local function fill_panel(panel, path, tree)
  for i, item in numbered(tree, "series_") do
    panel.series[i] = Panel.finish(panel, series_from(("%s.series_%d"):format(path, i), item))
  end
  for i, item in numbered(tree, "text_") do
    local a = group(("%s.text_%d"):format(path, i), item)
    panel:text(a.x, a.y, a.text or "", { align = a.align, fraction = a.fraction == true or a.fraction == 1,
                                         size = a.size, color = a.color })
  end
  for i, item in numbered(tree, "inset_") do
    local name = ("%s.inset_%d"):format(path, i)
    fill_panel(panel:inset(given_options(name, item, fields.inset)), name, item)
  end
end

-- Fills a figure made by `make(options)` from a tree of data.tree.
function data.figure(tree, make)
  local attributes, given, count = group("figure", tree), {}, 0
  for _, name in ipairs { "title", "width", "height", "rows", "columns", "font", "fontsize" } do
    given[name] = attributes[name]
  end
  for i in numbered(tree, "panel_") do count = i end
  if count == 0 then options.raise("%s: there is no group 'panel_1'", where) end
  given.panels = count
  local figure = make(given)
  for i, item in numbered(tree, "panel_") do
    local path = "panel_" .. i
    Panel.merge(figure.panels[i], where, given_options(path, item, fields.panel))
    fill_panel(figure.panels[i], path, item)
  end
  return figure
end

return data
