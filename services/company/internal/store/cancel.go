package store

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Cancel ends one booking by the word of the EVSE's owner, or where holdsAlone only a
// CLAIMED or PENDING: it becomes CANCELED for a reason, and its originator has a notice
// until Told. One that is CANCELED is a replay. SESSION_OPEN: a car is at the plug;
// NO_RESERVATION_HERE: it holds its window no more, or is booked; UNKNOWN_RESERVATION.
func (c Calendar) Cancel(ctx context.Context, loc charging.LocationID, r charging.Reservation, reason string, holdsAlone bool) (charging.Reservation, error) {
	got, err := c.replicated(ctx, "cancel", cancelScript, c.six(loc, r.EVSEID), string(r.ID), reason, c.civil(), flag(holdsAlone), asked(ctx), c.accounts())
	if err != nil {
		return r, err
	}
	if got.str(0) != "OK" {
		at := charging.At{Location: loc, Ref: charging.Ref{ID: r.ID, EVSEID: r.EVSEID, TripID: r.TripID, Origin: r.Origin, End: r.Window.End}}
		return r, refusal(at, got)
	}
	res := reservation(r.ID, got)
	_ = c.follow(ctx, res)
	return res, nil
}
