package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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
	// beatLife is how long the store keeps the beats of a server that is gone.
	beatLife = 90 * 24 * time.Hour
	// noteEvery is how often the file is written for the sake of the beats.
	noteEvery = 10 * time.Second
	// lostMark begins what stands in a mark's place during a recovery.
	lostMark = "lost:"
)

// MarkOptions of Store.Mark.
type MarkOptions struct {
	// File keeps what this server knows of its store between its lives; empty
	// for a server that forgets it. Each server of a company has its own.
	File      string
	Locations []charging.LocationID
}

// Mark tells a store that remembers from one that has lost its memory
// (docs/adr/0004): each location carries a birth mark, with the number of its
// recoveries, and a beat of each server that only ever grows. Until Check has been called for the first time, the
// store grants to anybody.
type Mark struct {
	*conn
	o MarkOptions

	mu    sync.Mutex
	known memory
	// lost are the locations that must be recovered.
	lost  map[charging.LocationID]lost
	noted time.Time
}

// lost is one location's recovery: what was seen in the mark's place, and the
// token that stands there now.
type lost struct{ seen, token string }

// Mark reads what this server knew of the store. An error means that the file
// cannot be used.
func (s *Store) Mark(o MarkOptions) (*Mark, error) {
	known, err := readMemory(o.File)
	if err != nil {
		return nil, err
	}
	if known.Server == "" {
		known.Server = random()
	}
	if known.Locations == nil {
		known.Locations = map[charging.LocationID]remembered{}
	}
	m := &Mark{conn: s.conn, o: o, known: known, lost: map[charging.LocationID]lost{}}
	m.expect()
	return m, nil
}

// Durable reports whether the server knows its store again after a restart.
func (m *Mark) Durable() bool { return m.o.File != "" }

// Check compares every location's memory with what this server knows of it, and
// adds a beat where they agree. It answers the locations that have lost their
// memory or are being recovered, and why, in words. STORE_UNAVAILABLE.
func (m *Mark) Check(ctx context.Context) (gone []charging.LocationID, why string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[charging.LocationID]lost{}
	changed := false
	for _, loc := range m.o.Locations {
		had := m.known.Locations[loc]
		got, err := m.promise(ctx, "check memory", beatScript, []string{m.keys.mark(loc), m.keys.beat(loc, m.known.Server)},
			had.Mark, random()+".0", had.Beat, ms(beatLife))
		if err != nil {
			return nil, "", err
		}
		if got.str(0) != "OK" {
			l := lost{seen: got.str(1)}
			if strings.HasPrefix(l.seen, lostMark) {
				l.token = l.seen
			}
			found[loc], why = l, string(loc)+": "+got.str(2)
			continue
		}
		changed = changed || had.Mark != got.str(1)
		m.known.Locations[loc] = remembered{Mark: got.str(1), Beat: got.num(2)}
	}
	m.lost = found
	m.expect()
	if changed || time.Since(m.noted) >= noteEvery {
		err = m.note()
	}
	return slices.Sorted(maps.Keys(found)), why, err
}

// Doubt closes the locations that Check has found, for every server of the
// company, until Trust. It may be repeated, and joins the recovery of another.
func (m *Mark) Doubt(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for loc, l := range m.lost {
		got, err := m.run(ctx, "begin recovery", doubtScript, []string{m.keys.mark(loc)}, l.seen, lostMark+random())
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

// Trust opens what Doubt has closed, once everything has been restored. It is
// refused when the memory was lost again meanwhile: begin once more.
// STORE_UNAVAILABLE.
func (m *Mark) Trust(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for loc, l := range m.lost {
		mark := m.known.Locations[loc].Mark
		if l.seen != "" && !strings.HasPrefix(l.seen, lostMark) {
			mark = l.seen // another server's: its id stays, so that all agree
		}
		mark = recovered(mark)
		got, err := m.run(ctx, "end recovery", trustScript, []string{m.keys.mark(loc)}, l.token, mark)
		if err != nil {
			return err
		}
		if got.str(0) != "OK" {
			return changedMeanwhile(loc)
		}
		m.known.Locations[loc] = remembered{Mark: mark}
		delete(m.lost, loc)
	}
	m.expect()
	return m.note()
}

// recovered is the mark after one more recovery.
func recovered(mark string) string {
	id, n, ok := strings.Cut(mark, ".")
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

// expect tells the grants which mark each location must have.
func (m *Mark) expect() {
	marks := make(map[charging.LocationID]string, len(m.known.Locations))
	for loc, k := range m.known.Locations {
		marks[loc] = k.Mark
	}
	m.marks.Store(&marks)
}

// note writes the file.
func (m *Mark) note() error {
	m.noted = time.Now()
	if err := m.known.write(m.o.File); err != nil {
		return fmt.Errorf("store: note the birth mark: %w", err)
	}
	return nil
}

// Close notes the last beats.
func (m *Mark) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.note()
}

// expected is the mark without which a location grants nothing; empty where no
// mark is known.
func (c *conn) expected(loc charging.LocationID) string {
	if marks := c.marks.Load(); marks != nil {
		return (*marks)[loc]
	}
	return ""
}

// Restore brings back, as RESERVED, a stop that the calendar has forgotten. A
// stop that has moved on since stays as it is. SLOT_TAKEN names the RESERVED in
// its way; with yield the stop is then remembered as lost: CANCELED, with a
// notice, when its trip is CONFIRMED, EXPIRED when it is still confirming.
// INVALID_WINDOW for a window that is over, ID_REUSED, FORBIDDEN.
func (m *Mark) Restore(ctx context.Context, loc charging.LocationID, p charging.Promise, noShow time.Duration, yield bool) (charging.Reservation, error) {
	at := charging.At{Location: loc, Ref: p.Ref}
	start := seconds(p.Start)
	c := Calendar{m.conn}
	return c.firm(ctx, "restore", restoreScript, at, c.eight(at),
		strconv.Itoa(p.Leg)+"|"+start+"|"+string(p.VehicleID), start, strconv.FormatInt(p.Fence, 10),
		flag(p.Outcome == charging.OutcomeConfirmed), ms(noShow), flag(yield))
}

func random() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return hex.EncodeToString(b[:])
}
