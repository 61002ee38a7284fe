-- start.lua notes that the car has plugged in.
-- KEYS  all eight of a reservation
-- ARGV  the nine of a reservation, then 10 early (ms)  11 no-show (ms)
-- Answers answer(), or {TOO_EARLY|TOO_LATE, start, end}.
local cal, lock, rsv, _, unsettled, _, _, outbox = unpack(KEYS)
local rid, trip, origin, evse, stop = unpack(ARGV, 1, 5)
local civil = tonumber(ARGV[8]) or (clock())
local r = read(rsv)
if not r then return { 'NO_RESERVATION_HERE' } end
local no = other(r, trip, origin, evse, stop)
if no and no[2] == 'evse_id' then return { 'NO_RESERVATION_HERE' } end
if no then return no end
if r.state == 'NO_SHOW' then return { 'TOO_LATE', r.start, stop } end
if r.state == 'FULFILLED' or (r.state == 'RESERVED' and r.started) then return answer(r, true) end
if r.state ~= 'RESERVED' then return { 'NO_RESERVATION_HERE', r.state } end
if civil < r.start * 1000 - ARGV[10] then return { 'TOO_EARLY', r.start, stop } end
if gone(r, tonumber(r.start), tonumber(stop), civil, tonumber(ARGV[11])) then
  retire(cal, lock, rsv, unsettled, r, rid, 'NO_SHOW')
  notify(outbox, r, rid)
  return { 'TOO_LATE', r.start, stop }
end
r.started = whole(civil)
redis.call('HSET', rsv, 'started', r.started)
return answer(r, false)
