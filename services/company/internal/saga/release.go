package saga

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// longestPause between two rounds of releasing; beyond parkAfter the trip
// leaves its goroutine and comes back from the journal.
const (
	longestPause = 30 * time.Second
	parkAfter    = 2 * time.Second
)

var errCanceled = errors.New("the driver has canceled the trip")

// giveUp turns to COMPENSATING, and remembers why.
func (r *run) giveUp(why error) error {
	if r.fatal(why) {
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
func (r *run) release() error {
	for round := 0; ; round++ {
		r.readMailbox()
		left := r.releaseLegs()
		left = append(left, r.releaseAbandoned()...)
		if r.ctx.Err() != nil {
			return r.ctx.Err()
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
	return r.settle()
}

// settle writes a trip that has come to its end, or rests, and gives the lease
// back.
func (r *run) settle() error {
	if err := r.write(0, r.nextLook()); err != nil {
		return err
	}
	return errParked
}

// nextLook is when a resting trip must be looked at again; zero for never.
func (r *run) nextLook() time.Time {
	s := r.t.Saga
	soon := time.Now().Add(longestPause)
	switch open := r.t.State == trip.Confirmed; {
	case len(s.Abandoned) > 0 || s.Stuck != nil || s.Shift != nil || open && s.Plugging != nil:
		return soon
	case !open:
		return time.Time{}
	}
	next := time.Now().Add(max(r.c.o.Until(r.t.Span().End), 0) + time.Minute)
	if r.t.Charging() != nil {
		next = next.Add(longestPause - time.Minute)
		if len(s.Unplugs) > 0 && soon.Before(next) {
			next = soon
		}
	}
	for _, d := range r.t.Decisions {
		if d.ExpiresAt.Before(next) {
			next = d.ExpiresAt
		}
	}
	return next
}

// unreleased is a stop that no company has acknowledged as released.
type unreleased struct {
	leg     int
	company charging.CompanyID
	err     error
}

// releaseLegs compensates the current reservation of every leg, last first.
func (r *run) releaseLegs() []unreleased {
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
			l.Problem = &trip.Problem{Code: charging.CodeHoldExpired, Detail: "released by expiry: " + detail(err)}
		default:
			left = append(left, unreleased{l.Leg, l.CompanyID, err})
		}
	}
	return left
}

// undo compensates a reservation. One that a late duplicate of a plug has made
// CHARGING, of which no car was told, is completed with nothing taken: only that
// leads away from it.
func (r *run) undo(leg int, ref charging.Ref) (charging.Reservation, error) {
	res, err := r.do(action{step: "compensate", leg: leg, ref: ref, call: compensate}, 0)
	if err != nil || res.State != charging.Charging {
		return res, err
	}
	ref.Epoch = r.t.Saga.Epoch
	return r.complete(leg, ref, charging.Leaving{})
}

// lapsed reports whether a hold of this id has certainly run out. Once the trip
// has entered CONFIRMING a confirm may have been executed and its answer lost:
// then nothing is certain but the company's word.
func (r *run) lapsed(id charging.ReservationID) bool {
	if r.t.Saga.EnteredConfirming {
		return false
	}
	at, asked := r.lapses[id]
	return !asked || time.Now().After(at)
}

// releaseAbandoned compensates earlier reservation ids and forgets those that
// are acknowledged. In a trip that never entered CONFIRMING one that has lapsed
// holds nobody up: it stays listed and is told in the background.
func (r *run) releaseAbandoned() []unreleased {
	var left []unreleased
	var keep []trip.Abandoned
	for _, a := range slices.Backward(r.t.Saga.Abandoned) {
		_, err := r.undo(a.Leg, r.t.RefOf(a))
		if err == nil || r.c.o.Until(a.End) < -longestPause {
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
func (r *run) letGo() error {
	deadline := time.Now().Add(r.c.o.StepBudget)
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
		if !sleep(r.ctx, backoff(n)) {
			return r.ctx.Err()
		}
	}
	return nil
}

// stuck writes down what cannot be released and why, and pauses: in place while
// the pause is short, else by leaving the trip to its next look.
func (r *run) stuck(left []unreleased, round int) error {
	r.rests()
	s := trip.Stuck{Since: time.Now().UTC()}
	if r.t.Saga.Stuck != nil {
		s = *r.t.Saga.Stuck
	}
	u := left[0]
	s.Leg, s.Attempts = u.leg, s.Attempts+1
	s.Reason = fmt.Sprintf("%s has not acknowledged the release: %s", u.company, detail(u.err))
	pause := min(50*time.Millisecond<<min(s.Attempts, 12), longestPause)
	s.NextRetry = time.Now().Add(pause).UTC()
	r.t.Saga.Stuck = &s
	if pause > parkAfter {
		if err := r.write(0, s.NextRetry); err != nil {
			return err
		}
		return errParked
	}
	if round == 0 {
		if err := r.save(); err != nil {
			return err
		}
	}
	if !sleep(r.ctx, pause) {
		return r.ctx.Err()
	}
	return nil
}

func problemOf(err error) *trip.Problem {
	code := charging.CodeOf(err)
	switch {
	case code == "" && errors.Is(err, errCanceled):
		return &trip.Problem{Detail: err.Error()}
	case code == "":
		code = charging.CodePeerUnavailable
	}
	return &trip.Problem{Code: code, Detail: detail(err)}
}

func conflictOf(err error) *charging.Conflict {
	var r *charging.Refusal
	if errors.As(err, &r) {
		return r.Conflict
	}
	return nil
}
