package booking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// A server that has lost its lease without knowing, because it was frozen or cannot
// reach the store, tells nobody what it remembers.
func TestAFormerOwnerTellsNothingOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.asks()
		if now, sure := p.c.Current(testTrip); !sure || now.State != trip.AwaitingDecision {
			t.Errorf("with the lease: %s, %v", now.State, sure)
		}
		time.Sleep(p.c.o.Lease + time.Millisecond)
		if now, sure := p.c.Current(testTrip); sure {
			t.Errorf("without the lease it is sure of %s", now.State)
		}
		if _, err := p.two.Decide(t.Context(), testTrip, Choice{GiveUp: true}); err != nil {
			t.Fatal(err)
		}
		want := p.settled(trip.Aborted)
		had, running := p.c.Peek(testTrip)
		if !running || had.State != trip.AwaitingDecision {
			t.Fatalf("the former owner has %s, %v: that proves nothing", had.State, running)
		}
		if got, err := p.c.Wait(t.Context(), testTrip); err != nil || got.State != want.State {
			t.Errorf("the former owner tells %s, %v; it is %s", got.State, err, want.State)
		}
	})
}

// slowToTell is a journal whose answers to the writes of one state are late.
type slowToTell struct {
	*memory
	state trip.State
	tell  chan struct{}
}

func (s slowToTell) Save(ctx context.Context, t trip.Trip, lease time.Duration, due time.Time, e []trip.Entry) error {
	return s.told(t, s.memory.Save(ctx, t, lease, due, e))
}

func (s slowToTell) Park(ctx context.Context, t trip.Trip, due time.Time, e []trip.Entry) error {
	return s.told(t, s.memory.Park(ctx, t, due, e))
}

func (s slowToTell) told(t trip.Trip, err error) error {
	if t.State == s.state {
		<-s.tell
	}
	return err
}

// While its write is under way the owner is not behind those who read the
// journal.
func TestAnOwnerIsNotBehindItsJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		slow := slowToTell{p.m, trip.Confirmed, make(chan struct{})}
		owner := p.server("slow", func(o *Options) { o.Journal = slow })
		if _, err := owner.Start(t.Context(), draft(trip.Abort)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if now, sure := owner.Current(testTrip); sure {
			t.Errorf("it is sure of %s while others read on", now.State)
		}
		for name, c := range map[string]*Coordinator{"another": p.two, "the owner": owner} {
			if got, err := c.Wait(t.Context(), testTrip); err != nil || got.State != trip.Confirmed {
				t.Errorf("%s tells %s, %v", name, got.State, err)
			}
		}
		close(slow.tell)
		p.settled(trip.Confirmed)
	})
}
