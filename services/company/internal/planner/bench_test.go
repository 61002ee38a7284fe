package planner_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// bench is a world that benchmarks share.
type bench struct {
	p    *planner.Planner
	free planner.Free
}

// warmUp is how many journeys are planned before the clock starts.
const warmUp = 200

var benches sync.Map // by number of stations

func newBench(b *testing.B, stations int) bench {
	b.Helper()
	if known, ok := benches.Load(stations); ok {
		return known.(bench)
	}
	all := world(stations, 1)
	w := bench{planner.New(road.Default(), all), calendars(all, 2)}
	rng := rand.New(rand.NewPCG(7, 8))
	for range warmUp { // drives that are asked for again are remembered
		if _, err := w.p.Plans(journey(rng, 300), w.free); err != nil && !errors.Is(err, charging.CodeInfeasibleTrip) {
			b.Fatal(err)
		}
	}
	benches.Store(stations, w)
	return w
}

// report gives the middle and the 99th percentile of the processor time that single
// operations took.
func report(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	at := func(q float64) float64 { return took[int(q*float64(len(took)-1))].Seconds() * 1000 }
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}

// BenchmarkPlans plans random journeys of 300 km and more, up to three distinct plans
// each, with calendars. Read p50 and p99 with -benchtime 300x or more.
func BenchmarkPlans(b *testing.B) {
	for _, stations := range []int{1000, 10000} {
		for _, objective := range []trip.Objective{trip.Fastest, trip.Cheapest, trip.FewestStops} {
			b.Run(fmt.Sprintf("%d/%s", stations, objective), func(b *testing.B) {
				w := newBench(b, stations)
				rng := rand.New(rand.NewPCG(3, 4))
				requests := make([]planner.Request, max(b.N, 1))
				for i := range requests {
					requests[i] = journey(rng, 300)
					requests[i].Objective = objective
				}
				took := make([]time.Duration, 0, b.N)
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				infeasible := 0
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					start := spent()
					_, err := w.p.Plans(requests[i], w.free)
					took = append(took, spent()-start)
					if errors.Is(err, charging.CodeInfeasibleTrip) {
						infeasible++
					} else if err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				report(b, took)
				b.ReportMetric(100*float64(infeasible)/float64(b.N), "%infeasible")
			})
		}
	}
}

// BenchmarkFirstPlan is the first question to a new planner, on roads that have not been
// asked for yet.
func BenchmarkFirstPlan(b *testing.B) {
	for _, stations := range []int{1000, 10000} {
		b.Run(fmt.Sprint(stations), func(b *testing.B) {
			all := world(stations, 1)
			free := calendars(all, 2)
			rng := rand.New(rand.NewPCG(9, 10))
			var took []time.Duration
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for b.Loop() {
				b.StopTimer()
				net, err := road.Embedded()
				if err != nil {
					b.Fatal(err)
				}
				p, r := planner.New(net, all), journey(rng, 300)
				b.StartTimer()
				start := spent()
				if _, err := p.Plans(r, free); err != nil && !errors.Is(err, charging.CodeInfeasibleTrip) {
					b.Fatal(err)
				}
				took = append(took, spent()-start)
			}
			report(b, took)
		})
	}
}

// BenchmarkAlternatives looks for other choices for one stop of a trip.
func BenchmarkAlternatives(b *testing.B) {
	for _, stations := range []int{1000, 10000} {
		b.Run(fmt.Sprint(stations), func(b *testing.B) {
			w := newBench(b, stations)
			rng := rand.New(rand.NewPCG(5, 6))
			var trips []trip.Trip
			for len(trips) < 50 {
				r := journey(rng, 300)
				if plans, err := w.p.Plans(r, w.free); err == nil && len(plans[0].Stops) > 0 {
					trips = append(trips, booked(plans[0], &r))
				}
			}
			took := make([]time.Duration, 0, b.N)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				t := trips[i%len(trips)]
				start := spent()
				if _, err := w.p.Alternatives(t, 1+i%len(t.Legs), w.free, monday); err != nil {
					b.Fatal(err)
				}
				took = append(took, spent()-start)
			}
			b.StopTimer()
			report(b, took)
		})
	}
}

// BenchmarkEdits plans journeys anew with half of their stops held, a charge to leave with, and
// two places to pass.
func BenchmarkEdits(b *testing.B) {
	for _, stations := range []int{1000, 10000} {
		b.Run(fmt.Sprint(stations), func(b *testing.B) {
			w := newBench(b, stations)
			requests := edits(b, w, 50)
			took, infeasible := make([]time.Duration, 0, b.N), 0
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				start := spent()
				_, err := w.p.Plans(requests[i%len(requests)], w.free)
				took = append(took, spent()-start)
				if errors.Is(err, charging.CodeInfeasibleTrip) {
					infeasible++
				} else if err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			report(b, took)
			b.ReportMetric(100*float64(infeasible)/float64(b.N), "%infeasible")
		})
	}
}

// edits are so many journeys with what was asked of their plans.
func edits(b *testing.B, w bench, n int) (all []planner.Request) {
	b.Helper()
	rng := rand.New(rand.NewPCG(15, 16))
	for len(all) < n {
		r := journey(rng, 300)
		plans, err := w.p.Plans(r, w.free)
		if err != nil || len(plans[0].Stops) < 2 {
			continue
		}
		r.Single = true
		for i, s := range plans[0].Stops {
			if i%2 == 0 && len(r.Held) < planner.MaxHeld {
				h := planner.Held{EVSE: s.EVSEID, Location: s.LocationID, Asked: trip.Asked{Hold: trip.HoldEVSE, Start: s.Start, End: s.End}}
				if i == 2 {
					h.Asked = trip.Asked{Hold: trip.HoldLocation, DepartSoC: 0.9}
				}
				r.Held = append(r.Held, h)
			}
		}
		for _, s := range plans[0].Stops[:2] {
			near := s.Site
			r.Via = append(r.Via, planner.Via{Point: geo.Point{Lat: near.Lat + 0.1, Lon: near.Lon}, Stay: 20 * time.Minute})
		}
		all = append(all, r)
	}
	return all
}
