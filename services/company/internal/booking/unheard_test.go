package booking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// A company that refuses a ticket, and then also a request without one, is not asked
// for ever.
func TestATicketIsRefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
			switch {
			case step != "claim" && step != "reserve" || ref.EVSEID != evses[1] || after:
				return nil
			case n > 10:
				return charging.Refuse(charging.CodeForbidden, "asked too often")
			}
			return charging.Refuse(charging.CodeTicketInvalid, "whatever it says")
		}
		s.must(s.book(trip.Abort), trip.Aborted)
		if with, without := s.w.count["claim/"+string(evses[1])], s.w.count["reserve/"+string(evses[1])]; with != 1 || without != 1 {
			t.Errorf("asked %d times with the ticket and %d times without, want once each", with, without)
		}
	})
}

// A former owner whom the journal refuses writes no second time, also where nobody has
// looked after its lease.
func TestARefusedWriteEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		d := draft(trip.Ask)
		d.Saga.DecisionTimeout = 5 * time.Minute
		if _, err := s.c.Start(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		s.wait(s.c)
		time.Sleep(s.c.o.Lease + time.Second) // it was frozen
		if _, err := s.m.Acquire(t.Context(), testTrip, "another", time.Hour); err != nil {
			t.Fatal(err)
		}
		refused := 0
		s.m.before = func(_ int, tr trip.Trip) error {
			if tr.Saga.Owner == "one" {
				refused++
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := s.c.Decide(ctx, testTrip, Choice{GiveUp: true}); charging.CodeOf(err) != charging.CodePeerUnavailable {
			t.Errorf("decided: %v", err)
		}
		if runs(s.c) || refused != 1 {
			t.Errorf("it still works on the trip after %d refused writes", refused)
		}
	})
}

// A change that a company has not acknowledged stays the trip's until it has: no other
// takes its place.
func TestNoChangeTakesThePlaceOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
			if step == "move" && ref.EVSEID == evses[1] && n > 1 && !after {
				return errNetwork // it has what is new, and cannot be told to let go of the old
			}
			return nil
		}
		if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); err != nil {
			t.Fatal(err)
		}
		s.settleOrDie()
		_, err := s.c.Shift(t.Context(), testTrip, delayed(40)[1:])
		if charging.CodeOf(err) != charging.CodePeerUnavailable {
			t.Errorf("the next change: %v", err)
		}
		s.settleOrDie()
		if got := s.record(); got.Saga.Shift == nil || !got.Legs[2].Start.Equal(delayed(20)[1].Start) {
			t.Errorf("the first change is %+v, stop 3 at %s", got.Saga.Shift, got.Legs[2].Start)
		}
		s.w.set(func() { s.w.fault = nil })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		time.Sleep(2 * longestPause)
		if got := s.record(); s.late(got) != "0 20 20" || got.Saga.Shift != nil {
			t.Errorf("late by %s, the change is %+v", s.late(got), got.Saga.Shift)
		}
		cancel()
		synctest.Wait()
	})
}

// A hold that a company has granted, whose answer was lost and which could then not be
// reached any more, may live until it lapses.
func TestAGrantWhoseAnswerWasLostMayLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		lost := false
		s.w.fault = func(_ string, _ int, ref charging.Ref, _ int, after bool) error {
			switch {
			case ref.EVSEID != evses[1]:
				return nil
			case lost:
				return charging.ErrNotSent
			}
			lost = after
			if after {
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
		if _, err := s.c.Start(t.Context(), draft(trip.Abort)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		s.must(s.wait(s.c), trip.Aborted)
		cancel()
		synctest.Wait()
	})
}
