-- answered.lua notes that a plug is about to be answered: from here on only the end of
-- the session leads away from CHARGING.
-- KEYS  all eight of a reservation
-- ARGV  the seven of a reservation
-- Answers answer(), whatever the state.
local rsv = KEYS[3]
local r = read(rsv)
if not r then return { 'NO_RESERVATION_HERE' } end
local no = other(r)
if no then return no end
local open = r.asked
if open then
  r.asked = nil
  redis.call('HDEL', rsv, 'asked')
end
return answer(r, not open)
