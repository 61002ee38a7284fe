package booking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// halfAway is a journal on several masters, one of which does not answer: every
// look at the open work gives what the others have, and an error.
type halfAway struct{ *memory }

func (h halfAway) TakeOver(ctx context.Context, owner string, lease time.Duration, limit int) ([]trip.Trip, error) {
	taken, err := h.memory.TakeOver(ctx, owner, lease, limit)
	if err == nil {
		err = charging.Refuse(charging.CodeStoreUnavailable, "a master does not answer")
	}
	return taken, err
}

// What was taken over before the store failed is worked on: nobody else may,
// while the lease lasts, and the next look would find it taken.
func TestTakenOverWhileAMasterIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.fault = func(step string, _ int, _ charging.Ref, _ int, _ bool) error {
			if step == "confirm" {
				s.c.Kill()
			}
			return nil
		}
		if _, err := s.c.Start(t.Context(), draft(trip.Abort)); err != nil {
			t.Fatal(err)
		}
		s.settleOrDie()
		s.w.fault = nil
		two := s.server("two", func(o *Options) { o.Journal = halfAway{s.m} })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go two.Run(ctx)
		time.Sleep(5 * time.Second) // lease, poll, and one more: the clock is the test's
		got, err := s.m.Load(t.Context(), testTrip)
		if err != nil {
			t.Fatal(err)
		}
		s.must(got, trip.Confirmed)
		cancel()
		synctest.Wait()
	})
}
