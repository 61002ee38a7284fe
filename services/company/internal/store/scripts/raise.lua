-- raise.lua lifts the epoch of a trip for the holder of its lease. A repeat of
-- the same call gives the same epoch.
-- KEYS  1 trip
-- ARGV  1 epoch  2 owner  3 an epoch to be above
-- Answers {OK, epoch}, {STALE_OWNER, epoch} or {UNKNOWN_TRIP}.
local t = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'raised')
if not t[1] then return { 'UNKNOWN_TRIP' } end
local call = ARGV[1] .. '>' .. ARGV[3]
if t[2] == ARGV[2] and t[3] == call then return { 'OK', t[1] } end
local epoch, seen = tonumber(ARGV[1]), tonumber(t[1])
if epoch < seen or (epoch == seen and ARGV[2] ~= t[2]) then return { 'STALE_OWNER', t[1] } end
local new = whole(math.max(epoch, tonumber(ARGV[3])) + 1)
redis.call('HSET', KEYS[1], 'epoch', new, 'owner', ARGV[2], 'raised', call)
return { 'OK', new }
