-- admit.lua checks a new trip against its vehicle's open trips and the caller's
-- idempotency key. Without a trip it only looks for what the key has made.
-- KEYS  1 spans of the vehicle's open trips  2 idempotency key
-- ARGV  1 trip  2 start (s)  3 end (s)  4 keyed ('1')  5 digest  6 life (ms)  7 civil time (ms; empty: Redis TIME)
--       8 a trip that was given up: the request takes its place  9 how long an over span is kept (ms)
-- Answers {OK}, {REPLAY, trip, age (ms)}, {ID_REUSED, trip} or {BUSY, trip, start, end, age (ms)}.
local trip, keyed = ARGV[1], ARGV[4] == '1'
local ms = clock()
local civil = tonumber(ARGV[7]) or ms
if keyed then
  local had = redis.call('GET', KEYS[2])
  if had then
    local digest, made, at = string.match(had, '^(.*)|([^|]*)|(%d+)$')
    if digest ~= ARGV[5] then return { 'ID_REUSED', made } end
    if made ~= trip and made ~= ARGV[8] then return { 'REPLAY', made, whole(ms - at) } end
  end
end
if trip == '' then return { 'OK' } end
local spans = redis.call('HGETALL', KEYS[1])
local over = {}
for i = 1, #spans, 2 do
  local id = spans[i]
  local s, e, at = string.match(spans[i + 1], '^(%d+)|(%d+)|(%d+)$')
  if id == ARGV[8] or e * 1000 + ARGV[9] <= civil then
    over[#over + 1] = id
  elseif id ~= trip and tonumber(s) < tonumber(ARGV[3]) and tonumber(ARGV[2]) < tonumber(e) then
    return { 'BUSY', id, s, e, whole(ms - at) }
  end
end
for _, id in ipairs(over) do redis.call('HDEL', KEYS[1], id) end
redis.call('HSET', KEYS[1], trip, ARGV[2] .. '|' .. ARGV[3] .. '|' .. whole(ms))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[6]) then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end
if keyed then redis.call('SET', KEYS[2], ARGV[5] .. '|' .. trip .. '|' .. whole(ms), 'PX', ARGV[6]) end
return { 'OK' }
