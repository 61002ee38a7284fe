-- back.lua takes a plug back that has not been answered: the vehicle charges
-- elsewhere. It is the one way from CHARGING to RESERVED.
-- KEYS  all eight of a reservation
-- ARGV  the seven of a reservation
-- Answers answer(): CHARGING where it has been answered.
local cal, _, rsv = unpack(KEYS)
local rid = ARGV[1]
local r = read(rsv)
if not r then return { 'NO_RESERVATION_HERE' } end
local no = other(r)
if no then return no end
if r.state ~= 'CHARGING' or not r.asked then return answer(r, true) end
r.state, r.started, r.planned, r.asked = 'RESERVED', nil, nil, nil
redis.call('HSET', rsv, 'state', r.state, 'log', noted(r, 'back', '', 'VEHICLE_BUSY', tonumber(ARGV[6])))
redis.call('HDEL', rsv, 'started', 'planned', 'asked')
local _, start = which(r.what)
redis.call('ZADD', cal, start, member('R', ending(r), rid))
return answer(r, false)
