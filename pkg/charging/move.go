package charging

import "context"

// Move gives a RESERVED stop another window at its EVSE, under its id.
type Move struct {
	// Ref names the reservation; its End is any that the reservation has had.
	Ref
	// Seq numbers the moves of one reservation, chosen by its originator: a
	// repeat of the last one succeeds, an earlier one that comes late is
	// refused, so that no message from the past undoes a later move.
	Seq int64
	// To is the new window.
	To Window
	// Quota is the owner's desk's word to its calendar.
	Quota Quota
}

// Mover is a company that can move a window; one that cannot refuses with
// UNKNOWN_ROUTE.
type Mover interface {
	// Move takes the new window in one step, or leaves the old one as it was.
	// The fence grows with each move that changes something.
	//
	// SLOT_TAKEN, PRIORITY_LOST (another trip holds a part of it), ID_REUSED (an
	// earlier Seq, or the same with another window), TOO_LATE (nobody came in
	// time), ALREADY_COMPENSATED, NO_RESERVATION_HERE (not RESERVED),
	// INVALID_WINDOW (it begins in the past, or the car has plugged in and
	// the start differs), STALE_OWNER, FORBIDDEN, UNKNOWN_RESERVATION.
	Move(ctx context.Context, m Move) (Reservation, error)
}
