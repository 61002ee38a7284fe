package booking

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// reserving is a trip in RESERVING: it takes every stop, or does what its policy
// says about one that it cannot have (conflict.go).
type reserving struct{ *run }

// book takes every stop: the first, then claims on the following ones, then
// in order those that are not PENDING by their claim. It ends in CONFIRMING, or where the policy leads.
func (r reserving) book() error {
	if err := releasing(r).letGo(); err != nil {
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
func (r reserving) takeStops() *lostStop {
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
	if err := r.keepHolds(r.o.ConfirmBudget); err != nil {
		return err
	}
	return nil
}

// takeFirst reserves stop 1. Its company stamps the ticket, which is journaled
// before anybody else is shown it.
func (r reserving) takeFirst() error {
	if r.t.Legs[0].State == charging.Pending {
		return nil
	}
	res, err := r.hold(0)
	if err != nil {
		return err
	}
	if r.t.Saga.Ticket == "" && res.Ticket != "" {
		r.setTicket(res)
		return r.Save()
	}
	return nil
}

func (r reserving) setTicket(res charging.Reservation) {
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
func (r reserving) hold(k int) (charging.Reservation, error) {
	deadline := time.Now().Add(r.o.UnsettledBudget)
	for n := 0; ; n++ {
		res, err := r.do(r.holding("reserve", k, charging.Company.Reserve), r.o.StepBudget)
		switch {
		case err == nil:
			r.held(k, res)
			return res, nil
		case charging.CodeOf(err) == charging.CodeTicketInvalid && !r.noTicket[k] && k > 0:
			r.noTicket[k] = true // the trip goes on there as one without a ticket
		case unsettled(err) && time.Now().Before(deadline):
			if !r.Sleep(saga.Backoff(n)) {
				return res, r.Context().Err()
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

// claimFollowing claims every following stop that is not held, in parallel.
func (r reserving) claimFollowing() *lostStop {
	if r.o.SkipClaims || r.t.Saga.Ticket == "" {
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
	for i, out := range r.all(actions, r.o.StepBudget) {
		k := legs[i]
		r.keepAnswer(actions[i], out)
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
