package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// heartbeatLife is how long the store keeps the heartbeats of a server that is gone.
	heartbeatLife = 90 * 24 * time.Hour
	// noteEvery is how often the file is written for the sake of the heartbeats.
	noteEvery = 10 * time.Second
	// lostIncarnation begins what stands in an incarnation's place during a recovery.
	lostIncarnation = "lost:"
)

// IncarnationOptions of Store.Incarnation.
type IncarnationOptions struct {
	// File keeps what this server knows of its store between its lives; empty
	// for a server that forgets it. Each server of a company has its own.
	File      string
	Locations []charging.LocationID
}

// Incarnation tells a store that has kept its data from one that has lost data
// (docs/adr/0005-a-store-that-forgot.md): each location carries an incarnation, with the number of its
// recoveries, and a heartbeat of each server that only ever grows. Until Check has been
// called for the first time, the store grants to anybody.
type Incarnation struct {
	*conn
	o     IncarnationOptions
	pulse pulse

	mu    sync.Mutex
	known lastKnown
	// lost are the locations that must be recovered.
	lost  map[charging.LocationID]lost
	why   string
	noted time.Time
	// whole asks the next Check to look at every location; turn counts them.
	whole bool
	turn  int
}

// lost is one location's recovery: what was seen in the incarnation's place, and the
// token that stands there now.
type lost struct{ seen, token string }

// Incarnation reads what this server knew of the store. An error means that the file
// cannot be used.
func (s *Store) Incarnation(o IncarnationOptions) (*Incarnation, error) {
	known, err := readLastKnown(o.File)
	if err != nil {
		return nil, err
	}
	if known.Server == "" {
		known.Server = random()
	}
	if known.Locations == nil {
		known.Locations = map[charging.LocationID]remembered{}
	}
	m := &Incarnation{conn: s.conn, o: o, known: known, lost: map[charging.LocationID]lost{}, whole: true}
	m.expect()
	return m, nil
}

// Durable reports whether the server knows its store again after a restart.
func (m *Incarnation) Durable() bool { return m.o.File != "" }

// Cover replaces the locations, from the next Check on. Those that are new are
// born then.
func (m *Incarnation) Cover(locs []charging.LocationID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.o.Locations, m.whole = slices.Clone(locs), true
}

// Check compares the store's data with what this server knows of it, and adds
// a heartbeat where they agree. It answers the locations that have lost data
// or are being recovered, and why, in words. The first time, and while something
// is lost, it looks at every location; else at two of each Redis node, always the
// same and each of the others in turn, and at those where a grant has met another
// incarnation. What shows a loss shows it for its node. STORE_UNAVAILABLE.
func (m *Incarnation) Check(ctx context.Context) (gone []charging.LocationID, why string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	nodes, err := m.nodes(ctx)
	if err != nil {
		return nil, "", err
	}
	l := lossCheck{m: m, all: m.whole || len(m.lost) > 0, found: map[charging.LocationID]lost{}, suspects: m.takeSuspects()}
	m.turn++
	m.pulse.begin(nodes)
	for name, locs := range nodes {
		l.name = name
		err = errors.Join(err, l.node(ctx, locs, m.turn)) // the others go on
	}
	if err != nil {
		m.whole = true // the suspects are forgotten
		return nil, "", err
	}
	m.lost, m.why, m.whole = l.found, l.why, false
	m.expect()
	if l.changed || time.Since(m.noted) >= noteEvery {
		err = m.note()
	}
	return slices.Sorted(maps.Keys(l.found)), l.why, err
}

