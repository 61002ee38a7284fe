package saga

import (
	"context"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// takeOverBatch is how many trips are taken over at a time; a poll goes on while
// there are as many.
const takeOverBatch = 64

// Run looks for open work whose lease has ended, and keeps the leases of the
// trips in flight, until the context ends. Errors of the store are waited out.
func (c *Coordinator) Run(ctx context.Context) {
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

// Look takes over open work at once: another server has given trips back.
func (c *Coordinator) Look() {
	select {
	case c.look <- struct{}{}:
	default:
	}
}

func (c *Coordinator) takeOver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Lease)
	defer cancel()
	// A lease that is taken and not used keeps others from the trip: none
	// without room.
	for n := takeOverBatch; n == takeOverBatch && c.hasRoom(); {
		ts, err := c.o.Journal.TakeOver(ctx, c.o.Owner, c.o.Lease, takeOverBatch)
		for _, t := range ts {
			_, _ = c.resume(t, nil)
		}
		if err != nil {
			c.o.Warn("cannot look for open trips", "", err)
			return
		}
		n = len(ts)
	}
}

// hasRoom reports whether another trip could run here.
func (c *Coordinator) hasRoom() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.draining && len(c.runs) < c.o.MaxInFlight
}

// resume runs a trip that this server has just come to own, with a first
// message for it or the letters that its former owner has left.
func (c *Coordinator) resume(t trip.Trip, first *message) (*run, error) {
	r, err := c.enter(t, first != nil)
	if err != nil {
		// Full, stopping, or an older run here that has lost its lease and is
		// about to notice: the lease ends by itself and somebody takes over.
		return nil, err
	}
	r.forgetAnswers()
	r.note("take-over", "", "ok", "")
	if first != nil {
		r.mailbox <- *first
	} else if c.o.Inbox != nil {
		go c.readInbox(c.life, t.ID)
	}
	r.taken = first == nil
	go r.main()
	return r, nil
}

// keepAlive renews the leases of runs older than a third of a lease. A run that
// lost its lease stops at once; it may write nothing any more.
func (c *Coordinator) keepAlive(ctx context.Context) {
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
			r.keep(began.Add(c.o.Lease))
		}
	}
}

func (c *Coordinator) longRunning() []charging.TripID {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []charging.TripID
	for id, r := range c.runs {
		if time.Since(r.entered) > c.o.Lease/3 {
			ids = append(ids, id)
		}
	}
	return ids
}
