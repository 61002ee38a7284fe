package trips

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Records is what the front desk needs of the store beside the saga's journal.
type Records interface {
	// Admit checks a new trip against its vehicle: the same idempotency key
	// answers the trip that it made before (replay), with another digest of the
	// body ID_REUSED; a trip of the vehicle that is still open and overlaps in
	// time is refused (INVALID_WINDOW, naming the trip). Admitting the same
	// trip id again succeeds. An empty key admits without remembering; an
	// empty trip id only looks for what the key has made. A trip that it
	// answers is on record: one whose creator died before writing it is given
	// up, and the request takes its place.
	Admit(ctx context.Context, a trip.Admission) (replay charging.TripID, err error)
	// Dismiss takes a trip off its vehicle's list of open trips.
	Dismiss(ctx context.Context, vehicle charging.VehicleID, id charging.TripID) error
	// Load reads a trip. UNKNOWN_TRIP.
	Load(ctx context.Context, id charging.TripID) (trip.Trip, error)
	// LoadEach reads those of the trips that are on record.
	LoadEach(ctx context.Context, ids []charging.TripID) (map[charging.TripID]trip.Trip, error)
	// List gives a page of trips, newest first, and how many match, of all there
	// are.
	List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error)
	Page(ctx context.Context, q trip.Query) (page []trip.Trip, next string, err error)
	// Standing pages through the trips in the given open states, oldest first:
	// up to scan trips that are not at their end after the cursor of the page
	// before, which stays good while trips come and go. INVALID_FIELD.
	Standing(ctx context.Context, after string, scan int, states ...trip.State) (page []trip.Trip, next string, err error)
	// History gives a trip's journal in order. UNKNOWN_TRIP.
	History(ctx context.Context, id charging.TripID) ([]trip.Entry, error)
	// SavePlans keeps plans so that a trip can name one, a bounded number of each
	// who asks for them (by); LoadPlan gives one back with its journey and who asked for it,
	// empty where that is not known. UNKNOWN_PLAN.
	SavePlans(ctx context.Context, plans []trip.Plan, j trip.Journey, life time.Duration, by string) error
	LoadPlan(ctx context.Context, id string) (plan trip.Plan, j trip.Journey, by string, err error)
	// KeptPlans gives the plans that are kept with trips, those that can be read;
	// KeepPlan keeps another one with a trip that is on record (docs/adr/0019-a-trip-keeps-its-plan.md).
	KeptPlans(ctx context.Context, ids []charging.TripID) (map[charging.TripID]trip.Plan, error)
	KeepPlan(ctx context.Context, id charging.TripID, p trip.Plan) error
}
