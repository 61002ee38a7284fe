package main

// sagas are mistakes of the originator: the saga of a trip, and the lists of its journal.
func sagas() []mutant {
	at := func(file, old, now, unnoticed string) mutant {
		return mutant{File: rooms + "saga/" + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{"saga"}}
	}
	return []mutant{
		at("release.go", "if !r.t.Saga.EnteredConfirming {\n\t\t\treturn nil", "if true {\n\t\t\treturn nil", "a RESERVED is held while the trip asks"),
		at("release.go", "if r.t.Saga.EnteredConfirming {\n\t\treturn false\n\t}", "", "ABORTED while a stop may be RESERVED"),
		at("release.go", "return !asked || time.Now().After(at)", "return !asked || !at.IsZero()", "ABORTED while a hold may live"),
		at("book.go", "r.setTicket(res)\n\t\treturn r.save()", "r.setTicket(res)\n\t\treturn nil", "a second ticket after a crash"),
		at("book.go", "case unknown(err) && time.Until(*r.t.Legs[k].ExpiresAt) > 0:", "case unknown(err):", "CONFIRMING with a hold that has lapsed"),
		at("book.go", "case unsettled(err) && time.Now().Before(deadline):", "case unsettled(err) && !deadline.IsZero():", "a trip waits for ever for one that is confirming"),
		at("book.go", "case charging.CodeOf(err) == charging.CodeTicketInvalid && !r.noTicket[k] && k > 0:", "case charging.CodeOf(err) == charging.CodeTicketInvalid && k > 0:", "a company that refuses the ticket is asked for ever"),
		at("book.go", "Reserve: step == \"claim\",", "", "every stop is asked for twice"),
		at("book.go", "if r.t.Legs[k].State == charging.Pending {\n\t\t\tcontinue", "if r.t.Legs[k].State != trip.LegPlanned {\n\t\t\tcontinue", "a CLAIMED of an older peer is confirmed as it is"),
		at("book.go", "r.abandon(*l)\n\t\tl.ReservationID", "l.ReservationID", "an id that was given up is never released"),
		at("conflict.go", " || charging.OfVehicle(lost.err)", "", "a vehicle that has enough is asked about alternatives that it cannot have"),
		at("conflict.go", "return r.full[a.CompanyID]", "return false", "a company that is full is asked again and again"),
		at("conflict.go", "if end := r.t.Ticket.ExpiresAt.Add(-r.c.o.ConfirmBudget); end.Before(at) {", "if end := r.t.Ticket.ExpiresAt; end.Before(at) {", "a decision ends too late to confirm"),
		at("conflict.go", "return r.t.Ticket != nil && time.Until(r.t.Ticket.ExpiresAt) < r.c.o.ConfirmBudget", "return false", "a trip goes on with a spent ticket"),
		at("conflict.go", "if charging.CodeOf(lost.err) == charging.CodeHoldPreempted {\n\t\tr.newID(lost.k)", "if charging.CodeOf(lost.err) == charging.CodeHoldPreempted {", "a dead id is repeated"),
		at("conflict.go", "if r.t.Saga.Restarts >= maxRestarts {\n\t\treturn r.giveUp(lost.err)\n\t}\n", "", "a livelock"),
		at("confirm.go", "r.t.Saga.Restarts >= maxRestarts || ", "", "a livelock of refused confirms"),
		at("confirm.go", "for k := range r.t.Legs {\n\t\tr.newID(k)\n\t}", "", "after a refused confirm the old ids are used again"),
		at("confirm.go", "if lost != nil {\n\t\treturn r.startAgain(lost)\n\t}", "_ = lost", "CONFIRMED although a confirm was refused"),
		at("run.go", "for _, a := range r.t.Saga.Abandoned {\n\t\tr.lapses[a.ReservationID] = lapse\n\t}", "", "ABORTED while a hold of an earlier id may live"),
		at("run.go", "if !unknown(err) {\n\t\t\treturn &lostLease{err}", "if false {\n\t\t\treturn &lostLease{err}", "a former owner writes until it is killed"),
		at("run.go", "if !r.leased.IsZero() {\n\t\tr.leased = until\n\t}", "r.leased = until", "a lease that was given back counts as held"),
		at("recover.go", "case slices.Contains(lost, id):\n\t\t\tr.stop()", "case slices.Contains(lost, id):", "a former owner goes on"),
		at("shift.go", "for i, t := range slices.Backward(takes) {", "for i, t := range takes {", "a trip's own stops are in each other's way"),
		at("shift.go", "if r.t.Saga.Shift != nil {\n\t\treturn &charging.Refusal{", "if false {\n\t\treturn &charging.Refusal{", "a change that is not acknowledged is forgotten"),
		at("cancel.go", "case l.State == charging.Charging, doubt != nil && doubt.ReservationID == l.ReservationID:", "case doubt != nil && doubt.ReservationID == l.ReservationID:", "a cancel lets go of a stop whose car is there"),
		at("cancel.go", "if t.Leg.Leg != l.Leg {", "if true {", "a cancel keeps the shift of a stop that it lets go of"),
		at("questions.go", "l.State != charging.NoShow || r.t.Saga.Missed == 0", "l.State != charging.NoShow || true", "a car that stays at home takes one stop after the other"),
		at("plug.go", "r.t.Saga.Plugging, r.t.Saga.Missed = nil, 0", "r.t.Saga.Plugging = nil", "who was late once is given up the next time"),
		at("mailbox.go", "func (r *run) did(m message) bool { return m.id != \"\" && slices.Contains(r.t.Saga.Done, m.id) }", "func (r *run) did(m message) bool { return false }", "a command is carried out twice after a take-over"),
		at("calls.go", "out.sent = out.sent || !errors.Is(out.err, charging.ErrNotSent)", "out.sent = !errors.Is(out.err, charging.ErrNotSent)", "a hold of a lost answer is forgotten"),
		at("coordinator.go", "c.leave(r)\n\t\treturn t, err", "return t, err", "a trip that was never journaled keeps a place"),
	}
}
