package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/frames"
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
		Seen: r.driven.See, Warn: a.tellOfTrip("roadside"),
	})
	return err
}

// reported takes what a car reports to this server's broker.
func (n *news) reported(v charging.VehicleID, t carlink.Telemetry) {
	now := time.Now()
	n.rooms.seen.put(v, t)
	n.showCar(v, t, now, t)
	n.rooms.roadside.Hear(v, t, true)
	n.rooms.replicas.Tell(replicas.Message{Kind: replicas.Car, At: now, Vehicle: v}, t)
}

// heardCar takes what a car has reported to another server of the company.
func (n *news) heardCar(m replicas.Message) {
	var t carlink.Telemetry
	if json.Unmarshal(m.Data, &t) == nil {
		n.rooms.seen.put(m.Vehicle, t)
		n.showCar(m.Vehicle, t, m.At, m.Data)
		n.rooms.roadside.Hear(m.Vehicle, t, false)
	}
}

// showCar tells the live views where a car is; told is its report as it is passed on.
func (n *news) showCar(v charging.VehicleID, t carlink.Telemetry, at time.Time, told any) {
	where := geo.Point{Lat: t.Lat, Lon: t.Lon}
	n.rooms.hub.PublishAt(where, trip.EventCar, at, v, told)
	n.rooms.traffic.Hear(frames.Car{Vehicle: v, At: where, SoC: t.SoC, SpeedKMH: t.SpeedKMH})
}
