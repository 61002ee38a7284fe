-- complete.lua notes that the car has left: FULFILLED, and the rest is free again.
-- KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled
-- ARGV  the nine of a reservation
-- Answers answer().
local cal, lock, rsv, _, unsettled = unpack(KEYS)
local rid, trip, origin, evse, stop = unpack(ARGV, 1, 5)
local r = read(rsv)
if not r then return { 'NO_RESERVATION_HERE' } end
local no = other(r, trip, origin, evse, stop)
if no and no[2] == 'evse_id' then return { 'NO_RESERVATION_HERE' } end
if no then return no end
if r.state == 'FULFILLED' then return answer(r, true) end
if r.state == 'NO_SHOW' then return { 'TOO_LATE', r.start, stop } end
if r.state ~= 'RESERVED' then return { 'NO_RESERVATION_HERE', r.state } end
if not r.started then return { 'TOO_EARLY', r.start, stop } end
retire(cal, lock, rsv, unsettled, r, rid, 'FULFILLED')
return answer(r, false)
