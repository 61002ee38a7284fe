-- enroll.lua notes where EVSEs have their calendars, for good, and what was last
-- known of them.
-- KEYS  1 inventory
-- ARGV  for each: evse, the home of one that is new, its location (JSON)
-- Answers nothing: a home that is there already stays.
for i = 1, #ARGV, 3 do
  local had = redis.call('HGET', KEYS[1], ARGV[i])
  local home = had and string.match(had, '^{"home":"([^"]*)"') or ARGV[i + 1]
  redis.call('HSET', KEYS[1], ARGV[i], '{"home":"' .. home .. '","location":' .. ARGV[i + 2] .. '}')
end
return {}
