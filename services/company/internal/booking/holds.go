package booking

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// lostStop is a refusal of one stop, for the policy to judge.
type lostStop struct {
	k   int // index of the leg
	err error
}

func (l *lostStop) Error() string { return l.err.Error() }

func (l *lostStop) Unwrap() error { return l.err }

// holding describes a reserve or claim of stop k. A claim is to reserve at once: what
// decides who yields is the ticket, for a CLAIMED as for a PENDING, so that asking twice
// would change nothing but the state (docs/adr/0029-a-claim-that-reserves.md).
func (r *run) holding(step string, k int, call func(charging.Company, context.Context, charging.HoldRequest) (charging.Reservation, error)) action {
	l, ticket := r.t.Legs[k], r.t.Saga.Ticket
	if r.noTicket[k] {
		ticket = ""
	}
	h := charging.HoldRequest{
		Leg: l.Leg, Start: l.Start, VehicleID: r.t.VehicleID, TTL: r.o.HoldTTL, Ticket: ticket,
		Reserve: step == "claim",
	}
	return action{
		step: step, leg: l.Leg, ref: r.t.Ref(k), holds: true,
		call: func(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
			h.Ref = ref
			return call(c, ctx, h)
		},
	}
}

// held keeps a grant in the leg.
func (r *run) held(k int, res charging.Reservation) {
	l := &r.t.Legs[k]
	l.State, l.Fence, l.Problem = res.State, res.Fence, nil
	if res.TTL > 0 {
		at := time.Now().Add(res.TTL).UTC()
		l.ExpiresAt = &at
	} else {
		l.ExpiresAt = nil
	}
}

// refused keeps why stop k was not granted.
func (r *run) refused(k int, err error) {
	l := &r.t.Legs[k]
	l.ExpiresAt = nil
	l.Problem = problemOf(err)
	switch l.Problem.Code {
	case charging.CodeHoldExpired:
		l.State = charging.Expired
	case charging.CodeHoldPreempted:
		l.State = charging.Preempted
	default:
		l.State = trip.LegPlanned
	}
}

// keepHolds renews every hold that has less left than need, all at once: a company
// that is silent costs the trip its own stop only. It returns the first stop that
// is gone.
func (r *run) keepHolds(need time.Duration) *lostStop {
	var legs []int
	var actions []action
	for k, l := range r.t.Legs {
		if (l.State == charging.Claimed || l.State == charging.Pending) && l.ExpiresAt != nil && time.Until(*l.ExpiresAt) <= need {
			legs = append(legs, k)
			actions = append(actions, r.renewal(k))
		}
	}
	var lost *lostStop
	for i, out := range r.all(actions, r.o.CallTimeout) {
		k := legs[i]
		r.keepAnswer(actions[i], out)
		if charging.CodeOf(out.err) == charging.CodeStaleOwner {
			out.res, out.err = r.do(r.renewal(k), r.o.CallTimeout)
		}
		if err := r.renewed(k, out.res, out.err); err != nil && lost == nil {
			lost = &lostStop{k, err}
		}
	}
	return lost
}

func (r *run) renewal(k int) action {
	return action{
		step: "renew", leg: r.t.Legs[k].Leg, ref: r.t.Ref(k), holds: true,
		call: func(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
			return c.Renew(ctx, ref, r.o.HoldTTL)
		},
	}
}

// renewed keeps the answer to a renewal; a hold whose renewal nobody has heard of
// counts as kept as long as it has time left: the next step asks again.
func (r *run) renewed(k int, res charging.Reservation, err error) error {
	switch {
	case err == nil:
		r.held(k, res)
		return nil
	case saga.Unknown(err) && time.Until(*r.t.Legs[k].ExpiresAt) > 0:
		return nil
	}
	r.refused(k, err)
	return err
}
