package trips

import (
	"errors"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
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
