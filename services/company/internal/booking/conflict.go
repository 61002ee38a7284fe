package booking

import (
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// maxReplans bounds how many alternatives a trip takes by itself.
const maxReplans = 12

// longestWait is the longest pause between two looks at a stop that is waited
// for.
const longestWait = 500 * time.Millisecond

// conflict does what the trip's policy says about a stop that was refused in
// RESERVING. Returning nil with the trip in RESERVING means: book again.
func (r reserving) conflict(lost *lostStop) error {
	if r.Fatal(lost.err) {
		return lost.err
	}
	if errors.Is(lost.err, errCanceled) || r.cancel {
		return r.giveUp(errCanceled)
	}
	if errors.Is(lost.err, errParking) {
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
		return asking(r).askAbout(lost)
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

// takeAgain tries a stop whose own hold has lapsed under a new id.
func (r reserving) takeAgain(lost *lostStop) error {
	if r.t.Saga.Restarts >= maxRestarts {
		return r.giveUp(lost.err)
	}
	r.t.Saga.Restarts++
	r.newID(lost.k)
	r.note("again", r.t.Legs[lost.k].EVSEID, "ok", lost.Error())
	return r.Save()
}

// mayWait reports whether the trip waits for what is in the way: only an older
// trip's hold is ever waited for, under the policy wait or after a driver has
// chosen to, so that waits point from younger to older.
func (r reserving) mayWait(code charging.Code) bool {
	ahead := code == charging.CodePriorityLost || code == charging.CodeHoldPreempted
	return ahead && (r.t.OnConflict == trip.Wait && !r.waitOver() || r.t.Saga.AttemptEnds != nil && !r.waitOver())
}

func (r reserving) waitOver() bool {
	return r.t.Saga.AttemptEnds != nil && time.Now().After(*r.t.Saga.AttemptEnds)
}

// wait pauses, keeping the other stops, and books again.
func (r reserving) wait(lost *lostStop) error {
	r.SignalIdle()
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
	if dirty || r.Noted() > 32 {
		if err := r.Save(); err != nil {
			return err
		}
	}
	pause := min(longestWait/4+saga.Backoff(r.waits), longestWait)
	r.waits++
	if err := r.idle(pause); err != nil {
		return r.conflict(&lostStop{lost.k, err})
	}
	_ = r.keepHolds(r.o.HoldTTL / 2) // what is gone is met again when booking
	return nil
}

// idle waits, answering the queue.
func (r reserving) idle(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-timer.C:
			return nil
		case c := <-r.Commands():
			_ = r.Receive(c)
			if err := r.wish(); err != nil {
				return err
			}
		}
	}
}

// checkpoint answers the queue between two steps.
func (r reserving) checkpoint() error {
	_ = r.Serve() // a trip under way answers commands, and goes on
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	return r.wish()
}

// replan takes the best alternative that was not tried yet.
func (r reserving) replan(lost *lostStop) error {
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
		err := r.withSpan(r.t.Taking(a), func() error {
			r.apply(a)
			r.note("replan", a.EVSEID, "ok", lost.Error())
			taken = true
			return r.Save()
		})
		if taken || r.Fatal(err) {
			return err
		}
		r.tried[slotKey(a.EVSEID, a.Start)] = true // the vehicle is elsewhere then
	}
	return r.giveUp(lost.err)
}

func slotKey(evse charging.EVSEID, start time.Time) string {
	return string(evse) + "@" + start.UTC().Format(time.RFC3339)
}
