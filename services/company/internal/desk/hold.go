package desk

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Reserve takes the window as PENDING; see charging.Company.
func (d *Desk) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return d.hold(ctx, h, false)
}

// Claim takes the window as CLAIMED or PENDING; see charging.Company.
func (d *Desk) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return d.hold(ctx, h, true)
}

func (d *Desk) hold(ctx context.Context, req charging.HoldRequest, claim bool) (charging.Reservation, error) {
	if err := d.Remembers(); err != nil {
		return charging.Reservation{}, err
	}
	h, err := d.request(ctx, req)
	if err == nil {
		err = d.barred(h.Origin)
	}
	if err != nil {
		return charging.Reservation{}, err
	}
	h.Want = charging.Pending
	if claim {
		h.Want = req.ClaimedAs()
	}
	if err := d.ticket(ctx, &h, claim); err != nil {
		return charging.Reservation{}, err
	}
	g, err := d.o.Calendar.Hold(ctx, h)
	if charging.CodeOf(err) == charging.CodeTicketInvalid {
		return charging.Reservation{}, d.twoStamps(h.Origin, h.TripID)
	}
	if err != nil {
		if g, err = d.clear(ctx, h, err); err != nil {
			return charging.Reservation{}, err
		}
	}
	return d.granted(h, g)
}

// granted completes the answer and sends word to those who lost.
func (d *Desk) granted(h charging.Hold, g charging.Grant) (charging.Reservation, error) {
	for _, v := range g.Preempted {
		d.lost(v, h.EVSEID)
		d.tell(v)
	}
	if len(g.Preempted) > 0 {
		d.askIssuer(h.Ticket)
	}
	if !g.Replay {
		d.o.OnChange(g.Reservation)
	}
	if !g.Stamped || h.Ticket != "" {
		return g.Reservation, nil
	}
	token, err := d.issue(g)
	if err != nil {
		return charging.Reservation{}, err
	}
	g.Ticket = token
	return g.Reservation, nil
}

// lost reports a stop that its trip has lost here.
func (d *Desk) lost(v charging.Victim, evse charging.EVSEID) {
	d.o.OnChange(charging.Reservation{
		ID: v.ReservationID, TripID: v.TripID, Origin: v.Origin, Leg: v.Leg, EVSEID: evse, State: v.State, Reason: v.Reason,
	})
}
