-- claimcar.lua takes a vehicle for the session that is about to begin, before its
-- plug. A repeat finds its first claim, unless that has yielded.
-- KEYS  1 car
-- ARGV  1 reservation  2 location  3 EVSE  4 the claim that may be replaced (empty: none)
--       5 life (ms)  6 when an open plug counts as answered (ms)
-- Answers '1' when it is taken, the claim, and '1' when that is so old.
local _, us = clock()
local had = redis.call('GET', KEYS[1])
if had and had ~= ARGV[4] then
  local rid, stamp, state = string.match(had, '^([^|]*)|[^|]*|[^|]*|(%d+)|(.*)$')
  local old = us - stamp >= ARGV[6] * 1000 and '1' or ''
  if rid ~= ARGV[1] then return { '', had, old } end
  if state ~= 'yielded' then return { '1', had, old } end
end
local claim = ARGV[1] .. '|' .. ARGV[2] .. '|' .. ARGV[3] .. '|' .. whole(us) .. '|open'
redis.call('SET', KEYS[1], claim, 'PX', ARGV[5])
return { '1', claim, '' }
