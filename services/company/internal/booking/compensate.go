package booking

import (
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// releasing lets go of stops, until their companies have acknowledged.
type releasing struct{ *run }

const (
	// parkAfter is the longest pause between two rounds of releasing that is made
	// in place; for a longer one the trip is parked, and comes back from the journal.
	parkAfter = 2 * time.Second
	// sweepRounds is how often a decided trip tries to release what it gave up
	// before it leaves the rest to its next look.
	sweepRounds = 3
)

// unreleased is a stop that no company has acknowledged as released.
type unreleased struct {
	leg     int
	company charging.CompanyID
	err     error
}

// giveUp turns to COMPENSATING, and remembers why.
func (r *run) giveUp(why error) error {
	if r.Fatal(why) {
		return why
	}
	r.t.Answered()
	r.t.Saga.AttemptEnds = nil
	r.t.Problem = problemOf(why)
	var last time.Time
	for _, at := range r.lapses {
		last = later(last, at)
	}
	r.t.Saga.LapsesBy = &last
	return r.to(trip.Compensating, r.t.Problem.Detail)
}

// release compensates every stop in reverse order, then what was abandoned,
// until each company has acknowledged, and ends in ABORTED.
func (r releasing) release() error {
	for round := 0; ; round++ {
		_ = r.Serve() // a trip under way answers commands, and goes on
		left := r.releaseLegs()
		left = append(left, r.releaseAbandoned()...)
		if r.Context().Err() != nil {
			return r.Context().Err()
		}
		if len(left) == 0 {
			break
		}
		if err := r.stuck(left, round); err != nil {
			return err
		}
	}
	r.t.Saga.Stuck = nil
	if err := r.t.Move(trip.Aborted); err != nil {
		return err
	}
	r.note("state", "", string(trip.Aborted), "nothing stays held anywhere")
	return r.park()
}

// releaseLegs compensates the current reservation of every leg, last first.
func (r releasing) releaseLegs() []unreleased {
	var left []unreleased
	for k := len(r.t.Legs) - 1; k >= 0; k-- {
		l := &r.t.Legs[k]
		if l.State.Final() {
			continue
		}
		if _, asked := r.lapses[l.ReservationID]; !asked && l.State == trip.LegPlanned {
			l.State = charging.Canceled // its company was never asked for it
			continue
		}
		res, err := r.undo(l.Leg, r.t.Ref(k))
		switch {
		case err == nil:
			if l.State, l.ExpiresAt = res.State, nil; res.Session != nil {
				l.Session = res.Session
			}
		case r.lapsed(l.ReservationID):
			// Released by expiry; its company is told when it can be reached.
			r.abandon(*l)
			l.State, l.ExpiresAt = charging.Canceled, nil
			l.Problem = &trip.Problem{Code: charging.CodeHoldExpired, Detail: "released by expiry: " + detailOf(err)}
		default:
			left = append(left, unreleased{l.Leg, l.CompanyID, err})
		}
	}
	return left
}

// undo compensates a reservation. One that a late duplicate of a plug has made
// CHARGING, of which no car was told, is completed with nothing taken: only that
// leads away from it.
func (r releasing) undo(leg int, ref charging.Ref) (charging.Reservation, error) {
	res, err := r.do(action{step: "compensate", leg: leg, ref: ref, call: compensate}, 0)
	if err != nil || res.State != charging.Charging {
		return res, err
	}
	ref.Epoch = r.t.Saga.Epoch
	return visiting(r).complete(leg, ref, charging.Leaving{})
}

// releaseAbandoned compensates earlier reservation ids and forgets those that
// are acknowledged. In a trip that never entered CONFIRMING one that has lapsed
// holds nobody up: it stays listed and is told in the background.
func (r releasing) releaseAbandoned() []unreleased {
	var left []unreleased
	var keep []trip.Abandoned
	for _, a := range slices.Backward(r.t.Saga.Abandoned) {
		_, err := r.undo(a.Leg, r.t.RefOf(a))
		if err == nil || r.o.Until(a.End) < -longestPause {
			continue
		}
		keep = append(keep, a)
		if !r.lapsed(a.ReservationID) {
			left = append(left, unreleased{a.Leg, a.CompanyID, err})
		}
	}
	slices.Reverse(keep)
	r.t.Saga.Abandoned = keep
	return left
}

// letGo releases what was abandoned before the trip goes on: no trip holds a
// RESERVED while it waits or asks.
func (r releasing) letGo() error {
	deadline := time.Now().Add(r.o.StepBudget)
	for n := 0; len(r.t.Saga.Abandoned) > 0; n++ {
		left := r.releaseAbandoned()
		if len(left) == 0 {
			return nil
		}
		if !r.t.Saga.EnteredConfirming {
			return nil // only holds, which lapse by themselves
		}
		if time.Now().After(deadline) {
			return left[0].err
		}
		if !r.Sleep(saga.Backoff(n)) {
			return r.Context().Err()
		}
	}
	return nil
}

// stuck writes down what cannot be released and why, and pauses: in place while
// the pause is short, else by leaving the trip to its next look.
func (r releasing) stuck(left []unreleased, round int) error {
	r.SignalIdle()
	s := trip.Stuck{Since: time.Now().UTC()}
	if r.t.Saga.Stuck != nil {
		s = *r.t.Saga.Stuck
	}
	u := left[0]
	s.Leg, s.Attempts = u.leg, s.Attempts+1
	s.Reason = fmt.Sprintf("%s has not acknowledged the release: %s", u.company, detailOf(u.err))
	pause := min(50*time.Millisecond<<min(s.Attempts, 12), longestPause)
	s.NextRetry = time.Now().Add(pause).UTC()
	r.t.Saga.Stuck = &s
	if pause > parkAfter {
		return r.Park(s.NextRetry)
	}
	if round == 0 {
		if err := r.Save(); err != nil {
			return err
		}
	}
	if !r.Sleep(pause) {
		return r.Context().Err()
	}
	return nil
}

// sweep releases what a decided trip still holds or has abandoned, a few times;
// what is left then is stuck, visible, and looked at again later.
func (r releasing) sweep() {
	for n := range sweepRounds {
		var left []unreleased
		if r.t.State == trip.Canceled {
			left = r.releaseLegs()
		}
		left = append(left, r.releaseAbandoned()...)
		if len(left) == 0 {
			if len(r.t.Saga.Abandoned) == 0 {
				r.t.Saga.Stuck = nil
			}
			return
		}
		u := left[0]
		s := trip.Stuck{Since: time.Now().UTC()}
		if r.t.Saga.Stuck != nil {
			s = *r.t.Saga.Stuck
		}
		s.Leg, s.Attempts, s.NextRetry = u.leg, s.Attempts+1, time.Now().Add(longestPause).UTC()
		s.Reason = fmt.Sprintf("%s has not acknowledged the release: %s", u.company, detailOf(u.err))
		r.t.Saga.Stuck = &s
		if !r.Sleep(saga.Backoff(n)) {
			return
		}
	}
}

// resolve takes an operator's word that what is stuck is free. It is audited in
// the journal.
func (r releasing) resolve(reason string) error {
	if r.t.Saga.Stuck == nil {
		return charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(r.t.State)+" and not stuck; there is nothing to resolve")
	}
	if r.t.State == trip.Compensating || r.t.State == trip.Canceled {
		for k := range r.t.Legs {
			if l := &r.t.Legs[k]; !l.State.Final() {
				l.State, l.ExpiresAt = charging.Canceled, nil
				l.Problem = &trip.Problem{Code: charging.CodePeerUnavailable, Detail: "resolved by an operator: " + reason}
			}
		}
	}
	r.t.Saga.Abandoned, r.t.Saga.Stuck = nil, nil
	r.note("resolve", "", "ok", reason)
	return nil
}
