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
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
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
