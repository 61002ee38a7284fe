package trips

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Some reads those of the trips that are on record, in the order of their ids.
func (s *reading) Some(ctx context.Context, ids []charging.TripID) ([]trip.Trip, error) {
	known, err := s.Records.LoadEach(ctx, ids)
	if err != nil {
		return nil, err
	}
	some := make([]trip.Trip, 0, len(known))
	for _, id := range ids {
		if t, ok := known[id]; ok {
			some = append(some, t.Public())
		}
	}
	return some, nil
}
