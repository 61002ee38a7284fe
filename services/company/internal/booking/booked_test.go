package booking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func TestCancelABookedTripTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		for range 2 {
			got, err := s.c.Cancel(t.Context(), testTrip)
			if err != nil {
				t.Fatal(err)
			}
			if got.State != trip.Canceled {
				t.Fatalf("%s", got.State)
			}
		}
		s.must(s.wait(s.c), trip.Canceled)
	})
}

func TestSwap(t *testing.T) {
	for name, c := range map[string]struct {
		taken bool
		code  charging.Code
	}{"free": {}, "taken": {true, charging.CodeSlotTaken}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.must(s.book(trip.Abort), trip.Confirmed)
				l := draft(trip.Abort).Legs[1]
				l.EVSEID = "BR*SER*E0009*1"
				if c.taken {
					s.w.block(l.EVSEID, l.Window(), charging.Reserved, "", true)
				}
				_, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{l})
				if charging.CodeOf(err) != c.code {
					t.Fatalf("swap: %v", err)
				}
				got := s.wait(s.c)
				s.must(got, trip.Confirmed)
				if (got.Legs[1].EVSEID == l.EVSEID) == c.taken {
					t.Errorf("the stop is %s", got.Legs[1].EVSEID)
				}
			})
		})
	}
}

func TestWithdrawnStopOfABookedTrip(t *testing.T) { // row 17
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Ask)
		s.must(got, trip.Confirmed)
		s.w.set(func() { s.w.rsv[got.Legs[1].ReservationID].State = charging.Canceled })
		n := charging.Notice{TripID: testTrip, ReservationID: got.Legs[1].ReservationID, Leg: 2, State: charging.Canceled, Reason: "BROKEN_CHARGER"}
		if err := s.c.Notice(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		got = s.wait(s.c)
		if got.State != trip.Confirmed || got.Decision == nil || got.Legs[1].Problem == nil || len(s.w.held(testTrip)) != 2 {
			t.Fatalf("%s %+v held %v", got.State, got.Decision, s.w.held(testTrip))
		}
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Take: &got.Decision.Alternatives[0]}); err != nil {
			t.Fatal(err)
		}
		s.must(s.wait(s.c), trip.Confirmed)
	})
}

func TestCompletesAfterItsLastWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *Options) { o.Until = func(at time.Time) time.Duration { return -time.Hour } })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		s.book(trip.Abort)
		time.Sleep(2 * time.Minute)
		got := s.wait(s.c)
		if got.State != trip.Completed {
			t.Fatalf("%s", got.State)
		}
		for _, l := range got.Legs {
			if l.State != charging.NoShow {
				t.Errorf("stop %d, to which nobody has come, is %s", l.Leg, l.State)
			}
		}
		cancel()
		synctest.Wait()
	})
}

func TestFormerOwnerCannotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		two := s.server("two")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
			if step == "claim" && ref.EVSEID == evses[1] && n == 1 && !after {
				time.Sleep(10 * time.Second) // the server is frozen; its lease ends
			}
			return nil
		}
		if _, err := s.c.Start(t.Context(), draft(trip.Abort)); err != nil {
			t.Fatal(err)
		}
		go two.Run(ctx)
		time.Sleep(time.Minute)
		got := s.wait(two)
		s.must(got, trip.Confirmed)
		if got.Saga.Owner != "two" || got.Saga.Epoch < 2 {
			t.Errorf("owner %s, epoch %d", got.Saga.Owner, got.Saga.Epoch)
		}
		cancel()
		synctest.Wait()
	})
}

func TestDrainParksWhatWaitsAndTakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		if got := s.book(trip.Ask); got.State != trip.AwaitingDecision {
			t.Fatal(got.State)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		s.c.Drain(ctx)
		if time.Since(began) > time.Second {
			t.Errorf("draining took %s", time.Since(began))
		}
		if _, err := s.c.Start(t.Context(), draft(trip.Abort)); charging.CodeOf(err) != charging.CodeStoreUnavailable {
			t.Errorf("a draining server took a trip: %v", err)
		}
		two := s.server("two")
		run, stop := context.WithCancel(t.Context())
		defer stop()
		go two.Run(run)
		time.Sleep(2 * time.Second)
		if _, err := two.Decide(t.Context(), testTrip, Choice{GiveUp: true}); err != nil {
			t.Fatal(err)
		}
		s.must(s.wait(two), trip.Aborted)
		stop()
		synctest.Wait()
	})
}

func TestBoundedInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *Options) { o.MaxInFlight = 1 })
		s.w.block(evses[0], windowOf(0), charging.Reserved, "", true)
		if got := s.book(trip.Ask); got.State != trip.AwaitingDecision {
			t.Fatal(got.State)
		}
		other := draft(trip.Abort)
		other.ID = "019a0000-0000-7000-8000-00000000000b"
		if _, err := s.c.Start(t.Context(), other); charging.CodeOf(err) != charging.CodeRateLimited {
			t.Fatalf("%v", err)
		}
		s.c.Drain(t.Context())
	})
}

func TestOptionsThatBreakRecoveryAreRefused(t *testing.T) {
	good := Options{Engine: Engine{Owner: "o", Journal: newMemory()}, Self: "MAR", Companies: newWorld()}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]func(o *Options){
		"a lease shorter than a call": func(o *Options) { o.Lease = time.Second; o.CallTimeout = 2 * time.Second },
		"holds shorter than recovery": func(o *Options) { o.HoldTTL = 8 * time.Second },
		"holds beyond their life":     func(o *Options) { o.HoldTTL = time.Hour },
		"no journal":                  func(o *Options) { o.Journal = nil },
	} {
		o := good
		bad(&o)
		if o.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
