-- beside.lua keeps something beside the record of a trip, if that is there.
-- KEYS  1 trip
-- ARGV  1 field  2 what
-- Answers {OK} or {UNKNOWN_TRIP}.
if redis.call('HEXISTS', KEYS[1], 'doc') == 0 then return { 'UNKNOWN_TRIP' } end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return { 'OK' }
