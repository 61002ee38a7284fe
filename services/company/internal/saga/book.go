package saga

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// lostStop is a refusal of one stop, for the policy to judge.
type lostStop struct {
	k   int // index of the leg
	err error
}

func (l *lostStop) Error() string { return l.err.Error() }
func (l *lostStop) Unwrap() error { return l.err }

// book takes every stop: the first, then claims on the following ones, then
// in order those that are not PENDING by their claim. It ends in CONFIRMING, or where the policy leads.
func (r *run) book() error {
	if err := r.letGo(); err != nil {
		return r.giveUp(err)
	}
	if lost := r.takeStops(); lost != nil {
		return r.conflict(lost)
	}
	if r.cancel {
		return r.giveUp(errCanceled)
	}
	r.t.Saga.EnteredConfirming = true
	return r.to(trip.Confirming, "every stop is held")
}

// takeStops returns what was lost, nil when every stop is PENDING.
func (r *run) takeStops() *lostStop {
	if err := r.takeFirst(); err != nil {
		return &lostStop{0, err}
	}
	if lost := r.claimFollowing(); lost != nil {
		return lost
	}
	for k := 1; k < len(r.t.Legs); k++ {
		if err := r.checkpoint(); err != nil {
			return &lostStop{k, err}
		}
		if r.t.Legs[k].State == charging.Pending {
			continue
		}
		if _, err := r.hold(k); err != nil {
			return &lostStop{k, err}
		}
	}
	if err := r.keepHolds(r.c.o.ConfirmBudget); err != nil {
		return err
	}
	return nil
}

// takeFirst reserves stop 1. Its company stamps the ticket, which is journaled
// before anybody else is shown it.
func (r *run) takeFirst() error {
	if r.t.Legs[0].State == charging.Pending {
		return nil
	}
	res, err := r.hold(0)
	if err != nil {
		return err
	}
	if r.t.Saga.Ticket == "" && res.Ticket != "" {
		r.setTicket(res)
		return r.save()
	}
	return nil
}

func (r *run) setTicket(res charging.Reservation) {
	r.t.Saga.Ticket = res.Ticket
	r.t.Ticket = &trip.TicketView{
		Issuer: res.EVSEID.Company(), GrantedAt: res.GrantedAt, ExpiresAt: ticketEnd(res.Ticket),
	}
}

// ticketEnd reads when a ticket ends. Its signature is for the companies that
// are shown it; a ticket that cannot be read is taken to end at once.
func ticketEnd(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(claims.Exp * 1000)).UTC()
}

// hold makes stop k PENDING. A RESERVED in the way whose trip is not settled is
// retried for a bounded time, under every policy: that trip is in CONFIRMING and
// waits for nobody.
func (r *run) hold(k int) (charging.Reservation, error) {
	deadline := time.Now().Add(r.c.o.UnsettledBudget)
	for n := 0; ; n++ {
		res, err := r.do(r.holding("reserve", k, charging.Company.Reserve), r.c.o.StepBudget)
		switch {
		case err == nil:
			r.held(k, res)
			return res, nil
		case charging.CodeOf(err) == charging.CodeTicketInvalid && !r.noTicket[k] && k > 0:
			r.noTicket[k] = true // the trip goes on there as one without a ticket
		case unsettled(err) && time.Now().Before(deadline):
			if !sleep(r.ctx, backoff(n)) {
				return res, r.ctx.Err()
			}
		default:
			r.refused(k, err)
			return res, err
		}
	}
}

func unsettled(err error) bool {
	c := conflictOf(err)
	return charging.CodeOf(err) == charging.CodeSlotTaken && c != nil && !c.Settled && !c.Own
}

// holding describes a reserve or claim of stop k. A claim is to reserve at once: what
// decides who yields is the ticket, for a CLAIMED as for a PENDING, so that asking twice
// would change nothing but the state.
func (r *run) holding(step string, k int, call func(charging.Company, context.Context, charging.HoldRequest) (charging.Reservation, error)) action {
	l, ticket := r.t.Legs[k], r.t.Saga.Ticket
	if r.noTicket[k] {
		ticket = ""
	}
	h := charging.HoldRequest{
		Leg: l.Leg, Start: l.Start, VehicleID: r.t.VehicleID, TTL: r.c.o.HoldTTL, Ticket: ticket,
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

// claimFollowing claims every following stop that is not held, in parallel.
func (r *run) claimFollowing() *lostStop {
	if r.c.o.SkipClaims || r.t.Saga.Ticket == "" {
		return nil
	}
	if err := r.checkpoint(); err != nil {
		return &lostStop{0, err}
	}
	var legs []int
	var actions []action
	for k := 1; k < len(r.t.Legs); k++ {
		if r.t.Legs[k].State == trip.LegPlanned && !r.noTicket[k] {
			legs = append(legs, k)
			actions = append(actions, r.holding("claim", k, charging.Company.Claim))
		}
	}
	var lost *lostStop
	for i, out := range r.all(actions, r.c.o.StepBudget) {
		k := legs[i]
		r.heard(actions[i], out)
		switch code := charging.CodeOf(out.err); {
		case out.err == nil:
			r.held(k, out.res)
		case code == charging.CodeTicketInvalid:
			r.noTicket[k] = true
		case code == charging.CodeStaleOwner || unsettled(out.err):
			// The reserve that follows settles both.
		default:
			r.refused(k, out.err)
			if lost == nil {
				lost = &lostStop{k, out.err}
			}
		}
	}
	return lost
}

// all makes several actions at once, each with its own repeats.
func (r *run) all(actions []action, budget time.Duration) []answer {
	out := make([]answer, len(actions))
	if len(actions) == 1 {
		out[0] = r.c.attempt(r.ctx, actions[0], budget)
		return out
	}
	finished := make(chan struct{}, len(actions))
	for i := range actions {
		go func() {
			out[i] = r.c.attempt(r.ctx, actions[i], budget)
			finished <- struct{}{}
		}()
	}
	for range actions {
		<-finished
	}
	return out
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
	for i, out := range r.all(actions, r.c.o.CallTimeout) {
		k := legs[i]
		r.heard(actions[i], out)
		if charging.CodeOf(out.err) == charging.CodeStaleOwner {
			out.res, out.err = r.do(r.renewal(k), r.c.o.CallTimeout)
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
			return c.Renew(ctx, ref, r.c.o.HoldTTL)
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
	case unknown(err) && time.Until(*r.t.Legs[k].ExpiresAt) > 0:
		return nil
	}
	r.refused(k, err)
	return err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// newID gives stop k a new reservation id, in the journal before its first
// call; the old one is to be released.
func (r *run) newID(ks ...int) {
	for _, k := range ks {
		l := &r.t.Legs[k]
		r.abandon(*l)
		l.ReservationID, l.State, l.Fence, l.ExpiresAt, l.Attempts = r.c.o.NewID(), trip.LegPlanned, 0, nil, 0
		delete(r.noTicket, k)
	}
}

func (r *run) abandon(l trip.Leg) {
	r.t.Saga.Abandoned = append(slices.Clone(r.t.Saga.Abandoned), trip.Abandoned{
		Leg: l.Leg, ReservationID: l.ReservationID, CompanyID: l.CompanyID, EVSEID: l.EVSEID, End: l.End,
	})
	r.t.Saga.Former = append(slices.Clone(r.t.Saga.Former), l.ReservationID)
}
