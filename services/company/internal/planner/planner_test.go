package planner_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/inventory"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

var monday = time.Date(2030, 3, 4, 9, 0, 0, 0, time.UTC)

func locations() []charging.Location {
	var all []charging.Location
	for _, id := range inventory.Companies() {
		inv, _ := inventory.Default(id)
		all = append(all, inv.Locations...)
	}
	return all
}

func demo() *planner.Planner { return planner.New(road.Default(), locations()) }

func at(t testing.TB, name string) geo.Point {
	t.Helper()
	p, err := road.Default().Place(name)
	if err != nil {
		t.Fatal(err)
	}
	return p.Point
}

// mission is the trip of the mission's example.
func mission(t testing.TB) planner.Request {
	t.Helper()
	car, ok := vehicle.ByID("byd-dolphin")
	if !ok {
		t.Fatal("no byd-dolphin")
	}
	return planner.Request{
		Origin: at(t, "João Pessoa, PB"), Destination: at(t, "Feira de Santana, BA"), Vehicle: car,
		SoC: 0.9, MinArrivalSoC: planner.DefaultMinArrivalSoC, Departure: monday,
	}
}

func TestMissionCrossesTheThreeCompanies(t *testing.T) {
	p := demo()
	for _, soc := range []float64{0.8, 0.9, 1} {
		r := mission(t)
		r.SoC = soc
		plans, err := p.Plans(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := planner.Companies(plans[0])
		if !slices.Equal(got, []charging.CompanyID{"MAR", "SER", "CAJ"}) || len(plans[0].Stops) != 3 {
			t.Errorf("from %v: companies %v, %d stops", soc, got, len(plans[0].Stops))
		}
		if len(plans) != planner.MaxPlans {
			t.Errorf("%d plans, want %d", len(plans), planner.MaxPlans)
		}
		for _, plan := range plans {
			resimulate(t, r, plan, nil)
		}
	}
}

func TestObjectives(t *testing.T) {
	p := demo()
	plan := func(o trip.Objective) trip.Plan {
		r := mission(t)
		r.SoC, r.Objective = 0.6, o
		plans, err := p.Plans(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		resimulate(t, r, plans[0], nil)
		return plans[0]
	}
	fastest, cheapest, fewest := plan(trip.Fastest), plan(trip.Cheapest), plan(trip.FewestStops)
	if fastest.TotalMinutes > cheapest.TotalMinutes || fastest.TotalMinutes > fewest.TotalMinutes {
		t.Errorf("fastest takes %v min, cheapest %v, fewest stops %v", fastest.TotalMinutes, cheapest.TotalMinutes, fewest.TotalMinutes)
	}
	if cheapest.Price >= fastest.Price || cheapest.Price > fewest.Price {
		t.Errorf("cheapest costs %v, fastest %v, fewest stops %v", cheapest.Price, fastest.Price, fewest.Price)
	}
	if len(fewest.Stops) > len(fastest.Stops) || len(fewest.Stops) > len(cheapest.Stops) {
		t.Errorf("fewest stops has %d, fastest %d, cheapest %d", len(fewest.Stops), len(fastest.Stops), len(cheapest.Stops))
	}
}

func TestPlansDiffer(t *testing.T) {
	plans, err := demo().Plans(mission(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	last := 0.0
	for _, plan := range plans {
		var key strings.Builder
		for _, s := range plan.Stops {
			key.WriteString(string(s.LocationID) + " ")
		}
		if seen[key.String()] {
			t.Errorf("twice: %s", key.String())
		}
		seen[key.String()] = true
		if plan.TotalMinutes < last-1 {
			t.Errorf("%v min after %v", plan.TotalMinutes, last)
		}
		last = plan.TotalMinutes
	}
}

func TestShortTripNeedsNoStop(t *testing.T) {
	r := mission(t)
	r.Destination = at(t, "Recife, PE")
	plans, err := demo().Plans(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(plans) != 1 || plans[0].Stops == nil || len(plans[0].Stops) != 0 || plans[0].Price != 0 {
		t.Errorf("plans %+v, want one without stops", plans)
	}
	if plans[0].DistanceKM < 100 || plans[0].DriveMinutes != plans[0].TotalMinutes {
		t.Errorf("totals %+v", plans[0])
	}
}

// All EVSEs but one of the best plan's second site are booked for the morning.
func TestPlansKeepToFreeWindows(t *testing.T) {
	p, r := demo(), mission(t)
	open, err := p.Plans(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	second := open[0].Stops[1]
	free := func(id charging.EVSEID) []charging.Window {
		whole := charging.Window{Start: monday.Add(-time.Hour), End: monday.Add(72 * time.Hour)}
		if id != second.EVSEID {
			return []charging.Window{whole}
		}
		return []charging.Window{{Start: whole.Start, End: second.Start}, {Start: second.End, End: whole.End}}
	}
	plans, err := p.Plans(r, free)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range plans {
		resimulate(t, r, plan, free)
	}
	if got := plans[0].Stops[1]; got.LocationID == second.LocationID && got.EVSEID == second.EVSEID && got.Start.Before(second.End) {
		t.Errorf("plan takes %s at %v, which is booked", got.EVSEID, got.Start)
	}
}

func TestInfeasibleSaysWhere(t *testing.T) {
	small := vehicle.Vehicle{UsableBatteryKWh: 20, ConsumptionKWh100Km: 20, DCKW: 50}
	tests := []struct {
		name   string
		change func(*planner.Request)
		want   []string
	}{
		{"empty at the start", func(r *planner.Request) { r.SoC = 0.11 }, []string{"from the origin", "start fuller", "PB"}},
		{"a small battery", func(r *planner.Request) { r.Vehicle = small; r.SoC = 1 }, []string{"it needs a charger between"}},
		{"a far coast", func(r *planner.Request) { r.Destination = at(t, "São Luís, MA") }, []string{"it needs a charger between", "km"}},
	}
	p := demo()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := mission(t)
			tt.change(&r)
			_, err := p.Plans(r, nil)
			var infeasible *planner.Infeasible
			if !errors.As(err, &infeasible) || !errors.Is(err, charging.CodeInfeasibleTrip) {
				t.Fatalf("error %v, want INFEASIBLE_TRIP", err)
			}
			if infeasible.ReachedKm < 0 || infeasible.ReachedKm >= infeasible.JourneyKm || infeasible.GapKm <= infeasible.RangeKm {
				t.Errorf("%+v", infeasible)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestInfeasibleBecauseBooked(t *testing.T) {
	_, err := demo().Plans(mission(t), func(charging.EVSEID) []charging.Window { return nil })
	var infeasible *planner.Infeasible
	if !errors.As(err, &infeasible) || !infeasible.Booked {
		t.Errorf("error %v, want that all is booked", err)
	}
}

func TestPlansRefuseBadFields(t *testing.T) {
	tests := []struct {
		field  string
		change func(*planner.Request)
	}{
		{"origin", func(r *planner.Request) { r.Origin.Lat = math.NaN() }},
		{"origin", func(r *planner.Request) { r.Origin = geo.Point{Lat: 48, Lon: 2} }},
		{"destination", func(r *planner.Request) { r.Destination.Lon = 181 }},
		{"destination", func(r *planner.Request) { r.Destination = r.Origin }},
		{"destination", func(r *planner.Request) { r.Destination = geo.Point{Lat: -8, Lon: -30} }},
		{"vehicle.usable_battery_kwh", func(r *planner.Request) { r.Vehicle.UsableBatteryKWh = -1 }},
		{"soc", func(r *planner.Request) { r.SoC = 1.1 }},
		{"soc", func(r *planner.Request) { r.SoC = 0 }},
		{"soc", func(r *planner.Request) { r.SoC = math.NaN() }},
		{"min_arrival_soc", func(r *planner.Request) { r.MinArrivalSoC = 0.95 }},
		{"min_arrival_soc", func(r *planner.Request) { r.MinArrivalSoC = math.NaN() }},
		{"departure", func(r *planner.Request) { r.Departure = time.Time{} }},
		{"objective", func(r *planner.Request) { r.Objective = "prettiest" }},
	}
	p := demo()
	for _, tt := range tests {
		r := mission(t)
		tt.change(&r)
		_, err := p.Plans(r, nil)
		var refusal *charging.Refusal
		if !errors.As(err, &refusal) || refusal.Code != charging.CodeInvalidField || refusal.Fields[0].Field != tt.field {
			t.Errorf("error %v, want INVALID_FIELD of %s", err, tt.field)
		}
	}
}

func TestNewLeavesOutWhatCannotBeUsed(t *testing.T) {
	var kept []charging.Location
	for _, l := range locations() {
		l.EVSEs = slices.Clone(l.EVSEs)
		for i := range l.EVSEs {
			l.EVSEs[i].Status = charging.StatusOutOfOrder
		}
		kept = append(kept, l)
	}
	kept = append(kept, charging.Location{ID: "BR*MAR*LSEA01", Point: geo.Point{Lat: -8, Lon: -30}})
	if _, err := planner.New(road.Default(), kept).Plans(mission(t), nil); !errors.Is(err, charging.CodeInfeasibleTrip) {
		t.Errorf("error %v, want INFEASIBLE_TRIP: every EVSE is out of order", err)
	}
}

// TestPlansSayUntilWhenStopsAreFree: by the terms of each stop's company, which
// differ, so that they are seen before booking.
func TestPlansSayUntilWhenStopsAreFree(t *testing.T) {
	terms := map[charging.LocationID]charging.Terms{}
	for _, l := range locations() {
		terms[l.ID] = l.Terms
	}
	plans, err := demo().Plans(mission(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plans[0].Stops {
		if before := s.Start.Sub(s.CancelUntil); before != terms[s.LocationID].CancelUntil || before == 0 {
			t.Errorf("stop %d at %s is free until %s before its start, the terms say %s", s.Leg, s.LocationID, before, terms[s.LocationID].CancelUntil)
		}
	}
}
