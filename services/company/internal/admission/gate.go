// Package admission lets in as much new work as a server finishes in good time,
// and turns the rest away early, while that is still cheap.
//
//	                  room                 done
//	arrives ─→ Full? ──────→ works (≤ limit) ─→ counted
//	   │         │ no room
//	   │         └─→ waits (≤ 4 times the limit, ≤ Patience) ─→ works
//	   └─→ refused: RATE_LIMITED, come again after RetryAfter
//
// A queue that never empties helps nobody: after Patience of that it is cut to a
// quarter of the limit, and so is the time in it (as in CoDel), until it is empty
// and nobody has been turned away for as long. So a burst is taken in, and a lasting
// overload is turned away at the door.
//
// The limit follows how long the work takes (a gradient, as in TCP Vegas and
// Netflix's concurrency-limits): while it takes no longer than at its best, the
// limit grows; once more work in flight only makes each take longer, it
// shrinks. What is in flight already is never turned away here.
package admission

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Options of a Gate. Zero values take the defaults.
type Options struct {
	// Min and Max bound how much is in flight at a time, Start is the limit at
	// first. Defaults: 48 for each CPU, at most 1024, and Min. (Work waits for
	// stores and other companies most of its time, and stores take many requests
	// at once for less than one by one: with fewer in flight less gets done.)
	Min, Start, Max int
	// Patience is how long work may wait for room. Default 1 s.
	Patience time.Duration
	// RetryAfter is told to who is refused. Default 1 s.
	RetryAfter time.Duration
}

// Gate counts the work in flight. It is safe for use by many goroutines.
type Gate struct {
	o Options
	// crowded is set while who comes now would be refused; read without the lock.
	crowded atomic.Bool
	refused atomic.Int64

	mu      sync.Mutex
	limit   float64
	working int
	queue   []*waiter // oldest first
	// standing is since when there is a queue, or somebody is turned away; zero
	// while there is room.
	standing time.Time
	// seen is how many had been refused when that last changed, at seenAt.
	seen   int64
	seenAt time.Time
	tempo  tempo
}

// waiter is somebody who waits for room.
type waiter struct {
	room chan struct{} // closed when there is
}

// New makes a gate.
func New(o Options) *Gate {
	if o.Min <= 0 {
		o.Min = 48 * runtime.GOMAXPROCS(0)
	}
	if o.Start <= 0 {
		o.Start = o.Min
	}
	if o.Max <= 0 {
		o.Max = 1024
	}
	o.Max = max(o.Max, o.Min, o.Start)
	if o.Patience <= 0 {
		o.Patience = time.Second
	}
	if o.RetryAfter <= 0 {
		o.RetryAfter = time.Second
	}
	return &Gate{o: o, limit: float64(o.Start)}
}

// Crowded reports whether who comes now would be refused, and counts it as
// refused then. It costs next to nothing.
func (g *Gate) Crowded() bool {
	if !g.crowded.Load() {
		return false
	}
	g.refused.Add(1)
	return true
}

// Refusal is what who is turned away is told: RATE_LIMITED.
func (g *Gate) Refusal() *charging.Refusal {
	return &charging.Refusal{
		Code: charging.CodeRateLimited, RetryAfter: g.o.RetryAfter,
		Detail: "the server has more to do than it can; come again after the time in Retry-After",
	}
}

// Enter waits a little for room. RATE_LIMITED where there is none.
func (g *Gate) Enter(ctx context.Context) (*Pass, error) {
	g.mu.Lock()
	if g.working < int(g.limit) && len(g.queue) == 0 {
		g.working++
		g.mu.Unlock()
		return g.pass(), nil
	}
	if len(g.queue) >= g.places() {
		g.mu.Unlock()
		g.refused.Add(1)
		return nil, g.Refusal()
	}
	w := &waiter{make(chan struct{})}
	g.queue = append(g.queue, w)
	g.mark()
	patience := g.o.Patience
	if g.lasts() {
		patience /= 4
	}
	g.mu.Unlock()
	return g.wait(ctx, w, patience)
}

