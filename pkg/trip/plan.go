package trip

import (
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
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
	// Origin and Destination are the ends of the journey; nil where nobody knows them.
	Origin      *Place `json:"origin,omitempty"`
	Destination *Place `json:"destination,omitempty"`
	// Via are the places that the plan passes, in travel order.
	Via []Via `json:"via,omitempty"`
	// Line is the road from the last stop to the destination, Profile the battery on the
	// whole way.
	Line    string  `json:"line,omitempty"`
	Profile Profile `json:"profile,omitempty"`
	// MarginSoC is the least that is left above what the request wants left, over the
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
	// on arrival, and are free then; the reserve may be used for that. BackupStops are the
	// first of them, the best one first.
	Backups     int      `json:"backups"`
	BackupStops []Backup `json:"backup_stops,omitempty"`
	Site
	// Line is the road that leads to the stop.
	Line string `json:"line,omitempty"`
	// PassedBy is true, in what a trip keeps, for a stop that was lost and is driven past.
	PassedBy bool `json:"passed_by,omitempty"`
	// Asked is what edits asked of the stop; nil for one that the planner chose freely.
	Asked *Asked `json:"asked,omitempty"`
}

// MaxBackups is how many back-ups a stop names at most.
const MaxBackups = 5

// Backup is an EVSE that could stand in for a stop, for as long a charge: the car drives there
// from the stop, with what it arrived with.
type Backup struct {
	CompanyID    charging.CompanyID  `json:"company_id"`
	LocationID   charging.LocationID `json:"location_id"`
	LocationName string              `json:"location_name"`
	EVSEID       charging.EVSEID     `json:"evse_id"`
	// Start and End are when it is free for that, by what was known when the plan was made.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// DistanceKM is how far from the stop it is, ArriveSoC with how much the car comes.
	DistanceKM float64 `json:"distance_km"`
	ArriveSoC  float64 `json:"arrive_soc"`
	// DeltaPrice is what as many kWh cost there more than at the stop.
	DeltaPrice float64 `json:"delta_price"`
}

// Lasting is the plan without what was true of the moment of planning only.
func (p Plan) Lasting() Plan {
	p.AsOf, p.Silent, p.Stops = nil, nil, slices.Clone(p.Stops)
	for k := range p.Stops {
		p.Stops[k].Backups, p.Stops[k].BackupStops = 0, nil
	}
	return p
}

// Place is where a journey begins or ends. Name is what to call it: a municipality's name
// with its state, or "near" the nearest one.
type Place struct {
	Name  string  `json:"name"`
	City  string  `json:"city"`
	State string  `json:"state"`
	Lat   float64 `json:"lat"`
	Lon   float64 `json:"lon"`
}

// Point is where the place is.
func (p Place) Point() geo.Point { return geo.Point{Lat: p.Lat, Lon: p.Lon} }

// Site is what one tells of a stop beside its ids: where it is, and what the car is given
// there. What is not known is empty.
type Site struct {
	LocationName string `json:"location_name,omitempty"`
	City         string `json:"city,omitempty"`
	// UF is the location's state, "PB": a stop has another "state", of its reservation.
	UF  string  `json:"location_state,omitempty"`
	Lat float64 `json:"lat,omitempty"`
	Lon float64 `json:"lon,omitempty"`
	// PowerKW and Standard are those of the connector that suits best.
	PowerKW  float64 `json:"power_kw,omitempty"`
	Standard string  `json:"standard,omitempty"`
}

// Profile is the battery along a way: [kilometres and minutes since the departure, charge
// 0…1], a point wherever it bends. Between two points it is a straight line.
type Profile [][3]float64

// MaxProfile is how many points a profile has at most.
const MaxProfile = 200
