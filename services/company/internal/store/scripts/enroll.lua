-- enroll.lua notes where EVSEs have their calendars, for good, and what was last
-- known of them.
-- KEYS  1 inventory
-- ARGV  for each: evse, the home of one that is new, its location (JSON), since when it is idle (empty: it is not)
-- Answers nothing: a home that is there already stays.
for i = 1, #ARGV, 4 do
  local had = redis.call('HGET', KEYS[1], ARGV[i])
  local home = had and string.match(had, '^{"home":"([^"]*)"') or ARGV[i + 1]
  local idle = ARGV[i + 3] ~= '' and ',"idle":"' .. ARGV[i + 3] .. '"' or ''
  redis.call('HSET', KEYS[1], ARGV[i], '{"home":"' .. home .. '","location":' .. ARGV[i + 2] .. idle .. '}')
end
return {}
