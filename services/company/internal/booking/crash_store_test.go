package booking_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
)

// TestCrashAtEveryStepOnRedis cuts the originator's power before and after each
// journal write and each call of a booking over real desks, scripts and stores,
// on the way to CONFIRMED and on the way back; one server of the same company
// takes over all that is left. The trips have hours of their own and run side by
// side. TestCrashMatrix has more troubles, over fakes.
func TestCrashAtEveryStepOnRedis(t *testing.T) {
	onBothStores(t, func(t *testing.T, inMemory bool) {
		f := &fatal{t: t, killers: map[string]*killer{}}
		f.crew = newCrew(t, &road{inMemory: inMemory})
		f.between = f.passes
		hour := 0
		for _, refused := range []bool{false, true} {
			points := 1
			var wg sync.WaitGroup
			slots := make(chan struct{}, 16)
			for at := 0; at <= points; at++ {
				run := f.trip(at, hour, refused)
				hour += 3
				if at == 0 {
					if points = run(); points < 14 {
						t.Fatalf("only %d points", points)
					}
					continue
				}
				slots <- struct{}{}
				wg.Go(func() { run(); <-slots })
			}
			wg.Wait()
			t.Logf("last stop refused: %v, %d points", refused, points)
		}
		if n := f.locks(); n != 0 {
			t.Errorf("%d locks left", n)
		}
	})
}

// fatal is a crew whose servers each have a point at which they die.
type fatal struct {
	*crew
	t       *testing.T
	mu      sync.Mutex
	killers map[string]*killer
	heir    sync.Once
}

// passes is the way of a call past its server's point.
func (f *fatal) passes(_, step string, ref charging.Ref, after bool) error {
	f.mu.Lock()
	k := f.killers[ref.Owner]
	f.mu.Unlock()
	if k == nil {
		return nil // the heir's
	}
	return k.pass(fmt.Sprintf("%s of %s, after: %v", step, ref.EVSEID, after))
}

// trip prepares a trip with hours of its own, on a server that dies at a point;
// the result plays it to its end and tells how many points it came to.
func (f *fatal) trip(at, hour int, refused bool) func() int {
	o := f.options
	k := &killer{Journal: o.Journal, on: true, at: at}
	o.Owner, o.Journal = fmt.Sprintf("AAA-dies-%v-%d", refused, at), k
	server, err := booking.New(o)
	if err != nil {
		f.t.Fatal(err)
	}
	k.kill = server.Kill
	f.mu.Lock()
	f.killers[o.Owner] = k
	f.mu.Unlock()
	if refused {
		sold := f.stranger(3, "").ask(e(2), hour+2, hour+3)
		f.must(f.at(e(2)).Reserve(f.t.Context(), sold))
		f.must(f.at(e(2)).Confirm(f.t.Context(), sold.Ref))
	}
	draft := f.draft(0, trip.Abort, stop{e(0), hour}, stop{e(1), hour + 1}, stop{e(2), hour + 2})
	return func() int {
		if _, err := server.Start(f.t.Context(), draft); err != nil {
			f.t.Errorf("point %d: %v", at, err)
			return 0
		}
		idle(server)
		server.Kill()
		k.mu.Lock()
		seen := k.seen
		k.on = false
		k.mu.Unlock()
		if at > seen+slackOnRedis {
			f.t.Errorf("point %d was never reached (%d)", at, seen)
		}
		f.heir.Do(func() { f.server() })
		f.endLease(draft.ID)
		f.ends(at, draft.ID, refused)
		return seen
	}
}

// slackOnRedis is by how many points two runs differ: how often an unsettled
// RESERVED is looked at again within its bound.
const slackOnRedis = 12

// ends waits for the trip's end, and judges it.
func (f *fatal) ends(at int, id charging.TripID, refused bool) {
	want := trip.Confirmed
	if refused {
		want = trip.Aborted
	}
	var got trip.Trip
	var err error
	for deadline := time.Now().Add(60 * time.Second); ; <-time.After(20 * time.Millisecond) {
		got, err = f.companies["AAA"].store.Load(context.Background(), id)
		if err == nil && settled(got) {
			break
		}
		if time.Now().After(deadline) {
			f.t.Errorf("point %d: not settled: %s %+v, %v", at, got.State, got.Saga, err)
			return
		}
	}
	if got.State != want {
		f.t.Errorf("point %d: %s %+v, want %s", at, got.State, got.Problem, want)
	}
	for k, l := range got.Legs {
		res, err := f.at(l.EVSEID).Reservation(context.Background(), l.ReservationID, "")
		if held := err == nil && res.State.Holds(); held != (want == trip.Confirmed) || held && res.State != charging.Reserved {
			f.t.Errorf("point %d: the trip is %s, stop %d is %s, %v", at, got.State, k+1, res.State, err)
		}
	}
}
