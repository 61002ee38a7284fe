-- find.lua keeps what is searched for of a record that a server of an edition before has
-- written, while it is still that one.
-- KEYS  1 trip
-- ARGV  1 version  2 what is searched for
if redis.call('HGET', KEYS[1], 'version') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'find', ARGV[1] .. '|' .. ARGV[2])
end
return 1
