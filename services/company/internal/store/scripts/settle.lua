-- settle.lua notes that the originator has said CONFIRMED of some reservations.
-- KEYS  1 unsettled  2 what stands before RESERVATION in a record's key
-- ARGV  for each: reservation, who
-- Answers how many were not settled before. What is not there, or another's,
-- needs nothing.
local n = 0
for i = 1, #ARGV, 2 do
  local rid, rsv = ARGV[i], KEYS[2] .. ARGV[i]
  local who, state, settled = unpack(redis.call('HMGET', rsv, 'who', 'state', 'settled'))
  local trip, origin, evse = whose(ARGV[i + 1])
  local its, owner, plug = whose(who or '')
  if its == trip and owner == origin and plug == evse then
    redis.call('ZREM', KEYS[1], rid)
    if (state == 'RESERVED' or state == 'CHARGING') and settled ~= '1' then
      redis.call('HSET', rsv, 'settled', '1')
      n = n + 1
    end
  end
end
return n
