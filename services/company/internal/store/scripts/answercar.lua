-- answercar.lua notes that a vehicle's plug is about to be answered, unless its claim
-- has yielded or is another's by now.
-- KEYS  1 car
-- ARGV  1 the claim as it is when open  2 the same when answered  3 life (ms)
-- Answers {'1'} when it may be answered.
local had = redis.call('GET', KEYS[1])
if had == ARGV[2] then return { '1' } end
if had ~= ARGV[1] then return { '' } end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return { '1' }
