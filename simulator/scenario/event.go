package scenario

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// Event is something that happens to the world: exactly one of Heat, Closed,
// NoNetwork, Outage and Down says what.
type Event struct {
	// At is when, in civil time from the fleet's start, and For how long.
	At  Duration `yaml:"at"`
	For Duration `yaml:"for"`
	// Heat is the temperature in °C.
	Heat *float64 `yaml:"heat"`
	// Closed and NoNetwork are places, with RadiusKm around them; DetourKm is the
	// way around what is closed.
	Closed    string  `yaml:"closed"`
	NoNetwork string  `yaml:"no_network"`
	RadiusKm  float64 `yaml:"radius_km"`
	DetourKm  float64 `yaml:"detour_km"`
	// Outage and Down are companies: their EVSEs have no power, their server is
	// down.
	Outage string `yaml:"outage"`
	Down   string `yaml:"down"`
}

// kinds that the event names.
func (e Event) kinds() []fleet.EventKind {
	var kinds []fleet.EventKind
	for _, k := range []struct {
		kind fleet.EventKind
		is   bool
	}{
		{fleet.Heat, e.Heat != nil},
		{fleet.Closure, e.Closed != ""},
		{fleet.DeadZone, e.NoNetwork != ""},
		{fleet.Outage, e.Outage != ""},
		{fleet.Down, e.Down != ""},
	} {
		if k.is {
			kinds = append(kinds, k.kind)
		}
	}
	return kinds
}

func (e Event) validate() error {
	kinds := e.kinds()
	if len(kinds) != 1 {
		return errors.New(": name exactly one of heat, closed, no_network, outage, down")
	}
	circle := slices.Contains([]fleet.EventKind{fleet.Closure, fleet.DeadZone}, kinds[0])
	switch {
	case e.At < 0:
		return errors.New("at: is negative")
	case e.For <= 0:
		return errors.New("for: say how long, such as 2h")
	case e.Heat != nil && !(*e.Heat >= -30 && *e.Heat <= 50):
		return fmt.Errorf("heat: %v is not from -30 to 50 °C", *e.Heat)
	case circle && !(e.RadiusKm > 0 && e.RadiusKm <= 500):
		return fmt.Errorf("radius_km: %v is not from 0 to 500", e.RadiusKm)
	case !circle && e.RadiusKm != 0:
		return errors.New("radius_km: belongs to closed and no_network")
	case e.Closed == "" && e.DetourKm != 0:
		return errors.New("detour_km: belongs to closed")
	case e.Closed != "" && !(e.DetourKm >= 0 && e.DetourKm <= 500):
		return fmt.Errorf("detour_km: %v is not from 0 to 500", e.DetourKm)
	}
	_, err := e.near()
	return err
}

// near is the middle of the event's circle.
func (e Event) near() (geo.Point, error) {
	for _, f := range []struct{ name, place string }{{"closed", e.Closed}, {"no_network", e.NoNetwork}} {
		if f.place == "" {
			continue
		}
		p, err := road.Default().Place(f.place)
		if err != nil {
			return geo.Point{}, fmt.Errorf("%s: %w", f.name, err)
		}
		return p.Point, nil
	}
	return geo.Point{}, nil
}

func (e Event) fleet() fleet.Event {
	near, _ := e.near() // it was checked
	out := fleet.Event{
		Kind: e.kinds()[0], At: time.Duration(e.At), For: time.Duration(e.For), Near: near, RadiusKm: e.RadiusKm, DetourKm: e.DetourKm,
		Company: e.Outage + e.Down,
	}
	if e.Heat != nil {
		out.AirC = *e.Heat
	}
	return out
}
