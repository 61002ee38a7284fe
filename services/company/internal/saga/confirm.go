package saga

import (
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// maxRestarts bounds how often a refused confirm sends a trip back to RESERVING.
const maxRestarts = 5

// confirm makes every stop RESERVED. The trip is CONFIRMED only when every
// company has acknowledged and CONFIRMED is in the journal.
func (r *run) confirm() error {
	actions := make([]action, len(r.t.Legs))
	for k := range r.t.Legs {
		actions[k] = action{step: "confirm", leg: k + 1, ref: r.t.Ref(k), call: confirm}
	}
	lost := r.hearConfirms(actions, r.all(actions, r.c.o.ConfirmBudget))
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if lost != nil {
		return r.startAgain(lost)
	}
	if r.cancel {
		return r.giveUp(errCanceled) // it was asked for before the trip was booked
	}
	r.t.Answered()
	r.t.Problem, r.t.Saga.AttemptEnds = nil, nil
	for k := range r.t.Legs {
		r.t.Legs[k].BookedAt = r.c.o.Now().UTC()
	}
	if err := r.t.Move(trip.Confirmed); err != nil {
		return err
	}
	r.note("state", "", string(trip.Confirmed), "every company has acknowledged")
	return r.settleOrRest()
}

// settleOrRest ends a booked trip's run, unless there is something in its
// mailbox or left to release.
func (r *run) settleOrRest() error {
	if len(r.mailbox) > 0 || len(r.t.Saga.Abandoned) > 0 {
		return r.save()
	}
	return r.settle()
}

// hearConfirms keeps the answers and returns the first stop that is not RESERVED.
// A company that had seen a higher epoch is asked again under one above it.
func (r *run) hearConfirms(actions []action, answers []answer) *lostStop {
	var lost *lostStop
	for k, out := range answers {
		r.heard(actions[k], out)
		res, err := out.res, out.err
		if charging.CodeOf(err) == charging.CodeStaleOwner {
			res, err = r.do(action{step: "confirm", leg: k + 1, ref: r.t.Ref(k), call: confirm}, r.c.o.ConfirmBudget)
		}
		if err == nil {
			r.held(k, res)
			continue
		}
		r.t.Legs[k].Problem = problemOf(err)
		if lost == nil {
			lost = &lostStop{k, err}
		}
	}
	return lost
}

// startAgain after a refused confirm: every stop is released, also the RESERVED
// ones, and then the trip gives up or begins anew with new ids and its old
// ticket.
func (r *run) startAgain(lost *lostStop) error {
	if r.t.OnConflict == trip.Abort || r.cancel || unknown(lost.err) ||
		r.t.Saga.Restarts >= maxRestarts || r.ticketSpent() {
		return r.giveUp(lost.err)
	}
	r.t.Saga.Restarts++
	for k := range r.t.Legs {
		r.newID(k)
	}
	r.t.Problem = problemOf(lost.err)
	return r.to(trip.Reserving, "a confirm was refused: "+lost.Error())
}
