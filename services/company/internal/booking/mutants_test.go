package booking

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Each of these tests stands for one rule that could be left out once without
// anybody noticing.

// seen is what watchers of a trip saw, state by state.
type seen struct {
	mu     sync.Mutex
	states []trip.State
}

func (v *seen) watch(o *Options) {
	o.Publish = func(t trip.Trip) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if n := len(v.states); n == 0 || v.states[n-1] != t.State {
			v.states = append(v.states, t.State)
		}
	}
}

func (v *seen) all() []trip.State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.states)
}

func (v *seen) times(s trip.State) int {
	n := 0
	for _, had := range v.all() {
		if had == s {
			n++
		}
	}
	return n
}

// A confirm was refused, and another stop, RESERVED by then, cannot be released:
// the trip neither asks nor takes anything anew while it holds that.
func TestNothingIsTakenOrAskedWhileAReservedIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v seen
		s := newStage(t, v.watch)
		early := false
		s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
			switch {
			case step == "confirm" && ref.EVSEID == evses[1] && n == 1 && !after:
				time.Sleep(100 * time.Millisecond) // the third is RESERVED by then
				return charging.Refuse(charging.CodeHoldExpired, "lapsed")
			case step == "compensate" && ref.EVSEID == evses[2]:
				return errNetwork
			case step == "reserve" && s.w.count["confirm/"+string(evses[1])] > 0:
				early = true
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		if _, err := s.c.Start(t.Context(), draft(trip.Ask)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		got := s.record()
		if early || v.times(trip.AwaitingDecision) > 0 || got.State != trip.Compensating {
			t.Errorf("%s by %v, asked companies anew: %v", got.State, v.all(), early)
		}
		s.w.set(func() { s.w.fault = nil })
		s.must(s.wait(s.c), trip.Aborted)
		cancel()
		synctest.Wait()
	})
}

// record of the trip in the journal.
func (s *stage) record() trip.Trip {
	s.t.Helper()
	rec, err := s.m.Load(s.t.Context(), testTrip)
	if err != nil {
		s.t.Fatal(err)
	}
	return rec
}

// The ticket is in the journal before anybody else is shown it: else the next
// owner asks for a second one.
func TestTheTicketIsJournaledBeforeItIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		var shown atomic.Int32 // claims are made in parallel
		s.w.fault = func(step string, _ int, _ charging.Ref, _ int, after bool) error {
			if step == "claim" && !after {
				if shown.Add(1); s.record().Saga.Ticket == "" {
					t.Error("a claim shows a ticket that the journal does not know")
				}
			}
			return nil
		}
		s.must(s.book(trip.Abort), trip.Confirmed)
		if n := shown.Load(); n != 2 {
			t.Errorf("%d claims", n)
		}
	})
}

// A decision ends so long before the ticket that what is chosen can be confirmed.
func TestADecisionEndsBeforeTheTicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		d := draft(trip.Ask)
		d.Saga.DecisionTimeout = time.Hour
		if _, err := s.c.Start(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		got := s.wait(s.c)
		if last := got.Ticket.ExpiresAt.Add(-s.c.o.ConfirmBudget); !got.Decision.ExpiresAt.Equal(last) {
			t.Errorf("it ends at %s, the ticket at %s", got.Decision.ExpiresAt, got.Ticket.ExpiresAt)
		}
	})
}

// With its ticket spent a trip asks for nothing any more.
func TestATripWhoseTicketIsSpentGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v seen
		s := newStage(t, v.watch)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		d := draft(trip.Ask)
		d.Saga.DecisionTimeout = time.Hour
		if _, err := s.c.Start(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		got := s.wait(s.c)
		a := got.Decision.Alternatives[0]
		s.w.block(a.EVSEID, windowOf(1), charging.Reserved, "", false) // refused after its time
		time.Sleep(time.Until(got.Decision.ExpiresAt) - time.Second)
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Take: &a}); err != nil {
			t.Fatal(err)
		}
		end, err := s.c.WaitEnd(t.Context(), testTrip)
		if err != nil || end.Problem == nil || end.Problem.Code != charging.CodeSlotTaken {
			t.Fatalf("%s %+v, %v", end.State, end.Problem, err)
		}
		s.must(end, trip.Aborted)
		if n := v.times(trip.AwaitingDecision); n != 1 {
			t.Errorf("asked %d times: %v", n, v.all())
		}
	})
}

// A hold that has lapsed while nobody heard of its renewal is not confirmed.
func TestALapsedHoldIsNotConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v seen
		s := newStage(t, v.watch)
		s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
			switch {
			case step == "claim" && ref.EVSEID == evses[2] && n == 1 && !after:
				time.Sleep(19 * time.Second) // the holds are nearly over
			case step == "renew" && ref.EVSEID == evses[0] && !after:
				time.Sleep(1400 * time.Millisecond)
				return errNetwork
			}
			return nil
		}
		if _, err := s.c.Start(t.Context(), draft(trip.Abort)); err != nil {
			t.Fatal(err)
		}
		end, err := s.c.WaitEnd(t.Context(), testTrip)
		if err != nil || end.State != trip.Aborted || v.times(trip.Confirming) != 0 {
			t.Errorf("%s by %v, %v", end.State, v.all(), err)
		}
	})
}

