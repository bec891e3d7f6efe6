-- Speed and order of mf.pde.grid, on one thread: Eq. 12 at d = 40 with 1000 cells to t = 100, beside the
-- target of 2 seconds; and the order in space of the risk, by three meshes at equal times.
--   meanfield tests/bench/grid.lua [cells, default 1000] [t_end, default 100]
-- Nothing is asserted.
local mf = require "meanfield"

local cells, t_end = math.tointeger(tonumber(arg[1] or 1000)), tonumber(arg[2] or 100)
assert(cells and cells >= 32 and t_end and t_end > 0, "usage: grid.lua [cells >= 32] [t_end > 0]")
mf.threads(1)

local pot = mf.potential.radial { distribution = mf.distribution.isotropic { d = 40, delta = 0.8 },
                                  activation = mf.activation.piecewise { { 0.5, -2.5 }, { 1.5, 7.5 } } }
local function solve(n, t, tol)
  return mf.pde.grid { potential = pot, init = mf.init.gaussian { kappa = 0.8 }, beta = 100, lambda = 0.1, rmax = 10,
                       cells = n, tol = tol }:advance(t)
end

local from = mf._seconds()
local pde = solve(cells, t_end, 1e-6)
local seconds = mf._seconds() - from
print(("%d cells to t = %g: %.3f s, %d steps; the target's 2 s are %.1f times that"):format(cells, t_end, seconds,
  pde.steps, 2 / seconds))
for _, t in ipairs { 0.1, 1, 10 } do
  if t <= t_end then
    local R = {}
    for i = 1, 3 do R[i] = solve(cells // 8 * 2 ^ (i - 1) // 1 | 0, t, 1e-7):risk() end
    print(("t = %4g: R = %.9f, %.9f, %.9f at %d, %d, %d cells; order in space %.2f"):format(t, R[1], R[2], R[3],
      cells // 8, cells // 8 * 2, cells // 8 * 4, math.log(math.abs((R[1] - R[2]) / (R[2] - R[3])), 2)))
  end
end
