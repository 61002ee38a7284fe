package fleet

import (
	"math"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
)

// EventKind names what can happen to the world of a fleet.
type EventKind string

// The kinds of events. Heat, Closure and DeadZone are felt by the cars; Outage
// and Down are done to the companies, by Options.Act.
const (
	Heat     EventKind = "heat"      // the air has another temperature
	Closure  EventKind = "closure"   // the roads within a circle are closed
	DeadZone EventKind = "dead_zone" // there is no network within a circle
	Outage   EventKind = "outage"    // a company's EVSEs are without power
	Down     EventKind = "down"      // a company's server is down
)

// Event of a World, from At for as long as For, in civil time from the fleet's
// start.
type Event struct {
	Kind    EventKind
	At, For time.Duration
	// AirC is the temperature, of Heat.
	AirC float64
	// Near and RadiusKm are the circle, of Closure and DeadZone.
	Near     geo.Point
	RadiusKm float64
	// DetourKm is the way around, of Closure.
	DetourKm float64
	// Company is whose, of Outage and Down.
	Company string
}

func (e Event) on(at time.Duration) bool { return at >= e.At && at < e.At+e.For }

func (e Event) holds(p geo.Point) bool { return geo.Distance(p, e.Near) <= e.RadiusKm }

// World is what all cars of a fleet share: the weather, closed roads, places
// without a network. It does not change.
type World struct {
	// AirC is the temperature where no event says otherwise; default 28 °C.
	AirC   float64
	Events []Event
	// Dead is the share of the map without a network, by Seed.
	Dead float64
	Seed uint64
}

// usualAirC is a usual temperature of the Northeast's coast.
const usualAirC = 28

// Air is the temperature after some time; of several events the last one counts.
func (w World) Air(at time.Duration) float64 {
	air := w.AirC
	if air == 0 {
		air = usualAirC
	}
	for _, e := range w.Events {
		if e.Kind == Heat && e.on(at) {
			air = e.AirC
		}
	}
	return air
}

// Closed is the closure that a car meets at a point, as its place in Events.
func (w World) Closed(at time.Duration, p geo.Point) (n int, closed bool) {
	for i, e := range w.Events {
		if e.Kind == Closure && e.on(at) && e.holds(p) {
			return i, true
		}
	}
	return 0, false
}

// PowerCut is when a company's EVSEs are without power next, from some time on: at
// once where they are now.
func (w World) PowerCut(from time.Duration, company charging.CompanyID) (at time.Duration, ok bool) {
	for _, e := range w.Events {
		if e.Kind != Outage || e.Company != string(company) || e.At+e.For <= from {
			continue
		}
		if begins := max(e.At, from); !ok || begins < at {
			at, ok = begins, true
		}
	}
	return at, ok
}

// deadCell is the size of a dead zone in degrees, about 11 km.
const deadCell = 0.1

// Covered reports whether there is a network at a point.
func (w World) Covered(at time.Duration, p geo.Point) bool {
	for _, e := range w.Events {
		if e.Kind == DeadZone && e.on(at) && e.holds(p) {
			return false
		}
	}
	if w.Dead <= 0 {
		return true
	}
	cell := int(math.Floor(p.Lat/deadCell))*3600 + int(math.Floor(p.Lon/deadCell))
	return stream(w.Seed, cell, "dead zone").Float64() >= w.Dead
}
