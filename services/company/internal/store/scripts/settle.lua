-- settle.lua notes that the originator has said CONFIRMED.
-- KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled
-- ARGV  the seven of a reservation
-- Answers answer().
local _, _, rsv, _, unsettled = unpack(KEYS)
local rid = ARGV[1]
local r = read(rsv)
if not r then return { 'UNKNOWN_RESERVATION' } end
local no = other(r)
if no then return no end
redis.call('ZREM', unsettled, rid)
if r.state ~= 'RESERVED' or r.settled == '1' then return answer(r, true) end
r.settled = '1'
redis.call('HSET', rsv, 'settled', '1')
return answer(r, false)
