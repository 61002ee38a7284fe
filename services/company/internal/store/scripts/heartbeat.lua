-- heartbeat.lua looks whether a location's data is what it was, and adds one heartbeat.
-- KEYS  1 mark  2 heartbeat of this server
-- ARGV  1 the mark that the server knows (empty: none)  2 a mark for a location that never had one
--       3 the last heartbeat that was acknowledged  4 how long a heartbeat is kept (ms)
-- A mark is born and counts its recoveries: ID.N. A higher N of the same ID is
-- the work of another server, from which this one begins anew.
-- Answers {OK, mark, heartbeat}, or {LOST, what stands in the incarnation's place, why}.
local mark = redis.call('GET', KEYS[1])
if not mark then
  if ARGV[1] ~= '' then return { 'LOST', '', 'its birth mark is gone' } end
  mark = ARGV[2]
  redis.call('SET', KEYS[1], mark)
end
if string.sub(mark, 1, 5) == 'lost:' then return { 'LOST', mark, 'a recovery has begun and is not complete' } end
local last = tonumber(ARGV[3])
if ARGV[1] ~= '' and mark ~= ARGV[1] then
  local id, n = string.match(mark, '^(.*)%.(%d+)$')
  local known, had = string.match(ARGV[1], '^(.*)%.(%d+)$')
  if id ~= known then return { 'LOST', mark, 'it has another birth mark' } end
  if tonumber(n) < tonumber(had) then return { 'LOST', mark, 'it has gone back in time' } end
  last = 0
end
local beat = tonumber(redis.call('GET', KEYS[2]) or '0')
if beat < last then return { 'LOST', mark, 'it has gone back in time' } end
redis.call('SET', KEYS[2], whole(beat + 1), 'PX', ARGV[4])
return { 'OK', mark, whole(beat + 1) }
