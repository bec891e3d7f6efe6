-- The documents as HTML: every page is there, every link and anchor leads somewhere, and code leads to its explanation.
local process = require "tests.process"
local quote, run, read = process.quote, process.run, process.read_file

local folder = process.build .. "/html"

local function unescaped(text)
  text = text:gsub("&quot;", '"'):gsub("&#39;", "'"):gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&amp;", "&")
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- { text =, ids = { id = true }, links = { address } } of each page, by its name.
local function read_pages()
  local pages = {}
  for name in process.output("ls " .. quote(folder)):gmatch "([%w-]+%.html)\n" do
    local page = { text = read(folder .. "/" .. name), ids = {}, links = {} }
    for id in page.text:gmatch ' id="([^"]*)"' do
      assert.falsy(page.ids[id], name .. " has two places with the id " .. id)
      page.ids[unescaped(id)] = true
    end
    for _, attribute in ipairs { "href", "src" } do
      for link in page.text:gmatch(" " .. attribute .. '="([^"]*)"') do table.insert(page.links, unescaped(link)) end
    end
    pages[name] = page
  end
  return pages
end

if process.sanitized then return end -- the documents are the same in every build

describe("documents as HTML", function()
  local pages

  setup(function()
    local built = run("cmake --build " .. quote(process.build) .. " --target html")
    assert.equal(0, built.code, built.out .. built.err)
    pages = read_pages()
  end)

  teardown(process.clean)

  it("have a page for every document, and each page names all others", function()
    local names = { "index.html", "changelog.html", "experiments.html", "meanfield.html" }
    for name in process.output "ls docs/*.md":gmatch "docs/([%w-]+)%.md\n" do names[#names + 1] = name .. ".html" end
    assert.truthy(#names >= 13)
    for _, name in ipairs(names) do
      local page = assert(pages[name], name .. " is missing")
      assert.matches("<title>[^<]+</title>", page.text)
      local known = {}
      for _, link in ipairs(page.links) do known[link] = true end
      for _, other in ipairs(names) do assert.truthy(known[other], name .. " does not lead to " .. other) end
    end
  end)

  it("have no link and no anchor that leads nowhere", function()
    local links, anchors = 0, 0
    for name, page in pairs(pages) do
      for _, link in ipairs(page.links) do
        if not link:find "^https?://" then
          local file, anchor = link:match "^([^#]*)#?(.*)$"
          local target = file == "" and page or pages[file]
          assert.truthy(target or read(folder .. "/" .. file), name .. ": " .. link)
          links = links + 1
          if anchor ~= "" then
            assert.truthy(target.ids[anchor], name .. ": " .. link)
            anchors = anchors + 1
          end
        end
      end
    end
    assert.truthy(links > 1000 and anchors > 300, links .. " links, " .. anchors .. " anchors")
  end)

  it("show every figure of the documents", function()
    local count = 0
    for path in process.output "cat README.md docs/*.md":gmatch "!%[[^%]]*%]%(([^)]+)%)" do
      local image = path:match "images/.+"
      local shown = false
      for _, page in pairs(pages) do shown = shown or page.text:find('src="' .. image .. '"', 1, true) end
      assert.truthy(shown, path)
      assert.equal(read("docs/" .. image), read(folder .. "/" .. image))
      count = count + 1
    end
    assert.truthy(count >= 1)
  end)

  it("lead from code to documents, experiments and the reference, and not within links", function()
    local guide, equations, index = pages["guide.html"].text, pages["equations.html"].text, pages["index.html"].text
    assert.matches('<a href="api.html#mf.pde.particles"><code[^>]*>mf.pde.particles</code></a>', guide)
    assert.matches('<a href="api.html#sgd:advance"><code[^>]*>sgd:advance%(t%)</code></a>', equations)
    assert.matches('<a href="experiments.html#fig1"><code[^>]*>experiments/fig1.lua</code></a>', equations)
    assert.matches('<a href="guide.html"><code[^>]*>docs/guide.md</code></a>', index)
    for name, page in pairs(pages) do assert.is_nil(page.text:match "<a [^>]*>[^<]*<code[^>]*><a ", name) end
  end)

  -- What the filter makes of a document with this text.
  local function filtered(text)
    local path = process.folder() .. "/page.md"
    process.write_file(path, text)
    local pandoc = "pandoc --from=gfm --lua-filter=docs/html/filter.lua --metadata=pages:'docs/guide.md %s' %s"
    return run(pandoc:format(path, path))
  end

  it("are not made of a document with a link that leads nowhere", function()
    assert.matches('href="https://debian.org"', filtered("# A\n\n[b](https://debian.org)\n").out, 1, true)
    local result = filtered "# A\n\nSee [b](gone.md).\n"
    assert.not_equal(0, result.code)
    assert.truthy(result.err:find("the link 'gone.md' leads nowhere", 1, true), result.err)
  end)
end)
