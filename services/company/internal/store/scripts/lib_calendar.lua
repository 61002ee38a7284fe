-- lib_calendar.lua stands before every script of a location.
--
-- The scripts of one reservation share their first arguments:
--   KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled  6 fence  7 oos  8 outbox
--   ARGV  1 reservation  2 who  3 end (s)  4 epoch  5 owner
--         6 civil time (ms; empty: Redis TIME)  7 retention (ms)
-- They answer {'OK', …} or {CODE, …}.
--
-- A record's fields: v ('1'), who = trip|origin|evse|end (s), what = leg|start (s)|vehicle,
-- state, fence, epoch, first (ms of the first grant), granted_at, stamped, key_id,
-- settled, reason, moves (number of the last move), started (ms), planned (Wh),
-- asked (ms by Redis TIME: the plug has not been answered yet), done
-- (ended (ms)|Wh|rates), estimated ('1': the Wh are no car's word), freed (ms: the
-- car before has left), blocked ('1': the driver knows that it has not), log.
-- log is the history, newest first, apart by spaces (docs/adr/0024-reservation-history.md): number|when (ms by
-- Redis TIME)|civil time (ms; empty: the same)|step|state|by whom (a company, 'operator',
-- empty: by time)|note|request. note is the code of a refusal, the window (start-end, s)
-- of a move, the trip that a preempted one yielded to, or what an originator said.
-- A tombstone for what was never held has no what. Fields that are not known here stay.
-- Few fields, because a hash's cost grows with the square of their number.

-- FINAL: what a final state says to a reserve, a renew or a confirm.
local FINAL = { CANCELED = 'ALREADY_COMPENSATED', EXPIRED = 'HOLD_EXPIRED', PREEMPTED = 'HOLD_PREEMPTED' }

