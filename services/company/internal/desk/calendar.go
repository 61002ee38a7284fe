package desk

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Calendar is what a desk needs of its store. Each method decides in one atomic
// step over one location, by the store's own clock, and refuses with a
// *charging.Refusal; STORE_UNAVAILABLE when the store cannot be asked, in which
// case nobody knows whether the step was taken.
type Calendar interface {
	// Hold grants a claim or a reserve, or says what is in the way.
	Hold(ctx context.Context, h charging.Hold) (charging.Grant, error)
	// Renew gives a hold at least ttl, capped at charging.MaxHold from its first grant.
	Renew(ctx context.Context, at charging.At, ttl time.Duration) (charging.Reservation, error)
	// Confirm makes a PENDING in force RESERVED, unsettled.
	Confirm(ctx context.Context, at charging.At) (charging.Reservation, error)
	// Compensate releases, or leaves a tombstone.
	Compensate(ctx context.Context, at charging.At) (charging.Reservation, error)
	// Settle notes that the originator has said CONFIRMED of stops of one
	// location. Those that are no longer there need nothing.
	Settle(ctx context.Context, loc charging.LocationID, stops []charging.At) error
	// Drop frees a stop whose originator has said ABORTED (any held state) or
	// UNKNOWN (CLAIMED and PENDING only), with a tombstone. It asks for no epoch.
	Drop(ctx context.Context, at charging.At, heard charging.Outcome) (charging.Reservation, error)
	// Move gives a RESERVED another window, or leaves it as it was.
	Move(ctx context.Context, at charging.At, m charging.Move, noShow time.Duration) (charging.Reservation, error)
	// Start and Complete bracket the charging session. early is how long
	// before the window's start a car may plug in; what the meter says is
	// billed with the first Complete.
	Start(ctx context.Context, at charging.At, early, noShow time.Duration) (charging.Reservation, error)
	Complete(ctx context.Context, at charging.At, m charging.Meter) (charging.Reservation, error)
	// Reservation finds a record among the given locations. UNKNOWN_RESERVATION.
	Reservation(ctx context.Context, id charging.ReservationID, among []charging.LocationID) (charging.Reservation, error)
	// Free lists the free windows of EVSEs of one location in [from, to).
	Free(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error)
	// Withdraw takes an EVSE out of service for a reason: its coming
	// reservations become CANCELED and are returned, and stay in the outbox
	// until Told. An empty reason puts it back in service.
	Withdraw(ctx context.Context, loc charging.LocationID, evse charging.EVSEID, reason string) ([]charging.Victim, error)
	// Status tells which EVSEs of a location are out of service, and why.
	Status(ctx context.Context, loc charging.LocationID) (map[charging.EVSEID]string, error)
	// Out tells the same of the whole company in one reading, for those who are
	// shown it: a Withdraw that is cut short may leave it behind until ShowOut.
	Out(ctx context.Context) (map[charging.EVSEID]string, error)
	ShowOut(ctx context.Context, evse charging.EVSEID, reason string) error
	// Dues tells what waits to be done at each of some premises.
	Dues(ctx context.Context, at []charging.Premises) ([]charging.Due, error)
	// Outbox lists notices of a location that no originator has acknowledged yet.
	Outbox(ctx context.Context, loc charging.LocationID, limit int) ([]charging.Victim, error)
	// Told removes an acknowledged notice.
	Told(ctx context.Context, loc charging.LocationID, id charging.ReservationID) error
	// Unsettled lists RESERVED stops of a location confirmed before the given
	// age and not yet settled, oldest first, after the skip oldest of them.
	Unsettled(ctx context.Context, loc charging.LocationID, age time.Duration, skip, limit int) ([]charging.Reservation, error)
	// Tidy removes what has lapsed and marks no-shows (returned, and put in the
	// outbox); nothing depends on it.
	Tidy(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID, noShow time.Duration) ([]charging.Victim, error)
	// Locks lists the holds in force of a location.
	Locks(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID) ([]charging.Lock, error)
}
