-- tidy.lua removes what has lapsed, marks no-shows, and ends sessions whose car
-- never said that it left. Nothing depends on it.
-- KEYS  1 cal  2 oos  3 outbox  4 unsettled  5 what stands before RESERVATION in a lock's key  6 the same of rsv
-- ARGV  1 civil time (ms; empty: Redis TIME)  2 no-show (ms)  3 how long after its end a session is over (ms)
-- Answers per notice: trip, reservation, leg, state, reason, origin.
local cal, _, outbox, unsettled, lockbase, rsvbase = unpack(KEYS)
local civil = tonumber(ARGV[1]) or (clock())
local noshow, over = tonumber(ARGV[2]), tonumber(ARGV[3])
local told = {}
local all = redis.call('ZRANGE', cal, 0, -1, 'WITHSCORES')
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
