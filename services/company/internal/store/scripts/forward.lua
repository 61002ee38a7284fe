-- forward.lua leaves a command for the server that has a trip's lease.
-- KEYS  1 trip  2 inbox
-- ARGV  1 id  2 life (ms)  3 body  4 most commands that wait
-- Answers {OK, owner}, {FREE} (nobody has the lease, nothing is left), {FULL} or {UNKNOWN_TRIP}.
local t = redis.call('HMGET', KEYS[1], 'epoch', 'lease', 'buried', 'owner')
if not t[1] or t[3] then return { 'UNKNOWN_TRIP' } end
local ms = clock()
if tonumber(t[2]) <= ms then return { 'FREE' } end
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[4]) then return { 'FULL' } end
redis.call('RPUSH', KEYS[2], whole(ms + ARGV[2]) .. '|' .. ARGV[1] .. '|' .. ARGV[3])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return { 'OK', t[4] }
