package store_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// benchEnv is a store on the redis-server of this run. STORE_BENCH_BATCH=never
// turns batches off, to compare.
func benchEnv(b *testing.B) *env {
	b.Helper()
	if realURL == "" {
		b.Skip("no redis-server here")
	}
	e := open(b, realURL, true)
	if os.Getenv("STORE_BENCH_BATCH") == "never" {
		e.Store = e.again(b, store.Options{BatchAbove: -1})
	}
	return e
}

// BenchmarkHoldRelease is one hold and its release by 64 workers on 20 EVSEs,
// each with N bookings before and after the window.
func BenchmarkHoldRelease(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("N=%d", n), func(b *testing.B) {
			e := benchEnv(b)
			base := e.tomorrow()
			const evses = 20
			pipe := e.raw.Pipeline()
			for i := range evses {
				for k := range n {
					start := base.Add(time.Duration(k-n/2) * 20 * time.Minute)
					if k >= n/2 {
						start = start.Add(100 * time.Hour)
					}
					pipe.ZAdd(b.Context(), e.prefix+"cal:{"+string(site)+"}:"+string(benchEVSE(i)), redisZ(start, start.Add(20*time.Minute)))
				}
			}
			if _, err := pipe.Exec(b.Context()); err != nil {
				b.Fatal(err)
			}
			var worker atomic.Int64
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				w := int(worker.Add(1))
				ctx := context.Background()
				for pb.Next() {
					h := e.hold(float64(w), func(h *charging.Hold) {
						h.EVSEID, h.Start, h.End = benchEVSE(w%evses), base.Add(time.Duration(w)*time.Hour), base.Add(time.Duration(w+1)*time.Hour)
					})
					if _, err := e.Hold(ctx, h); err != nil {
						b.Error(err)
						return
					}
					if _, err := e.Compensate(ctx, at(h)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}

func benchEVSE(i int) charging.EVSEID { return charging.EVSEID(fmt.Sprintf("BR*MAR*E%04d*1", i)) }

// BenchmarkJournalStep is one write of a trip of three legs with one entry, by
// 64 sagas at a time.
func BenchmarkJournalStep(b *testing.B) {
	e := benchEnv(b)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		ctx := context.Background()
		t := newTrip(e, 3)
		if err := e.Create(ctx, t, 5*time.Second, nil); err != nil {
			b.Error(err)
			return
		}
		entry := []trip.Entry{{Step: "reserve", Leg: 1, Answer: "ok", Epoch: 1, Owner: "a"}}
		for pb.Next() {
			if err := e.Save(ctx, t, 5*time.Second, time.Now().Add(5*time.Second), entry); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

// BenchmarkJournalTrip is a trip's whole way in the journal: created, two steps,
// its end; by 64 sagas at a time.
func BenchmarkJournalTrip(b *testing.B) {
	e := benchEnv(b)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := e.finish(context.Background(), newTrip(e, 3), trip.Completed); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trips/s")
}

// finish takes a new trip through the journal to its end.
func (e *env) finish(ctx context.Context, t trip.Trip, end trip.State) error {
	entry := []trip.Entry{{Step: "reserve", Leg: 1, Answer: "ok", Epoch: 1, Owner: "a"}}
	if err := e.Create(ctx, t, 5*time.Second, entry); err != nil {
		return err
	}
	for _, s := range []trip.State{trip.Confirming, trip.Confirmed} {
		t.State = s
		if err := e.Save(ctx, t, 5*time.Second, time.Now().Add(5*time.Second), entry); err != nil {
			return err
		}
	}
	t.State = end
	return e.Finish(ctx, t, entry)
}

// BenchmarkRecord is a trip of three legs to its record and back, as one write
// and one read do.
func BenchmarkRecord(b *testing.B) {
	e := benchEnv(b)
	t := newTrip(e, 3)
	if err := e.Create(b.Context(), t, time.Minute, nil); err != nil {
		b.Fatal(err)
	}
	ids := make([]charging.TripID, 200)
	for i := range ids {
		ids[i] = t.ID
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.LoadEach(b.Context(), ids); err != nil {
			b.Fatal(err)
		}
	}
}

// redisZ is a booked window as a calendar's member.
func redisZ(start, end time.Time) redis.Z {
	return redis.Z{Score: float64(start.Unix()), Member: fmt.Sprintf("R|%d|%s", end.Unix(), newID())}
}
