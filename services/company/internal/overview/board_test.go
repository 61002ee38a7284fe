package overview

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// world is a board, and what it reads.
type world struct {
	*Board
	plugged []charging.ReservationID
	open    []trip.Trip
	away    error
	reads   int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	var err error
	w.Board, err = New(Options{
		Cars: func() int { return 7 }, EVSEs: func() int { return 12 }, Streams: func() int { return 2 },
		Plugged: func(context.Context) ([]charging.ReservationID, error) { w.reads++; return w.plugged, w.away },
		Trips: func(_ context.Context, each func(trip.Trip)) error {
			for _, t := range w.open {
				each(t)
			}
			return w.away
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run lets the board run until the test ends.
func (w *world) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
}

func rsv(id charging.ReservationID, s charging.State, ttl time.Duration) charging.Reservation {
	return charging.Reservation{ID: id, State: s, TTL: ttl}
}

// TestStates: holds end with their TTL though nobody says so, plugs and trips are what
// was read at the start and has changed since.
func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.plugged = []charging.ReservationID{"r1", "r2"}
		w.open = []trip.Trip{{ID: "1", State: trip.Confirmed}, {ID: "2", State: trip.Confirming}}
		w.run(t)
		w.Trip(trip.Trip{ID: "2", State: trip.Confirmed})
		w.Trip(trip.Trip{ID: "3", State: trip.Reserving})
		w.Trip(trip.Trip{ID: "1", State: trip.Completed})
		w.Reservation(rsv("r1", charging.Fulfilled, 0))
		w.Reservation(rsv("r3", charging.Pending, 5*time.Second))
		w.Reservation(rsv("r4", charging.Claimed, 20*time.Second))
		time.Sleep(time.Second)
		synctest.Wait()
		o := w.Overview()
		if o.Holds != 2 || o.PlugsInUse != 1 || o.Sagas[trip.Confirmed] != 1 || o.Sagas[trip.Reserving] != 1 || o.Sagas[trip.Confirming] != 0 ||
			o.Cars != 7 || o.EVSEs != 12 || o.Streams != 2 || o.ReserveP95 != nil {
			t.Errorf("%+v", o)
		}
		if ids, total := w.Open(1); total != 2 || len(ids) != 1 || ids[0] != "3" {
			t.Errorf("open: %v of %d", ids, total)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if o := w.Overview(); o.Holds != 1 {
			t.Errorf("a hold outlives its TTL: %d", o.Holds)
		}
		reads := w.reads
		time.Sleep(50 * time.Second)
		synctest.Wait()
		if w.reads > reads+1 {
			t.Errorf("the store was asked %d times in a minute", w.reads-reads)
		}
	})
}

// TestMissed: what ended unheard is no longer counted, what began is, and a store that is
// away changes nothing.
func TestMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.open = []trip.Trip{{ID: "1", State: trip.Confirmed}}
		w.run(t)
		w.open, w.away = nil, errors.New("away")
		w.Missed()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := w.Overview().Sagas[trip.Confirmed]; got != 1 {
			t.Errorf("%d trips while the store is away", got)
		}
		w.open, w.away = []trip.Trip{{ID: "2", State: trip.Compensating}}, nil
		w.Missed()
		time.Sleep(time.Second)
		synctest.Wait()
		if o := w.Overview(); o.Sagas[trip.Confirmed] != 0 || o.Sagas[trip.Compensating] != 1 {
			t.Errorf("%v", o.Sagas)
		}
	})
}

func line(what, answer string, ms float64) trip.Entry {
	return trip.Entry{Step: what, Answer: answer, Millis: ms}
}

// TestCounts: the percentile is one, an hour is an hour, and the arrays are 15 minutes.
func TestCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run(t)
		for n := range 100 {
			w.Steps([]trip.Entry{line("reserve", "PENDING", float64(n+1))})
		}
		w.Steps([]trip.Entry{
			line("claim", "SLOT_TAKEN", 1), line("claim", "PRIORITY_LOST", 1), line("claim", "lost", 1),
			line("compensate", "CANCELED", 1), line("compensate", "lost", 1), line("state", "CONFIRMED", 0),
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		o := w.Overview()
		if p := o.ReserveP95; p == nil || *p < 95 || *p > 95*growth {
			t.Errorf("p95 %v", p)
		}
		h := o.History
		if o.ConflictsHour != 2 || o.CompensationsHour != 1 || len(h.Cars) != 1 || h.Conflicts[0] != 2 || h.Compensations[0] != 1 || h.ReserveP95[0] == nil || h.Cars[0] != 7 {
			t.Errorf("%+v", o)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		o = w.Overview()
		if o.ConflictsHour != 2 || o.ReserveP95 != nil || len(o.History.Cars) != points || o.History.Conflicts[0] != 0 {
			t.Errorf("half an hour later: %+v", o)
		}
		time.Sleep(31 * time.Minute)
		synctest.Wait()
		if o := w.Overview(); o.ConflictsHour != 0 || o.CompensationsHour != 0 {
			t.Errorf("an hour later: %d conflicts", o.ConflictsHour)
		}
	})
}

// TestReadersShareAnOverview: it is encoded once a second whoever reads, and not at all
// for nobody.
func TestReadersShareAnOverview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run(t)
		time.Sleep(5 * time.Second)
		readers := make([]*Reader, 500)
		for i := range readers {
			readers[i] = w.Watch()
		}
		if w.encoded != 0 {
			t.Errorf("%d were encoded for nobody", w.encoded)
		}
		for range 3 {
			time.Sleep(time.Second)
			synctest.Wait()
			first := readers[0].Take()
			for _, r := range readers {
				if <-r.C(); r.Take() != first {
					t.Fatal("a reader has an overview of its own")
				}
			}
		}
		if w.encoded != 3 {
			t.Errorf("%d were encoded in three seconds", w.encoded)
		}
		for _, r := range readers {
			r.Close()
		}
		if len(w.readers) != 0 {
			t.Errorf("%d readers are left", len(w.readers))
		}
	})
}
