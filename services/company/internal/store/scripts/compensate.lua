-- compensate.lua releases a stop whatever its state, or leaves a tombstone.
-- CHARGING, FULFILLED and NO_SHOW stay.
-- KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled
-- ARGV  the seven of a reservation, then 8 the request  9 the accounts
-- Answers answer().
local _, _, rsv, owner = unpack(KEYS)
local rid = ARGV[1]
local ms = clock()
local civil = tonumber(ARGV[6]) or ms
local keep = keepfor(civil)
local r = read(rsv)
local no = r and other(r) or stale(owner, redis.call('GET', owner), ms, keep)
if no then return no end
if not r then return answer(tombstone(rsv, keep, 'compensate', civil), false) end
touch(rsv, r)
if over(r) or r.state == 'CHARGING' then return answer(r, true) end
retire(here(civil), r, rid, 'CANCELED', nil, 'compensate', (select(2, whose(r.who))))
return answer(r, false)
