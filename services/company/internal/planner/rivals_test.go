package planner_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// rival is what others do: it drives towards the destination, and where the charge does
// not do for that, to a charger that choose picks among those within reach, charges to
// 80% (or full, where that leads nowhere), and goes on.
type rival struct {
	r      planner.Request
	sites  []charging.Location
	spots  []road.Spot
	free   planner.Free
	choose func(v *rival, from road.Spot, reach []int) int
	dest   road.Spot
	done   map[int]bool
}

// minutes that the rival takes; an error where it strands.
func (v *rival) minutes() (float64, error) {
	net := road.Default()
	here, err := net.Locate(v.r.Origin)
	if err != nil {
		return 0, err
	}
	if v.dest, err = net.Locate(v.r.Destination); err != nil {
		return 0, err
	}
	v.done = map[int]bool{}
	at, soc := v.r.Departure, v.r.SoC
	for range 60 {
		tree := net.From(here)
		last, _ := tree.To(v.dest)
		if soc-v.use(last) >= v.r.MinArrivalSoC {
			return at.Add(last.Drive).Sub(v.r.Departure).Minutes(), nil
		}
		var reach []int
		for i := range v.sites {
			leg, ok := tree.To(v.spots[i])
			if ok && !v.done[i] && quick(v.sites[i]) && soc-v.use(leg) >= v.r.MinArrivalSoC {
				reach = append(reach, i)
			}
		}
		next := v.choose(v, here, reach)
		if next < 0 {
			return 0, errors.New("strands")
		}
		leg, _ := tree.To(v.spots[next])
		v.done[next] = true
		soc -= v.use(leg)
		end, level, ok := v.charge(next, at.Add(leg.Drive), soc)
		if !ok {
			continue // nothing for this car or free here: drive on
		}
		at, soc, here = end, level, v.spots[next]
	}
	return 0, errors.New("goes in circles")
}

func (v *rival) use(l road.Leg) float64 { return v.r.Vehicle.SoCFor(l.Km, l.Kmh()) }

// charge takes the EVSE of a site that is done first.
func (v *rival) charge(site int, at time.Time, soc float64) (end time.Time, level float64, ok bool) {
	level = 0.8
	if soc > 0.7 {
		level = 1
	}
	for _, e := range v.sites[site].EVSEs {
		c := e.Connectors[0]
		if !c.DC() {
			continue
		}
		d := v.r.Vehicle.ChargeTime(soc, level, c.PowerKW, c.DC())
		if d == 0 {
			continue
		}
		d += planner.Overhead
		for _, w := range v.free(e.ID) {
			start := at
			if w.Start.After(start) {
				start = w.Start
			}
			if done := start.Add(d); !done.After(w.End) && (!ok || done.Before(end)) {
				end, ok = done, true
			}
		}
	}
	return end, level, ok
}

// quick sites have direct current: the rivals know at least that.
func quick(l charging.Location) bool {
	return slices.ContainsFunc(l.EVSEs, func(e charging.EVSE) bool { return e.Connectors[0].DC() })
}

// nearest is the nearest charger, wherever it lies.
func nearest(v *rival, from road.Spot, reach []int) int {
	best, least := -1, math.Inf(1)
	for _, i := range reach {
		if d := geo.Distance(from.Point(), v.spots[i].Point()); d < least {
			best, least = i, d
		}
	}
	return best
}

// nearestAhead is the nearest charger that is nearer to the destination.
func nearestAhead(v *rival, from road.Spot, reach []int) int {
	var ahead []int
	for _, i := range reach {
		if geo.Distance(v.spots[i].Point(), v.dest.Point()) < geo.Distance(from.Point(), v.dest.Point()) {
			ahead = append(ahead, i)
		}
	}
	return nearest(v, from, ahead)
}

// fixedOrder takes the chargers in a list's order along the road, each the last one within
// reach.
func fixedOrder(v *rival, _ road.Spot, reach []int) int {
	best, least := -1, time.Duration(math.MaxInt64)
	tree := road.Default().From(v.dest)
	for _, i := range reach {
		if l, ok := tree.To(v.spots[i]); ok && l.Drive < least {
			best, least = i, l.Drive
		}
	}
	return best
}

// TestPlansBeatTheRivals prints a table with -v: 60 random journeys by default, 1,000
// with ELETROVIA_LONG=1.
func TestPlansBeatTheRivals(t *testing.T) {
	t.Parallel()
	journeys := 60
	if long(t) {
		journeys = 1000
	}
	all := world(300, 5)
	free := calendars(all, 6)
	p := planner.New(road.Default(), all)
	v := rival{sites: all, free: free}
	for _, l := range all {
		s, err := road.Default().Locate(l.Point)
		if err != nil {
			t.Fatal(err)
		}
		v.spots = append(v.spots, s)
	}
	rivals := []struct {
		name                           string
		choose                         func(*rival, road.Spot, []int) int
		beaten, equal, better, strands int
		extra                          float64
	}{
		{name: "nearest charger", choose: nearest},
		{name: "nearest ahead", choose: nearestAhead},
		{name: "fixed order, last in reach", choose: fixedOrder},
	}
	rng := rand.New(rand.NewPCG(81, 82))
	for n := 0; n < journeys; {
		v.r = journey(rng, 300)
		plans, err := p.Plans(v.r, free)
		if err != nil || len(plans[0].Stops) == 0 {
			continue
		}
		n++
		for i := range rivals {
			rv := &rivals[i]
			v.choose = rv.choose
			minutes, err := v.minutes()
			switch {
			case err != nil:
				rv.strands++
			case minutes > plans[0].TotalMinutes+0.5:
				rv.beaten++
				rv.extra += minutes - plans[0].TotalMinutes
			case minutes < plans[0].TotalMinutes-0.5:
				rv.better++
			default:
				rv.equal++
			}
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%d journeys that need a stop, 300 stations\n%-28s %9s %9s %7s %7s %12s\n", journeys, "rival", "strands", "slower", "equal", "faster", "mean extra")
	for _, rv := range rivals {
		fmt.Fprintf(&table, "%-28s %9d %9d %7d %7d %8.0f min\n", rv.name, rv.strands, rv.beaten, rv.equal, rv.better, rv.extra/float64(max(rv.beaten, 1)))
		if won := rv.strands + rv.beaten; float64(won) < 0.95*float64(journeys) {
			t.Errorf("the plan beats %q in %d of %d journeys, want 95%%", rv.name, won, journeys)
		}
	}
	t.Log(table.String())
}
