package api

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func TestPlugsAndReservesOfAPlanRequest(t *testing.T) {
	body := `{"origin":{"city":"a"},"destination":{"city":"b"},"vehicle":{"model":"nissan-leaf","plugs":["CHADEMO","IEC_62196_T2_COMBO"]},` +
		`"min_destination_soc":0,"max_charge_soc":0.8}`
	p, err := DecodePlan([]byte(body), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Vehicle.Plugs, []string{"CHADEMO", "IEC_62196_T2_COMBO"}) || p.MinArrivalSoC != nil ||
		p.MinDestinationSoC == nil || *p.MinDestinationSoC != 0 || *p.MaxChargeSoC != 0.8 {
		t.Errorf("%+v", p)
	}
}

func TestPlugsOfATrip(t *testing.T) {
	stop := `"stops":[{"evse_id":"BR*MAR*E0001*1","start":"2026-12-01T08:00:00Z","end":"2026-12-01T09:00:00Z"}]`
	got, err := DecodeTrip([]byte(`{"vehicle_id":"EV-0001","plugs":["CHADEMO"],`+stop+`}`), time.Time{})
	if err != nil || !slices.Equal(got.Plugs, []string{"CHADEMO"}) {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = DecodeTrip([]byte(`{"vehicle_id":"EV-0001","plugs":["CHADEMO"],"plan_id":"p"}`), time.Time{})
	if !errors.Is(err, charging.CodeInvalidField) || fieldsOf(err)[0].Field != "plugs" {
		t.Errorf("beside a plan: %v", err)
	}
}

// What a smaller reserve would allow is in the problem, and back in the error at the other end.
func TestThinnerPlansSurviveTheWire(t *testing.T) {
	want := &trip.Thinner{
		Refusal: charging.Refuse(charging.CodeInfeasibleTrip, "the battery ends"),
		Plans:   []trip.ThinnerPlan{{Needs: trip.Reserves{MinArrivalSoC: 0.06, MinDestinationSoC: 0.1}, Plan: trip.Plan{ID: "p-1", Stops: []trip.PlanStop{}}}},
	}
	p := FromError(want)
	if p.Status != 422 || !strings.Contains(string(p.ThinnerPlans), `"needs":{"min_arrival_soc":0.06,"min_destination_soc":0.1}`) {
		t.Errorf("%s", p.ThinnerPlans)
	}
	var back *trip.Thinner
	if err := ToError(p); !errors.As(err, &back) || back.Plans[0].ID != "p-1" || back.Plans[0].Needs != want.Plans[0].Needs || !errors.Is(err, charging.CodeInfeasibleTrip) {
		t.Errorf("back %+v", back)
	}
	p.ThinnerPlans = json.RawMessage(`"nonsense"`)
	if err := ToError(p); errors.As(err, &back) && back == err || !errors.Is(err, charging.CodeInfeasibleTrip) {
		t.Errorf("nonsense: %v", err)
	}
}

func TestALocationMayHaveAnyPlugOfOCPI(t *testing.T) {
	for _, s := range charging.Standards() {
		c := Connector{ID: "1", Standard: s, PowerKW: 11, TariffID: "t"}
		if err := c.check(nil, []Tariff{{ID: "t"}}); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	c := Connector{ID: "1", Standard: "T2_COMBO", PowerKW: 11, TariffID: "t"}
	if err := c.check(nil, []Tariff{{ID: "t"}}); err == nil {
		t.Error("a plug of no list is taken")
	}
}
