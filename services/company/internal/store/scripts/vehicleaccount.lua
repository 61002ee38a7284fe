-- vehicleaccount.lua changes a vehicle's account where a location's scripts cannot see it:
-- on a cluster.
-- KEYS  1 the vehicle's account
-- ARGV  1 take, stay, give, unused or know  2 reservation  3 who  4 what  5 civil time (ms; empty: Redis TIME)
--       6 the limits  7 off (s)  8 its (s)  9 the accounts
-- Answers {'OK', off, its}, {'HAD'} for a take of what is there, or the refusal.
local ms = clock()
local civil = tonumber(ARGV[5]) or ms
local key, op, c = KEYS[1], ARGV[1], claim(ARGV[2], ARGV[3], ARGV[4])
if op == 'take' then
  if redis.call('HEXISTS', key, c.rid) == 1 then return { 'HAD' } end
  local no, off, its = vehicleRefuses(key, c, limitsOf(ARGV[6]), {}, 0, ms, civil)
  if no then return no end
  note(key, c, 'H', ms + LONGEST, civil)
  return { 'OK', whole(off), whole(its) }
end
if op == 'stay' then
  note(key, c, 'R', 0, civil)
elseif op == 'unused' and NOSHOW ~= '0' then
  note(key, c, 'N', math.floor(civil / 1000) + NOSHOW, civil)
else
  redis.call('HDEL', key, c.rid)
end
if op == 'know' then know(key) end
return { 'OK' }
