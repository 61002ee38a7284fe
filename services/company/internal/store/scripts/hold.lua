-- hold.lua grants a claim or a reserve, or says what is in the way.
-- KEYS  all eight of a reservation  9 mark  10 the stamp that the trip has shown here
-- ARGV  the seven of a reservation, then
--       8 what  9 start (s)  10 CLAIMED or PENDING  11 ttl (ms)  12 longest life (ms)
--       13 ticket time (µs, empty: none)  14 stamp ('1')  15 stamp floor (µs)  16 key id
--       17 no-show (ms)  18 the lock's JSON up to its state  19 the mark that is expected (empty: any)
--       20 the limits: vehicle|new|trips|share|trip-claims|claims  21 the request  22 the accounts
-- Answers answer(), then per victim: trip, reservation, leg, origin.
--      or {SLOT_TAKEN|PRIORITY_LOST, own, settled, state, start, end, ticket time, reservation, who}
--      or {QUOTA_EXCEEDED, limit, taken, of, until (s)}, {INVALID_WINDOW, 'vehicle_id', start, end (s)}
local cal, lock, rsv, owner, _, fence, oos = unpack(KEYS)
local rid, stop, what, start, want, granted = ARGV[1], ARGV[3], ARGV[8], ARGV[9], ARGV[10], ARGV[13]
local s, e = tonumber(start), tonumber(stop)
local mark, seen, shown, last = unpack(redis.call('MGET', KEYS[9], owner, KEYS[10], fence))
if forgotten(mark, ARGV[19]) then return { 'LOST' } end
local ms, us = clock()
local civil = tonumber(ARGV[6]) or ms
local at = here(civil, tonumber(ARGV[17]))
local step = want == 'CLAIMED' and 'claim' or 'reserve'

-- lockup writes the hold itself.
local function lockup(r, ttl)
  local stamp = r.granted_at and ('"granted_at":"' .. r.granted_at .. '",') or ''
  redis.call('SET', lock, ARGV[18] .. '"state":"' .. r.state .. '",' .. stamp .. '"fence":' .. r.fence .. '}', 'PX', whole(ttl))
end

-- again answers a repeat: same fence, same ticket time, at least the same time left.
local function again(r)
  if FINAL[r.state] then return denied(rsv, r, step, civil, { FINAL[r.state], r.reason or '' }) end
  touch(rsv, r)
  if r.state ~= 'CLAIMED' and r.state ~= 'PENDING' then return answer(r, true) end
  local ttl = left(lock)
  if not ttl then
    return lapsed(at, r, rid)
  end
  local more = math.min(tonumber(ARGV[11]), r.first + ARGV[12] - ms)
  local longer = more > ttl
  if longer then ttl = more end
  local moved = want == 'PENDING' and r.state == 'CLAIMED'
  local ticket = granted ~= '' and not r.granted_at
  if moved or ticket then
    if moved then
      r.state = want
      redis.call('HSET', rsv, 'state', r.state, 'log', noted(r, step, (select(2, whose(r.who))), '', civil))
    end
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
local function older(trip, theirs, other_trip)
  if granted == '' then return false end
  if not theirs then return true end
  if #granted ~= #theirs then return #granted < #theirs end
  if granted ~= theirs then return granted < theirs end
  return trip < other_trip
end

-- judge says whether a member stands in the way, and how much: 4 own, 3 settled or
-- nobody's, 2 older, 1 unsettled. A younger hold does not: it becomes PREEMPTED.
local function judge(m)
  local o = m.record
  if not o then return m.kind == 'H' and 2 or 3 end
  if own(o) then return 4 end
  if m.kind == 'R' then return (o.settled == '1' or o.state == 'CHARGING') and 3 or 1 end
  local trip = whose(ARGV[2])
  if older(trip, o.granted_at, (whose(o.who))) then
    m.becomes = 'PREEMPTED'
    return 0
  end
  return 2
end

-- past looks at every member in the way before it changes any: it answers the
-- refusal, or removes all and gives the victims.
local function past(found, mine) -- once or never
  local worst, no = 0, nil
  for _, m in ipairs(found) do
    local rank = m.becomes and 0 or judge(m)
    if rank > worst then worst, no = rank, conflict(rank == 2 and 'PRIORITY_LOST' or 'SLOT_TAKEN', m) end
  end
  if no then return no end
  local spare = {}
  for _, m in ipairs(found) do spare[m.rid] = m.becomes end
  no = mayTake(mine, limitsOf(ARGV[20]), spare, 0, ms, civil)
  if no then return no end
  local victims = {}
  for _, m in ipairs(found) do
    remove(at, m)
    if m.becomes == 'PREEMPTED' then
      local lost, company = whose(m.record.who)
      local leg = which(m.record.what)
      for _, v in ipairs({ lost, m.rid, leg, company }) do victims[#victims + 1] = v end
    end
  end
  return nil, victims
end

local function clear(mine)
  local found = around(at, s, e)
  if #found > 0 then return past(found, mine) end
  return mayTake(mine, limitsOf(ARGV[20]), {}, 0, ms, civil), {}
end

if e * 1000 <= civil then return { 'INVALID_WINDOW' } end
local keep = keepfor(civil)
local r = read(rsv)
if r then
  local no = other(r)
  if no then return no end
  if r.what and r.what ~= what then
    local leg, began = which(what)
    local hadleg, hadstart = which(r.what)
    return { 'ID_REUSED', leg ~= hadleg and 'leg' or began ~= hadstart and 'start' or 'vehicle_id' }
  end
end
local no = stale(owner, seen, ms, keep)
if no then return no end
if r then return again(r) end
local _, company, evse = whose(ARGV[2])
local broken, word = unpack(redis.call('HMGET', oos, evse, '@' .. company))
local barred = word and string.match(word, '|(.+)$')
if barred then return { 'SUSPENDED', barred } end
if broken then return { 'EVSE_OUT_OF_SERVICE', broken } end
if granted ~= '' and shown and shown ~= granted then return { 'TICKET_INVALID' } end
local mine = claim(rid, ARGV[2], what)
local taken, victims = clear(mine)
if taken then return taken end

local n = math.max(us, (tonumber(last or '') or 0) + 1)
r = { who = ARGV[2], what = what, state = want, fence = whole(n), epoch = ARGV[4] }
redis.call('SET', fence, r.fence)
if granted ~= '' then
  r.granted_at = granted
  redis.call('SET', KEYS[10], granted, 'PX', ARGV[12]) -- a hold of it lives no longer
end
if ARGV[14] == '1' then
  r.granted_at, r.stamped, r.key_id = whole(math.max(n, tonumber(ARGV[15]))), '1', ARGV[16]
end
local fields = { 'HSET', rsv, 'v', '1', 'who', r.who, 'what', what, 'state', want, 'fence', r.fence, 'epoch', r.epoch, 'first', whole(ms),
  'log', noted(r, step, company, '', civil), r.granted_at and 'granted_at', r.granted_at, r.stamped and 'stamped', r.stamped, r.stamped and 'key_id', r.key_id }
redis.call(unpack(fields, 1, r.stamped and 24 or r.granted_at and 20 or 18))
redis.call('PEXPIRE', rsv, whole(keep))
local ttl = math.min(tonumber(ARGV[11]), tonumber(ARGV[12]))
lockup(r, ttl)
redis.call('ZADD', cal, start, member('H', stop, rid))
take(mine, ms, civil)
local reply = answer(r, false, ttl)
for _, v in ipairs(victims) do reply[#reply + 1] = v end
return reply
