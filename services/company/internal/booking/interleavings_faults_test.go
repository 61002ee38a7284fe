package booking_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
)

var errLost = errors.New("lost on the road")

// TestCompensateComesFirst is row 6: the reserve is still on its way when its
// trip has given up and compensated; it comes late, at a location that has never
// seen the id, and so does a confirm.
func TestCompensateComesFirst(t *testing.T) {
	onBothStores(t, func(t *testing.T, inMemory bool) {
		c := newCrew(t, &road{inMemory: inMemory})
		var reserve atomic.Pointer[charging.Ref]
		c.between = func(_, step string, ref charging.Ref, after bool) error {
			if (step == "claim" || step == "reserve") && ref.EVSEID == e(1) && !after {
				reserve.Store(&ref)
				return errLost // not lost, as will be seen
			}
			return nil
		}
		first := c.server()
		began, err := first.Start(t.Context(), c.draft(0, trip.Abort, stop{e(0), 0}, stop{e(1), 1}))
		if err != nil {
			t.Fatal(err)
		}
		got := c.until(began.ID, "is ABORTED", settled)
		if got.State != trip.Aborted || reserve.Load() == nil {
			t.Fatalf("%s", got.State)
		}
		late := charging.HoldRequest{
			Ref: *reserve.Load(), Leg: 2, Start: got.Legs[1].Start, VehicleID: got.VehicleID, TTL: 20 * time.Second, Ticket: got.Saga.Ticket,
		}
		for range 2 {
			_, err = c.at(e(1)).Claim(t.Context(), late)
			c.refused(err, charging.CodeAlreadyCompensated)
			_, err = c.at(e(1)).Reserve(t.Context(), late)
			c.refused(err, charging.CodeAlreadyCompensated)
			_, err = c.at(e(1)).Confirm(t.Context(), late.Ref)
			c.refused(err, charging.CodeAlreadyCompensated)
		}
		c.whole(got)
	})
}

// TestConfirmExecutedItsCompanyUnreachable is row 7 over real stores: CCC has
// executed the confirm, nobody heard, and it cannot be reached; another stop has
// lapsed. The trip is not ABORTED before CCC has acknowledged, or an operator
// has resolved it.
func TestConfirmExecutedItsCompanyUnreachable(t *testing.T) {
	onBothStores(t, func(t *testing.T, inMemory bool) {
		for _, end := range []string{"the company comes back", "an operator resolves it"} {
			t.Run(end, func(t *testing.T) {
				c := newCrew(t, &road{inMemory: inMemory})
				var gone atomic.Bool
				executed := make(chan struct{})
				var once, lapses sync.Once
				c.between = func(_, step string, ref charging.Ref, after bool) error {
					switch {
					case step == "confirm" && ref.EVSEID == e(2) && after:
						gone.Store(true)
						once.Do(func() { close(executed) })
					case step == "confirm" && ref.EVSEID == e(1) && !after:
						<-executed
						lapses.Do(func() { c.lapse(ref) })
					}
					if ref.EVSEID == e(2) && gone.Load() {
						return errLost
					}
					return nil
				}
				server := c.server()
				began, err := server.Start(t.Context(), c.draft(0, trip.Abort, stop{e(0), 0}, stop{e(1), 1}, stop{e(2), 2}))
				if err != nil {
					t.Fatal(err)
				}
				stuck := c.until(began.ID, "is stuck", func(t trip.Trip) bool {
					return t.Saga.Stuck != nil && t.Saga.Stuck.Attempts >= 1 || t.State == trip.Aborted
				})
				if s := c.state(stuck.Ref(2)); stuck.State != trip.Compensating || stuck.Saga.Stuck.Leg != 3 || s != charging.Reserved {
					t.Fatalf("%s, stuck %+v, CCC's stop is %s", stuck.State, stuck.Saga.Stuck, s)
				}
				if end == "the company comes back" {
					gone.Store(false)
					c.persist(func() error { _, err := server.Retry(t.Context(), began.ID); return err })
					c.whole(c.until(began.ID, "is ABORTED", settled))
					return
				}
				c.persist(func() error {
					_, err := server.Resolve(t.Context(), began.ID, "CCC will not come back")
					return err
				})
				if got := c.until(began.ID, "is settled", settled); got.State != trip.Aborted {
					t.Fatalf("%s", got.State)
				}
				// When CCC comes back after all, it asks and lets go.
				if _, err := c.at(e(2)).Reserve(t.Context(), c.stranger(1, late).ask(e(2), 2, 3)); err != nil {
					t.Errorf("CCC's stop is still taken: %v", err)
				}
			})
		}
	})
}

