-- companyaccount.lua changes an originator's account where a location's scripts cannot
-- see it: on a cluster.
-- KEYS  1 holds, or claimed  2 taken  3 standing; these two where shares are counted
-- ARGV  as vehicleaccount.lua has them; unused and know are give
-- Answers {'OK'}, or the refusal.
local ms = clock()
local civil = tonumber(ARGV[5]) or ms
local k, op, c = { holds = KEYS[1], taken = KEYS[2], standing = KEYS[3] }, ARGV[1], claim(ARGV[2], ARGV[3], ARGV[4])
if op == 'take' then
  local no = companyRefuses(k, c, limitsOf(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), ms, civil)
  if no then return no end
  holds(k, c, ms + LONGEST)
elseif op == 'stay' then
  tally(k, ms, civil)
  stands(k, c)
else
  letGo(k, 'H', heldAs(c))
  letGo(k, 'R', standsAs(c))
end
return { 'OK' }
