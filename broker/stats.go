package broker

import "sync/atomic"

// Stats are counts since the start, and present levels, for metrics.
type Stats struct {
	// Connected and Backlog are levels: clients now, messages of cars that
	// wait for the handler now.
	Connected int64
	Backlog   int64
	// Received are messages of cars that reached the handler's queue.
	Received int64
	// Published are messages of the company.
	Published int64
	// RefusedLogins, RefusedPublishes and RefusedSubscriptions are what
	// clients tried and may not.
	RefusedLogins        int64
	RefusedPublishes     int64
	RefusedSubscriptions int64
	// Overflowed are messages of cars that found a queue full.
	Overflowed int64
	// Dropped are messages that a slow client's queue could not take.
	Dropped int64
	// LetGo are clients that were disconnected because they do not read; a car
	// that comes back reads its retained topics.
	LetGo int64
	// Rescued are deliveries that a client's own packet id collided with.
	Rescued int64
	// Panics are handler runs that panicked.
	Panics int64
}

type counters struct {
	received, published                                  atomic.Int64
	refusedLogins, refusedPublishes, refusedSubscription atomic.Int64
	overflowed, dropped, letGo, rescued, panics          atomic.Int64
}

// Stats reads all counts; cheap.
func (b *Broker) Stats() Stats {
	c := &b.counters
	return Stats{
		Connected: atomic.LoadInt64(&b.server.Info.ClientsConnected), Backlog: int64(b.post.backlog()),
		Received: c.received.Load(), Published: c.published.Load(),
		RefusedLogins: c.refusedLogins.Load(), RefusedPublishes: c.refusedPublishes.Load(),
		RefusedSubscriptions: c.refusedSubscription.Load(),
		Overflowed:           c.overflowed.Load(), Dropped: c.dropped.Load(), LetGo: c.letGo.Load(),
		Rescued: c.rescued.Load(), Panics: c.panics.Load(),
	}
}
