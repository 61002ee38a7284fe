-- release_by_outcome.lua frees a stop by its originator's word; a CHARGING one stays. It asks for no epoch.
-- KEYS  1 cal  2 lock  3 rsv  4 own  5 unsettled
-- ARGV  the seven of a reservation, then 8 ABORTED or UNKNOWN
-- Answers answer(); a RESERVED whose originator answers UNKNOWN stays as it is.
local rsv = KEYS[3]
local rid = ARGV[1]
local r = read(rsv)
local civil = tonumber(ARGV[6]) or (clock())
if not r then return answer(tombstone(rsv, keepfor(civil), 'outcome', civil, ARGV[8]), false) end
local no = other(r)
if no then return no end
if over(r) or r.state == 'CHARGING' then return answer(r, true) end
if r.state == 'RESERVED' and ARGV[8] ~= 'ABORTED' then return answer(r, true) end
retire(here(civil), r, rid, 'CANCELED', nil, 'outcome', (select(2, whose(r.who))), ARGV[8])
return answer(r, false)
