-- A program: verifies certificates of mf.prove, with a line for each of what is proved or what is wrong.
-- Exit code 0: all are accepted; 1: one is rejected; 2: one cannot be read, or none was named.
local mf = require "meanfield"
local worst = 0
local help = arg[1] == "--help" or arg[1] == "-h"
if #arg == 0 or help then
  local usage <const> = "usage: ./meanfield check CERTIFICATE...\n\nVerifies proofs of mf.prove: docs/proofs.md.\n";
  (help and io.stdout or io.stderr):write(usage)
  os.exit(help and 0 or 2, true)
end
for _, path in ipairs(arg) do
  local ok, text = mf.prove.check(path)
  print(("%s: %s: %s"):format(path, ok and "proved" or ok == false and "REJECTED" or "UNREADABLE", text))
  worst = math.max(worst, ok and 0 or ok == false and 1 or 2)
end
os.exit(worst, true)
