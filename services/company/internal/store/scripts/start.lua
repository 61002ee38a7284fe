-- start.lua notes that the car has plugged in: CHARGING, from the instant of the plug
-- on also in the calendar. It is open until answered.lua or back.lua.
-- KEYS  all eight of a reservation
-- ARGV  the seven of a reservation, then 8 early (ms)  9 no-show (ms)  10 when (ms; empty: now)
--       11 how long ago that may be (ms)  12 what is planned (Wh; 0: not known)
-- Answers answer(), or {TOO_EARLY|TOO_LATE, start, end}, or {TOO_EARLY, start, end, from
-- when on nobody else has it}, or {EVSE_OCCUPIED, start, end of who is at the plug}.
local cal, _, rsv, _, _, _, _, outbox = unpack(KEYS)
local rid = ARGV[1]
local ms = clock()
local civil = tonumber(ARGV[6]) or ms
local r = read(rsv)
if not r then return { 'NO_RESERVATION_HERE' } end
local no = other(r)
if no and no[2] == 'evse_id' then return { 'NO_RESERVATION_HERE' } end
if no then return no end
local _, start = which(r.what)
local stop = ending(r)
if r.state == 'NO_SHOW' then return denied(rsv, r, 'start', civil, { 'TOO_LATE', start, stop }) end
if r.state == 'FULFILLED' or r.state == 'CHARGING' then return answer(r, true) end
if r.state ~= 'RESERVED' then return denied(rsv, r, 'start', civil, { 'NO_RESERVATION_HERE', r.state }) end
local earliest = start * 1000 - ARGV[8]
if civil < earliest then return denied(rsv, r, 'start', civil, { 'TOO_EARLY', start, stop }) end

-- What a car says is believed for a while back, and not before the car before it left.
local came = math.max(math.min(tonumber(ARGV[10]) or civil, civil), civil - ARGV[11], earliest, tonumber(r.freed or '0'))
local at = here(civil, tonumber(ARGV[9]))
if gone(at, r, tonumber(start), tonumber(stop), came) then
  retire(at, r, rid, 'NO_SHOW')
  notify(outbox, r, rid)
  return { 'TOO_LATE', start, stop }
end
local car = plugged(at)
if car then return denied(rsv, r, 'start', civil, { 'EVSE_OCCUPIED', whole(car.start), whole(car.stop) }) end
local from = math.floor(civil / 1000)
if from < tonumber(start) then
  local found = around(at, from, tonumber(start))
  for _, m in ipairs(found) do
    if not m.becomes then return denied(rsv, r, 'start', civil, { 'TOO_EARLY', start, stop, whole(m.stop) }) end
  end
  for _, m in ipairs(found) do remove(at, m) end
  redis.call('ZADD', cal, whole(from), member('R', stop, rid))
end
r.state, r.started, r.planned, r.asked = 'CHARGING', whole(came), ARGV[12], whole(ms)
redis.call('HSET', rsv, 'state', r.state, 'started', r.started, 'planned', r.planned, 'asked', r.asked,
  'log', noted(r, 'start', (select(2, whose(r.who))), '', civil))
redis.call('HDEL', rsv, 'freed', 'blocked')
return answer(r, false)