// TestTakeOverRepeatsAReserve is row 8: the second server repeats under epoch 2
// what the first has asked for, and each company knows it again.
func TestTakeOverRepeatsAReserve(t *testing.T) {
	onBothStores(t, func(t *testing.T, inMemory bool) {
		c := newCrew(t, &road{inMemory: inMemory})
		first := c.server()
		var died, repeated atomic.Bool
		c.between = func(_, step string, ref charging.Ref, after bool) error {
			if step == "claim" && ref.EVSEID == e(1) && after && !died.Swap(true) {
				first.die()
				return errLost
			}
			if step == "reserve" && ref.EVSEID == e(0) && ref.Epoch == 2 {
				repeated.Store(true)
			}
			return nil
		}
		began, err := first.Start(t.Context(), c.draft(0, trip.Abort, stop{e(0), 0}, stop{e(1), 1}, stop{e(2), 2}))
		if err != nil {
			t.Fatal(err)
		}
		c.bury(first, began.ID)
		c.server()
		got := c.until(began.ID, "is settled", settled)
		if got.State != trip.Confirmed || !died.Load() || !repeated.Load() || got.Saga.Epoch < 2 {
			t.Fatalf("%s %+v under epoch %d, repeated: %v", got.State, got.Problem, got.Saga.Epoch, repeated.Load())
		}
		for k := range got.Legs {
			if got.Legs[k].ReservationID != began.Legs[k].ReservationID {
				t.Errorf("stop %d has another id than before", k+1)
			}
		}
		c.whole(got)
	})
}

// TestJournalRestoredFromBeforeCompensating is row 9. The journal goes back to
// RESERVING while the trip was being released; whoever takes over goes on with
// what is left, and a compensate of the former owner comes late.
func TestJournalRestoredFromBeforeCompensating(t *testing.T) {
	for name, p := range map[string]trip.Policy{"goes on with the same ids": trip.Abort, "one stop was released": trip.Wait} {
		t.Run(name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, inMemory bool) { restoreOnce(t, inMemory, p) })
		})
	}
}

func restoreOnce(t *testing.T, inMemory bool, p trip.Policy) {
	c := newCrew(t, &road{inMemory: inMemory})
	blocker := c.stranger(3, "")
	booked := blocker.ask(e(2), 2, 3)
	c.must(c.at(e(2)).Reserve(t.Context(), booked))
	c.must(c.at(e(2)).Confirm(t.Context(), booked.Ref))
	first := c.server()
	var mu sync.Mutex
	var before []string // the journal's record in RESERVING
	var old []charging.Ref
	var record string
	c.between = func(_, step string, ref charging.Ref, after bool) error {
		mu.Lock()
		defer mu.Unlock()
		record = key("AAA", "trip", "{"+string(ref.TripID)+"}")
		switch {
		case old == nil && step == "claim" && ref.EVSEID == e(2) && !after:
			before = c.redis("HGETALL", record)
		case step == "compensate" && len(old) < 3 && !after:
			old = append(old, ref)
			if p == trip.Wait && ref.EVSEID == e(1) {
				return nil // this one arrives at once
			}
			if len(old) == 3 {
				first.die()
			}
			return errLost // on its way
		}
		return nil
	}
	began, err := first.Start(t.Context(), c.draft(0, p, stop{e(0), 0}, stop{e(1), 1}, stop{e(2), 2}))
	if err != nil {
		t.Fatal(err)
	}
	idle(first.Coordinator)
	first.die()
	<-first.over
	mu.Lock()
	if len(old) != 3 || len(before) == 0 {
		t.Fatalf("the scene was not played: %d compensates, %d fields", len(old), len(before))
	}
	id := began.ID
	c.redis("DEL", record)
	c.redis(append([]string{"HSET", record}, before...)...)
	mu.Unlock()
	c.must(c.at(e(2)).Compensate(t.Context(), booked.Ref)) // the stranger lets go
	c.endLease(id)
	c.server()
	got := c.until(id, "is settled", settled)
	if got.State != trip.Confirmed {
		t.Fatalf("%s %+v", got.State, got.Problem)
	}
	for _, ref := range old {
		if ref.ID != got.Legs[1].ReservationID && ref.ID != got.Legs[0].ReservationID && ref.ID != got.Legs[2].ReservationID {
			continue // given up meanwhile, and released
		}
		_, err := c.at(ref.EVSEID).Compensate(context.Background(), ref)
		if no := c.refused(err, charging.CodeStaleOwner); no.SeenEpoch <= ref.Epoch {
			t.Errorf("seen epoch %d", no.SeenEpoch)
		}
	}
	c.whole(got)
}

