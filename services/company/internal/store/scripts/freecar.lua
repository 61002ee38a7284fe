-- freecar.lua forgets the session of a vehicle that is over, or never began.
-- KEYS  1 car
-- ARGV  1 reservation  2 its claim, if only that is meant (empty: any of it)
-- Answers how many it removed.
local had = redis.call('GET', KEYS[1])
if not had or string.match(had, '^[^|]*') ~= ARGV[1] or (ARGV[2] ~= '' and had ~= ARGV[2]) then return 0 end
return redis.call('DEL', KEYS[1])
