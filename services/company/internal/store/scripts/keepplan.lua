-- keepplan.lua keeps the plan of a trip that is on record.
-- KEYS  1 trip
-- ARGV  1 plan
-- Answers {OK} or {UNKNOWN_TRIP}.
if redis.call('HEXISTS', KEYS[1], 'doc') == 0 then return { 'UNKNOWN_TRIP' } end
redis.call('HSET', KEYS[1], 'plan', ARGV[1])
return { 'OK' }
