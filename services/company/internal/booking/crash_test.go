package booking

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// crashPoint counts every journal write and every remote call, before and
// after, and kills the server at one of them.
type crashPoint struct {
	at, seen int
	kill     func()
	died     bool
}

func (p *crashPoint) pass() error {
	p.seen++
	if p.seen == p.at {
		p.died = true
		p.kill()
		return context.Canceled
	}
	return nil
}

// hasDied reports whether the point was reached. The journal's lock is the point's.
func (p *crashPoint) hasDied(m *memory) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.died
}

// runs reports whether the test's trip is in flight at a server.
func runs(c *Coordinator) bool {
	_, running := c.Running(testTrip)
	return running
}

// TestCrashAtEveryStep kills the server at each step of a booking, of a
// compensation, and of a swap, and lets another one take over.
func TestCrashAtEveryStep(t *testing.T) {
	scenes := map[string]struct {
		set  func(s *stage)
		act  func(s *stage)
		want func(tr trip.Trip) bool
	}{
		"booking": {
			want: func(tr trip.Trip) bool { return tr.State == trip.Confirmed },
		},
		"compensation": {
			set:  func(s *stage) { s.w.block(evses[2], windowOf(2), charging.Reserved, "", true) },
			want: func(tr trip.Trip) bool { return tr.State == trip.Aborted },
		},
		"swap": {
			act: func(s *stage) {
				l := draft(trip.Abort).Legs[1]
				l.EVSEID = "BR*SER*E0007*1"
				_, _ = s.c.Shift(s.t.Context(), testTrip, []trip.Leg{l})
			},
			want: func(tr trip.Trip) bool { return tr.State == trip.Confirmed },
		},
		"cancel": {
			act:  func(s *stage) { _, _ = s.c.Cancel(s.t.Context(), testTrip) },
			want: func(tr trip.Trip) bool { return tr.State == trip.Confirmed || tr.State == trip.Canceled },
		},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			points := 0
			for at := 0; at <= points; at++ {
				t.Run(fmt.Sprint(at), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						n := crashOnce(t, at, scene.set, scene.act, scene.want)
						if at == 0 {
							points = n // without a crash: how many there are
						}
					})
				})
			}
			if points < 10 {
				t.Fatalf("only %d crash points", points)
			}
		})
	}
}

func crashOnce(t *testing.T, at int, set, act func(*stage), want func(trip.Trip) bool) int {
	s := newStage(t)
	if set != nil {
		set(s)
	}
	p := &crashPoint{at: at, kill: s.c.Kill}
	s.m.before = func(n int, tr trip.Trip) error { return p.pass() }
	s.w.fault = func(_ string, _ int, _ charging.Ref, _ int, _ bool) error {
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		return p.pass()
	}
	_, startErr := s.c.Start(t.Context(), draft(trip.Abort))
	if startErr == nil {
		s.settleOrDie()
		if act != nil && !p.hasDied(s.m) {
			act(s)
			s.settleOrDie() // a command is answered before its trip has come to rest
		}
	}
	died := p.hasDied(s.m)
	dead(s.c)
	synctest.Wait() // calls in parallel end after the run that made them
	s.m.mu.Lock()
	p.at = -1
	s.m.mu.Unlock()
	if !died && p.seen < at-1 {
		// One more or less is a command that met its trip still running.
		t.Fatalf("crash point %d was never reached (%d)", at, p.seen)
	}
	if _, known := s.m.trips[testTrip]; !known {
		if held := s.w.held(testTrip); len(held) != 0 {
			t.Fatalf("never journaled, but held: %v", held)
		}
		return p.seen
	}
	two := s.server("two")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go two.Run(ctx)
	time.Sleep(30 * time.Second) // the clock is the test's
	got := s.wait(two)
	if !want(got) {
		t.Fatalf("ended %s (%+v)", got.State, got.Problem)
	}
	s.must(got, got.State)
	cancel()
	synctest.Wait()
	return p.seen
}

// settleOrDie waits for the trip's run to end, by itself or by the crash.
func (s *stage) settleOrDie() {
	for {
		over, running := s.c.Running(testTrip)
		if !running {
			return
		}
		<-over
	}
}

func TestConfirmExecutedAnswerLostCompanyGone(t *testing.T) { // row 7
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		gone := false
		s.w.fault = func(step string, _ int, ref charging.Ref, _ int, after bool) error {
			if step == "confirm" && ref.EVSEID == evses[1] && !after {
				return charging.Refuse(charging.CodeHoldExpired, "lapsed") // another stop has lapsed
			}
			if ref.EVSEID == evses[2] && (step == "confirm" && after || gone) {
				gone = true
				return errNetwork
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		if _, err := s.c.Start(t.Context(), draft(trip.Abort)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		got, err := s.m.Load(t.Context(), testTrip)
		if err != nil || got.State != trip.Compensating || got.Saga.Stuck == nil {
			t.Fatalf("%s, stuck %+v, %v: must not be ABORTED before the company has said so", got.State, got.Saga.Stuck, err)
		}
		s.w.set(func() { s.w.fault = nil })
		s.must(s.wait(s.c), trip.Aborted)
		cancel()
		synctest.Wait()
	})
}

func TestOperatorResolvesAStuckTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.fault = func(step string, _ int, ref charging.Ref, _ int, after bool) error {
			if ref.EVSEID == evses[2] && (step == "confirm" || step == "compensate") {
				return errNetwork
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		if _, err := s.c.Start(t.Context(), draft(trip.Abort)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if _, err := s.c.Resolve(t.Context(), testTrip, "CAJ has lost its data"); err != nil {
			t.Fatal(err)
		}
		if got := s.wait(s.c); got.State != trip.Aborted {
			t.Fatalf("%s", got.State)
		}
		cancel()
		synctest.Wait()
	})
}
