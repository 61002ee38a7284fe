-- start.lua notes that the car has plugged in.
-- KEYS  all eight of a reservation
-- ARGV  the seven of a reservation, then 8 early (ms)  9 no-show (ms)
-- Answers answer(), or {TOO_EARLY|TOO_LATE, start, end}.
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
if r.state == 'NO_SHOW' then return { 'TOO_LATE', start, stop } end
if r.state == 'FULFILLED' or (r.state == 'RESERVED' and r.started) then return answer(r, true) end
if r.state ~= 'RESERVED' then return { 'NO_RESERVATION_HERE', r.state } end
if civil < start * 1000 - ARGV[8] then return { 'TOO_EARLY', start, stop } end
if gone(r, tonumber(start), tonumber(stop), civil, tonumber(ARGV[9])) then
  retire(cal, lock, rsv, unsettled, r, stop, rid, 'NO_SHOW')
  notify(outbox, r, rid)
  return { 'TOO_LATE', start, stop }
end
r.started = whole(civil)
redis.call('HSET', rsv, 'started', r.started)
return answer(r, false)
