-- contest.lua judges between this company's session of a vehicle and one that has just
-- begun elsewhere. One that is not answered yet and began later yields, here and now.
-- KEYS  1 car
-- ARGV  1 reservation  2 EVSE  3 when it began (µs)  4 when an open plug counts as answered (ms)
-- Answers '1' when this company's goes on, the claim, and '1' when that is so old.
local _, us = clock()
local had = redis.call('GET', KEYS[1])
if not had then return { '', '', '' } end
local rid, evse, stamp, state = string.match(had, '^([^|]*)|[^|]*|([^|]*)|(%d+)|(.*)$')
local old = us - stamp >= ARGV[4] * 1000
if rid == ARGV[1] or state == 'yielded' then return { '', had, '' } end
local mine, theirs = tonumber(stamp), tonumber(ARGV[3])
if state == 'answered' or old or mine < theirs or (mine == theirs and evse < ARGV[2]) then
  return { '1', had, old and '1' or '' }
end
redis.call('SET', KEYS[1], string.sub(had, 1, -#'open' - 1) .. 'yielded', 'PX', redis.call('PTTL', KEYS[1]))
return { '', had, '' }
