-- cancel.lua ends one booking by the word of the EVSE's owner: a small withdraw.
-- KEYS  1 cal  2 oos  3 outbox  4 unsettled  5 what stands before RESERVATION in a lock's key  6 the same of rsv
-- ARGV  1 reservation  2 reason  3 civil time (ms; empty: Redis TIME)  4 '1': holds alone  5 the request  6 the accounts
-- Answers answer(), with a notice in the outbox where it did something; {SESSION_OPEN} where
-- a car is at the plug, {NO_RESERVATION_HERE, state} of what holds its window no more or,
-- for holds alone, is booked.
local cal, _, outbox, unsettled, lockbase, rsvbase = unpack(KEYS)
local rid, reason = ARGV[1], ARGV[2]
local at = place(cal, lockbase, rsvbase, unsettled, outbox, tonumber(ARGV[3]) or (clock()))
local r = read(rsvbase .. rid)
if not r then return { 'UNKNOWN_RESERVATION' } end
if r.state == 'CANCELED' then return answer(r, true) end
if r.state == 'CHARGING' then return { 'SESSION_OPEN' } end
if (r.state == 'CLAIMED' or r.state == 'PENDING') and not left(lockbase .. rid) then retire(at, r, rid, 'EXPIRED') end
if r.state == 'RESERVED' and (ARGV[4] == '1' or ending(r) * 1000 <= at.civil) then return { 'NO_RESERVATION_HERE', r.state } end
if r.state ~= 'RESERVED' and r.state ~= 'CLAIMED' and r.state ~= 'PENDING' then return { 'NO_RESERVATION_HERE', r.state } end
retire(at, r, rid, 'CANCELED', reason, ARGV[4] == '1' and 'release' or 'cancel', 'operator')
notify(outbox, r, rid)
return answer(r, false)
