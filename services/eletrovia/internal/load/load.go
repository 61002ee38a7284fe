// Package load books trips as fast as a number of callers can, and says how
// fast that was. It is for measuring, not for testing.
package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Booker books trip n and returns when it is settled.
type Booker func(ctx context.Context, n int, stops []api.Stop) (trip.State, error)

// Result of one run.
type Result struct {
	Concurrency int `json:"concurrency"`
	// Trips that were CONFIRMED, and Failed ones: all others.
	Trips  int `json:"trips"`
	Failed int `json:"failed"`
	// Why the first failed one did.
	Why       string  `json:"why,omitempty"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"trips_per_second"`
	// P50 and P99 of what a confirmed trip took, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

// Run books with so many callers for so long. next numbers the trips and goes
// on from run to run.
func Run(ctx context.Context, callers int, d time.Duration, w *Windows, next *atomic.Int64, book Booker) Result {
	ends := time.Now().Add(d)
	tallies := make([]tally, callers)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range tallies {
		wg.Go(func() {
			for ctx.Err() == nil && time.Now().Before(ends) {
				n := int(next.Add(1) - 1)
				tallies[i].book(ctx, n, w.Stops(n), book)
			}
		})
	}
	wg.Wait()
	return sum(callers, time.Since(began), tallies)
}

// tally is one caller's part of the result.
type tally struct {
	took   []time.Duration
	failed int
	why    error
}

func (t *tally) book(ctx context.Context, n int, stops []api.Stop, book Booker) {
	began := time.Now()
	state, err := book(ctx, n, stops)
	if err == nil && state == trip.Confirmed {
		t.took = append(t.took, time.Since(began))
		return
	}
	if errors.Is(err, context.Canceled) {
		return
	}
	t.failed++
	if t.why == nil {
		t.why = err
		if err == nil {
			t.why = fmt.Errorf("a trip ended %s", state)
		}
	}
}

func sum(callers int, took time.Duration, tallies []tally) Result {
	r := Result{Concurrency: callers, Seconds: took.Seconds()}
	var all []time.Duration
	for _, t := range tallies {
		all = append(all, t.took...)
		r.Failed += t.failed
		if t.why != nil && r.Why == "" {
			r.Why = t.why.Error()
		}
	}
	slices.Sort(all)
	r.Trips = len(all)
	r.PerSecond = float64(r.Trips) / r.Seconds
	r.P50, r.P99 = percentile(all, 0.50), percentile(all, 0.99)
	return r
}

// percentile of sorted durations in milliseconds, by nearest rank; 0 of none.
func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := min(len(sorted)-1, int(p*float64(len(sorted))))
	return float64(sorted[rank].Microseconds()) / 1000
}
