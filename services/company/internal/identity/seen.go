package identity

import (
	"crypto/sha256"
	"sync"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// seen remembers vehicles whose token has been verified: each call
// shows it again, and checking costs 60 µs and a round trip. Two generations
// bound it. Whether a token is revoked is never remembered.
type seen struct {
	mu       sync.Mutex
	new, old map[[sha256.Size]byte]Caller
}

const seenGeneration = 8192

func newSeen() *seen { return &seen{new: map[[sha256.Size]byte]Caller{}} }

func seenKey(id charging.VehicleID, secret string) [sha256.Size]byte {
	return sha256.Sum256([]byte(string(id) + "\x00" + secret))
}

func (s *seen) get(id charging.VehicleID, secret string) (Caller, bool) {
	k := seenKey(id, secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.new[k]; ok {
		return c, true
	}
	c, ok := s.old[k]
	return c, ok
}

func (s *seen) put(id charging.VehicleID, secret string, c Caller) {
	k := seenKey(id, secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.new) >= seenGeneration {
		s.old, s.new = s.new, make(map[[sha256.Size]byte]Caller)
	}
	s.new[k] = c
}
