-- renew.lua gives a hold at least the time asked for, never beyond its longest life.
-- KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled
-- ARGV  the seven of a reservation, then 8 ttl (ms)  9 longest life (ms)
-- Answers answer().
local _, lock, rsv, owner = unpack(KEYS)
local rid = ARGV[1]
local ms = clock()
local civil = tonumber(ARGV[6]) or ms
local r = read(rsv)
local no = r and other(r) or stale(owner, redis.call('GET', owner), ms, keepfor(civil))
if no then return no end
if not r then return { 'UNKNOWN_RESERVATION' } end
if FINAL[r.state] then return denied(rsv, r, 'renew', civil, { FINAL[r.state], r.reason or '' }) end
touch(rsv, r)
if r.state ~= 'CLAIMED' and r.state ~= 'PENDING' then return answer(r, true) end
local ttl = left(lock)
if not ttl then
  return lapsed(here(civil), r, rid)
end
local more = math.min(tonumber(ARGV[8]), r.first + ARGV[9] - ms)
if more > ttl then
  ttl = more
  redis.call('PEXPIRE', lock, whole(ttl))
end
return answer(r, false, ttl)
