package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/demo"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/load"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

func benchVehicle(n int) charging.VehicleID { return charging.VehicleID(fmt.Sprintf("BENCH-%04d", n)) }

func benchVehicles(count int) map[charging.VehicleID]string {
	vs := map[charging.VehicleID]string{}
	for n := range count {
		vs[benchVehicle(n)] = terminal.DemoSecret
	}
	return vs
}

func benchWindows(ctx context.Context, a *app.App, vehicles int) (*load.Windows, error) {
	server, err := client.NewDriver(client.DriverOptions{BaseURL: a.URL()})
	if err != nil {
		return nil, err
	}
	locations, err := server.Locations(ctx)
	if err != nil {
		return nil, err
	}
	w, err := load.NewWindows(locations, demo.DemoCompanies, time.Now())
	if err == nil && w.Vehicles() > vehicles {
		err = terminal.Usage(fmt.Errorf("--vehicles %d: so many EVSEs need at least %d, so that none has two trips at a time", vehicles, w.Vehicles()))
	}
	return w, err
}

func benchRequest(vehicle int, stops []api.Stop) api.TripRequest {
	return api.TripRequest{VehicleID: benchVehicle(vehicle), Stops: stops, OnConflict: trip.Abort}
}

// settleWithin bounds how long a benchmark waits for one trip.
const settleWithin = 30 * time.Second

// benchBooker books by REST or by MQTT, each vehicle at one server, in turn.
func benchBooker(ctx context.Context, servers []*app.App, mqtt bool, vehicles int) (load.Booker, func(), error) {
	if mqtt {
		return mqttBooker(ctx, servers, vehicles)
	}
	shared := client.NewHTTP(nil)
	var drivers []*client.Driver
	for n := range vehicles {
		d, err := client.NewDriver(client.DriverOptions{
			BaseURL: servers[n%len(servers)].URL(), User: string(benchVehicle(n)), Secret: terminal.DemoSecret, HTTP: shared,
		})
		if err != nil {
			return nil, nil, err
		}
		drivers = append(drivers, d)
	}
	return func(ctx context.Context, n int, stops []api.Stop) (trip.State, error) {
		t, err := drivers[n%vehicles].CreateTrip(ctx, benchRequest(n%vehicles, stops), "", settleWithin)
		return t.State, err
	}, shared.CloseIdleConnections, nil
}

func mqttBooker(ctx context.Context, servers []*app.App, vehicles int) (load.Booker, func(), error) {
	var links []fleet.Link
	hangUp := func() {
		for _, l := range links {
			l.Close()
		}
	}
	for n := range vehicles {
		link, err := fleet.DialMQTT(fleet.Server{MQTT: servers[n%len(servers)].MQTTURL()},
			fleet.Identity{VehicleID: benchVehicle(n), Secret: terminal.DemoSecret})
		if err != nil {
			hangUp()
			return nil, nil, err
		}
		links = append(links, link)
	}
	book := func(ctx context.Context, n int, stops []api.Stop) (trip.State, error) {
		reply, err := links[n%vehicles].Request(ctx, carlink.ActionTrip, "", benchRequest(n%vehicles, stops))
		if err != nil {
			return "", err
		}
		if reply.Status >= 400 {
			return "", fmt.Errorf("status %d: %.200s", reply.Status, reply.Body)
		}
		var t trip.Trip
		return t.State, json.Unmarshal(reply.Body, &t)
	}
	// Every link is up before anything is measured.
	for n := range links {
		wait, cancel := context.WithTimeout(ctx, settleWithin)
		_, err := links[n].Request(wait, carlink.ActionAvailability, "", map[string]string{})
		cancel()
		if err != nil {
			hangUp()
			return nil, nil, fmt.Errorf("vehicle %s cannot reach its broker: %w", benchVehicle(n), err)
		}
	}
	return book, hangUp, nil
}
