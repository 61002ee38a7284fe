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

// killer counts the journal's writes and the calls of one company's saga,
// before and after each, and cuts the power at one of them.
type killer struct {
	booking.Journal
	mu       sync.Mutex
	on       bool
	at, seen int
	kill     func()
	steps    []string
}

// pass reports an error once the power is gone: nothing is sent, no answer
// comes in.
func (k *killer) pass(step string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.on {
		return nil
	}
	k.seen++
	k.steps = append(k.steps, step)
	if k.at > 0 && k.seen >= k.at {
		k.kill()
		return context.Canceled
	}
	return nil
}

func (k *killer) Save(ctx context.Context, t trip.Trip, lease time.Duration, due time.Time, entries []trip.Entry) error {
	return k.around(func() error { return k.Journal.Save(ctx, t, lease, due, entries) })
}

func (k *killer) Park(ctx context.Context, t trip.Trip, due time.Time, entries []trip.Entry) error {
	return k.around(func() error { return k.Journal.Park(ctx, t, due, entries) })
}

func (k *killer) Finish(ctx context.Context, t trip.Trip, entries []trip.Entry) error {
	return k.around(func() error { return k.Journal.Finish(ctx, t, entries) })
}

// around makes a write of the journal with a point before and after it.
func (k *killer) around(write func() error) error {
	if err := k.pass("before the journal"); err != nil {
		return err
	}
	err := write()
	if lost := k.pass("after the journal"); lost != nil {
		return lost
	}
	return err
}

// quick are timings under which another server takes over within a second.
func quick(o *booking.Options) {
	o.CallTimeout, o.Lease, o.Poll, o.StepBudget = 300*time.Millisecond, 500*time.Millisecond, 50*time.Millisecond, 600*time.Millisecond
	o.ConfirmBudget, o.HoldTTL = 600*time.Millisecond, 3*time.Second
}

// TestSwapKilledAtEveryStep cuts the power of the originator before and after
// each journal write and each call of a swap, over real stores. Another server
// takes over: the trip is whole, with the old stop or the new one, and at no
// time was it without both.
func TestSwapKilledAtEveryStep(t *testing.T) {
	k := &killer{}
	var options booking.Options
	r := newRoad(t, quick, func(o *booking.Options) {
		if o.Self == "AAA" {
			options = *o // as they are for a second server of the same company
			k.Journal, o.Journal = o.Journal, k
		}
	})
	r.between = func(from, step string, ref charging.Ref, after bool) error {
		if from != "AAA" {
			return nil
		}
		return k.pass(fmt.Sprintf("%s of %s, after: %v", step, ref.EVSEID, after))
	}
	leave, now := context.WithCancel(t.Context())
	now()
	r.companies["AAA"].saga.Drain(leave) // the test brings servers of its own
	points := 1
	for at := 0; at <= points; at++ {
		seen := r.swapOnce(t, k, options, at)
		if at == 0 {
			if points = seen; points < 10 {
				t.Fatalf("only %d steps: %v", points, k.steps)
			}
			t.Logf("%d points: %v", points, k.steps)
		}
	}
}

// swapOnce books, swaps with the power cut at one point, and recovers.
func (r *road) swapOnce(t *testing.T, k *killer, options booking.Options, at int) int {
	t.Helper()
	h := 4 * at
	// The first server's life: a coordinator of its own for each round.
	o := options
	o.Owner, o.Journal = fmt.Sprintf("AAA-first-%d", at), k
	first, err := booking.New(o)
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	k.on, k.at, k.seen, k.steps, k.kill = false, at, 0, nil, first.Kill
	k.mu.Unlock()
	booked := r.bookWith(first, stop{e(1), h}, stop{e(2), h + 1})
	old := booked.Legs[1]
	l := trip.Leg{Leg: 2, CompanyID: "DDD", EVSEID: e(3), Start: old.Start, End: old.End}
	watch := r.watchWhole(booked)
	k.mu.Lock()
	k.on = true
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	_, swapErr := first.Shift(ctx, booked.ID, []trip.Leg{l})
	cancel()
	if at == 0 && swapErr != nil {
		t.Fatal(swapErr)
	}
	idle(first) // its last writes count too
	first.Kill()
	k.mu.Lock()
	k.on = false
	seen := k.seen
	k.mu.Unlock()
	if at > seen {
		t.Fatalf("point %d was never reached (%d)", at, seen)
	}
	got := r.recover(options, at, booked)
	if n := watch(); n > 0 {
		t.Errorf("point %d: %d times the trip had neither the old stop nor the new one", at, n)
	}
	r.wholeAfterSwap(at, got, old)
	if at == 0 && got.Legs[1].EVSEID != e(3) {
		t.Errorf("an undisturbed swap kept %s", got.Legs[1].EVSEID)
	}
	return seen
}

