package desk

import (
	"context"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Held lists what a trip of a vehicle has at this company, in the order of its legs,
// whoever the originator is. What it has used or given back is left out; where nothing
// is counted (docs/adr/0017-what-one-may-take.md) there is nothing. STORE_UNAVAILABLE.
func (d *Desk) Held(ctx context.Context, vehicle charging.VehicleID, trip charging.TripID) ([]charging.Reservation, error) {
	if err := d.Remembers(); err != nil {
		return nil, err
	}
	taken, err := d.o.Calendar.Taken(ctx, vehicle)
	if err != nil {
		return nil, err
	}
	var held []charging.Reservation
	for id, of := range taken {
		if of != trip {
			continue
		}
		r, err := d.o.Calendar.Reservation(ctx, id, d.offered.Load().homes)
		switch {
		case charging.CodeOf(err) == charging.CodeUnknownReservation:
		case err != nil:
			return nil, err
		case r.TripID == trip && r.VehicleID == vehicle:
			held = append(held, r)
		}
	}
	slices.SortFunc(held, func(a, b charging.Reservation) int { return a.Leg - b.Leg })
	return held, nil
}
