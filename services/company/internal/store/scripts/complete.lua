-- complete.lua notes that the car has left: FULFILLED, billed, and the rest is free
-- again. Its figure takes the place of an estimated one, once.
-- KEYS  all eight of a reservation
-- ARGV  the seven of a reservation, then 8 energy (Wh)  9 the most power (W)  10 the tariff's rates
--       11 when (ms; empty: now)  12 how long ago that may be (ms)
-- Answers answer(), or {TOO_EARLY, start, end, '', 'absent'}.
local rsv = KEYS[3]
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
if r.state == 'RESERVED' then return { 'TOO_EARLY', start, stop, '', 'absent' } end
if r.state ~= 'CHARGING' and r.state ~= 'FULFILLED' then return { 'NO_RESERVATION_HERE', r.state } end
if r.state == 'FULFILLED' and not r.estimated and (r.done or not r.started) then return answer(r, true) end
local ended, rates = math.max(math.min(tonumber(ARGV[11]) or civil, civil), civil - ARGV[12], tonumber(r.started)), ARGV[10]
if r.estimated then
  local recorded
  recorded, rates = string.match(r.done, '^(%d+)|%d+|(.*)$')
  ended = tonumber(recorded)
end
local at = here(civil)
local left = r.state == 'CHARGING'
-- No charger gives more than its power; six minutes of grace for clocks.
finish(at, r, rid, ended, math.min(tonumber(ARGV[8]), most(r, ARGV[9], ended, 360000)), rates, nil, nil, (select(2, whose(r.who))))
if left then freed(at) end
return answer(r, false)
