package driven

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Keeper keeps what was driven with the trips' records.
type Keeper interface {
	// Driven gives what is kept with a trip; nothing where there is nothing, or no trip.
	Driven(ctx context.Context, id charging.TripID) (trip.Driven, error)
	// KeepDriven keeps it with a trip that is on record. UNKNOWN_TRIP.
	KeepDriven(ctx context.Context, id charging.TripID, d trip.Driven) error
}

const (
	// flushEvery is how often what is new is kept, and idle after how much real time without a
	// report a trip is forgotten here.
	flushEvery, idle = time.Minute, 10 * time.Minute
	// home is how far a car may move before its departure without having set out, in kilometres.
	home = 1.0
	// lastFlush bounds what is kept when the server stops.
	lastFlush = 5 * time.Second
)

// Book is what was heard of the trips whose cars report. Its methods may be called from any
// goroutine; See does not block.
type Book struct {
	keeper Keeper
	warn   func(msg string, id charging.TripID, err error)

	mu    sync.Mutex
	trips map[charging.TripID]*track
}

type track struct {
	seen trip.Driven
	// whole: what is kept with the trip has been read. fresh: something here is not kept yet.
	whole, fresh bool
	heard        time.Time // real
}

// New makes a Book. warn is told what an operator should know.
func New(keeper Keeper, warn func(msg string, id charging.TripID, err error)) (*Book, error) {
	if keeper == nil || warn == nil {
		return nil, errors.New("driven: keeper and warn are required")
	}
	return &Book{keeper: keeper, warn: warn, trips: map[charging.TripID]*track{}}, nil
}

// See takes a sight of the car of a trip that is to leave at some civil time. here is true where
// the car reported to this server: the others of the company only show it. A car that
// stands where its trip begins has not left.
func (b *Book) See(id charging.TripID, s trip.Sight, leaves time.Time, here bool) {
	s.At = s.At.UTC().Truncate(time.Second)
	if s.At.Before(leaves.Add(-trip.SetsOut)) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.trips[id]
	if t == nil {
		t = &track{}
		b.trips[id] = t
	}
	t.heard = time.Now()
	if len(t.seen) == 1 && s.At.Before(leaves) && geo.Distance(t.seen[0].Point, s.Point) < home {
		t.seen = t.seen[:0]
	}
	t.seen = t.seen.Add(s)
	t.fresh = t.fresh || here && len(t.seen) > 1
}

// Of is what was driven of a trip so far, and what is kept where the store cannot be asked.
func (b *Book) Of(ctx context.Context, id charging.TripID) trip.Driven {
	all, err := b.whole(ctx, id)
	if err != nil {
		b.warn("what was driven of a trip before is not shown", id, err)
	}
	return all
}

// whole is what is kept with a trip and what was heard since.
func (b *Book) whole(ctx context.Context, id charging.TripID) (trip.Driven, error) {
	if seen, whole := b.here(id); whole {
		return seen, nil
	}
	kept, err := b.keeper.Driven(ctx, id)
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.trips[id]
	switch {
	case t == nil:
		return kept, err
	case err == nil && !t.whole:
		t.seen, t.whole = after(kept, t.seen), true
	}
	return slices.Clone(t.seen), err
}

func (b *Book) here(id charging.TripID) (seen trip.Driven, whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.trips[id]; t != nil {
		return slices.Clone(t.seen), t.whole
	}
	return nil, false
}

// after is what was kept, and then what was seen later.
func after(kept, seen trip.Driven) trip.Driven {
	for _, s := range seen {
		kept = kept.Add(s)
	}
	return kept
}

// Run keeps what is new, once a minute and when ctx ends.
func (b *Book) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			b.flush(last)
			return
		case <-tick.C:
			b.flush(ctx)
		}
	}
}

func (b *Book) flush(ctx context.Context) {
	for _, id := range b.due() {
		if ctx.Err() != nil {
			return
		}
		if err := b.keep(ctx, id); err != nil {
			b.warn("what was driven of a trip is kept later", id, err)
		}
	}
}

// due are the trips of which something is not kept; those that nobody reports on are forgotten.
func (b *Book) due() (ids []charging.TripID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, t := range b.trips {
		switch {
		case t.fresh:
			ids = append(ids, id)
		case time.Since(t.heard) > idle:
			delete(b.trips, id)
		}
	}
	return ids
}

func (b *Book) keep(ctx context.Context, id charging.TripID) error {
	all, err := b.whole(ctx, id)
	if err != nil {
		return err
	}
	b.settle(id, false)
	err = b.keeper.KeepDriven(ctx, id, all)
	if err == nil || charging.CodeOf(err) == charging.CodeUnknownTrip { // it is gone, and this with it
		return nil
	}
	b.settle(id, true)
	return err
}

func (b *Book) settle(id charging.TripID, fresh bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.trips[id]; t != nil {
		t.fresh = fresh
	}
}
