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
	r.t.Decision, r.t.Saga.AttemptEnds = nil, nil
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
	switch {
	case len(r.t.Saga.Abandoned) > 0 || r.t.Saga.Stuck != nil || r.t.Saga.Shift != nil:
		return time.Now().Add(longestPause)
	case r.t.State == trip.Confirmed && r.t.Decision != nil:
		return r.t.Decision.ExpiresAt
	case r.t.State == trip.Confirmed && plugged(r.t):
		return time.Now().Add(max(r.c.o.Until(r.t.Span().End), 0) + longestPause)
	case r.t.State == trip.Confirmed:
		return time.Now().Add(max(r.c.o.Until(r.t.Span().End), 0) + time.Minute)
	}
	return time.Time{}
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
		if final(l.State) {
			continue
		}
		if _, asked := r.lapses[l.ReservationID]; !asked && l.State == trip.LegPlanned {
			l.State = charging.Canceled // its company was never asked for it
			continue
		}
		res, err := r.do(action{step: "compensate", leg: l.Leg, ref: r.t.Ref(k), call: compensate}, 0)
		switch {
		case err == nil:
			l.State, l.ExpiresAt = res.State, nil
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

// final reports whether a stop in this state asks nothing more of anybody.
func final(s charging.State) bool {
	return s == charging.Canceled || s == charging.Fulfilled || s == charging.NoShow
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
		_, err := r.do(action{step: "compensate", leg: a.Leg, ref: r.t.RefOf(a), call: compensate}, 0)
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
