package store_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// finishedTrips is how many BenchmarkFinishedTrips makes; STORE_BENCH_TRIPS
// takes another number.
const finishedTrips = 200_000

// BenchmarkFinishedTrips makes many trips through the journal to their end,
// beside some that stand and are stuck and are older than all of them. It reports
// what it takes to find those (the median of 50 calls, ms) with 100 finished
// trips on record and with all, and what is left of the finished ones when their
// retention is over: keys and places in lists, for each trip.
func BenchmarkFinishedTrips(b *testing.B) {
	many, err := strconv.Atoi(os.Getenv("STORE_BENCH_TRIPS"))
	if err != nil {
		many = finishedTrips
	}
	for b.Loop() {
		e := benchEnv(b)
		e.standingTrips(b, 50, 5)
		before := e.size(b)

		sample := min(many/2, 2000)
		began := time.Now()
		e.finishMany(b, store.Options{TripRetention: time.Minute}, 100)
		e.findOld(b, "100")
		e.finishMany(b, store.Options{TripRetention: time.Minute}, sample-100)
		// All are on record at once: the retention is longer than it takes to make them.
		retention := time.Minute + time.Since(began)*time.Duration(3*many/sample)/2
		began = time.Now()
		e.finishMany(b, store.Options{TripRetention: retention}, many-sample)
		b.ReportMetric(float64(many-sample)/time.Since(began).Seconds(), "trips/s")
		all := e.raw.ZCard(b.Context(), e.prefix+"trips:all").Val()
		b.Logf("%d finished trips listed; retention %s", all-55, retention.Round(time.Second))
		e.findOld(b, strconv.Itoa(many))

		e.forgetUntil(b, retention+2*time.Minute, before)
		left := e.size(b)
		b.ReportMetric(float64(left.keys-before.keys)/float64(many), "keys-left/trip")
		b.ReportMetric(float64(left.members-before.members)/float64(many), "members-left/trip")
	}
}

// standingTrips are older than all others; the first few are stuck.
func (e *env) standingTrips(b *testing.B, n, stuck int) {
	b.Helper()
	for i := range n + stuck {
		tr := newTrip(e, 3)
		tr.VehicleID = charging.VehicleID(fmt.Sprintf("EV-S%d", i))
		if err := e.Create(b.Context(), tr, lease, nil); err != nil {
			b.Fatal(err)
		}
		tr.State = trip.Confirmed
		if i < stuck {
			tr.State, tr.Saga.Stuck = trip.Compensating, stuckTrip
		}
		e.write(b, tr, time.Now().Add(time.Hour))
	}
}

// finishMany admits trips of some thousand vehicles and takes them to their end.
func (e *env) finishMany(b *testing.B, o store.Options, n int) {
	b.Helper()
	at := &env{Store: e.again(b, o), civil: e.civil, prefix: e.prefix}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 64 {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := at.drive(b.Context(), i, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
}

const benchVehicles = 2000

// drive is the i-th of n trips; those of one vehicle follow each other, and are
// in the past.
func (e *env) drive(ctx context.Context, i int64, n int) error {
	tr := newTrip(e, 3)
	tr.VehicleID = charging.VehicleID(fmt.Sprintf("EV-%d-%d", n, i%benchVehicles))
	start := e.civil.now().Add(-time.Duration(i/benchVehicles+2) * time.Hour)
	for k := range tr.Legs {
		tr.Legs[k].Start = start.Add(time.Duration(k) * 20 * time.Minute)
		tr.Legs[k].End = tr.Legs[k].Start.Add(20 * time.Minute)
	}
	a := admission(tr, strconv.FormatInt(i, 10))
	a.Life = 0 // the shortest
	if _, err := e.Admit(ctx, a); err != nil {
		return err
	}
	return e.finish(ctx, tr, ends()[i%3])
}

// findOld reports how long it takes to find what is stuck, and the first page of
// what stands.
func (e *env) findOld(b *testing.B, with string) {
	b.Helper()
	for name, find := range map[string]func() (int, error){
		"stuck": func() (int, error) {
			got, _, err := e.List(b.Context(), trip.Query{Stuck: true})
			return len(got) * 10, err
		},
		"standing": func() (int, error) {
			got, _, err := e.Standing(b.Context(), "", 1000, trip.Confirming, trip.Confirmed)
			return len(got), err
		},
	} {
		took := make([]time.Duration, 50)
		for i := range took {
			began := time.Now()
			if n, err := find(); err != nil || n != 50 {
				b.Fatalf("%s: %d, %v", name, n, err)
			}
			took[i] = time.Since(began)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[25].Microseconds())/1000, name+"@"+with+"-ms")
	}
}

// size is what a store has.
type size struct{ keys, members int }

func (e *env) size(b *testing.B) size {
	b.Helper()
	var s size
	ctx := b.Context()
	for _, k := range e.keysOf(b) {
		s.keys++
		if e.raw.Type(ctx, e.prefix+k).Val() == "zset" {
			s.members += int(e.raw.ZCard(ctx, e.prefix+k).Val())
		}
	}
	return s
}

// forgetUntil is the server that goes on until as much is left as before.
func (e *env) forgetUntil(b *testing.B, most time.Duration, before size) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), most)
	defer cancel()
	over := make(chan struct{})
	go func() {
		defer close(over)
		e.KeepLists(ctx, func(msg string, err error) { b.Error(msg, err) })
	}()
	for ctx.Err() == nil && int(e.raw.DBSize(ctx).Val()) > before.keys+1 {
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	cancel()
	<-over
}
