-- The report: one page without any other file, with every experiment's figures beside what it shows, its checks, its
-- numbers, its time and its origin.

local bundle = require "meanfield.run.bundle"
local checks = require "meanfield.run.checks"
local figure = require "meanfield.report.figure"
local options = require "meanfield.options"
local style = require "meanfield.report.style"
local native = require "meanfield.native"

local ROWS = 40 -- of a table; of more an even selection

local function escaped(text)
  return (tostring(text):gsub('[&<>"]', { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

-- format:format(...), with strings among the arguments escaped.
local function html(format, ...)
  local list = { ... }
  for i, value in ipairs(list) do if type(value) == "string" then list[i] = escaped(value) end end
  return format:format(table.unpack(list))
end

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

local function duration(seconds)
  if seconds < 60 then return (seconds < 10 and "%.1f s" or "%.0f s"):format(seconds) end
  if seconds < 3600 then return ("%d min %d s"):format(seconds // 60, math.floor(seconds % 60)) end
  return ("%d h %d min"):format(seconds // 3600, seconds % 3600 // 60)
end

-- ---- parts of a section ------------------------------------------------------------------------

local function badge(good, word)
  return html('<span class="verdict %s">%s</span>', good and "pass" or "fail", word or good and "pass" or "FAIL")
end

-- The SVG files of a run: NAME.svg, NAME-suffix.svg, in their order. And whether they need the whole width.
local function figures(job)
  local parts, names, whole = {}, {}, false
  for _, file in ipairs(native.file.list(job.folder) or {}) do
    if file == job.name .. ".svg" or file:sub(1, #job.name + 1) == job.name .. "-" and file:find "%.svg$" then
      names[#names + 1] = file
    end
  end
  table.sort(names)
  for i, file in ipairs(names) do
    local text = read(job.folder .. "/" .. file)
    if text then
      local svg, wide = figure.inline(text, ("%s-%d-"):format(job.name, i), escaped("figure of " .. job.name))
      parts[#parts + 1], whole = "<figure>" .. svg .. "</figure>", whole or wide
    end
  end
  return table.concat(parts, "\n"), whole
end

local function check_table(run)
  local rows = {}
  for i, check in ipairs(run.checks) do
    local numbers = check.op and html("%s %s %s", checks.brief(check.value), check.op, checks.brief(check.bound)) or ""
    rows[i] = ('<tr><td>%s</td><td>%s</td><td class="number">%s</td></tr>'):format(badge(check.passed),
              escaped(check.name), numbers)
  end
  return '<table class="checks">' .. table.concat(rows, "\n") .. "</table>"
end

local function column_names(run)
  local header = (read(run.base .. ".tsv") or ""):match "\n([^#\n][^\n]*)\n" or ""
  local names = {}
  for name in header:gmatch "[^\t]+" do if run.columns[name] then names[#names + 1] = name end end
  return names
end

local function data_table(run)
  local names, rows = column_names(run), {}
  if #names == 0 then return "" end
  for i, name in ipairs(names) do rows[i] = html('<th class="number">%s</th>', name) end
  local lines, count = { "<tr>" .. table.concat(rows) .. "</tr>" }, math.min(run.rows, ROWS)
  for k = 1, count do
    local i = count == run.rows and k or 1 + math.floor((k - 1) * (run.rows - 1) / (count - 1) + 0.5)
    local cells = {}
    for c, name in ipairs(names) do
      local value = run.columns[name][i]
      cells[c] = html('<td class="number">%s</td>', (checks.brief(value)))
    end
    lines[#lines + 1] = "<tr>" .. table.concat(cells) .. "</tr>"
  end
  local note = count < run.rows and html("; %d of them here", count) or ""
  return ('<details><summary>Numbers: %d rows%s</summary><div class="wide"><table>%s</table></div></details>'):format(
         run.rows, note, table.concat(lines, "\n"))
end

local function option_list(run)
  local keys, parts = {}, {}
  for key in pairs(run.options) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = html('<dt class="mono">%s</dt><dd class="mono">%s</dd>', key, options.listed(run.options[key]))
  end
  return "<details><summary>Options</summary><dl>" .. table.concat(parts) .. "</dl></details>"
end

-- Times and machine of the last line of the log.
local function log_of(run)
  local last
  for line in (read(run.base .. ".log") or ""):gmatch "[^\n]+" do last = line end
  return last or ""
end

local function provenance(run)
  local log = log_of(run)
  local processor, wall, machine = log:match "([%d.]+) s of processor time, ([%d.]+) s in all; (.*)"
  local parts = { html('<dt>files</dt><dd class="mono">%s.tsv, .h5, .gp, ...</dd>', run.base),
                  html('<dt>version</dt><dd>meanfield %s, revision <span class="mono">%s</span></dd>',
                       run.meanfield or "?", run.revision or "?"),
                  html("<dt>run</dt><dd>%s</dd>", (run.time or ""):gsub("T", " "):gsub("Z", " UTC")) }
  if processor then
    parts[#parts + 1] = html("<dt>time</dt><dd>%s, %s of processor time</dd>", duration(tonumber(wall)),
                             duration(tonumber(processor)))
    parts[#parts + 1] = html("<dt>on</dt><dd>%s</dd>", machine)
  end
  return "<details open><summary>Where it comes from</summary><dl>" .. table.concat(parts) .. "</dl></details>",
         tonumber(wall), tonumber(processor)
end

-- ---- sections ---------------------------------------------------------------------------------------

-- "Fig. 1" of "Fig. 1: the law of r ...": the item of the paper with which a head begins, or nil.
local items = { Fig = true, Eq = true, Lemma = true, Theorem = true, Theorems = true, Proposition = true,
                Propositions = true }
local function title(head)
  local text = (head[1] or ""):match "^([^:]*):%s"
  return text and items[text:match "^%a+"] and #text < 40 and text or nil
end

-- What the paper says, by the script's `claim` or the first sentence of its head; then what it does.
local function claims(job, head)
  local parts, first, own = {}, bundle.sentence(head), job.run and job.run.claim
  local claim = own or title(head) and first:match "^[^:]*:%s*(.*)$"
  if claim then parts[1] = html('<p class="claim"><strong>The paper:</strong> %s</p>', claim) end
  for i, paragraph in ipairs(head) do
    if i == 1 and claim and not own then paragraph = paragraph:sub(#first + 1):match "^%s*(.*)" end
    if paragraph ~= "" then parts[#parts + 1] = html("<p>%s</p>", paragraph) end
  end
  return table.concat(parts, "\n")
end

local function died(job)
  return html('<p class="fail">The run has left no results; it ended with code %d and these words:</p><pre>%s</pre>',
              job.code, job.words:sub(-4000))
end

local function section(job)
  local head = bundle.head(read(job.script) or "")
  local name = title(head)
  local heading = (name and html("%s ", name) or "") .. html('<code>%s</code>', job.name) .. " " .. badge(job.good)
  if not job.run then
    return html('<section id="%s"><h2>', job.name) .. heading .. "</h2>" .. claims(job, head) .. died(job)
           .. "</section>"
  end
  local origin, wall, processor = provenance(job.run)
  local drawn, whole = figures(job)
  job.wall, job.processor = wall, processor
  return table.concat({
    html('<section id="%s"><h2>', job.name) .. heading .. "</h2>",
    wall and html('<p class="soft">%s, %s of processor time</p>', duration(wall), duration(processor)) or "",
    whole and drawn or "", '<div class="beside"><div>', whole and "" or drawn, whole and claims(job, head) or "",
    "</div><div>", whole and "" or claims(job, head), check_table(job.run), "</div></div>",
    data_table(job.run), option_list(job.run), origin, "</section>" }, "\n")
end

local function contents(jobs)
  local rows = {}
  for i, job in ipairs(jobs) do
    local good = 0
    for _, check in ipairs(job.run and job.run.checks or {}) do good = good + (check.passed and 1 or 0) end
    rows[i] = html('<tr><td><a href="#%s">%s</a></td><td>', job.name, job.name) .. badge(job.good)
      .. html('</td><td class="number">%d of %d</td><td class="number">%s</td></tr>', good,
              job.run and #job.run.checks or 0, job.wall and duration(job.wall) or "")
  end
  return '<nav class="wide"><table><tr><th>experiment</th><th></th><th class="number">checks</th>'
         .. '<th class="number">time</th></tr>' .. table.concat(rows, "\n") .. "</table></nav>"
end

-- Sentences about the whole.
local function summary(jobs, given)
  local good, passed, count, processor = 0, 0, 0, 0
  for _, job in ipairs(jobs) do
    good, processor = good + (job.good and 1 or 0), processor + (job.processor or 0)
    for _, check in ipairs(job.run and job.run.checks or {}) do
      passed, count = passed + (check.passed and 1 or 0), count + 1
    end
  end
  local v = native.versions()
  return html("<p>%d of %d experiments passed, %d of %d checks, in %s of processor time%s.</p>", good, #jobs, passed,
              count, duration(processor), given.quick and ", at the quick settings" or "")
    .. html('<p class="soft">%s, meanfield %s, Lua %s, GSL %s, OpenBLAS %s, HDF5 %s, on %s (%s).</p>',
            os.date "!%Y-%m-%d %H:%M UTC", v.meanfield, v.Lua, v.GSL, v.OpenBLAS, v.HDF5, v.CPU, v.isa)
end

-- The page as text. jobs: { name, script, folder, run (mf.results.load) or nil, good, code, words }.
return function(jobs, given)
  local sections = {}
  for i, job in ipairs(jobs) do sections[i] = section(job) end
  return table.concat({
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<title>meanfield: the paper, reproduced</title>", "<style>" .. style .. "</style>", "</head>\n<body>\n<main>",
    "<h1>A mean field view of two-layer neural networks, reproduced</h1>",
    "<p>The figures and numbered statements of Mei, Montanari and Nguyen (PNAS 2018), each by an experiment that "
    .. "states its claim as checks.</p>",
    summary(jobs, given), contents(jobs), table.concat(sections, "\n"), "</main>\n</body>\n</html>\n" }, "\n")
end
