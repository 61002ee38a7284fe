-- reservation.lua reads one reservation together with the time its hold has left.
-- KEYS  1 rsv  2 what stands before EVSE:RESERVATION in a lock's key
-- ARGV  1 reservation  2 '1': with its history
-- Answers answer(), and after it the log; a hold whose lock is gone is EXPIRED.
local r = read(KEYS[1])
if not r then return { 'UNKNOWN_RESERVATION' } end
local ttl
if r.state == 'CLAIMED' or r.state == 'PENDING' then
  local _, _, evse = whose(r.who)
  ttl = left(KEYS[2] .. evse .. ':' .. ARGV[1])
  if not ttl then r.state = 'EXPIRED' end
end
local reply = answer(r, true, ttl)
if ARGV[2] == '1' then reply[#reply + 1] = r.log or '' end
return reply
