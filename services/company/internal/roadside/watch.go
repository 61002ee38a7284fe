package roadside

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/forecast"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// Trips reads trips with what their originator knows of them.
type Trips interface {
	Load(ctx context.Context, id charging.TripID) (trip.Trip, error)
	List(ctx context.Context, q trip.Query) ([]trip.Trip, int, error)
}

// Sagas changes trips.
type Sagas interface {
	Shift(ctx context.Context, id charging.TripID, legs []trip.Leg) (trip.Trip, error)
	Propose(ctx context.Context, id charging.TripID, p *trip.Decision) (trip.Trip, error)
}

// Advisor knows what else a car could take from where it is.
type Advisor interface {
	Onward(ctx context.Context, t trip.Trip, leg int, here planner.Here) ([]trip.Alternative, error)
}

// Sites finds where an EVSE is, and its terms.
type Sites interface {
	LocationOf(ctx context.Context, evse charging.EVSEID) (charging.Location, error)
}

// Options of a Watch.
type Options struct {
	Trips   Trips
	Sagas   Sagas
	Advisor Advisor
	Sites   Sites
	Network *road.Network
	// Alert tells a car; it must not block.
	Alert func(charging.VehicleID, carlink.Alert)
	// Seen is told of each report that is believed, of a trip that is to leave at some civil
	// time; here is true where it came to this server. It must not block; may be nil.
	Seen func(id charging.TripID, s trip.Sight, leaves time.Time, here bool)
	// Now is civil time; Until is the real time to a civil instant.
	Now   func() time.Time
	Until func(time.Time) time.Duration
	// Warn is told what an operator should know; may be nil.
	Warn func(msg string, id charging.TripID, err error)
	// Pause is the shortest civil time between two actions on one trip; default
	// 10 min. Workers look at cars; default 2.
	Pause   time.Duration
	Workers int
}

// Watch follows the cars of open trips. Hear and Changed may be called from any
// goroutine and never block.
type Watch struct {
	o Options

	mu    sync.Mutex
	cars  map[charging.VehicleID]*car
	queue []*car
	wake  chan struct{}
}

// car is one vehicle with an open trip.
type car struct {
	vehicle charging.VehicleID

	// Guarded by Watch.mu.
	trips   map[charging.TripID]bool
	reports []forecast.Report
	act     bool // the newest report came to this server
	queued  bool
	stale   bool // the trip has changed since it was read

	// Of the worker that has it.
	trip    *trip.Trip
	track   *forecast.Tracker
	passing *passing
	aimed   charging.ReservationID
	verdict forecast.Verdict
	times   int
	since   time.Time // civil, of the verdict
	calm    int
	acted   time.Time // civil
	said    string
}

// maxReports of one car that wait; the newest are kept.
const maxReports = 16

// New checks the options.
func New(o Options) (*Watch, error) {
	if o.Trips == nil || o.Sagas == nil || o.Advisor == nil || o.Sites == nil || o.Network == nil || o.Alert == nil {
		return nil, errors.New("roadside: Trips, Sagas, Advisor, Sites, Network and Alert are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Until == nil {
		o.Until = time.Until
	}
	if o.Warn == nil {
		o.Warn = func(string, charging.TripID, error) {}
	}
	if o.Seen == nil {
		o.Seen = func(charging.TripID, trip.Sight, time.Time, bool) {}
	}
	o.Pause = cmp.Or(o.Pause, 10*time.Minute)
	o.Workers = cmp.Or(o.Workers, 2)
	return &Watch{o: o, cars: map[charging.VehicleID]*car{}, wake: make(chan struct{}, o.Workers)}, nil
}

// Changed keeps the list of open trips: every change of a trip, here or at
// another server of the company, comes by.
func (w *Watch) Changed(t trip.Trip) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.cars[t.VehicleID]
	if t.State != trip.Confirmed {
		if c != nil {
			delete(c.trips, t.ID)
			if c.stale = true; len(c.trips) == 0 {
				delete(w.cars, t.VehicleID)
			}
		}
		return
	}
	if c == nil {
		c = &car{vehicle: t.VehicleID, trips: map[charging.TripID]bool{}}
		w.cars[t.VehicleID] = c
	}
	c.trips[t.ID], c.stale = true, true
}

// Hear takes a car's report. here is true when it came to this server: the
// others of the company only learn from it.
func (w *Watch) Hear(v charging.VehicleID, t carlink.Telemetry, here bool) {
	now := w.o.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.cars[v]
	if c == nil {
		return // no trip of this company is open for it
	}
	r := forecast.Report{At: t.At, Heard: now, SoC: t.SoC, PowerKW: t.PowerKW}
	r.Point.Lat, r.Point.Lon = t.Lat, t.Lon
	c.reports = append(c.reports, r)
	c.reports = c.reports[max(0, len(c.reports)-maxReports):]
	c.act = here
	if !c.queued {
		c.queued = true
		w.queue = append(w.queue, c)
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// Run looks at the cars until ctx ends. It begins with the trips that are open.
func (w *Watch) Run(ctx context.Context) {
	w.restore(ctx)
	var wg sync.WaitGroup
	for range w.o.Workers {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-w.wake:
				}
				for c := w.next(); c != nil && ctx.Err() == nil; c = w.next() {
					w.look(ctx, c)
					w.done(c)
				}
			}
		})
	}
	wg.Wait()
}

// page is how many trips are read at a time.
const page = 200

func (w *Watch) restore(ctx context.Context) {
	for offset := 0; ctx.Err() == nil; offset += page {
		list, total, err := w.o.Trips.List(ctx, trip.Query{State: trip.Confirmed, Limit: page, Offset: offset})
		if err != nil {
			w.o.Warn("the cars of open trips are not followed until their trips change", "", err)
			return
		}
		for _, t := range list {
			w.Changed(t)
		}
		if len(list) == 0 || offset+len(list) >= total {
			return
		}
	}
}

// next takes a car that has reported; it stays queued until done, so that one
// worker has it.
func (w *Watch) next() *car {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return nil
	}
	c := w.queue[0]
	w.queue = w.queue[1:]
	return c
}

func (w *Watch) done(c *car) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(c.reports) > 0 {
		w.queue = append(w.queue, c)
		select {
		case w.wake <- struct{}{}:
		default:
		}
		return
	}
	c.queued = false
}

// take gives a car's waiting reports, and whether its trip must be read again.
func (w *Watch) take(c *car) (reports []forecast.Report, ids []charging.TripID, act, stale bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	reports, c.reports = c.reports, nil
	for id := range c.trips {
		ids = append(ids, id)
	}
	act, stale, c.stale = c.act, c.stale, false
	return reports, ids, act, stale
}

// Following counts the cars that are followed.
func (w *Watch) Following() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.cars)
}
