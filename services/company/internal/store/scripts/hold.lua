-- hold.lua grants a claim or a reserve, or says what is in the way.
-- KEYS  all eight of a reservation
-- ARGV  the nine of a reservation, then
--       10 leg  11 start (s)  12 vehicle  13 CLAIMED or PENDING  14 ttl (ms)  15 longest life (ms)
--       16 ticket time (µs, empty: none)  17 stamp ('1')  18 stamp floor (µs)  19 key id
--       20 no-show (ms)  21 the lock's JSON up to its state
-- Answers answer(), then per victim: trip, reservation, leg, origin.
--      or {SLOT_TAKEN|PRIORITY_LOST, own, settled, state, start, end, ticket time, trip, reservation, origin}
local cal, lock, rsv, own, unsettled, fence, oos, outbox = unpack(KEYS)
local rid, trip, origin, evse, stop, epoch, owner = unpack(ARGV, 1, 7)
local leg, start, vehicle, want = unpack(ARGV, 10, 13)
local granted = ARGV[16]
local s, e = tonumber(start), tonumber(stop)
local ms, us = clock()
local civil = tonumber(ARGV[8]) or ms

-- lockup writes the hold itself.
local function lockup(r, ttl)
  local stamp = r.granted_at and ('"granted_at":"' .. r.granted_at .. '",') or ''
  redis.call('SET', lock, ARGV[21] .. '"state":"' .. r.state .. '",' .. stamp .. '"fence":' .. r.fence .. '}', 'PX', whole(ttl))
end

-- again answers a repeat: same fence, same ticket time, at least the same time left.
local function again(r)
  if FINAL[r.state] then return { FINAL[r.state], r.reason or '' } end
  touch(rsv, r, epoch)
  if r.state ~= 'CLAIMED' and r.state ~= 'PENDING' then return answer(r, true) end
  local ttl = left(lock)
  if not ttl then
    retire(cal, lock, rsv, unsettled, r, rid, 'EXPIRED')
    return { 'HOLD_EXPIRED', '' }
  end
  local more = math.min(tonumber(ARGV[14]), r.first + ARGV[15] - ms)
  local longer = more > ttl
  if longer then ttl = more end
  local moved = want == 'PENDING' and r.state == 'CLAIMED'
  local ticket = granted ~= '' and not r.granted_at
  if moved or ticket then
    if moved then r.state = want end
    redis.call('HSET', rsv, 'state', r.state)
    if ticket then
      r.granted_at = granted
      redis.call('HSET', rsv, 'granted_at', granted)
    end
    lockup(r, math.max(ttl, 1))
  elseif longer then
    redis.call('PEXPIRE', lock, whole(ttl))
  end
  return answer(r, not moved, ttl)
end

-- older says whether the request goes before a hold: the smaller (ticket time,
-- trip) wins, no ticket is younger than every ticket.
local function older(o)
  local theirs = o.granted_at
  if granted == '' then return false end
  if not theirs then return true end
  if #granted ~= #theirs then return #granted < #theirs end
  if granted ~= theirs then return granted < theirs end
  return trip < o.trip
end

-- judge says what a member means to the request: 'go' with what becomes of it,
-- or how much it is in the way (4 own … 1 unsettled).
local function judge(m, o)
  if m.kind == 'H' then
    if not left(m.lock) then return 'EXPIRED' end
    if not m.record then return nil, 2 end
    if o.trip == trip and o.origin == origin then return nil, 4 end
    if older(o) then return 'PREEMPTED' end
    return nil, 2
  end
  if gone(o, m.start, m.stop, civil, tonumber(ARGV[20])) then return 'NO_SHOW' end
  if o.trip == trip and o.origin == origin then return nil, 4 end
  return nil, o.settled == '1' and 3 or 1
end

local function refuse(rank, m, o)
  local code = rank == 2 and 'PRIORITY_LOST' or 'SLOT_TAKEN'
  return { code, rank == 4 and '1' or '', rank >= 3 and '1' or '', o.state or 'RESERVED', whole(m.start), whole(m.stop),
    o.granted_at or '', o.trip or '', m.rid, o.origin or '' }
end

-- clear looks at every member in the way before it changes any: it answers the
-- refusal, or retires all and gives the victims.
local function clear()
  local lockbase, rsvbase = string.sub(lock, 1, -#rid - 1), string.sub(rsv, 1, -#rid - 1)
  local found, worst, no = overlapping(cal, s, e), 0, nil
  for _, m in ipairs(found) do
    m.lock, m.rsv = lockbase .. m.rid, rsvbase .. m.rid
    m.record = read(m.rsv)
    -- What lost its record stays in the way: RESERVED for good, a hold until its lock lapses.
    local becomes, rank = judge(m, m.record or { settled = '1', started = '1', trip = '' })
    m.becomes = becomes
    if rank and rank > worst then worst, no = rank, refuse(rank, m, m.record or {}) end
  end
  if no then return no end
  local victims = {}
  for _, m in ipairs(found) do
    local o = m.record
    if o then
      retire(cal, m.lock, m.rsv, unsettled, o, m.rid, m.becomes)
      if m.becomes == 'NO_SHOW' then notify(outbox, o, m.rid) end
      if m.becomes == 'PREEMPTED' then
        for _, v in ipairs({ o.trip, m.rid, o.leg, o.origin }) do victims[#victims + 1] = v end
      end
    else
      redis.call('ZREM', cal, m.name)
      redis.call('DEL', m.lock)
    end
  end
  return nil, victims
end

if e * 1000 <= civil then return { 'INVALID_WINDOW' } end
local keep = keepfor(civil)
local r = read(rsv)
if r then
  local no = other(r, trip, origin, evse, stop)
  if no then return no end
  if r.start and r.start ~= start then return { 'ID_REUSED', 'start' } end
  if r.leg and r.leg ~= leg then return { 'ID_REUSED', 'leg' } end
  if r.vehicle and r.vehicle ~= vehicle then return { 'ID_REUSED', 'vehicle_id' } end
end
local no = stale(own, epoch, owner, ms, keep)
if no then return no end
if r then return again(r) end
local broken = redis.call('HGET', oos, evse)
if broken then return { 'EVSE_OUT_OF_SERVICE', broken } end
local taken, victims = clear()
if taken then return taken end

local n = math.max(us, (tonumber(redis.call('GET', fence) or '') or 0) + 1)
r = { trip = trip, origin = origin, leg = leg, evse = evse, start = start, ['end'] = stop, vehicle = vehicle,
  state = want, fence = whole(n), epoch = epoch }
redis.call('SET', fence, r.fence)
if granted ~= '' then r.granted_at = granted end
if ARGV[17] == '1' then
  r.granted_at, r.stamped, r.key_id = whole(math.max(n, tonumber(ARGV[18]))), '1', ARGV[19]
end
local fields = { 'trip', trip, 'origin', origin, 'leg', leg, 'evse', evse, 'start', start, 'end', stop,
  'vehicle', vehicle, 'state', want, 'fence', r.fence, 'epoch', epoch, 'first', whole(ms) }
for _, name in ipairs({ 'key_id', 'granted_at', 'stamped' }) do
  if r[name] then fields[#fields + 1], fields[#fields + 2] = name, r[name] end
end
redis.call('HSET', rsv, unpack(fields))
redis.call('PEXPIRE', rsv, whole(keep))
local ttl = math.min(tonumber(ARGV[14]), tonumber(ARGV[15]))
lockup(r, ttl)
redis.call('ZADD', cal, start, member('H', stop, rid))
local reply = answer(r, false, ttl)
for _, v in ipairs(victims) do reply[#reply + 1] = v end
return reply
