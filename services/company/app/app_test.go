package app

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

var three = []charging.CompanyID{"MAR", "SER", "CAJ"}

// boot starts three companies in this process, on free ports, with stores in
// memory unless tuned.
func boot(t testing.TB, tune func(*Options)) map[charging.CompanyID]*App {
	t.Helper()
	apps, around := map[charging.CompanyID]*App{}, apitest.Hold(t)
	for _, id := range three {
		o := Options{
			Company: id, OperatorSecret: DemoSecret, DemoTokens: true, Store: Store{Kind: StoreMemory}, RateLimit: -1,
			Vehicles: map[charging.VehicleID]string{"EV-0001": DemoSecret, "EV-0002": DemoSecret}, Around: around,
		}
		if tune != nil {
			tune(&o)
		}
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Listen(t.Context()); err != nil {
			t.Fatal(err)
		}
		apps[id] = a
	}
	for _, a := range apps {
		var peers []Peer
		for _, b := range apps {
			if a != b {
				peers = append(peers, Peer{ID: b.Company(), URL: b.URL()})
			}
		}
		if err := a.SetPeers(peers); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(t, a) })
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, a := range apps {
		if err := a.AwaitPeers(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return apps
}

func stop(t testing.TB, a *App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Errorf("%s: %v", a.Company(), err)
	}
}

func driverOf(t *testing.T, a *App, vehicle string) *client.Driver {
	t.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: a.URL(), User: vehicle, Secret: DemoSecret})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func journey() api.PlanRequest {
	soc := 0.9
	return api.PlanRequest{
		Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: &soc,
	}
}

// The main job at each server: planned, booked over all three, cancelled.
func TestThreeCompaniesBookFromEachServer(t *testing.T) {
	apps := boot(t, nil)
	for _, id := range three {
		d := driverOf(t, apps[id], "EV-0001")
		plans, err := d.Plan(t.Context(), journey())
		if err != nil || len(plans) == 0 {
			t.Fatalf("%s: %d plans, %v", id, len(plans), err)
		}
		booked, err := d.CreateTrip(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plans[0].ID, OnConflict: trip.Abort}, "", 15*time.Second)
		if err != nil || booked.State != trip.Confirmed {
			t.Fatalf("%s: %s, %v; problem %+v", id, booked.State, err, booked.Problem)
		}
		owners := map[charging.CompanyID]bool{}
		for _, l := range booked.Legs {
			owners[l.CompanyID] = true
			if l.State != charging.Reserved {
				t.Errorf("%s: leg %d is %s", id, l.Leg, l.State)
			}
		}
		if len(owners) != 3 {
			t.Errorf("%s: the trip stops at %v", id, owners)
		}
		locks, err := driverOf(t, apps[id], "operator").Locks(t.Context())
		if err != nil || len(locks) != 0 {
			t.Errorf("%s: %d locks after the booking, %v", id, len(locks), err)
		}
		if canceled, err := d.Cancel(t.Context(), booked.ID); err != nil || canceled.State != trip.Canceled {
			t.Errorf("%s: cancel: %s, %v", id, canceled.State, err)
		}
	}
}

func TestReadyNamesItsParts(t *testing.T) {
	a := boot(t, nil)["MAR"]
	health, err := driverOf(t, a, "").Ready(t.Context())
	if err != nil || len(health.Checks) < 3 {
		t.Fatalf("%+v, %v", health, err)
	}
	if store := health.Checks["store"]; !strings.Contains(store, "everything") {
		t.Errorf("the store does not say that it loses everything: %q", store)
	}
}

// What an operator and a stranger see of the peers.
func TestPeersAreKnown(t *testing.T) {
	a := boot(t, nil)["SER"]
	peers, err := driverOf(t, a, "operator").Peers(t.Context())
	if err != nil || len(peers) != 2 {
		t.Fatalf("%+v, %v", peers, err)
	}
	for _, p := range peers {
		if p.Status != "up" || p.Locations == 0 || p.EVSEs == 0 {
			t.Errorf("%+v", p)
		}
	}
	resp, err := http.Get(a.URL() + "/federation/v1/company")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger gets %s", resp.Status)
	}
}

func TestCompanyTellsWhereItIs(t *testing.T) {
	a := boot(t, nil)["CAJ"]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/federation/v1/company", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+DemoToken("MAR"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var info api.CompanyInfo
	if err := json.NewDecoder(resp.Body).Decode(&info); err != nil {
		t.Fatal(err)
	}
	if info.CompanyID != "CAJ" || info.RESTURL != a.URL() || info.MQTTURL != a.MQTTURL() || len(info.PublicKeys) < 10 || info.Time == "" {
		t.Errorf("%+v", info)
	}
}

// A stop leaves no goroutine behind, streams and cars included.
func TestStopLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	apps := boot(t, nil)
	stream, err := http.NewRequestWithContext(t.Context(), http.MethodGet, apps["MAR"].URL()+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	stream.SetBasicAuth("EV-0001", DemoSecret)
	resp, err := http.DefaultClient.Do(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, a := range apps {
		stop(t, a)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before+3 {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
		<-time.After(20 * time.Millisecond)
	}
}

func TestStartFailsCleanly(t *testing.T) {
	taken := boot(t, nil)["MAR"]
	for name, change := range map[string]func(*Options){
		"REST address": func(o *Options) { o.HTTPAddr = taken.HTTPAddr() },
		"MQTT address": func(o *Options) { o.MQTTAddr = taken.MQTTAddr() },
		"store":        func(o *Options) { o.Store.Kind, o.Store.URL = "", "redis://127.0.0.1:1" },
		"certificate":  func(o *Options) { o.TLS.MQTTCert, o.TLS.MQTTKey = "nowhere.pem", "nowhere.pem" },
	} {
		o := good()
		o.Store.Kind, o.Peers = StoreMemory, nil
		change(&o)
		a, err := New(o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := a.Start(t.Context()); err == nil {
			t.Errorf("%s: started all the same", name)
		}
		stop(t, a)
	}
}
