package charging

import "time"

// Hold is a HoldRequest that its company has checked and completed: it is what
// a calendar decides about, in one step.
type Hold struct {
	HoldRequest
	// Location of the EVSE; whatever one decision touches belongs to it.
	Location LocationID
	// Want is Claimed or Pending.
	Want State
	// GrantedAt is the verified ticket's time, µs since 1970 as a decimal
	// string; empty without a ticket.
	GrantedAt string
	// Stamp asks for a new ticket time (leg 1 without a ticket). The stamp is
	// at least StampFloor (µs), so that a company's stamps never decrease.
	Stamp      bool
	StampFloor int64
	// KeyID names the key that signs the new ticket, so that a repeat is
	// signed alike after a rotation.
	KeyID string
	// NoShow of the company's terms: a RESERVED in the way whose car has not
	// come within it is NO_SHOW and in nobody's way.
	NoShow time.Duration
	Quota  Quota
}

// Grant is a calendar's yes.
type Grant struct {
	Reservation
	// KeyID that signs the ticket, as stored with the first grant.
	KeyID string
	// Stamped is true when GrantedAt is a stamp of this company for this
	// reservation (leg 1), so that a ticket belongs to it.
	Stamped   bool
	Preempted []OutboundNotice
}

// OutboundNotice is a younger hold that a grant preempted, and the company to tell.
type OutboundNotice struct {
	Notice
	Origin CompanyID
	// Number tells the notices of one reservation in the outbox apart.
	Number string
}

// Visit is a vehicle's session as its company keeps it, from just before its plug is
// asked for.
type Visit struct {
	ReservationID ReservationID
	Location      LocationID
	EVSEID        EVSEID
	// StartedAt is when it was claimed: Redis TIME, µs since 1970, a decimal.
	StartedAt string
	// Answered is true once the car may have been told that it charges; Yielded when
	// another company has been told that it will not be.
	Answered, Yielded bool
	// Old is true when it is older than OpenPlug, and so counts as answered.
	Old bool
}

// Open reports whether it is still to be decided whether the session goes on.
func (v Visit) Open() bool { return !v.Answered && !v.Yielded && !v.Old }

// Condition is how an EVSE is at a moment.
type Condition struct {
	// OutOfService says why it is; empty when it is in service.
	OutOfService string
	// Charging is whose car is at the plug; empty for nobody's.
	Charging ReservationID
}

// Presence is how an EVSE is now: occupied (CHARGING), broken (OUTOFORDER), booked
// (RESERVED) or free, and since when by civil time where that is known.
type Presence struct {
	Status EVSEStatus
	Since  time.Time
	// Reason of OUTOFORDER.
	Reason string
}

// At names a reservation within a calendar: the location first, because one
// decision touches one location only.
type At struct {
	Location LocationID
	Ref
}

// Lock is one CLAIMED or PENDING stop in force, as an operator sees it.
type Lock struct {
	Key           string        `json:"key"`
	LocationID    LocationID    `json:"location_id"`
	EVSEID        EVSEID        `json:"evse_id"`
	ReservationID ReservationID `json:"reservation_id"`
	TripID        TripID        `json:"trip_id"`
	Origin        CompanyID     `json:"origin"`
	Leg           int           `json:"leg"`
	Start         time.Time     `json:"start"`
	End           time.Time     `json:"end"`
	State         State         `json:"state"`
	GrantedAt     string        `json:"granted_at,omitempty"`
	Fence         int64         `json:"fence"`
	// TTLMillis is what it has left.
	TTLMillis int64 `json:"ttl_ms"`
}
