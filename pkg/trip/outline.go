package trip

import (
	"cmp"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Outline is what a trip shows of its plan beside its stops; units are those of Plan. What
// nobody knows is left out: of stops given by hand without a charge, the ends and the battery.
type Outline struct {
	ID            string    `json:"plan_id,omitempty"`
	Origin        *Place    `json:"origin,omitempty"`
	Destination   *Place    `json:"destination,omitempty"`
	Via           []Via     `json:"via,omitempty"`
	Departure     time.Time `json:"departure,omitzero"`
	Arrival       time.Time `json:"arrival,omitzero"`
	TotalMinutes  float64   `json:"total_minutes"`
	DriveMinutes  float64   `json:"drive_minutes"`
	ChargeMinutes float64   `json:"charge_minutes"`
	DistanceKM    float64   `json:"distance_km"`
	Price         float64   `json:"price"`
	Currency      string    `json:"currency"`
	// ArriveSoC and MarginSoC are nil where the battery is not known.
	ArriveSoC *float64 `json:"arrive_soc,omitempty"`
	MarginSoC *float64 `json:"margin_soc,omitempty"`
	Line      string   `json:"line,omitempty"`
	Profile   Profile  `json:"profile,omitempty"`
	// Driven is the battery as the car has reported it so far, beside Profile.
	Driven Profile `json:"driven,omitempty"`
}

// LegPlan is what the plan says of a stop. A stop that is driven past has its site alone.
type LegPlan struct {
	LocationID charging.LocationID `json:"location_id,omitempty"`
	Site
	// ArriveSoC and DepartSoC are nil where the battery is not known.
	ArriveSoC *float64 `json:"arrive_soc,omitempty"`
	DepartSoC *float64 `json:"depart_soc,omitempty"`
	// DistanceKM is of the drive that leads to the stop, Line its road.
	DistanceKM  float64   `json:"distance_km,omitempty"`
	CancelUntil time.Time `json:"cancel_until,omitzero"`
	Line        string    `json:"line,omitempty"`
}

// LetGo reports whether a stop (from 0) was lost for good: nothing is held there, and nothing
// is asked about it any more. Of a trip that is not CONFIRMED none is.
func (t Trip) LetGo(k int) bool {
	s := t.Legs[k].State
	return t.State == Confirmed && s.Final() && s != charging.Fulfilled && t.Question(k+1) == nil
}

// Fits reports whether a plan that was kept is that of the trip as it is now.
func (p Plan) Fits(t Trip) bool {
	if len(p.Stops) != len(t.Legs) {
		return false
	}
	for k := range p.Stops {
		if !p.FitsStop(t, k) {
			return false
		}
	}
	return true
}

// FitsStop is Fits for one stop (from 0). What a leg does not say, its energy or its price, may
// have been found out.
func (p Plan) FitsStop(t Trip, k int) bool {
	if k >= len(p.Stops) {
		return false
	}
	s, l := p.Stops[k], t.Legs[k]
	return s.EVSEID == l.EVSEID && s.Start.Equal(l.Start) && s.End.Equal(l.End) &&
		(l.EnergyKWh == 0 || l.EnergyKWh == s.EnergyKWh) && (l.Price == 0 || l.Price == s.Price) &&
		(t.State != Confirmed || s.PassedBy == t.LetGo(k))
}

// With is the trip with its plan, whose stops must be its own. geometry says whether with
// Line and Profile.
func (t Trip) With(p Plan, geometry bool) Trip {
	t.Plan = &Outline{
		ID: p.ID, Origin: p.Origin, Destination: p.Destination, Via: p.Via, Departure: p.Departure, Arrival: p.Arrival,
		TotalMinutes: p.TotalMinutes, DriveMinutes: p.DriveMinutes, ChargeMinutes: p.ChargeMinutes,
		DistanceKM: p.DistanceKM, Price: p.Price, Currency: p.Currency,
	}
	known := len(p.Profile) > 0
	if known {
		t.Plan.ArriveSoC, t.Plan.MarginSoC = &p.ArriveSoC, &p.MarginSoC
	}
	if geometry {
		t.Plan.Line, t.Plan.Profile = p.Line, p.Profile
	}
	t.Legs = slices.Clone(t.Legs)
	for k := range min(len(t.Legs), len(p.Stops)) {
		t.Legs[k].plan(p.Stops[k], known, geometry)
	}
	return t
}

// WithoutEnds is a trip that was given its plan, for somebody else than its driver: where the
// journey begins and ends, what it passes, and the roads that lead there, are left out.
func (t Trip) WithoutEnds() Trip {
	if t.Plan == nil {
		return t
	}
	plan := *t.Plan
	t.Plan, t.Legs = &plan, slices.Clone(t.Legs)
	for k := range t.Legs {
		private := k == 0 || slices.ContainsFunc(plan.Via, func(v Via) bool { return v.AfterLeg == k })
		if private && t.Legs[k].LegPlan != nil {
			leg := *t.Legs[k].LegPlan
			leg.Line = ""
			t.Legs[k].LegPlan = &leg
		}
	}
	plan.Origin, plan.Destination, plan.Via, plan.Line = nil, nil, nil, ""
	return t
}

func (l *Leg) plan(s PlanStop, battery, geometry bool) {
	l.LegPlan = &LegPlan{LocationID: s.LocationID, Site: s.Site, CancelUntil: s.CancelUntil}
	if s.PassedBy {
		return
	}
	l.DistanceKM, l.DriveMinutes = s.DistanceKM, s.DriveMinutes
	l.EnergyKWh, l.Price = cmp.Or(l.EnergyKWh, s.EnergyKWh), cmp.Or(l.Price, s.Price)
	if battery {
		l.ArriveSoC, l.DepartSoC = &s.ArriveSoC, &s.DepartSoC
	}
	if geometry {
		l.Line = s.Line
	}
}
