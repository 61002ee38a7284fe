package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/broker/brokertest"
	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// requests asks for something as a car, and reads the answer.
func request(t *testing.T, l fleet.Link, a carlink.Action, id charging.TripID, body, into any) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := l.Request(ctx, a, id, body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil && r.Status < 400 {
		if err := json.Unmarshal(r.Body, into); err != nil {
			t.Fatalf("%s: %d %s: %v", a, r.Status, r.Body, err)
		}
	}
	return r.Status
}

// TestBrokerElsewhere: MAR's cars are at a Mosquitto, with the configuration and
// the access list that the repository ships, and two of MAR's servers behind it.
// A car plans, books a trip over three companies, sees it and cancels it; then
// one server goes, and it books again.
func TestBrokerElsewhere(t *testing.T) {
	users := map[string]string{brokertest.Server: "servers", "SER": app.DemoToken("SER"), "CAJ": app.DemoToken("CAJ")}
	for i := range 4 {
		users[string(vehicle(i+1))] = secret
	}
	m := brokertest.StartMosquitto(t, users)
	keys := filepath.Join(t.TempDir(), "keys.pem") // which the two servers share
	var options app.Options
	f := start(t, func(o *app.Options) {
		for i := range o.Peers { // a broker that is no server of ours takes a password
			if p := &o.Peers[i]; p.ID == "MAR" {
				p.MQTT = "tcp://" + string(o.Company) + ":" + app.DemoToken(o.Company) + "@" + m.Addr
			}
		}
		if o.Company == "MAR" {
			o.MQTTAddr, o.MQTTBroker, o.MQTTPassword = "", "tcp://"+brokertest.Server+"@"+m.Addr, "servers"
			o.KeyFile = keys
			options = *o
		}
	})
	options.Store = app.Store{URL: "redis://" + f.apps["MAR"].StoreAddr()}
	options.HTTPAddr, options.Log = "127.0.0.1:0", zerolog.Nop()
	other, err := app.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopApp(t, other) })

	for i := range 4 { // whichever of the two servers gets each message
		car := vehicle(i + 1)
		link, err := fleet.DialMQTT(fleet.Server{MQTT: f.apps["MAR"].MQTTURL()}, fleet.Identity{VehicleID: car, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(link.Close)
		var plans api.PlanResponse
		status := request(t, link, carlink.ActionPlan, "", map[string]any{
			"origin": map[string]any{"city": "João Pessoa, PB"}, "destination": map[string]any{"city": "Natal, RN"},
			"vehicle": map[string]any{"model": "byd-dolphin"}, "soc": 0.5, "min_arrival_soc": 0.2, "departure": hour(2), "objective": "fastest",
		}, &plans)
		if status != http.StatusOK || len(plans.Plans) == 0 {
			t.Fatalf("plan: %d, %d plans", status, len(plans.Plans))
		}
		if i == 3 {
			stopApp(t, other) // the last car has one server
		}
		var booked trip.Trip
		status = request(t, link, carlink.ActionTrip, "", map[string]any{
			"vehicle_id": car, "on_conflict": "abort", "stops": []stopAt{stop(evseM, 8*i), stop(evseS, 8*i+2), stop(evseC, 8*i+4)},
		}, &booked)
		if status != http.StatusCreated || booked.State != trip.Confirmed || len(booked.Legs) != 3 {
			t.Fatalf("%s: trip: %d %+v", car, status, booked)
		}
		f.until(10*time.Second, "the car sees its trip", func() bool {
			seen, ok := link.Trip(booked.ID)
			return ok && seen.State == trip.Confirmed
		})
		var canceled trip.Trip
		if status = request(t, link, carlink.ActionCancel, booked.ID, nil, &canceled); status != http.StatusOK || canceled.State != trip.Canceled {
			t.Fatalf("%s: cancel: %d %s", car, status, canceled.State)
		}
	}
	f.until(10*time.Second, "nothing is held", func() bool {
		for _, id := range companies {
			if len(f.keys(id, "lock:*"))+len(f.calendars(id)) > 0 {
				return false
			}
		}
		return true
	})
}

func stopApp(t *testing.T, a *app.App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Error(err)
	}
}
