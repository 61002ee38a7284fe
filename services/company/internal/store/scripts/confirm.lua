-- confirm.lua makes a PENDING in force RESERVED, unsettled.
-- KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled  6 mark
-- ARGV  the seven of a reservation, then 8 the mark that is expected (empty: any)  9 the request  10 the accounts
-- Answers answer(). A CLAIMED is TOO_EARLY: its reserve comes first.
local cal, lock, rsv, owner, unsettled = unpack(KEYS)
local rid, stop = ARGV[1], ARGV[3]
local mark, seen = unpack(redis.call('MGET', KEYS[6], owner))
if forgotten(mark, ARGV[8]) then return { 'LOST' } end
local ms = clock()
local civil = tonumber(ARGV[6]) or ms
local r = read(rsv)
local no = r and other(r) or stale(owner, seen, ms, keepfor(civil))
if no then return no end
if not r then return { 'UNKNOWN_RESERVATION' } end
if FINAL[r.state] then return denied(rsv, r, 'confirm', civil, { FINAL[r.state], r.reason or '' }) end
touch(rsv, r)
if r.state ~= 'CLAIMED' and r.state ~= 'PENDING' then return answer(r, true) end
if r.state == 'CLAIMED' and left(lock) then return { 'TOO_EARLY' } end
if stop * 1000 <= civil and left(lock) then return { 'INVALID_WINDOW' } end
if redis.call('DEL', lock) == 0 then -- the lock's existence is the hold
  return lapsed(here(civil), r, rid)
end
r.state, r.settled = 'RESERVED', '0'
redis.call('ZREM', cal, member('H', stop, rid))
local _, start = which(r.what)
redis.call('ZADD', cal, start, member('R', stop, rid))
stay(claim(rid, r.who, r.what), civil, true)
redis.call('HSET', rsv, 'state', r.state, 'settled', r.settled, 'log', noted(r, 'confirm', (select(2, whose(r.who))), '', civil))
redis.call('ZADD', unsettled, whole(ms), rid)
return answer(r, false)
