-- compensate.lua releases a stop whatever its state, or leaves a tombstone.
-- CHARGING, FULFILLED and NO_SHOW stay.
-- KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled
-- ARGV  the seven of a reservation
-- Answers answer().
local _, _, rsv, owner = unpack(KEYS)
local rid = ARGV[1]
local ms = clock()
local keep = keepfor(tonumber(ARGV[6]) or ms)
local r = read(rsv)
local no = r and other(r) or stale(owner, redis.call('GET', owner), ms, keep)
if no then return no end
if not r then return answer(tombstone(rsv, keep), false) end
touch(rsv, r)
if over(r) or r.state == 'CHARGING' then return answer(r, true) end
retire(here(), r, rid, 'CANCELED')
return answer(r, false)
