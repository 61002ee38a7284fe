package planner_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// scarce is the mission's trip with the charge that reaches the first charger with less than the
// usual reserve.
func scarce(t *testing.T) planner.Request {
	t.Helper()
	p, r := demo(), mission(t)
	r.Thinner = planner.Reserves{Arrival: true, Destination: true}
	for r.SoC = 0.10; r.SoC < 0.5; r.SoC += 0.002 {
		_, err := p.Plans(r, nil)
		var no *planner.Infeasible
		if errors.As(err, &no) && len(no.Thinner) > 0 {
			return r
		}
	}
	t.Fatal("no charge reaches with a thinner margin only")
	return r
}

func TestAThinnerPlanIsShownWithItsMargin(t *testing.T) {
	p, r := demo(), scarce(t)
	_, err := p.Plans(r, nil)
	var no *planner.Infeasible
	if !errors.As(err, &no) || !errors.Is(err, charging.CodeInfeasibleTrip) || !strings.Contains(err.Error(), "is in thinner_plans") {
		t.Fatal(err)
	}
	for _, thin := range no.Thinner {
		n := thin.Needs
		if n.MinArrivalSoC >= r.MinArrivalSoC && n.MinDestinationSoC >= r.MinArrivalSoC || n.MinArrivalSoC > r.MinArrivalSoC || n.MinDestinationSoC > r.MinArrivalSoC {
			t.Errorf("needs %+v, no less than %v", n, r.MinArrivalSoC)
		}
		if len(thin.Stops) == 0 || thin.Stops[0].LocationName == "" || len(thin.Profile) == 0 {
			t.Errorf("an empty plan: %+v", thin.Plan)
		}
		asked := r // whoever accepts the margin gets that plan
		asked.MinArrivalSoC, asked.MinDestinationSoC = n.MinArrivalSoC, &n.MinDestinationSoC
		plans, err := p.Plans(asked, nil)
		if err != nil || plans[0].Arrival != thin.Arrival {
			t.Fatalf("with %+v: %v", n, err)
		}
		holds(t, locations(), asked, thin.Plan)
		if n.MinArrivalSoC < r.MinArrivalSoC { // and a hundredth more leads nowhere
			asked.MinArrivalSoC = n.MinArrivalSoC + 0.01
			if _, err := p.Plans(asked, nil); err == nil && asked.MinArrivalSoC < r.MinArrivalSoC {
				t.Errorf("with %v on the way there is a plan, too", asked.MinArrivalSoC)
			}
		}
	}
}

func TestAFigureThatWasGivenIsNeverUndercut(t *testing.T) {
	p, r := demo(), scarce(t)
	r.Thinner = planner.Reserves{}
	var no *planner.Infeasible
	if _, err := p.Plans(r, nil); !errors.As(err, &no) || len(no.Thinner) != 0 || strings.Contains(err.Error(), "thinner") {
		t.Errorf("both given: %v, %d plans", err, len(no.Thinner))
	}
	r.Thinner = planner.Reserves{Arrival: true}
	given := 0.3
	r.MinDestinationSoC = &given
	if _, err := p.Plans(r, nil); !errors.As(err, &no) || len(no.Thinner) == 0 {
		t.Fatalf("at the destination given: %v", err)
	}
	for _, thin := range no.Thinner {
		if thin.Needs.MinDestinationSoC != given || thin.ArriveSoC < given {
			t.Errorf("arrives with %v, needs %+v", thin.ArriveSoC, thin.Needs)
		}
	}
}

func TestReservesByPurpose(t *testing.T) {
	p, r := demo(), mission(t)
	half, most := 0.5, 0.8
	r.MinDestinationSoC, r.MaxChargeSoC = &half, most
	plans, err := p.Plans(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range plans {
		holds(t, locations(), r, plan)
	}
	if plans[0].Stops[0].ArriveSoC >= half {
		t.Errorf("arrives at the first stop with %v: what is for the destination is kept on the way", plans[0].Stops[0].ArriveSoC)
	}
	tr := booked(plans[0], &r)
	tr.Saga.Journey.MinDestinationSoC, tr.Saga.Journey.MaxChargeSoC = &half, most
	last := len(tr.Legs)
	alts, err := p.Alternatives(tr, last, taken(tr.Legs), r.Departure)
	if err != nil || len(alts) == 0 {
		t.Fatalf("%d alternatives: %v", len(alts), err)
	}
	for _, a := range alts {
		if depart := *a.ArriveSoC + a.EnergyKWh/r.Vehicle.UsableBatteryKWh; depart > most+0.001 || depart < half {
			t.Errorf("%s is left with %.3f; the most is %v, and %v is to be left at the destination", a.EVSEID, depart, most, half)
		}
	}
	for field, bad := range map[string]func(*planner.Request){
		"min_destination_soc": func(r *planner.Request) { v := math.NaN(); r.MinDestinationSoC = &v },
		"max_charge_soc":      func(r *planner.Request) { r.MaxChargeSoC = 0.11 },
	} {
		wrong := mission(t)
		bad(&wrong)
		if _, err := p.Plans(wrong, nil); charging.CodeOf(err) != charging.CodeInvalidField || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
