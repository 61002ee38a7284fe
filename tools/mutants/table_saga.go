package main

// sagas are mistakes of the originator: of the engine that runs trips, and of what
// a trip does next.
func sagas() []mutant {
	engine := func(file, old, now, unnoticed string) mutant {
		return mutant{File: rooms + "saga/" + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{"saga", "booking"}}
	}
	at := func(file, old, now, unnoticed string) mutant {
		return mutant{File: rooms + "booking/" + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{"booking"}}
	}
	return []mutant{
		at("compensate.go", "if !r.t.Saga.EnteredConfirming {\n\t\t\treturn nil", "if true {\n\t\t\treturn nil", "a RESERVED is held while the trip asks"),
		at("run.go", "if r.t.Saga.EnteredConfirming {\n\t\treturn false\n\t}", "", "ABORTED while a stop may be RESERVED"),
		at("run.go", "return !asked || time.Now().After(at)", "return !asked || !at.IsZero()", "ABORTED while a hold may live"),
		at("reserve.go", "r.setTicket(res)\n\t\treturn r.Save()", "r.setTicket(res)\n\t\treturn nil", "a second ticket after a crash"),
		at("holds.go", "case saga.Unknown(err) && time.Until(*r.t.Legs[k].ExpiresAt) > 0:", "case saga.Unknown(err):", "CONFIRMING with a hold that has lapsed"),
		at("reserve.go", "case unsettled(err) && time.Now().Before(deadline):", "case unsettled(err) && !deadline.IsZero():", "a trip waits for ever for one that is confirming"),
		at("reserve.go", "case charging.CodeOf(err) == charging.CodeTicketInvalid && !r.noTicket[k] && k > 0:", "case charging.CodeOf(err) == charging.CodeTicketInvalid && k > 0:", "a company that refuses the ticket is asked for ever"),
		at("holds.go", "Reserve: step == \"claim\",", "", "every stop is asked for twice"),
		at("reserve.go", "if r.t.Legs[k].State == charging.Pending {\n\t\t\tcontinue", "if r.t.Legs[k].State != trip.LegPlanned {\n\t\t\tcontinue", "a CLAIMED of an older peer is confirmed as it is"),
		at("booked.go", "if over && r.t.Legs[k].State == charging.Reserved {", "if false {", "a trip is COMPLETED with a stop that is RESERVED for ever"),
		at("run.go", "r.abandon(*l)\n\t\tl.ReservationID", "l.ReservationID", "an id that was given up is never released"),
		at("conflict.go", " || charging.OfVehicle(lost.err)", "", "a vehicle that has enough is asked about alternatives that it cannot have"),
		at("run.go", "return r.full[a.CompanyID]", "return false", "a company that is full is asked again and again"),
		at("run.go", "if end := r.t.Ticket.ExpiresAt.Add(-r.o.ConfirmBudget); end.Before(at) {", "if end := r.t.Ticket.ExpiresAt; end.Before(at) {", "a decision ends too late to confirm"),
		at("run.go", "return r.t.Ticket != nil && time.Until(r.t.Ticket.ExpiresAt) < r.o.ConfirmBudget", "return false", "a trip goes on with a spent ticket"),
		at("conflict.go", "if charging.CodeOf(lost.err) == charging.CodeHoldPreempted {\n\t\tr.newID(lost.k)", "if charging.CodeOf(lost.err) == charging.CodeHoldPreempted {", "a dead id is repeated"),
		at("conflict.go", "if r.t.Saga.Restarts >= maxRestarts {\n\t\treturn r.giveUp(lost.err)\n\t}\n", "", "a livelock"),
		at("confirm.go", "r.t.Saga.Restarts >= maxRestarts || ", "", "a livelock of refused confirms"),
		at("confirm.go", "for k := range r.t.Legs {\n\t\tr.newID(k)\n\t}", "", "after a refused confirm the old ids are used again"),
		at("confirm.go", "if lost != nil {\n\t\treturn r.startAgain(lost)\n\t}", "_ = lost", "CONFIRMED although a confirm was refused"),
		at("run.go", "for _, a := range r.t.Saga.Abandoned {\n\t\tr.lapses[a.ReservationID] = lapse\n\t}", "", "ABORTED while a hold of an earlier id may live"),
		engine("run.go", "if !Unknown(err) {\n\t\t\treturn &lostLease{err}", "if false {\n\t\t\treturn &lostLease{err}", "a former owner writes until it is killed"),
		engine("run.go", "if !r.trusted.IsZero() {\n\t\tr.trusted = until\n\t}", "r.trusted = until", "a lease that was given back counts as held"),
		engine("lease.go", "case slices.Contains(lost, id):\n\t\t\tr.stop()", "case slices.Contains(lost, id):", "a former owner goes on"),
		at("change.go", "for i, t := range slices.Backward(takes) {", "for i, t := range takes {", "a trip's own stops are in each other's way"),
		at("change.go", "if r.t.Saga.Shift != nil {\n\t\treturn &charging.Refusal{", "if false {\n\t\treturn &charging.Refusal{", "a change that is not acknowledged is forgotten"),
		at("cancel.go", "case l.State == charging.Charging, doubt != nil && doubt.ReservationID == l.ReservationID:", "case doubt != nil && doubt.ReservationID == l.ReservationID:", "a cancel lets go of a stop whose car is there"),
		at("cancel.go", "if t.Leg.Leg != l.Leg {", "if true {", "a cancel keeps the shift of a stop that it lets go of"),
		at("notice.go", "l.State != charging.NoShow || r.t.Saga.Missed == 0", "l.State != charging.NoShow || true", "a car that stays at home takes one stop after the other"),
		at("session.go", "r.t.Saga.Plugging, r.t.Saga.Missed = nil, 0", "r.t.Saga.Plugging = nil", "who was late once is given up the next time"),
		engine("commands.go", "return m.ID != \"\" && slices.Contains(*r.c.kind.Done(&r.Record), m.ID)", "return false && slices.Contains(*r.c.kind.Done(&r.Record), m.ID)", "a command is carried out twice after a take-over"),
		at("calls.go", "out.sent = out.sent || !errors.Is(out.err, charging.ErrNotSent)", "out.sent = !errors.Is(out.err, charging.ErrNotSent)", "a hold of a lost answer is forgotten"),
		engine("coordinator.go", "c.leave(r)\n\t\treturn t, err", "return t, err", "a trip that was never journaled keeps a place"),
	}
}
