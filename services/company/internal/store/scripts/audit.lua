-- audit.lua keeps an act, or what has become of it, and forgets what is too old or too much.
-- KEYS  1 acts by when (ms)  2 what each is
-- ARGV  1 act  2 when (ms)  3 what it is  4 what is older is forgotten (ms)  5 how many are kept
-- Answers {how many are kept}.
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
local function forget(old)
  if #old == 0 then return end
  redis.call('ZREM', KEYS[1], unpack(old))
  redis.call('HDEL', KEYS[2], unpack(old))
end
forget(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[4], 'LIMIT', 0, 100))
local n = redis.call('ZCARD', KEYS[1])
local over = n - ARGV[5]
if over > 0 then forget(redis.call('ZRANGE', KEYS[1], 0, math.min(over, 100) - 1)) end
return { n }
