package identity

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// seen remembers vehicles whose token has been judged, until a time. Whether a token is
// revoked is never remembered.
type seen struct{ recent[sight] }

type sight struct {
	who   Caller
	until time.Time
}

func newSeen() *seen { return &seen{recent[sight]{generation: 8192}} }

func (s *seen) get(id charging.VehicleID, secret string, now time.Time) (Caller, bool) {
	v, ok := s.sight(id, secret, now)
	return v.who, ok
}

func (s *seen) sight(id charging.VehicleID, secret string, now time.Time) (sight, bool) {
	v, ok := s.recent.get(digestOf(string(id), secret))
	if !ok || !now.Before(v.until) {
		return sight{}, false
	}
	return v, true
}

func (s *seen) put(id charging.VehicleID, secret string, c Caller, until time.Time) {
	s.recent.put(digestOf(string(id), secret), sight{c, until})
}
