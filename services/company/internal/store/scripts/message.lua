-- message.lua keeps a message for a driver, once.
-- KEYS  1 the vehicle's messages, newest first: message|company|when (ms by Redis TIME)|JSON
-- ARGV  1 message  2 company  3 JSON  4 how many are kept  5 how many of a company  6 within (ms)
--       7 how long the newest is kept (ms)
-- Answers {OK}, {HAD, the JSON that is kept} or {RATE_LIMITED, until (ms from now)}.
local ms = clock()
local sent, oldest = 0, 0
for _, had in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local id, from, at, text = string.match(had, '^([^|]*)|([^|]*)|(%d+)|(.*)$')
  if from == ARGV[2] then
    if id == ARGV[1] then return { 'HAD', text } end
    if ms - at < tonumber(ARGV[6]) then sent, oldest = sent + 1, tonumber(at) end
  end
end
if sent >= tonumber(ARGV[5]) then return { 'RATE_LIMITED', whole(oldest + ARGV[6] - ms) } end
redis.call('LPUSH', KEYS[1], ARGV[1] .. '|' .. ARGV[2] .. '|' .. whole(ms) .. '|' .. ARGV[3])
redis.call('LTRIM', KEYS[1], 0, ARGV[4] - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return { 'OK' }
