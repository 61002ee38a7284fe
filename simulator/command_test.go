package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/simulator/fleet"
	"github.com/eletrovia/eletrovia/simulator/scenario"
)

func unchanged(string) bool { return false }

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--wings":                    "wings",
		"fly":                        "fly",
		"--cars -1":                  "cars",
		"--cars x":                   "cars",
		"--speed 0":                  "speed",
		"--speed NaN":                "speed",
		"--epoch noon":               "epoch",
		"--duration -1s":             "duration",
		"--mqtt nowhere":             "nowhere",
		"--http http://:80":          "http",
		"--mqtt a:1,b:2":             "2 brokers",
		"--scenario nothing":         "calm",
		"--secret s":                 "--vehicle",
		"--vehicle EV-0001 --cars 2": "2 cars",
		"--vehicle EV/1":             "vehicle_id",
		"--journeys -1":              "journeys",
		"--over -1h":                 "over",
		"--scenario company-down":    "eletrovia fleet",
		"--scenario power-outage":    "--operator-secret",
		"scenarios calm":             "calm",
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), &out, &errs); code != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit %d, %s", args, code, errs.String())
		}
		if out.Len() > 0 {
			t.Errorf("%s: printed %s", args, out.String())
		}
	}
}

func TestNoCars(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--cars", "0", "--json"}, &out, &errs); code != 0 {
		t.Fatalf("exit %d, %s", code, errs.String())
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["cars"] != 0.0 || got["seed"] != 1.0 || got["good"] != true {
		t.Errorf("%s, %v", out.String(), err)
	}
}

// TestNobodyThere: nothing listens; after the time is over that is a failure.
func TestNobodyThere(t *testing.T) {
	var out, errs bytes.Buffer
	args := []string{"--vehicle", "EV-0001", "--secret", "demo", "--mqtt", "127.0.0.1:1", "--duration", "50ms"}
	if code := run(t.Context(), args, &out, &errs); code != 1 || !strings.Contains(errs.String(), "127.0.0.1:1") || !strings.Contains(out.String(), "cars 1") {
		t.Errorf("exit %d, %s, %s", code, out.String(), errs.String())
	}
}

func TestOptions(t *testing.T) {
	f := flags{
		cars: 9, seed: 4, journeys: 2, speed: 60, mqtt: []string{"a:1", "ssl://b:2"}, http: []string{"a:3", "https://b:4/"},
		epoch: time.Now().Add(-time.Hour).Format(time.RFC3339),
	}
	o, err := f.options(unchanged)
	if err != nil {
		t.Fatal(err)
	}
	if o.Cars != 9 || o.Seed != 4 || o.Journeys != 2 || o.Speed != 60 ||
		o.Servers[0] != (fleet.Server{MQTT: "tcp://a:1", HTTP: "http://a:3"}) || o.Servers[1] != (fleet.Server{MQTT: "ssl://b:2", HTTP: "https://b:4"}) {
		t.Errorf("%+v", o)
	}
	if ahead := time.Until(o.Now()); ahead < 58*time.Hour || ahead > 60*time.Hour {
		t.Errorf("civil time is %s ahead", ahead)
	}
	f.scenario = "two-drivers-one-charger"
	o, err = f.options(func(name string) bool { return name == "seed" })
	if err != nil || o.Cars != 2 || o.Seed != 4 || o.Journeys != 1 || len(o.Cast) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	f = flags{cars: 2, speed: 1, mqtt: []string{"a:1"}, vehicles: []string{"EV-0001", "EV-0002"}, secret: "demo"}
	o, err = f.options(unchanged)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := o.Credential(t.Context(), fleet.Car{Index: 1}, fleet.Server{}); err != nil || id != (fleet.Identity{VehicleID: "EV-0002", Secret: "demo"}) {
		t.Errorf("%+v, %v", id, err)
	}
}

func TestScenarios(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"scenarios"}, &out, &errs); code != 0 || !strings.Contains(out.String(), "holiday-exodus") ||
		strings.Count(out.String(), "\n") != len(scenario.Names()) {
		t.Errorf("exit %d, %s, %s", code, out.String(), errs.String())
	}
}

// TestClockOfTheServer: a server that says how fast its civil time runs is
// believed, unless the flags say otherwise.
func TestClockOfTheServer(t *testing.T) {
	epoch := time.Now().Add(-time.Hour).UTC()
	clock := "civil; 600 times real time since " + epoch.Format(time.RFC3339Nano)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "ok", "checks": map[string]string{"clock": clock}})
	}))
	defer server.Close()
	ask := func(f flags, changed func(string) bool) fleet.Options {
		o := fleet.Options{Speed: 1, Servers: []fleet.Server{{MQTT: "tcp://x:1", HTTP: server.URL}}}
		f.listen(t.Context(), &o, changed)
		return o
	}
	o := ask(flags{}, unchanged)
	want := epoch.Add(600 * time.Since(epoch))
	if o.Speed != 600 || o.Now == nil || o.Now().Sub(want).Abs() > time.Hour {
		t.Errorf("%+v", o)
	}
	if o := ask(flags{}, func(name string) bool { return name == "speed" }); o.Speed != 1 || o.Now != nil {
		t.Errorf("against the flags: %+v", o)
	}
	clock = ""
	if o := ask(flags{}, unchanged); o.Speed != 1 || o.Now != nil {
		t.Errorf("real time: %+v", o)
	}
}

func TestSummaryLine(t *testing.T) {
	var out bytes.Buffer
	if err := print(&out, fleet.Summary{Cars: 2, Counts: map[fleet.Outcome]int{fleet.Done: 2, fleet.Planned: 3}, Km: 400}, false); err != nil {
		t.Fatal(err)
	}
	if out.String() != "cars 2, planned 3, done 2, 400 km, 0 kWh\n" {
		t.Errorf("%s", out.String())
	}
}
