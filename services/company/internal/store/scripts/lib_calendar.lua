-- lib_calendar.lua stands before every script of a location.
--
-- The scripts of one reservation share their first arguments:
--   KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled  6 fence  7 oos  8 outbox
--   ARGV  1 reservation  2 trip  3 origin  4 evse  5 end (s)  6 epoch  7 owner
--         8 civil time (ms; empty: Redis TIME)  9 retention (ms)
-- They answer {'OK', …} or {CODE, …}.

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

-- other refuses a stranger, and an id that was used for something else. A
-- tombstone knows only what is compared here.
local function other(r, trip, origin, evse, stop)
  if r.origin ~= origin then return { 'FORBIDDEN' } end
  if r.trip ~= trip then return { 'ID_REUSED', 'trip_id' } end
  if r.evse ~= evse then return { 'ID_REUSED', 'evse_id' } end
  if r['end'] ~= stop then return { 'ID_REUSED', 'end' } end
end

-- stale refuses a former owner of the trip's saga, and remembers a newer one
-- for at least keep ms.
local function stale(own, epoch, owner, ms, keep)
  local seen = redis.call('HMGET', own, 'epoch', 'owner', 'until')
  local had, new = tonumber(seen[1] or ''), tonumber(epoch)
  if had and (new < had or (new == had and owner ~= seen[2])) then return { 'STALE_OWNER', seen[1] } end
  local over = ms + keep
  local lives = tonumber(seen[3] or '') or 0
  if over > lives + 60000 then
    redis.call('HSET', own, 'epoch', epoch, 'owner', owner, 'until', whole(over))
    redis.call('PEXPIRE', own, whole(keep))
  elseif new ~= had then
    redis.call('HSET', own, 'epoch', epoch, 'owner', owner)
  end
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
local function retire(cal, lock, rsv, unsettled, r, rid, state, reason)
  redis.call('ZREM', cal, member('H', r['end'], rid), member('R', r['end'], rid))
  if r.state == 'RESERVED' then redis.call('ZREM', unsettled, rid) else redis.call('DEL', lock) end
  r.state = state
  if reason then
    r.reason = reason
    redis.call('HSET', rsv, 'state', state, 'reason', reason)
  else
    redis.call('HSET', rsv, 'state', state)
  end
end

-- notify leaves a notice for the originator, until it has acknowledged.
local function notify(outbox, r, rid)
  redis.call('HSET', outbox, rid, cjson.encode({
    trip_id = r.trip, reservation_id = rid, leg = tonumber(r.leg or '') or 0,
    state = r.state, reason = r.reason, origin = r.origin,
  }))
end

-- gone says whether a RESERVED has missed its no-show time (ms; 0: its end).
local function gone(r, start, stop, civil, noshow)
  if r.started then return false end
  if noshow > 0 and start * 1000 + noshow <= civil then return true end
  return stop * 1000 <= civil
end

-- answer is the reply of one reservation.
local function answer(r, replay, ttl)
  return { 'OK', replay and '1' or '', r.state, r.fence or '0', r.epoch or '0', whole(ttl or 0),
    r.settled or '', r.granted_at or '', r.key_id or '', r.stamped or '', r.reason or '', r.started or '',
    r.trip, r.origin, r.leg or '0', r.evse, r.start or r['end'], r['end'], r.vehicle or '' }
end

-- touch notes the epoch of the last action in the record.
local function touch(rsv, r, epoch)
  if r.epoch ~= epoch then
    r.epoch = epoch
    redis.call('HSET', rsv, 'epoch', epoch)
  end
end

-- tombstone remembers a release of what was never held, so that a late reserve
-- is refused.
local function tombstone(rsv, keep)
  local r = { state = 'CANCELED', trip = ARGV[2], origin = ARGV[3], evse = ARGV[4], ['end'] = ARGV[5], epoch = ARGV[6] }
  redis.call('HSET', rsv, 'state', r.state, 'trip', r.trip, 'origin', r.origin, 'evse', r.evse, 'end', r['end'], 'epoch', r.epoch)
  redis.call('PEXPIRE', rsv, whole(keep))
  return r
end

-- keepfor is how long (ms) a record outlives now.
local function keepfor(civil) return math.max(0, ARGV[5] * 1000 - civil) + ARGV[9] end

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
