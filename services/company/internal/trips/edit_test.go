package trips

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const ana = "vehicle EV-0001"

// basePlan is Ana's plan from João Pessoa to Feira de Santana.
func basePlan(t *testing.T, s *Service) trip.Plan {
	t.Helper()
	plans, err := s.Plan(t.Context(), api.PlanRequest{
		Origin: api.Endpoint{City: "joao pessoa, pb"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: soc(0.9), Departure: now.Add(time.Hour),
	}, ana)
	if err != nil || len(plans[0].Stops) < 3 {
		t.Fatalf("%v %+v", err, plans)
	}
	return plans[0]
}

// edited is the plan that comes of an edit.
func edited(t *testing.T, s *Service, base trip.Plan, via *[]api.Via, changes ...api.Change) trip.Plan {
	t.Helper()
	plans, err := s.Plan(t.Context(), api.PlanRequest{BasePlanID: base.ID, Changes: changes, Via: via}, ana)
	if err != nil || len(plans) != 1 || plans[0].ID == base.ID {
		t.Fatalf("%v %+v", err, plans)
	}
	return plans[0]
}

// TestEditsAccumulate: shows an edit that forgets what the one before asked, that changes its base, or
// that makes a plan which cannot be booked.
func TestEditsAccumulate(t *testing.T) {
	s, g, _ := counter(t)
	base := basePlan(t, s)
	fixed := edited(t, s, base, nil, api.Change{Leg: 1, Fix: true}, api.Change{Leg: 2, DepartSoC: soc(0.96)})
	if a := fixed.Stops[0]; a.EVSEID != base.Stops[0].EVSEID || !a.Start.Equal(base.Stops[0].Start) || a.Asked == nil || a.Asked.Hold != trip.HoldEVSE {
		t.Errorf("fixed %+v, was %+v", a, base.Stops[0])
	}
	if b := fixed.Stops[1]; b.LocationID != base.Stops[1].LocationID || b.DepartSoC != 0.96 {
		t.Errorf("leaves with %v: %+v", b.DepartSoC, b)
	}
	by := edited(t, s, fixed, &[]api.Via{{Endpoint: api.Endpoint{City: "Recife, PE"}, StayMinutes: 30}}, api.Change{Leg: 1, StayMinutes: 50})
	if v := by.Via; len(v) != 1 || v[0].Name != "Recife, PE" || v[0].StayMinutes != 30 || v[0].ArriveSoC <= 0 || v[0].Arrival.Before(by.Departure) {
		t.Fatalf("by %+v", v)
	}
	if a := by.Stops[0]; a.EVSEID != base.Stops[0].EVSEID || a.End.Sub(a.Start) < 50*time.Minute || a.Start.Before(base.Stops[0].Start) {
		t.Errorf("%+v", a)
	}
	if len(by.Profile) == 0 || by.Line == "" || by.Origin.City != "João Pessoa" || by.Departure != base.Departure {
		t.Errorf("%+v", by)
	}
	left := edited(t, s, by, &[]api.Via{}, api.Change{Leg: 1, Release: true}, api.Change{Avoid: trip.Choice{EVSEs: []charging.EVSEID{base.Stops[0].EVSEID}}})
	for _, st := range left.Stops {
		if st.EVSEID == base.Stops[0].EVSEID {
			t.Errorf("stops where it is to be avoided: %+v", st)
		}
		if st.LocationID == base.Stops[1].LocationID && (st.Asked == nil || st.DepartSoC != 0.96) {
			t.Errorf("forgets what was asked two edits before: %+v", st)
		}
	}
	if len(left.Via) != 0 || len(g.r.journey.Avoid.EVSEs) != 1 {
		t.Errorf("by %+v, avoids %+v", left.Via, g.r.journey.Avoid)
	}
	booked, _, err := s.Start(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: by.ID}, "")
	if err != nil || len(booked.Legs) != len(by.Stops) || !booked.Legs[0].Start.Equal(by.Stops[0].Start) {
		t.Errorf("booked %+v, %v", booked.Legs, err)
	}
	if again := edited(t, s, base, nil, api.Change{Leg: 1, Fix: true}, api.Change{Leg: 2, Fix: true}, api.Change{Leg: 3, Fix: true}, api.Change{Leg: 4, Fix: true}); again.Arrival != base.Arrival {
		t.Errorf("all fixed arrives at %v, the base at %v", again.Arrival, base.Arrival)
	}
}

