-- pending.lua reads a trip's inbox, oldest first, and drops what came too late.
-- KEYS  1 inbox
-- Answers the commands as they are kept: expiry (ms)|id|body.
local ms = clock()
local live = {}
for _, l in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local at = tonumber(string.match(l, '^(%d+)|'))
  if at and at > ms then live[#live + 1] = l else redis.call('LREM', KEYS[1], 1, l) end
end
return live
