package httpapi

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// standLife is how long what the operator's snapshots share is good: many streams may
// begin at once.
const standLife = time.Second

// stand is what snapshots take from the store, as of event id.
type stand struct {
	id    uint64
	at    time.Time
	trips []trip.Trip
	total int
	peers []api.Peer
}

// stands keeps the operator's last one.
type stands struct {
	mu   sync.Mutex
	last *stand
}

// snapshot writes how things are, as of an event or later, and has the stream go on after
// that.
func (f *feed) snapshot(asOf uint64) error {
	ctx, cancel := context.WithTimeout(f.c.Request().Context(), writeTime)
	defer cancel()
	now, err := f.standOn(ctx, asOf)
	if err != nil {
		f.from.log.Warn().Err(err).Msg("a stream ends: its snapshot cannot be made")
		return err
	}
	item, err := f.shown(now)
	if err != nil {
		return err
	}
	return f.items(item)
}

// standOn reads what the snapshot needs and has the stream go on after it. One that is
// shared may be of so long ago that what has happened since is forgotten; then the stream
// has one of its own, which begins where it reads on.
func (f *feed) standOn(ctx context.Context, asOf uint64) (*stand, error) {
	if f.wish.wants(trip.EventTrip) || f.wish.wants(trip.EventPeer) {
		now, err := f.from.standFor(ctx, f.who, asOf)
		if err != nil || f.follow(now.id) {
			return now, err
		}
	}
	id := f.from.hub.Last()
	f.follow(id)
	if !f.wish.wants(trip.EventTrip) && !f.wish.wants(trip.EventPeer) {
		return &stand{id: id}, nil
	}
	return f.from.read(ctx, f.who, id)
}

// follow has the stream go on after an event.
func (f *feed) follow(id uint64) bool {
	f.cancel()
	f.ctx, f.cancel = context.WithCancel(f.c.Request().Context())
	f.sub = f.from.hub.Subscribe(f.ctx, id, f.wish.filter)
	return !f.sub.Missed
}

// shown is the snapshot as the reader wished for it.
func (f *feed) shown(now *stand) (*events.Item, error) {
	snap := api.Snapshot{Clock: f.from.clock()}
	if f.wish.wants(trip.EventTrip) {
		snap.Trips, snap.TripsTotal = now.trips, &now.total
	}
	if f.wish.wants(trip.EventPeer) {
		snap.Peers = now.peers
	}
	if f.cars != nil {
		snap.Cars = f.cars.Full()
	}
	if f.overview != nil {
		o := f.from.board.Overview()
		snap.Overview = &o
	}
	raw, err := json.Marshal(snap)
	if err != nil {
		return nil, err
	}
	return events.Encode(trip.Event{ID: now.id, Type: trip.EventSnapshot, At: time.Now().UTC(), VehicleID: f.who.Vehicle, Data: raw})
}

// standFor reads what a snapshot needs of the store: of a vehicle its own.
func (a *eventsAPI) standFor(ctx context.Context, who identity.Caller, asOf uint64) (*stand, error) {
	if who.Kind == identity.Vehicle {
		return a.read(ctx, who, a.hub.Last())
	}
	a.stands.mu.Lock()
	defer a.stands.mu.Unlock()
	if last := a.stands.last; last != nil && last.id >= asOf && time.Since(last.at) < standLife {
		return last, nil
	}
	now, err := a.read(ctx, who, a.hub.Last())
	if err == nil {
		a.stands.last = now
	}
	return now, err
}

// read makes a stand as of an event.
func (a *eventsAPI) read(ctx context.Context, who identity.Caller, id uint64) (*stand, error) {
	now := &stand{id: id, at: time.Now()}
	if who.Kind == identity.Vehicle {
		return now, a.readOwn(ctx, who, now)
	}
	now.peers = a.peers()
	ids, total := a.board.Open(api.MaxSnapshotTrips)
	some, err := a.front.Some(ctx, ids)
	now.trips, now.total = some, total
	return now, err
}

// readOwn reads a vehicle's open trips.
func (a *eventsAPI) readOwn(ctx context.Context, who identity.Caller, now *stand) error {
	newest, _, err := a.front.List(ctx, trip.Query{VehicleID: who.Vehicle, Limit: api.MaxSnapshotTrips})
	for _, t := range newest {
		if t.State.Open() {
			now.trips = append(now.trips, t.Public())
		}
	}
	now.total = len(now.trips)
	return err
}
