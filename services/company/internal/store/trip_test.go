package store_test

import (
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// newTrip is a fresh trip of owner "a" with some legs from tomorrow on.
func newTrip(e *env, legs int) trip.Trip {
	now := time.Now().UTC().Truncate(time.Millisecond)
	t := trip.Trip{
		ID: charging.TripID(newID()), State: trip.Reserving, VehicleID: "EV-0001", Origin: "MAR", OnConflict: trip.Ask,
		CreatedAt: now, UpdatedAt: now, Saga: &trip.Saga{Epoch: 1, Owner: "a", DecisionTimeout: time.Minute},
	}
	for k := range legs {
		start := e.tomorrow().Add(time.Duration(k) * 2 * time.Hour)
		t.Legs = append(t.Legs, trip.Leg{
			Leg: k + 1, ReservationID: charging.ReservationID(newID()), CompanyID: "MAR",
			EVSEID: charging.EVSEID(fmt.Sprintf("BR*MAR*E%04d*1", k)), Start: start, End: start.Add(time.Hour), State: trip.LegPlanned,
		})
	}
	return t
}
