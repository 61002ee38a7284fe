package httpapi

import (
	"context"
	"encoding/json"
	"errors"
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

// errStand ends a stream whose reader comes back and finds a newer one.
var errStand = errors.New("so much has happened that what the snapshot goes on from is forgotten")

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
	ctx, cancel := context.WithTimeout(f.ctx, writeTime)
	defer cancel()
	now, err := f.s.standFor(ctx, f.who, asOf)
	if err != nil {
		f.s.o.Log.Warn().Err(err).Msg("a stream ends: its snapshot cannot be made")
		return err
	}
	if !f.follow(now.id) { // what was shared is too old for this server's memory
		return errStand
	}
	item, err := f.shown(now)
	if err != nil {
		return err
	}
	return f.items(item)
}

// follow has the stream go on after an event.
func (f *feed) follow(id uint64) bool {
	f.cancel()
	f.ctx, f.cancel = context.WithCancel(f.c.Request().Context())
	f.sub = f.s.o.Events.Subscribe(f.ctx, id, f.wish.filter)
	return !f.sub.Missed
}

// shown is the snapshot as the reader wished for it.
func (f *feed) shown(now *stand) (*events.Item, error) {
	snap := api.Snapshot{Clock: f.s.o.Clock()}
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
		o := f.s.o.Overview.Overview()
		snap.Overview = &o
	}
	raw, err := json.Marshal(snap)
	if err != nil {
		return nil, err
	}
	return events.Encode(trip.Event{ID: now.id, Type: trip.EventSnapshot, At: time.Now().UTC(), VehicleID: f.who.Vehicle, Data: raw})
}

// standFor reads what a snapshot needs of the store: of a vehicle its own.
func (s *Server) standFor(ctx context.Context, who identity.Caller, asOf uint64) (*stand, error) {
	if who.Kind == identity.Vehicle {
		return s.ownStand(ctx, who)
	}
	s.stands.mu.Lock()
	defer s.stands.mu.Unlock()
	if last := s.stands.last; last != nil && last.id >= asOf && time.Since(last.at) < standLife {
		return last, nil
	}
	now := &stand{id: s.o.Events.Last(), at: time.Now(), peers: s.o.Peers()}
	ids, total := s.o.Overview.Open(api.MaxSnapshotTrips)
	some, err := s.o.FrontDesk.Some(ctx, ids)
	if err != nil {
		return nil, err
	}
	now.trips, now.total = some, total
	s.stands.last = now
	return now, nil
}

func (s *Server) ownStand(ctx context.Context, who identity.Caller) (*stand, error) {
	now := &stand{id: s.o.Events.Last(), at: time.Now()}
	newest, _, err := s.o.FrontDesk.List(ctx, trip.Query{VehicleID: who.Vehicle, Limit: api.MaxSnapshotTrips})
	if err != nil {
		return nil, err
	}
	for _, t := range newest {
		if t.State.Open() {
			now.trips = append(now.trips, t.Public())
		}
	}
	now.total = len(now.trips)
	return now, nil
}
