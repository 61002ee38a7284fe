-- lib_account.lua stands before every script of a location, and before those of the
-- accounts: what a vehicle, and another company as an originator, have taken here
-- (docs/adr/0017-what-one-may-take.md).
--   vehicle:{V}:taken     hash  reservation → kind|start (s)|end (s)|until|leg|trip
--                               kind: H held, until (ms by Redis TIME) at the latest; R reserved, until
--                               its end; N not used, counted until (s); and known → '1'
--   company:{C}:holds     sorted set  reservation|seconds|trip, by when it can live no longer (ms)
--   company:{C}:standing  sorted set  reservation|seconds, by its end (s)
--   company:{C}:taken     hash  seconds: the sum of both
-- Whoever removes an entry takes off its amount, so that happens once. Only what is limited
-- is counted; where claims are and the share is not, a company's account is only
--   company:{C}:claimed   sorted set  as holds
-- The last argument of a location's script says where the accounts are: 'accounts|no-show
-- (s)|v vehicles are counted, s shares, c claims|prefix of the keys'; anything else: they
-- cannot be seen from here.
local NOSHOW, COUNTED, PREFIX = string.match(ARGV[#ARGV] or '', '^accounts|(%d+)|(%a*)|(.*)$')

local function counts(what) return string.find(COUNTED, what, 1, true) end

-- LONGEST is how long (ms) a hold can live; KNOWN how long a vehicle is remembered.
local LONGEST, KNOWN, DAY = 600000, 34560000000, 86400000

-- whose takes who apart: trip, origin, evse, end.
local function whose(who) return string.match(who, '^([^|]*)|([^|]*)|([^|]*)|(%d+)$') end

-- which takes what apart: leg, start, vehicle.
local function which(what) return string.match(what or '0|0|', '^(%d*)|(%d+)|(.*)$') end

-- claim is a reservation as the accounts see it.
local function claim(rid, who, what)
  local trip, origin, evse, stop = whose(who)
  local leg, start, vehicle = which(what)
  local company = string.match(evse, '^[^*]*%*([^*]*)%*')
  return { rid = rid, trip = trip, origin = origin, foreign = origin ~= company, leg = leg, vehicle = vehicle,
    s = tonumber(start), e = tonumber(stop), secs = stop - start }
end

local function vehicleKey(v) return PREFIX .. 'vehicle:{' .. v .. '}:taken' end

local function companyKeys(c)
  local base = PREFIX .. 'company:{' .. c .. '}:'
  if not counts('s') then return { holds = base .. 'claimed' } end
  return { taken = base .. 'taken', holds = base .. 'holds', standing = base .. 'standing' }
end

-- note writes a claim into its vehicle's account; same: whose life is long enough.
local function note(key, c, kind, till, civil, same)
  redis.call('HSET', key, c.rid, kind .. '|' .. whole(c.s) .. '|' .. whole(c.e) .. '|' .. whole(till) .. '|' .. c.leg .. '|' .. c.trip)
  if same then return end
  local life = math.max(0, c.e * 1000 - civil) + (NOSHOW or '0') * 1000 + DAY
  if redis.call('PTTL', key) < life then redis.call('PEXPIRE', key, whole(life)) end
end

-- know remembers that a vehicle has charged here.
local function know(key)
  redis.call('HSET', key, 'known', '1')
  redis.call('PEXPIRE', key, whole(KNOWN))
end

-- ended says whether an entry counts no more.
local function ended(kind, e, till, ms, civil)
  if kind == 'N' then return till * 1000 <= civil end
  return e * 1000 <= civil or (kind == 'H' and till < ms)
end

-- ledger reads a vehicle's account and drops what counts no more.
local function ledger(key, ms, civil)
  local flat, all, over, known = redis.call('HGETALL', key), {}, {}, false
  for i = 1, #flat, 2 do
    local kind, s, e, till, leg, trip = string.match(flat[i + 1], '^(%u)|(%d+)|(%d+)|(%d+)|(%d*)|(.*)$')
    if flat[i] == 'known' then
      known = true
    elseif not kind or ended(kind, e, tonumber(till), ms, civil) then
      over[#over + 1] = flat[i]
    else
      all[#all + 1] = { rid = flat[i], kind = kind, s = tonumber(s), e = tonumber(e), till = tonumber(till), leg = leg, trip = trip }
    end
  end
  for i = 1, #over, 1000 do redis.call('HDEL', key, unpack(over, i, math.min(i + 999, #over))) end
  return all, known
end

-- swapped is how much of a trip counts once although it is there twice: of each stop
-- the shorter of what is reserved and what is held in its place.
local function swapped(mine)
  local off = 0
  for _, leg in pairs(mine) do off = off + math.min(leg.R, leg.H) end
  return off
end

-- fits says from when on (s) a vehicle has taken so little that more fits in.
local function fits(counted, over)
  table.sort(counted, function(a, b) return a.till < b.till end)
  for _, a in ipairs(counted) do
    over = over - a.secs
    if over <= 0 then return a.till end
  end
  return 0
end

-- tooMuch is the refusal of a limit: which, taken, limit, until (s; 0: not known).
local function tooMuch(name, taken, limit, till)
  return { 'QUOTA_EXCEEDED', name, whole(taken), whole(limit), whole(till) }
end

-- vehicleRefuses judges a claim by its vehicle's account; spare says of reservations what
-- they become when it is granted, had (s) is what it has already itself. It gives the
-- refusal; and what swaps let off (s) in all, and of it for this claim.
local function vehicleRefuses(key, c, limits, spare, had, ms, civil) -- once or never
  local all, known = ledger(key, ms, civil)
  local judged = limits.vehicle + limits.new + limits.trips > 0
  local secs, counted, trips, others, own = 0, {}, {}, 0, false
  local mine = { [c.leg] = { R = 0, H = 0 } }
  for _, a in ipairs(all) do
    local becomes = spare[a.rid]
    if a.rid ~= c.rid and (not becomes or becomes == 'NO_SHOW') then
      if judged and not becomes and a.kind ~= 'N' and a.trip ~= c.trip and a.s < c.e and c.s < a.e then
        return { 'INVALID_WINDOW', 'vehicle_id', whole(a.s), whole(a.e) }
      end
      secs = secs + a.e - a.s
      counted[#counted + 1] = { secs = a.e - a.s, till = a.kind == 'N' and a.till or a.e }
      if a.trip == c.trip then
        own = true
        mine[a.leg] = mine[a.leg] or { R = 0, H = 0 }
        if a.kind ~= 'N' then mine[a.leg][a.kind] = mine[a.leg][a.kind] + a.e - a.s end
      elseif not trips[a.trip] then
        trips[a.trip], others = true, others + 1
      end
    end
  end
  local before = swapped(mine)
  mine[c.leg].H = mine[c.leg].H + c.secs
  local off = swapped(mine)
  local its = off - before + had
  local limit = known and limits.vehicle or limits.new
  if limit > 0 and c.secs > its and secs + c.secs - off > limit then
    return tooMuch('vehicle', secs, limit, fits(counted, secs + c.secs - off - limit))
  end
  if not known and limits.trips > 0 and not own and others >= limits.trips then
    return tooMuch('new-trips', others, limits.trips, fits(counted, 1))
  end
  return nil, off, its
end

-- more adds n seconds to a company's sum.
local function more(k, n)
  if not k.standing then return end
  if redis.call('HINCRBY', k.taken, 'seconds', whole(n)) <= 0 then redis.call('HDEL', k.taken, 'seconds') end
end

-- letGo removes a hold, or what stands, from a company's account; false where it is not
-- there.
local function letGo(k, kind, member)
  if kind == 'R' and not k.standing then return false end
  if redis.call('ZREM', kind == 'H' and k.holds or k.standing, member) == 0 then return false end
  more(k, -string.match(member, '^[^|]*|(%d+)'))
  return true
end

local function heldAs(c) return c.rid .. '|' .. whole(c.secs) .. '|' .. c.trip end
local function standsAs(c) return c.rid .. '|' .. whole(c.secs) end

-- SOME is how much of what has ended by itself is taken off in one script.
local SOME = 200

-- tally takes off what has ended by itself, and gives a company's seconds. Without a sum
-- the sets tell nothing: the recount fills all three.
local function tally(k, ms, civil) -- once or never
  local seconds = not k.standing and '0' or redis.call('HGET', k.taken, 'seconds')
  if not seconds then
    redis.call('DEL', k.taken, k.holds, k.standing)
    return 0
  end
  local held = redis.call('ZRANGEBYSCORE', k.holds, '-inf', '(' .. whole(ms), 'LIMIT', 0, SOME)
  for _, m in ipairs(held) do letGo(k, 'H', m) end
  if not k.standing then return 0 end
  local stood = redis.call('ZRANGEBYSCORE', k.standing, '-inf', whole(math.floor(civil / 1000)), 'LIMIT', 0, SOME)
  for _, m in ipairs(stood) do letGo(k, 'R', m) end
  if #held + #stood > 0 then seconds = redis.call('HGET', k.taken, 'seconds') or '0' end
  return tonumber(seconds)
end

-- first is when the first of a set ends, in s.
local function first(key, unit)
  local got = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return math.floor(tonumber(got[2] or '0') / unit)
end

-- heldBy counts a trip's holds.
local function heldBy(k, trip)
  local n = 0
  for _, m in ipairs(redis.call('ZRANGE', k.holds, 0, -1)) do
    if string.match(m, '|([^|]*)$') == trip then n = n + 1 end
  end
  return n
end

-- overdrawn judges a claim by its originator's account as it is. Who has few holds in all
-- has few of a trip.
local function overdrawn(k, c, limits, off, its, seconds)
  if limits.share > 0 and c.secs > its and seconds + c.secs - off > limits.share then
    return tooMuch('share', seconds, limits.share, first(k.standing, 1))
  end
  local all = redis.call('ZCARD', k.holds)
  if limits.tripClaims > 0 and all >= limits.tripClaims then
    local held = heldBy(k, c.trip)
    if held >= limits.tripClaims then return tooMuch('trip-claims', held, limits.tripClaims, first(k.holds, 1000)) end
  end
  if limits.claims > 0 and all >= limits.claims then
    return tooMuch('claims', all, limits.claims, first(k.holds, 1000))
  end
end

-- companyRefuses judges a claim by its originator's account; off (s) is let off, its of it
-- for this claim. Only where it would be refused is it looked what has ended by itself.
local function companyRefuses(k, c, limits, off, its, ms, civil)
  local seconds = not k.standing and '0' or redis.call('HGET', k.taken, 'seconds')
  if seconds and not overdrawn(k, c, limits, off, its, tonumber(seconds)) then return nil end
  return overdrawn(k, c, limits, off, its, tally(k, ms, civil))
end

-- holds puts a hold into a company's account, stands what is reserved: once each. They
-- say whether it was there.
local function holds(k, c, till)
  if redis.call('ZADD', k.holds, whole(till), heldAs(c)) == 0 then return true end
  more(k, c.secs)
end

local function stands(k, c)
  local held = redis.call('ZREM', k.holds, heldAs(c)) == 1
  if not k.standing then return true end
  if redis.call('ZADD', k.standing, whole(c.e), standsAs(c)) == 0 then
    if held then more(k, -c.secs) end
    return true
  end
  if not held then more(k, c.secs) end
end

-- limitsOf reads vehicle|new|trips|share|trip-claims|claims, in seconds and pieces; 0 is none.
local function limitsOf(text)
  local vehicle, new, trips, share, tripClaims, claims = string.match(text, '^(%d+)|(%d+)|(%d+)|(%d+)|(%d+)|(%d+)$')
  return { vehicle = tonumber(vehicle), new = tonumber(new), trips = tonumber(trips), share = tonumber(share),
    tripClaims = tonumber(tripClaims), claims = tonumber(claims) }
end

-- The accounts of a claim, where they can be seen.

-- originCounts says whether a claim is in an account of its originator.
local function originCounts(c) return c.foreign and (counts('s') or counts('c')) end

-- mayTake judges a claim by all limits before anything is changed, or gives nil. had (s)
-- is what the same reservation has already.
local function mayTake(c, limits, spare, had, ms, civil)
  if not PREFIX then return nil end
  local no, off, its = nil, 0, had
  local share = c.foreign and limits.share > 0
  if share or limits.vehicle + limits.new + limits.trips > 0 then
    no, off, its = vehicleRefuses(vehicleKey(c.vehicle), c, limits, spare, had, ms, civil)
    if no then return no end
  end
  if originCounts(c) then return companyRefuses(companyKeys(c.origin), c, limits, off + had, its, ms, civil) end
end

-- take puts a new hold into the accounts.
local function take(c, ms, civil)
  if not PREFIX then return end
  if counts('v') then note(vehicleKey(c.vehicle), c, 'H', ms + LONGEST, civil) end
  if originCounts(c) then holds(companyKeys(c.origin), c, ms + LONGEST) end
end

-- stay makes a claim one that stands; same: its window is that of its hold, and so is
-- its account's life.
local function stay(c, civil, same)
  if not PREFIX then return end
  if counts('v') then note(vehicleKey(c.vehicle), c, 'R', 0, civil, same) end
  if originCounts(c) then stands(companyKeys(c.origin), c) end
end

-- give takes a claim off the accounts that was held (H) or stood (R). One that was not
-- used (N) goes on counting for its vehicle.
local function give(c, kind, unused, civil)
  if not PREFIX then return end
  local key = vehicleKey(c.vehicle)
  if counts('v') and unused and NOSHOW ~= '0' then
    note(key, c, 'N', math.floor(civil / 1000) + NOSHOW, civil)
  elseif counts('v') then
    redis.call('HDEL', key, c.rid)
  end
  if originCounts(c) then letGo(companyKeys(c.origin), kind, kind == 'H' and heldAs(c) or standsAs(c)) end
end
