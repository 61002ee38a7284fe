-- availability.lua lists what is taken of a location's EVSEs in [from, to).
-- KEYS  1 oos, then per EVSE its cal and what stands before RESERVATION in a lock's key
-- ARGV  1 from (s)  2 to (s), then the EVSEs
-- Answers per EVSE a list of start, end (s), latest first; {-1} when out of service.
local from, to = tonumber(ARGV[1]), tonumber(ARGV[2])
local reply = {}
for i = 3, #ARGV do
  local cal, lockbase = KEYS[2 * (i - 2)], KEYS[2 * (i - 2) + 1]
  local taken = {}
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
    taken = { -1 }
  else
    for _, m in ipairs(overlapping(cal, from, to)) do
      if m.kind == 'R' or left(lockbase .. m.rid) then
        taken[#taken + 1] = m.start
        taken[#taken + 1] = m.stop
      end
    end
  end
  reply[#reply + 1] = taken
end
return reply
