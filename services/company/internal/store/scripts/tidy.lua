-- tidy.lua removes what has lapsed, marks no-shows, ends sessions whose car never
-- said that it left, and says to the next driver that the plug is not free. Nothing
-- depends on it.
-- KEYS  1 cal  2 oos  3 outbox  4 unsettled  5 what stands before RESERVATION in a lock's key  6 the same of rsv
-- ARGV  1 civil time (ms; empty: Redis TIME)  2 no-show (ms)  3 how long after its end a session is over (ms)
--       4 any number: which page of a long calendar is looked at
--       5 the most power (W)  6 the tariff's rates  7 how long a plug may be open (ms)  8 the accounts
-- Answers per notice: trip, reservation, leg, state, reason, origin; and so of each plug
-- that has been open for longer, with the reason OPEN_PLUG and without a notice.
local cal, _, outbox, unsettled, lockbase, rsvbase = unpack(KEYS)
local ms = clock()
local civil = tonumber(ARGV[1]) or ms
local longest = tonumber(ARGV[3])
local at = place(cal, lockbase, rsvbase, unsettled, outbox, civil, tonumber(ARGV[2]))
local told = {}
local function tell(notice)
  for _, v in ipairs(notice or {}) do told[#told + 1] = v end
end

-- atPlug looks after the session of a car that is there.
local function atPlug(m)
  local r, ends = m.record, m.stop * 1000 + longest
  if ends <= civil then
    tell(estimate(at, r, m.rid, ends, ARGV[5], ARGV[6]))
    tell(freed(at))
    return
  end
  if r.asked and ms - r.asked >= tonumber(ARGV[7]) then
    local trip, origin = whose(r.who)
    tell({ trip, m.rid, (which(r.what)), r.state, 'OPEN_PLUG', origin })
  end
  at.late = m.stop * 1000 <= civil
end

-- nextUp tells the driver of the first stop to come that the car before is still there.
local function nextUp(m)
  at.late = false
  if m.record.blocked then return end
  redis.call('HSET', rsvbase .. m.rid, 'blocked', '1')
  tell(notify(outbox, m.record, m.rid, 'EVSE_OCCUPIED'))
end

local function look(m)
  m.record = m.kind == 'R' and read(rsvbase .. m.rid) or nil
  if m.record and m.record.state == 'CHARGING' then return atPlug(m) end
  m.becomes = spent(at, m, m.record)
  if m.becomes then
    m.record = m.record or read(rsvbase .. m.rid)
    tell(remove(at, m))
  elseif m.kind == 'R' and not m.record then
    if m.stop * 1000 + longest <= civil then redis.call('ZREM', cal, m.name) end
  elseif at.late and m.record then
    nextUp(m)
  end
end

-- All that has begun or will within the hour; of what is to come later, where only a
-- lapsed hold matters, one page: a script that walks through a year's reservations
-- keeps everybody waiting.
local PAGE = 256
local all = redis.call('ZRANGEBYSCORE', cal, '-inf', whole(math.floor((civil + SOON) / 1000)), 'WITHSCORES')
local near = #all / 2
local coming = redis.call('ZCARD', cal) - near
if coming > 0 then
  local from = near + PAGE * (ARGV[4] % math.ceil(coming / PAGE))
  for _, v in ipairs(redis.call('ZRANGE', cal, whole(from), whole(from + PAGE - 1), 'WITHSCORES')) do all[#all + 1] = v end
end
for i = 1, #all, 2 do
  local kind, stop, rid = parse(all[i])
  if i <= 2 * near or kind == 'H' then
    look({ name = all[i], kind = kind, start = tonumber(all[i + 1]), stop = stop, rid = rid })
  end
end
return told
