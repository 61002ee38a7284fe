-- lib_calendar.lua stands before every script of a location.
--
-- The scripts of one reservation share their first arguments:
--   KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled  6 fence  7 oos  8 outbox
--   ARGV  1 reservation  2 who  3 end (s)  4 epoch  5 owner
--         6 civil time (ms; empty: Redis TIME)  7 retention (ms)
-- They answer {'OK', …} or {CODE, …}.
--
-- A record's fields: who = trip|origin|evse|end (s), what = leg|start (s)|vehicle,
-- state, fence, epoch, first (ms of the first grant), granted_at, stamped, key_id,
-- settled, reason, started (ms), done (ended (ms)|Wh|rates),
-- moves (number of the last move). A tombstone for what was never held has no what.
-- Few fields, because a hash's cost grows with the square of their number.

-- FINAL: what a final state says to a reserve, a renew or a confirm.
local FINAL = { CANCELED = 'ALREADY_COMPENSATED', EXPIRED = 'HOLD_EXPIRED', PREEMPTED = 'HOLD_PREEMPTED' }

-- read gives a record as a table, or nil.
local function read(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local r = {}
  for i = 1, #flat, 2 do r[flat[i]] = flat[i + 1] end
  return r
end

-- whose takes who apart: trip, origin, evse, end.
local function whose(who) return string.match(who, '^([^|]*)|([^|]*)|([^|]*)|(%d+)$') end

-- which takes what apart: leg, start, vehicle.
local function which(what) return string.match(what or '0|0|', '^(%d*)|(%d+)|(.*)$') end

-- stranger refuses who is not the originator, and an id that was used for
-- another trip or EVSE.
local function stranger(r)
  local trip, origin, evse = whose(r.who)
  local mytrip, myorigin, myevse = whose(ARGV[2])
  if origin ~= myorigin then return { 'FORBIDDEN' } end
  if evse ~= myevse then return { 'ID_REUSED', 'evse_id' } end
  if trip ~= mytrip then return { 'ID_REUSED', 'trip_id' } end
end

-- other is stranger, and refuses another end: except of a reservation that was
-- moved, whose originator may name any end that it has had.
local function other(r)
  if r.who == ARGV[2] then return nil end
  local no = stranger(r)
  if no or r.moves then return no end
  return { 'ID_REUSED', 'end' }
end

-- ending is the end (s) of the window as it is now.
local function ending(r)
  local _, _, _, stop = whose(r.who)
  return stop
end

-- stale refuses a former owner of the trip's saga, and remembers a newer one
-- for at least keep ms.
local function stale(own, ms, keep)
  local epoch, owner = ARGV[4], ARGV[5]
  local seen = redis.call('GET', own)
  if seen then
    local had, over, whom = string.match(seen, '^(%d+)|(%d+)|(.*)$')
    local newer = tonumber(epoch) - had
    if newer < 0 or (newer == 0 and owner ~= whom) then return { 'STALE_OWNER', had } end
    local rest = over - ms
    if newer == 0 and keep <= rest + 60000 then return nil end
    keep = math.max(keep, rest)
  end
  redis.call('SET', own, epoch .. '|' .. whole(ms + keep) .. '|' .. owner, 'PX', whole(keep))
end

-- left is what a hold has left in ms, or nil when it has lapsed: the lock key's
-- existence is the hold.
local function left(lock)
  local ttl = redis.call('PTTL', lock)
  if ttl == -2 then return nil end
  return ttl < 0 and 0 or ttl
end

-- member names an entry of the calendar: H held, R reserved.
local function member(kind, stop, rid) return kind .. '|' .. stop .. '|' .. rid end

-- parse takes a member apart.
local function parse(m)
  local kind, stop, rid = string.match(m, '^([HR])|(%d+)|(.+)$')
  return kind, tonumber(stop), rid
end

-- retire takes a reservation off the calendar with its lock and gives it a
-- state without a hold.
local function retire(cal, lock, rsv, unsettled, r, stop, rid, state, reason)
  if r.state == 'RESERVED' then
    redis.call('ZREM', cal, member('R', stop, rid))
    redis.call('ZREM', unsettled, rid)
  elseif r.state == 'CLAIMED' or r.state == 'PENDING' then
    redis.call('ZREM', cal, member('H', stop, rid))
    redis.call('DEL', lock)
  end
  r.state = state
  if reason then
    r.reason = reason
    redis.call('HSET', rsv, 'state', state, 'reason', reason)
  else
    redis.call('HSET', rsv, 'state', state)
  end
end

-- notify leaves a notice for the originator, until it has acknowledged, and
-- gives it as trip, reservation, leg, state, reason, origin.
local function notify(outbox, r, rid)
  local trip, origin, _, stop = whose(r.who)
  local leg = which(r.what)
  redis.call('HSET', outbox, rid, cjson.encode({
    trip_id = trip, reservation_id = rid, leg = tonumber(leg), state = r.state, reason = r.reason, origin = origin,
    stop = stop, started = r.started, done = r.done,
  }))
  return { trip, rid, leg, r.state, r.reason or '', origin }
end

-- gone says whether a RESERVED has missed its no-show time (ms; 0: its end).
local function gone(r, start, stop, civil, noshow)
  if r.started then return false end
  if noshow > 0 and start * 1000 + noshow <= civil then return true end
  return stop * 1000 <= civil
end

-- answer is the reply of one reservation.
local function answer(r, replay, ttl)
  return { 'OK', replay and '1' or '', r.state, r.fence or '0', r.epoch or '0', ttl and whole(ttl) or '0',
    r.settled or '', r.granted_at or '', r.key_id or '', r.stamped or '', r.reason or '', r.started or '',
    r.who, r.what or '', r.done or '' }
end

-- touch notes the epoch of the last action in the record.
local function touch(rsv, r)
  if r.epoch ~= ARGV[4] then
    r.epoch = ARGV[4]
    redis.call('HSET', rsv, 'epoch', r.epoch)
  end
end

-- tombstone remembers a release of what was never held, so that a late reserve
-- is refused.
local function tombstone(rsv, keep)
  local r = { state = 'CANCELED', who = ARGV[2], epoch = ARGV[4] }
  redis.call('HSET', rsv, 'who', r.who, 'state', r.state, 'epoch', r.epoch)
  redis.call('PEXPIRE', rsv, whole(keep))
  return r
end

-- keepfor is how long (ms) a record outlives now.
local function keepfor(civil) return math.max(0, ARGV[3] * 1000 - civil) + ARGV[7] end

-- overlapping lists the members that overlap [s, e): members are pairwise
-- disjoint, so walking down from the highest start ends at the first that ends
-- before s.
local function overlapping(cal, s, e)
  local found, offset, page = {}, 0, 2
  while true do
    local got = redis.call('ZREVRANGEBYSCORE', cal, '(' .. whole(e), '-inf', 'WITHSCORES', 'LIMIT', offset, page)
    for i = 1, #got, 2 do
      local kind, stop, rid = parse(got[i])
      if stop <= s then return found end
      found[#found + 1] = { name = got[i], kind = kind, start = tonumber(got[i + 1]), stop = stop, rid = rid }
    end
    if #got < 2 * page then return found end
    offset, page = offset + page, 16
  end
end

-- forgotten says whether the location has lost its memory, or is being recovered.
local function forgotten(mark, expected)
  return expected ~= '' and redis.call('GET', mark) ~= expected
end