func (r *road) bookWith(c *booking.Coordinator, stops ...stop) trip.Trip {
	r.t.Helper()
	t, err := c.Start(r.t.Context(), r.draft(0, trip.Abort, stops...))
	if err == nil {
		t, err = c.Wait(r.t.Context(), t.ID)
	}
	if err != nil || t.State != trip.Confirmed {
		r.t.Fatalf("%s %+v, %v", t.State, t.Problem, err)
	}
	idle(c)
	return t
}

// idle waits until what a server began rests in the journal.
func idle(c *booking.Coordinator) {
	for deadline := time.Now().Add(10 * time.Second); c.InFlight() > 0 && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
}

// watchWhole looks all the time whether somebody of the trip holds its second
// hour, at the old EVSE or at the new one; the result ends it and says how often
// it was not so.
func (r *road) watchWhole(booked trip.Trip) (stop func() int) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done, bad := make(chan struct{}), 0
	w := booked.Legs[1].Window()
	taken := func(evse charging.EVSEID) bool {
		free, err := r.at(evse).Availability(ctx, []charging.EVSEID{evse}, w)
		return err != nil || len(free) == 0 || len(free[0].Windows) == 0
	}
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			// The new one first: what is let go after it was looked at was taken then.
			if !taken(e(3)) && !taken(e(2)) && !taken(e(3)) {
				bad++
			}
			select {
			case <-ctx.Done():
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() int { cancel(); <-done; return bad }
}

// recover lets a second server of the company take over what the first left,
// until nothing of the trip is open any more but its windows.
func (r *road) recover(options booking.Options, at int, booked trip.Trip) trip.Trip {
	r.t.Helper()
	o := options
	o.Owner = fmt.Sprintf("AAA-second-%d", at)
	second, err := booking.New(o)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); second.Run(ctx) }()
	var got trip.Trip
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(10 * time.Millisecond) {
		got, err = r.companies["AAA"].store.Load(r.t.Context(), booked.ID)
		if err == nil && got.Saga.Shift == nil && len(got.Saga.Abandoned) == 0 {
			break
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("point %d: still %+v, %v", at, got.Saga, err)
		}
	}
	cancel()
	<-done
	second.Kill()
	return got
}

// wholeAfterSwap asserts that every stop is RESERVED, and that of the old and
// the new stop only the trip's is held.
func (r *road) wholeAfterSwap(at int, got trip.Trip, old trip.Leg) {
	r.t.Helper()
	if got.State != trip.Confirmed {
		r.t.Fatalf("point %d: %s %+v", at, got.State, got.Problem)
	}
	for k := range got.Legs {
		if s := r.state(got.Ref(k)); s != charging.Reserved {
			r.t.Errorf("point %d: stop %d is %s", at, k+1, s)
		}
	}
	other := e(3)
	if got.Legs[1].EVSEID == e(3) {
		other = old.EVSEID
	}
	free, err := r.at(other).Availability(r.t.Context(), []charging.EVSEID{other}, old.Window())
	if err != nil || len(free) != 1 || len(free[0].Windows) != 1 || free[0].Windows[0] != old.Window() {
		r.t.Errorf("point %d: the trip has %s, and %s is not free: %+v, %v", at, got.Legs[1].EVSEID, other, free, err)
	}
	if n := r.locks(); n != 0 {
		r.t.Errorf("point %d: %d locks", at, n)
	}
}
