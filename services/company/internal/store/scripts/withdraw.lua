-- withdraw.lua takes an EVSE out of service and cancels what it promised, or
-- puts it back.
-- KEYS  1 cal  2 oos  3 outbox  4 unsettled  5 what stands before RESERVATION in a lock's key  6 the same of rsv
-- ARGV  1 evse  2 reason (empty: back in service)  3 civil time (ms; empty: Redis TIME)
-- Answers per canceled reservation: trip, reservation, leg, state, reason, origin.
local cal, oos, outbox, unsettled, lockbase, rsvbase = unpack(KEYS)
local evse, reason = ARGV[1], ARGV[2]
if reason == '' then
  redis.call('HDEL', oos, evse)
  return {}
end
redis.call('HSET', oos, evse, reason)
local civil = tonumber(ARGV[3]) or (clock())
local told = {}
for _, m in ipairs(redis.call('ZRANGE', cal, 0, -1)) do
  local kind, stop, rid = parse(m)
  local lock, rsv = lockbase .. rid, rsvbase .. rid
  if stop * 1000 > civil and (kind == 'R' or left(lock)) then
    local r = read(rsv)
    redis.call('ZREM', cal, m)
    redis.call('DEL', lock)
    if r then
      retire(cal, lock, rsv, unsettled, r, stop, rid, 'CANCELED', reason)
      for _, v in ipairs(notify(outbox, r, rid)) do told[#told + 1] = v end
    end
  end
end
return told