// deaf desks cannot ask anybody until their ears are opened.
type deaf struct {
	*road
	open *atomic.Bool
}

func (d deaf) Originator(id charging.CompanyID) (charging.Originator, error) {
	if !d.open.Load() {
		return nil, errLost
	}
	return d.road.Originator(id)
}

// TestJournalWipedWhileReserved is row 10: the originator has lost the trip; the
// companies keep what is RESERVED and list it.
func TestJournalWipedWhileReserved(t *testing.T) {
	onBothStores(t, func(t *testing.T, inMemory bool) {
		var ears atomic.Bool
		r := &road{inMemory: inMemory}
		r.tuneDesk = func(o *desk.Options) {
			o.Originators = deaf{r, &ears}
			o.SettleAge, o.SettleEvery = time.Millisecond, 20*time.Millisecond
		}
		c := newCrew(t, r)
		began, err := c.server().Start(t.Context(), c.draft(0, trip.Abort, stop{e(0), 0}, stop{e(1), 1}))
		if err != nil {
			t.Fatal(err)
		}
		got := c.until(began.ID, "is CONFIRMED", settled)
		record := key("AAA", "trip", "{"+string(got.ID)+"}")
		if n := c.redis("DEL", record, record+":log"); n[0] != "2" {
			t.Fatalf("wiped %v keys", n)
		}
		ears.Store(true)
		for k := range got.Legs {
			d := c.at(got.Legs[k].EVSEID)
			var orphans []desk.Orphan
			for deadline := time.Now().Add(10 * time.Second); len(orphans) == 0 && time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
				orphans = d.Orphans()
			}
			if len(orphans) != 1 || orphans[0].ID != got.Legs[k].ReservationID || orphans[0].TripID != got.ID || orphans[0].Origin != "AAA" {
				t.Fatalf("stop %d: listed %+v", k+1, orphans)
			}
			// Somebody who wants it is refused, and asking again changes nothing.
			_, err := d.Reserve(t.Context(), c.stranger(3, longAgo).ask(got.Legs[k].EVSEID, k, k+1))
			if no := c.refused(err, charging.CodeSlotTaken); no.Conflict == nil || no.Conflict.Settled {
				t.Errorf("stop %d: %+v", k+1, no.Conflict)
			}
			if s := c.state(got.Ref(k)); s != charging.Reserved {
				t.Errorf("stop %d is %s", k+1, s)
			}
		}
	})
}

// TestNewStopWithdrawnDuringItsSwap is row 17 for a swap: the new stop is taken
// out of service after its confirm and before the exchange is journaled. The
// trip must not end up with it and know nothing.
func TestNewStopWithdrawnDuringItsSwap(t *testing.T) {
	onBothStores(t, func(t *testing.T, inMemory bool) {
		c := newCrew(t, &road{inMemory: inMemory})
		c.between = func(_, step string, ref charging.Ref, after bool) error {
			if step == "confirm" && ref.EVSEID == e(3) && after {
				if _, err := c.at(e(3)).Withdraw(context.Background(), e(3), "POWER_OUTAGE"); err != nil {
					t.Error(err)
				}
			}
			return nil
		}
		server := c.server()
		began, err := server.Start(t.Context(), c.draft(0, trip.Ask, stop{e(0), 0}, stop{e(1), 1}))
		if err != nil {
			t.Fatal(err)
		}
		booked := c.until(began.ID, "is CONFIRMED", settled)
		l := trip.Leg{Leg: 2, CompanyID: "DDD", EVSEID: e(3), Start: booked.Legs[1].Start, End: booked.Legs[1].End}
		if _, err := server.Shift(t.Context(), began.ID, []trip.Leg{l}); err != nil {
			t.Fatal(err)
		}
		got := c.until(began.ID, "knows", func(t trip.Trip) bool { return t.Decision != nil && len(t.Saga.Abandoned) == 0 })
		if got.State != trip.Confirmed || got.Legs[1].EVSEID != e(3) || got.Legs[1].State != charging.Canceled || got.Decision.Leg != 2 {
			t.Errorf("%s %+v %+v", got.State, got.Legs[1], got.Decision)
		}
	})
}
