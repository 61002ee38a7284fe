package trips

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func at(company string, hours int) api.Stop {
	start := now.Add(time.Duration(hours) * time.Hour)
	return api.Stop{EVSEID: charging.EVSEID("BR*" + company + "*E0001*1"), Start: start, End: start.Add(time.Hour)}
}

func request(stops ...api.Stop) api.TripRequest {
	return api.TripRequest{VehicleID: "EV-0001", Stops: stops}
}

func TestStartFillsLegsAndDefaults(t *testing.T) {
	s, g, _ := counter(t)
	got, replayed, err := s.Start(t.Context(), request(at("MAR", 1), at("SER", 3)), "")
	if err != nil || replayed {
		t.Fatal(err, replayed)
	}
	if got.OnConflict != trip.Ask || got.Saga != nil || len(g.started) != 1 || g.started[0].Saga.DecisionTimeout != DefaultDecisionTimeout {
		t.Errorf("%+v", got)
	}
	if l := got.Legs[1]; l.Leg != 2 || l.CompanyID != "SER" || got.Origin != "MAR" {
		t.Errorf("leg %+v of %s", l, got.Origin)
	}
}

func TestBadRequestsNameTheField(t *testing.T) {
	long := at("SER", 3)
	long.End = long.Start.Add(25 * time.Hour)
	short := at("SER", 3)
	short.End = short.Start.Add(time.Minute)
	backwards := at("SER", 3)
	backwards.End = backwards.Start.Add(-time.Hour)
	unknown := at("SER", 3)
	unknown.EVSEID = "BR*SER*E9999*1"
	hostile := at("SER", 3)
	hostile.EVSEID = "BR*SER*{E}\n"
	for name, c := range map[string]struct {
		req   api.TripRequest
		code  charging.Code
		field string
	}{
		"no vehicle":       {api.TripRequest{Stops: []api.Stop{at("MAR", 1)}}, charging.CodeInvalidField, "vehicle_id"},
		"no stops":         {request(), charging.CodeInvalidField, "stops"},
		"plan and stops":   {api.TripRequest{VehicleID: "EV-0001", PlanID: "p", Stops: []api.Stop{at("MAR", 1)}}, charging.CodeInvalidField, "stops"},
		"unknown plan":     {api.TripRequest{VehicleID: "EV-0001", PlanID: "p"}, charging.CodeUnknownPlan, ""},
		"policy":           {api.TripRequest{VehicleID: "EV-0001", Stops: []api.Stop{at("MAR", 1)}, OnConflict: "fight"}, charging.CodeInvalidField, "on_conflict"},
		"timeout":          {api.TripRequest{VehicleID: "EV-0001", Stops: []api.Stop{at("MAR", 1)}, DecisionTimeoutSeconds: 601}, charging.CodeInvalidField, "decision_timeout_seconds"},
		"past":             {request(at("MAR", -1)), charging.CodeInvalidWindow, "stops[0].start"},
		"years ahead":      {request(at("MAR", 24*400)), charging.CodeInvalidWindow, "stops[0].start"},
		"too long":         {request(at("MAR", 1), long), charging.CodeInvalidWindow, "stops[1].end"},
		"too short":        {request(at("MAR", 1), short), charging.CodeInvalidWindow, "stops[1].end"},
		"ends first":       {request(at("MAR", 1), backwards), charging.CodeInvalidWindow, "stops[1].end"},
		"out of order":     {request(at("SER", 3), at("MAR", 1)), charging.CodeInvalidWindow, "stops[1].start"},
		"the same twice":   {request(at("SER", 3), at("SER", 3)), charging.CodeInvalidWindow, "stops[1].start"},
		"unknown EVSE":     {request(at("MAR", 1), unknown), charging.CodeUnknownEVSE, "stops[1].evse_id"},
		"hostile EVSE":     {request(at("MAR", 1), hostile), charging.CodeInvalidField, "stops[1].evse_id"},
		"too many":         {request(slices.Repeat([]api.Stop{at("MAR", 1)}, 21)...), charging.CodeInvalidField, "stops"},
		"hostile vehicle":  {api.TripRequest{VehicleID: "EV/+/#", Stops: []api.Stop{at("MAR", 1)}}, charging.CodeInvalidField, "vehicle_id"},
		"enormous vehicle": {api.TripRequest{VehicleID: charging.VehicleID(strings.Repeat("x", 10_000)), Stops: []api.Stop{at("MAR", 1)}}, charging.CodeInvalidField, "vehicle_id"},
	} {
		t.Run(name, func(t *testing.T) {
			s, g, _ := counter(t)
			_, _, err := s.Start(t.Context(), c.req, "")
			var r *charging.Refusal
			if !errors.As(err, &r) || r.Code != c.code {
				t.Fatalf("%v, want %s", err, c.code)
			}
			if c.field != "" && (len(r.Fields) != 1 || r.Fields[0].Field != c.field) {
				t.Errorf("fields %+v, want %s", r.Fields, c.field)
			}
			if len(g.started) != 0 {
				t.Error("a saga began")
			}
		})
	}
}

