-- replace.lua puts a value in the place of the one that is expected there.
-- KEYS  1 the value's
-- ARGV  1 what is there (empty for nothing)  2 what is to be  3 for how long (ms)
-- Answers 1, also where it has been done before, or 0 when something else is there.
local is = redis.call('GET', KEYS[1]) or ''
if is == ARGV[2] then return 1 end
if is ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
