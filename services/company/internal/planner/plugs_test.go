package planner_test

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// evseOf finds an EVSE of some locations.
func evseOf(t testing.TB, all []charging.Location, id charging.EVSEID) charging.EVSE {
	t.Helper()
	for _, l := range all {
		for _, e := range l.EVSEs {
			if e.ID == id {
				return e
			}
		}
	}
	t.Fatalf("no %s", id)
	return charging.EVSE{}
}

// withoutPlug are the demo's locations whose EVSEs have no plug of a standard.
func withoutPlug(standard string) []charging.Location {
	all := locations()
	for i := range all {
		all[i].EVSEs = slices.Clone(all[i].EVSEs)
		for k := range all[i].EVSEs {
			e := &all[i].EVSEs[k]
			e.Connectors = slices.DeleteFunc(slices.Clone(e.Connectors), func(c charging.Connector) bool { return c.Standard == standard })
		}
	}
	return all
}

func leaf(t testing.TB) planner.Request {
	t.Helper()
	r, ok := mission(t), false
	if r.Vehicle, ok = vehicle.ByID("nissan-leaf"); !ok {
		t.Fatal("no nissan-leaf")
	}
	return r
}

func TestTheLeafIsPlannedAtPlugsThatItHas(t *testing.T) {
	r := leaf(t)
	plans, err := demo().Plans(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range plans {
		resimulate(t, r, plan, nil)
		for _, s := range plan.Stops {
			if s.Standard != "CHADEMO" && s.Standard != "IEC_62196_T2" {
				t.Errorf("stop %d at %s shows %s", s.Leg, s.EVSEID, s.Standard)
			}
			for _, b := range s.BackupStops {
				if evseOf(t, locations(), b.EVSEID).Plugs()&r.Vehicle.Plugs() == 0 {
					t.Errorf("spare %s has no plug for it", b.EVSEID)
				}
			}
		}
	}
}

func TestAMissingPlugIsNamedWithItsPlaces(t *testing.T) {
	r := leaf(t)
	all := withoutPlug("CHADEMO")
	_, err := planner.New(road.Default(), all).Plans(r, nil)
	var no *planner.Infeasible
	if !errors.As(err, &no) || no.Adapter != "IEC_62196_T2_COMBO" || len(no.AdapterAt) == 0 {
		t.Fatalf("%+v, %v", no, err)
	}
	for _, want := range append(no.AdapterAt, "CHADEMO, IEC_62196_T2 only", "IEC_62196_T2_COMBO") {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	r.Vehicle.Ports = append(r.Vehicle.Ports, no.Adapter)
	plans, err := planner.New(road.Default(), all).Plans(r, nil)
	if err != nil {
		t.Fatalf("with the adapter: %v", err)
	}
	for _, s := range plans[0].Stops {
		if s.Standard == "CHADEMO" {
			t.Errorf("charges at %s by CHAdeMO, which nobody has", s.EVSEID)
		}
	}
}

func TestAlternativesFitTheCar(t *testing.T) {
	p, r := demo(), leaf(t)
	plans, err := p.Plans(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := booked(plans[0], &r)
	for leg := range tr.Legs {
		alts, err := p.Alternatives(tr, leg+1, taken(tr.Legs), r.Departure)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alts {
			if e := evseOf(t, locations(), a.EVSEID); e.Plugs()&r.Vehicle.Plugs() == 0 {
				t.Errorf("leg %d: %s has %s", leg+1, a.EVSEID, e.Plugs())
			}
			for _, m := range a.LaterStops {
				if e := evseOf(t, locations(), m.EVSEID); e.Plugs()&r.Vehicle.Plugs() == 0 {
					t.Errorf("leg %d moves leg %d to %s, which has %s", leg+1, m.Leg, m.EVSEID, e.Plugs())
				}
			}
		}
	}
}

// A trip whose journey names an adapter may use it when a stop is lost.
func TestATripRemembersItsAdapters(t *testing.T) {
	r := leaf(t)
	r.Vehicle.Ports = append(r.Vehicle.Ports, "IEC_62196_T2_COMBO")
	p := planner.New(road.Default(), withoutPlug("CHADEMO"))
	plans, err := p.Plans(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := booked(plans[0], &r)
	for _, named := range []bool{true, false} {
		tr.Saga.Journey.Plugs = nil
		if named {
			tr.Saga.Journey.Plugs = r.Vehicle.Ports
		}
		alts, err := p.Alternatives(tr, 1, taken(tr.Legs), r.Departure)
		if err != nil {
			t.Fatal(err)
		}
		if named != slices.ContainsFunc(alts, func(a trip.Alternative) bool {
			return evseOf(t, locations(), a.EVSEID).Plugs() == charging.PlugsOf("IEC_62196_T2_COMBO")
		}) {
			t.Errorf("adapter named %v: %+v", named, alts)
		}
	}
}

func TestAStopThatIsAskedForMustFit(t *testing.T) {
	var ccs charging.EVSEID
	for _, l := range locations() {
		for _, e := range l.EVSEs {
			if e.Plugs() == charging.PlugsOf("IEC_62196_T2_COMBO") {
				ccs = e.ID
			}
		}
	}
	r := leaf(t)
	r.Insist.EVSEs = []charging.EVSEID{ccs}
	if _, err := demo().Plans(r, nil); !errors.Is(err, charging.CodeInvalidField) || !strings.Contains(err.Error(), "but the car takes CHADEMO") {
		t.Errorf("insisted on: %v", err)
	}
	r.Insist = planner.Choice{}
	r.Held = []planner.Held{{EVSE: ccs, Asked: trip.Asked{Hold: trip.HoldEVSE}}}
	var un *planner.Unheld
	if _, err := demo().Plans(r, nil); !errors.As(err, &un) || !strings.Contains(un.Reason, "but the car takes CHADEMO") {
		t.Errorf("held: %v", err)
	}
}

// What must hold of plans for real cars: over all models of the catalogue every stop has a plug
// for the car, and every reserve is kept.
func TestPlansForEveryModelHold(t *testing.T) {
	t.Parallel()
	plans := 300
	if long(t) {
		plans = 2000
	}
	var places []road.Place
	for _, place := range road.Default().Places() {
		switch place.State {
		case "RN", "PB", "PE", "AL", "SE", "BA":
			places = append(places, place)
		}
	}
	p, all, cars := demo(), locations(), vehicle.All()
	rng := rand.New(rand.NewPCG(41, 42))
	models, made := map[string]int{}, 0
	for i := 0; made < plans && i < 20*plans; i++ {
		r := randomRequest(rng, places, cars[i%len(cars):][:1])
		reserves(rng, &r)
		found, err := p.Plans(r, randomFree(uint64(i)))
		if errors.Is(err, charging.CodeInfeasibleTrip) || errors.Is(err, charging.CodeInvalidField) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, plan := range found {
			made++
			models[r.Vehicle.ID]++
			holds(t, all, r, plan)
		}
	}
	if made < plans || len(models) < len(cars) {
		t.Errorf("%d plans for %d of %d models: the test says little", made, len(models), len(cars))
	}
	t.Logf("%d plans for %d models", made, len(models))
}

// reserves gives a request what it must keep: often other charges at the destination, and a most
// for the stops.
func reserves(rng *rand.Rand, r *planner.Request) {
	if rng.IntN(2) == 0 {
		at := 0.4 * rng.Float64()
		r.MinDestinationSoC = &at
	}
	if rng.IntN(2) == 0 {
		r.MaxChargeSoC = 0.6 + 0.4*rng.Float64()
	}
}

// holds checks a plan's plugs and charges.
func holds(t *testing.T, all []charging.Location, r planner.Request, plan trip.Plan) {
	t.Helper()
	const rounding = 1e-4
	for _, s := range plan.Stops {
		c, ok := evseOf(t, all, s.EVSEID).For(r.Vehicle.Plugs())
		if !ok || c.Standard != s.Standard || c.PowerKW != s.PowerKW {
			t.Errorf("%s: stop %d at %s by %s, its plugs are %s", r.Vehicle.ID, s.Leg, s.EVSEID, s.Standard, evseOf(t, all, s.EVSEID).Plugs())
		}
		if s.ArriveSoC < r.MinArrivalSoC-rounding {
			t.Errorf("%s arrives at stop %d with %.4f, below %.4f", r.Vehicle.ID, s.Leg, s.ArriveSoC, r.MinArrivalSoC)
		}
		if most := cmp.Or(r.MaxChargeSoC, 1); s.DepartSoC > most+rounding {
			t.Errorf("%s charges to %.4f at stop %d, above %.4f", r.Vehicle.ID, s.DepartSoC, s.Leg, most)
		}
	}
	atDestination := r.MinArrivalSoC
	if r.MinDestinationSoC != nil {
		atDestination = *r.MinDestinationSoC
	}
	if plan.ArriveSoC < atDestination-rounding {
		t.Errorf("%s arrives with %.4f, below %.4f", r.Vehicle.ID, plan.ArriveSoC, atDestination)
	}
	if plan.MarginSoC < -rounding || plan.MarginSoC > plan.ArriveSoC-atDestination+rounding {
		t.Errorf("%s: margin %.4f, %.4f at the destination", r.Vehicle.ID, plan.MarginSoC, plan.ArriveSoC-atDestination)
	}
}