func TestACompanyThatWasNeverReadIsAskedByTheSaga(t *testing.T) {
	s, g, _ := counter(t)
	if _, _, err := s.Start(t.Context(), request(at("FAR", 1)), ""); err != nil || len(g.started) != 1 {
		t.Fatal(err)
	}
}

func TestOneKeyOneTrip(t *testing.T) {
	s, g, _ := counter(t)
	first, _, err := s.Start(t.Context(), request(at("MAR", 1)), "k")
	if err != nil {
		t.Fatal(err)
	}
	again, replayed, err := s.Start(t.Context(), request(at("MAR", 1)), "k")
	if err != nil || !replayed || again.ID != first.ID || len(g.started) != 1 {
		t.Fatalf("%v %v %s, started %d", err, replayed, again.ID, len(g.started))
	}
	if _, _, err := s.Start(t.Context(), request(at("MAR", 5)), "k"); charging.CodeOf(err) != charging.CodeIDReused {
		t.Errorf("another body: %v", err)
	}
	// A repeat that comes when the window has begun still gets the first answer.
	s.Now = func() time.Time { return now.Add(90 * time.Minute) }
	if late, replayed, err := s.Start(t.Context(), request(at("MAR", 1)), "k"); err != nil || !replayed || late.ID != first.ID {
		t.Errorf("late repeat: %v %v", err, replayed)
	}
	other := request(at("MAR", 1))
	other.DecisionTimeoutSeconds = 99
	if _, _, err := s.Start(t.Context(), other, "k"); charging.CodeOf(err) != charging.CodeIDReused {
		t.Errorf("another request, late: %v", err)
	}
}

func soc(v float64) *float64 { return &v }

func TestPlanThenBook(t *testing.T) {
	s, g, _ := counter(t)
	plans, err := s.Plan(t.Context(), api.PlanRequest{
		Origin: api.Endpoint{City: "joao pessoa, pb"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: soc(0.9), Departure: now.Add(time.Hour),
	}, "somebody")
	if err != nil || len(plans) == 0 || plans[0].ID == "" {
		t.Fatalf("%v %+v", err, plans)
	}
	got, _, err := s.Start(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plans[0].ID}, "")
	if err != nil || len(got.Legs) != len(plans[0].Stops) || got.Legs[0].EnergyKWh == 0 {
		t.Fatalf("%v %+v", err, got.Legs)
	}
	if g.started[0].Saga.Journey == nil {
		t.Error("the journey is forgotten: alternatives could not be judged for the battery")
	}
	alts, err := s.Alternatives(t.Context(), got.ID, 1)
	if err != nil || len(alts) == 0 {
		t.Fatalf("alternatives: %v %v", alts, err)
	}
	if _, err := s.Swap(t.Context(), got.ID, api.SwapRequest{AlternativeID: alts[0].ID}); err != nil || g.swapped.EVSEID != alts[0].EVSEID {
		t.Errorf("swap: %v %+v", err, g.swapped)
	}
	if _, err := s.Swap(t.Context(), got.ID, api.SwapRequest{AlternativeID: "nonsense"}); charging.CodeOf(err) != charging.CodeUnknownAlternative {
		t.Errorf("swap to nothing: %v", err)
	}
}

func TestPlanWithoutACompanySaysSo(t *testing.T) {
	s, _, c := counter(t)
	c.silent = "CAJ"
	_, err := s.Plan(t.Context(), api.PlanRequest{
		Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: soc(0.9), Departure: now.Add(time.Hour),
	}, "somebody")
	if charging.CodeOf(err) != charging.CodeInfeasibleTrip || !strings.Contains(err.Error(), "CAJ") || !strings.Contains(err.Error(), "does not answer") {
		t.Fatalf("%v", err)
	}
}

// What is asked of the companies for one plan serves the next ones, and a plan says how old
// what it is made on is.
func TestAvailabilityServesLaterPlans(t *testing.T) {
	s, _, c := counter(t)
	drive := api.PlanRequest{
		Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: soc(0.9),
	}
	for _, after := range []time.Duration{0, time.Hour, 3 * 24 * time.Hour, 20 * 24 * time.Hour} {
		if after > 0 {
			drive.Departure = now.Add(after)
		}
		plans, err := s.Plan(t.Context(), drive, "somebody")
		if err != nil {
			t.Fatal(err)
		}
		if week := c.asked.Duration() > 8*24*time.Hour; week != (after < 7*24*time.Hour) {
			t.Errorf("leaving after %v: asked for %v to %v", after, c.asked.Start, c.asked.End)
		}
		if c.asked.Start.After(plans[0].Departure) || c.asked.End.Before(plans[0].Arrival) {
			t.Errorf("asked for %v to %v, drives from %v to %v", c.asked.Start, c.asked.End, plans[0].Departure, plans[0].Arrival)
		}
		for _, id := range []charging.CompanyID{"MAR", "SER", "CAJ"} {
			if age := s.Now().Sub(plans[0].AsOf[id]); age < 2*time.Second || age > time.Minute {
				t.Errorf("%s is %v old, want 3 s", id, age)
			}
		}
	}
}

