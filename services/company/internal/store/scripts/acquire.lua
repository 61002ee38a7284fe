-- acquire.lua gives a trip to an owner when nobody has its lease, due or not.
-- KEYS  1 trip
-- ARGV  1 owner  2 lease (ms)
-- Answers {OK, doc, epoch, owner}, {STALE_OWNER, epoch} or {UNKNOWN_TRIP}.
local t = redis.call('HMGET', KEYS[1], 'epoch', 'lease', 'buried', 'doc')
local ms = clock()
if not t[1] or t[3] then return { 'UNKNOWN_TRIP' } end
if tonumber(t[2]) > ms then return { 'STALE_OWNER', t[1] } end
local epoch = whole(t[1] + 1)
redis.call('HSET', KEYS[1], 'epoch', epoch, 'owner', ARGV[1], 'lease', whole(ms + ARGV[2]))
redis.call('HDEL', KEYS[1], 'raised')
return { 'OK', t[4], epoch, ARGV[1] }
