-- lib.lua stands before every script.

-- whole writes an integer in full: tostring keeps 14 digits, microseconds have
-- 16. (%d is a long here, and much faster than %.0f.)
local format = string.format
local function whole(n) return format('%d', n) end

-- clock is Redis TIME as milliseconds and as microseconds since 1970, both exact below 2^53.
local function clock()
  local t = redis.call('TIME')
  local us = t[1] * 1000000 + t[2]
  return math.floor(us / 1000), us
end
