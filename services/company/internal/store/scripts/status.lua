-- status.lua tells which EVSEs of a location are out of service, and whose car is at
-- which plug.
-- KEYS  1 oos  2 what stands before RESERVATION in a record's key, then per EVSE its cal
-- ARGV  1 civil time (ms; empty: Redis TIME), then the EVSEs
-- Answers per EVSE: reason (empty: in service), reservation (empty: nobody's).
local civil = tonumber(ARGV[1]) or (clock())
local reply = {}
for i = 2, #ARGV do
  local car = plugged(place(KEYS[i + 1], '', KEYS[2], '', '', civil))
  reply[#reply + 1] = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  reply[#reply + 1] = car and car.rid or ''
end
return reply
