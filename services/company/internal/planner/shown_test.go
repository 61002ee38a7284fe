package planner_test

import (
	"encoding/json"
	"fmt"
	"math"
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

// What docs/planner.md says of what is shown: how far a line may be from the network's way, in kilometres with the
// rounding of its points, and a profile from the battery that is planned with.
const (
	lineTolerance    = 0.201
	profileTolerance = 0.01
)

// TestLinesAndProfilesKeepTheirTolerance: every car, there and back. Shows a line that is simplified by more than is
// said, that has points of its own or ends elsewhere, and a profile that cuts the bends of a charge.
func TestLinesAndProfilesKeepTheirTolerance(t *testing.T) {
	p, r := demo(), mission(t)
	worst := 0.0
	for _, car := range vehicle.All() {
		for range 2 {
			r.Vehicle = car
			r.Origin, r.Destination = r.Destination, r.Origin
			plans, err := p.Plans(r, nil)
			if err != nil {
				continue // not every car makes this journey
			}
			for _, plan := range plans {
				linesAreRight(t, r, plan)
				worst = max(worst, profileIsRight(t, r, plan))
			}
		}
	}
	if worst > profileTolerance {
		t.Errorf("a profile is off by up to %.4f", worst)
	}
}

// linesAreRight compares the lines of a plan with the network's ways.
func linesAreRight(t *testing.T, r planner.Request, plan trip.Plan) {
	t.Helper()
	for i, way := range waysOf(t, r, plan) {
		text := plan.Line
		if i < len(plan.Stops) {
			text = plan.Stops[i].Line
		}
		line, err := geo.ParsePolyline(text)
		if err != nil || len(line) < 2 {
			t.Fatalf("drive %d: %q, %v", i+1, text, err)
		}
		for _, point := range way {
			if off := offLine(line, point); off > lineTolerance {
				t.Errorf("drive %d: %v is %.3f km off the line", i+1, point, off)
			}
		}
		for _, point := range line {
			if !slices.ContainsFunc(way, func(w geo.Point) bool { return geo.Distance(w, point) < 0.002 }) {
				t.Errorf("drive %d: %v is no point of the way", i+1, point)
			}
		}
		if geo.Distance(line[0], way[0]) > 0.002 || geo.Distance(line[len(line)-1], way[len(way)-1]) > 0.002 {
			t.Errorf("drive %d ends elsewhere", i+1)
		}
	}
}

// waysOf are the network's ways of a plan's drives.
func waysOf(t *testing.T, r planner.Request, plan trip.Plan) (ways [][]geo.Point) {
	t.Helper()
	here := r.Origin
	for i := range len(plan.Stops) + 1 {
		to := r.Destination
		if i < len(plan.Stops) {
			to = geo.Point{Lat: plan.Stops[i].Lat, Lon: plan.Stops[i].Lon}
		}
		route, err := road.Default().Route(here, to)
		if err != nil {
			t.Fatal(err)
		}
		ways, here = append(ways, route.Points), to
	}
	return ways
}

func offLine(line []geo.Point, p geo.Point) float64 {
	least := math.Inf(1)
	for i := range line[1:] {
		_, off := geo.Project(p, line[i], line[i+1])
		least = min(least, off)
	}
	return least
}

// profileIsRight compares a profile with the stops, and with the battery on the way and at the plug; it says how far off
// it is at most.
func profileIsRight(t *testing.T, r planner.Request, plan trip.Plan) (worst float64) {
	t.Helper()
	since := func(at time.Time) float64 { return at.Sub(plan.Departure).Minutes() }
	check := func(minute, soc float64) { worst = max(worst, math.Abs(socAt(plan.Profile, minute)-soc)) }
	leave, soc := 0.0, r.SoC
	for _, s := range plan.Stops {
		arrive := min(leave+s.DriveMinutes, since(s.Start))
		for f := 0.0; f <= 1; f += 0.05 {
			check(leave+f*(arrive-leave), soc+f*(s.ArriveSoC-soc))
		}
		session := r.Vehicle.At(s.PowerKW, charging.Connector{Standard: s.Standard}.DC())
		begin := since(s.Start) + min(planner.Overhead.Minutes()/2, s.End.Sub(s.Start).Minutes()-session.Time(s.ArriveSoC, s.DepartSoC).Minutes())
		for x := s.ArriveSoC; x < s.DepartSoC; x += 0.002 {
			if at := begin + session.Time(s.ArriveSoC, x).Minutes(); at < since(s.End) {
				check(at, x)
			}
		}
		leave, soc = since(s.End), s.DepartSoC
	}
	check(plan.TotalMinutes, plan.ArriveSoC)
	if n := len(plan.Profile); n < 2 || n > trip.MaxProfile || plan.Profile[0] != [3]float64{0, 0, r.SoC} || plan.Profile[n-1][0] != plan.DistanceKM {
		t.Errorf("a profile of %d points, from %v to %v", n, plan.Profile[0], plan.Profile[n-1])
	}
	return worst
}

func socAt(p trip.Profile, minute float64) float64 { return at2(p, minute, 2) }

// at2 is a figure of a profile some minutes after the departure.
func at2(p trip.Profile, minute float64, figure int) float64 {
	for i := range p[1:] {
		if a, b := p[i], p[i+1]; minute <= b[1] {
			if b[1] == a[1] {
				return b[figure]
			}
			return a[figure] + (minute-a[1])/(b[1]-a[1])*(b[figure]-a[figure])
		}
	}
	return p[len(p)-1][figure]
}

// TestDrivenAsPlannedIsThePlan: a car that drives as planned, on the roads' points, shows the plan. Shows kilometres or minutes
// that are not those of the plan, and bends that are left out.
func TestDrivenAsPlannedIsThePlan(t *testing.T) {
	p, r := demo(), mission(t)
	plan := missionPlan(t, p, r, nil)
	ways := waysOf(t, r, plan)
	var d trip.Driven
	leave, done := 0.0, 0.0
	for i, way := range ways {
		km, minutes := plan.DistanceKM-done, plan.TotalMinutes-leave
		if i < len(plan.Stops) {
			km, minutes = plan.Stops[i].DistanceKM, plan.Stops[i].DriveMinutes
		}
		for minute := leave; minute <= leave+minutes; minute++ {
			d = sighted(d, plan, minute, along(way, (minute-leave)/minutes))
		}
		if i < len(plan.Stops) {
			for minute := leave + minutes; minute <= plan.Stops[i].End.Sub(plan.Departure).Minutes(); minute++ {
				d = sighted(d, plan, minute, way[len(way)-1])
			}
			leave = plan.Stops[i].End.Sub(plan.Departure).Minutes()
		}
		done += km
	}
	got := plan.Along(d)
	if len(got) != trip.MaxDriven {
		t.Fatalf("%d points", len(got))
	}
	for minute := 1.0; minute < plan.TotalMinutes-2; minute++ {
		km, soc := at2(got, minute, 0), at2(got, minute, 2)
		if math.Abs(km-at2(plan.Profile, minute, 0)) > 3 || math.Abs(soc-socAt(plan.Profile, minute)) > 0.02 {
			t.Errorf("after %v minutes: km %.1f with %.3f, planned %.1f with %.3f", minute, km, soc, at2(plan.Profile, minute, 0), socAt(plan.Profile, minute))
		}
	}
}

func sighted(d trip.Driven, plan trip.Plan, minute float64, at geo.Point) trip.Driven {
	return d.Add(trip.Sight{At: plan.Departure.Add(time.Duration(minute * float64(time.Minute))), Point: at, SoC: socAt(plan.Profile, minute)})
}

// along is the point at a fraction of a way.
func along(way []geo.Point, f float64) geo.Point {
	total := 0.0
	for i := range way[1:] {
		total += geo.Distance(way[i], way[i+1])
	}
	left := f * total
	for i := range way[1:] {
		piece := geo.Distance(way[i], way[i+1])
		if left <= piece && piece > 0 {
			return geo.Between(way[i], way[i+1], left/piece)
		}
		left -= piece
	}
	return way[len(way)-1]
}

// TestAMovedTripsPlan: after a shift, a swap and a move of several stops the plan that follows from what it was says, field by
// field, what one says that knows nothing of before; lines and profile are the roads' and the battery's. Shows figures, lines or a
// profile that a move leaves as they were, or changes where nothing moved.
func TestAMovedTripsPlan(t *testing.T) {
	p, r := demo(), mission(t)
	plan := missionPlan(t, p, r, nil)
	tr := tripOf(r, plan)
	same(t, "as booked", p, r, tr, plan)

	shifted := tr.Clone()
	last := &shifted.Legs[len(tr.Legs)-1]
	last.Start, last.End = last.Start.Add(17*time.Minute), last.End.Add(17*time.Minute)
	same(t, "shifted", p, r, shifted, plan)

	swaps, moves := 0, 0
	for leg := range tr.Legs {
		all, err := p.Alternatives(tr, leg+1, nil, monday.Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			moved := tr.Clone()
			for _, l := range tr.Taking(a) {
				moved.Legs[l.Leg-1] = l
			}
			if swaps++; len(a.LaterStops) > 0 {
				moves++
			}
			same(t, fmt.Sprintf("with %+v", a), p, r, moved, plan)
		}
	}
	if swaps < 3 || moves < 1 {
		t.Errorf("%d swaps, %d of them move later stops", swaps, moves)
	}
}

// tripOf is a plan as it was booked.
func tripOf(r planner.Request, plan trip.Plan) trip.Trip {
	tr := trip.Trip{ID: "t", State: trip.Confirmed, Saga: &trip.Saga{Journey: &trip.Journey{
		From: r.Origin, To: r.Destination, Departure: r.Departure, SoC: r.SoC, MinArrivalSoC: r.MinArrivalSoC, VehicleModel: "byd-dolphin",
	}}}
	for _, s := range plan.Stops {
		tr.Legs = append(tr.Legs, trip.Leg{
			Leg: s.Leg, CompanyID: s.CompanyID, EVSEID: s.EVSEID, Start: s.Start, End: s.End, State: charging.Reserved,
			EnergyKWh: s.EnergyKWh, Price: s.Price, DriveMinutes: s.DriveMinutes,
		})
	}
	return tr
}

func same(t *testing.T, when string, p *planner.Planner, r planner.Request, tr trip.Trip, was trip.Plan) {
	t.Helper()
	got, whole := p.Itinerary(tr, was.Lasting())
	want, _ := p.Itinerary(tr, trip.Plan{})
	if !whole || !got.Fits(tr) {
		t.Fatalf("%s: it is not the plan of its stops", when)
	}
	got.ID = ""
	compare(t, when, plain(t, want), plain(t, got))
	linesAreRight(t, r, got)
	if off := profileIsRight(t, r, got); off > profileTolerance {
		t.Errorf("%s: the profile is off by %.4f", when, off)
	}
}

func plain(t *testing.T, plan trip.Plan) (all any) {
	t.Helper()
	raw, err := json.Marshal(plan)
	if err != nil || json.Unmarshal(raw, &all) != nil {
		t.Fatal(err)
	}
	return all
}

// compare looks at every field: numbers may be apart by their roundings, all else is the same.
func compare(t *testing.T, path string, want, got any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			t.Errorf("%s has %d fields, want %d: %v", path, len(g), len(w), got)
		}
		for name := range w {
			compare(t, path+"."+name, w[name], g[name])
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			t.Fatalf("%s has %d parts, want %d", path, len(g), len(w))
		}
		for i := range w {
			compare(t, fmt.Sprintf("%s[%d]", path, i), w[i], g[i])
		}
	case float64:
		if g, ok := got.(float64); !ok || math.Abs(g-w) > 0.2 || w < 1 && math.Abs(g-w) > 0.002 {
			t.Errorf("%s is %v, want %v", path, got, w)
		}
	default:
		if a, err := time.Parse(time.RFC3339, fmt.Sprint(want)); err == nil {
			if b, err := time.Parse(time.RFC3339, fmt.Sprint(got)); err == nil && a.Sub(b).Abs() <= 3*time.Second {
				return
			}
		}
		if want != got {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}
