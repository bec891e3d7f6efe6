-- Lemma 1: for which Delta is the uniform law on one sphere the best of all laws of neurons?
-- Both ends of the interval (Delta_d^l, Delta_d^h) against d, and their limit at d = inf.
--
-- The inequality of the lemma is tested on the closed half-line: for every finite d it fails
-- first at r = inf, beyond both ends; only in the limit do r = 0 and r = inf fail together.
-- For small d there is no such Delta at all.
local mf  = require "meanfield"
local run = mf.experiment { name = "lemma1", columns = { "d", "low", "high" },
  options = { d = { 10, 20, 40, 80, 160, 320, 640, math.huge }, curve = 60, dmax = 2000, tol = 1e-8 },
  quick   = { curve = 24 }, claim = "One sphere is optimal in an interval of Δ; for d = ∞ it ends near 0.47." }

local sigma = mf.activation.piecewise { {0.5, -2.5}, {1.5, 7.5} }

local function interval(d)
  local low, high, ends = mf.stability.interval { d = d, activation = sigma, tol = run.tol }
  return { low = low or 0/0, high = high or 0/0, error = math.max(ends.low.error, ends.high.error),
           low_at = ends.low.at or 0/0, high_at = ends.high.at or 0/0 }
end

-- The curve: dimensions even on a logarithmic scale; the first with an interval is 13.
local dims = {}
for i = 0, run.curve do
  local d = math.floor(13 * (run.dmax / 13) ^ (i / run.curve) + 0.5)
  if d ~= dims[#dims] then dims[#dims + 1] = d end
end
local results = mf.sweep(table.move(run.d, 1, #run.d, #dims + 1, { table.unpack(dims) }), interval)

local low, high = {}, {}
for i = 1, #dims do low[i], high[i] = results[i].low, results[i].high end
local seen, dots, limit = {}, { x = {}, y = {} }, interval(math.huge).high
for i, d in ipairs(run.d) do
  local r = results[#dims + i]
  run:record { d = d, low = r.low, high = r.high, low_at = r.low_at, high_at = r.high_at, error = r.error }
  seen[d] = r
  if d < math.huge and r.low == r.low then
    table.move({ d, d }, 1, 2, #dots.x + 1, dots.x)
    table.move({ r.low, r.high }, 1, 2, #dots.y + 1, dots.y)
  end
end

local fig = mf.plot { xlabel = "d", ylabel = "Δ", xlog = true, xrange = { 10, run.dmax }, yrange = { 0, 0.55 } }
fig:band(dims, low, high, { label = "one sphere is optimal" })
fig:line(dims, high, { label = "Δ_d^h" })
fig:line(dims, low, { label = "Δ_d^l" })
fig:points(dots.x, dots.y, { symbol = "disc", size = 0.7, color = "black", label = "d of the table" })
fig:line({ dims[1], dims[1] }, { low[1], high[1] }, { dash = "dotted", color = "gray", width = 0.7,
                                                    label = ("no such Δ for d < %d"):format(dims[1]) })
fig:hline(limit, { label = "Δ_∞", dash = "dashed" })

run:check("the limit is that of the paper (about 0.47)", math.abs(limit - 0.4742190), "<", 1e-6)
if seen[40] then
  run:check("d = 40: lower end", math.abs(seen[40].low - 0.029816), "<", 1e-6)
  run:check("d = 40: upper end", math.abs(seen[40].high - 0.431013), "<", 1e-6)
end
run:check("the upper end rises to the limit like 1/d", (limit - high[#dims]) * dims[#dims], "<", 2)
run:check("ends are as accurate as asked for", run:max "error", "<=", run.tol)
run:save(fig)
