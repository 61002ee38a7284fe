package desk

import (
	"context"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// records reads reservations, one by one.
type records struct {
	*ground
	loss *dataLoss
}

// Reservation reads a record on behalf of a company: FORBIDDEN for another's.
// An empty reader is this company itself. UNKNOWN_RESERVATION.
func (d *Desk) Reservation(ctx context.Context, id charging.ReservationID, reader charging.CompanyID) (charging.Reservation, error) {
	return d.records.reservation(ctx, id, reader)
}

func (rs *records) reservation(ctx context.Context, id charging.ReservationID, reader charging.CompanyID) (charging.Reservation, error) {
	if err := id.Validate(); err != nil {
		return charging.Reservation{}, err
	}
	if err := rs.loss.refuse(); err != nil {
		return charging.Reservation{}, err
	}
	res, err := rs.o.Calendar.Reservation(ctx, id, rs.offered.Load().homes)
	if err != nil {
		return charging.Reservation{}, err
	}
	if reader != "" && reader != res.Origin {
		return charging.Reservation{}, charging.Refuse(charging.CodeForbidden, "reservation "+string(id)+" belongs to another company's trip")
	}
	return res, nil
}

// History reads a record with what this company has seen of it, the oldest first.
// UNKNOWN_RESERVATION: it has none, or its time is over.
func (d *Desk) History(ctx context.Context, id charging.ReservationID) (charging.Reservation, []charging.Step, error) {
	return d.records.history(ctx, id)
}

func (rs *records) history(ctx context.Context, id charging.ReservationID) (charging.Reservation, []charging.Step, error) {
	if err := id.Validate(); err != nil {
		return charging.Reservation{}, nil, err
	}
	if err := rs.loss.refuse(); err != nil {
		return charging.Reservation{}, nil, err
	}
	return rs.o.Calendar.Steps(ctx, id, rs.offered.Load().homes)
}

// Held lists what a trip of a vehicle has at this company, in the order of its legs,
// whoever the originator is. What it has used or given back is left out; where nothing
// is counted (docs/adr/0017-what-one-may-take.md) there is nothing. STORE_UNAVAILABLE.
func (d *Desk) Held(ctx context.Context, vehicle charging.VehicleID, trip charging.TripID) ([]charging.Reservation, error) {
	return d.records.held(ctx, vehicle, trip)
}

func (rs *records) held(ctx context.Context, vehicle charging.VehicleID, trip charging.TripID) ([]charging.Reservation, error) {
	if err := rs.loss.refuse(); err != nil {
		return nil, err
	}
	taken, err := rs.o.Calendar.Taken(ctx, vehicle)
	if err != nil {
		return nil, err
	}
	var held []charging.Reservation
	for id, of := range taken {
		if of != trip {
			continue
		}
		r, err := rs.o.Calendar.Reservation(ctx, id, rs.offered.Load().homes)
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
