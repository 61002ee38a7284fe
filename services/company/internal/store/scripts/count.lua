-- count.lua counts one more of what may happen so often in a while, which begins with
-- the first.
-- KEYS  1 counter
-- ARGV  1 how often  2 the while (ms)
-- Answers 0, or in how many ms there may be one more: then nothing is counted.
local rest = redis.call('PTTL', KEYS[1])
if rest < 0 then
  redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
  return 0
end
if tonumber(redis.call('GET', KEYS[1])) >= tonumber(ARGV[1]) then return math.max(rest, 1) end
redis.call('INCR', KEYS[1])
return 0
