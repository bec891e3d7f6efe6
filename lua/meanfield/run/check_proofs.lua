-- A program: verifies certificates of mf.prove, with a line for each of what is proved or what is wrong.
-- Exit code 0: all are accepted; 1: one is rejected; 2: one cannot be read, or none was named.
local mf = require "meanfield"
local worst = 0
if #arg == 0 then
  io.stderr:write "usage: ./meanfield check CERTIFICATE...\n"
  os.exit(2)
end
for _, path in ipairs(arg) do
  local ok, text = mf.prove.check(path)
  print(("%s: %s: %s"):format(path, ok and "proved" or ok == false and "REJECTED" or "UNREADABLE", text))
  worst = math.max(worst, ok and 0 or ok == false and 1 or 2)
end
os.exit(worst, true)
