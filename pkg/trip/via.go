package trip

import "time"

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

// Asked is what a driver asked of a stop by editing a plan (docs/adr/0023). It goes on to what is made of the
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
