package saga

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A record that is asked something at a server that does not hold its lease is
// raised where it runs, and the answer says what was said aside.
func TestACommandReachesTheHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, two := w.server("one"), w.server("two")
		w.begin(one, 10)
		got, err := two.Send(t.Context(), the, add{By: 3})
		if err != nil || got.N != 3 || got.Said != "added" {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := two.Send(t.Context(), the, add{By: -1}); charging.CodeOf(err) != charging.CodeInvalidField {
			t.Errorf("refused there, answered %v here", err)
		}
		if now, sure := one.Current(the); !sure || now.N != 3 {
			t.Errorf("the holder has %+v, sure: %v", now, sure)
		}
	})
}

// An owner that dies after it has carried out a command and before it could say
// so: the next owner answers it, and does not carry it out again.
func TestACommandIsCarriedOutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, two := w.server("one"), w.server("two")
		w.begin(one, 10)
		w.s.set(func() { w.s.mute = true })
		answer := make(chan error, 1)
		go func() {
			_, err := two.Send(t.Context(), the, add{By: 3})
			answer <- err
		}()
		time.Sleep(time.Second)
		w.kill(one)
		w.s.set(func() { w.s.mute = false })
		if err := <-answer; err != nil {
			t.Error(err)
		}
		if now, _ := w.s.Load(t.Context(), the); now.N != 3 || now.Owner != "two" {
			t.Errorf("%+v", now)
		}
	})
}

// What is parked is taken up for a command, and what is finished stays so.
func TestAParkedRecordIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one := w.server("one")
		w.begin(one, 5)
		idle := make(chan count, 1)
		if !one.OnIdle(the, func(t count) { idle <- t }) {
			t.Error("it is not running")
		}
		<-idle
		if one.OnIdle(the, func(count) {}) {
			t.Error("it has been idle before")
		}
		if _, err := one.Send(t.Context(), the, add{By: 5}); err != nil {
			t.Fatal(err)
		}
		got, err := one.Wait(t.Context(), the, func(t count) bool { return t.N == 5 })
		synctest.Wait()
		if err != nil || got.N != 5 || one.InFlight() != 0 {
			t.Errorf("%+v, %v, %d in flight", got, err, one.InFlight())
		}
		if got, err := one.Send(t.Context(), the, add{By: 1}); err != nil || got.N != 6 || got.Epoch != 2 {
			t.Errorf("taken up: %+v, %v", got, err)
		}
		if _, here := one.Peek("unknown"); here {
			t.Error("it shows what it has not")
		}
	})
}

// A server that stops gives its runs back, and another one, which is told, goes on
// at once.
func TestDrainGivesRunsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, two := w.server("one"), w.server("two")
		w.begin(one, 10)
		synctest.Wait()
		one.Drain(t.Context())
		if w.parked != 1 || charging.CodeOf(one.MayStart()) != charging.CodeStoreUnavailable {
			t.Errorf("parked %d, may start: %v", w.parked, one.MayStart())
		}
		time.Sleep(time.Millisecond)
		two.Look()
		synctest.Wait()
		if now, here := two.Peek(the); !here || now.Owner != "two" || now.Epoch != 2 {
			t.Errorf("%+v, here: %v", now, here)
		}
	})
}

// While the store is away a write is repeated; nobody is shown what is not written.
func TestAWriteIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one := w.server("one")
		w.begin(one, 10)
		synctest.Wait()
		w.s.set(func() { w.s.away = errAway })
		answer := make(chan error, 1)
		go func() {
			_, err := one.Send(t.Context(), the, add{By: 3})
			answer <- err
		}()
		time.Sleep(100 * time.Millisecond)
		if now, sure := one.Current(the); sure || now.N != 0 {
			t.Errorf("shown %+v, sure: %v", now, sure)
		}
		w.s.set(func() { w.s.away = nil })
		if err := <-answer; err != nil {
			t.Error(err)
		}
		if now, _ := w.s.Load(t.Context(), the); now.N != 3 || !slices.Equal(w.s.lines, []string{"create", "add"}) {
			t.Errorf("%+v, %v", now, w.s.lines)
		}
	})
}

// The holder of the lease gets an epoch above one that was seen; a former owner
// stops.
func TestRaise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one := w.server("one")
		w.begin(one, 10)
		r := one.running(the)
		if epoch, err := r.Raise(7); epoch != 8 || err != nil {
			t.Errorf("%d, %v", epoch, err)
		}
		w.s.set(func() { w.s.t.Owner = "two" })
		if _, err := r.Raise(9); !r.Fatal(err) {
			t.Errorf("a former owner goes on: %v", err)
		}
	})
}

// An order that is told reaches a run in flight, and takes up nothing.
func TestTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, two := w.server("one"), w.server("two")
		w.begin(one, 2)
		if err := two.Tell(t.Context(), the, add{By: 2}); err != nil {
			t.Fatal(err)
		}
		got, err := two.Wait(t.Context(), the, func(t count) bool { return t.N == 2 })
		if err != nil || got.N != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		synctest.Wait()
		if err := two.Tell(t.Context(), the, add{By: 2}); err != nil || one.InFlight()+two.InFlight() != 0 {
			t.Errorf("%v, %d in flight", err, one.InFlight()+two.InFlight())
		}
	})
}

// A renewal that comes in after the lease was given back does not bring it back.
func TestALeaseThatWasGivenBackStaysSo(t *testing.T) {
	r := &Run[count, string]{}
	r.trust(time.Now().Add(time.Minute))
	if r.trustLonger(time.Now().Add(2 * time.Minute)); time.Until(r.trusted) < 100*time.Second {
		t.Error("it is not kept")
	}
	r.trust(time.Time{})
	if r.trustLonger(time.Now().Add(time.Minute)); !r.trusted.IsZero() {
		t.Errorf("it is held until %s", r.trusted)
	}
}

// A record that was never journaled leaves no place behind, and a configuration
// under which a run could be owned twice is refused.
func TestStartAndOptionsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one := w.server("one")
		w.s.set(func() { w.s.away = errAway })
		if _, err := one.Start(t.Context(), count{ID: the, Epoch: 1, Owner: "one"}); err == nil || one.InFlight() != 0 {
			t.Errorf("%v, %d in flight", err, one.InFlight())
		}
		if _, err := New(counts{}, Options[count, string]{Owner: "one", Journal: w.s, Lease: time.Second, CallTimeout: time.Second}); err == nil {
			t.Error("a lease no longer than a call is accepted")
		}
	})
}
