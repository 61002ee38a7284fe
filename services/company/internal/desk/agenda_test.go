package desk

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestAgenda(t *testing.T) {
	now := time.Now()
	civil := now.Add(1000 * time.Hour)
	var a agenda
	if got := a.take(now, civil); len(got) != 0 {
		t.Errorf("an empty agenda gives %v", got)
	}
	a.at("L1", now.Add(time.Minute))
	a.at("L1", now.Add(time.Second))
	a.when("L2", civil.Add(time.Hour))
	if got := a.take(now, civil); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	if got := a.take(now.Add(time.Second), civil); !slices.Equal(got, []charging.LocationID{"L1"}) {
		t.Errorf("the first of two: %v", got)
	}
	if got := a.take(now.Add(time.Second), civil); len(got) != 0 {
		t.Errorf("taken twice: %v", got)
	}
	if got := a.take(now.Add(time.Minute), civil); !slices.Equal(got, []charging.LocationID{"L1"}) {
		t.Errorf("the last of two: %v", got)
	}
	if got := a.take(now.Add(time.Hour), civil.Add(time.Hour)); !slices.Equal(got, []charging.LocationID{"L2"}) {
		t.Errorf("by civil time: %v", got)
	}
}

// wide has the test's EVSEs at the end of many locations.
func wide(o *Options) {
	var many []charging.Location
	for i := range 1000 {
		many = append(many, charging.Location{
			ID: charging.LocationID(fmt.Sprintf("BR*MAR*LX%04d", i)), Company: "MAR",
			EVSEs: []charging.EVSE{{ID: charging.EVSEID(fmt.Sprintf("BR*MAR*EX%04d*1", i))}},
		})
	}
	o.Locations = append(many, o.Locations...)
}

// started runs a desk until the answered function is called: a server that dies.
func (w *world) started() (kill func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	return func() { cancel(); <-done }
}

// A server that has nothing to do looks at two locations a second, however many
// there are.
func TestRestCostsTheSame(t *testing.T) {
	for _, adjust := range []func(*Options){nil, wide} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, adjust)
			w.run(t)
			time.Sleep(time.Minute)
			before := w.cal.looked()
			time.Sleep(time.Minute)
			if n := w.cal.looked() - before; n < 110 || n > 130 {
				t.Errorf("%d looks in a minute of rest, want 120", n)
			}
		})
	}
}

// A server dies with a withdrawal to tell, a no-show and an unsettled stop to
// come. Another one that knows nothing of them takes them up: by its slow round,
// or at once when it hears that the server has gone, or at its own start.
func TestWhatADeadServerLeftIsTakenUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		hears  bool // that the other has gone
		later  bool // starts after it
		within time.Duration
	}{
		{"by the slow round", false, false, 11 * time.Minute},
		{"when a server goes", true, false, 15 * time.Second},
		{"at the next start", false, true, 15 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dead := newWorld(t, wide)
				heir := newWorld(t, wide)
				heir.now, heir.them = dead.now, dead.them
				heir.ground.o.Calendar = dated{dead.cal, heir.ground}
				heir.ground.o.Clock, heir.ground.o.Originators = dead.now, dead.them
				if !tt.later {
					heir.run(t)
					time.Sleep(time.Minute) // its first survey is over
				}
				dead.them.mu.Lock()
				dead.them.fail = 1
				dead.them.mu.Unlock()
				kill := dead.started()
				lost, missed, unsettled := dead.request(1), dead.request(2), dead.request(3)
				missed.EVSEID, unsettled.EVSEID = evse2, evseFar
				unsettled.Start, unsettled.End = unsettled.Start.Add(48*time.Hour), unsettled.End.Add(48*time.Hour)
				for _, h := range []charging.HoldRequest{lost, missed, unsettled} {
					dead.reserved(t, h)
				}
				dead.them.says(charging.OutcomeConfirmed, nil)
				if _, err := dead.Withdraw(t.Context(), evse1, "BROKEN_CHARGER"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				kill()
				if n := len(dead.them.heard()); n != 0 {
					t.Fatalf("%d notices before its death", n)
				}
				dead.advance(24*time.Hour + 30*time.Minute)
				if tt.hears {
					heir.Survey()
				}
				if tt.later {
					heir.run(t)
				}
				time.Sleep(tt.within + 20*time.Second) // the age of what is unsettled
				synctest.Wait()
				told := map[charging.State]charging.ReservationID{}
				for _, n := range dead.them.heard() {
					told[n.State] = n.ReservationID
				}
				if told[charging.Canceled] != lost.ID || told[charging.NoShow] != missed.ID {
					t.Errorf("told %v", told)
				}
				if !slices.Contains(dead.cal.wasSettled(), unsettled.ID) {
					t.Error("the stop that was left unsettled still is")
				}
			})
		})
	}
}

// A Withdraw whose server died before it was shown is shown in time, and one
// that was taken back is not.
func TestWhatIsShownOutOfServiceIsMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.cal.mu.Lock()
		w.cal.out[evse1], w.cal.shown[evse2] = "BROKEN_CHARGER", charging.Condition{OutOfService: "POWER_OUTAGE"}
		w.cal.mu.Unlock()
		w.run(t)
		time.Sleep(5 * time.Second)
		for _, e := range w.Locations(t.Context())[0].EVSEs {
			want := charging.StatusAvailable
			if e.ID == evse1 {
				want = charging.StatusOutOfOrder
			}
			if e.Status != want {
				t.Errorf("%s is shown as %s, want %s", e.ID, e.Status, want)
			}
		}
	})
}

// While notices wait for their next try, the outbox is left alone.
func TestWaitingNoticesAreNotReadEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.run(t)
		w.them.mu.Lock()
		w.them.fail = 1 << 30
		w.them.mu.Unlock()
		w.reserved(t, w.request(1))
		if _, err := w.Withdraw(t.Context(), evse1, "BROKEN_CHARGER"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		before := w.them.left()
		time.Sleep(10 * time.Minute)
		if n := before - w.them.left(); n < 9 || n > 21 {
			t.Errorf("%d tries in ten minutes, want one in half a minute to a minute", n)
		}
	})
}

// A reload changes what is offered while requests come, and keeps what is booked.
func TestReload(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	w.reserved(t, h)
	moved := testLocations()
	moved[0].ID = "BR*MAR*LNEW01"
	homes := map[charging.EVSEID]charging.LocationID{evse1: testLocation, evse2: testLocation}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			w.Locations(context.Background())
			_, _ = w.Reserve(context.Background(), w.request(2))
		}
	}()
	for range 50 {
		if err := w.Reload(Inventory{Locations: moved, Homes: homes}); err != nil {
			t.Fatal(err)
		}
	}
	<-done
	if got, err := w.Reservation(t.Context(), h.ID, ""); err != nil || got.State != charging.Reserved {
		t.Errorf("%+v, %v", got, err)
	}
	if list := w.Locations(t.Context()); list[0].ID != "BR*MAR*LNEW01" || len(list[0].EVSEs) != 2 {
		t.Errorf("%+v", list)
	}
	if _, err := w.Reserve(t.Context(), w.request(3)); charging.CodeOf(err) != charging.CodeSlotTaken {
		t.Errorf("the same window: %v", err)
	}
	if err := w.Reload(Inventory{Locations: append(moved, testLocations()...)}); err == nil {
		t.Error("an EVSE at two locations is taken")
	}
}
