package planner_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

func TestAvoid(t *testing.T) {
	p, r := demo(), mission(t)
	first := missionPlan(t, p, r, nil).Stops[0]
	tests := []struct {
		name  string
		avoid planner.Choice
		bad   func(trip.PlanStop) bool
	}{
		{"a company", planner.Choice{Companies: []charging.CompanyID{"SER"}}, func(s trip.PlanStop) bool { return s.CompanyID == "SER" }},
		{"a location", planner.Choice{Locations: []charging.LocationID{first.LocationID}}, func(s trip.PlanStop) bool { return s.LocationID == first.LocationID }},
		{"an EVSE", planner.Choice{EVSEs: []charging.EVSEID{first.EVSEID}}, func(s trip.PlanStop) bool { return s.EVSEID == first.EVSEID }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := r
			r.Avoid = tt.avoid
			plans, err := p.Plans(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, plan := range plans {
				resimulate(t, r, plan, nil)
				if slices.ContainsFunc(plan.Stops, tt.bad) {
					t.Errorf("stops where it must not: %+v", plan.Stops)
				}
			}
		})
	}
}

func TestInsist(t *testing.T) {
	p, r := demo(), mission(t)
	best := missionPlan(t, p, r, nil)
	var other charging.Location // in Caruaru, off the way
	for _, l := range locations() {
		if l.City == "Caruaru" {
			other = l
		}
	}
	if other.ID == "" {
		t.Fatal("the demo has nothing in Caruaru")
	}
	t.Run("a location off the way", func(t *testing.T) {
		r := r
		r.Insist.Locations = []charging.LocationID{other.ID}
		plan := missionPlan(t, p, r, nil)
		resimulate(t, r, plan, nil)
		if !slices.ContainsFunc(plan.Stops, func(s trip.PlanStop) bool { return s.LocationID == other.ID }) {
			t.Errorf("does not stop at %s: %+v", other.ID, plan.Stops)
		}
		if plan.TotalMinutes <= best.TotalMinutes {
			t.Errorf("takes %v min, the best plan %v", plan.TotalMinutes, best.TotalMinutes)
		}
	})
	t.Run("an EVSE", func(t *testing.T) {
		r := r
		want := other.EVSEs[len(other.EVSEs)-1].ID
		r.Insist.EVSEs = []charging.EVSEID{want}
		plan := missionPlan(t, p, r, nil)
		resimulate(t, r, plan, nil)
		if !slices.ContainsFunc(plan.Stops, func(s trip.PlanStop) bool { return s.EVSEID == want }) {
			t.Errorf("does not stop at %s: %+v", want, plan.Stops)
		}
	})
	t.Run("a company that is not everywhere", func(t *testing.T) {
		r := r
		r.Insist.Companies = []charging.CompanyID{"MAR"}
		var no *planner.Infeasible
		if _, err := p.Plans(r, nil); !errors.As(err, &no) || no.LastName == "" {
			t.Errorf("error %v, want how far MAR's chargers lead", err)
		}
	})
	t.Run("what nobody has", func(t *testing.T) {
		r := r
		r.Insist.Locations = []charging.LocationID{"BR*MAR*LNONE1"}
		if _, err := p.Plans(r, nil); !errors.Is(err, charging.CodeInvalidField) {
			t.Errorf("error %v, want INVALID_FIELD", err)
		}
	})
}

func TestLatestArrival(t *testing.T) {
	p, r := demo(), mission(t)
	free := randomFree(5)
	soonest := missionPlan(t, p, r, free)
	r.LatestArrival = soonest.Arrival.Add(7 * time.Hour)
	plans, err := p.Plans(r, free)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range plans {
		if plan.Arrival.After(r.LatestArrival) || plan.Departure.Before(r.Departure) {
			t.Errorf("from %v to %v; want after %v, by %v", plan.Departure, plan.Arrival, r.Departure, r.LatestArrival)
		}
	}
	if slack := r.LatestArrival.Sub(plans[0].Arrival); plans[0].Departure.Sub(soonest.Departure) < 4*time.Hour {
		t.Errorf("leaves at %v, only %v after the soonest, %v early", plans[0].Departure, plans[0].Departure.Sub(soonest.Departure), slack)
	}
	r.LatestArrival = soonest.Arrival.Add(-time.Hour)
	var no *planner.Infeasible
	if _, err := p.Plans(r, free); !errors.As(err, &no) || !no.Late || !no.Earliest.Equal(soonest.Arrival) {
		t.Errorf("error %v, want that the earliest arrival is %v", err, soonest.Arrival)
	}
}

// Another plan is no variation: half of its stops at least are in other towns.
func TestPlansAreDistinct(t *testing.T) {
	plans, err := demo().Plans(mission(t), nil)
	if err != nil || len(plans) < 2 {
		t.Fatalf("%d plans, %v", len(plans), err)
	}
	towns := map[charging.LocationID]string{}
	for _, l := range locations() {
		towns[l.ID] = l.City
	}
	for i, a := range plans {
		for _, b := range plans[:i] {
			again := 0
			for _, s := range a.Stops {
				if slices.ContainsFunc(b.Stops, func(o trip.PlanStop) bool { return towns[o.LocationID] == towns[s.LocationID] }) {
					again++
				}
			}
			if 2*again > max(len(a.Stops), len(b.Stops)) {
				t.Errorf("%d of %d stops are in the same towns", again, len(a.Stops))
			}
		}
	}
}

func TestRobustness(t *testing.T) {
	p, r := demo(), mission(t)
	plan := missionPlan(t, p, r, nil)
	least := plan.ArriveSoC
	for _, s := range plan.Stops {
		least = min(least, s.ArriveSoC)
		others := 0
		for _, l := range locations() {
			if l.ID == s.LocationID {
				others = len(l.EVSEs) - 1
			}
		}
		if s.Backups < others-1 { // one of them may be too slow to count, or of no use to the car
			t.Errorf("stop %d has %d back-ups, its own site has %d other EVSEs", s.Leg, s.Backups, others)
		}
		if n := len(s.BackupStops); n > min(s.Backups, trip.MaxBackups) || n == 0 && s.Backups > 0 {
			t.Errorf("stop %d names %d of %d back-ups", s.Leg, n, s.Backups)
		}
	}
	if off := plan.MarginSoC - (least - r.MinArrivalSoC); off > 2e-4 || off < -2e-4 || plan.MarginSoC < 0 {
		t.Errorf("margin_soc %v, want %v", plan.MarginSoC, least-r.MinArrivalSoC)
	}
	only := func(id charging.EVSEID) []charging.Window {
		for _, s := range plan.Stops {
			if s.EVSEID == id {
				return []charging.Window{{Start: monday.Add(-time.Hour), End: monday.Add(48 * time.Hour)}}
			}
		}
		return nil
	}
	for _, s := range missionPlan(t, p, r, only).Stops {
		if s.Backups > 0 {
			t.Errorf("stop %d has %d back-ups, but nothing else is free", s.Leg, s.Backups)
		}
	}
}
