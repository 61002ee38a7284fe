package cheat

import (
	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// mostHeard bounds what is kept to be sent on.
const mostHeard = 200

// heard is what a cheat knows of the others: what they have shown and sent to it, and
// what it could have read on the wire.
type heard struct {
	// shown are the others' tokens for it.
	shown map[charging.CompanyID]string
	// sent are the requests that came to it, a ring.
	sent []overheard
	next int
	// seen are reservations at other companies.
	seen []history.Reservation
}

// overheard is a request about a stop.
type overheard struct {
	id   charging.ReservationID
	body api.HoldBody
}

func (h *heard) add(o overheard) {
	if len(h.sent) < mostHeard {
		h.sent = append(h.sent, o)
		return
	}
	h.sent[h.next%mostHeard] = o
	h.next++
}

// body is what an originator says of one of its reservations.
func body(r history.Reservation) api.HoldBody {
	return api.HoldBody{
		RefBody: api.RefBody{TripID: r.Trip, Origin: r.Origin, EVSEID: r.Slot.EVSE, End: r.Slot.Window.End, Epoch: 1, TTLSeconds: 30},
		Leg:     1, Start: r.Slot.Window.Start, VehicleID: vehicle,
	}
}
