package trip

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Objective is what a plan is best at.
type Objective string

// The objectives of a plan.
const (
	Fastest     Objective = "fastest"
	Cheapest    Objective = "cheapest"
	FewestStops Objective = "fewest_stops"
)

// Plan is one way to make a journey: its stops and totals. Minutes and
// kilometres are rounded to a tenth, prices to a cent, charges are fractions
// 0…1.
type Plan struct {
	ID            string     `json:"plan_id"`
	Departure     time.Time  `json:"departure"`
	Arrival       time.Time  `json:"arrival"`
	TotalMinutes  float64    `json:"total_minutes"`
	DriveMinutes  float64    `json:"drive_minutes"`
	ChargeMinutes float64    `json:"charge_minutes"`
	DistanceKM    float64    `json:"distance_km"`
	Price         float64    `json:"price"`
	Currency      string     `json:"currency"`
	ArriveSoC     float64    `json:"arrive_soc"`
	Stops         []PlanStop `json:"stops"`
	// MarginSoC is the least that is left above the request's min_arrival_soc, over the
	// arrivals at the stops and at the destination.
	MarginSoC float64 `json:"margin_soc"`
	// AsOf is when each company that was looked at said what is free there; what has been
	// booked since is not in the plan. Silent are those that did not answer.
	AsOf   map[charging.CompanyID]time.Time `json:"as_of,omitempty"`
	Silent []charging.CompanyID             `json:"silent,omitempty"`
}

// PlanStop is one charging stop of a plan.
type PlanStop struct {
	Leg        int                 `json:"leg"`
	CompanyID  charging.CompanyID  `json:"company_id"`
	LocationID charging.LocationID `json:"location_id"`
	EVSEID     charging.EVSEID     `json:"evse_id"`
	// Start and End are the window to reserve.
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
	ArriveSoC float64   `json:"arrive_soc"`
	DepartSoC float64   `json:"depart_soc"`
	EnergyKWh float64   `json:"energy_kwh"`
	Price     float64   `json:"price"`
	// DistanceKM and DriveMinutes are of the drive that leads to the stop.
	DistanceKM   float64 `json:"distance_km"`
	DriveMinutes float64 `json:"drive_minutes"`
	// CancelUntil is the last instant at which the stop may be given back by its
	// company's terms, the grace after booking left out; zero where the terms are
	// not known.
	CancelUntil time.Time `json:"cancel_until,omitzero"`
	// Backups is how many other EVSEs that suit the car could be reached with what is left
	// on arrival, and are free then; the reserve may be used for that.
	Backups int `json:"backups"`
}