// Whoever takes a trip over does not know how old its holds are: also those that
// were abandoned may be as fresh as now.
func TestAnAbandonedHoldMayBeAsFreshAsTheTakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		d := draft(trip.Abort)
		d.State, d.Saga.Epoch, d.Saga.Owner = trip.Reserving, 1, "dead"
		for k := range d.Legs {
			d.Legs[k].State, d.Legs[k].ReservationID = trip.LegPlanned, newReservationID()
		}
		s.w.block(evses[2], windowOf(2), charging.Reserved, "", true)
		id := newReservationID()
		d.Saga.Abandoned = []trip.Abandoned{{Leg: 2, ReservationID: id, CompanyID: "SER", EVSEID: "BR*SER*E0009*1", End: windowOf(1).End}}
		if err := s.m.Create(t.Context(), d, 0, nil); err != nil {
			t.Fatal(err)
		}
		h := charging.HoldRequest{Ref: charging.Ref{ID: id, TripID: testTrip, EVSEID: "BR*SER*E0009*1", End: windowOf(1).End}, Leg: 2, Start: windowOf(1).Start, TTL: s.c.o.HoldTTL, Ticket: "t|2"}
		if _, err := (party{s.w}).Reserve(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		s.w.fault = func(step string, _ int, ref charging.Ref, _ int, _ bool) error {
			if step == "compensate" && ref.ID == id {
				return errNetwork
			}
			return nil
		}
		s.m.before = func(_ int, tr trip.Trip) error {
			if held := s.w.held(testTrip); tr.State == trip.Aborted && len(held) > 0 {
				t.Errorf("ABORTED while it holds %v", held)
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		s.must(s.wait(s.c), trip.Aborted)
		cancel()
		synctest.Wait()
	})
}

// A preempted id is dead: who waits asks under a new one.
func TestWhoWaitsAfterPreemptionAsksUnderANewID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.beforeReservingClaims()
		var first charging.ReservationID
		s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
			if step == "reserve" && ref.EVSEID == evses[1] && n == 1 && !after {
				first = ref.ID
				s.w.set(func() { s.w.rsv[ref.ID].State = charging.Preempted })
				ahead := s.w.block(evses[1], windowOf(1), charging.Claimed, older, false)
				time.AfterFunc(3*time.Second, func() { s.w.set(func() { ahead.State = charging.Canceled }) })
			}
			return nil
		}
		got := s.book(trip.Wait)
		s.must(got, trip.Confirmed)
		if got.Legs[1].ReservationID == first {
			t.Error("the dead id was repeated")
		}
	})
}

// A server whose lease of a trip is another's stops working on it at once, not at
// its next write.
func TestALeaseThatIsLostEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		d := draft(trip.Ask)
		d.Saga.DecisionTimeout = 5 * time.Minute
		if _, err := s.c.Start(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := s.wait(s.c); got.State != trip.AwaitingDecision {
			t.Fatal(got.State)
		}
		time.Sleep(s.c.o.Lease + time.Second) // it was frozen
		if _, err := s.m.Acquire(t.Context(), testTrip, "another", time.Minute); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		time.Sleep(s.c.o.Lease)
		if runs(s.c) {
			t.Error("it still works on the trip")
		}
		cancel()
		synctest.Wait()
	})
}

// However often a stop lapses or its confirm is refused, the trip ends.
func TestRestartsAreBounded(t *testing.T) {
	for _, step := range []string{"confirm", "claim", "reserve"} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				if step == "reserve" {
					s.w.beforeReservingClaims()
				}
				s.w.fault = func(st string, _ int, ref charging.Ref, n int, after bool) error {
					if st == step && ref.EVSEID == evses[1] && n <= 40 && !after {
						return charging.Refuse(charging.CodeHoldExpired, "lapsed")
					}
					return nil
				}
				got := s.book(trip.Ask)
				s.must(got, trip.Aborted)
				if got.Saga.Restarts != maxRestarts {
					t.Errorf("%d restarts", got.Saga.Restarts)
				}
			})
		})
	}
}

// A trip that is canceled has nothing left of a shift that its companies had not
// acknowledged, and comes to rest.
func TestACanceledTripHasNoShift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		s.w.fault = movesUnanswered
		if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); err == nil {
			t.Fatal("shifted unheard")
		}
		if s.rested().Saga.Shift == nil {
			t.Fatal("there is nothing left: the test tests nothing")
		}
		if _, err := s.c.Cancel(t.Context(), testTrip); err != nil {
			t.Fatal(err)
		}
		rec := s.rested()
		s.must(rec, trip.Canceled)
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		if rec.Saga.Shift != nil || s.m.trips[testTrip].open {
			t.Errorf("shift %+v, to be looked at again: %v", rec.Saga.Shift, s.m.trips[testTrip].open)
		}
	})
}

// A shift takes its last stop first: when a stop is refused, those before it were
// never touched.
func TestAShiftTakesLastToFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		s.w.block(evses[2], charging.Window{Start: windowOf(2).End, End: windowOf(2).End.Add(time.Hour)}, charging.Reserved, "", true)
		before := len(s.w.calls)
		if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); charging.CodeOf(err) != charging.CodeSlotTaken {
			t.Fatal(err)
		}
		s.settleOrDie()
		first := slices.IndexFunc(s.w.calls[before:], func(c string) bool { return strings.HasPrefix(c, "move") })
		if c := s.w.calls[before+first]; c != "move "+string(evses[2]) {
			t.Errorf("first: %s", c)
		}
		if s.w.moves[s.record().Legs[1].ReservationID] == 1 {
			t.Error("the stop before was taken")
		}
	})
}
