package store

import (
	"context"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Taken lists what a vehicle has here, by its account (docs/adr/0017-what-one-may-take.md): each
// reservation's trip. What has ended may still be there; where nothing is counted
// there is nothing. STORE_UNAVAILABLE.
func (c Calendar) Taken(ctx context.Context, v charging.VehicleID) (map[charging.ReservationID]charging.TripID, error) {
	fields, err := c.rdb.HGetAll(ctx, c.keys.taken(v)).Result()
	if err != nil {
		return nil, failed(ctx, "what a vehicle has", err)
	}
	trips := map[charging.ReservationID]charging.TripID{}
	for id, entry := range fields { // kind|start|end|until|leg|trip; and known
		if parts := strings.Split(entry, "|"); len(parts) == 6 {
			trips[charging.ReservationID(id)] = charging.TripID(parts[5])
		}
	}
	return trips, nil
}