// A trip remembers all that its plan was asked for.
func TestATripRemembersItsWishes(t *testing.T) {
	s, g, _ := counter(t)
	by := now.Add(40 * time.Hour)
	plans, err := s.Plan(t.Context(), api.PlanRequest{
		Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin", Conditions: &trip.Conditions{AirC: 30, LoadKg: 100}}, SoC: soc(0.9),
		LatestArrival: by, Avoid: trip.Choice{EVSEs: []charging.EVSEID{"BR*MAR*E0001*1"}},
	}, "somebody")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Start(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plans[0].ID}, ""); err != nil {
		t.Fatal(err)
	}
	j := g.started[0].Saga.Journey
	if j == nil || !j.LatestArrival.Equal(by) || !j.Departure.Equal(plans[0].Departure) || j.Departure.Before(now.Add(12*time.Hour)) ||
		len(j.Avoid.EVSEs) != 1 || j.Conditions == nil || j.Conditions.LoadKg != 100 {
		t.Errorf("remembers %+v; the plan leaves at %v", j, plans[0].Departure)
	}
}

func TestBadPlansNameTheField(t *testing.T) {
	good := func() api.PlanRequest {
		return api.PlanRequest{
			Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
			Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: soc(0.9), Departure: now.Add(time.Hour),
		}
	}
	for name, c := range map[string]struct {
		spoil func(r *api.PlanRequest)
		code  charging.Code
		field string
	}{
		"unknown place":  {func(r *api.PlanRequest) { r.Origin.City = "Atlântida, PB" }, charging.CodeUnknownPlace, "origin.city"},
		"two origins":    {func(r *api.PlanRequest) { r.Origin.Lat = soc(1) }, charging.CodeInvalidField, "origin"},
		"half a point":   {func(r *api.PlanRequest) { r.Origin = api.Endpoint{Lat: soc(-7)} }, charging.CodeInvalidField, "origin"},
		"same place":     {func(r *api.PlanRequest) { r.Destination = r.Origin }, charging.CodeInvalidField, "destination"},
		"unknown model":  {func(r *api.PlanRequest) { r.Vehicle.Model = "fusca" }, charging.CodeInvalidField, "vehicle.model"},
		"no battery":     {func(r *api.PlanRequest) { r.Vehicle = api.Vehicle{ConsumptionKWh100: 15, DCKW: 50} }, charging.CodeInvalidField, "vehicle.usable_battery_kwh"},
		"soc above 1":    {func(r *api.PlanRequest) { r.SoC = soc(1.5) }, charging.CodeInvalidField, "soc"},
		"past departure": {func(r *api.PlanRequest) { r.Departure = now.Add(-time.Hour) }, charging.CodeInvalidField, "departure"},
		"objective":      {func(r *api.PlanRequest) { r.Objective = "prettiest" }, charging.CodeInvalidField, "objective"},
		"too far": {func(r *api.PlanRequest) {
			r.Vehicle = api.Vehicle{UsableBatteryKWh: 10, ConsumptionKWh100: 20, DCKW: 50}
		}, charging.CodeInfeasibleTrip, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := counter(t)
			req := good()
			c.spoil(&req)
			_, err := s.Plan(t.Context(), req, "somebody")
			var r *charging.Refusal
			if !errors.As(err, &r) || r.Code != c.code {
				t.Fatalf("%v, want %s", err, c.code)
			}
			if c.field != "" && (len(r.Fields) == 0 || r.Fields[0].Field != c.field) {
				t.Errorf("fields %+v, want %s", r.Fields, c.field)
			}
		})
	}
}

// A trip that was turned away before it was journaled is no trip of its vehicle; one of
// which nobody knows whether it was journaled stays one.
func TestATripThatWasTurnedAwayBlocksNobody(t *testing.T) {
	for code, want := range map[charging.Code]int{charging.CodeRateLimited: 1, charging.CodeStoreUnavailable: 0} {
		s, g, _ := counter(t)
		g.refuse = charging.Refuse(code, "as the test says")
		if _, _, err := s.Start(t.Context(), request(at("MAR", 1)), ""); charging.CodeOf(err) != code {
			t.Fatal(err)
		}
		if len(g.r.dismissed) != want {
			t.Errorf("after %s %d trips were dismissed", code, len(g.r.dismissed))
		}
	}
}
