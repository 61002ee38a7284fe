package identity

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// seen remembers vehicles whose token has been judged, until a time: each call shows
// it again, and judging costs 60 µs, a round trip to the store or a question to
// another company. Two generations bound it. Whether a token is revoked is never
// remembered.
type seen struct {
	mu       sync.Mutex
	new, old map[[sha256.Size]byte]sight
}

type sight struct {
	who   Caller
	until time.Time
}

const seenGeneration = 8192

func newSeen() *seen { return &seen{new: map[[sha256.Size]byte]sight{}} }

func seenKey(id charging.VehicleID, secret string) [sha256.Size]byte {
	return sha256.Sum256([]byte(string(id) + "\x00" + secret))
}

func (s *seen) get(id charging.VehicleID, secret string, now time.Time) (Caller, bool) {
	v, ok := s.sight(id, secret, now)
	return v.who, ok
}

func (s *seen) sight(id charging.VehicleID, secret string, now time.Time) (sight, bool) {
	k := seenKey(id, secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.new[k]
	if !ok {
		v, ok = s.old[k]
	}
	if !ok || !now.Before(v.until) {
		return sight{}, false
	}
	return v, true
}

func (s *seen) put(id charging.VehicleID, secret string, c Caller, until time.Time) {
	k := seenKey(id, secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.new) >= seenGeneration {
		s.old, s.new = s.new, make(map[[sha256.Size]byte]sight)
	}
	s.new[k] = sight{c, until}
}
