package charging

import (
	"strings"
	"time"
)

// Ticket is the signed proof of when a trip's first stop was held. Tickets are
// ordered by (GrantedAt, TripID): the smaller is older and goes first.
type Ticket struct {
	TripID TripID    `json:"trip_id"`
	Origin CompanyID `json:"origin"`
	// Issuer is the company that granted the first stop.
	Issuer CompanyID `json:"issuer"`
	// GrantedAt is the issuer's Redis TIME in microseconds since 1970, as a
	// decimal string: 64-bit numbers do not survive every JSON parser.
	GrantedAt string `json:"granted_at"`
	EVSEID    EVSEID `json:"evse_id"`
	// ReservationID is the first stop's, which got the stamp; empty in a ticket of an
	// edition that did not say it.
	ReservationID ReservationID `json:"reservation_id,omitempty"`
	// Expires ends new claims and the trip's attempts; it does not undo holds.
	Expires time.Time `json:"-"`
}

// TicketLife is how long a ticket lives by default.
const TicketLife = 10 * time.Minute

// Older reports whether a ticket (granted, trip) goes before another. An empty
// granted is no ticket: younger than every ticket.
func Older(aGranted string, aTrip TripID, bGranted string, bTrip TripID) bool {
	switch {
	case aGranted == "":
		return false
	case bGranted == "":
		return true
	case len(aGranted) != len(bGranted):
		return len(aGranted) < len(bGranted)
	case aGranted != bGranted:
		return aGranted < bGranted
	}
	return strings.Compare(string(aTrip), string(bTrip)) < 0
}
