-- newer.lua writes a word under a name, unless one with a higher number stands there.
-- KEYS  1 a hash
-- ARGV  1 name  2 number  3 word
-- Answers 1, or 0 where a newer one stays.
local had = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+)|')
if had and tonumber(had) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. '|' .. ARGV[3])
return 1