// TestEditsThatCannotHold: each shows a change that is taken though it cannot hold, or whose refusal
// names another field, or not what would do.
func TestEditsThatCannotHold(t *testing.T) {
	s, _, _ := counter(t)
	base := basePlan(t, s)
	evse := base.Stops[0].EVSEID
	for name, c := range map[string]struct {
		req   api.PlanRequest
		by    string
		code  charging.Code
		field string
		says  string
	}{
		"no such plan":    {api.PlanRequest{BasePlanID: "p-none", Via: &[]api.Via{}}, ana, charging.CodeUnknownPlan, "base_plan_id", "ask for plans again"},
		"another's":       {api.PlanRequest{Via: &[]api.Via{}}, "vehicle EV-0002", charging.CodeUnknownPlan, "base_plan_id", "of yours"},
		"a stranger's":    {api.PlanRequest{Via: &[]api.Via{}}, "address 10.0.0.1", charging.CodeUnknownPlan, "base_plan_id", "of yours"},
		"leg 9":           {api.PlanRequest{Changes: []api.Change{{Leg: 1, Fix: true}, {Leg: 9, Fix: true}}}, ana, charging.CodeInvalidField, "changes[1].leg", "the base plan has 4 stops"},
		"twice":           {api.PlanRequest{Changes: []api.Change{{Leg: 1, DepartSoC: soc(0.8)}, {Leg: 1, DepartSoC: soc(0.9)}}}, ana, charging.CodeInvalidField, "changes[1].depart_soc", "stop 1"},
		"kept and moved":  {api.PlanRequest{Changes: []api.Change{{Leg: 1, Fix: true}, {Leg: 1, Replace: &api.Instead{EVSEID: evse}}}}, ana, charging.CodeInvalidField, "changes[1].replace", "stop 1"},
		"let go and kept": {api.PlanRequest{Changes: []api.Change{{Leg: 1, Release: true}, {Leg: 1, Fix: true}}}, ana, charging.CodeInvalidField, "changes[1].fix", "stop 1"},
		"too little":      {api.PlanRequest{Changes: []api.Change{{Leg: 1, Fix: true}, {Leg: 2, DepartSoC: soc(0.3)}}}, ana, charging.CodeInfeasibleTrip, "changes[1].depart_soc", "30% does not reach the next stop ("},
		"fuller already":  {api.PlanRequest{Changes: []api.Change{{Leg: 1, DepartSoC: soc(0.05)}}}, ana, charging.CodeInfeasibleTrip, "changes[0].depart_soc", "%"},
		"nobody's EVSE":   {api.PlanRequest{Changes: []api.Change{{Leg: 2, Replace: &api.Instead{EVSEID: "BR*MAR*E9999*9"}}}}, ana, charging.CodeInfeasibleTrip, "changes[0].replace", "BR*MAR*E9999*9 is not in the catalogue"},
		"kept, avoided":   {api.PlanRequest{Changes: []api.Change{{Leg: 1, Fix: true}, {Avoid: trip.Choice{EVSEs: []charging.EVSEID{evse}}}}}, ana, charging.CodeInfeasibleTrip, "changes[0].fix", "avoid"},
		"nobody is left":  {api.PlanRequest{Changes: []api.Change{{Avoid: trip.Choice{Companies: []charging.CompanyID{"MAR", "SER", "CAJ"}}}}}, ana, charging.CodeInfeasibleTrip, "changes[0].avoid", "leaves no way"},
		"a day at a plug": {api.PlanRequest{Changes: []api.Change{{Leg: 2, StayMinutes: 1400}}}, ana, charging.CodeInfeasibleTrip, "changes[0].stay_minutes", "240 minutes at most"},
		"by São Luís":     {api.PlanRequest{Via: &[]api.Via{{Endpoint: api.Endpoint{City: "Recife, PE"}}, {Endpoint: api.Endpoint{City: "São Luís, MA"}}}}, ana, charging.CodeInfeasibleTrip, "via[1]", "to get to São Luís, MA: the battery reaches"},
		"by Atlantis":     {api.PlanRequest{Via: &[]api.Via{{Endpoint: api.Endpoint{City: "Atlântida, PB"}}}}, ana, charging.CodeUnknownPlace, "via[0].city", "Atlântida"},
		"by the sea":      {api.PlanRequest{Via: &[]api.Via{{Endpoint: api.Endpoint{Lat: soc(-10), Lon: soc(-30)}}}}, ana, charging.CodeInfeasibleTrip, "via[0]", "road"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.req.BasePlanID == "" {
				c.req.BasePlanID = base.ID
			}
			_, err := s.Plan(t.Context(), c.req, c.by)
			var r *charging.Refusal
			if !errors.As(err, &r) || r.Code != c.code || len(r.Fields) == 0 || r.Fields[0].Field != c.field || !strings.Contains(r.Detail, c.says) {
				t.Errorf("%v (%+v), want %s at %s: %s", err, r, c.code, c.field, c.says)
			}
			t.Log(err)
		})
	}
}

