package booking

import (
	"context"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// maxRaises bounds how often one call may ask for a higher epoch.
const maxRaises = 3

// action is one remote call on one reservation.
type action struct {
	step string
	leg  int
	ref  charging.Ref
	// holds is true for what may leave a hold behind.
	holds bool
	call  func(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error)
}

// answer is what came of an action: its result, and one journal line per attempt.
type answer struct {
	res     charging.Reservation
	err     error
	entries []trip.Entry
	// sent is false when no attempt can have reached the company.
	sent bool
}

// do makes one action with the trip's present epoch, keeps its journal lines,
// and raises the epoch where a company has seen a higher one.
func (r *run) do(a action, budget time.Duration) (charging.Reservation, error) {
	for n := 0; ; n++ {
		out := r.attempt(a, budget)
		r.keepAnswer(a, out)
		var refusal *charging.Refusal
		if !errors.As(out.err, &refusal) || refusal.Code != charging.CodeStaleOwner || n == maxRaises {
			return out.res, out.err
		}
		if err := r.raise(refusal.SeenEpoch); err != nil {
			return out.res, err
		}
		a.ref.Epoch = r.t.Saga.Epoch
	}
}

// raise takes an epoch above one that a company has seen.
func (r *run) raise(seen int64) error {
	epoch, err := r.Raise(seen)
	if err != nil {
		return err
	}
	r.t.Saga.Epoch = epoch
	r.note("epoch", "", "ok", "a company had seen a higher epoch")
	return nil
}

// keepAnswer keeps what an action's attempts tell, in the journal lines and the leg,
// and until when a hold may be there because of them.
func (r *run) keepAnswer(a action, out answer) {
	for i := range out.entries {
		out.entries[i].State = r.t.State
	}
	if a.holds && out.sent {
		at := time.Now().Add(r.o.HoldTTL + r.o.CallTimeout + ClockMargin)
		r.lapses[a.ref.ID] = later(r.lapses[a.ref.ID], at)
	}
	r.Note(out.entries...)
	for k := range r.t.Legs {
		if r.t.Legs[k].ReservationID == a.ref.ID {
			r.t.Legs[k].Attempts += len(out.entries)
		}
	}
}

// all makes several actions at once, each with its own repeats.
func (r *run) all(actions []action, budget time.Duration) []answer {
	out := make([]answer, len(actions))
	if len(actions) == 1 {
		out[0] = r.attempt(actions[0], budget)
		return out
	}
	finished := make(chan struct{}, len(actions))
	for i := range actions {
		go func() {
			out[i] = r.attempt(actions[i], budget)
			finished <- struct{}{}
		}()
	}
	for range actions {
		<-finished
	}
	return out
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

func detailOf(err error) string {
	if err == nil {
		return ""
	}
	var r *charging.Refusal
	if errors.As(err, &r) {
		return r.Detail
	}
	return err.Error()
}

// journaled is detailOf for the journal, which also says how old the ticket ahead is:
// that waits point from younger to older can be read from it. It names no trip,
// because drivers read their journals.
func journaled(err error) string {
	c := conflictOf(err)
	if c == nil || c.GrantedAt == "" || charging.CodeOf(err) != charging.CodePriorityLost {
		return detailOf(err)
	}
	return detailOf(err) + "; granted_at " + c.GrantedAt + " is ahead"
}

func compensate(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
	return c.Compensate(ctx, ref)
}

func confirm(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
	return c.Confirm(ctx, ref)
}

func problemOf(err error) *trip.Problem {
	code := charging.CodeOf(err)
	switch {
	case code == "" && errors.Is(err, errCanceled):
		return &trip.Problem{Detail: err.Error()}
	case code == "":
		code = charging.CodePeerUnavailable
	}
	return &trip.Problem{Code: code, Detail: detailOf(err)}
}

func conflictOf(err error) *charging.Conflict {
	var r *charging.Refusal
	if errors.As(err, &r) {
		return r.Conflict
	}
	return nil
}

// attempt makes the call until it is answered or the budget ends. It touches no
// trip, so that several may run at once.
func (r *run) attempt(a action, budget time.Duration) answer {
	var out answer
	_ = r.Attempt(budget, func(ctx context.Context, n int) error {
		out.res, out.err = r.o.callOnce(ctx, a, n, &out.entries)
		out.sent = out.sent || !errors.Is(out.err, charging.ErrNotSent)
		return out.err
	})
	return out
}

func (o Options) callOnce(ctx context.Context, a action, n int, entries *[]trip.Entry) (charging.Reservation, error) {
	company, err := o.Companies.Company(a.ref.EVSEID.Company())
	began := time.Now()
	var res charging.Reservation
	if err == nil {
		callCtx, cancel := context.WithTimeout(ctx, o.CallTimeout)
		res, err = a.call(callCtx, company, a.ref)
		cancel()
	}
	*entries = append(*entries, trip.Entry{
		At: began.UTC(), Step: a.step, Leg: a.leg, CompanyID: a.ref.EVSEID.Company(), EVSEID: a.ref.EVSEID,
		ReservationID: a.ref.ID, Attempt: n, Answer: answerWord(res, err), Detail: journaled(err),
		Millis: float64(time.Since(began).Microseconds()) / 1000, Epoch: a.ref.Epoch, Owner: a.ref.Owner,
	})
	return res, err
}
