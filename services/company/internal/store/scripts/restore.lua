-- restore.lua brings back, by its originator's word, a stop that this location
-- has forgotten, as RESERVED under its first id and fence; as CHARGING where its
-- window has begun and nobody else is at the plug. What has moved on
-- since stays. Holds in its way go; a RESERVED in its way is a conflict.
-- KEYS  all eight of a reservation
-- ARGV  the seven of a reservation, then
--       8 what  9 start (s)  10 fence  11 the trip is CONFIRMED ('1')  12 no-show (ms)
--       13 yield ('1'): with a conflict, remember the stop as lost  14 the request  15 the accounts
-- Answers answer(), or {SLOT_TAKEN, …} as hold.lua does.
local cal, lock, rsv, owner, unsettled, fence, _, outbox = unpack(KEYS)
local rid, stop, what, firm = ARGV[1], ARGV[3], ARGV[8], ARGV[11] == '1'
local s, e = tonumber(ARGV[9]), tonumber(stop)
local ms = clock()
local civil = tonumber(ARGV[6]) or ms
local at = here(civil, tonumber(ARGV[12]))
if e * 1000 <= civil then return { 'INVALID_WINDOW' } end
local r = read(rsv)
if r then
  local no = other(r)
  if no then return no end
  if over(r) then return answer(r, true) end
  if booked(r) then
    if firm and r.settled ~= '1' then
      r.settled = '1'
      redis.call('HSET', rsv, 'settled', '1')
      redis.call('ZREM', unsettled, rid)
    end
    return answer(r, true)
  end
end
local keep = keepfor(civil)
local had = r and (r.state == 'CLAIMED' or r.state == 'PENDING') and claim(rid, r.who, r.what)

-- keepAs writes the record.
local function keepAs(state, reason)
  r = r or { who = ARGV[2], fence = ARGV[10] }
  r.what, r.state, r.epoch, r.reason = what, state, ARGV[4], reason
  redis.call('HSET', rsv, 'v', '1', 'who', r.who, 'what', what, 'state', state, 'fence', r.fence, 'epoch', r.epoch, 'first', r.first or whole(ms),
    'log', noted(r, 'restore', (select(2, whose(r.who))), reason, civil))
  if reason then redis.call('HSET', rsv, 'reason', reason) end
  redis.call('PEXPIRE', rsv, whole(keep))
end

local found = around(at, s, e)
for _, m in ipairs(found) do
  if m.kind == 'R' and not m.becomes then
    if ARGV[13] == '1' then
      redis.call('ZREM', cal, member('H', stop, rid))
      redis.call('DEL', lock)
      if had then give(had, 'H', false, civil) end
      keepAs(firm and 'CANCELED' or 'EXPIRED', 'STORE_LOST')
      if firm then notify(outbox, r, rid) end
    end
    return conflict('SLOT_TAKEN', m)
  end
end
for _, m in ipairs(found) do
  m.becomes = m.becomes or 'PREEMPTED'
  remove(at, m)
end
redis.call('ZREM', cal, member('H', stop, rid))
redis.call('DEL', lock)
if had then give(had, 'H', false, civil) end
keepAs('RESERVED')
stay(claim(rid, r.who, what), civil)
r.settled = firm and '1' or '0'
redis.call('HSET', rsv, 'settled', r.settled)
-- Whether a car is at the plug already is lost: it has the benefit of the doubt.
if s * 1000 <= civil and not plugged(at) then
  r.state, r.started = 'CHARGING', whole(s * 1000)
  redis.call('HSET', rsv, 'state', r.state, 'started', r.started, 'log', noted(r, 'restore', '', '', civil))
end
redis.call('ZADD', cal, ARGV[9], member('R', stop, rid))
if not firm then redis.call('ZADD', unsettled, whole(ms), rid) end
local had = tonumber(redis.call('GET', fence) or '0')
if tonumber(r.fence) > had then redis.call('SET', fence, r.fence) end
stale(owner, redis.call('GET', owner), ms, keep)
return answer(r, false)
