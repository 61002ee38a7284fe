-- complete.lua notes that the car has left: FULFILLED, and the rest is free again.
-- KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled
-- ARGV  the seven of a reservation
-- Answers answer().
local cal, lock, rsv, _, unsettled = unpack(KEYS)
local rid, stop = ARGV[1], ARGV[3]
local r = read(rsv)
if not r then return { 'NO_RESERVATION_HERE' } end
local no = other(r)
if no and no[2] == 'evse_id' then return { 'NO_RESERVATION_HERE' } end
if no then return no end
local _, start = which(r.what)
if r.state == 'FULFILLED' then return answer(r, true) end
if r.state == 'NO_SHOW' then return { 'TOO_LATE', start, stop } end
if r.state ~= 'RESERVED' then return { 'NO_RESERVATION_HERE', r.state } end
if not r.started then return { 'TOO_EARLY', start, stop } end
retire(cal, lock, rsv, unsettled, r, stop, rid, 'FULFILLED')
return answer(r, false)
