package director

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// mostSteps bounds what is kept of a play.
const mostSteps = 200

// message is one step that waits for its turn.
type message struct {
	api.StageStepped
	pass chan struct{} // closed when it is its turn; nil of a note, which has happened already
}

// match chooses messages.
type match func(api.StageStepped) bool

// slow keeps messages back, as a slow network does.
type slow struct {
	g *gate
	m match
}

// gate lets one message travel at a time.
type gate struct {
	mu      sync.Mutex
	waiting []*message
	running *message
	slows   []*slow
	steps   []api.StageStepped
	count   int
	credits int
	playing bool
	pace    time.Duration
	// withdrawn counts the messages whose senders did not wait for as long as they were held.
	withdrawn int
	last      time.Time     // when the last message was answered
	stirred   time.Time     // when a message last came or went, or it was paused
	changed   chan struct{} // closed at each change, and made anew
}

func newGate(pace time.Duration) *gate {
	return &gate{pace: pace, changed: make(chan struct{}), last: time.Now()}
}

// poke tells everybody who waits that something has changed. The lock is held.
func (g *gate) poke() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// conduct lets messages pass until the context ends.
func (g *gate) conduct(ctx context.Context) {
	for {
		g.mu.Lock()
		wait := g.letOne(time.Now())
		changed := g.changed
		g.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// letOne lets a message pass where one may; else it says when to look again. The lock is
// held.
func (g *gate) letOne(now time.Time) time.Duration {
	next := g.next()
	if g.running != nil || next == nil {
		return time.Hour
	}
	switch due := g.last.Add(g.pace); {
	case g.credits > 0:
		g.credits--
	case !g.playing:
		return time.Hour
	case now.Before(due):
		return due.Sub(now)
	}
	g.drop(next)
	if next.pass == nil {
		g.last = now
		g.record(next.StageStepped)
		return 0
	}
	g.running = next
	close(next.pass)
	g.poke()
	return time.Hour
}

// next is whose turn it is: what has happened already is told before the next message goes.
// Nil where all are slow, or none is there. The lock is held.
func (g *gate) next() *message {
	for _, m := range g.waiting {
		if m.pass == nil {
			return m
		}
	}
	for _, m := range g.waiting {
		if !g.isSlow(m.StageStepped) {
			return m
		}
	}
	return nil
}

func (g *gate) isSlow(s api.StageStepped) bool {
	for _, k := range g.slows {
		if k.m(s) {
			return true
		}
	}
	return false
}

func (g *gate) drop(m *message) {
	for i, w := range g.waiting {
		if w == m {
			g.waiting = append(g.waiting[:i:i], g.waiting[i+1:]...)
			return
		}
	}
}

// enter waits until it is the message's turn. Whoever has entered must leave.
func (g *gate) enter(ctx context.Context, s api.StageStepped) (*message, error) {
	m := &message{StageStepped: s, pass: make(chan struct{})}
	g.mu.Lock()
	g.waiting, g.stirred = append(g.waiting, m), time.Now()
	g.poke()
	g.mu.Unlock()
	select {
	case <-m.pass:
		return m, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running == m { // it was let through at the same moment
		return m, nil
	}
	g.drop(m)
	g.withdrawn++
	g.poke()
	return nil, context.Cause(ctx)
}

// leave says what came of the message.
func (g *gate) leave(m *message, s api.StageStepped) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.free(m)
	g.record(s)
}

// overtake lets others travel although the message has no answer yet: a company may answer
// only when another message has reached it.
func (g *gate) overtake(m *message) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.free(m)
	g.poke()
}

func (g *gate) free(m *message) {
	if g.running == m {
		g.running, g.last, g.stirred = nil, time.Now(), time.Now()
	}
}

// note queues what has happened and keeps nobody waiting: it is told as a step of its own.
func (g *gate) note(s api.StageStepped) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting, g.stirred = append(g.waiting, &message{StageStepped: s}), time.Now()
	g.poke()
}

// told waits until all that was noted has been told.
func (g *gate) told(ctx context.Context) {
	for ctx.Err() == nil {
		g.mu.Lock()
		next, changed := g.next(), g.changed
		g.mu.Unlock()
		if next == nil || next.pass != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

func (g *gate) record(s api.StageStepped) {
	g.count++
	s.N, s.At = g.count, time.Now().UTC()
	g.steps = append(g.steps, s)
	g.steps = g.steps[max(0, len(g.steps)-mostSteps):]
	g.poke()
}

// impatient reports whether a message was held for longer than its sender waits.
func (g *gate) impatient() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.withdrawn > 0
}

// delay keeps messages back until release.
func (g *gate) delay(m match) *slow {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := &slow{g, m}
	g.slows = append(g.slows, k)
	return k
}

// release lets go what was kept back.
func (k *slow) release() {
	k.g.mu.Lock()
	defer k.g.mu.Unlock()
	for i, other := range k.g.slows {
		if other == k {
			k.g.slows = append(k.g.slows[:i:i], k.g.slows[i+1:]...)
			break
		}
	}
	k.g.poke()
}

// patience is for how long nothing may happen before something is wrong: longer than any
// budget or lease that a scene waits for.
const patience = 25 * time.Second

var errNothing = errors.New("nothing happens any more")

// await waits until a step that matches has happened, also one before. It fails where
// nothing happens any more.
func (g *gate) await(ctx context.Context, m match) error {
	for {
		g.mu.Lock()
		seen, changed := g.saw(m), g.changed
		g.mu.Unlock()
		if seen {
			return nil
		}
		timer := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if g.idle() > patience {
			return errNothing
		}
	}
}

func (g *gate) saw(m match) bool {
	for _, s := range g.steps {
		if m(s) {
			return true
		}
	}
	return false
}

// idle is for how long nothing has travelled, and nothing could; 0 while something waits
// for its turn, and while it is paused.
func (g *gate) idle() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.playing || g.running != nil || g.next() != nil {
		return 0
	}
	return time.Since(g.stirred)
}

// step lets one message pass, also the first that comes.
func (g *gate) step() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.playing, g.credits = false, 1
	g.poke()
}

// play lets messages pass by themselves, or holds them.
func (g *gate) play(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.playing, g.credits = on, 0
	g.last, g.stirred = time.Now().Add(-g.pace), time.Now()
	g.poke()
}

func (g *gate) setPace(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pace = d
	g.poke()
}

// show is what waits and what has happened.
func (g *gate) show(into *api.Stage) {
	g.mu.Lock()
	defer g.mu.Unlock()
	into.State = api.StagePaused
	if g.playing {
		into.State = api.StagePlaying
	}
	into.PaceSeconds = g.pace.Seconds()
	into.Steps = append([]api.StageStepped{}, g.steps...)
	into.Slow = []api.StageStepped{}
	next := g.next()
	if g.running != nil {
		next = g.running
	}
	if next != nil {
		s := next.StageStepped
		into.Next = &s
	}
	for _, m := range g.waiting {
		if m != next && g.isSlow(m.StageStepped) {
			into.Slow = append(into.Slow, m.StageStepped)
		}
	}
}
