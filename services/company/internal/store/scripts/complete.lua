-- complete.lua notes that the car has left: FULFILLED, and the rest is free again.
-- KEYS  all eight of a reservation
-- ARGV  the seven of a reservation, then 8 energy (Wh)  9 the most power (W)  10 the tariff's rates
-- Answers answer().
local cal, lock, rsv, _, unsettled, _, _, outbox = unpack(KEYS)
local rid = ARGV[1]
local civil = tonumber(ARGV[6]) or (clock())
local r = read(rsv)
if not r then return { 'NO_RESERVATION_HERE' } end
local no = other(r)
if no and no[2] == 'evse_id' then return { 'NO_RESERVATION_HERE' } end
if no then return no end
local _, start = which(r.what)
local stop = ending(r)
if r.state == 'FULFILLED' and (r.done or not r.started) then return answer(r, true) end
if r.state == 'NO_SHOW' then return { 'TOO_LATE', start, stop } end
if r.state ~= 'RESERVED' and r.state ~= 'FULFILLED' then return { 'NO_RESERVATION_HERE', r.state } end
if not r.started then return { 'TOO_EARLY', start, stop } end
-- No charger gives more than its power; six minutes of grace for clocks.
local most = ARGV[9] * (math.max(0, civil - r.started) + 360000) / 3600000
r.done = whole(civil) .. '|' .. whole(math.floor(math.min(tonumber(ARGV[8]), most))) .. '|' .. ARGV[10]
redis.call('HSET', rsv, 'done', r.done)
if r.state == 'RESERVED' then retire(cal, lock, rsv, unsettled, r, stop, rid, 'FULFILLED') end
notify(outbox, r, rid)
return answer(r, false)
