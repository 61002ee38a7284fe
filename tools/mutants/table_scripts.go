package main

// scripts are mistakes in the decisions of a company's store.
func scripts() []mutant {
	at := func(file, old, now, unnoticed string, mayLive ...string) mutant {
		m := mutant{File: rooms + "store/scripts/" + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{"store", "desk"}}
		if len(mayLive) > 0 {
			m.MayLive = mayLive[0]
		}
		return m
	}
	return []mutant{
		at("move.lua", "if broken then return { 'EVSE_OUT_OF_SERVICE', broken } end", "", "a stop is moved onto a broken charger"),
		at("move.lua", "m.kind == 'H' and not own(m.record) and", "m.kind == 'H' and", "an own hold is waited for"),
		at("move.lua", "if keep > rest then redis.call('PEXPIRE', rsv, whole(keep)) end", "", "a stop that was moved later loses tombstone and bill early"),
		at("move.lua", "if seq < last or (seq == last and not same) then", "if seq < last and not same then", "a late move undoes a later one"),
		at("move.lua", "(r.state == 'CHARGING' or s * 1000 < civil)", "(s * 1000 < civil)", "the start of a session is moved"),
		at("restore.lua", "if tonumber(r.fence) > had then redis.call('SET', fence, r.fence) end", "", "a later grant gets a lower fence"),
		at("restore.lua", "if not firm then redis.call('ZADD', unsettled, whole(ms), rid) end", "", "a restored stop of a confirming trip is never settled"),
		at("restore.lua", "if e * 1000 <= civil then return { 'INVALID_WINDOW' } end", "", "a window that is over is brought back"),
		at("lib_calendar.lua", "keep = math.max(keep, rest)", "", "a former owner is let in after an action with a nearer window"),
		at("lib_calendar.lua", "if newer < 0 or (newer == 0 and owner ~= whom) then", "if newer < 0 then", "two owners of one epoch"),
		at("lib_calendar.lua", "if origin ~= myorigin then return { 'FORBIDDEN' } end", "", "a peer touches another's reservation"),
		at("lib_calendar.lua", "if evse ~= myevse then return { 'ID_REUSED', 'evse_id' } end", "", "an id is used for another EVSE"),
		at("lib_calendar.lua", "if trip ~= mytrip then return { 'ID_REUSED', 'trip_id' } end", "", "an id is used for another trip"),
		at("lib_calendar.lua", "if stop <= s then return found end", "if stop < s then return found end", "two windows that touch are in each other's way", ""),
		at("lib_calendar.lua", "if #got < 2 * page then return found end", "if true then return found end", "of many entries in the way only two are looked at"),
		at("lib_calendar.lua", "return expected ~= '' and redis.call('GET', mark) ~= expected", "return false", "grants go on in a store that has forgotten"),
		at("hold.lua", "if not o then return m.kind == 'H' and 2 or 3 end", "if not o then return m.kind == 'H' and 0 or 3 end", "a hold whose record is gone is granted twice"),
		at("hold.lua", "if own(o) then return 4 end", "", "a trip waits for itself"),
		at("hold.lua", "if not theirs then return true end", "if not theirs then return false end", "a trip with a ticket waits for one without"),
		at("hold.lua", "if #granted ~= #theirs then return #granted < #theirs end", "", "stamps are compared as words"),
		at("hold.lua", "if granted ~= theirs then return granted < theirs end", "if granted ~= theirs then return granted > theirs end", "the younger goes first"),
		at("hold.lua", "if no then return no end\n  local victims = {}", "local victims = {}", "what is in the way is pushed aside"),
		at("hold.lua", "local more = math.min(tonumber(ARGV[11]), r.first + ARGV[12] - ms)", "local more = tonumber(ARGV[11])", "a hold is renewed for ever by repeats"),
		at("hold.lua", "local n = math.max(us, (tonumber(redis.call('GET', fence) or '') or 0) + 1)", "local n = us", "fences fall after a fail-over"),
		at("hold.lua", "if broken then return { 'EVSE_OUT_OF_SERVICE', broken } end", "", "a broken charger is granted"),
		at("hold.lua", "r.granted_at, r.stamped, r.key_id = whole(math.max(n, tonumber(ARGV[15]))), '1', ARGV[16]", "r.granted_at, r.stamped, r.key_id = whole(n), '1', ARGV[16]", "a company's stamps decrease"),
		at("renew.lua", "local more = math.min(tonumber(ARGV[8]), r.first + ARGV[9] - ms)", "local more = tonumber(ARGV[8])", "a hold lives beyond its longest life"),
		at("renew.lua", "if more > ttl then", "if true then", "a renew shortens a hold"),
		at("confirm.lua", "if r.state == 'CLAIMED' then return { 'TOO_EARLY' } end", "", "a claim becomes a booking"),
		at("confirm.lua", "if not left(lock) then", "if false then", "what has lapsed is confirmed"),
		at("confirm.lua", "redis.call('ZADD', unsettled, whole(ms), rid)", "", "a booking whose originator died is never asked about"),
		at("confirm.lua", "if stop * 1000 <= civil then return { 'INVALID_WINDOW' } end", "", "a window that is over is booked"),
		at("drop.lua", "if r.state == 'RESERVED' and ARGV[8] ~= 'ABORTED' then return answer(r, true) end", "", "lost data frees a booking"),
		at("settle.lua", "if its == trip and owner == origin and plug == evse then", "if true then", "another's word settles a booking"),
		at("withdraw.lua", "redis.call('HSET', oos, evse, reason)", "", "a broken charger is booked again at once"),
		at("start.lua", "if car then return { 'EVSE_OCCUPIED', whole(car.start), whole(car.stop) } end", "", "two cars at one plug"),
		at("answered.lua", "if r.state == 'CHARGING' then notify(outbox, r, ARGV[1]) end", "", "a session of which its trip never hears"),
		at("start.lua", "local found = around(at, from, tonumber(start))", "local found = {}", "a car charges in another's window"),
		at("start.lua", "if r.state == 'FULFILLED' or r.state == 'CHARGING' then return answer(r, true) end", "if r.state == 'CHARGING' then return answer(r, true) end", "a late plug is no repeat"),
		at("complete.lua", "if r.state == 'FULFILLED' and not r.estimated and (r.done or not r.started) then return answer(r, true) end", "", "a repeat is billed again"),
		at("complete.lua", "math.min(tonumber(ARGV[8]), most(r, ARGV[9], ended, 360000))", "tonumber(ARGV[8])", "a car is billed more than the charger can give"),
		at("complete.lua", "ended = tonumber(recorded)", "ended = civil", "a broken charger goes on charging"),
		at("complete.lua", "if left then freed(at) end", "", "the next driver's no-show time runs while another is at the plug"),
		at("compensate.lua", "if over(r) or r.state == 'CHARGING' then return answer(r, true) end", "if over(r) then return answer(r, true) end", "a stop is released under its car"),
		at("withdraw.lua", "if r and r.state == 'CHARGING' then", "if false then", "a charger that breaks ends the session without a bill"),
		at("back.lua", "if r.state ~= 'CHARGING' or not r.asked then return answer(r, true) end", "if r.state ~= 'CHARGING' then return answer(r, true) end", "a session that was answered is taken back"),
		at("contest.lua", "if rid == ARGV[1] or state == 'yielded' then return { '', had, '' } end", "if rid == ARGV[1] then return { '', had, '' } end", "two sessions of a vehicle both yield"),
		at("contest.lua", "redis.call('SET', KEYS[1], string.sub(had, 1, -#'open' - 1) .. 'yielded', 'PX', redis.call('PTTL', KEYS[1]))", "", "two sessions of a vehicle both go on"),
		at("answercar.lua", "if had ~= ARGV[1] then return { '' } end", "", "a session that has yielded goes on"),
		at("tidy.lua", "tell(estimate(at, r, m.rid, ends, ARGV[5], ARGV[6]))", "", "a session without an end"),
		at("admit.lua", "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[6]) then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end", "redis.call('PEXPIRE', KEYS[1], ARGV[6])", "a near trip forgets the span of a far one"),
		at("admit.lua", "if digest ~= ARGV[5] then return { 'ID_REUSED', made } end", "", "one key, two requests"),
		at("take.lua", "redis.call('HDEL', KEYS[1], 'raised')", "", "an epoch of a former owner is given again"),
		at("take.lua", "local free = math.max(tonumber(t[2]), tonumber(t[3]))", "local free = tonumber(t[3])", "a trip is taken from its living owner"),
		at("acquire.lua", "if tonumber(t[2]) > ms then return { 'STALE_OWNER', t[1] } end", "", "a trip is taken from its living owner by a command"),
		at("write.lua", "if had[5] or epoch < seen or (epoch == seen and ARGV[4] ~= had[2]) then", "if had[5] or epoch < seen then", "two owners of one epoch write"),
		at("keep.lua", "if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end", "", "a lease that was lost is renewed"),
		at("create.lua", "if had[2] or (had[1] and had[3] ~= ARGV[4]) then return { 'STALE_OWNER', had[1] } end", "", "a trip that was given up is created"),
		at("beat.lua", "if beat < last then return { 'LOST', mark, 'it has gone back in time' } end", "", "a store that went back in time goes on granting"),
		at("trust.lua", "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'CHANGED' } end", "", "a second loss during a recovery is forgotten"),
	}
}
