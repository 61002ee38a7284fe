package saga

import (
	"context"
	"slices"
	"time"
)

// takeOverBatch is how many records are taken over at a time; a poll goes on while
// there are as many.
const takeOverBatch = 64

// Run looks for open work whose lease has ended, and keeps the leases of the runs
// in flight, until the context ends. Errors of the store are waited out.
func (c *Coordinator[T, E]) Run(ctx context.Context) {
	poll, keep := time.NewTicker(c.o.Poll), time.NewTicker(c.o.Lease/3)
	defer poll.Stop()
	defer keep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			c.takeOver(ctx)
		case <-c.look:
			c.takeOver(ctx)
		case <-keep.C:
			c.keepAlive(ctx)
		}
	}
}

// Look takes over open work at once: another server has given runs back.
func (c *Coordinator[T, E]) Look() {
	select {
	case c.look <- struct{}{}:
	default:
	}
}

func (c *Coordinator[T, E]) takeOver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Lease)
	defer cancel()
	// A lease that is taken and not used keeps others from the record: none
	// without room.
	for n := takeOverBatch; n == takeOverBatch && c.hasRoom(); {
		ts, err := c.o.Journal.TakeOver(ctx, c.o.Owner, c.o.Lease, takeOverBatch)
		for _, t := range ts {
			_, _ = c.resume(t, nil)
		}
		if err != nil {
			c.o.Warn("cannot look for open "+c.words.Noun+"s", "", err)
			return
		}
		n = len(ts)
	}
}

// keepAlive renews the leases of runs older than a third of a lease. A run that
// lost its lease stops at once; it may write nothing any more.
func (c *Coordinator[T, E]) keepAlive(ctx context.Context) {
	ids := c.longRunning()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Lease/3)
	defer cancel()
	began := time.Now()
	lost, err := c.o.Journal.KeepAlive(ctx, c.o.Owner, c.o.Lease, ids)
	if err != nil {
		c.o.Warn("cannot renew leases", "", err)
		return
	}
	for _, id := range ids {
		r := c.running(id)
		switch {
		case r == nil:
		case slices.Contains(lost, id):
			r.stop()
		default:
			r.trustLonger(began.Add(c.o.Lease))
		}
	}
}

func (c *Coordinator[T, E]) longRunning() []ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []ID
	for id, r := range c.runs {
		if time.Since(r.entered) > c.o.Lease/3 {
			ids = append(ids, id)
		}
	}
	return ids
}
