package trip

import "github.com/eletrovia/eletrovia/pkg/charging"

// Reserves are charges, 0…1, that are to be left: on arrival at stops and places, and at the
// destination.
type Reserves struct {
	MinArrivalSoC     float64 `json:"min_arrival_soc"`
	MinDestinationSoC float64 `json:"min_destination_soc"`
}

// ThinnerPlan is a plan that keeps less than usual, and what it keeps.
type ThinnerPlan struct {
	Needs Reserves `json:"needs"`
	Plan
}

// Thinner is a refusal, INFEASIBLE_TRIP, together with plans that keep less than the reserves
// which nobody has given.
type Thinner struct {
	Refusal *charging.Refusal
	Plans   []ThinnerPlan
}

// Error is the refusal's.
func (t *Thinner) Error() string { return t.Refusal.Error() }

// Unwrap gives the refusal.
func (t *Thinner) Unwrap() error { return t.Refusal }
