-- agenda.lua tells what waits to be done at a location; it changes nothing.
-- KEYS  1 outbox  2 unsettled  3 oos, then the cals of its EVSEs
-- ARGV  1 how many entries of each calendar, first begun first
-- Answers {} where nothing is kept at all, else {notices, when the oldest
-- unsettled was confirmed (ms), {evse, reason, …}, then per cal {entry, start (s), …}}.
if redis.call('EXISTS', unpack(KEYS)) == 0 then return {} end
local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local reply = { redis.call('HLEN', KEYS[1]), oldest[2] or '', redis.call('HGETALL', KEYS[3]) }
for i = 4, #KEYS do
  reply[#reply + 1] = redis.call('ZRANGE', KEYS[i], 0, ARGV[1] - 1, 'WITHSCORES')
end
return reply