-- read gives a record as a table, or nil. One of before CHARGING was a state is
-- RESERVED with a start.
local function read(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local r = {}
  for i = 1, #flat, 2 do r[flat[i]] = flat[i + 1] end
  if r.state == 'RESERVED' and r.started then r.state = 'CHARGING' end
  return r
end

-- REQUEST is under which request somebody acts, where that is known: the argument before
-- the last.
local REQUEST = string.match(ARGV[#ARGV - 1] or '', '^request|(.*)$') or ''

-- LONGLOG is how long (bytes) a history grows before it loses its oldest lines.
local LONGLOG = 4000

-- noted gives a record's history with a line about the state that it has now. It is
-- written with that state, by the same HSET.
local function noted(r, step, by, note, civil)
  local ms = clock()
  local log = r.log or ''
  local n = (string.match(log, '^%d+') or 0) + 1
  if #log > LONGLOG then log = string.match(string.sub(log, 1, LONGLOG), '^(.*) ') end
  r.log = format('%d|%d|%s|%s|%s|%s|%s|%s', n, ms, civil and civil ~= ms and whole(civil) or '', step, r.state, by or '', note or '', REQUEST)
    .. (log == '' and '' or ' ' .. log)
  return r.log
end

-- denied notes a refusal in the history of what it was about, and gives it. One that
-- follows its like says nothing new.
local function denied(rsv, r, step, civil, no)
  local by = select(2, whose(ARGV[2]))
  local last = string.match(r.log or '', '^%d+|%d+|%d*|([^ ]*)') or ''
  local like = step .. '|' .. r.state .. '|' .. by .. '|' .. no[1] .. '|'
  if string.sub(last, 1, #like) ~= like then redis.call('HSET', rsv, 'log', noted(r, step, by, no[1], civil)) end
  return no
end

-- booked says whether a stop is its trip's for good and its session not over.
local function booked(r) return r.state == 'RESERVED' or r.state == 'CHARGING' end

-- over says whether a stop asks nothing more of anybody.
local function over(r) return r.state == 'CANCELED' or r.state == 'FULFILLED' or r.state == 'NO_SHOW' end

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
-- for at least keep ms. seen is what is remembered.
local function stale(own, seen, ms, keep)
  local epoch, owner = ARGV[4], ARGV[5]
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

-- place is what all scripts of an EVSE's calendar look at: the keys, the civil time,
-- the no-show time, and what has been found out so far.
local function place(cal, lockbase, rsvbase, unsettled, outbox, civil, noshow)
  return { cal = cal, lockbase = lockbase, rsvbase = rsvbase, unsettled = unsettled, outbox = outbox, civil = civil, noshow = noshow or 0 }
end

-- here is the place of a reservation's own keys.
local function here(civil, noshow)
  local n = #ARGV[1]
  return place(KEYS[1], string.sub(KEYS[2], 1, -n - 1), string.sub(KEYS[3], 1, -n - 1), KEYS[5], KEYS[8], civil, noshow)
end

-- retire takes a reservation off the calendar with its lock, and off the accounts, and
-- gives it a state without a hold: by a step and by whom, where it is not by itself.
local function retire(at, r, rid, state, reason, step, by, note)
  if booked(r) or r.state == 'CLAIMED' or r.state == 'PENDING' then
    give(claim(rid, r.who, r.what), booked(r) and 'R' or 'H', state == 'NO_SHOW', at.civil)
  end
  if booked(r) then
    redis.call('ZREM', at.cal, member('R', ending(r), rid))
    redis.call('ZREM', at.unsettled, rid)
  elseif r.state == 'CLAIMED' or r.state == 'PENDING' then
    redis.call('ZREM', at.cal, member('H', ending(r), rid))
    redis.call('DEL', at.lockbase .. rid)
  end
  r.state = state
  local log = noted(r, step or (state == 'NO_SHOW' and 'no_show' or 'expire'), by, note, at.civil)
  if reason then
    r.reason = reason
    redis.call('HSET', at.rsvbase .. rid, 'state', state, 'log', log, 'reason', reason)
  else
    redis.call('HSET', at.rsvbase .. rid, 'state', state, 'log', log)
  end
end

-- lapsed answers for a hold whose lock is no more.
local function lapsed(at, r, rid) -- once or never
  retire(at, r, rid, 'EXPIRED')
  return { 'HOLD_EXPIRED', '' }
end

-- notify leaves a notice for the originator, until it has acknowledged this one (n),
-- and gives it as trip, reservation, leg, state, reason, origin. A word beside the
-- state's own reason is for this notice only.
local function notify(outbox, r, rid, word)
  local trip, origin, _, stop = whose(r.who)
  local leg = which(r.what)
  local _, us = clock()
  redis.call('HSET', outbox, rid, cjson.encode({
    trip_id = trip, reservation_id = rid, leg = tonumber(leg), state = r.state, reason = word or r.reason, origin = origin,
    stop = stop, started = r.started, done = r.done, estimated = r.estimated, n = whole(us),
  }))
  return { trip, rid, leg, r.state, word or r.reason or '', origin }
end

-- CLOCKS is how far (s) the servers' civil clocks may be apart, and how early a car
-- of before CHARGING was a state may have plugged in: its entry has the booked start.
local CLOCKS = 7200

-- plugged finds whose car is at the plug, whether its window is over or not; false
-- for nobody's.
local function plugged(at)
  if at.plugged ~= nil then return at.plugged end
  at.plugged = false
  local begun = redis.call('ZREVRANGEBYSCORE', at.cal, whole(math.floor(at.civil / 1000) + CLOCKS), '-inf', 'WITHSCORES')
  for i = 1, #begun, 2 do
    local kind, stop, rid = parse(begun[i])
    if kind == 'R' then
      local state, started = unpack(redis.call('HMGET', at.rsvbase .. rid, 'state', 'started'))
      if state == 'CHARGING' or (state == 'RESERVED' and started) then
        at.plugged = { rid = rid, start = tonumber(begun[i + 1]), stop = stop }
        break
      end
    end
  end
  return at.plugged
end

-- gone says whether nobody has come to a RESERVED: its window is over, or its no-show
-- time (0: none), which runs from when the plug was free and does not while
-- another car is there. word (ms) is when somebody says that he has come.
local function gone(at, r, start, stop, word)
  if r.state ~= 'RESERVED' then return false end
  if stop * 1000 <= at.civil then return true end
  local from = math.max(start * 1000, tonumber(r.freed or '0'))
  return at.noshow > 0 and from + at.noshow <= (word or at.civil) and not plugged(at)
end

-- spent is what an entry of the calendar has become by itself: EXPIRED, NO_SHOW, or
-- nil while it stands. What has lost its record stays: RESERVED for good, a hold
-- until its lock lapses.
local function spent(at, m, o)
  if m.kind == 'H' then
    if not left(at.lockbase .. m.rid) then return 'EXPIRED' end
  elseif o and gone(at, o, m.start, m.stop) then
    return 'NO_SHOW'
  end
end

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

-- judged gives members their records and what they have become.
local function judged(at, found) -- once or never
  for _, m in ipairs(found) do
    m.record = read(at.rsvbase .. m.rid)
    m.becomes = spent(at, m, m.record)
  end
  return found
end

-- around lists what overlaps [s, e) beside the request's own reservation, latest
-- first, with its record and what it has become.
local function around(at, s, e)
  local found = {}
  for _, m in ipairs(overlapping(at.cal, s, e)) do
    if m.rid ~= ARGV[1] then found[#found + 1] = m end
  end
  return #found > 0 and judged(at, found) or found
end

-- remove takes an entry off the calendar that has become something else.
local function remove(at, m)
  redis.call('ZREM', at.cal, m.name)
  if m.kind == 'H' then redis.call('DEL', at.lockbase .. m.rid) end
  if not m.record then return end
  if m.becomes == 'PREEMPTED' then
    local trip, origin = whose(ARGV[2])
    retire(at, m.record, m.rid, m.becomes, nil, 'preempt', origin, trip)
  else
    retire(at, m.record, m.rid, m.becomes)
  end
  if m.becomes == 'NO_SHOW' then return notify(at.outbox, m.record, m.rid) end
end

-- own says whether a record is of the request's own trip.
local function own(o)
  local trip, origin = whose(ARGV[2])
  local its, company = whose(o and o.who or '|||0')
  return its == trip and company == origin
end

-- conflict is the refusal by what is in the way: code, own, settled, state, start,
-- end, ticket time, reservation, who.
local function conflict(code, m)
  local o = m.record or { settled = '1' }
  local mine = own(m.record)
  local settled = mine or (m.kind == 'R' and (o.settled == '1' or o.state == 'CHARGING'))
  return { code, mine and '1' or '', settled and '1' or '', o.state or 'RESERVED', whole(m.start), whole(m.stop),
    o.granted_at or '', m.rid, o.who or '' }
end

-- SOON is how long before its start (ms) a stop's driver is told how its plug is.
local SOON = 3600000

-- freed says to those who wait for the plug that it is free: their no-show time runs
-- from now on. It gives the notices of those who were told that it was not.
local function freed(at)
  at.plugged = nil
  local told = {}
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', at.cal, '-inf', whole(math.floor((at.civil + SOON) / 1000)))) do
    local kind, stop, rid = parse(name)
    local r = kind == 'R' and stop * 1000 > at.civil and read(at.rsvbase .. rid)
    if r and r.state == 'RESERVED' then
      redis.call('HSET', at.rsvbase .. rid, 'freed', whole(at.civil))
      if r.blocked then
        redis.call('HDEL', at.rsvbase .. rid, 'blocked')
        for _, v in ipairs(notify(at.outbox, r, rid, 'EVSE_FREE')) do told[#told + 1] = v end
      end
    end
  end
  return told
end

-- most is how many Wh a charger of so many W can have given by ended (ms), with a
-- grace (ms) for clocks.
local function most(r, watts, ended, grace)
  return math.floor(watts * (math.max(0, ended - r.started) + grace) / 3600000)
end

-- finish ends a session with its bill, FULFILLED, and leaves its notice. estimated
-- ('1') where no car has said the figure; by whom, where not by time.
local function finish(at, r, rid, ended, wh, rates, estimated, reason, by)
  r.done, r.estimated, r.asked = whole(ended) .. '|' .. whole(wh) .. '|' .. rates, estimated, nil
  redis.call('HSET', at.rsvbase .. rid, 'done', r.done)
  redis.call('HDEL', at.rsvbase .. rid, 'estimated', 'asked')
  if estimated then redis.call('HSET', at.rsvbase .. rid, 'estimated', estimated) end
  local step = estimated and 'estimate' or 'complete'
  if r.state == 'FULFILLED' then
    redis.call('HSET', at.rsvbase .. rid, 'log', noted(r, step, by, '', at.civil))
  else
    retire(at, r, rid, 'FULFILLED', reason, step, by)
  end
  if PREFIX and counts('v') and not estimated and wh > 0 then know(vehicleKey((select(3, which(r.what))))) end
  return notify(at.outbox, r, rid)
end

-- estimate ends a session without its car's word: what the charger can have given,
-- at most what was planned.
local function estimate(at, r, rid, ended, watts, rates, reason, by)
  ended = math.max(ended, tonumber(r.started))
  local wh, planned = most(r, watts, ended, 0), tonumber(r.planned or '0')
  if planned > 0 then wh = math.min(wh, planned) end
  return finish(at, r, rid, ended, wh, rates, '1', reason, by)
end

-- TOLD are the fields of a record that answer() gives, those that it has.
local TOLD = { 'state', 'fence', 'epoch', 'settled', 'granted_at', 'key_id', 'stamped', 'reason', 'started', 'who', 'what', 'done', 'estimated', 'asked' }

-- answer is {OK, {field, value…}}: what a record is now, whether that was so before
-- (replay), and what its hold has left (ttl, ms). Whoever reads it looks for names.
local function answer(r, replay, ttl)
  local told = {}
  for _, field in ipairs(TOLD) do
    if r[field] then
      told[#told + 1] = field
      told[#told + 1] = r[field]
    end
  end
  if replay then
    told[#told + 1] = 'replay'
    told[#told + 1] = '1'
  end
  if ttl then
    told[#told + 1] = 'ttl'
    told[#told + 1] = whole(ttl)
  end
  return { 'OK', told }
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
local function tombstone(rsv, keep, step, civil, note)
  local r = { state = 'CANCELED', who = ARGV[2], epoch = ARGV[4] }
  local log = noted(r, step, (select(2, whose(r.who))), note, civil)
  redis.call('HSET', rsv, 'v', '1', 'who', r.who, 'state', r.state, 'epoch', r.epoch, 'log', log)
  redis.call('PEXPIRE', rsv, whole(keep))
  return r
end

-- keepfor is how long (ms) a record outlives now.
local function keepfor(civil) return math.max(0, ARGV[3] * 1000 - civil) + ARGV[7] end

-- forgotten says whether the location, whose mark this is, has lost data, or is
-- being recovered.
local function forgotten(mark, expected) return expected ~= '' and mark ~= expected end
