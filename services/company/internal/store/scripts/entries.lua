-- entries.lua shows what stands in an EVSE's calendar; it changes nothing.
-- KEYS  1 cal  2 oos  3 what stands before RESERVATION in a lock's key  4 the same of rsv
-- ARGV  1 evse  2 from (s)  3 to (s; empty: no end)  4 how many entries at most
--       5 civil time (ms; empty: Redis TIME)  6 '1': also a car that has stayed beyond its window
-- Answers {why it is out of service, since (ms), where the next reading begins (s; empty: no more),
-- then per entry {reservation, answer()…}}: holds in force and what is booked.
local cal, oos, lockbase, rsvbase = unpack(KEYS)
local evse, from, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local civil = tonumber(ARGV[5]) or (clock())
local broken, since = unpack(redis.call('HMGET', oos, evse, '~' .. evse))
local reply = { broken or '', broken and since or '', '' }

local function show(name, start)
  local kind, stop, rid = parse(name)
  local ttl
  if kind == 'H' then
    ttl = left(lockbase .. rid)
    if not ttl then return end
  end
  local r = read(rsvbase .. rid)
    or { state = kind == 'H' and 'PENDING' or 'RESERVED', who = '||' .. evse .. '|' .. whole(stop), what = '0|' .. start .. '|' }
  local one = answer(r, true, ttl)
  one[1] = rid
  reply[#reply + 1] = one
end

-- Entries are disjoint: one may cover from, all others begin later.
local first = redis.call('ZREVRANGEBYSCORE', cal, whole(from), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
local _, reach = parse(first[1] or 'H|0|x')
if ARGV[6] == '1' and from * 1000 <= civil then
  local car = plugged(place(cal, lockbase, rsvbase, '', '', civil))
  if car and car.stop <= from then show(member('R', whole(car.stop), car.rid), whole(car.start)) end
end
if reach > from then show(first[1], first[2]) end
local later = redis.call('ZRANGEBYSCORE', cal, '(' .. whole(from), ARGV[3] == '' and '+inf' or '(' .. ARGV[3], 'WITHSCORES', 'LIMIT', 0, most)
for i = 1, #later, 2 do show(later[i], later[i + 1]) end
if #later == 2 * most then
  local _, stop = parse(later[#later - 1])
  reply[3] = whole(stop)
end
return reply
