package charging

import "time"

// State of a reservation in the company that owns its EVSE.
type State string

// The states of a reservation; see the package comment for the transitions.
const (
	Claimed  State = "CLAIMED"
	Pending  State = "PENDING"
	Reserved State = "RESERVED"
	// Charging is a RESERVED whose car has plugged in: only the end of the
	// session leads away from it.
	Charging  State = "CHARGING"
	Fulfilled State = "FULFILLED"
	NoShow    State = "NO_SHOW"
	Expired   State = "EXPIRED"
	Preempted State = "PREEMPTED"
	Canceled  State = "CANCELED"
)

// States lists the states, in the order of a stop's life.
func States() []State {
	return []State{Claimed, Pending, Reserved, Charging, Fulfilled, NoShow, Expired, Preempted, Canceled}
}

// Holds reports whether a reservation in this state occupies its window.
func (s State) Holds() bool { return s == Claimed || s == Pending || s == Reserved || s == Charging }

// Booked reports whether the stop is the trip's for good and its session is not
// over: RESERVED, or CHARGING.
func (s State) Booked() bool { return s == Reserved || s == Charging }

// Final reports whether a stop in this state asks nothing more of anybody.
func (s State) Final() bool { return s == Canceled || s == Fulfilled || s == NoShow }

// MaxHold is the longest life of a CLAIMED or PENDING stop from its first
// grant, however often it is renewed.
const MaxHold = 10 * time.Minute

// Reservation is one stop as the owning company sees it.
type Reservation struct {
	ID        ReservationID
	TripID    TripID
	Origin    CompanyID
	Leg       int
	EVSEID    EVSEID
	Window    Window
	VehicleID VehicleID
	State     State
	// Fence increases strictly with every grant on the EVSE. Zero for a
	// tombstone that was never granted.
	Fence int64
	Epoch int64
	// TTL is what is left of a CLAIMED or PENDING hold; a duration, because
	// companies exchange durations and never deadlines. Zero in other states.
	TTL time.Duration
	// Settled is true once the owner has heard from the originator that the
	// trip is CONFIRMED.
	Settled bool
	// GrantedAt is the ticket time that orders the hold, µs since 1970; empty
	// for a hold without a ticket.
	GrantedAt string
	// Reason says why it was canceled (BROKEN_CHARGER, POWER_OUTAGE…), if known.
	Reason string
	// Started is when the car plugged in, zero before.
	Started time.Time
	// Session is what the car did at the plug; nil before it has plugged in.
	Session *Session
	// Open is true while a CHARGING has not been answered: it may become RESERVED
	// again. It is the owner's own business.
	Open bool
	// Ticket is the signed ticket, only in the answer to a leg-1 reserve that
	// brought none.
	Ticket string
	// Replay is true when the action had been executed before.
	Replay bool
}

// Ref names a reservation together with what its company needs to place a
// tombstone for an id that it has never seen.
type Ref struct {
	ID     ReservationID
	TripID TripID
	Origin CompanyID
	EVSEID EVSEID
	End    time.Time
	// Epoch numbers the owners of the trip's saga, from 1.
	Epoch int64
	// Owner names the server that holds the saga's lease under that epoch;
	// empty stands for the company as a whole.
	Owner string
}

// HoldRequest asks for a claim or a reserve.
type HoldRequest struct {
	Ref
	Leg       int
	Start     time.Time
	VehicleID VehicleID
	// TTL asked for; the owner may grant less.
	TTL time.Duration
	// Ticket is the compact JWS that proves when the trip's first stop was
	// granted. Required for a claim, absent for a first reserve.
	Ticket string
	// Reserve lets a claim go on to PENDING at once; a reserve does not look at it. A
	// company of an edition that does not know it answers CLAIMED, and is asked to reserve.
	Reserve bool
}

// ClaimedAs is the state in which a claim is to leave the window.
func (h HoldRequest) ClaimedAs() State {
	if h.Reserve {
		return Pending
	}
	return Claimed
}

// Window of the stop asked for.
func (h HoldRequest) Window() Window { return Window{Start: h.Start, End: h.End} }

// Question asks what became of a trip, on behalf of one of its stops.
type Question struct {
	TripID        TripID
	ReservationID ReservationID
}

// Outcome is what an originator answers about one of its trips.
type Outcome string

// The outcomes of a trip, as its originator tells a participant.
const (
	OutcomePending   Outcome = "PENDING"
	OutcomeConfirmed Outcome = "CONFIRMED"
	OutcomeAborted   Outcome = "ABORTED"
	// OutcomeUnknown means that the originator has no such trip. It frees
	// CLAIMED and PENDING only: a RESERVED with UNKNOWN means lost data.
	OutcomeUnknown Outcome = "UNKNOWN"
)

// Notice tells an originator what happened to one stop of its trip at the
// owner of the EVSE: preempted, or changed (withdrawn, no-show, fulfilled).
type Notice struct {
	TripID        TripID        `json:"trip_id"`
	ReservationID ReservationID `json:"reservation_id"`
	Leg           int           `json:"leg"`
	State         State         `json:"state"`
	Reason        string        `json:"reason,omitempty"`
	// By is the trip with the older ticket (PREEMPTED).
	By TripID `json:"by,omitempty"`
	// Session of a car that has plugged in or left, where it is known.
	Session *Session `json:"session,omitempty"`
}

// Promise is a stop that a trip holds at a company by its originator's word: the
// trip is CONFIRMED, or it is CONFIRMING and the stop may have been confirmed.
type Promise struct {
	Ref
	Leg       int
	Start     time.Time
	VehicleID VehicleID
	// Fence of its grant, as the originator has heard it; zero if it has not.
	Fence int64
	// Outcome is CONFIRMED or PENDING.
	Outcome Outcome
}

// Window of the stop.
func (p Promise) Window() Window { return Window{Start: p.Start, End: p.End} }
