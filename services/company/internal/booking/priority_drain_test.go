package booking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// A server that is stopping takes no leases that it would not use: the trips
// that it parked go on elsewhere at once.
func TestDrainingServerLeavesWhatItParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		if got := s.book(trip.Ask); got.State != trip.AwaitingDecision {
			t.Fatal(got.State)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go s.c.Run(ctx)
		s.c.Drain(t.Context())
		time.Sleep(5 * time.Second) // it still polls
		two := s.server("two")
		if _, err := two.Decide(t.Context(), testTrip, Choice{GiveUp: true}); err != nil {
			t.Fatalf("the lease was taken by a server that is stopping: %v", err)
		}
		s.must(s.wait(two), trip.Aborted)
		cancel()
		synctest.Wait()
	})
}
