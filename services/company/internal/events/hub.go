// Package events is a bounded fan-out of what happened on one server: trips,
// reservations, cars and peers. A subscriber that does not keep up is dropped
// and told so; nobody who publishes ever waits.
package events

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Sizes of the hub's buffers, in events.
const (
	// DefaultReplay is how many events a resuming subscriber can catch up on.
	DefaultReplay = 1024
	// subscriberBuffer is how far a subscriber may lag before it is dropped.
	subscriberBuffer = 256
	// maxPending is how much may wait for a subscriber, in bytes: of what is new, and of
	// what it catches up on, each.
	maxPending = 512 << 10
)

// Hub hands every published event to every subscriber.
type Hub struct {
	mu   sync.Mutex
	last uint64
	ring []*record // the newest events, oldest first from next
	next int
	// subs are the readers by whose events they want: of one vehicle, or ("") of all. So a
	// vehicle's event costs nothing for those who follow other vehicles.
	subs   map[charging.VehicleID]map[*Subscription]struct{}
	lagged uint64
	closed bool
}

// Subscription is one reader of a hub.
type Subscription struct {
	ch     chan *Item
	filter Filter
	// pending are the bytes of the new items that have not been taken.
	pending atomic.Int64
	caught  uint64 // the last item that was caught up on
	// Missed is true when events between the asked-for id and the first
	// delivered one are no longer known: the reader should take a snapshot.
	Missed bool
}

// NewHub keeps the last replay events for subscribers that resume; 0 is
// DefaultReplay.
func NewHub(replay int) *Hub {
	if replay <= 0 {
		replay = DefaultReplay
	}
	return &Hub{ring: make([]*record, 0, replay), subs: map[charging.VehicleID]map[*Subscription]struct{}{}}
}

// NewHubAt is NewHub with ids that go on from an instant in microseconds, so
// that those of another life, or of another server, are never taken for its own.
func NewHubAt(at time.Time, replay int) *Hub {
	h := NewHub(replay)
	h.last = uint64(at.UnixMicro())
	return h
}

// Publish numbers the event and hands it on. Data must not change afterwards: it
// is marshalled when somebody reads it. It never blocks.
func (h *Hub) Publish(kind trip.EventType, at time.Time, vehicle charging.VehicleID, id charging.TripID, data any) {
	h.publish(newRecord(0, kind, at, vehicle, id, data))
}

// PublishAt is Publish of what happens at a place.
func (h *Hub) PublishAt(where geo.Point, kind trip.EventType, at time.Time, vehicle charging.VehicleID, data any) {
	r := newRecord(0, kind, at, vehicle, "", data)
	r.at = &where
	h.publish(r)
}

// Import is Publish for what another company has told of a vehicle: for the readers of
// that vehicle alone who follow it everywhere, under an id of this hub.
func (h *Hub) Import(e trip.Event) {
	h.publish(&record{event: e, data: e.Data, foreign: true})
}

func (h *Hub) publish(r *record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.last++
	r.event.ID = h.last
	h.remember(r)
	switch vehicle := r.event.VehicleID; {
	case r.event.Type == trip.EventReset:
		for only := range h.subs {
			h.hand(r, only)
		}
	case vehicle != "":
		h.hand(r, vehicle)
		h.hand(r, "")
	default:
		h.hand(r, "")
	}
}

// hand gives an event to those who want it, of the readers of one vehicle or of all; h.mu is held.
func (h *Hub) hand(r *record, only charging.VehicleID) {
	for s := range h.subs[only] {
		if !s.filter.wants(r) {
			continue
		}
		item := r.encoded() // at the first reader: most events have none
		if item == nil {
			return
		}
		if !s.offer(item) {
			h.drop(s)
			h.lagged++
		}
	}
}

// offer queues an item, or answers that the subscriber lags too far.
func (s *Subscription) offer(item *Item) bool {
	if s.pending.Add(int64(len(item.Text))) > maxPending {
		return false
	}
	select {
	case s.ch <- item:
		return true
	default:
		return false
	}
}

// Took says that an item of C has been passed on.
func (s *Subscription) Took(item *Item) {
	if item.ID > s.caught {
		s.pending.Add(-int64(len(item.Text)))
	}
}

func (h *Hub) remember(r *record) {
	if len(h.ring) < cap(h.ring) {
		h.ring = append(h.ring, r)
		return
	}
	h.ring[h.next] = r
	h.next = (h.next + 1) % len(h.ring)
}

// Last is the id of the newest event.
func (h *Hub) Last() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// Subscribe reads what the filter lets through after the given id; 0 means from now
// on. The channel closes when the context ends, the hub closes, or the reader lags:
// whoever reads says with Took what it has passed on.
func (h *Hub) Subscribe(ctx context.Context, after uint64, f Filter) *Subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Subscription{filter: f}
	var missing []*Item
	if after > 0 && !h.closed {
		missing, s.Missed = h.since(after, f)
		s.caught = h.last
	}
	s.ch = make(chan *Item, subscriberBuffer+len(missing))
	if h.closed {
		close(s.ch)
		return s
	}
	for _, item := range missing {
		s.ch <- item
	}
	if h.subs[f.Only] == nil {
		h.subs[f.Only] = map[*Subscription]struct{}{}
	}
	h.subs[f.Only][s] = struct{}{}
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(s)
	})
	return s
}

// since is what a reader catches up on; missed says that there was more. Of too much
// there is nothing: a snapshot is the shorter way.
func (h *Hub) since(after uint64, f Filter) (items []*Item, missed bool) {
	missed = after > h.last // another life of the server
	oldest := h.last - uint64(len(h.ring)) + 1
	if after+1 < oldest {
		missed = true
	}
	size := 0
	for i := range h.ring {
		r := h.ring[(h.next+i)%len(h.ring)]
		if r.event.ID <= after && after <= h.last || !f.wants(r) {
			continue
		}
		if item := r.encoded(); item != nil {
			items, size = append(items, item), size+len(item.Text)
		}
		if size > maxPending {
			return nil, true
		}
	}
	return items, missed
}

// drop needs h.mu.
func (h *Hub) drop(s *Subscription) {
	same := h.subs[s.filter.Only]
	if _, ok := same[s]; !ok {
		return
	}
	if delete(same, s); len(same) == 0 {
		delete(h.subs, s.filter.Only)
	}
	close(s.ch)
}

// C is the stream of events.
func (s *Subscription) C() <-chan *Item { return s.ch }

// Close ends every subscription; later events are dropped.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, same := range h.subs {
		for s := range same {
			h.drop(s)
		}
	}
}

// Stats tells how many subscribers there are and how many were dropped for
// lagging.
func (h *Hub) Stats() (subscribers int, lagged uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, same := range h.subs {
		subscribers += len(same)
	}
	return subscribers, h.lagged
}
