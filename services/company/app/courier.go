package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/courier"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
)

// bookingsOfOne bounds how many bookings of a vehicle are looked at for a message.
const bookingsOfOne = 100

func (a *App) newCourier() (*courier.Courier, error) {
	return courier.New(courier.Options{
		Self: a.o.Company, Kept: a.rooms.store.Messages, Trips: a.rooms.trips, HandOn: a.rooms.federation.HandOn, Show: a.said,
		Booked: func(ctx context.Context, v charging.VehicleID) ([]charging.Reservation, error) {
			q := desk.BookingQuery{Window: charging.Window{Start: a.o.Clock.Now()}, Vehicle: v, Limit: bookingsOfOne}
			list, _, err := a.rooms.desk.Bookings(ctx, q)
			return list, err
		},
	})
}

// said shows a message to its vehicle: to its car and its streams, here and at the
// company's other servers.
func (a *App) said(v charging.VehicleID, m charging.Message) {
	now := time.Now()
	a.showSaid(now, v, m, true)
	a.rooms.replicas.Tell(replicas.Message{Kind: replicas.Said, At: now, Vehicle: v, TripID: m.TripID}, m)
}

// showSaid shows a message here; the car is told by each broker once.
func (a *App) showSaid(at time.Time, v charging.VehicleID, m charging.Message, car bool) {
	a.rooms.hub.Publish(trip.EventMessage, at, v, m.TripID, m)
	if car {
		a.rooms.cars.Alert(v, carlink.Alert{At: m.At, Code: carlink.CodeMessage, Detail: string(m.From) + ": " + m.Text, TripID: m.TripID, Message: &m})
	}
}

// heardSaid shows what another server of the company was asked to say.
func (a *App) heardSaid(heard replicas.Message) {
	var m charging.Message
	if json.Unmarshal(heard.Data, &m) == nil {
		a.showSaid(heard.At, heard.Vehicle, m, !a.sharedBroker())
	}
}
