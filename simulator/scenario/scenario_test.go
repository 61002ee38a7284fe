package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/simulator/fleet"
)

func TestNamed(t *testing.T) {
	if !slices.Contains(Names(), "two-drivers-one-charger") {
		t.Errorf("%v", Names())
	}
	for _, name := range Names() {
		s, err := Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.About == "" || s.Cars == 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestTwoDriversAreEqual(t *testing.T) {
	s, err := Load("two-drivers-one-charger")
	if err != nil {
		t.Fatal(err)
	}
	o := s.Apply(fleet.Options{Speed: 60, Telemetry: time.Second, Cars: 9})
	if o.Cars != 2 || len(o.Cast) != 2 || !reflect.DeepEqual(o.Cast[0], o.Cast[1]) || o.Speed != 60 || o.Spread != time.Millisecond || o.Telemetry != time.Second {
		t.Errorf("%+v", o)
	}
	if r := o.Cast[0]; r.Model != "byd-dolphin" || r.Policy != "ask" || r.Wait != 5*time.Minute || r.SoC != 0.8 {
		t.Errorf("%+v", r)
	}
}

func TestLoadFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("cars: 3\nspeed: 30\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Load(file); err != nil || s.Cars != 3 || s.Apply(fleet.Options{Speed: 1}).Speed != 30 {
		t.Errorf("%+v, %v", s, err)
	}
	for name, want := range map[string]string{"nothing": "calm", "./nothing.yaml": "nothing.yaml", "../x": "x"} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "cars",
		"cars: 0":                          "cars",
		"cars: 1000000":                    "cars",
		"cars: many":                       "cars",
		"cars: 1\nwheels: 4":               "wheels",
		"cars: 1\nspeed: -1":               "speed",
		"cars: 1\nspeed: .nan":             "speed",
		"cars: 1\njourneys: -1":            "journeys",
		"cars: 1\nspread: soon":            "soon",
		"cars: 1\ndrivers: [{}, {}]":       "fewer",
		"drivers: [{}, {model: tricycle}]": "drivers[1].model",
		"drivers: [{from: Atlantis}]":      "drivers[0].from",
		"drivers: [{soc: 1.5}]":            "drivers[0].soc",
		"drivers: [{on_conflict: cry}]":    "drivers[0].on_conflict",
		"drivers: [{wait: -5m}]":           "drivers[0].wait",
		"drivers: [{soc: half}]":           "soc",
		"cars: [":                          "",
		"cars: 1\nover: -1h":               "over",
		"cars: 1\nair_c: 80":               "air_c",
		"cars: 1\nodds: {rain: 0.1}":       "odds.rain: there are late",
		"cars: 1\nodds: {late: 3}":         "odds.late",
		"cars: 1\nfrom: [Atlantis]":        "from[0]",
		"cars: 1\nto: [\"Natal, RN\", X]":  "to[1]",
		"cars: 1\nevents: [{for: 1h}]":     "events[0]: name exactly one",
		"cars: 1\nevents: [{at: 1h, for: 1h, heat: 40, down: SER}]":                           "exactly one",
		"cars: 1\nevents: [{at: 1h, heat: 40}]":                                               "events[0].for",
		"cars: 1\nevents: [{at: -1h, for: 1h, heat: 40}]":                                     "events[0].at",
		"cars: 1\nevents: [{for: 1h, heat: 400}]":                                             "events[0].heat",
		"cars: 1\nevents: [{for: 1h, heat: 40, radius_km: 3}]":                                "events[0].radius_km",
		"cars: 1\nevents: [{for: 1h, closed: \"Natal, RN\"}]":                                 "events[0].radius_km",
		"cars: 1\nevents: [{for: 1h, closed: Atlantis, radius_km: 1}]":                        "events[0].closed",
		"cars: 1\nevents: [{for: 1h, no_network: \"Natal, RN\", radius_km: 1, detour_km: 1}]": "events[0].detour_km",
		"cars: 1\nevents: [{for: 1h, down: SER, sound: loud}]":                                "sound",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestRefusalIsOneLine: a typing mistake is told in one line, with its place.
func TestRefusalIsOneLine(t *testing.T) {
	_, err := Parse([]byte("cars: 1\nwheels: 4\nseed: 3\n"))
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "2:1") || !strings.Contains(err.Error(), "wheels") {
		t.Errorf("%v", err)
	}
}

func TestEventsAndOdds(t *testing.T) {
	s, err := Parse([]byte(`
cars: 5
over: 6h
air_c: 31
from: ["Recife, PE"]
to: ["Natal, RN", "Maceió, AL"]
odds: {late: 0.5, dead_zone: 0}
events:
  - {at: 2h, for: 3h, heat: 41}
  - {at: 1h, for: 4h, closed: "Palmares, PE", radius_km: 15, detour_km: 40}
  - {for: 4h, no_network: "Patos, PB", radius_km: 30}
  - {at: 30m, for: 1h, outage: SER}
  - {at: 30m, for: 1h, down: CAJ}
`))
	if err != nil {
		t.Fatal(err)
	}
	o := s.Apply(fleet.Options{})
	w := fleet.EverydayOdds()
	w.Late, w.DeadZone = 0.5, 0
	if *o.Odds != w || o.Over != 6*time.Hour || o.World.AirC != 31 || len(o.To) != 2 || len(o.From) != 1 {
		t.Errorf("%+v", o)
	}
	e := o.World.Events
	if len(e) != 5 || e[0].Kind != fleet.Heat || e[0].AirC != 41 || e[0].At != 2*time.Hour || e[1].Kind != fleet.Closure || e[1].DetourKm != 40 ||
		e[1].Near.Lat > -8 || e[2].Kind != fleet.DeadZone || e[2].RadiusKm != 30 || e[3] != (fleet.Event{Kind: fleet.Outage, At: 30 * time.Minute, For: time.Hour, Company: "SER"}) || e[4].Kind != fleet.Down {
		t.Errorf("%+v", e)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		raw, err := named.ReadFile("named/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw)
		if err != nil {
			return
		}
		if s.Cars < 1 || s.Cars > maxCars || len(s.Drivers) > s.Cars {
			t.Fatalf("%+v", s)
		}
		for _, r := range s.Apply(fleet.Options{}).Cast {
			if err := r.Validate(); err != nil {
				t.Fatalf("%+v: %v", r, err)
			}
		}
	})
}
