package main

import "strings"

// trips are mistakes of the front desk and of the journal's lists.
func trips() []mutant {
	at := func(file, old, now, unnoticed string) mutant {
		tests := []string{"trips", "store"}
		if strings.HasPrefix(file, "driven/") {
			tests = []string{"driven"}
		}
		return mutant{File: rooms + file, Old: old, New: now, Unnoticed: unnoticed, Tests: tests}
	}
	return []mutant{
		at("trips/start.go", "if errors.Is(err, charging.CodeIDReused) {", "if errors.Is(err, charging.CodeIDReused) && false {", "another request under a key is told about its windows"),
		at("trips/originator.go", "case l.CompanyID != from:\n\t\treturn charging.Refuse", "case false:\n\t\treturn charging.Refuse", "a company withdraws another's stop"),
		at("trips/originator.go", "(k < 0 || t.Legs[k].State == charging.Canceled)", "k < 0", "a stop that was let go stays booked at its company"),
		at("trips/originator.go", "case coming(t, id):\n\t\treturn charging.OutcomePending", "case coming(t, id):\n\t\treturn charging.OutcomeConfirmed", "a stop that is being taken counts as booked"),
		at("trips/originator.go", "case ok && takesPart(t, from, q.ReservationID):", "case ok:", "any company learns what became of anybody's trip"),
		at("trips/originator.go", "return company == who\n\t\t}", "return true\n\t\t}", "a participant learns of another's stop"),
		at("trips/owner.go", " || err == nil && !there(l) {", " {", "a company moves another's stop"),
		at("trips/owner.go", "w.Start.Sub(l.Start).Abs() > furthest || ", "", "an owner pushes another company's driver as far as it likes"),
		at("trips/owner.go", "w.End.Sub(w.Start) < l.End.Sub(l.Start):", "false:", "an owner takes time from another company's driver"),
		at("trips/promises.go", "l.CompanyID != at || ", "", "a company is told what others hold"),
		at("trips/start.go", "_ = s.Records.Dismiss(ctx, t.VehicleID, t.ID) // it was never journaled", "", "a trip that was turned away blocks its vehicle"),
		at("trips/decide.go", "if len(q.Alternatives) > 0 || t.State", "if q.Alternatives != nil || t.State", "a question that nobody can answer, for days"),
		at("trips/itinerary.go", "if !kept[t.ID].Fits(t) {", "if len(kept[t.ID].Stops) == 0 {", "a plan is shown for stops that it was not made for"),
		at("trips/itinerary.go", "if plans[t.ID] = plan; whole {", "if plans[t.ID] = plan; whole || !whole {", "a plan with a hole is kept"),
		at("store/plans.go", "json.Marshal(p.Lasting())", "json.Marshal(p)", "a trip keeps what was true when it was planned"),
		at("driven/book.go", "t.fresh = t.fresh || here && len(t.seen) > 1", "t.fresh = t.fresh || len(t.seen) > 1", "every server of a company writes what one has heard"),
		at("driven/book.go", "t.seen, t.whole = after(kept, t.seen), true", "t.whole = true", "a restart forgets what was driven"),
		at("driven/book.go", "case time.Since(t.heard) > idle:", "case time.Since(t.heard) < 0:", "trips that nobody reports on stay in memory"),
		at("store/scripts/beside.lua", "if redis.call('HEXISTS', KEYS[1], 'doc') == 0 then return { 'UNKNOWN_TRIP' } end", "", "a plan that outlives its trip"),
		at("trips/edit.go", `strings.HasPrefix(of, "vehicle ") && of != by`, `strings.HasPrefix(of, "vehicle ") && of == ""`, "anybody edits, and reads, another's plan"),
		at("trips/edit.go", "if st.Asked != nil {", "if false {", "an edit forgets what the one before asked"),
		at("trips/edit.go", "if d.r.Departure.Before(now) {", "if false {", "an edited plan that left before now"),
		at("store/lists.go", "if due := row.num(2); due > 0 {", "if due := row.num(2); due < 0 {", "a reopened trip that nobody takes over"),
		at("store/journal.go", "if !t.State.Open() || stuck(t) {", "if !t.State.Open() {", "a stuck trip that nobody finds"),
		at("store/find.go", "if version != row.str(2) {", "if version == \"\" {", "a trip is found where an earlier edition has moved it away from"),
		at("store/find.go", "to <= q.From.Unix()", "to < 0", "a search by time gives what is over"),
		at("store/find.go", "at.down = true\n\tif q.After", "if q.After", "pages by cursor go the wrong way"),
		at("store/find.go", "return match, &z, nil", "return match, &made[len(made)-1], nil", "a page leaves out what is between its end and that of what was read"),
		at("store/forget.go", "case -2: // no such record\n\t\t\tgone = append(gone, member)", "case -2: // no such record", "lists that grow for ever"),
		at("store/takeover.go", "return !known || at < had, known", "return !known, known", "a trip that is due earlier is looked at late"),
		at("store/newest.go", "for _, k := range beyond.Val() {\n\t\tpipe.Del(ctx, k)\n\t}", "", "one address fills the store with plans"),
		at("store/registry.go", "pipe.ZAddGT(", "pipe.ZAdd(", "a revocation that is told late gives an ended secret back"),
		at("store/admit.go", "if there == over {\n\t\treturn j.Dismiss(ctx, a.VehicleID, id)\n\t}", "", "a vehicle whose trip is over cannot travel"),
	}
}
