package store

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Unlist is what follows a record that makes lists false, called late: others
// have written meanwhile.
func (j *Journal) Unlist(ctx context.Context, t trip.Trip) error {
	return j.unlist(ctx, madeAt(t), j.keys.open(), j.keys.standing(), j.keys.stuck())
}
