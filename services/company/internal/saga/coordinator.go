package saga

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Coordinator runs the trips that began at one server, and those that it takes
// over from servers of the same company that died.
type Coordinator struct {
	o Options

	mu       sync.Mutex
	runs     map[charging.TripID]*run
	draining bool
	wg       sync.WaitGroup
	// reading are the trips whose inbox is being read; true: look once more.
	reading map[charging.TripID]bool
	// look asks for a look at the open work before its time.
	look chan struct{}
	// life ends when the server gives up waiting for trips in flight.
	life context.Context
	kill context.CancelFunc
}

// New checks the options; it starts nothing.
func New(o Options) (*Coordinator, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	life, kill := context.WithCancel(context.Background())
	return &Coordinator{
		o: o.withDefaults(), runs: map[charging.TripID]*run{}, reading: map[charging.TripID]bool{}, look: make(chan struct{}, 1), life: life, kill: kill,
	}, nil
}

// Start journals a new trip and begins to book it. When it returns nil the trip
// will come to an end, whatever happens to this server. RATE_LIMITED when too
// many trips are in flight, STORE_UNAVAILABLE when nobody knows whether it was
// journaled.
func (c *Coordinator) Start(ctx context.Context, t trip.Trip) (trip.Trip, error) {
	t.State = trip.Reserving
	t.Saga.Epoch, t.Saga.Owner = 1, c.o.Owner
	for k := range t.Legs {
		t.Legs[k].Leg, t.Legs[k].State = k+1, trip.LegPlanned
		t.Legs[k].ReservationID = c.o.NewID()
	}
	r, err := c.enter(t, false)
	if err != nil {
		return t, err
	}
	r.note("create", "", "ok", "")
	began, entries := time.Now(), r.takeEntries()
	if err := c.o.Journal.Create(ctx, r.t, c.o.Lease, entries); err != nil {
		c.leave(r)
		return t, err
	}
	r.lease(began.Add(c.o.Lease))
	r.publish()
	r.show(entries)
	go r.main()
	return r.snapshot(), nil
}

// enter makes a run for a trip that this server owns, within the bound; one that
// somebody asks something of is let in beyond it.
func (c *Coordinator) enter(t trip.Trip, asked bool) (*run, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.room(asked); err != nil {
		return nil, err
	}
	if c.runs[t.ID] != nil {
		return nil, errRunning
	}
	ctx, stop := context.WithCancel(c.life)
	r := &run{
		c: c, t: t, ctx: ctx, stop: stop,
		mailbox: make(chan message, 16), done: make(chan struct{}), changed: make(chan struct{}),
		lapses: map[charging.ReservationID]time.Time{}, noTicket: map[int]bool{}, full: map[charging.CompanyID]bool{}, entered: time.Now(),
		cancel: t.Saga.CancelAsked && t.State.Open(),
	}
	snap := t.Clone()
	r.snap = &snap
	c.runs[t.ID] = r
	c.wg.Add(1)
	return r, nil
}

// room refuses another run while the server stops or is full. It needs c.mu.
func (c *Coordinator) room(asked bool) error {
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
		return &charging.Refusal{
			Code: charging.CodeRateLimited, Detail: "too many trips are being booked here; try again shortly", RetryAfter: time.Second,
		}
	}
	return nil
}

// mayTakeUp refuses what enter would refuse, before a lease is taken for it.
func (c *Coordinator) mayTakeUp() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.room(true)
}

var errRunning = errors.New("saga: the trip is running here")

func (c *Coordinator) leave(r *run) {
	r.stop()
	c.mu.Lock()
	delete(c.runs, r.t.ID)
	c.mu.Unlock()
	close(r.done)
	r.rests()
	c.wg.Done()
}

func (c *Coordinator) running(id charging.TripID) *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs[id]
}

// Peek is the trip as its run here has last written it. It may be behind: another
// server may have taken the trip over since.
func (c *Coordinator) Peek(id charging.TripID) (trip.Trip, bool) {
	if r := c.running(id); r != nil {
		return r.snapshot(), true
	}
	return trip.Trip{}, false
}

// Current is the trip when it runs here and nobody can know a later state of it:
// the lease is held and nothing is being written. Else only the journal tells.
func (c *Coordinator) Current(id charging.TripID) (trip.Trip, bool) {
	if r := c.running(id); r != nil {
		t, _, sure := r.watch()
		return t, sure
	}
	return trip.Trip{}, false
}

// watchInterval is the longest pause between two looks into the journal for a
// trip that does not run here.
const watchInterval = 250 * time.Millisecond

// Wait returns the trip as soon as it is settled, awaits a decision, or the
// context ends, whichever comes first.
func (c *Coordinator) Wait(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return c.waitFor(ctx, id, awaited)
}

// WaitEnd returns the trip as soon as it is settled, or the context ends.
func (c *Coordinator) WaitEnd(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return c.waitFor(ctx, id, func(t trip.Trip) bool { return t.State.Settled() })
}

func (c *Coordinator) waitFor(ctx context.Context, id charging.TripID, awaited func(trip.Trip) bool) (trip.Trip, error) {
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

// waitHere waits for a trip that runs here; over is false when there is reason to
// look again.
func (c *Coordinator) waitHere(ctx context.Context, id charging.TripID, r *run, awaited func(trip.Trip) bool) (t trip.Trip, over bool, err error) {
	t, changed, sure := r.watch()
	var again <-chan time.Time
	if !sure { // another server may have it, and be further
		again = time.After(watchInterval)
		if t, err = c.o.Journal.Load(context.WithoutCancel(ctx), id); err != nil {
			t = trip.Trip{}
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

// awaited reports whether a trip has come to what callers wait for.
func awaited(t trip.Trip) bool { return t.State.Settled() || t.State == trip.AwaitingDecision }

// WhenQuiet calls f once the trip keeps this server busy no more: it is settled,
// waits for its driver or for another trip, or does not run here. booked is true
// for one that came to CONFIRMED without a rest. f must not block; one a trip is
// called.
func (c *Coordinator) WhenQuiet(id charging.TripID, f func(booked bool)) {
	if r := c.running(id); r == nil || !r.onQuiet(f) {
		f(false)
	}
}

// MayStart refuses what Start would refuse: STORE_UNAVAILABLE while the server
// stops, RATE_LIMITED while too many trips are in flight.
func (c *Coordinator) MayStart() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.room(false)
}

// InFlight counts the trips that run here.
func (c *Coordinator) InFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.runs)
}

// Drain takes no new trips, waits for those in flight to reach their end until
// the context ends, and then stops the rest: another server, or the next life
// of this one, takes them over from the journal.
func (c *Coordinator) Drain(ctx context.Context) {
	c.mu.Lock()
	c.draining = true
	for _, r := range c.runs {
		r.parkWhenIdle()
	}
	c.mu.Unlock()
	idle := make(chan struct{})
	go func() { c.wg.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	c.kill()
	<-idle
}
