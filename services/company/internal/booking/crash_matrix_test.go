package booking

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// trouble is what goes wrong at one stop while the servers crash.
type trouble struct {
	name string
	// set is done before the trip begins; answer is asked around every call at
	// the stop (n counts those of one step), as world.fault is.
	set    func(s *stage, k int)
	answer func(step string, n int, after bool) error
	// silent: confirms and compensates at the stop are executed or not, and
	// nobody hears, for the first minute: longer than any hold lasts.
	silent bool
	// confirmed says whether the trip must be CONFIRMED in the end; else it must
	// be ABORTED.
	confirmed bool
}

// troubles of the matrix. Lost answers and short silences are got over.
var troubles = []trouble{
	{name: "none", confirmed: true},
	{name: "reserve refused", set: func(s *stage, k int) {
		s.w.block(evses[k], windowOf(k), charging.Reserved, "", true)
	}},
	{name: "confirm refused", answer: func(step string, n int, after bool) error {
		if step == "confirm" && !after {
			return charging.Refuse(charging.CodeHoldExpired, "lapsed")
		}
		return nil
	}},
	{name: "reserve's answer lost", confirmed: true, answer: lostOnce("reserve", "claim")},
	{name: "confirm's answer lost", confirmed: true, answer: lostOnce("confirm")},
	{name: "confirm refused, compensate's answer lost", answer: func(step string, n int, after bool) error {
		if step == "confirm" && !after {
			return charging.Refuse(charging.CodeHoldPreempted, "an older trip took it")
		}
		return lostOnce("compensate")(step, n, after)
	}},
	{name: "reserve's answers all lost", answer: func(step string, _ int, after bool) error {
		if (step == "reserve" || step == "claim") && after {
			return errNetwork
		}
		return nil
	}},
	{name: "silent from the confirm on", silent: true},
}

// lostOnce loses the first answer to each of some steps.
func lostOnce(steps ...string) func(string, int, bool) error {
	return func(step string, n int, after bool) error {
		for _, s := range steps {
			if s == step && n == 1 && after {
				return errNetwork
			}
		}
		return nil
	}
}

// slack is by how many points two runs of a trouble with many repeats differ:
// the pauses between them are random.
const slack = 5

// crashes is who dies where: the first owner at one point, and the second at
// another, counted from its take-over (0: it lives).
type crashes struct{ first, second int }

// TestCrashMatrix kills the server at every journal write and every remote call,
// before and after, of every trouble at the first, the middle and the last stop;
// and then kills the one that took over, too: at one of its own points for each
// of the first one's, all of them in turn (ELETROVIA_LONG=1: every pair). All of
// it ends CONFIRMED everywhere or held nowhere.
func TestCrashMatrix(t *testing.T) {
	pairs := os.Getenv("ELETROVIA_LONG") != ""
	var once, twice int
	for _, tr := range troubles {
		for k, where := range []string{"first", "middle", "last"} {
			if tr.name == "none" && k > 0 {
				continue
			}
			t.Run(tr.name+"/"+where, func(t *testing.T) {
				m := &matrix{trouble: tr, k: k}
				m.play(t, crashes{})
				points := m.seen[0]
				if points < 7 {
					t.Fatalf("only %d crash points", points)
				}
				for first := 1; first <= points; first++ {
					m.play(t, crashes{first: first})
					once++
					from, to := 1, m.seen[1]
					if !pairs {
						from = 1 + first%max(to, 1)
						to = min(from, to)
					}
					for second := from; second <= to && !t.Failed(); second++ {
						(&matrix{trouble: tr, k: k}).play(t, crashes{first, second})
						twice++
					}
					if t.Failed() {
						return
					}
				}
			})
		}
	}
	t.Logf("%d runs with one crash, %d with two", once, twice)
}

// matrix is one trouble at one stop.
type matrix struct {
	trouble
	k    int
	seen [3]int // points that each owner came to
}

// owner counts what one server does, and kills it at one of its points.
type owner struct {
	mu       sync.Mutex
	at, seen int
	kill     func()
	dead     bool
}

func (o *owner) pass() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead {
		return context.Canceled // what is in flight comes to nothing
	}
	o.seen++
	if o.seen == o.at {
		o.dead = true
		o.kill()
		return context.Canceled
	}
	return nil
}

