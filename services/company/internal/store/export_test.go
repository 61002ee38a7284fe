package store

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Unlist is what follows a record that makes lists false, called late: others
// have written meanwhile.
func (j *Journal) Unlist(ctx context.Context, t trip.Trip) error {
	return j.unlist(ctx, madeAt(t), j.keys.open(), j.keys.standing(), j.keys.stuck())
}

// Void gives up a trip that was looked for before its record came.
func (j *Journal) Void(ctx context.Context, id charging.TripID) (bool, error) { return j.void(ctx, id) }
