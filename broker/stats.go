package broker

import "sync/atomic"

// Stats are counts since the start, and present levels, for metrics. A broker
// elsewhere counts only what passes through this server.
type Stats struct {
	// Connected, Sessions, Subscriptions, Retained, InFlight and Backlog are
	// levels: clients now; sessions now, those that outlive their connection
	// included; their subscriptions; retained messages; deliveries that wait
	// for their acknowledgement; messages of cars that wait for the handler.
	Connected, Sessions, Subscriptions, Retained, InFlight, Backlog int64
	// BacklogBytes are the payloads of the messages that wait for the handler.
	BacklogBytes int64
	// MessagesIn and MessagesOut are publishes of clients, the refused ones
	// included, and what was written to clients.
	MessagesIn, MessagesOut int64
	// Received are messages of cars that reached the handler's queue.
	Received int64
	// Published are messages of the company.
	Published int64
	// Refused is what was refused or dropped, by reason.
	Refused map[Reason]int64
	// RefusedLogins, RefusedPublishes and RefusedSubscriptions are what
	// clients tried and may not: parts of Refused.
	RefusedLogins        int64
	RefusedPublishes     int64
	RefusedSubscriptions int64
	// Overflowed are messages of cars that found a queue full.
	Overflowed int64
	// Dropped are messages that a slow client's queue could not take.
	Dropped int64
	// Paused is how often a client that sent too much was not read for a while.
	Paused int64
	// LetGo are clients that were disconnected because they do not read; a car
	// that comes back reads its retained topics.
	LetGo int64
	// Rescued are deliveries that a client's own packet id collided with.
	Rescued int64
	// Panics are handler runs that panicked.
	Panics int64
	// Latency is the time from a car's publish, read from its connection, to
	// the handler.
	Latency Histogram
}

type counters struct {
	received, published, paused atomic.Int64
	letGo, rescued, panics      atomic.Int64
	refused                     [reasons]atomic.Int64
	latency                     latency
}

// stats are the counts, without the levels.
func (c *counters) stats() Stats {
	s := Stats{
		Received: c.received.Load(), Published: c.published.Load(), Paused: c.paused.Load(),
		LetGo: c.letGo.Load(), Rescued: c.rescued.Load(), Panics: c.panics.Load(),
		Refused: map[Reason]int64{}, Latency: c.latency.histogram(),
	}
	for _, r := range Reasons() {
		s.Refused[r] = c.refused[r].Load()
	}
	s.RefusedLogins = s.Refused[LoginSecret] + s.Refused[LoginForm] + s.Refused[LoginWill] + s.Refused[LoginSessions] +
		s.Refused[LoginRate] + s.Refused[Connections]
	s.RefusedPublishes = s.Refused[PublishTopic] + s.Refused[PublishRate] + s.Refused[PublishSize]
	s.RefusedSubscriptions = s.Refused[Subscription]
	s.Overflowed = s.Refused[Mailbox] + s.Refused[Backlog]
	s.Dropped = s.Refused[SlowClient]
	return s
}

// Stats reads all counts; it looks at every session.
func (b *Broker) Stats() Stats {
	s, info := b.counters.stats(), b.server.Info
	s.Connected = atomic.LoadInt64(&info.ClientsConnected)
	s.Sessions = int64(b.server.Clients.Len()) - 1 // the server's own
	s.Subscriptions = atomic.LoadInt64(&info.Subscriptions)
	s.Retained = int64(b.server.Topics.Retained.Len())
	for _, cl := range b.server.Clients.GetAll() { // the server's own count drifts when a session is resumed
		s.InFlight += int64(cl.State.Inflight.Len())
	}
	s.MessagesIn, s.MessagesOut = atomic.LoadInt64(&info.MessagesReceived), atomic.LoadInt64(&info.MessagesSent)
	s.Refused[Inflight] = atomic.LoadInt64(&info.InflightDropped)
	s.Backlog, s.BacklogBytes = b.dispatcher.backlog()
	return s
}
