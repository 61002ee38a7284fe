package booking

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// fakeInbox is the inbox of the memory journal.
type fakeInbox struct {
	m *memory

	mu        sync.Mutex
	pending   map[charging.TripID][]trip.Forwarded
	answers   map[string][]byte
	forwarded int
	// mute takes no answers.
	mute bool
}

var _ Inbox = (*fakeInbox)(nil)

func (p *fakeInbox) Forward(_ context.Context, id charging.TripID, l trip.Forwarded, life time.Duration) (bool, error) {
	if !p.m.leased(id) {
		return false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forwarded++
	l.Expires = time.Now().Add(life).UnixMilli()
	p.pending[id] = append(p.pending[id], l)
	return true, nil
}

func (p *fakeInbox) Pending(_ context.Context, id charging.TripID) ([]trip.Forwarded, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending[id] = slices.DeleteFunc(p.pending[id], func(l trip.Forwarded) bool { return l.Expires <= time.Now().UnixMilli() })
	return slices.Clone(p.pending[id]), nil
}

func (p *fakeInbox) Reply(_ context.Context, id charging.TripID, l trip.Forwarded, answer []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mute {
		return errNetwork
	}
	p.answers[l.ID] = answer
	p.pending[id] = slices.DeleteFunc(p.pending[id], func(had trip.Forwarded) bool { return had.ID == l.ID })
	return nil
}

// silence says whether answers cannot be written.
func (p *fakeInbox) silence(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = on
}

func (p *fakeInbox) Result(_ context.Context, id charging.TripID, command string) ([]byte, bool, error) {
	free := !p.m.leased(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, ok := p.answers[command]; ok {
		return a, false, nil
	}
	return nil, free, nil
}

func (m *memory) leased(id charging.TripID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Before(m.trips[id].lease)
}

// pair is two servers of one company over one journal.
type pair struct {
	*stage
	inbox *fakeInbox
	two   *Coordinator
	// deaf servers hear no bell.
	deaf bool
}

func newPair(t *testing.T) *pair {
	p := &pair{stage: &stage{t: t, w: newWorld(), m: newMemory()}}
	p.inbox = &fakeInbox{m: p.m, pending: map[charging.TripID][]trip.Forwarded{}, answers: map[string][]byte{}}
	ring := func(id charging.TripID) {
		if !p.deaf {
			p.c.OnNotify(id)
			p.two.OnNotify(id)
		}
	}
	tune := func(o *Options) { o.Inbox, o.Notify = p.inbox, ring }
	p.c, p.two = p.server("one", tune), p.server("two", tune)
	return p
}

// asks books at the first server a trip whose second stop is taken.
func (p *pair) asks() trip.Trip {
	p.t.Helper()
	p.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
	got := p.book(trip.Ask)
	if got.State != trip.AwaitingDecision {
		p.t.Fatalf("%s", got.State)
	}
	return got
}

// settled waits at the second server.
func (p *pair) settled(want trip.State) trip.Trip {
	p.t.Helper()
	got := p.wait(p.two)
	p.must(got, want)
	return got
}

func TestCommandsReachATripThatRunsElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		got := p.asks()
		ctx := t.Context()
		if _, err := p.two.Decide(ctx, testTrip, Choice{Wait: true}); charging.CodeOf(err) != charging.CodeSlotTaken {
			t.Fatalf("a refused choice: %v", err)
		}
		if _, err := p.two.Decide(ctx, testTrip, Choice{Take: &got.Decision.Alternatives[0]}); err != nil {
			t.Fatal(err)
		}
		got = p.settled(trip.Confirmed)
		if got.Saga.Owner != "one" || p.inbox.forwarded != 2 {
			t.Errorf("owner %s, %d forwarded commands", got.Saga.Owner, p.inbox.forwarded)
		}
		// At rest nobody has its lease: whoever is asked takes it up.
		if got, err := p.two.Cancel(ctx, testTrip); err != nil || got.State != trip.Canceled || p.inbox.forwarded != 2 {
			t.Errorf("cancel: %s %v, %d forwarded commands", got.State, err, p.inbox.forwarded)
		}
		p.settled(trip.Canceled)
	})
}

func TestCancelATripThatRunsElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.asks()
		if _, err := p.two.Cancel(t.Context(), testTrip); err != nil {
			t.Fatal(err)
		}
		p.settled(trip.Aborted)
	})
}

// A command outlives the server that it was written to: who has the lease next
// carries it out.
func TestLetterToADyingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.deaf = true
		got := p.asks()
		answer := make(chan error, 1)
		go func() {
			_, err := p.two.Decide(t.Context(), testTrip, Choice{Take: &got.Decision.Alternatives[0]})
			answer <- err
		}()
		time.Sleep(100 * time.Millisecond) // the command lies there
		p.c.Kill()
		if err := <-answer; err != nil {
			t.Fatal(err)
		}
		if got := p.settled(trip.Confirmed); got.Saga.Owner != "two" {
			t.Errorf("owner %s", got.Saga.Owner)
		}
	})
}