// TestWhatWouldDoDoes: shows a figure in a refusal that does not hold either, or is not the nearest one.
func TestWhatWouldDoDoes(t *testing.T) {
	s, _, _ := counter(t)
	base := basePlan(t, s)
	_, err := s.Plan(t.Context(), api.PlanRequest{BasePlanID: base.ID, Changes: []api.Change{{Leg: 2, DepartSoC: soc(0.3)}}}, ana)
	_, rest, found := strings.Cut(err.Error(), "(")
	percent, _, _ := strings.Cut(rest, "%")
	need := 0.0
	for _, digit := range percent {
		need = 10*need + float64(digit-'0')
	}
	if !found || need < 31 || need > 100 {
		t.Fatal(err)
	}
	if got := edited(t, s, base, nil, api.Change{Leg: 2, DepartSoC: soc(need / 100)}); math.Abs(got.Stops[1].DepartSoC-need/100) > 1e-4 {
		t.Errorf("%.0f%% would do: %+v", need, got.Stops)
	}
	if _, err := s.Plan(t.Context(), api.PlanRequest{BasePlanID: base.ID, Changes: []api.Change{{Leg: 2, DepartSoC: soc(need/100 - 0.02)}}}, ana); err == nil {
		t.Errorf("%.0f%% is said to be needed, 2%% less do, too", need)
	}
}

// TestEditLeavesNow: shows an edit that leaves before now, or forgets the objective and the latest arrival.
func TestEditLeavesNow(t *testing.T) {
	s, g, _ := counter(t)
	base := basePlan(t, s)
	s.Now = func() time.Time { return now.Add(80 * time.Minute) }
	if got := edited(t, s, base, nil, api.Change{Leg: 1, Fix: true}); got.Departure.Before(s.Now()) {
		t.Errorf("leaves at %v, it is %v", got.Departure, s.Now())
	}
	s.Now = func() time.Time { return now }
	by := now.Add(40 * time.Hour)
	plans, err := s.Plan(t.Context(), api.PlanRequest{
		Origin: api.Endpoint{City: "joao pessoa, pb"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: soc(0.9), LatestArrival: by, Objective: trip.Cheapest,
	}, ana)
	if err != nil {
		t.Fatal(err)
	}
	late := edited(t, s, plans[0], &[]api.Via{{Endpoint: api.Endpoint{City: "Caruaru, PE"}, StayMinutes: 90}})
	if late.Arrival.After(by) || by.Sub(late.Arrival) > time.Hour || !late.Departure.Before(plans[0].Departure) || g.r.journey.Objective != trip.Cheapest {
		t.Errorf("from %v to %v, before from %v; %+v", late.Departure, late.Arrival, plans[0].Departure, g.r.journey)
	}
}

// TestATripRemembersWhatItPasses: shows a trip that is booked by a plan with a place, and judged without it.
func TestATripRemembersWhatItPasses(t *testing.T) {
	s, g, _ := counter(t)
	by := edited(t, s, basePlan(t, s), &[]api.Via{{Endpoint: api.Endpoint{City: "Caruaru, PE"}, StayMinutes: 30}})
	if _, _, err := s.Start(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: by.ID}, ""); err != nil {
		t.Fatal(err)
	}
	j, v := g.started[0].Saga.Journey, by.Via[0]
	if len(j.Via) != 1 || j.Via[0].Point != v.Point() || j.StayBetween(v.AfterLeg) != 30*time.Minute || j.StayBetween(v.AfterLeg+1) != 0 {
		t.Errorf("it passes %+v, planned %+v", j.Via, v)
	}
}
