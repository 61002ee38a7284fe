package saga

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// maxReplans bounds how many alternatives a trip takes by itself.
const maxReplans = 12

// longestWait is the longest pause between two looks at a stop that is waited
// for.
const longestWait = 500 * time.Millisecond

// conflict does what the trip's policy says about a stop that was refused in
// RESERVING. Returning nil with the trip in RESERVING means: book again.
func (r *run) conflict(lost *lostStop) error {
	if r.fatal(lost.err) {
		return lost.err
	}
	if errors.Is(lost.err, errCanceled) || r.cancel {
		return r.giveUp(errCanceled)
	}
	if errors.Is(lost.err, errParked) {
		return r.parkNow()
	}
	r.t.Problem = problemOf(lost.err)
	code := charging.CodeOf(lost.err)
	if r.t.OnConflict == trip.Abort || r.ticketSpent() || permanent(code) || charging.OfVehicle(lost.err) {
		return r.giveUp(lost.err)
	}
	if code == charging.CodeQuotaExceeded {
		r.full[r.t.Legs[lost.k].CompanyID] = true
	}
	if code == charging.CodeHoldExpired || code == charging.CodeAlreadyCompensated {
		return r.takeAgain(lost)
	}
	if r.mayWait(code) {
		return r.wait(lost)
	}
	switch r.t.OnConflict {
	case trip.Replan:
		return r.replan(lost)
	case trip.Ask:
		return r.askAbout(lost)
	}
	return r.giveUp(lost.err)
}

// permanent refusals are mistakes in the request; no other try can help.
func permanent(c charging.Code) bool {
	switch c {
	case charging.CodeInvalidField, charging.CodeInvalidWindow, charging.CodeUnknownEVSE,
		charging.CodeForbidden, charging.CodeMalformedRequest, charging.CodeUnauthenticated:
		return true
	}
	return false
}

// ticketSpent reports whether the ticket leaves no time for another attempt.
func (r *run) ticketSpent() bool {
	return r.t.Ticket != nil && time.Until(r.t.Ticket.ExpiresAt) < r.c.o.ConfirmBudget
}

// takeAgain tries a stop whose own hold has lapsed under a new id.
func (r *run) takeAgain(lost *lostStop) error {
	if r.t.Saga.Restarts >= maxRestarts {
		return r.giveUp(lost.err)
	}
	r.t.Saga.Restarts++
	r.newID(lost.k)
	r.note("again", r.t.Legs[lost.k].EVSEID, "ok", lost.Error())
	return r.save()
}

// mayWait reports whether the trip waits for what is in the way: only an older
// trip's hold is ever waited for, under the policy wait or after a driver has
// chosen to, so that waits point from younger to older.
func (r *run) mayWait(code charging.Code) bool {
	ahead := code == charging.CodePriorityLost || code == charging.CodeHoldPreempted
	return ahead && (r.t.OnConflict == trip.Wait && !r.waitOver() || r.t.Saga.AttemptEnds != nil && !r.waitOver())
}

func (r *run) waitOver() bool {
	return r.t.Saga.AttemptEnds != nil && time.Now().After(*r.t.Saga.AttemptEnds)
}

// deadline bounds a decision or a wait: by the trip's own bound, and by the
// ticket less what confirming takes.
func (r *run) deadline() time.Time {
	at := time.Now().Add(r.t.Saga.DecisionTimeout)
	if r.t.Ticket != nil {
		if end := r.t.Ticket.ExpiresAt.Add(-r.c.o.ConfirmBudget); end.Before(at) {
			at = end
		}
	}
	return at.UTC().Truncate(time.Millisecond)
}

