package planner_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// exact is the least total time by Dijkstra's algorithm over all states (station, charge
// in steps of 1%), without calendars; +Inf where there is no way. Arrivals are rounded
// down to a step, so it is at most a little pessimistic.
func exact(t *testing.T, r planner.Request, sites []charging.Location) (minutes float64) {
	t.Helper()
	n := len(sites)
	points := make([]road.Spot, 0, n+2)
	for _, l := range sites {
		s, err := road.Default().Locate(l.Point)
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, s)
	}
	origin, _ := road.Default().Locate(r.Origin)
	destination, _ := road.Default().Locate(r.Destination)
	points = append(points, destination)
	points = append(points, origin)
	type drive struct{ hours, percent float64 }
	drives := make([][]drive, len(points))
	for i, from := range points {
		for _, to := range points {
			l, ok := road.Default().From(from).To(to)
			d := drive{l.Drive.Hours(), 100 * r.Vehicle.SoCFor(l.Km, l.Kmh())}
			if !ok {
				d = drive{math.Inf(1), math.Inf(1)}
			}
			drives[i] = append(drives[i], d)
		}
	}
	const steps = 101
	best := make([]float64, (n+1)*steps)
	done := make([]bool, len(best))
	for i := range best {
		best[i] = math.Inf(1)
	}
	relax := func(hours float64, from int, percent float64) {
		for j, d := range drives[from][:n+1] {
			if left := percent - d.percent; left >= 100*r.MinArrivalSoC {
				state := j*steps + int(left)
				best[state] = min(best[state], hours+d.hours)
			}
		}
	}
	relax(0, n+1, 100*r.SoC)
	for {
		at, low := -1, math.Inf(1)
		for i, h := range best {
			if !done[i] && h < low {
				at, low = i, h
			}
		}
		if at < 0 {
			return math.Inf(1)
		}
		done[at] = true
		site, percent := at/steps, at%steps
		if site == n {
			return low * 60
		}
		for to := percent + 1; to <= 100; to++ {
			quickest := math.Inf(1)
			for _, e := range sites[site].EVSEs {
				c := e.Connectors[0]
				if d := r.Vehicle.ChargeTime(float64(percent)/100, float64(to)/100, c.PowerKW, c.DC()); d > 0 {
					quickest = min(quickest, d.Hours())
				}
			}
			relax(low+planner.Overhead.Hours()+quickest, site, float64(to))
		}
	}
}

func TestPlansAreNearlyOptimal(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	all, cars := locations(), vehicle.All()
	compared, sum, worst := 0, 0.0, 0.0
	for range 40 {
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		sites := all[:10]
		r := mission(t)
		r.Vehicle, r.SoC = cars[rng.IntN(len(cars))], 0.6+0.4*rng.Float64()
		want := exact(t, r, sites)
		plans, err := planner.New(road.Default(), sites).Plans(r, nil)
		if err != nil {
			if !errors.Is(err, charging.CodeInfeasibleTrip) || !math.IsInf(want, 1) {
				t.Errorf("%s: %v, but there is a way of %.0f min", r.Vehicle.ID, err, want)
			}
			continue
		}
		if math.IsInf(want, 1) {
			continue // rounding down cost the exact search its only way
		}
		gap := plans[0].TotalMinutes/want - 1
		compared, sum, worst = compared+1, sum+max(gap, 0), max(worst, gap)
	}
	t.Logf("%d trips, mean gap %.2f%%, worst %.2f%%", compared, 100*sum/float64(compared), 100*worst)
	if compared < 5 || sum/float64(compared) > 0.01 || worst > 0.03 {
		t.Errorf("%d trips, mean gap %.2f%%, worst %.2f%%; want at most 1%% and 3%%", compared, 100*sum/float64(compared), 100*worst)
	}
}