// An owner that dies after it has carried out a command and before it could say
// so: the command is delivered again, and not carried out again.
func TestLetterIsCarriedOutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.deaf = true
		got := p.asks()
		first := got.Decision.Alternatives[0]
		answer := make(chan error, 1)
		go func() {
			_, err := p.two.Decide(t.Context(), testTrip, Choice{Take: &first})
			answer <- err
		}()
		time.Sleep(50 * time.Millisecond)
		lying, _ := p.inbox.Pending(t.Context(), testTrip)
		l := lying[0]
		p.w.set(func() { // what follows the decision takes longer than the server lives
			p.w.fault = func(step string, leg int, _ charging.Ref, n int, after bool) error {
				if step == "reserve" && leg == 2 && n <= 6 && !after {
					return errNetwork
				}
				return nil
			}
		})
		p.inbox.silence(true)
		p.c.OnNotify(testTrip)
		synctest.Wait()
		if now, _ := p.m.Load(t.Context(), testTrip); !slices.Contains(now.Saga.Done, l.ID) {
			t.Fatal("not carried out")
		}
		p.c.Kill() // before it could answer
		p.inbox.silence(false)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.two.Run(ctx)
		if err := <-answer; err != nil {
			t.Errorf("the second delivery: %v", err)
		}
		got = p.settled(trip.Confirmed)
		if got.Legs[1].EVSEID != first.EVSEID || !slices.Contains(got.Saga.Done, l.ID) {
			t.Errorf("stop %s, done %v", got.Legs[1].EVSEID, got.Saga.Done)
		}
		decided := 0
		for _, e := range p.m.log[testTrip] {
			if e.Step == "decide" {
				decided++
			}
		}
		if decided != 1 {
			t.Errorf("decided %d times", decided)
		}
	})
}

func TestNoticesReachATripThatRunsElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		got := p.asks()
		n := charging.Notice{TripID: testTrip, ReservationID: got.Legs[2].ReservationID, Leg: 3, State: charging.Preempted}
		if err := p.two.Notice(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if now, _ := p.c.Peek(testTrip); now.Legs[2].State != charging.Preempted {
			t.Errorf("preempted: the owner has it as %s", now.Legs[2].State)
		}
		n.ReservationID, n.Leg, n.State, n.Reason = got.Legs[0].ReservationID, 1, charging.Canceled, "BROKEN_CHARGER"
		if err := p.two.Notice(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if now, _ := p.c.Peek(testTrip); now.Legs[0].Problem == nil || !strings.Contains(now.Legs[0].Problem.Detail, "BROKEN_CHARGER") {
			t.Errorf("changed: the owner has it as %+v", now.Legs[0])
		}
	})
}

// Nobody who does not answer is waited for without end.
func TestSilentOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.deaf = true
		p.asks()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.c.Run(ctx) // it keeps its lease, and hears nothing
		began := time.Now()
		_, err := p.two.Cancel(t.Context(), testTrip)
		if charging.CodeOf(err) != charging.CodePeerUnavailable || time.Since(began) > 31*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if left, _ := p.inbox.Pending(ctx, testTrip); len(left) != 0 {
			t.Errorf("%d forwarded commands lie there after their time", len(left))
		}
	})
}

// A server that is full or stopping takes no lease that it cannot use.
func TestAStoppingServerTakesNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.must(p.book(trip.Abort), trip.Confirmed)
		p.two.Drain(t.Context())
		if _, err := p.two.Cancel(t.Context(), testTrip); charging.CodeOf(err) != charging.CodeStoreUnavailable {
			t.Errorf("%v", err)
		}
		if _, err := p.c.Cancel(t.Context(), testTrip); err != nil {
			t.Errorf("the other server: %v", err)
		}
	})
}

// Whatever the number of trips that a server leaves behind, the next one takes
// them all over at once.
func TestTakesOverMoreThanABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		const trips = 3*64 + 1
		for range trips {
			d := draft(trip.Abort)
			d.ID = charging.TripID(newReservationID())
			d.State, d.Saga.Owner, d.Saga.Epoch = trip.Compensating, "dead", 1
			if err := p.m.Create(t.Context(), d, time.Second, nil); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.two.Run(ctx)
		time.Sleep(2500 * time.Millisecond)
		p.m.mu.Lock()
		defer p.m.mu.Unlock()
		left := 0
		for _, r := range p.m.trips {
			if r.owner != "two" {
				left++
			}
		}
		if left > 0 || len(p.m.trips) != trips {
			t.Errorf("%d of %d trips were left", left, len(p.m.trips))
		}
	})
}
