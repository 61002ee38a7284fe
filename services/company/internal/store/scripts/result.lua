-- result.lua looks for the answer to a command.
-- KEYS  1 trip  2 answer
-- Answers {ANSWER, body}, {FREE} (none, and nobody has the lease), {WAIT} or {UNKNOWN_TRIP}.
local answer = redis.call('GET', KEYS[2])
if answer then return { 'ANSWER', answer } end
local t = redis.call('HMGET', KEYS[1], 'epoch', 'lease', 'buried')
if not t[1] or t[3] then return { 'UNKNOWN_TRIP' } end
local ms = clock()
if tonumber(t[2]) <= ms then return { 'FREE' } end
return { 'WAIT' }
