-- unsettled.lua lists RESERVED stops whose originator has not been heard for long.
-- KEYS  1 unsettled  2 what stands before RESERVATION in a record's key
-- ARGV  1 age (ms)  2 how many of the oldest to leave out  3 limit
-- Answers a list of {reservation, answer()…}.
local reply = {}
local upto = clock() - ARGV[1]
for _, rid in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(upto), 'LIMIT', ARGV[2], ARGV[3])) do
  local r = read(KEYS[2] .. rid)
  if r and booked(r) and r.settled ~= '1' then
    reply[#reply + 1] = { rid, unpack(answer(r, true)) }
  else
    redis.call('ZREM', KEYS[1], rid)
  end
end
return reply
