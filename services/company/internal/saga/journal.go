package saga

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Journal is the durable memory of the trips of one company. Every write names
// the trip's epoch and owner (in t.Saga); one by a former owner is refused with
// STALE_OWNER and changes nothing.
type Journal interface {
	// Create writes a new trip with epoch 1 and a lease for its owner.
	// Creating the same trip id again changes nothing and succeeds. It may give the
	// entries their Seq, and so may Write.
	Create(ctx context.Context, t trip.Trip, lease time.Duration, entries []trip.Entry) error
	// Write replaces the trip's content, appends the entries and renews the
	// lease, in one step. due is when the trip must be looked at again by
	// whoever owns it; a zero due takes it off the list of open work. A zero
	// lease gives the lease back with this write.
	Write(ctx context.Context, t trip.Trip, lease time.Duration, due time.Time, entries []trip.Entry) error
	// Load reads a trip with its Saga. UNKNOWN_TRIP.
	Load(ctx context.Context, id charging.TripID) (trip.Trip, error)
	// Acquire gives the owner one trip, with its epoch raised by one, when its
	// lease has ended or was given back; STALE_OWNER while another holds it.
	Acquire(ctx context.Context, id charging.TripID, owner string, lease time.Duration) (trip.Trip, error)
	// TakeOver gives the owner up to limit trips of the open work whose lease
	// has ended, each with its epoch raised by one. Those that come with an error
	// are the owner's, too.
	TakeOver(ctx context.Context, owner string, lease time.Duration, limit int) ([]trip.Trip, error)
	// KeepAlive renews the leases that the owner still holds, and returns
	// those it has lost.
	KeepAlive(ctx context.Context, owner string, lease time.Duration, ids []charging.TripID) ([]charging.TripID, error)
	// Raise gives the owner of the lease an epoch above atLeast (after
	// STALE_OWNER from a company that has seen a higher one).
	Raise(ctx context.Context, t trip.Trip, atLeast int64) (int64, error)
}
