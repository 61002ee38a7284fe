-- keep_alive.lua renews a lease that its owner still has.
-- KEYS  1 trip
-- ARGV  1 owner  2 lease (ms)
-- Answers 1, or 0 when somebody else has it.
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'lease', whole(clock() + ARGV[2]))
return 1
