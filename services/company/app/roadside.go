package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
	"github.com/eletrovia/eletrovia/services/company/internal/roadside"
)

// openRoadside follows the cars of open trips by what they report.
func (a *App) openRoadside(context.Context) (err error) {
	r := &a.rooms
	r.roadside, err = roadside.New(roadside.Options{
		Trips: r.store, Sagas: r.saga, Advisor: r.advisor, Sites: r.federation, Network: road.Default(),
		// The cars' room is wired before anything is heard.
		Alert: func(v charging.VehicleID, alert carlink.Alert) { r.cars.Alert(v, alert) },
		Now:   a.o.Clock.Now, Until: a.o.Clock.Until,
		Warn: func(msg string, id charging.TripID, err error) {
			a.log.Warn().Str("room", "roadside").Str("trip", string(id)).Err(err).Msg(msg)
		},
	})
	return err
}

// reported takes what a car reports to this server's broker.
func (a *App) reported(v charging.VehicleID, t carlink.Telemetry) {
	now := time.Now()
	a.rooms.seen.put(v, t)
	a.rooms.hub.Publish(trip.EventCar, now, v, "", t)
	a.rooms.roadside.Hear(v, t, true)
	a.rooms.replicas.Tell(replicas.Message{Kind: replicas.Car, At: now, Vehicle: v}, t)
}

// heardCar takes what a car has reported to another server of the company.
func (a *App) heardCar(m replicas.Message) {
	a.rooms.hub.Publish(trip.EventCar, m.At, m.Vehicle, "", m.Data)
	var t carlink.Telemetry
	if json.Unmarshal(m.Data, &t) == nil {
		a.rooms.seen.put(m.Vehicle, t)
		a.rooms.roadside.Hear(m.Vehicle, t, false)
	}
}
