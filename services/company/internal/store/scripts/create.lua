-- create.lua writes a new trip. A trip that is there stays as it is; that of
-- another owner, and one that was given up before it was created (void.lua), is
-- refused.
-- KEYS  1 trip  2 log
-- ARGV  1 doc  2 state  3 epoch  4 owner  5 lease (ms)  6 due (ms)  7 vehicle  8 entries  9 plan ('': none)
--       10 what is searched for (find.go)
-- Answers {OK, id of the entries in the log} or {STALE_OWNER, epoch}.
local had = redis.call('HMGET', KEYS[1], 'epoch', 'buried', 'owner')
if had[2] or (had[1] and had[3] ~= ARGV[4]) then return { 'STALE_OWNER', had[1] } end
if had[1] then return { 'OK' } end
local ms = clock()
redis.call('HSET', KEYS[1], 'doc', ARGV[1], 'state', ARGV[2], 'epoch', ARGV[3], 'owner', ARGV[4],
  'lease', whole(ms + ARGV[5]), 'due', ARGV[6], 'vehicle', ARGV[7], 'stuck', '', 'version', '1', 'find', '1|' .. ARGV[10])
if ARGV[9] ~= '' then redis.call('HSET', KEYS[1], 'plan', ARGV[9]) end
local seq = ''
if ARGV[8] ~= '' then seq = redis.call('XADD', KEYS[2], '*', 'e', ARGV[8]) end
return { 'OK', seq }
