package planner

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// Request is a journey to plan.
type Request struct {
	Origin, Destination geo.Point
	Vehicle             vehicle.Vehicle
	SoC                 float64 // at departure, 0 … 1
	Departure           time.Time
	MinArrivalSoC       float64        // never below it at a stop, or a via; 0 … 0.9
	MinDestinationSoC   *float64       // never below it at the destination; nil: MinArrivalSoC
	MaxChargeSoC        float64        // no stop charges to more, 0 … 1; 0: 1
	Objective           trip.Objective // empty: fastest

	// Thinner are the reserves that nobody has given: where they leave no way, a plan is shown
	// that goes below them.
	Thinner Reserves

	// LatestArrival, where it is set, asks for the latest way that arrives by then, not
	// leaving before Departure.
	LatestArrival time.Time
	// Avoid keeps stops away from what it names.
	Avoid Choice
	// Insist asks for stops at these companies only, and for a stop at each of these
	// locations (MaxInsist at most) and EVSEs.
	Insist Choice

	// Held are stops that the plan makes, in this order, MaxHeld at most; Via places that it
	// passes, in this order, MaxVia at most.
	Held []Held
	Via  []Via
	// Single asks for the best plan alone.
	Single bool

	// Labels are those that searches may still make in all, and are taken off; nil: what is
	// usual for a request.
	Labels *int

	unthinned bool // for tests: consider every station
}

// Reserves names some of MinArrivalSoC and MinDestinationSoC.
type Reserves struct{ Arrival, Destination bool }

// atDestination is the charge that is to be left at the destination.
func (r Request) atDestination() float64 {
	if r.MinDestinationSoC != nil {
		return *r.MinDestinationSoC
	}
	return r.MinArrivalSoC
}

// fullest is the charge that no stop goes above.
func (r Request) fullest() float64 {
	if r.MaxChargeSoC > 0 {
		return r.MaxChargeSoC
	}
	return 1
}

// validReserves reports the first reserve that cannot be.
func (r Request) validReserves() error {
	if !(r.MinArrivalSoC >= 0 && r.MinArrivalSoC <= 0.9) {
		return charging.Invalid("min_arrival_soc", "must be between 0 and 0.9")
	}
	if at := r.atDestination(); !(at >= 0 && at <= 0.9) {
		return charging.Invalid("min_destination_soc", "must be between 0 and 0.9")
	}
	if most := r.fullest(); !(most <= 1 && most >= r.MinArrivalSoC+leastCharge) {
		return charging.Invalid("max_charge_soc", fmt.Sprintf("must be at most 1, and at least %.2f, which is a charge above min_arrival_soc", r.MinArrivalSoC+leastCharge))
	}
	for _, h := range r.Held {
		if h.Asked.DepartSoC > r.fullest() {
			return charging.Invalid("changes", fmt.Sprintf("ask to leave %s with %.0f%%, which is above max_charge_soc", h, 100*h.Asked.DepartSoC))
		}
	}
	return nil
}

// MaxInsist is how many locations and EVSEs a request may insist on.
const MaxInsist = 4

// Choice names companies, locations and EVSEs.
type Choice struct {
	Companies []charging.CompanyID
	Locations []charging.LocationID
	EVSEs     []charging.EVSEID
}

func (c Choice) empty() bool { return len(c.Companies)+len(c.Locations)+len(c.EVSEs) == 0 }

// has is true where the choice names the company, the location or the EVSE.
func (c Choice) has(l charging.Location, id charging.EVSEID) bool {
	return slices.Contains(c.Companies, l.Company) || slices.Contains(c.Locations, l.ID) || slices.Contains(c.EVSEs, id)
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
	if err := r.validReserves(); err != nil {
		return err
	}
	if r.Departure.IsZero() {
		return charging.Invalid("departure", "is missing")
	}
	if !r.LatestArrival.IsZero() && !r.LatestArrival.After(r.Departure) {
		return charging.Invalid("latest_arrival", "is not after the departure")
	}
	if n := len(r.Insist.Locations) + len(r.Insist.EVSEs); n > MaxInsist {
		return charging.Invalid("insist", fmt.Sprintf("names %d stops; at most %d", n, MaxInsist))
	}
	if len(r.Held) > MaxHeld {
		return charging.Invalid("changes", fmt.Sprintf("hold %d stops in all; at most %d", len(r.Held), MaxHeld))
	}
	if len(r.Via) > MaxVia {
		return charging.Invalid("via", fmt.Sprintf("has %d places; at most %d", len(r.Via), MaxVia))
	}
	switch r.Objective {
	case "", trip.Fastest, trip.Cheapest, trip.FewestStops:
		return nil
	}
	return charging.Invalid("objective", "must be fastest, cheapest or fewest_stops")
}
