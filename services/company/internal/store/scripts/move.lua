-- move.lua gives a RESERVED stop another window, or leaves it as it was; a CHARGING
-- one keeps its start, and its place in the calendar from the plug on.
-- KEYS  all eight of a reservation  9 mark
-- ARGV  the seven of a reservation (3: the end of the new window), then
--       8 number of the move  9 start (s)  10 end of the new window (s)  11 no-show (ms)  12 the mark that is expected (empty: any)
--       13 the limits  14 the request  15 the accounts
-- Answers answer(), or hold.lua's refusal of a window that is taken.
local cal, _, rsv, owner, _, fence, oos, outbox = unpack(KEYS)
local rid, seq = ARGV[1], tonumber(ARGV[8])
local mark, seen, last = unpack(redis.call('MGET', KEYS[9], owner, fence))
if forgotten(mark, ARGV[12]) then return { 'LOST' } end
local s, e = tonumber(ARGV[9]), tonumber(ARGV[10])
local ms, us = clock()
local civil = tonumber(ARGV[6]) or ms
local at = here(civil, tonumber(ARGV[11]))
local r = read(rsv)
if not r then return { 'UNKNOWN_RESERVATION' } end
local no = stranger(r)
if no then return no end
local keep = keepfor(civil)
no = stale(owner, seen, ms, keep)
if no then return no end
-- refuse is a refusal that stays in the history.
local function refuse(no) return denied(rsv, r, 'move', civil, no) end

if FINAL[r.state] then return refuse({ FINAL[r.state], r.reason or '' }) end
local trip, origin, evse, oldstop = whose(r.who)
local leg, oldstart, vehicle = which(r.what)
if r.state == 'NO_SHOW' then return refuse({ 'TOO_LATE', oldstart, oldstop }) end
if not booked(r) then return { 'NO_RESERVATION_HERE', r.state } end
touch(rsv, r)
local last = tonumber(r.moves or '0')
local same = tonumber(oldstart) == s and tonumber(oldstop) == e
if seq < last or (seq == last and not same) then return { 'ID_REUSED', 'seq' } end
if seq == last then return answer(r, true) end
if gone(at, r, tonumber(oldstart), tonumber(oldstop)) then
  retire(at, r, rid, 'NO_SHOW')
  notify(outbox, r, rid)
  return { 'TOO_LATE', oldstart, oldstop }
end
if same then
  r.moves = whole(seq)
  redis.call('HSET', rsv, 'moves', r.moves)
  return answer(r, true)
end
if e * 1000 <= civil then return refuse({ 'INVALID_WINDOW', 'end' }) end
if s ~= tonumber(oldstart) and (r.state == 'CHARGING' or s * 1000 < civil) then return refuse({ 'INVALID_WINDOW', 'start' }) end

-- Whatever overlaps beside itself stays, unless it has lapsed.
local entry = member('R', oldstop, rid)
local from = s
if r.state == 'CHARGING' then from = math.min(s, tonumber(redis.call('ZSCORE', cal, entry) or s)) end
local found = around(at, from, e)
for _, m in ipairs(found) do
  if not m.becomes then return refuse(conflict(m.kind == 'H' and not own(m.record) and 'PRIORITY_LOST' or 'SLOT_TAKEN', m)) end
end
local had = claim(rid, r.who, r.what)
local mine = claim(rid, trip .. '|' .. origin .. '|' .. evse .. '|' .. whole(e), leg .. '|' .. whole(s) .. '|' .. vehicle)
local limits = limitsOf(ARGV[13])
limits.tripClaims, limits.claims = 0, 0 -- it is none
no = mayTake(mine, limits, {}, had.secs, ms, civil)
if no then return refuse(no) end
for _, m in ipairs(found) do remove(at, m) end
local broken = redis.call('HGET', oos, evse)
if broken then return refuse({ 'EVSE_OUT_OF_SERVICE', broken }) end
give(had, 'R', false, civil)
stay(mine, civil)

redis.call('ZREM', cal, entry)
redis.call('ZADD', cal, whole(from), member('R', whole(e), rid))
local n = math.max(us, (tonumber(last or '') or 0) + 1)
redis.call('SET', fence, whole(n))
r.who = trip .. '|' .. origin .. '|' .. evse .. '|' .. whole(e)
r.what = leg .. '|' .. whole(s) .. '|' .. vehicle
r.fence, r.moves = whole(n), whole(seq)
redis.call('HSET', rsv, 'who', r.who, 'what', r.what, 'fence', r.fence, 'moves', r.moves,
  'log', noted(r, 'move', origin, whole(s) .. '-' .. whole(e), civil))
if r.blocked and s ~= tonumber(oldstart) then redis.call('HDEL', rsv, 'blocked') end
local rest = redis.call('PTTL', rsv)
if keep > rest then redis.call('PEXPIRE', rsv, whole(keep)) end
return answer(r, false)
