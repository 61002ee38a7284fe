package booking

import (
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// booked is a trip whose booking is decided: CONFIRMED, or at its end.
type booked struct{ *run }

// longestSession is how long (real time) after its last window a trip waits for
// a car that has plugged in and not yet left, and for answers of its driver. Its
// company ends the session by itself before that.
const longestSession = 3 * time.Hour

// idle looks after a trip whose booking is decided: commands, a plug or a shift
// that was interrupted, stops left to release, and in the end COMPLETED.
func (r booked) idle() error {
	if r.t.State == trip.Confirmed {
		if err := r.idleConfirmed(); err != nil {
			return err
		}
	}
	if r.t.State != trip.Confirmed {
		if err := r.Serve(); err != nil {
			return err
		}
	}
	if r.t.State == trip.Completed { // a company may have been away until the end
		if err := changing(r).finishShift(); err != nil {
			return err
		}
	}
	releasing(r).sweep()
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	if r.Pending() {
		return nil
	}
	return r.park()
}

// idleConfirmed first ends what a former owner has begun.
func (r booked) idleConfirmed() error {
	car := visiting(r)
	for _, finish := range []func() error{car.finishPlugging, changing(r).finishShift, car.leaveKept, r.carryOutCancel} {
		if err := finish(); err != nil {
			return err
		}
	}
	if err := r.Serve(); err != nil {
		return err
	}
	if r.t.State != trip.Confirmed {
		return nil
	}
	r.expireQuestions()
	return r.end()
}

// carryOutCancel carries out a wish that was journaled before the trip was
// booked. The error is fatal.
func (r booked) carryOutCancel() error {
	if !r.cancel {
		return nil
	}
	_, err := r.cancelBooked()
	if err == nil || r.Fatal(err) {
		return err
	}
	r.cancel, r.t.Saga.CancelAsked = false, false
	r.note("cancel", "", string(charging.CodeOf(err)), detailOf(err))
	return r.Save()
}

// expireQuestions takes down the questions that nobody has answered in time: their stops
// stay lost.
func (r booked) expireQuestions() {
	for _, d := range slices.Clone(r.t.Decisions) {
		if time.Now().After(d.ExpiresAt) {
			r.t.Answered(d.Leg)
			r.note("decide", r.t.Legs[d.Leg-1].EVSEID, "missed", fmt.Sprintf("no answer about stop %d came in time", d.Leg))
		}
	}
}

// end moves a CONFIRMED trip to its end once nothing is to come any more:
// COMPLETED where a stop was used or kept for the car to its end (NO_SHOW), else CANCELED.
func (r booked) end() error {
	over := r.isOver()
	if !over && !(r.allFinal() && len(r.t.Decisions) == 0) {
		return nil
	}
	r.t.Answered()
	r.t.Proposal, r.t.Saga.Plugging, r.t.Saga.Unplugs = nil, nil, nil
	for k := range r.t.Legs {
		if over && r.t.Legs[k].State == charging.Reserved {
			r.t.Legs[k].State = charging.NoShow // its company finds the same, by its own clock, and has nobody to tell
		}
	}
	last, why := trip.Completed, "the last window has ended"
	if !slices.ContainsFunc(r.t.Legs, func(l trip.Leg) bool { return l.State != charging.Canceled }) {
		last, why = trip.Canceled, "no stop is left"
		r.t.Problem = r.t.Legs[0].Problem
	}
	if err := r.t.Move(last); err != nil {
		return err
	}
	r.note("state", "", string(last), why)
	return nil
}

func (r booked) allFinal() bool {
	return !slices.ContainsFunc(r.t.Legs, func(l trip.Leg) bool { return !l.State.Final() })
}

// isOver reports whether the last window of a CONFIRMED trip has ended, nobody is
// still at a plug, and no question is open.
func (r booked) isOver() bool {
	left := r.o.Until(r.t.Span().End)
	return left < -30*time.Second && (r.t.Charging() == nil && len(r.t.Decisions) == 0 || left < -longestSession)
}
