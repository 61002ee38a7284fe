-- move.lua gives a RESERVED stop another window, or leaves it as it was.
-- KEYS  all eight of a reservation  9 mark
-- ARGV  the seven of a reservation (3: the end of the new window), then
--       8 number of the move  9 start (s)  10 end of the new window (s)  11 no-show (ms)  12 the mark that is expected (empty: any)
-- Answers answer(), or hold.lua's refusal of a window that is taken.
local cal, lock, rsv, own, unsettled, fence, oos, outbox = unpack(KEYS)
local rid, seq = ARGV[1], tonumber(ARGV[8])
if forgotten(KEYS[9], ARGV[12]) then return { 'LOST' } end
local s, e = tonumber(ARGV[9]), tonumber(ARGV[10])
local ms, us = clock()
local civil = tonumber(ARGV[6]) or ms
local noshow = tonumber(ARGV[11])
local r = read(rsv)
if not r then return { 'UNKNOWN_RESERVATION' } end
local no = stranger(r)
if no then return no end
local keep = keepfor(civil)
no = stale(own, ms, keep)
if no then return no end
if FINAL[r.state] then return { FINAL[r.state], r.reason or '' } end
local trip, origin, evse, oldstop = whose(r.who)
local leg, oldstart, vehicle = which(r.what)
if r.state == 'NO_SHOW' then return { 'TOO_LATE', oldstart, oldstop } end
if r.state ~= 'RESERVED' then return { 'NO_RESERVATION_HERE', r.state } end
touch(rsv, r)
local last = tonumber(r.moves or '0')
local same = tonumber(oldstart) == s and tonumber(oldstop) == e
if seq < last or (seq == last and not same) then return { 'ID_REUSED', 'seq' } end
if seq == last then return answer(r, true) end
if gone(r, tonumber(oldstart), tonumber(oldstop), civil, noshow) then
  retire(cal, lock, rsv, unsettled, r, oldstop, rid, 'NO_SHOW')
  notify(outbox, r, rid)
  return { 'TOO_LATE', oldstart, oldstop }
end
if same then
  r.moves = whole(seq)
  redis.call('HSET', rsv, 'moves', r.moves)
  return answer(r, true)
end
if e * 1000 <= civil then return { 'INVALID_WINDOW', 'end' } end
if s ~= tonumber(oldstart) and (r.started or s * 1000 < civil) then return { 'INVALID_WINDOW', 'start' } end

-- Whatever overlaps beside itself stays, unless it has lapsed.
local lockbase, rsvbase = string.sub(lock, 1, -#rid - 1), string.sub(rsv, 1, -#rid - 1)
for _, m in ipairs(overlapping(cal, s, e)) do
  if m.rid ~= rid then
    local o = read(rsvbase .. m.rid)
    local becomes
    if m.kind == 'H' then
      if not left(lockbase .. m.rid) then becomes = 'EXPIRED' end
    elseif o and gone(o, m.start, m.stop, civil, noshow) then
      becomes = 'NO_SHOW'
    end
    if not becomes then
      local otrip, oorigin = whose(o and o.who or '|||0')
      local mine = otrip == trip and oorigin == origin
      local code = m.kind == 'H' and not mine and 'PRIORITY_LOST' or 'SLOT_TAKEN'
      local settled = m.kind == 'R' and (not o or o.settled == '1') or mine
      return { code, mine and '1' or '', settled and '1' or '', o and o.state or 'RESERVED', whole(m.start), whole(m.stop),
        o and o.granted_at or '', m.rid, o and o.who or '' }
    end
    redis.call('ZREM', cal, m.name)
    if o then
      retire(cal, lockbase .. m.rid, rsvbase .. m.rid, unsettled, o, whole(m.stop), m.rid, becomes)
      if becomes == 'NO_SHOW' then notify(outbox, o, m.rid) end
    end
  end
end
local broken = redis.call('HGET', oos, evse)
if broken then return { 'EVSE_OUT_OF_SERVICE', broken } end

redis.call('ZREM', cal, member('R', oldstop, rid))
redis.call('ZADD', cal, whole(s), member('R', whole(e), rid))
local n = math.max(us, (tonumber(redis.call('GET', fence) or '') or 0) + 1)
redis.call('SET', fence, whole(n))
r.who = trip .. '|' .. origin .. '|' .. evse .. '|' .. whole(e)
r.what = leg .. '|' .. whole(s) .. '|' .. vehicle
r.fence, r.moves = whole(n), whole(seq)
redis.call('HSET', rsv, 'who', r.who, 'what', r.what, 'fence', r.fence, 'moves', r.moves)
local rest = redis.call('PTTL', rsv)
if keep > rest then redis.call('PEXPIRE', rsv, whole(keep)) end
return answer(r, false)
