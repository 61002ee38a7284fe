package admission

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// fill takes every place and every seat of a gate.
func fill(t *testing.T, g *Gate) (passes []*Pass, seats chan *Pass) {
	t.Helper()
	for range g.Stats().Limit {
		p, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		passes = append(passes, p)
	}
	seats = make(chan *Pass, 100)
	for range g.places() {
		go func() {
			p, _ := g.Enter(context.Background())
			seats <- p
		}()
	}
	synctest.Wait()
	return passes, seats
}

func TestMoreThanThereIsRoomForIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Min: 4, Start: 4})
		passes, seats := fill(t, g)
		if !g.Crowded() {
			t.Error("full, and not crowded")
		}
		began := time.Now()
		_, err := g.Enter(t.Context())
		var r *charging.Refusal
		if !errors.As(err, &r) || r.Code != charging.CodeRateLimited || r.RetryAfter <= 0 || time.Since(began) > 0 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		passes[0].Done()
		passes[0].Done() // once is enough
		if p := <-seats; p == nil {
			t.Error("room was made for nobody")
		}
		time.Sleep(2 * time.Second) // the others have lost patience
		if s := g.Stats(); s.Working != 4 || s.Waiting != 0 || s.Refused != 2+15 || g.Crowded() {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhoGivesUpWaitingTakesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Min: 1, Start: 1, Patience: time.Hour})
		p, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		p.Cancel()
		if s := g.Stats(); s.Working != 0 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Work that waits for somebody else loses its place to others.
func TestWorkThatTakesTooLongGivesItsPlaceAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Min: 1, Start: 1})
		p, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Works()
		time.Sleep(3 * time.Second)
		if s := g.Stats(); s.Working != 0 {
			t.Errorf("%+v", s)
		}
		p.Done()
		if s := g.Stats(); s.Working != 0 {
			t.Errorf("given back twice: %+v", s)
		}
	})
}

// serverOf makes a load in front of a gate meet a server that needs cost of one
// CPU for each piece of work, beside a wait of pause, and tells how much is done a second
// and how long each takes.
func serverOf(t *testing.T, g *Gate, callers int, cost, pause, d time.Duration) (perSecond float64, each time.Duration) {
	t.Helper()
	cpu := make(chan struct{}, 1)
	ends := time.Now().Add(d)
	type tally struct {
		n    int
		took time.Duration
	}
	out := make(chan tally)
	for range callers {
		go func() {
			var s tally
			for time.Now().Before(ends) {
				began := time.Now()
				p, err := g.Enter(context.Background())
				if err != nil {
					time.Sleep(50 * time.Millisecond)
					continue
				}
				time.Sleep(pause)
				cpu <- struct{}{}
				time.Sleep(cost)
				<-cpu
				p.Done()
				s.n++
				s.took += time.Since(began)
			}
			out <- s
		}()
	}
	var all tally
	for range callers {
		s := <-out
		all.n += s.n
		all.took += s.took
	}
	return float64(all.n) / d.Seconds(), all.took / time.Duration(max(all.n, 1))
}

func TestTheLimitFollowsTheWork(t *testing.T) {
	for name, c := range map[string]struct {
		cost, pause time.Duration
		// want of throughput, and the longest that one may take
		rate float64
		each time.Duration
	}{
		"all CPU":         {time.Millisecond, 0, 950, 60 * time.Millisecond},
		"mostly far away": {time.Millisecond, 100 * time.Millisecond, 850, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := New(Options{Min: 4, Start: 32})
				serverOf(t, g, 4, c.cost, c.pause, 5*time.Second) // a quiet time
				serverOf(t, g, 500, c.cost, c.pause, 15*time.Second)
				rate, each := serverOf(t, g, 500, c.cost, c.pause, 5*time.Second)
				t.Logf("%.0f/s, %s each, %+v", rate, each, g.Stats())
				if rate < c.rate || each > c.each {
					t.Errorf("%.0f/s, want %.0f; each takes %s, want at most %s; %+v", rate, c.rate, each, c.each, g.Stats())
				}
				time.Sleep(time.Second)
				if s := g.Stats(); s.Working != 0 || s.Waiting != 0 || g.Crowded() {
					t.Errorf("afterwards: %+v", s)
				}
			})
		})
	}
}

// A queue that is empty for a moment is not the end of an overload: it stays cut
// until nobody has been turned away for Patience.
func TestAMomentOfRoomIsNoEndOfAnOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{Min: 8, Start: 8})
		passes, _ := fill(t, g)
		time.Sleep(900 * time.Millisecond)
		if _, err := g.Enter(t.Context()); err == nil {
			t.Fatal("there was room")
		}
		time.Sleep(200 * time.Millisecond) // who waited has lost patience, and the queue is empty
		g.mu.Lock()
		waiting, places := len(g.queue), g.places()
		g.mu.Unlock()
		if waiting != 0 || places != 3 {
			t.Errorf("%d wait, and %d places while people are turned away, want 3", waiting, places)
		}
		time.Sleep(1100 * time.Millisecond)
		for _, p := range passes {
			p.Done()
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if places := g.places(); places != 4*int(g.limit) {
			t.Errorf("%d places after it, want %d", places, 4*int(g.limit))
		}
	})
}
