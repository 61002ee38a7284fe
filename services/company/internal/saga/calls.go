package saga

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func newReservationID() charging.ReservationID {
	return charging.ReservationID(uuid.Must(uuid.NewV7()).String())
}

// unknown reports whether nobody knows if the action was executed, or will be
// known only later: such a call is repeated with the same id.
func unknown(err error) bool {
	switch charging.CodeOf(err) {
	case "", charging.CodeStoreUnavailable, charging.CodePeerUnavailable, charging.CodeRateLimited:
		return err != nil
	}
	return false
}

// backoff before repeat n (from 0): 20 ms doubling to 1 s, half of it jitter.
func backoff(n int) time.Duration {
	d := min(20*time.Millisecond<<min(n, 10), time.Second)
	return d/2 + rand.N(d/2)
}

// action is one remote call on one reservation.
type action struct {
	step string
	leg  int
	ref  charging.Ref
	// holds is true for what may leave a hold behind.
	holds bool
	call  func(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error)
}

// answer is what came of an action: its result, and a journal line an attempt.
type answer struct {
	res     charging.Reservation
	err     error
	entries []trip.Entry
	// sent is false when no attempt can have reached the company.
	sent bool
}

// attempt makes the call until it is answered or the budget ends. It touches no
// trip, so that several may run at once.
func (c *Coordinator) attempt(ctx context.Context, a action, budget time.Duration) answer {
	var out answer
	deadline := time.Now().Add(budget)
	for n := 0; ; n++ {
		out.res, out.err = c.callOnce(ctx, a, n+1, &out.entries)
		out.sent = out.sent || !errors.Is(out.err, charging.ErrNotSent)
		if !unknown(out.err) || ctx.Err() != nil {
			return out
		}
		pause := backoff(n)
		if time.Now().Add(pause).After(deadline) {
			return out
		}
		if !sleep(ctx, pause) {
			return out
		}
	}
}

func (c *Coordinator) callOnce(ctx context.Context, a action, n int, entries *[]trip.Entry) (charging.Reservation, error) {
	company, err := c.o.Companies.Company(a.ref.EVSEID.Company())
	began := time.Now()
	var res charging.Reservation
	if err == nil {
		callCtx, cancel := context.WithTimeout(ctx, c.o.CallTimeout)
		res, err = a.call(callCtx, company, a.ref)
		cancel()
	}
	*entries = append(*entries, trip.Entry{
		At: began.UTC(), Step: a.step, Leg: a.leg, CompanyID: a.ref.EVSEID.Company(), EVSEID: a.ref.EVSEID,
		ReservationID: a.ref.ID, Attempt: n, Answer: answerWord(res, err), Detail: told(err),
		Millis: float64(time.Since(began).Microseconds()) / 1000, Epoch: a.ref.Epoch, Owner: a.ref.Owner,
	})
	return res, err
}

func answerWord(res charging.Reservation, err error) string {
	switch {
	case err == nil && res.State != "":
		return string(res.State)
	case err == nil:
		return "ok"
	}
	if code := charging.CodeOf(err); code != "" {
		return string(code)
	}
	return "lost"
}

func detail(err error) string {
	if err == nil {
		return ""
	}
	var r *charging.Refusal
	if errors.As(err, &r) {
		return r.Detail
	}
	return err.Error()
}

// told is detail for the journal, which also says how old the ticket ahead is:
// that waits point from younger to older can be read from it. It names no trip,
// because drivers read their journals.
func told(err error) string {
	c := conflictOf(err)
	if c == nil || c.GrantedAt == "" || charging.CodeOf(err) != charging.CodePriorityLost {
		return detail(err)
	}
	return detail(err) + "; granted_at " + c.GrantedAt + " is ahead"
}

// sleep waits, and reports false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func compensate(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
	return c.Compensate(ctx, ref)
}

func confirm(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
	return c.Confirm(ctx, ref)
}
