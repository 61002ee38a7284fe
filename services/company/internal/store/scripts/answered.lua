-- answered.lua notes that a plug is about to be answered: from here on only the end of
-- the session leads away from CHARGING. Its originator has a notice, whoever waits for the
-- answer: a plug that comes late, after its car was told no, begins a session that
-- nobody waits for.
-- KEYS  all eight of a reservation
-- ARGV  the seven of a reservation
-- Answers answer(), whatever the state.
local rsv, outbox = KEYS[3], KEYS[8]
local r = read(rsv)
if not r then return { 'NO_RESERVATION_HERE' } end
local no = other(r)
if no then return no end
local open = r.asked
if open then
  r.asked = nil
  redis.call('HDEL', rsv, 'asked')
  if r.state == 'CHARGING' then notify(outbox, r, ARGV[1]) end
end
return answer(r, not open)
