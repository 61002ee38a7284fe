package app

import (
	"context"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// coalesceEvery is how often peers are told which calendars have changed: a
// busy EVSE is told once a round, not once a change.
const coalesceEvery = 200 * time.Millisecond

// coalescer collects changes of calendars, the newest of each EVSE.
type coalescer struct {
	mu      sync.Mutex
	changes map[charging.EVSEID]carlink.Change
}

func (b *coalescer) put(c carlink.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changes == nil {
		b.changes = map[charging.EVSEID]carlink.Change{}
	}
	b.changes[c.EVSEID] = c
}

func (b *coalescer) take() map[charging.EVSEID]carlink.Change {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.changes
	b.changes = nil
	return taken
}

// run tells each round's changes until the context ends.
func (b *coalescer) run(ctx context.Context, tell func(carlink.Change)) {
	tick := time.NewTicker(coalesceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, c := range b.take() {
			tell(c)
		}
	}
}
