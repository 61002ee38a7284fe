package charging

import (
	"context"
	"time"
)

// Company is a company of the federation as a saga sees it, near or far: the
// saga cannot tell them apart. Every action is idempotent by reservation id and
// refuses with a *Refusal. Any other error means that nobody knows whether the
// action was executed.
type Company interface {
	// Reserve takes the window as PENDING, or moves the trip's own CLAIMED to
	// PENDING. For leg 1 without a ticket the answer carries a new ticket.
	//
	// SLOT_TAKEN, PRIORITY_LOST, ID_REUSED, ALREADY_COMPENSATED, STALE_OWNER,
	// EVSE_OUT_OF_SERVICE, HOLD_EXPIRED, HOLD_PREEMPTED, INVALID_WINDOW,
	// UNKNOWN_EVSE, TICKET_INVALID, QUOTA_EXCEEDED.
	Reserve(ctx context.Context, h HoldRequest) (Reservation, error)
	// Claim takes the window for a trip that has a ticket: as CLAIMED, or where the
	// request says so as PENDING. On a PENDING of the same id it answers PENDING.
	// Refuses like Reserve.
	Claim(ctx context.Context, h HoldRequest) (Reservation, error)
	// Renew gives a CLAIMED or PENDING hold more time, never beyond MaxHold
	// from its first grant, never less than it has.
	Renew(ctx context.Context, ref Ref, ttl time.Duration) (Reservation, error)
	// Confirm makes a PENDING that has not lapsed RESERVED.
	Confirm(ctx context.Context, ref Ref) (Reservation, error)
	// Compensate releases the stop, whatever its state, and leaves a
	// tombstone so that a late reserve is refused. It succeeds when there is
	// nothing to release. CHARGING, FULFILLED and NO_SHOW stay: the answer's
	// state tells.
	Compensate(ctx context.Context, ref Ref) (Reservation, error)
}

// Sessions is the part of a company that a car at the plug meets.
type Sessions interface {
	// Start says that the car has plugged in: RESERVED → CHARGING. A repeat
	// succeeds. NO_RESERVATION_HERE, TOO_EARLY (its own window, or another's
	// before it), TOO_LATE, EVSE_OCCUPIED (another car is at the plug),
	// VEHICLE_BUSY (this vehicle charges elsewhere; the stop stays RESERVED).
	Start(ctx context.Context, ref Ref, a Arrival) (Reservation, error)
	// Complete says that the car has left: CHARGING → FULFILLED, the rest is
	// free again, and the answer's Session is billed. A repeat has the first
	// bill, except that the car's figure replaces an estimated one, once.
	// NO_RESERVATION_HERE, TOO_EARLY (it has not plugged in), TOO_LATE.
	Complete(ctx context.Context, ref Ref, l Leaving) (Reservation, error)
}

// Reader is a company that tells what it has on record of a reservation; one that
// cannot refuses with UNKNOWN_ROUTE.
type Reader interface {
	// Reservation reads one of the caller's own trips. UNKNOWN_RESERVATION,
	// FORBIDDEN.
	Reservation(ctx context.Context, id ReservationID) (Reservation, error)
}

// Garage is a company as one where a vehicle may stand at a plug: one vehicle has
// one session in the whole federation.
type Garage interface {
	// Contest asks, for a vehicle that has just plugged in elsewhere, whether it
	// charges here. Of two sessions that have not been answered yet, the one that
	// began later yields: an answer of false promises that none of this company's
	// that is not answered yet will be.
	Contest(ctx context.Context, v Contest) (busy bool, err error)
}

// Contest is a session that has begun and whose plug is not answered yet.
type Contest struct {
	VehicleID     VehicleID     `json:"-"`
	ReservationID ReservationID `json:"reservation_id"`
	// EVSEID where it has begun; its company breaks a tie.
	EVSEID EVSEID `json:"evse_id"`
	// StartedAt is when, by that company's Redis TIME: µs since 1970, a decimal.
	StartedAt string `json:"started_at"`
}

// Originator is a company as the owner of a trip, asked by participants.
type Originator interface {
	// Outcomes tells what became of trips, one answer per question, in their
	// order; it may answer only the first of them. ABORTED also for a
	// reservation that is no longer part of its trip.
	Outcomes(ctx context.Context, about []Question) ([]Outcome, error)
	// Preempted says that a stop went to an older ticket.
	Preempted(ctx context.Context, n Notice) error
	// Changed says that a stop was withdrawn, fulfilled or not used.
	Changed(ctx context.Context, n Notice) error
}

// Witness is a company as the originator of trips, asked by a company whose
// store has lost its memory.
type Witness interface {
	// Promises lists stops at the given company that trips of this originator
	// hold, a page after the cursor of the page before (empty: the first). An
	// empty next says that there is no more; a page may be empty and not the
	// last. It lists every trip that was CONFIRMING or CONFIRMED when the first
	// page was asked for and still is.
	Promises(ctx context.Context, at CompanyID, after string) (page []Promise, next string, err error)
}
