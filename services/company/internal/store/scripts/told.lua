-- told.lua removes a notice that its originator has acknowledged, unless there is a
-- newer one of the same reservation.
-- KEYS  1 outbox
-- ARGV  1 reservation  2 number of the notice (empty: it has none)
-- Answers how many it removed.
local raw = redis.call('HGET', KEYS[1], ARGV[1])
if not raw or (cjson.decode(raw).n or '') ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
