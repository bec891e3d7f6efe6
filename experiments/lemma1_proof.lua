-- Lemma 1, proved: the ends of the interval of Delta for which one sphere is the best of all laws of
-- neurons, enclosed in ball arithmetic with a proof on both sides of each (docs/proofs.md).
--
-- The certificates lie beside the figure, for ./meanfield check. For d = inf the low end is 0 (one proof for
-- all small Delta), the high end has a closed form.
local mf  = require "meanfield"
local run = mf.experiment { name = "lemma1_proof", columns = { "d", "low", "high", "radius", "seen" },
  claim = "One sphere is optimal in an interval of Δ; for d = ∞ it ends near 0.47.",
  options = { d = { 20, 40, 80, 160, 320, 640, math.huge }, digits = 10, curve = 60, dmax = 2000 },
  quick   = { d = { 40, 320, math.huge }, curve = 8 } }

local sigma = mf.activation.piecewise { {0.5, -2.5}, {1.5, 7.5} }
local known = { [20] = { 0.0720951678, 0.3776266935 }, [40] = { 0.0298161202, 0.4310127388 },
                [320] = { 0.0032740490, 0.4691482848 }, [math.huge] = { 0, 0.474218951513623814 } } -- closed form

-- Middle and radius of an enclosure: '[0.25 +/- 1e-11]', or a number that is meant exactly.
local function ball(text)
  local middle, radius = tostring(text):match "^%[(%S+) %+/%- (%S+)%]$"
  return tonumber(middle or text) or 0/0, tonumber(radius) or 0
end

-- Both ends; nan where the certificates are not accepted by the checker.
local function prove(d)
  local base, good = ("%s/d=%.0f"):format(run.out, d), true
  local low, high, ends = mf.prove.interval { d = d, activation = sigma, digits = run.digits, certificates = base }
  for _, name in ipairs { ".low.holds", ".high.holds", ".high.fails", d < math.huge and ".low.fails" or nil } do
    good = good and mf.prove.check(base .. name)
  end
  return { low = good and low, high = good and high, boxes = ends.boxes, proofs = ends.proofs }
end

local function seen(d) return { mf.stability.interval { d = d, activation = sigma, tol = 1e-9 } } end

local dims, low, high, dots, off = {}, {}, {}, { x = {}, y = {} }, 0
local proofs, rough = mf.sweep(run.d, prove), mf.sweep(run.d, seen)
for i, d in ipairs(run.d) do
  local l, rl = ball(proofs[i].low)
  local h, rh = ball(proofs[i].high)
  print(("d = %4.0f   low %-34s high %s"):format(d, proofs[i].low, proofs[i].high))
  run:record { d = d, low = l, high = h, radius = math.max(rl, rh), boxes = proofs[i].boxes, proofs = proofs[i].proofs,
               seen = math.max(math.abs(l - rough[i][1]), math.abs(h - rough[i][2])) }
  if known[d] then off = off + math.abs(l - known[d][1]) + math.abs(h - known[d][2]) end
  if d < math.huge then table.move({ d, d }, 1, 2, #dots.x + 1, dots.x) end
  if d < math.huge then table.move({ l, h }, 1, 2, #dots.y + 1, dots.y) end
end
for i = 0, run.curve do dims[i + 1] = math.floor(13 * (run.dmax / 13) ^ (i / run.curve) + 0.5) end
for i, r in ipairs(mf.sweep(dims, seen)) do low[i], high[i] = r[1], r[2] end

local fig = mf.plot { xlabel = "d", ylabel = "Δ", xlog = true, xrange = { 10, run.dmax }, yrange = { 0, 0.55 } }
fig:band(dims, low, high, { label = "one sphere is optimal (seen)" })
fig:line(dims, high, { label = "Δ_d^h" })
fig:line(dims, low, { label = "Δ_d^l" })
fig:points(dots.x, dots.y, { symbol = "disc", size = 0.7, color = "black", label = "proved to 10 digits" })
fig:hline(ball(proofs[#run.d].high), { label = "Δ_∞, proved", dash = "dashed" })

run:check("known ends, those of accepted certificates", off, "<", 1e-9)
run:check("ends are enclosed to the digits asked for", run:max "radius", "<", 1e-10)
run:check("proofs and searches see the same ends", run:max "seen", "<", 1e-8)
run:save(fig)
