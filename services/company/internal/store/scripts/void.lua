-- void.lua gives up a trip that was admitted and never created, so that its
-- creator, should it come back, is refused.
-- KEYS  1 trip
-- ARGV  1 how long (ms)
-- Answers 1, or 0 when the trip exists.
local had = redis.call('HMGET', KEYS[1], 'epoch', 'buried')
if had[2] then return 1 end
if had[1] then return 0 end
redis.call('HSET', KEYS[1], 'buried', '1', 'epoch', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
