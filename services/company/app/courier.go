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

func (n *news) newCourier() (*courier.Courier, error) {
	return courier.New(courier.Options{
		Self: n.o.Company, Kept: n.rooms.store.Messages, Trips: n.rooms.trips, HandOn: n.rooms.federation.HandOn, Show: n.said,
		Booked: func(ctx context.Context, v charging.VehicleID) ([]charging.Reservation, error) {
			q := desk.BookingQuery{Window: charging.Window{Start: n.o.Clock.Now()}, Vehicle: v, Limit: bookingsOfOne}
			list, _, err := n.rooms.desk.Bookings(ctx, q)
			return list, err
		},
	})
}

// said shows a message to its vehicle: to its car and its streams, here and at the
// company's other servers.
func (n *news) said(v charging.VehicleID, m charging.Message) {
	now := time.Now()
	n.showSaid(now, v, m, true)
	n.rooms.replicas.Tell(replicas.Message{Kind: replicas.Said, At: now, Vehicle: v, TripID: m.TripID}, m)
}

// showSaid shows a message here; the car is told by each broker once.
func (n *news) showSaid(at time.Time, v charging.VehicleID, m charging.Message, car bool) {
	n.rooms.hub.Publish(trip.EventMessage, at, v, m.TripID, m)
	if car {
		n.rooms.cars.Alert(v, carlink.Alert{At: m.At, Code: carlink.CodeMessage, Detail: string(m.From) + ": " + m.Text, TripID: m.TripID, Message: &m})
	}
}

// heardSaid shows what another server of the company was asked to say.
func (n *news) heardSaid(heard replicas.Message) {
	var m charging.Message
	if json.Unmarshal(heard.Data, &m) == nil {
		n.showSaid(heard.At, heard.Vehicle, m, !n.sharedBroker())
	}
}
