-- withdraw.lua takes an EVSE out of service: it cancels what it promised and ends the
-- session of a car that is there, with an estimated bill. Or it puts it back.
-- KEYS  1 cal  2 oos  3 outbox  4 unsettled  5 what stands before RESERVATION in a lock's key  6 the same of rsv
-- ARGV  1 evse  2 reason (empty: back in service)  3 civil time (ms; empty: Redis TIME)
--       4 the most power (W)  5 the tariff's rates  6 the request  7 the accounts
-- Answers per reservation: trip, reservation, leg, state, reason, origin.
local cal, oos, outbox, unsettled, lockbase, rsvbase = unpack(KEYS)
local evse, reason = ARGV[1], ARGV[2]
if reason == '' then
  redis.call('HDEL', oos, evse, '~' .. evse)
  return {}
end
local civil = tonumber(ARGV[3]) or (clock())
if redis.call('HGET', oos, evse) ~= reason then redis.call('HSET', oos, evse, reason, '~' .. evse, whole(civil)) end
local at = place(cal, lockbase, rsvbase, unsettled, outbox, civil)
local told = {}
local function tell(notice)
  for _, v in ipairs(notice) do told[#told + 1] = v end
end
for _, name in ipairs(redis.call('ZRANGE', cal, 0, -1)) do
  local kind, stop, rid = parse(name)
  local lock = lockbase .. rid
  local r = read(rsvbase .. rid)
  if r and r.state == 'CHARGING' then
    tell(estimate(at, r, rid, civil, ARGV[4], ARGV[5], reason, 'operator'))
  elseif stop * 1000 > civil and (kind == 'R' or left(lock)) then
    redis.call('ZREM', cal, name)
    redis.call('DEL', lock)
    if r then
      retire(at, r, rid, 'CANCELED', reason, 'withdraw', 'operator')
      tell(notify(outbox, r, rid))
    end
  end
end
return told
