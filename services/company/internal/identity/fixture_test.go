package identity

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// federation is a KeySource over companies in memory, and counts questions.
type federation struct {
	mu    sync.Mutex
	keys  map[charging.CompanyID]*Keys
	down  error
	asked int
}

func (f *federation) PublicKeys(_ context.Context, c charging.CompanyID) (json.RawMessage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.down != nil {
		return nil, f.down
	}
	k, ok := f.keys[c]
	if !ok {
		return nil, ErrUnknownCompany
	}
	return k.JWKS(), nil
}

type memory struct {
	mu       sync.Mutex
	bound    map[charging.VehicleID]charging.CompanyID
	vehicles map[charging.VehicleID]string
	sessions map[string][]byte
	listed   map[string][]string
	down     error

	registered map[string]int
	invites    map[string]bool
	// published is what was revoked.
	published     []string
	meanwhile     func()
	downToReplace error
}

func newMemory() *memory {
	return &memory{
		bound: map[charging.VehicleID]charging.CompanyID{}, vehicles: map[charging.VehicleID]string{},
		sessions: map[string][]byte{}, listed: map[string][]string{}, registered: map[string]int{}, invites: map[string]bool{},
	}
}

func (m *memory) Issuer(_ context.Context, v charging.VehicleID) (charging.CompanyID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bound[v], m.down
}

func (m *memory) RegisterVehicle(_ context.Context, v charging.VehicleID, record []byte, _ time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.vehicles[v]; ok {
		return false, m.down
	}
	m.vehicles[v] = string(record)
	return true, m.down
}

func (m *memory) Vehicle(_ context.Context, v charging.VehicleID) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.vehicles[v]
	return []byte(r), ok, m.down
}

func (m *memory) UseVehicle(ctx context.Context, v charging.VehicleID, _ time.Duration) ([]byte, bool, error) {
	return m.Vehicle(ctx, v)
}

func (m *memory) CountRegistration(_ context.Context, from string, limit int, within time.Duration) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.registered[from] >= limit {
		return within, m.down
	}
	m.registered[from]++
	return 0, m.down
}

func (m *memory) SaveInvites(_ context.Context, hashes []string, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range hashes {
		m.invites[h] = true
	}
	return m.down
}

func (m *memory) TakeInvite(_ context.Context, hash string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ok := m.invites[hash]
	delete(m.invites, hash)
	return ok, m.down
}

// ReplaceVehicle lets meanwhile happen once before it looks.
func (m *memory) ReplaceVehicle(_ context.Context, v charging.VehicleID, old, record []byte, _ time.Duration) (bool, error) {
	if f := m.meanwhile; f != nil {
		m.meanwhile = nil
		f()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.downToReplace != nil {
		return false, m.downToReplace
	}
	if m.vehicles[v] != string(old) {
		return false, m.down
	}
	m.vehicles[v] = string(record)
	return true, m.down
}

func (m *memory) Revoke(_ context.Context, names ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.published = append(m.published, names...)
	return m.down
}

func (m *memory) ListedSessions(_ context.Context, of string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string][]byte{}
	for _, h := range m.listed[of] {
		if data, ok := m.sessions[h]; ok {
			found[h] = data
		}
	}
	return found, m.down
}

func (m *memory) SaveSession(_ context.Context, of string, _ int, h string, data []byte, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[h] = data
	m.listed[of] = append(m.listed[of], h)
	return m.down
}

func (m *memory) LoadSession(_ context.Context, h string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.sessions[h]
	return d, ok, m.down
}

func (m *memory) DropSession(_ context.Context, _, h string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, h)
	return m.down
}

func mustKeys(t testing.TB) *Keys {
	t.Helper()
	k, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// company is one company's identity room with what it stands on.
type company struct {
	*Service
	id      charging.CompanyID
	keys    *Keys
	ring    *Ring
	tickets *Tickets
	mem     *memory
	fed     *federation
	revoked *Revocations
	clock   *time.Time
	// issuers answers what this company asks for passes, and counts.
	issuers *issuers
}

// issuers are the companies as one of them asks them for passes.
type issuers struct {
	of    charging.CompanyID
	all   map[charging.CompanyID]*company
	mu    sync.Mutex
	asked int
	err   error         // instead of an answer
	lost  bool          // the answer is lost, once
	pause chan struct{} // before an answer; nil is none
}

func (i *issuers) exchange(ctx context.Context, issuer charging.CompanyID, id charging.VehicleID, secret string) (string, error) {
	i.mu.Lock()
	i.asked++
	err, lost, pause := i.err, i.lost, i.pause
	i.lost = false
	i.mu.Unlock()
	if pause != nil {
		<-pause
	}
	if err != nil {
		return "", err
	}
	token, _, err := i.all[issuer].Exchange(ctx, i.of, id, secret)
	if lost {
		return "", errDown
	}
	return token, err
}

func (i *issuers) set(change func(*issuers)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

func (i *issuers) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// companies makes MAR, SER and CAJ, who know each other's keys.
func companies(t testing.TB) map[charging.CompanyID]*company {
	t.Helper()
	fed := &federation{keys: map[charging.CompanyID]*Keys{}}
	all := map[charging.CompanyID]*company{}
	for _, id := range []charging.CompanyID{"MAR", "SER", "CAJ"} {
		keys, clock := mustKeys(t), now
		fed.keys[id] = keys
		c := &company{id: id, keys: keys, mem: newMemory(), fed: fed, revoked: &Revocations{}, clock: &clock, issuers: &issuers{of: id, all: all}}
		c.ring = NewRing(id, keys, fed, nil, func() time.Time { return *c.clock })
		c.tickets = NewTickets(keys, c.ring)
		s, err := New(Options{
			Self: id, Keys: keys, Ring: c.ring, Registry: c.mem, Revoked: c.revoked, Exchange: c.issuers.exchange,
			Vehicles: map[charging.VehicleID]string{"EV-0001": "demo"}, OperatorSecret: "demo",
			PeerTokens: map[charging.CompanyID]string{"SER": "demo-SER", "CAJ": "demo-CAJ"},
			Now:        func() time.Time { return *c.clock },
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Service = s
		all[id] = c
	}
	return all
}

var errDown = errors.New("no route to host")
