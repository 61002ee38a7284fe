package trip

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Via is a place that a plan passes without charging, in the order of the journey.
type Via struct {
	Place
	// StayMinutes is how long the car stands there.
	StayMinutes float64 `json:"stay_minutes"`
	// AfterLeg is the number of stops before it.
	AfterLeg int `json:"after_leg"`
	// DistanceKM is of the drive that leads to it, from the stop or the via before.
	DistanceKM float64 `json:"distance_km"`
	// Arrival is when the car is there, ArriveSoC its charge then.
	Arrival   time.Time `json:"arrival,omitzero"`
	ArriveSoC float64   `json:"arrive_soc"`
}

// ViaAfter are the places that a plan passes after so many stops, before the next one.
func (p Plan) ViaAfter(stops int) []Via {
	var some []Via
	for _, v := range p.Via {
		if v.AfterLeg == stops {
			some = append(some, v)
		}
	}
	return some
}

// Stay is how long the car stands there.
func (v Via) Stay() time.Duration { return time.Duration(v.StayMinutes * float64(time.Minute)) }

// Waypoint is a via as a booked trip's journey remembers it: where, how long, and after how
// many stops.
type Waypoint struct {
	geo.Point
	StayMinutes float64 `json:"stay_minutes,omitempty"`
	AfterLeg    int     `json:"after_leg,omitempty"`
}

// Stay is how long the car stands there.
func (w Waypoint) Stay() time.Duration { return Via{StayMinutes: w.StayMinutes}.Stay() }

// Waypoints are the vias of a plan, for the journey of a trip that is booked by it.
func (p Plan) Waypoints() []Waypoint {
	var all []Waypoint
	for _, v := range p.Via {
		all = append(all, Waypoint{v.Point(), v.StayMinutes, v.AfterLeg})
	}
	return all
}

// Between is what lies between two stops of a trip: the places that it passes after the first
// so many stops, up to the next one. It is the one rule by which a drive of a booked trip is more
// than the road from stop to stop; nil safe, and empty for most.
func (j *Journey) Between(stops int) []Waypoint {
	if j == nil {
		return nil
	}
	var some []Waypoint
	for _, w := range j.Via {
		if w.AfterLeg == stops {
			some = append(some, w)
		}
	}
	return some
}

// StayBetween is how long the car stands at the places that Between gives.
func (j *Journey) StayBetween(stops int) (stay time.Duration) {
	for _, w := range j.Between(stops) {
		stay += w.Stay()
	}
	return stay
}

// Asked is what a driver asked of a stop by editing a plan (docs/adr/0023-editing-a-plan.md). It goes on to what is made of the
// plan by further edits.
type Asked struct {
	// Hold is what the stop keeps: its EVSE, or its location.
	Hold Hold `json:"hold"`
	// Start and End are the window that the stop keeps as far as possible; zero where it may have any.
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// DepartSoC is the charge to leave with, 0 … 1; 0 where that is open.
	DepartSoC float64 `json:"depart_soc,omitempty"`
	// StayMinutes is how long the window is at least; 0 where that is open.
	StayMinutes float64 `json:"stay_minutes,omitempty"`
}

// Hold is what a stop of an edited plan keeps.
type Hold string

// What a stop may keep.
const (
	HoldEVSE     Hold = "evse"
	HoldLocation Hold = "location"
)
