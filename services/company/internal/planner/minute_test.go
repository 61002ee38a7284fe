package planner_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// driver drives plans minute by minute with arithmetic of its own: it knows roads,
// batteries and calendars, and nothing of how a plan was found.
type driver struct {
	sites map[charging.LocationID]charging.Location
	r     planner.Request
	free  planner.Free

	now  time.Time
	soc  float64
	here geo.Point
}

// follow gives the first thing that is wrong with a plan.
func (d *driver) follow(plan trip.Plan) error {
	d.now, d.soc, d.here = plan.Departure, d.r.SoC, d.r.Origin
	if d.now.Before(d.r.Departure) {
		return fmt.Errorf("leaves at %v, before %v", d.now, d.r.Departure)
	}
	least := 1.0
	for _, s := range plan.Stops {
		site, ok := d.sites[s.LocationID]
		if !ok {
			return fmt.Errorf("there is no location %s", s.LocationID)
		}
		if err := d.drive(site.Point); err != nil {
			return fmt.Errorf("on the way to stop %d: %w", s.Leg, err)
		}
		least = min(least, d.soc)
		if err := d.charge(site, s); err != nil {
			return fmt.Errorf("stop %d: %w", s.Leg, err)
		}
	}
	if err := d.drive(d.r.Destination); err != nil {
		return fmt.Errorf("on the way to the destination: %w", err)
	}
	least = min(least, d.soc)
	if off := plan.Arrival.Sub(d.now); off.Abs() > 3*time.Second {
		return fmt.Errorf("arrives at %v, not at %v", d.now, plan.Arrival)
	}
	if !d.r.LatestArrival.IsZero() && d.now.After(d.r.LatestArrival.Add(3*time.Second)) {
		return fmt.Errorf("arrives at %v, later than %v", d.now, d.r.LatestArrival)
	}
	if off := plan.MarginSoC - (least - d.r.MinArrivalSoC); off > 0.001 || off < -0.001 {
		return fmt.Errorf("margin_soc is %v; the least charge on arrival was %.4f", plan.MarginSoC, least)
	}
	return nil
}

// drive takes the quickest road at its mean speed, a minute at a time.
func (d *driver) drive(to geo.Point) error {
	way, err := road.Default().Route(d.here, to)
	if err != nil {
		return err
	}
	for left := way.Drive; left > 0; left -= time.Minute {
		step := min(left, time.Minute)
		d.soc -= d.r.Vehicle.EnergyKWh(way.Kmh()*step.Hours(), way.Kmh()) / d.r.Vehicle.UsableBatteryKWh
		if d.soc < d.r.MinArrivalSoC-1e-4 {
			return fmt.Errorf("%.4f is left, below the reserve of %.4f", d.soc, d.r.MinArrivalSoC)
		}
	}
	d.now, d.here = d.now.Add(way.Drive), to
	return nil
}

// charge waits for the window and charges while it lasts, less the overhead.
func (d *driver) charge(site charging.Location, s trip.PlanStop) error {
	if s.Start.Before(d.now.Truncate(time.Second)) {
		return fmt.Errorf("starts at %v, the car comes at %v", s.Start, d.now)
	}
	if length := s.End.Sub(s.Start); length < charging.MinWindow || length > charging.MaxWindow {
		return fmt.Errorf("lasts %v", length)
	}
	if !within(d.free, s) {
		return fmt.Errorf("%s is not free from %v to %v", s.EVSEID, s.Start, s.End)
	}
	if unwanted(d.r, site, s.EVSEID) {
		return fmt.Errorf("%s is to be avoided", s.EVSEID)
	}
	var plug *charging.Connector
	for _, e := range site.EVSEs {
		if e.ID == s.EVSEID {
			plug = &e.Connectors[0]
		}
	}
	if plug == nil {
		return fmt.Errorf("%s has no %s", site.ID, s.EVSEID)
	}
	for left := s.End.Sub(s.Start) - planner.Overhead; left > 0; left -= time.Second {
		d.soc = min(d.soc+d.power(plug)*min(left, time.Second).Hours()/d.r.Vehicle.UsableBatteryKWh, 1)
	}
	if d.soc < s.DepartSoC-0.001 {
		return fmt.Errorf("the window gives %.4f, not %.4f", d.soc, s.DepartSoC)
	}
	d.soc = min(d.soc, s.DepartSoC)
	d.now = s.End
	return nil
}