// wait pauses, keeping the other stops, and books again.
func (r *run) wait(lost *lostStop) error {
	r.rests()
	dirty := false
	if r.t.Saga.AttemptEnds == nil {
		at := r.deadline()
		r.t.Saga.AttemptEnds, dirty = &at, true
		r.note("wait", r.t.Legs[lost.k].EVSEID, "ok", lost.Error())
	}
	if charging.CodeOf(lost.err) == charging.CodeHoldPreempted {
		r.newID(lost.k)
		dirty = true
	}
	if dirty || len(r.entries) > 32 {
		if err := r.save(); err != nil {
			return err
		}
	}
	pause := min(longestWait/4+backoff(r.waits), longestWait)
	r.waits++
	if err := r.idle(pause); err != nil {
		return r.conflict(&lostStop{lost.k, err})
	}
	_ = r.keepHolds(r.c.o.HoldTTL / 2) // what is gone is met again when booking
	return nil
}

// idle waits, answering the mailbox.
func (r *run) idle(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-timer.C:
			return nil
		case m := <-r.mailbox:
			r.receive(m)
			if err := r.wish(); err != nil {
				return err
			}
		}
	}
}

// checkpoint answers the mailbox between two steps.
func (r *run) checkpoint() error {
	for {
		select {
		case <-r.ctx.Done():
			return r.ctx.Err()
		case m := <-r.mailbox:
			r.receive(m)
		default:
			return r.wish()
		}
	}
}

// wish is what the mailbox has asked the run for.
func (r *run) wish() error {
	switch {
	case r.cancel:
		return errCanceled
	case r.park && r.t.State != trip.Confirming:
		return errParked
	}
	return nil
}

// parkNow gives the trip back in its present state, for another server or the
// next life of this one.
func (r *run) parkNow() error {
	r.note("park", "", "ok", "the server is stopping")
	if err := r.write(0, time.Now()); err != nil {
		return err
	}
	r.c.o.Parked()
	return errParked
}

// replan takes the best alternative that was not tried yet.
func (r *run) replan(lost *lostStop) error {
	if r.tried == nil {
		r.tried = map[string]bool{}
	}
	l := r.t.Legs[lost.k]
	r.tried[slotKey(l.EVSEID, l.Start)] = true
	if len(r.tried) > maxReplans {
		return r.giveUp(lost.err)
	}
	for _, a := range r.alternatives(lost.k + 1) {
		if r.tried[slotKey(a.EVSEID, a.Start)] {
			continue
		}
		taken := false
		err := r.moving(r.t.Taking(a), func() error {
			r.apply(a)
			r.note("replan", a.EVSEID, "ok", lost.Error())
			taken = true
			return r.save()
		})
		if taken || r.fatal(err) {
			return err
		}
		r.tried[slotKey(a.EVSEID, a.Start)] = true // the vehicle is elsewhere then
	}
	return r.giveUp(lost.err)
}

func slotKey(evse charging.EVSEID, start time.Time) string {
	return string(evse) + "@" + start.UTC().Format(time.RFC3339)
}

// alternatives asks for other choices, within a call's time. None is an answer.
func (r *run) alternatives(leg int) []trip.Alternative {
	if r.c.o.Alternatives == nil {
		return []trip.Alternative{}
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.c.o.CallTimeout)
	defer cancel()
	found, err := r.c.o.Alternatives.Alternatives(ctx, r.t.Clone(), leg)
	if err != nil {
		r.note("alternatives", "", "lost", err.Error())
	}
	found = slices.DeleteFunc(found, func(a trip.Alternative) bool { return r.full[a.CompanyID] })
	if found == nil {
		found = []trip.Alternative{}
	}
	return found
}

// apply gives a leg, and the later ones that move with it, their new windows,
// prices and ids.
func (r *run) apply(a trip.Alternative) {
	for _, to := range r.t.Taking(a) {
		r.newID(to.Leg - 1)
		l := &r.t.Legs[to.Leg-1]
		l.CompanyID, l.EVSEID, l.Start, l.End, l.Price = to.CompanyID, to.EVSEID, to.Start, to.End, to.Price
		l.Problem = nil
	}
}
