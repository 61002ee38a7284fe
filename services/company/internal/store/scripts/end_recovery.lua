-- end_recovery.lua ends a recovery, unless data was lost once more meanwhile.
-- KEYS  1 mark
-- ARGV  1 token of the recovery  2 mark
-- Answers {OK} or {CHANGED}.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'CHANGED' } end
redis.call('SET', KEYS[1], ARGV[2])
return { 'OK' }