func (o *owner) isDead() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.dead
}

// atRest reports whether the trip wants nothing more.
func (s *stage) atRest() bool {
	t, err := s.m.Load(s.t.Context(), testTrip)
	return err == nil && t.State.Settled() && len(t.Saga.Abandoned) == 0 && t.Saga.Stuck == nil && !runs(s.c)
}

// play books one trip through all its crashes, and judges the end.
func (m *matrix) play(t *testing.T, c crashes) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		if m.set != nil {
			m.set(s, m.k)
		}
		healed := time.Now().Add(time.Minute)
		servers := map[string]*owner{}
		for n, at := range []int{c.first, c.second, 0} {
			servers[fmt.Sprint("owner-", n)] = &owner{at: at}
		}
		s.m.before = func(_ int, tr trip.Trip) error {
			if tr.State == trip.Aborted {
				s.nothingHeld(t, tr)
			}
			return servers[tr.Saga.Owner].pass()
		}
		s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
			if err := servers[ref.Owner].pass(); err != nil {
				return err
			}
			return m.wrong(step, ref, n, after, time.Now().Before(healed))
		}
		m.live(t, s, servers)
	})
}

// nothingHeld asserts what ABORTED says while it is being journaled: what is
// still to be released is a hold that lapses by itself, never a RESERVED.
func (s *stage) nothingHeld(t *testing.T, tr trip.Trip) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for id, held := range s.w.rsv {
		if held.TripID != tr.ID || !held.live() {
			continue
		}
		left := slices.ContainsFunc(tr.Saga.Abandoned, func(a trip.Abandoned) bool { return a.ReservationID == id })
		if held.State == charging.Reserved || !left {
			t.Errorf("ABORTED while stop %d is %s", held.Leg, held.State)
		}
	}
}

// wrong is what goes wrong with a call.
func (m *matrix) wrong(step string, ref charging.Ref, n int, after, early bool) error {
	switch {
	case ref.EVSEID != evses[m.k]:
	case m.silent && early && (step == "confirm" && after || step == "compensate"):
		return errNetwork
	case m.answer != nil:
		return m.answer(step, n, after)
	}
	return nil
}

// live starts one server after the other and waits until the trip has come to
// rest.
func (m *matrix) live(t *testing.T, s *stage, servers map[string]*owner) {
	var cancels []context.CancelFunc
	for n := range 3 {
		o := servers[fmt.Sprint("owner-", n)]
		c := s.server(fmt.Sprint("owner-", n))
		o.kill = c.Kill
		ctx, cancel := context.WithCancel(t.Context())
		cancels = append(cancels, cancel)
		go c.Run(ctx)
		if n == 0 {
			if _, err := c.Start(t.Context(), draft(trip.Abort)); err != nil && !o.isDead() {
				t.Fatal(err)
			}
		}
		for range 30 * 60 { // seconds of the test's clock
			time.Sleep(time.Second)
			if o.isDead() || s.atRest() {
				break
			}
		}
		synctest.Wait()
		m.seen[n] = o.seen
		if !o.isDead() {
			if n == 0 && o.at > o.seen+slack {
				t.Errorf("crash point %d was never reached (%d)", o.at, o.seen)
			}
			break
		}
		cancel()
	}
	m.judge(t, s)
	for _, cancel := range cancels {
		cancel()
	}
	synctest.Wait()
}

// judge asserts that the trip is CONFIRMED everywhere or held nowhere.
func (m *matrix) judge(t *testing.T, s *stage) {
	t.Helper()
	if _, known := s.m.trips[testTrip]; !known {
		if held := s.w.held(testTrip); len(held) != 0 {
			t.Fatalf("never journaled, but held: %v", held)
		}
		return
	}
	got, err := s.m.Load(t.Context(), testTrip)
	if err != nil {
		t.Fatal(err)
	}
	want := trip.Aborted
	if m.confirmed {
		want = trip.Confirmed
	}
	s.must(got, want)
	if len(got.Saga.Abandoned) != 0 || got.Saga.Stuck != nil {
		t.Errorf("at rest with %+v left, stuck %+v", got.Saga.Abandoned, got.Saga.Stuck)
	}
}