// BeginRecovery closes the locations that Check has found, for every server of the
// company, until EndRecovery. It may be repeated, and joins the recovery of another.
// The first of each node, which shows the loss to whoever comes after a crash, is
// closed last.
func (m *Incarnation) BeginRecovery(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, loc := range slices.Backward(m.o.Locations) {
		l, ok := m.lost[loc]
		if !ok {
			continue
		}
		got, err := m.run(ctx, "begin recovery", beginRecoveryScript, []string{m.keys.incarnation(loc)}, l.seen, lostIncarnation+random())
		if err != nil {
			return err
		}
		if got.str(0) != "OK" {
			return changedMeanwhile(loc)
		}
		l.token = got.str(1)
		m.lost[loc] = l
	}
	return nil
}

// EndRecovery opens what BeginRecovery has closed, once everything has been restored. It is
// refused when data was lost again meanwhile: begin once more.
// STORE_UNAVAILABLE.
func (m *Incarnation) EndRecovery(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for loc, l := range m.lost {
		incarnation := m.known.Locations[loc].Incarnation
		if l.seen != "" && !strings.HasPrefix(l.seen, lostIncarnation) {
			incarnation = l.seen // another server's: its id stays, so that all agree
		}
		incarnation = recovered(incarnation)
		got, err := m.run(ctx, "end recovery", endRecoveryScript, []string{m.keys.incarnation(loc)}, l.token, incarnation)
		if err != nil {
			return err
		}
		if got.str(0) != "OK" {
			return changedMeanwhile(loc)
		}
		m.known.Locations[loc] = remembered{Incarnation: incarnation}
		delete(m.lost, loc)
	}
	m.expect()
	return m.note()
}

// recovered is the incarnation after one more recovery.
func recovered(incarnation string) string {
	id, n, ok := strings.Cut(incarnation, ".")
	if !ok {
		return random() + ".1"
	}
	return id + "." + strconv.FormatInt(number(n)+1, 10)
}

func changedMeanwhile(loc charging.LocationID) error {
	return &charging.Refusal{
		Code: charging.CodeStoreUnavailable, RetryAfter: retryAfter,
		Detail: "the memory of " + string(loc) + " changed while it was recovered; it is looked at again",
	}
}

// expect tells the grants which incarnation each location must have.
func (m *Incarnation) expect() {
	incarnations := make(map[charging.LocationID]string, len(m.known.Locations))
	for loc, k := range m.known.Locations {
		incarnations[loc] = k.Incarnation
	}
	m.incarnations.Store(&incarnations)
}

// note writes the file.
func (m *Incarnation) note() error {
	m.noted = time.Now()
	if err := m.known.write(m.o.File); err != nil {
		return fmt.Errorf("store: note the birth mark: %w", err)
	}
	return nil
}

// Close notes the last heartbeats.
func (m *Incarnation) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.note()
}

// expected is the incarnation without which a location grants nothing; empty where no
// incarnation is known.
func (c *conn) expected(loc charging.LocationID) string {
	if incarnations := c.incarnations.Load(); incarnations != nil {
		return (*incarnations)[loc]
	}
	return ""
}

// RestoreBooking brings back, as RESERVED, a stop that the calendar has forgotten. A
// stop that has moved on since stays as it is. SLOT_TAKEN names the RESERVED in
// its way; with yield the stop is then remembered as lost: CANCELED, with a
// notice, when its trip is CONFIRMED, EXPIRED when it is still confirming.
// INVALID_WINDOW for a window that is over, ID_REUSED, FORBIDDEN.
func (m *Incarnation) RestoreBooking(ctx context.Context, loc charging.LocationID, p charging.Promise, noShow time.Duration, yield bool) (charging.Reservation, error) {
	at := charging.At{Location: loc, Ref: p.Ref}
	start := seconds(p.Start)
	c := Calendar{m.conn}
	return c.replicatedReservation(ctx, "restore", restoreScript, at, c.eight(at),
		strconv.Itoa(p.Leg)+"|"+start+"|"+string(p.VehicleID), start, strconv.FormatInt(p.Fence, 10),
		flag(p.Outcome == charging.OutcomeConfirmed), ms(noShow), flag(yield))
}

func random() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return hex.EncodeToString(b[:])
}
