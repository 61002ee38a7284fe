package booking

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// memory is a journal in the process, for the speed of step tests. The real one
// runs the same trips in services/e2e.
type memory struct {
	mu     sync.Mutex
	trips  map[charging.TripID]record
	log    map[charging.TripID][]trip.Entry
	writes int
	// before is called with the number of each write before it happens; an
	// error is what the writer gets.
	before func(n int, t trip.Trip) error
}

type record struct {
	doc   []byte
	epoch int64
	owner string
	lease time.Time
	due   time.Time
	open  bool
}

var _ Journal = (*memory)(nil)

func newMemory() *memory {
	return &memory{trips: map[charging.TripID]record{}, log: map[charging.TripID][]trip.Entry{}}
}

func (m *memory) step(t trip.Trip) error {
	m.writes++
	if m.before != nil {
		return m.before(m.writes, t)
	}
	return nil
}

func (m *memory) Create(_ context.Context, t trip.Trip, lease time.Duration, e []trip.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step(t); err != nil {
		return err
	}
	if _, ok := m.trips[t.ID]; !ok {
		m.put(t, lease, time.Now().Add(lease), e)
	}
	return nil
}

func (m *memory) put(t trip.Trip, lease time.Duration, due time.Time, e []trip.Entry) {
	doc, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	m.trips[t.ID] = record{doc, t.Saga.Epoch, t.Saga.Owner, time.Now().Add(lease), due, !due.IsZero()}
	m.log[t.ID] = append(m.log[t.ID], e...)
}

func (m *memory) Save(_ context.Context, t trip.Trip, lease time.Duration, due time.Time, e []trip.Entry) error {
	return m.write(t, lease, due, e)
}

func (m *memory) Park(_ context.Context, t trip.Trip, due time.Time, e []trip.Entry) error {
	return m.write(t, 0, due, e)
}

func (m *memory) Finish(_ context.Context, t trip.Trip, e []trip.Entry) error {
	return m.write(t, 0, time.Time{}, e)
}

func (m *memory) write(t trip.Trip, lease time.Duration, due time.Time, e []trip.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step(t); err != nil {
		return err
	}
	if r := m.trips[t.ID]; r.epoch != t.Saga.Epoch || r.owner != t.Saga.Owner {
		return charging.Refuse(charging.CodeStaleOwner, "another owner")
	}
	m.put(t, lease, due, e)
	return nil
}

func (m *memory) Load(_ context.Context, id charging.TripID) (trip.Trip, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.load(id)
}

func (m *memory) load(id charging.TripID) (trip.Trip, error) {
	r, ok := m.trips[id]
	if !ok {
		return trip.Trip{}, charging.Refuse(charging.CodeUnknownTrip, string(id))
	}
	var t trip.Trip
	err := json.Unmarshal(r.doc, &t)
	return t, err
}

func (m *memory) take(id charging.TripID, owner string, lease time.Duration) (trip.Trip, error) {
	t, err := m.load(id)
	if err != nil {
		return t, err
	}
	t.Saga.Epoch++
	t.Saga.Owner = owner
	r := m.trips[id]
	m.put(t, lease, r.due, nil)
	return t, nil
}

func (m *memory) Acquire(_ context.Context, id charging.TripID, owner string, lease time.Duration) (trip.Trip, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.trips[id]; ok && time.Now().Before(r.lease) {
		return trip.Trip{}, charging.Refuse(charging.CodeStaleOwner, "leased by "+r.owner)
	}
	return m.take(id, owner, lease)
}

func (m *memory) TakeOver(_ context.Context, owner string, lease time.Duration, limit int) ([]trip.Trip, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []trip.Trip
	for id, r := range m.trips {
		if r.open && time.Now().After(r.due) && time.Now().After(r.lease) && len(out) < limit {
			t, err := m.take(id, owner, lease)
			if err != nil {
				return out, err
			}
			out = append(out, t)
		}
	}
	return out, nil
}

func (m *memory) KeepAlive(_ context.Context, owner string, lease time.Duration, ids []charging.TripID) ([]charging.TripID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lost []charging.TripID
	for _, id := range ids {
		r := m.trips[id]
		if r.owner != owner {
			lost = append(lost, id)
			continue
		}
		r.lease = time.Now().Add(lease)
		m.trips[id] = r
	}
	return lost, nil
}

func (m *memory) Raise(_ context.Context, t trip.Trip, atLeast int64) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.trips[t.ID]
	if r.owner != t.Saga.Owner || r.epoch != t.Saga.Epoch {
		return 0, charging.Refuse(charging.CodeStaleOwner, "another owner")
	}
	r.epoch = max(r.epoch, atLeast) + 1
	m.trips[t.ID] = r
	return r.epoch, nil
}
