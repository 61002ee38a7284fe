-- prune_outbox.lua removes notices whose record has gone.
-- KEYS  1 outbox  2 what stands before RESERVATION in a record's key
-- Answers how many it removed.
local n = 0
for _, rid in ipairs(redis.call('HKEYS', KEYS[1])) do
  if redis.call('EXISTS', KEYS[2] .. rid) == 0 then n = n + redis.call('HDEL', KEYS[1], rid) end
end
return n