// power that flows now, in kW.
func (d *driver) power(c *charging.Connector) float64 {
	v := &d.r.Vehicle
	if !c.DC() {
		return min(c.PowerKW, v.ACKW)
	}
	curve := v.DCCurve
	if len(curve) == 0 {
		curve = vehicle.DefaultCurve(v.DCKW)
	}
	return min(c.PowerKW, v.DCKW, curveAt(curve, 100*d.soc))
}

// unwanted is true for a stop that a request excludes.
func unwanted(r planner.Request, l charging.Location, id charging.EVSEID) bool {
	return slices.Contains(r.Avoid.Companies, l.Company) || slices.Contains(r.Avoid.Locations, l.ID) || slices.Contains(r.Avoid.EVSEs, id) ||
		len(r.Insist.Companies) > 0 && !slices.Contains(r.Insist.Companies, l.Company)
}

func within(free planner.Free, s trip.PlanStop) bool {
	for _, w := range free(s.EVSEID) {
		if !s.Start.Before(w.Start) && !s.End.After(w.End) {
			return true
		}
	}
	return false
}

// randomWish adds what a request may ask for beside a journey.
func randomWish(rng *rand.Rand, r *planner.Request, locations []charging.Location) {
	some := func() charging.Location { return locations[rng.IntN(len(locations))] }
	switch rng.IntN(10) {
	case 0:
		r.Avoid.Companies = []charging.CompanyID{some().Company}
	case 1:
		r.Avoid.Locations = []charging.LocationID{some().ID, some().ID}
	case 2:
		r.Insist.Companies = []charging.CompanyID{some().Company, some().Company}
	}
}

// TestNoPlanFails follows every plan of many random requests: 400 by default (300 with
// -short), 100,000 with ELETROVIA_LONG=1.
func TestNoPlanFails(t *testing.T) {
	t.Parallel()
	queries := 400
	switch {
	case long(t):
		queries = 100_000
	case testing.Short():
		queries = 300
	}
	worlds := [][]charging.Location{locations(), world(250, 3), world(1000, 4)}
	var planners []*planner.Planner
	var frees []planner.Free
	for i, w := range worlds {
		planners, frees = append(planners, planner.New(road.Default(), w)), append(frees, calendars(w, uint64(i)))
	}
	rng := rand.New(rand.NewPCG(71, 72))
	places, cars := mainland(), vehicle.All()
	plansSeen, infeasible, stops := 0, 0, 0
	byWorld := make([]map[charging.LocationID]charging.Location, len(worlds))
	for i, w := range worlds {
		byWorld[i] = map[charging.LocationID]charging.Location{}
		for _, l := range w {
			byWorld[i][l.ID] = l
		}
	}
	for i := range queries {
		w := i % len(worlds)
		r := randomRequest(rng, places, cars)
		randomWish(rng, &r, worlds[w])
		if i%50 == 0 {
			r.LatestArrival = r.Departure.Add(time.Duration(6+rng.IntN(30)) * time.Hour)
		}
		plans, err := planners[w].Plans(r, frees[w])
		if errors.Is(err, charging.CodeInfeasibleTrip) || errors.Is(err, charging.CodeInvalidField) {
			infeasible++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		d := driver{sites: byWorld[w], r: r, free: frees[w]}
		for _, plan := range plans {
			plansSeen, stops = plansSeen+1, stops+len(plan.Stops)
			if err := d.follow(plan); err != nil {
				t.Errorf("query %d (%s, reserve %.2f): %v\n%+v", i, r.Vehicle.ID, r.MinArrivalSoC, err, plan)
			}
		}
	}
	t.Logf("%d queries: %d plans with %d stops followed, %d infeasible", queries, plansSeen, stops, infeasible)
	if plansSeen < queries/2 {
		t.Errorf("only %d plans of %d queries: the test says little", plansSeen, queries)
	}
}
