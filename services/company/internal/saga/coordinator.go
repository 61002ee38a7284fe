package saga

import (
	"context"
	"sync"
	"time"
)

// Coordinator runs the records that began at one server, and those that it takes
// over from servers of the same company that died. T is a record, E a line of its
// log.
type Coordinator[T, E any] struct {
	o     Options[T, E]
	kind  Kind[T, E]
	words Words

	mu       sync.Mutex
	runs     map[ID]*Run[T, E]
	draining bool
	wg       sync.WaitGroup
	// reading are the runs whose inbox is being read; true: look once more.
	reading map[ID]bool
	// look asks for a look at the open work before its time.
	look chan struct{}
	// life ends when the server gives up waiting for runs in flight.
	life context.Context
	kill context.CancelFunc
}

// New checks the options; it starts nothing.
func New[T, E any](kind Kind[T, E], o Options[T, E]) (*Coordinator[T, E], error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	life, kill := context.WithCancel(context.Background())
	return &Coordinator[T, E]{
		o: o.WithDefaults(), kind: kind, words: kind.Words(),
		runs: map[ID]*Run[T, E]{}, reading: map[ID]bool{}, look: make(chan struct{}, 1), life: life, kill: kill,
	}, nil
}

// Start journals a new record, of epoch 1 and this owner, and begins to run it.
// When it returns nil the record will come to an end, whatever happens to this
// server. RATE_LIMITED when too many runs are in flight, STORE_UNAVAILABLE when
// nobody knows whether it was journaled.
func (c *Coordinator[T, E]) Start(ctx context.Context, t T, lines ...E) (T, error) {
	r, err := c.enter(t, false, false)
	if err != nil {
		return t, err
	}
	began := time.Now()
	if err := c.o.Journal.Create(ctx, r.Record, c.o.Lease, lines); err != nil {
		c.leave(r)
		return t, err
	}
	r.trust(began.Add(c.o.Lease))
	r.publish()
	r.show(lines)
	go c.run(r)
	return r.snapshot(), nil
}

// Peek is the record as its run here has last written it. It may be behind:
// another server may have taken the record over since.
func (c *Coordinator[T, E]) Peek(id ID) (T, bool) {
	if r := c.running(id); r != nil {
		return r.snapshot(), true
	}
	var none T
	return none, false
}

// Current is the record when it runs here and nobody can know a later state of
// it: the lease is held and nothing is being written. Else only the journal
// tells.
func (c *Coordinator[T, E]) Current(id ID) (T, bool) {
	if r := c.running(id); r != nil {
		t, _, sure := r.watch()
		return t, sure
	}
	var none T
	return none, false
}

// Running reports whether a record runs here; over is closed when it does no
// more.
func (c *Coordinator[T, E]) Running(id ID) (over <-chan struct{}, running bool) {
	if r := c.running(id); r != nil {
		return r.done, true
	}
	return nil, false
}

// watchInterval is the longest pause between two looks into the journal for a
// record that does not run here.
const watchInterval = 250 * time.Millisecond

// Wait returns the record as soon as it is what is awaited, or the context ends.
func (c *Coordinator[T, E]) Wait(ctx context.Context, id ID, awaited func(T) bool) (T, error) {
	for looks := 0; ; looks++ {
		if r := c.running(id); r != nil {
			if t, over, err := c.waitHere(ctx, id, r, awaited); over {
				return t, err
			}
			continue
		}
		t, err := c.o.Journal.Load(context.WithoutCancel(ctx), id)
		if err != nil || awaited(t) || ctx.Err() != nil {
			return t, err
		}
		sleep(ctx, min(20*time.Millisecond<<min(looks, 8), watchInterval))
	}
}

// waitHere waits for a record that runs here; over is false when there is reason
// to look again.
func (c *Coordinator[T, E]) waitHere(ctx context.Context, id ID, r *Run[T, E], awaited func(T) bool) (t T, over bool, err error) {
	t, changed, sure := r.watch()
	var again <-chan time.Time
	if !sure { // another server may have it, and be further
		again = time.After(watchInterval)
		if t, err = c.o.Journal.Load(context.WithoutCancel(ctx), id); err != nil {
			var none T
			t = none
		}
	}
	if awaited(t) {
		return t, true, nil
	}
	select {
	case <-ctx.Done():
		return t, true, err
	case <-again:
	case <-r.done:
	case <-changed: // it has just been written
		t = r.snapshot()
		return t, awaited(t), nil
	}
	return t, false, nil
}

// OnIdle calls f with the record once its run first has nothing to do, or ends.
// It is false, and f is not called, for one that has been idle before or does not
// run here. f must not block; one f per run is called.
func (c *Coordinator[T, E]) OnIdle(id ID, f func(T)) bool {
	r := c.running(id)
	return r != nil && r.callWhenIdle(f)
}

// MayStart refuses what Start would refuse: STORE_UNAVAILABLE while the server
// stops, RATE_LIMITED while too many runs are in flight.
func (c *Coordinator[T, E]) MayStart() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.room(false)
}

// InFlight counts the runs that go on here.
func (c *Coordinator[T, E]) InFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.runs)
}

// Drain takes no new records, waits for the runs in flight to reach their end
// until the context ends, and then stops the rest: another server, or the next
// life of this one, takes them over from the journal.
func (c *Coordinator[T, E]) Drain(ctx context.Context) {
	c.mu.Lock()
	c.draining = true
	for _, r := range c.runs {
		r.askToPark()
	}
	c.mu.Unlock()
	idle := make(chan struct{})
	go func() { c.wg.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	c.Kill()
	<-idle
}

// Kill ends all runs as a power cut does: what is in flight stops where it is and
// writes nothing more. Drain is the way to stop.
func (c *Coordinator[T, E]) Kill() { c.kill() }
