package trips

import (
	"errors"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// A trip by hand to a plug that the car does not have says which leg and which plugs; whoever
// carries an adapter names it, and of a car that nobody knows nothing is refused.
func TestATripByHandNeedsAPlugThatFits(t *testing.T) {
	s, g, _ := counter(t)
	g.models = map[charging.VehicleID]string{"EV-0001": "nissan-leaf", "EV-0003": "fusca"}
	req := request(at("MAR", 2), at("SER", 6))
	_, _, err := s.Start(t.Context(), req, "")
	var r *charging.Refusal
	if !errors.As(err, &r) || r.Code != charging.CodeInvalidField || len(r.Fields) != 1 || r.Fields[0].Field != "stops[0].evse_id" {
		t.Fatalf("%+v", err)
	}
	for _, want := range []string{"leg 1", "has IEC_62196_T2_COMBO", "the car takes CHADEMO, IEC_62196_T2", "Recife"} {
		if !strings.Contains(r.Fields[0].Reason, want) {
			t.Errorf("%q does not say %q", r.Fields[0].Reason, want)
		}
	}
	req.Plugs, req.SoC = []string{"CHADEMO", "IEC_62196_T2_COMBO"}, soc(0.5)
	got, _, err := s.Start(t.Context(), req, "")
	if err != nil {
		t.Fatalf("with an adapter: %v", err)
	}
	if j := g.r.trips[got.ID].Saga.Journey; j == nil || len(j.Plugs) != 2 {
		t.Errorf("the trip remembers %+v", j)
	}
	for _, car := range []charging.VehicleID{"EV-0002", "EV-0003"} {
		unknown := request(at("MAR", 12), at("SER", 16))
		unknown.VehicleID = car
		if _, _, err := s.Start(t.Context(), unknown, ""); err != nil {
			t.Errorf("%s: %v", car, err)
		}
	}
}

func TestAPlanIsForThePlugsThatAreNamed(t *testing.T) {
	s, g, _ := counter(t)
	ask := api.PlanRequest{
		Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin", Plugs: []string{"IEC_62196_T2", "IEC_62196_T2_COMBO"}}, SoC: soc(0.9),
	}
	plans, err := s.Plan(t.Context(), ask, "vehicle EV-0001")
	if err != nil {
		t.Fatal(err)
	}
	if _, j, _, err := g.r.LoadPlan(t.Context(), plans[0].ID); err != nil || len(j.Plugs) != 2 {
		t.Errorf("the plan remembers %+v, %v", j, err)
	}
	ask.Vehicle.Plugs = []string{"CHADEMO"}
	_, err = s.Plan(t.Context(), ask, "vehicle EV-0001")
	if charging.CodeOf(err) != charging.CodeInfeasibleTrip || !strings.Contains(err.Error(), "with a plug for IEC_62196_T2_COMBO it could charge at Recife, PE") {
		t.Errorf("by CHAdeMO: %v", err)
	}
}

// A plan with a thinner margin comes with the refusal, is kept like others, and its trip
// remembers the margin that its driver has accepted.
func TestAThinnerPlanCanBeBooked(t *testing.T) {
	s, g, _ := counter(t)
	ask := api.PlanRequest{
		Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"},
	}
	var thin *trip.Thinner
	for percent := 30.0; percent < 90 && thin == nil; percent += 0.5 {
		ask.SoC = soc(percent / 100)
		_, err := s.Plan(t.Context(), ask, "vehicle EV-0001")
		errors.As(err, &thin)
		if err != nil && charging.CodeOf(err) != charging.CodeInfeasibleTrip {
			t.Fatal(err)
		}
	}
	if thin == nil {
		t.Fatal("no charge reaches with a thinner margin only")
	}
	plan := thin.Plans[0]
	if plan.ID == "" || plan.Origin == nil || plan.Departure.IsZero() || !strings.Contains(thin.Error(), "thinner_plans") {
		t.Errorf("%+v: %v", plan, thin)
	}
	got, _, err := s.Start(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plan.ID}, "")
	if err != nil {
		t.Fatal(err)
	}
	if j := g.r.trips[got.ID].Saga.Journey; j.MinArrivalSoC != plan.Needs.MinArrivalSoC || j.AtDestination() != plan.Needs.MinDestinationSoC {
		t.Errorf("remembers %+v, needs %+v", j, plan.Needs)
	}
	ask.MinArrivalSoC = soc(0.1) // what is given is never undercut
	if _, err := s.Plan(t.Context(), ask, "vehicle EV-0001"); errors.As(err, &thin) || charging.CodeOf(err) != charging.CodeInfeasibleTrip {
		t.Errorf("with a figure given: %v", err)
	}
}

func TestReservesOfARequest(t *testing.T) {
	s, g, _ := counter(t)
	ask := api.PlanRequest{
		Origin: api.Endpoint{City: "João Pessoa, PB"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-seal"}, SoC: soc(1), MinDestinationSoC: soc(0.3), MaxChargeSoC: soc(0.9),
	}
	plans, err := s.Plan(t.Context(), ask, "vehicle EV-0001")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		for _, st := range p.Stops {
			if st.DepartSoC > 0.9001 {
				t.Errorf("charges to %v", st.DepartSoC)
			}
		}
		if p.ArriveSoC < 0.3 {
			t.Errorf("arrives with %v", p.ArriveSoC)
		}
	}
	if _, j, _, err := g.r.LoadPlan(t.Context(), plans[0].ID); err != nil || j.AtDestination() != 0.3 || j.MaxChargeSoC != 0.9 || j.MinArrivalSoC != 0.1 {
		t.Errorf("the plan remembers %+v, %v", j, err)
	}
}
