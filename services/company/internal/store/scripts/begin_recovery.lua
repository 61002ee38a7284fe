-- begin_recovery.lua closes a location until its data has been recovered. Whoever
-- comes second joins the recovery that has begun.
-- KEYS  1 mark
-- ARGV  1 what was seen in the incarnation's place  2 token of the recovery, lost:…
-- Answers {OK, token} or {CHANGED}.
local mark = redis.call('GET', KEYS[1]) or ''
if string.sub(mark, 1, 5) == 'lost:' then return { 'OK', mark } end
if mark ~= ARGV[1] then return { 'CHANGED' } end
redis.call('SET', KEYS[1], ARGV[2])
return { 'OK', ARGV[2] }
