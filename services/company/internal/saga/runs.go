package saga

import (
	"context"
	"errors"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// errRunning says that a record of which this server has just got the lease still
// runs here, under an older one.
var errRunning = errors.New("saga: an older run of it still goes on here")

// enter makes the run of a record that this server owns, within the bound; one
// that somebody asks something of is let in beyond it.
func (c *Coordinator[T, E]) enter(t T, asked, taken bool) (*Run[T, E], error) {
	id := c.kind.Of(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.room(asked); err != nil {
		return nil, err
	}
	if c.runs[id] != nil {
		return nil, errRunning
	}
	ctx, stop := context.WithCancel(c.life)
	snap := c.kind.Clone(t)
	r := &Run[T, E]{
		Record: t, c: c, id: id, ctx: ctx, stop: stop, entered: time.Now(),
		queue: make(chan Command[T], 16), done: make(chan struct{}),
		snap: &snap, changed: make(chan struct{}),
	}
	r.machine = c.kind.Machine(r, taken)
	c.runs[id] = r
	c.wg.Add(1)
	return r, nil
}

// room refuses another run while the server stops or is full. It needs c.mu.
func (c *Coordinator[T, E]) room(asked bool) error {
	most := c.o.MaxInFlight
	if asked {
		most *= 2
	}
	switch {
	case c.draining:
		return &charging.Refusal{
			Code: charging.CodeStoreUnavailable, Detail: "the server is stopping; ask again, here or at another server", RetryAfter: time.Second,
		}
	case len(c.runs) >= most:
		return &charging.Refusal{Code: charging.CodeRateLimited, Detail: c.words.Full, RetryAfter: time.Second}
	}
	return nil
}

// mayTakeUp refuses what enter would refuse, before a lease is taken for it.
func (c *Coordinator[T, E]) mayTakeUp() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.room(true)
}

// hasRoom reports whether open work may be taken over.
func (c *Coordinator[T, E]) hasRoom() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.draining && len(c.runs) < c.o.MaxInFlight
}

// run is the goroutine of a run.
func (c *Coordinator[T, E]) run(r *Run[T, E]) {
	defer c.leave(r)
	r.drive()
}

func (c *Coordinator[T, E]) leave(r *Run[T, E]) {
	r.stop()
	c.mu.Lock()
	delete(c.runs, r.id)
	c.mu.Unlock()
	close(r.done)
	r.SignalIdle()
	c.wg.Done()
}

func (c *Coordinator[T, E]) running(id ID) *Run[T, E] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs[id]
}
