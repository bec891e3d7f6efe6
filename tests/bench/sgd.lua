-- Speed of SGD beside the matrix product: microseconds a step with sampling, useful GFLOP/s
-- (4 N d a step) and the ratio to gemm, measured in turns on one core of this machine.
--   meanfield tests/bench/sgd.lua [seconds a cell, default 0.5]
-- Minima over repeats: foreign load only ever adds. Nothing is asserted.
local mf = require "meanfield"

local budget, rounds = tonumber(arg[1] or 0.5), 40 -- short calls: a few of them run undisturbed
assert(budget and budget > 0, "usage: sgd.lua [seconds a cell]")
mf.threads(1)
for _, name in ipairs { "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE" } do
  if os.getenv(name) then print("warning: " .. name .. " is set; unset it, or gemm is not at its best") end
end
print(("isa %s, OpenBLAS kernels %s, one thread"):format(mf.isa(), (mf.blas())))

local sigma = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } }

local function run(d, N, o)
  return mf.sgd { distribution = mf.distribution.isotropic { d = d, delta = 0.8 }, activation = sigma, N = N,
                  init = mf.init.gaussian { kappa = 0.8 }, eps = 1e-6, precision = o.precision,
                  algorithm = o.algorithm, block = o.block, beta = o.beta, lambda = o.lambda }
end

-- Seconds of one call of f(n), n such that a call takes about budget / rounds; a closure that
-- repeats it and keeps the minimum per step.
local function stopwatch(f, start)
  local n, best = start, math.huge
  local function once()
    local from = mf._seconds()
    f(n)
    best = math.min(best, (mf._seconds() - from) / n)
    return best
  end
  once()
  n = math.max(start, math.floor(budget / rounds / best / start) * start)
  return once
end

-- Times several things in turns, so that a slow spell of the machine hits them alike.
local function race(watches)
  local best, limit = {}, os.clock() + 6 * budget
  for _ = 1, rounds do
    for name, watch in pairs(watches) do
      if not best[name] or os.clock() < limit then best[name] = watch() end
    end
  end
  return best
end

print(("%5s %7s %7s  %-9s %10s %8s %8s"):format("d", "N", "", "", "us/step", "GFLOP/s", "of gemm"))
for _, precision in ipairs { "double", "single" } do
  local single = precision == "single"
  for _, c in ipairs { { 40, 800 }, { 320, 800 }, { 320, 10000 }, { 320, 100000 } } do
    local d, N = c[1], c[2]
    local blocked = run(d, N, { precision = precision })
    local plain = run(d, N, { precision = precision, algorithm = "plain" })
    local block = blocked.options.block
    local best = race {
      gemm = stopwatch(function(n) for _ = 1, n do mf._gemm(480, single) end end, 1),
      level2 = stopwatch(function(n) mf._level2(d, N, n, single) end, 1),
      plain = stopwatch(function(n) plain:step(n) end, 1),
      blocked = stopwatch(function(n) blocked:step(n) end, block),
    }
    local peak = 2 * 480 ^ 3 / best.gemm
    print(("%5d %7d %7s  %-9s %10s %8.1f %8.2f"):format(d, N, precision, single and "sgemm" or "dgemm", "",
      peak / 1e9, 1))
    for _, name in ipairs { "plain", "level2", "blocked" } do
      local label = name == "level2" and "gemv+ger" or name == "blocked" and "B = " .. block or name
      local rate = 4 * N * d / best[name]
      print(("%21s  %-9s %10.2f %8.1f %8.2f"):format("", label, best[name] * 1e6, rate / 1e9, rate / peak))
    end
  end
end

print "\nnoise and decay (Eq. 11), double"
for _, d in ipairs { 40, 320 } do
  local noisy = { beta = 100, lambda = 0.01 }
  local blocked = run(d, 800, noisy)
  noisy.algorithm = "plain"
  local plain = run(d, 800, noisy)
  local best = race { plain = stopwatch(function(n) plain:step(n) end, 1),
                      blocked = stopwatch(function(n) blocked:step(n) end, blocked.options.block) }
  print(("%5d %7d  plain %8.1f us/step, B = %d %8.1f us/step: %.1f times faster"):format(d, 800, best.plain * 1e6,
    blocked.options.block, best.blocked * 1e6, best.plain / best.blocked))
end
