package planner_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// exact is the least total time by Dijkstra's algorithm over all states (station, charge
// in steps of 1%). Waiting is free, so to come earlier with the same charge is never
// worse, calendars or not. Charges on arrival are rounded down to a step, so what it finds
// can be driven; up, it would be a bound that nothing can beat.
type exact struct {
	r      planner.Request
	sites  []charging.Location
	free   planner.Free
	up     bool
	drives [][]exactDrive // from a site, or the origin (the last row), to a site or the destination
}

type exactDrive struct {
	seconds int64
	percent float64
}

const exactSteps = 101

func newExact(t *testing.T, r planner.Request, sites []charging.Location, free planner.Free) *exact {
	t.Helper()
	e := &exact{r: r, sites: sites, free: free}
	spot := func(l charging.Location) road.Spot {
		s, err := road.Default().Locate(l.Point)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var spots []road.Spot
	for _, l := range sites {
		spots = append(spots, spot(l))
	}
	ends := []road.Spot{spot(charging.Location{Point: r.Destination}), spot(charging.Location{Point: r.Origin})}
	for _, from := range append(slices.Clone(spots), ends[1]) {
		var row []exactDrive
		for _, to := range append(slices.Clone(spots), ends[0]) {
			l, ok := road.Default().From(from).To(to)
			d := exactDrive{int64(math.Ceil(l.Drive.Seconds())), 100 * r.Vehicle.SoCFor(l.Km, l.Kmh())}
			if !ok {
				d.percent = math.Inf(1)
			}
			row = append(row, d)
		}
		e.drives = append(e.drives, row)
	}
	return e
}

// minutes of the quickest way; +Inf where there is none.
func (e *exact) minutes() float64 {
	n := len(e.sites)
	const never = math.MaxInt64
	best := make([]int64, (n+1)*exactSteps)
	done := make([]bool, len(best))
	for i := range best {
		best[i] = never
	}
	relax := func(at int64, from int, percent float64) {
		for j, d := range e.drives[from] {
			left := percent - d.percent
			if left < 100*e.r.MinArrivalSoC {
				continue
			}
			if e.up {
				left = math.Ceil(left)
			}
			state := j*exactSteps + int(left)
			best[state] = min(best[state], at+d.seconds)
		}
	}
	start := e.r.Departure.Unix()
	relax(start, n, 100*e.r.SoC)
	for {
		at := -1
		for i, when := range best {
			if !done[i] && when != never && (at < 0 || when < best[at]) {
				at = i
			}
		}
		if at < 0 {
			return math.Inf(1)
		}
		done[at] = true
		site, percent := at/exactSteps, at%exactSteps
		if site == n {
			return float64(best[at]-start) / 60
		}
		for to := percent + 1; to <= 100; to++ {
			if end, ok := e.charge(site, best[at], float64(percent)/100, float64(to)/100); ok {
				relax(end, site, float64(to))
			}
		}
	}
}

// charge is when a charge at a site can be done first.
func (e *exact) charge(site int, at int64, from, to float64) (end int64, ok bool) {
	for _, evse := range e.sites[site].EVSEs {
		c, fits := evse.For(e.r.Vehicle.Plugs())
		if !fits {
			continue
		}
		d := e.r.Vehicle.ChargeTime(from, to, c.PowerKW, c.DC())
		if d == 0 {
			continue
		}
		length := int64(math.Ceil(max(d+planner.Overhead, charging.MinWindow).Seconds()))
		if length > int64(charging.MaxWindow.Seconds()) {
			continue
		}
		for _, w := range e.windows(evse.ID) {
			start := max(at, int64(math.Ceil(float64(w.Start.UnixNano())/1e9)))
			if start+length > w.End.Unix() || start-at > int64(planner.MaxWait.Seconds()) {
				continue
			}
			if !ok || start+length < end {
				end, ok = start+length, true
			}
		}
	}
	return end, ok
}

func (e *exact) windows(id charging.EVSEID) []charging.Window {
	if e.free == nil {
		return []charging.Window{{Start: monday.AddDate(0, 0, -1), End: monday.AddDate(1, 0, 0)}}
	}
	return e.free(id)
}

// instance is a random journey between two towns with up to 12 stations on or near the
// way, in the demo's style: some slow, some fast.
func instance(t *testing.T, rng *rand.Rand) (planner.Request, []charging.Location) {
	t.Helper()
	for {
		r := journey(rng, 250)
		r.Departure = r.Departure.Truncate(time.Second)
		way, err := road.Default().Route(r.Origin, r.Destination)
		if err != nil {
			t.Fatal(err)
		}
		if way.Km > 1100 {
			continue
		}
		var near []charging.Location
		for _, l := range manyStations() {
			if _, off := way.Along(l.Point); off < 25 {
				near = append(near, l)
			}
		}
		if len(near) >= 12 {
			rng.Shuffle(len(near), func(i, j int) { near[i], near[j] = near[j], near[i] })
			return r, near[:6+rng.IntN(7)]
		}
	}
}

var manyStations = sync.OnceValue(func() []charging.Location { return world(3000, 7) })

func TestPlansAreNearlyOptimal(t *testing.T) {
	t.Parallel()
	instances := 25
	if long(t) {
		instances = 500
	}
	rng := rand.New(rand.NewPCG(31, 32))
	var sum, worst, below, count float64
	ways, fewer := 0, 0
	for i := range instances {
		r, sites := instance(t, rng)
		free := calendars(sites, uint64(i))
		if i%4 == 0 {
			free = nil
		}
		e := newExact(t, r, sites, free)
		want := e.minutes()
		plans, err := planner.New(road.Default(), sites).Plans(r, free)
		switch {
		case err != nil && !errors.Is(err, charging.CodeInfeasibleTrip):
			t.Fatal(err)
		case err != nil && !math.IsInf(want, 1):
			t.Errorf("%d, %s: %v, but there is a way of %.0f min", i, r.Vehicle.ID, err, want)
		case err == nil && math.IsInf(want, 1):
			fewer++ // rounding down cost the exact search its only way
		case err == nil:
			ways++
			gap := plans[0].TotalMinutes/want - 1
			e.up = true
			sum, worst, count = sum+max(gap, 0), max(worst, gap), count+1
			below += plans[0].TotalMinutes/e.minutes() - 1
			if gap > 0.03 {
				t.Errorf("%d, %s: %.0f min, the exact search %.0f: %.1f%% longer", i, r.Vehicle.ID, plans[0].TotalMinutes, want, 100*gap)
			}
		}
	}
	t.Logf("%d instances: %d with a way, %d with one that steps of 1%% do not find; mean gap %.3f%%, worst %.2f%%; above a bound that nothing beats: %.2f%%",
		instances, ways, fewer, 100*sum/count, 100*worst, 100*below/count)
	if count < float64(instances)/4 || sum/count > 0.01 || worst > 0.03 {
		t.Errorf("%.0f of %d instances with a way, mean gap %.2f%%, worst %.2f%%; want at most 1%% and 3%%", count, instances, 100*sum/count, 100*worst)
	}
}