func (g *Gate) wait(ctx context.Context, w *waiter, within time.Duration) (*Pass, error) {
	patience := time.NewTimer(within)
	defer patience.Stop()
	var why error = g.Refusal()
	select {
	case <-w.room:
		return g.pass(), nil
	case <-patience.C:
	case <-ctx.Done():
		why = ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.queue, w)
	if i < 0 { // there was room in the last moment
		return g.pass(), nil
	}
	g.queue = slices.Delete(g.queue, i, i+1)
	g.refused.Add(1)
	g.mark()
	return nil, why
}

// places is how many may wait. It needs g.mu.
func (g *Gate) places() int {
	if g.lasts() {
		return int(g.limit)/4 + 1
	}
	return 4 * int(g.limit)
}

// lasts reports whether there is more to do than can be for longer than a
// burst. It needs g.mu.
func (g *Gate) lasts() bool { return !g.standing.IsZero() && time.Since(g.standing) > g.o.Patience }

// mark tells Crowded how it is. It needs g.mu.
func (g *Gate) mark() {
	now := time.Now()
	if n := g.refused.Load(); n != g.seen {
		g.seen, g.seenAt = n, now
	}
	switch {
	case len(g.queue) > 0 && g.standing.IsZero():
		g.standing = now
	case len(g.queue) == 0 && now.Sub(g.seenAt) > g.o.Patience:
		g.standing = time.Time{}
	}
	g.crowded.Store(len(g.queue) >= g.places())
}

// leave frees a place, and lets in who waits. took is zero for work that says
// nothing about the tempo.
func (g *Gate) leave(took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.working--
	if took > 0 {
		if factor, ok := g.tempo.note(time.Now(), took); ok {
			g.adapt(factor)
		}
	}
	for len(g.queue) > 0 && g.working < int(g.limit) {
		close(g.queue[0].room)
		g.queue = g.queue[1:]
		g.working++
	}
	g.mark()
}

// adapt moves the limit a fifth of the way to what the gradient asks for: its
// part of the present one, and a little to try whether more would do. It grows
// only where it is made use of.
func (g *Gate) adapt(gradient float64) {
	want := g.limit*gradient + math.Sqrt(g.limit)
	if want > g.limit && float64(g.working+1) < g.limit/2 {
		return
	}
	g.limit = min(max(0.8*g.limit+0.2*want, float64(g.o.Min)), float64(g.o.Max))
}

// longest is after how long work counts as waiting for something else than this
// server: its place is given to others.
func (g *Gate) longest() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return min(max(8*g.tempo.last, 250*time.Millisecond), 2*time.Second)
}

// Pass is one place in flight.
type Pass struct {
	g     *Gate
	began time.Time
	once  sync.Once
	late  *time.Timer
}

func (g *Gate) pass() *Pass { return &Pass{g: g, began: time.Now()} }

// Works says that the work has begun and goes on by itself until Done: should
// it take much longer than others, its place is given away before.
func (p *Pass) Works() {
	p.late = time.AfterFunc(p.g.longest(), func() { p.once.Do(func() { p.g.leave(0) }) })
}

// Done gives the place back; how long it was held is what the gate goes by.
// Doing so twice is fine.
func (p *Pass) Done() {
	p.once.Do(func() {
		if p.late != nil {
			p.late.Stop()
		}
		p.g.leave(max(time.Since(p.began), 1))
	})
}

// Cancel gives the place back of work that did not come about.
func (p *Pass) Cancel() { p.once.Do(func() { p.g.leave(0) }) }

// Stats of a gate.
type Stats struct {
	Limit, Working, Waiting int
	Refused                 int64
}

// Stats reads all at once.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Stats{int(g.limit), g.working, len(g.queue), g.refused.Load()}
}
