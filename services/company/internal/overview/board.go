// Package overview keeps a company's figures from what passes by on a server anyway.
// They are made once a second for all who read them, and nothing is asked of the store
// for it: docs/adr/0022-the-live-feed.md.
package overview

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/bell"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
)

const (
	// every is the time between two overviews, step between two points of the history,
	// which goes back points of them.
	every  = time.Second
	step   = 10 * time.Second
	points = 90
	// hour is how many steps the hourly figures go back, minute how many the latencies.
	hour, minute = int(time.Hour / step), int(time.Minute / step)
	// maxHolds and maxTrips bound what is kept by id.
	maxHolds, maxTrips = 100_000, 500_000
)

// Options of a Board.
type Options struct {
	// Cars is how many cars were heard of lately, EVSEs how many the company offers,
	// Streams how many event streams are open. They must cost next to nothing.
	Cars, EVSEs, Streams func() int
	// Plugged are the reservations with a car at the plug, read at the start and each
	// minute. STORE_UNAVAILABLE.
	Plugged func(context.Context) ([]charging.ReservationID, error)
	// Trips tells of every open trip; read at the start, and after something was missed.
	// STORE_UNAVAILABLE.
	Trips func(ctx context.Context, each func(trip.Trip)) error
}

// Board keeps the figures. It is safe for use by many goroutines.
type Board struct {
	o     Options
	stale chan struct{} // asks for the states to be read

	mu      sync.Mutex
	since   time.Time
	holds   map[charging.ReservationID]time.Time // when each lapses
	plugged map[charging.ReservationID]struct{}
	trips   map[charging.TripID]trip.State
	open    map[trip.State]int // trips, counted
	now     counts             // of the step that goes on
	past    []counts           // of the steps before, the oldest first, at most an hour
	history []point            // the oldest first, at most points
	stepAt  time.Time
	last    *events.Item
	shown   api.Overview
	readers map[*Reader]struct{}
	encoded int // for tests
}

// point is one of the history.
type point struct {
	cars, plugs, holds, sagas int
	p95                       *float64
	conflicts, compensations  int
}

// New makes a board; Run it.
func New(o Options) (*Board, error) {
	if o.Cars == nil || o.EVSEs == nil || o.Streams == nil || o.Plugged == nil || o.Trips == nil {
		return nil, errors.New("overview: Cars, EVSEs, Streams, Plugged and Trips are required")
	}
	now := time.Now()
	b := &Board{
		o: o, stale: make(chan struct{}, 1), since: now, stepAt: now,
		holds: map[charging.ReservationID]time.Time{}, plugged: map[charging.ReservationID]struct{}{},
		trips: map[charging.TripID]trip.State{}, open: map[trip.State]int{}, readers: map[*Reader]struct{}{},
	}
	b.make(now)
	return b, nil
}

// Reservation takes a change of a reservation at this company.
func (b *Board) Reservation(r charging.Reservation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.holds, r.ID)
	delete(b.plugged, r.ID)
	switch {
	case (r.State == charging.Claimed || r.State == charging.Pending) && len(b.holds) < maxHolds:
		b.holds[r.ID] = time.Now().Add(r.TTL)
	case r.State == charging.Charging:
		b.plugged[r.ID] = struct{}{}
	}
}

// Trip takes a change of a trip of this company.
func (b *Board) Trip(t trip.Trip) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.file(t)
}

func (b *Board) file(t trip.Trip) {
	if was, known := b.trips[t.ID]; known {
		delete(b.trips, t.ID)
		b.open[was]--
	}
	if t.State.Open() && len(b.trips) < maxTrips {
		b.trips[t.ID] = t.State
		b.open[t.State]++
	}
}

// Steps takes what a saga of this company has written to its journal.
func (b *Board) Steps(entries []trip.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		b.now.count(e)
	}
}

// Missed says that changes may have passed unheard: the states are read again.
func (b *Board) Missed() {
	select {
	case b.stale <- struct{}{}:
	default: // it is asked for already
	}
}

// Overview is the newest, at most a second old. It must not be changed.
func (b *Board) Overview() api.Overview {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shown
}

// Run makes the figures until the context ends.
func (b *Board) Run(ctx context.Context) {
	tick, plugs := time.NewTicker(every), time.NewTicker(time.Minute)
	defer tick.Stop()
	defer plugs.Stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { b.keepStates(ctx, plugs.C) })
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			b.mu.Lock()
			b.make(now)
			b.mu.Unlock()
		}
	}
}

// keepStates reads what changes alone do not tell: a server that starts has heard none.
func (b *Board) keepStates(ctx context.Context, plugs <-chan time.Time) {
	b.Missed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-plugs:
			b.readPlugs(ctx)
		case <-b.stale:
			b.readPlugs(ctx)
			b.readTrips(ctx)
		}
	}
}

