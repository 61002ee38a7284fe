-- recount.lua puts into the accounts what the calendars of a location have and they
-- have not: of a store of before there were accounts, or after a key was lost. What is
-- there stays.
-- KEYS  1 what stands before RESERVATION in a record's key, then per EVSE its cal and what
--       stands before RESERVATION in a lock's key
-- ARGV  1 civil time (ms; empty: Redis TIME)  2 which page of each calendar, from 0  3 entries a page
--       4 the accounts
-- Answers {'1' when a calendar has more pages, how many it put in}, and where the
-- accounts cannot be seen from here, per entry that counts a list of reservation, answer().
local ms = clock()
local civil = tonumber(ARGV[1]) or ms
local from, page = ARGV[2] * ARGV[3], tonumber(ARGV[3])
local more, n, rest = '', 0, {}

-- missing puts a claim in where it is not.
local function missing(c, kind, till)
  local key = vehicleKey(c.vehicle)
  local was = not counts('v') or redis.call('HEXISTS', key, c.rid) == 1
  if not was then note(key, c, kind, till, civil) end
  if originCounts(c) then
    local k = companyKeys(c.origin)
    tally(k, ms, civil)
    local there
    if kind == 'R' then there = stands(k, c) else there = holds(k, c, till) end
    if not there then was = false end
  end
  if not was then n = n + 1 end
end

for i = 2, #KEYS, 2 do
  local entries = redis.call('ZRANGE', KEYS[i], whole(from), whole(from + page))
  if #entries > page then
    more, entries[page + 1] = '1', nil
  end
  for _, name in ipairs(entries) do
    local kind, stop, rid = parse(name)
    local r = stop * 1000 > civil and read(KEYS[1] .. rid)
    if r and (booked(r) or (kind == 'H' and left(KEYS[i + 1] .. rid))) then
      if PREFIX then
        missing(claim(rid, r.who, r.what), kind, kind == 'H' and r.first + LONGEST or 0)
      else
        rest[#rest + 1] = { rid, unpack(answer(r, true)) }
      end
    end
  end
end
return { more, n, unpack(rest) }
