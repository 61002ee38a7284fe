package booking

import (
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// confirming is a trip in CONFIRMING: every stop is held, and is made RESERVED.
type confirming struct{ *run }

// maxRestarts bounds how often a refused confirm sends a trip back to RESERVING.
const maxRestarts = 5

// confirm makes every stop RESERVED. The trip is CONFIRMED only when every
// company has acknowledged and CONFIRMED is in the journal.
func (r confirming) confirm() error {
	actions := make([]action, len(r.t.Legs))
	for k := range r.t.Legs {
		actions[k] = action{step: "confirm", leg: k + 1, ref: r.t.Ref(k), call: confirm}
	}
	lost := r.keepConfirms(actions, r.all(actions, r.o.ConfirmBudget))
	if r.Context().Err() != nil {
		return r.Context().Err()
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
		r.t.Legs[k].BookedAt = r.o.Now().UTC()
	}
	if err := r.t.Move(trip.Confirmed); err != nil {
		return err
	}
	r.note("state", "", string(trip.Confirmed), "every company has acknowledged")
	return r.parkOrGoOn()
}

// parkOrGoOn ends a booked trip's run, unless there is something in its
// queue or left to release.
func (r confirming) parkOrGoOn() error {
	if r.Pending() || len(r.t.Saga.Abandoned) > 0 {
		return r.Save()
	}
	return r.park()
}

// keepConfirms keeps the answers and returns the first stop that is not RESERVED.
// A company that had seen a higher epoch is asked again under one above it.
func (r confirming) keepConfirms(actions []action, answers []answer) *lostStop {
	var lost *lostStop
	for k, out := range answers {
		r.keepAnswer(actions[k], out)
		res, err := out.res, out.err
		if charging.CodeOf(err) == charging.CodeStaleOwner {
			res, err = r.do(action{step: "confirm", leg: k + 1, ref: r.t.Ref(k), call: confirm}, r.o.ConfirmBudget)
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
func (r confirming) startAgain(lost *lostStop) error {
	if r.t.OnConflict == trip.Abort || r.cancel || saga.Unknown(lost.err) ||
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
