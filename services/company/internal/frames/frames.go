// Package frames shows where cars are, in frames that are encoded once for all readers
// of a view: docs/adr/0022-the-live-feed.md.
//
//	Hear ─→ cars ──every 500 ms──→ each view: a frame of what has changed ─→ its readers, woken
//	                                         └ the last eight are kept; further behind, or new: a full frame
//
// A reader has no queue: what it takes is what the view has when it takes it. So one
// that is slow gets fewer frames, and one that stops costs nothing here.
package frames

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/bell"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
)

const (
	// Every is the time between two frames of a view.
	Every = 500 * time.Millisecond
	// silent is how long a car is shown that says nothing more.
	silent = 5 * time.Minute
	// maxCars bounds the cars that are shown; those that come later are not.
	maxCars = 50_000
	// step is to what boxes are widened, in degrees, so that views are shared.
	step = 0.25
)

// Car is what is shown of one.
type Car struct {
	Vehicle charging.VehicleID
	At      geo.Point
	// SoC is 0 … 1, SpeedKMH in km/h.
	SoC, SpeedKMH float64

	trip  charging.TripID // that it is on, as far as is known
	heard time.Time       // real
}

// Traffic is all cars that were heard of lately, and the views of them. It is safe for
// use by many goroutines; Hear never waits for readers.
type Traffic struct {
	mu      sync.Mutex
	cars    map[charging.VehicleID]*Car
	changed map[charging.VehicleID]struct{} // since the last frames
	trips   map[charging.VehicleID]charging.TripID
	views   map[string]*view
}

// New makes one without cars.
func New() *Traffic {
	return &Traffic{
		cars: map[charging.VehicleID]*Car{}, changed: map[charging.VehicleID]struct{}{},
		trips: map[charging.VehicleID]charging.TripID{}, views: map[string]*view{},
	}
}

// Hear takes what a car says of itself.
func (t *Traffic) Hear(said Car) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.cars[said.Vehicle]; !known && len(t.cars) >= maxCars {
		return
	}
	said.heard, said.trip = time.Now(), t.trips[said.Vehicle]
	t.cars[said.Vehicle] = &said
	t.changed[said.Vehicle] = struct{}{}
}

// Changed takes a change of a trip: which one a car is on is shown with it. A car with
// several is shown with the one that changed last.
func (t *Traffic) Changed(of trip.Trip) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.trips[of.VehicleID]
	switch {
	case of.State == trip.Confirmed && was != of.ID:
		t.trips[of.VehicleID] = of.ID
	case of.State != trip.Confirmed && was == of.ID:
		delete(t.trips, of.VehicleID)
	default:
		return
	}
	if c := t.cars[of.VehicleID]; c != nil {
		renamed := *c
		renamed.trip = t.trips[of.VehicleID]
		t.cars[of.VehicleID] = &renamed
		t.changed[of.VehicleID] = struct{}{}
	}
}

// Count is how many cars were heard of lately.
func (t *Traffic) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.cars)
}

// Run makes frames until the context ends.
func (t *Traffic) Run(ctx context.Context) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			t.frame(now)
		}
	}
}

// frame makes the next frame of each view in which something has changed.
func (t *Traffic) frame(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, c := range t.cars {
		if now.Sub(c.heard) > silent {
			delete(t.cars, id)
			t.changed[id] = struct{}{}
		}
	}
	if len(t.changed) == 0 {
		return
	}
	changed := make([]charging.VehicleID, 0, len(t.changed))
	for id := range t.changed {
		changed = append(changed, id)
	}
	slices.Sort(changed)
	clear(t.changed)
	for _, v := range t.views {
		v.frame(changed, t.cars, now)
	}
}

// Reader is one who looks at a view. Its methods are for one goroutine.
type Reader struct {
	traffic *Traffic
	view    *view
	bell    *bell.Bell
	at      uint64 // the last frame that it has taken
}

// Watch opens a view: of one vehicle, or of all where that is empty, in the boxes,
// which are widened to quarter degrees; none is everywhere. It ends with Close.
func (t *Traffic) Watch(only charging.VehicleID, boxes []geo.Box) *Reader {
	wide := make([]geo.Box, len(boxes))
	names := make([]string, len(boxes))
	for i, b := range boxes {
		wide[i] = b.Widened(step)
		names[i] = wide[i].String()
	}
	slices.Sort(names)
	key := string(only) + "|" + strings.Join(slices.Compact(names), "|")
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.views[key]
	if v == nil {
		v = newView(key, events.Filter{Only: only, Boxes: wide}, t.cars)
		t.views[key] = v
	}
	r := &Reader{traffic: t, view: v, bell: bell.New()}
	v.readers[r] = struct{}{}
	return r
}

// C wakes the reader when there is something to take, each at a moment of its own.
func (r *Reader) C() <-chan struct{} { return r.bell.C }

// Take gives what the reader has not had yet: the frames since the last one that it
// took, or a full one.
func (r *Reader) Take() []*events.Item {
	r.traffic.mu.Lock()
	defer r.traffic.mu.Unlock()
	items := r.view.since(r.at, r.traffic.cars)
	r.at = r.view.seq
	return items
}

// Full gives the content of a full frame, as JSON, after which Take goes on.
func (r *Reader) Full() []byte {
	r.traffic.mu.Lock()
	defer r.traffic.mu.Unlock()
	r.at = r.view.seq
	return r.view.content(r.traffic.cars)
}

// Close ends looking.
func (r *Reader) Close() {
	r.traffic.mu.Lock()
	defer r.traffic.mu.Unlock()
	delete(r.view.readers, r)
	r.bell.Stop()
	if len(r.view.readers) == 0 && r.traffic.views[r.view.key] == r.view {
		delete(r.traffic.views, r.view.key)
	}
}
