-- tidy.lua removes what has lapsed, marks no-shows, and ends sessions whose car
-- never said that it left. Nothing depends on it.
-- KEYS  1 cal  2 oos  3 outbox  4 unsettled  5 what stands before RESERVATION in a lock's key  6 the same of rsv
-- ARGV  1 civil time (ms; empty: Redis TIME)  2 no-show (ms)  3 how long after its end a session is over (ms)
--       4 any number: which page of a long calendar is looked at
-- Answers per notice: trip, reservation, leg, state, reason, origin.
local cal, _, outbox, unsettled, lockbase, rsvbase = unpack(KEYS)
local civil = tonumber(ARGV[1]) or (clock())
local noshow, over = tonumber(ARGV[2]), tonumber(ARGV[3])
local told = {}
-- All that has begun; of what is to come, where only a lapsed hold matters, one
-- page: a script that walks through a year's reservations keeps everybody waiting.
local PAGE = 256
local all = redis.call('ZRANGEBYSCORE', cal, '-inf', whole(math.floor(civil / 1000)), 'WITHSCORES')
local begun = #all / 2
local coming = redis.call('ZCARD', cal) - begun
if coming > 0 then
  local from = begun + PAGE * (ARGV[4] % math.ceil(coming / PAGE))
  for _, v in ipairs(redis.call('ZRANGE', cal, whole(from), whole(from + PAGE - 1), 'WITHSCORES')) do all[#all + 1] = v end
end
for i = 1, #all, 2 do
  local start = tonumber(all[i + 1])
  local kind, stop, rid = parse(all[i])
  local lock, rsv = lockbase .. rid, rsvbase .. rid
  local becomes
  if kind == 'H' then
    if not left(lock) then becomes = 'EXPIRED' end
  elseif start * 1000 <= civil then
    local r = read(rsv)
    if not r then
      if stop * 1000 + over <= civil then redis.call('ZREM', cal, all[i]) end
    elseif gone(r, start, stop, civil, noshow) then
      becomes = 'NO_SHOW'
    elseif r.started and stop * 1000 + over <= civil then
      becomes = 'FULFILLED'
    end
  end
  if becomes then
    local r = read(rsv)
    redis.call('ZREM', cal, all[i])
    if r then
      retire(cal, lock, rsv, unsettled, r, stop, rid, becomes)
      if becomes ~= 'EXPIRED' then
        for _, v in ipairs(notify(outbox, r, rid)) do told[#told + 1] = v end
      end
    end
  end
end
return told
