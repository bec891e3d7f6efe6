-- filter.lua: a document as a page of HTML; pandoc runs it from the top of the tree, with the sources of all pages in
-- the metadata `pages` (cmake/html.cmake).
--
-- Links to documents become links to their pages. So does what stands in backquotes, where it names a document, an
-- experiment or a function of the reference. A link that leads nowhere stops the build and is named.
-- luacheck: read_globals pandoc PANDOC_STATE

local input, pages, reference = PANDOC_STATE.input_files[1], {}, {}

-- docs/guide.md -> guide.html
local function page_of(path)
  local name = path:match "([^/]+)%.%w+$"
  return name == "README" and "index.html" or name:lower() .. ".html"
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

-- The text that heads a page.
local function heading_of(path)
  if path:find "%.1$" then return "The command line" end
  for line in io.lines(path) do
    local text = line:match "^# (.+)"
    if text then return text end
  end
end

-- The name under which the reference explains `code`: mf.sgd{batch=} is mf.sgd, sgd:advance(t) is sgd:advance.
local function name_of(code)
  local name, rest = code:match "^(mf%.[%w_.]*[%w_])(.?)"
  if not name then name, rest = code:match "^([%a_]+:[%a_]+)(.?)" end
  return name and rest:find "^[%s({]?$" and name
end

-- The address of the page, or of the place in one, that a path or a word of code belongs to; nil if there is none.
local function address(code)
  if pages[code] then return pages[code] end
  local experiment = code:match "^experiments/([%w_]+)%.lua$"
  if experiment and exists(code) then return "experiments.html#" .. experiment end
  local name = name_of(code)
  return name and reference[name] and "api.html#" .. name
end

-- What a link of this document points at, among the pages.
local function target(link)
  if link:find "^%a[%w+.-]*:" or link:find "^#" then return link end
  local path, anchor = link:match "^([^#]*)(#?.*)$"
  path = ((input:match "^.*/" or "") .. path):gsub("[^/]+/%.%./", "")
  if path:find "^docs/images/" and exists(path) then return path:match "images/.+" end
  local found = address(path)
  if not found then error(("%s: the link '%s' leads nowhere"):format(input, link)) end
  return found .. anchor
end

-- ---- before all else: the pages and the reference -----------------------------------------------------

local function Meta(meta)
  local here, navigation = page_of(input), {}
  for path in pandoc.utils.stringify(meta.pages):gmatch "%S+" do
    pages[path] = page_of(path)
    navigation[#navigation + 1] = { page = pages[path], name = heading_of(path), here = pages[path] == here }
  end
  for line in io.lines "docs/api.md" do
    local name = name_of(line:match "^##+ `(.*)`" or "")
    if name then reference[name] = true end
  end
  meta.navigation, meta.pagetitle = navigation, heading_of(input)
  return meta
end

-- ---- from the top down, so that links, and the code in links and headings, are left as they are --------------

local taken = {}

-- A function's heading has its name as id, the first of a name; an experiment's that of the script; and those of a
-- manual page, which come without, their text.
local function Header(header)
  local page, text = page_of(input), pandoc.utils.stringify(header)
  local id = page == "api.html" and name_of(text) or page == "experiments.html" and text:match "^([%w_]+)%.lua$"
    or header.identifier == "" and text:lower():gsub("%W", "-")
  if id and not taken[id] then
    taken[id] = true
    header.identifier = id
  end
  return header, false
end

local function Code(code)
  local to = address(code.text)
  if #code.text <= 24 then code.classes:insert "short" end -- a line may end within longer ones
  if not to or to == page_of(input) then return code end
  return pandoc.Link({ code }, to), false
end

local function Link(link)
  link.target = target(link.target)
  return link, false
end

local function Image(image)
  image.src = target(image.src)
  return image
end

-- Wide tables scroll by themselves, not with the page.
local function Table(table) return pandoc.Div({ table }, { class = "wide" }) end

-- The template prints the document's own title, so that the contents of a page begin below it.
local function Pandoc(document)
  local first = document.blocks[1]
  local titled = first and first.tag == "Header" and first.level == 1
  document.meta.heading = titled and first.content or document.meta.pagetitle
  if titled then document.blocks:remove(1) end
  return document
end

return {
  { Meta = Meta },
  { traverse = "topdown", Header = Header, Code = Code, Link = Link, Image = Image },
  { Table = Table, Pandoc = Pandoc },
}
