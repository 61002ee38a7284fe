package planner

import (
	"errors"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// What a stop costs beside charging, and the defaults and bounds of a request.
const (
	// Overhead is leaving the road, plugging in, unplugging: part of the window.
	Overhead = 5 * time.Minute
	// DefaultMinArrivalSoC is the charge that is never gone below.
	DefaultMinArrivalSoC = 0.10
	// MaxWait is how long a car may wait for an EVSE to become free.
	MaxWait = 24 * time.Hour
	// MaxPlans is how many plans Plans gives at most.
	MaxPlans = 3
	// margin is added to "just enough", so that rounding never goes below the reserve.
	margin = 0.005
)

// Free tells when an EVSE is free: disjoint windows in order, in UTC. A nil Free
// means always.
type Free func(charging.EVSEID) []charging.Window

// Planner knows the stations of a catalogue and the drives between them. It does not
// change; any number of goroutines may use it.
type Planner struct {
	net   *road.Network
	sites []site
	drive [][]road.Leg // between sites; Km < 0 where no road leads
	evses map[charging.EVSEID]place
}

type site struct {
	loc     charging.Location
	spot    road.Spot
	classes []class
}

// class is a set of EVSEs of one site that differ in their calendars only.
type class struct {
	kw     float64
	dc     bool
	tariff charging.Tariff
	evses  []charging.EVSEID
}

// place is where an EVSE is found in a planner.
type place struct{ site, class int }

// New prepares a planner for a catalogue of any companies' locations. A location that
// no road reaches is left out, and so are EVSEs out of order.
func New(net *road.Network, locations []charging.Location) *Planner {
	p := &Planner{net: net, evses: map[charging.EVSEID]place{}}
	for _, l := range locations {
		spot, err := net.Locate(l.Point)
		if err != nil {
			continue
		}
		s := site{loc: l, spot: spot, classes: classesOf(l)}
		for c, class := range s.classes {
			for _, id := range class.evses {
				p.evses[id] = place{len(p.sites), c}
			}
		}
		p.sites = append(p.sites, s)
	}
	p.drive = make([][]road.Leg, len(p.sites))
	for i := range p.sites {
		p.drive[i] = p.drives(p.sites[i].spot)
	}
	return p
}

// drives are the quickest drives from a spot to every site.
func (p *Planner) drives(from road.Spot) []road.Leg {
	tree := p.net.From(from)
	legs := make([]road.Leg, len(p.sites))
	for j := range p.sites {
		leg, ok := tree.To(p.sites[j].spot)
		if !ok {
			leg.Km = -1
		}
		legs[j] = leg
	}
	return legs
}

func classesOf(l charging.Location) []class {
	var classes []class
	for _, e := range l.EVSEs {
		if e.Status == charging.OutOfOrder {
			continue
		}
		c, ok := bestConnector(e)
		if !ok {
			continue
		}
		found := class{kw: c.PowerKW, dc: c.DC()}
		for _, t := range l.Tariffs {
			if t.ID == c.TariffID {
				found.tariff = t
			}
		}
		at := slices.IndexFunc(classes, func(o class) bool {
			return o.kw == found.kw && o.dc == found.dc && o.tariff == found.tariff
		})
		if at < 0 {
			classes = append(classes, found)
			at = len(classes) - 1
		}
		classes[at].evses = append(classes[at].evses, e.ID)
	}
	return classes
}

// bestConnector prefers CCS to CHAdeMO and direct to alternating current.
func bestConnector(e charging.EVSE) (charging.Connector, bool) {
	rank := map[string]int{"IEC_62196_T2_COMBO": 3, "CHADEMO": 2, "IEC_62196_T2": 1}
	best, ok := charging.Connector{}, false
	for _, c := range e.Connectors {
		if r := rank[c.Standard]; r > rank[best.Standard] || r > 0 && r == rank[best.Standard] && c.PowerKW > best.PowerKW {
			best, ok = c, true
		}
	}
	return best, ok
}

// Request is a journey to plan.
type Request struct {
	Origin, Destination geo.Point
	Vehicle             vehicle.Vehicle
	SoC                 float64 // at departure, 0 … 1
	Departure           time.Time
	MinArrivalSoC       float64        // never below it at a stop or the destination; 0 … 0.9
	Objective           trip.Objective // empty: fastest
}

// Validate reports the first field that cannot be, as a refusal with the code
// INVALID_FIELD. Whether the departure has passed is for the caller, who has a clock.
func (r Request) Validate() error {
	if err := r.Origin.Validate(); err != nil {
		return charging.Invalid("origin", err.Error())
	}
	if err := r.Destination.Validate(); err != nil {
		return charging.Invalid("destination", err.Error())
	}
	if geo.Distance(r.Origin, r.Destination) < 0.1 {
		return charging.Invalid("destination", "is the origin")
	}
	if err := r.Vehicle.Validate(); err != nil {
		var figure *vehicle.FieldError
		if errors.As(err, &figure) {
			return charging.Invalid("vehicle."+figure.Field, figure.Reason)
		}
		return charging.Invalid("vehicle", err.Error())
	}
	if !(r.SoC > 0 && r.SoC <= 1) {
		return charging.Invalid("soc", "must be above 0 and at most 1")
	}
	if !(r.MinArrivalSoC >= 0 && r.MinArrivalSoC <= 0.9) {
		return charging.Invalid("min_arrival_soc", "must be between 0 and 0.9")
	}
	if r.Departure.IsZero() {
		return charging.Invalid("departure", "is missing")
	}
	switch r.Objective {
	case "", trip.Fastest, trip.Cheapest, trip.FewestStops:
		return nil
	}
	return charging.Invalid("objective", "must be fastest, cheapest or fewest_stops")
}
