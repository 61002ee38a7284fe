package planner_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// resimulate drives a plan with its own arithmetic: the battery kilometre by kilometre,
// charging second by second, and checks every window.
func resimulate(t *testing.T, r planner.Request, plan trip.Plan, free planner.Free) {
	t.Helper()
	sites := map[charging.LocationID]charging.Location{}
	for _, l := range locations() {
		sites[l.ID] = l
	}
	now, soc, here, price := plan.Departure, r.SoC, r.Origin, 0.0
	if now.Before(r.Departure) || now.Sub(r.Departure) > time.Second {
		t.Errorf("departs at %v, not %v", now, r.Departure)
	}
	drive := func(to geo.Point) {
		way, err := road.Default().Route(here, to)
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(way.Drive)
		for km := 0.0; km < way.Km; km++ {
			soc -= r.Vehicle.EnergyKWh(min(1, way.Km-km), way.Kmh()) / r.Vehicle.UsableBatteryKWh
		}
		here = to
		if soc < r.MinArrivalSoC-1e-6 {
			t.Errorf("arrives with %.4f, below the reserve of %.2f", soc, r.MinArrivalSoC)
		}
	}
	for i, s := range plan.Stops {
		loc := sites[s.LocationID]
		drive(loc.Point)
		if s.Leg != i+1 || s.CompanyID != loc.Company || s.EVSEID.Company() != loc.Company {
			t.Errorf("stop %d: %+v", i, s)
		}
		if s.Start.Before(now) {
			t.Errorf("leg %d starts at %v, the car arrives at %v", s.Leg, s.Start, now)
		}
		if s.Start.Nanosecond() != 0 || s.End.Nanosecond() != 0 || s.Start.Location() != time.UTC {
			t.Errorf("leg %d: window %v to %v", s.Leg, s.Start, s.End)
		}
		if length := s.End.Sub(s.Start); length < charging.MinWindow || length > charging.MaxWindow {
			t.Errorf("leg %d lasts %v", s.Leg, length)
		}
		inFreeTime(t, s, free)
		if diff := s.ArriveSoC - soc; diff > 0.001 || diff < -0.001 {
			t.Errorf("leg %d: plan arrives with %.4f, the car with %.4f", s.Leg, s.ArriveSoC, soc)
		}
		soc = chargeFor(t, r.Vehicle, loc, s, soc)
		if s.DepartSoC > soc+0.002 || s.DepartSoC > 1 {
			t.Errorf("leg %d: plan departs with %.4f, the window gives %.4f", s.Leg, s.DepartSoC, soc)
		}
		soc = min(soc, s.DepartSoC)
		now = s.End
		price += s.Price
	}
	drive(r.Destination)
	if diff := plan.Arrival.Sub(now); diff < -time.Second || diff > 30*time.Second {
		t.Errorf("plan arrives at %v, the car at %v", plan.Arrival, now)
	}
	if diff := plan.Price - price; diff > 0.02 || diff < -0.02 {
		t.Errorf("plan costs %.2f, its stops %.2f", plan.Price, price)
	}
}

func inFreeTime(t *testing.T, s trip.PlanStop, free planner.Free) {
	t.Helper()
	if free == nil {
		return
	}
	for _, w := range free(s.EVSEID) {
		if !s.Start.Before(w.Start) && !s.End.After(w.End) {
			return
		}
	}
	t.Errorf("leg %d: %s is not free from %v to %v", s.Leg, s.EVSEID, s.Start, s.End)
}

// chargeFor plugs in for the window less the overhead, in steps of a second.
func chargeFor(t *testing.T, v vehicle.Vehicle, loc charging.Location, s trip.PlanStop, soc float64) float64 {
	t.Helper()
	power := -1.0
	dc := false
	for _, e := range loc.EVSEs {
		if e.ID == s.EVSEID {
			c, ok := e.For(v.Plugs())
			if !ok {
				t.Errorf("%s has %s, the car takes %s", e.ID, e.Plugs(), v.Plugs())
			}
			power, dc = c.PowerKW, c.DC()
		}
	}
	if power < 0 {
		t.Fatalf("%s has no %s", loc.ID, s.EVSEID)
	}
	curve := v.DCCurve
	if len(curve) == 0 {
		curve = vehicle.DefaultCurve(v.DCKW)
	}
	for range int((s.End.Sub(s.Start) - planner.Overhead) / time.Second) {
		kw := min(power, v.ACKW)
		if dc {
			kw = min(power, v.DCKW, curveAt(curve, 100*soc))
		}
		soc = min(soc+kw/3600/v.UsableBatteryKWh, 1)
	}
	return soc
}

func curveAt(curve []vehicle.CurvePoint, percent float64) float64 {
	for i := 1; i < len(curve); i++ {
		a, b := curve[i-1], curve[i]
		if percent <= b[0] {
			return a[1] + (b[1]-a[1])*max(percent-a[0], 0)/(b[0]-a[0])
		}
	}
	return curve[len(curve)-1][1]
}

// randomFree gives every EVSE a calendar of its own, the same at each question.
func randomFree(seed uint64) planner.Free {
	return func(id charging.EVSEID) []charging.Window {
		sum := seed
		for _, b := range []byte(id) {
			sum = sum*1099511628211 + uint64(b)
		}
		rng := rand.New(rand.NewPCG(seed, sum))
		var windows []charging.Window
		at := monday.Add(-2 * time.Hour)
		for at.Before(monday.Add(60 * time.Hour)) {
			end := at.Add(time.Duration(rng.IntN(4*3600)) * time.Second)
			windows = append(windows, charging.Window{Start: at, End: end})
			at = end.Add(time.Duration(rng.IntN(3*3600)) * time.Second)
		}
		return windows
	}
}

func randomRequest(rng *rand.Rand, places []road.Place, cars []vehicle.Vehicle) planner.Request {
	objectives := []trip.Objective{trip.Fastest, trip.Cheapest, trip.FewestStops, ""}
	return planner.Request{
		Origin: places[rng.IntN(len(places))].Point, Destination: places[rng.IntN(len(places))].Point,
		Vehicle: cars[rng.IntN(len(cars))], SoC: 0.3 + 0.7*rng.Float64(), MinArrivalSoC: 0.25 * rng.Float64(),
		Departure: monday.Add(time.Duration(rng.IntN(86400)) * time.Second), Objective: objectives[rng.IntN(len(objectives))],
	}
}

func TestRandomPlansHold(t *testing.T) {
	t.Parallel()
	p := demo()
	rng := rand.New(rand.NewPCG(11, 12))
	var places []road.Place
	for _, place := range road.Default().Places() {
		switch place.State {
		case "RN", "PB", "PE", "AL", "SE", "BA":
			places = append(places, place)
		}
	}
	cars := vehicle.All()
	queries := 60
	if testing.Short() {
		queries = 40
	}
	feasible := 0
	for i := range queries {
		r, free := randomRequest(rng, places, cars), randomFree(uint64(i))
		plans, err := p.Plans(r, free)
		if errors.Is(err, charging.CodeInfeasibleTrip) || errors.Is(err, charging.CodeInvalidField) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		feasible++
		for _, plan := range plans {
			resimulate(t, r, plan, free)
		}
	}
	if feasible < queries/4 {
		t.Errorf("only %d of %d trips were feasible: the test says little", feasible, queries)
	}
	t.Logf("%d of %d trips were feasible", feasible, queries)
}
