// Package events is a bounded fan-out of what happened on one server: trips,
// reservations, cars and peers. A subscriber that does not keep up is dropped
// and told so; nobody who publishes ever waits.
package events

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Sizes of the hub's buffers, in events.
const (
	// DefaultReplay is how many events a resuming subscriber can catch up on.
	DefaultReplay = 1024
	// subscriberBuffer is how far a subscriber may lag before it is dropped.
	subscriberBuffer = 256
)

// Hub hands every published event to every subscriber.
type Hub struct {
	mu     sync.Mutex
	last   uint64
	ring   []record // the newest events, oldest first from next
	next   int
	subs   map[*Subscription]struct{}
	lagged uint64
	closed bool
}

// record is an event whose data has no JSON form yet: most events are read by
// nobody.
type record struct {
	event trip.Event
	data  any
	// foreign is one that another company has told of its vehicle.
	foreign bool
}

// encoded is the event with its data as JSON; ok is false for a value that has
// none, which then has no reader either.
func (r record) encoded() (e trip.Event, ok bool) {
	e = r.event
	raw, err := json.Marshal(r.data)
	e.Data = raw
	return e, err == nil
}

// Subscription is one reader of a hub.
type Subscription struct {
	hub  *Hub
	ch   chan trip.Event
	only charging.VehicleID // empty for all
	// foreign is a reader who gets what other companies tell of its vehicle, too.
	foreign bool
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
	return &Hub{ring: make([]record, 0, replay), subs: map[*Subscription]struct{}{}}
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
	h.publish(record{event: trip.Event{Type: kind, At: at.UTC(), VehicleID: vehicle, TripID: id}, data: data})
}

// Import is Publish for what another company has told of a vehicle: for the readers of
// that vehicle alone who follow it everywhere, under an id of this hub.
func (h *Hub) Import(e trip.Event) {
	h.publish(record{event: e, data: e.Data, foreign: true})
}

// Last is the id of the newest event.
func (h *Hub) Last() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

func (h *Hub) publish(r record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.last++
	r.event.ID = h.last
	h.remember(r)
	var e trip.Event
	for s := range h.subs {
		if !s.wants(r) {
			continue
		}
		if e.ID == 0 { // the first reader: most events have none
			ok := false
			if e, ok = r.encoded(); !ok {
				return
			}
		}
		select {
		case s.ch <- e:
		default:
			h.drop(s)
			h.lagged++
		}
	}
}

func (h *Hub) remember(r record) {
	if len(h.ring) < cap(h.ring) {
		h.ring = append(h.ring, r)
		return
	}
	h.ring[h.next] = r
	h.next = (h.next + 1) % len(h.ring)
}

// wants reports whether an event is for the reader: one of its vehicle's, or a reset,
// which is for all. Nobody is woken for what others do: there may be many readers.
func (s *Subscription) wants(r record) bool {
	e := r.event
	if r.foreign {
		return s.foreign && e.VehicleID == s.only
	}
	return s.only == "" || e.VehicleID == s.only || e.Type == trip.EventReset
}

// Subscribe reads the events of one vehicle, or all where that is empty, after the
// given id; 0 means from now on. The channel closes when the context ends, the hub
// closes, or the reader lags.
func (h *Hub) Subscribe(ctx context.Context, after uint64, only charging.VehicleID) *Subscription {
	return h.subscribe(ctx, after, only, false)
}

// Follow is Subscribe for a vehicle that is followed everywhere: with what is imported.
func (h *Hub) Follow(ctx context.Context, after uint64, vehicle charging.VehicleID) *Subscription {
	return h.subscribe(ctx, after, vehicle, vehicle != "")
}

func (h *Hub) subscribe(ctx context.Context, after uint64, only charging.VehicleID, foreign bool) *Subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Subscription{hub: h, only: only, foreign: foreign, ch: make(chan trip.Event, subscriberBuffer+cap(h.ring))}
	if h.closed {
		close(s.ch)
		return s
	}
	if after > 0 {
		h.catchUp(s, after)
	}
	h.subs[s] = struct{}{}
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(s)
	})
	return s
}

func (h *Hub) catchUp(s *Subscription, after uint64) {
	s.Missed = after > h.last // another life of the server
	oldest := h.last - uint64(len(h.ring)) + 1
	if after+1 < oldest {
		s.Missed = true
	}
	for i := range h.ring {
		r := h.ring[(h.next+i)%len(h.ring)]
		if r.event.ID <= after && after <= h.last || !s.wants(r) {
			continue
		}
		if e, ok := r.encoded(); ok {
			s.ch <- e
		}
	}
}

// drop needs h.mu.
func (h *Hub) drop(s *Subscription) {
	if _, ok := h.subs[s]; ok {
		delete(h.subs, s)
		close(s.ch)
	}
}

// C is the stream of events.
func (s *Subscription) C() <-chan trip.Event { return s.ch }

// Close ends every subscription; later events are dropped.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.subs {
		h.drop(s)
	}
}

// Stats tells how many subscribers there are and how many were dropped for
// lagging.
func (h *Hub) Stats() (subscribers int, lagged uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs), h.lagged
}
