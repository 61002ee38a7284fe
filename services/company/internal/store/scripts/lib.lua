-- lib.lua stands before every script.

-- whole writes an integer in full: tostring keeps 14 digits, microseconds have
-- 16. (%d is a long here, and much faster than %.0f.)
local format = string.format
local function whole(n) return format('%d', n) end

-- clock is Redis TIME as milliseconds and as microseconds since 1970, both exact below 2^53.
-- A script acts at one instant.
local NOW
local function clock()
  if not NOW then
    local t = redis.call('TIME')
    NOW = t[1] * 1000000 + t[2]
  end
  return math.floor(NOW / 1000), NOW
end
