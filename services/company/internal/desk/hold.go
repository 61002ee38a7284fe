package desk

import (
	"context"
	"errors"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// holds decides on what a trip takes here: who gets a window, for how long, and until
// when.
type holds struct {
	*ground
	loss     *dataLoss
	rules    *rules
	tickets  *tickets
	outcomes *outcomes
	notices  *notices
}

// Reserve takes the window as PENDING; see charging.Company.
func (d *Desk) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return d.holds.hold(ctx, h, false)
}

// Claim takes the window as CLAIMED or PENDING; see charging.Company.
func (d *Desk) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return d.holds.hold(ctx, h, true)
}

func (hs *holds) hold(ctx context.Context, req charging.HoldRequest, claim bool) (charging.Reservation, error) {
	if err := hs.loss.refuse(); err != nil {
		return charging.Reservation{}, err
	}
	h, err := hs.rules.request(ctx, req)
	if err == nil {
		err = hs.rules.barred(h.Origin)
	}
	if err != nil {
		return charging.Reservation{}, err
	}
	h.Want = charging.Pending
	if claim {
		h.Want = req.ClaimedAs()
	}
	if err := hs.tickets.ticket(ctx, &h, claim); err != nil {
		return charging.Reservation{}, err
	}
	g, err := hs.o.Calendar.Hold(ctx, h)
	if charging.CodeOf(err) == charging.CodeTicketInvalid {
		return charging.Reservation{}, hs.tickets.twoStamps(h.Origin, h.TripID)
	}
	if err != nil {
		if g, err = hs.clear(ctx, h, err); err != nil {
			return charging.Reservation{}, err
		}
	}
	return hs.granted(h, g)
}

// clear asks for the outcome of an unsettled RESERVED in the way of a hold. A
// trip that was aborted frees its stop, and the hold is tried once more; one
// that was confirmed makes the refusal final. Else the refusal stands as it is.
func (hs *holds) clear(ctx context.Context, h charging.Hold, refused error) (charging.Grant, error) {
	var r *charging.Refusal
	if !errors.As(refused, &r) || r.Code != charging.CodeSlotTaken || r.Conflict == nil {
		return charging.Grant{}, refused
	}
	c := *r.Conflict
	if c.Settled || c.Own || c.State != charging.Reserved || c.ReservationID == "" || c.Origin == "" {
		return charging.Grant{}, refused
	}
	outcome, err := hs.outcomes.askOutcome(ctx, charging.At{Location: h.Location, Ref: charging.Ref{
		ID: c.ReservationID, TripID: c.TripID, Origin: c.Origin, EVSEID: h.EVSEID, End: c.Window.End, Epoch: 1,
	}})
	switch {
	case err != nil:
		return charging.Grant{}, refused
	case outcome == charging.OutcomeAborted:
		return hs.o.Calendar.Hold(ctx, h)
	case outcome == charging.OutcomeConfirmed:
		final := *r
		c.Settled = true
		final.Conflict = &c
		final.Detail = string(h.EVSEID) + " is RESERVED in " + c.Window.String() + "; choose another time or stop"
		return charging.Grant{}, &final
	}
	return charging.Grant{}, refused
}

// granted completes the answer and sends word to those who lost.
func (hs *holds) granted(h charging.Hold, g charging.Grant) (charging.Reservation, error) {
	for _, v := range g.Preempted {
		hs.lost(v, h.EVSEID)
		hs.notices.tell(v)
	}
	if len(g.Preempted) > 0 {
		hs.tickets.askIssuer(h.Ticket)
	}
	if !g.Replay {
		hs.o.OnChange(g.Reservation)
	}
	if !g.Stamped || h.Ticket != "" {
		return g.Reservation, nil
	}
	token, err := hs.tickets.issue(g)
	if err != nil {
		return charging.Reservation{}, err
	}
	g.Ticket = token
	return g.Reservation, nil
}