// readPlugs keeps what is known where the store is away.
func (b *Board) readPlugs(ctx context.Context) {
	at, err := b.o.Plugged(ctx)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.plugged)
	for _, id := range at {
		b.plugged[id] = struct{}{}
	}
}

// readTrips adds what is open, and forgets what is not. What changes meanwhile was heard.
func (b *Board) readTrips(ctx context.Context) {
	b.mu.Lock()
	before := make(map[charging.TripID]trip.State, len(b.trips))
	for id, s := range b.trips {
		before[id] = s
	}
	b.mu.Unlock()
	err := b.o.Trips(ctx, func(t trip.Trip) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.trips[t.ID] == before[t.ID] { // else it has changed since
			b.file(t)
		}
		delete(before, t.ID)
	})
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, was := range before {
		if b.trips[id] == was {
			b.file(trip.Trip{ID: id, State: trip.Completed})
		}
	}
}

// make makes the overview of now, and ends a step that is over. It needs b.mu.
func (b *Board) make(now time.Time) {
	for id, lapses := range b.holds {
		if now.After(lapses) {
			delete(b.holds, id)
		}
	}
	o := b.figures(now)
	if now.Sub(b.stepAt) >= step {
		b.endStep(o)
		b.stepAt = now
	}
	o.History = b.arrays()
	b.shown, b.last = o, nil
	for r := range b.readers {
		r.bell.Ring()
	}
}

func (b *Board) figures(now time.Time) api.Overview {
	o := api.Overview{
		At: now.UTC(), Since: b.since.UTC(), Cars: b.o.Cars(), PlugsInUse: len(b.plugged), EVSEs: b.o.EVSEs(), Holds: len(b.holds),
		Sagas: map[trip.State]int{}, Streams: b.o.Streams(), StepSeconds: int(step.Seconds()),
	}
	for _, s := range trip.States() {
		if s.Open() {
			o.Sagas[s] = b.open[s]
		}
	}
	lately := b.now
	for _, c := range b.past[max(0, len(b.past)-minute):] {
		lately.add(&c)
	}
	o.ReserveP95 = lately.p95()
	o.ConflictsHour, o.CompensationsHour = b.now.conflicts, b.now.compensations
	for i := range b.past {
		o.ConflictsHour += b.past[i].conflicts
		o.CompensationsHour += b.past[i].compensations
	}
	return o
}

func (b *Board) endStep(o api.Overview) {
	b.history = append(b.history, point{
		o.Cars, o.PlugsInUse, o.Holds, len(b.trips), b.now.p95(), b.now.conflicts, b.now.compensations,
	})
	b.history = b.history[max(0, len(b.history)-points):]
	b.past = append(b.past, b.now)
	b.past = b.past[max(0, len(b.past)-hour):]
	b.now = counts{}
}

func (b *Board) arrays() api.History {
	n := len(b.history)
	h := api.History{
		Cars: make([]int, n), PlugsInUse: make([]int, n), Holds: make([]int, n), Sagas: make([]int, n),
		ReserveP95: make([]*float64, n), Conflicts: make([]int, n), Compensations: make([]int, n),
	}
	for i, p := range b.history {
		h.Cars[i], h.PlugsInUse[i], h.Holds[i], h.Sagas[i] = p.cars, p.plugs, p.holds, p.sagas
		h.ReserveP95[i], h.Conflicts[i], h.Compensations[i] = p.p95, p.conflicts, p.compensations
	}
	return h
}

// Open are the newest open trips, at most limit of them, and how many there are.
func (b *Board) Open(limit int) (newest []charging.TripID, total int) {
	b.mu.Lock()
	ids := make([]charging.TripID, 0, len(b.trips))
	for id := range b.trips {
		ids = append(ids, id)
	}
	b.mu.Unlock()
	slices.SortFunc(ids, func(a, b charging.TripID) int { return strings.Compare(string(b), string(a)) }) // UUIDv7: by time
	return ids[:min(limit, len(ids))], len(ids)
}

// Reader is one who is woken for each overview. Its methods are for one goroutine.
type Reader struct {
	board *Board
	bell  *bell.Bell
}

// Watch wakes a reader each second, until Close.
func (b *Board) Watch() *Reader {
	r := &Reader{board: b, bell: bell.New()}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.readers[r] = struct{}{}
	return r
}

// C wakes the reader when there is another overview, each at a moment of its own.
func (r *Reader) C() <-chan struct{} { return r.bell.C }

// Take is the newest one, encoded at its first reader.
func (r *Reader) Take() *events.Item {
	b := r.board
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		raw, err := json.Marshal(b.shown)
		if err == nil {
			b.last, err = events.Encode(trip.Event{Type: trip.EventOverview, At: b.shown.At, Data: raw})
		}
		if err != nil {
			panic(err) // plain data: cannot be
		}
		b.encoded++
	}
	return b.last
}

// Close ends reading.
func (r *Reader) Close() {
	r.board.mu.Lock()
	defer r.board.mu.Unlock()
	delete(r.board.readers, r)
	r.bell.Stop()
}
