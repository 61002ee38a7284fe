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
	// Start and Complete bracket the charging session: RESERVED → CHARGING by the
	// location's terms, → FULFILLED with a bill by the meter. A new session is Open
	// until Answered, or Back to RESERVED. Tidy names one that has been so for longer
	// than charging.OpenPlug, with the reason charging.ReasonOpenPlug: it is then
	// decided for nobody who waits. The originator of one that is answered is told.
	Start(ctx context.Context, at charging.At, a charging.Arrival, terms charging.Terms) (charging.Reservation, error)
	Answered(ctx context.Context, at charging.At) (charging.Reservation, error)
	Back(ctx context.Context, at charging.At) (charging.Reservation, error)
	Complete(ctx context.Context, at charging.At, m charging.Meter) (charging.Reservation, error)
	// ClaimCar takes a vehicle before Start, in the place of a claim that is over
	// (nil: of none). It answers the claim in force, and whether that is the
	// reservation's own.
	ClaimCar(ctx context.Context, v charging.VehicleID, at charging.At, over *charging.Visit) (charging.Visit, bool, error)
	// ContestCar judges between a claim and a session elsewhere: one that is open and
	// began later yields, and will not be answered; else it is busy.
	ContestCar(ctx context.Context, k charging.Contest) (its charging.Visit, busy bool, err error)
	// AnswerCar notes that a claim's plug is about to be answered, unless it has
	// yielded or is another's by now. FreeCar forgets a claim as it was; one without a
	// start stands for any of its reservation.
	AnswerCar(ctx context.Context, v charging.VehicleID, its charging.Visit) (bool, error)
	FreeCar(ctx context.Context, v charging.VehicleID, its charging.Visit) error
	// Reservation finds a record among the given locations. UNKNOWN_RESERVATION.
	Reservation(ctx context.Context, id charging.ReservationID, among []charging.LocationID) (charging.Reservation, error)
	// Steps is Reservation with what this company has seen of it, the oldest first.
	Steps(ctx context.Context, id charging.ReservationID, among []charging.LocationID) (charging.Reservation, []charging.Step, error)
	// Taken lists what a vehicle has here, as far as that is counted: each
	// reservation's trip.
	Taken(ctx context.Context, v charging.VehicleID) (map[charging.ReservationID]charging.TripID, error)
	// Free lists the free windows of EVSEs of one location in [from, to).
	Free(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error)
	// Entries shows what stands in an EVSE's calendar in w, a zero End being its end, and
	// with stayed a car at the plug beyond its window; next is where the rest begins,
	// zero where that was all.
	Entries(ctx context.Context, loc charging.LocationID, evse charging.EVSEID, w charging.Window, stayed bool) (a charging.Agenda, next time.Time, err error)
	// Withdraw takes an EVSE out of service for a reason: its coming
	// reservations become CANCELED, a session FULFILLED with a bill that the meter
	// estimates; they are returned, and stay in the outbox until Told. An empty
	// reason puts it back in service.
	Withdraw(ctx context.Context, loc charging.LocationID, evse charging.EVSEID, reason string, m charging.Meter) ([]charging.OutboundNotice, error)
	// Cancel ends one booking for a reason, or with holdsAlone a CLAIMED or PENDING only;
	// its originator is told until Told. SESSION_OPEN, NO_RESERVATION_HERE,
	// UNKNOWN_RESERVATION.
	Cancel(ctx context.Context, loc charging.LocationID, r charging.Reservation, reason string, holdsAlone bool) (charging.Reservation, error)
	// Status tells how the EVSEs of a location are.
	Status(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID) (map[charging.EVSEID]charging.Condition, error)
	// Shown tells how the EVSEs of the whole company are shown, in one reading: what
	// is not in it is in service, and nobody is at its plug. An action that is cut
	// short may leave it behind until Show.
	Shown(ctx context.Context) (map[charging.EVSEID]charging.Condition, error)
	Show(ctx context.Context, evse charging.EVSEID, is charging.Condition) error
	// Present tells of EVSEs that are shown so whose booked window has begun, and since
	// when each is as it is.
	Present(ctx context.Context, at []charging.Premises, is map[charging.EVSEID]charging.Condition) (map[charging.EVSEID]charging.Presence, error)
	// Dues tells what waits to be done at each of some premises.
	Dues(ctx context.Context, at []charging.Premises) ([]charging.Due, error)
	// Outbox lists notices of a location that no originator has acknowledged yet.
	Outbox(ctx context.Context, loc charging.LocationID, limit int) ([]charging.OutboundNotice, error)
	// Told removes an acknowledged notice of the outbox, unless there is a newer one.
	Told(ctx context.Context, loc charging.LocationID, v charging.OutboundNotice) error
	// Unsettled lists RESERVED stops of a location confirmed before the given
	// age and not yet settled, oldest first, after the skip oldest of them.
	Unsettled(ctx context.Context, loc charging.LocationID, age time.Duration, skip, limit int) ([]charging.Reservation, error)
	// Tidy removes what has lapsed, marks no-shows, ends sessions an hour after their
	// window with a bill that the EVSE's meter estimates, and tells of plugs that were
	// never answered and of the next driver's that is not free. All is returned, and
	// put in the outbox; nothing depends on it.
	Tidy(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID, noShow time.Duration, meter func(charging.EVSEID) charging.Meter) ([]charging.OutboundNotice, error)
	// Bar marks a company at a location as suspended, or with an empty reason as resumed:
	// Hold grants it nothing from then on. A newer mark stands.
	Bar(ctx context.Context, loc charging.LocationID, s charging.Suspension) error
	// Recount puts into the accounts of what is taken what the calendars of a location
	// have and they have not, and tells how many there were.
	Recount(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID) (missing int, err error)
	// Locks lists the holds in force of a location.
	Locks(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID) ([]charging.Lock, error)
}
