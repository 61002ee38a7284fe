-- take_over.lua takes a trip over when its lease is over and it is due.
-- KEYS  1 trip
-- ARGV  1 owner  2 lease (ms)
-- Answers {OK, doc, epoch, owner}, {WAIT, until (ms), now (ms)}, {DONE} or {GONE, now (ms)}.
local t = redis.call('HMGET', KEYS[1], 'epoch', 'lease', 'due', 'buried', 'doc')
local ms = clock()
if not t[1] or t[4] then return { 'GONE', whole(ms) } end
if t[3] == '0' then return { 'DONE' } end
local free = math.max(tonumber(t[2]), tonumber(t[3]))
if free > ms then return { 'WAIT', whole(free), whole(ms) } end
local epoch = whole(t[1] + 1)
redis.call('HSET', KEYS[1], 'epoch', epoch, 'owner', ARGV[1], 'lease', whole(ms + ARGV[2]))
redis.call('HDEL', KEYS[1], 'raised')
return { 'OK', t[5], epoch, ARGV[1] }
