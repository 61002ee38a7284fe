-- sweep.lua removes notices and unsettled marks whose record has gone.
-- KEYS  1 outbox  2 unsettled  3 what stands before RESERVATION in a record's key
-- Answers how many it removed.
local n = 0
for _, rid in ipairs(redis.call('HKEYS', KEYS[1])) do
  if redis.call('EXISTS', KEYS[3] .. rid) == 0 then n = n + redis.call('HDEL', KEYS[1], rid) end
end
for _, rid in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if redis.call('EXISTS', KEYS[3] .. rid) == 0 then n = n + redis.call('ZREM', KEYS[2], rid) end
end
return n
