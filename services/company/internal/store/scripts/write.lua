-- write.lua is one step of a saga: the new content, the journal entries, the lease.
-- KEYS  1 trip  2 log
-- ARGV  1 doc  2 state  3 epoch  4 owner  5 lease (ms)  6 due (ms; 0: no more work)
--       7 retention (ms; 0: for ever)  8 stuck ('1')  9 entries  10 most entries kept
--       11 what is searched for (find.go)
-- Answers {OK, stuck ('1': the trip was so before), id of the entries in the log}, {STALE_OWNER, epoch} or {UNKNOWN_TRIP}.
local had = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'version', 'ends', 'buried', 'stuck')
if not had[1] then return { 'UNKNOWN_TRIP' } end
local epoch, seen = tonumber(ARGV[3]), tonumber(had[1])
if had[5] or epoch < seen or (epoch == seen and ARGV[4] ~= had[2]) then return { 'STALE_OWNER', had[1] } end
local ms, version = clock(), whole(had[3] + 1)
local ends = ARGV[7] ~= '0' and '1' or ''
redis.call('HSET', KEYS[1], 'doc', ARGV[1], 'state', ARGV[2], 'epoch', ARGV[3], 'owner', ARGV[4],
  'lease', whole(ms + ARGV[5]), 'due', ARGV[6], 'stuck', ARGV[8], 'version', version, 'ends', ends,
  'find', version .. '|' .. ARGV[11])
local seq = ''
if ARGV[9] ~= '' then seq = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[10], '*', 'e', ARGV[9]) end
if ends == '1' then
  redis.call('PEXPIRE', KEYS[1], ARGV[7])
  redis.call('PEXPIRE', KEYS[2], ARGV[7])
elseif had[4] == '1' then
  redis.call('PERSIST', KEYS[1])
  redis.call('PERSIST', KEYS[2])
end
return { 'OK', had[6] or '', seq }
