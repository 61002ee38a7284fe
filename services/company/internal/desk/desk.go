package desk

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Desk is the near company. It is safe for use by many goroutines.
type Desk struct {
	o Options
	// offered is replaced as a whole by Reload.
	offered atomic.Pointer[offer]
	agendas agendas
	// survey asks for a look at every location.
	survey chan struct{}

	// floor is the highest ticket stamp given, µs.
	floor    atomic.Int64
	verified verified
	// shownStamps are the tickets that trips have shown, by originator and trip.
	shownStamps verified
	// away is true while the background has found the store away.
	away   atomic.Bool
	asking singleflight.Group
	// recovery is of a store that has lost its memory.
	recovery recovery

	preempted chan charging.Victim
	// used are tickets that have preempted somebody: their issuers are asked.
	used chan charging.Ticket
	// outboxDue wakes the delivery of notices before its next round.
	outboxDue chan struct{}

	mu      sync.Mutex
	orphans map[charging.ReservationID]Orphan
	shown   shown
}

var (
	_ charging.Company  = (*Desk)(nil)
	_ charging.Sessions = (*Desk)(nil)
	_ charging.Garage   = (*Desk)(nil)
)

// New makes a desk. Run it, so that notices are delivered and trips settled.
func New(o Options) (*Desk, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	d := &Desk{
		o: o, survey: make(chan struct{}, 1),
		preempted: make(chan charging.Victim, o.NoticeQueue), used: make(chan charging.Ticket, o.NoticeQueue),
		outboxDue: make(chan struct{}, 1),
		orphans:   map[charging.ReservationID]Orphan{},
	}
	d.o.Calendar = dated{o.Calendar, d}
	d.offered.Store(newOffer(o.inventory()))
	d.recovery.view = Recovery{State: Trusted, Durable: o.Memory != nil && o.Memory.Durable()}
	return d, nil
}

// withTerms fills in booking terms that the location leaves open.
func withTerms(l charging.Location) charging.Location {
	if l.Terms.MaxAhead == 0 {
		l.Terms.MaxAhead = charging.MaxAhead
	}
	if l.Terms.NoShowTimeout == 0 {
		l.Terms.NoShowTimeout = 30 * time.Minute
	}
	if l.Terms.EarlyPlug == 0 {
		l.Terms.EarlyPlug = 15 * time.Minute
	}
	return l
}
