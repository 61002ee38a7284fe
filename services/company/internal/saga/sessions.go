package saga

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// longestSession is how long (real time) after its last window a trip waits for
// a car that has plugged in and not yet left. Its company ends the session by
// itself before that.
const longestSession = 3 * time.Hour

// heardOf joins what a company says about a session to what is known: only the
// car's own server knows its charge.
func heardOf(known *charging.Session, s charging.Session) *charging.Session {
	if known != nil {
		if s.StartSoC == 0 {
			s.StartSoC = known.StartSoC
		}
		if s.EndSoC == 0 {
			s.EndSoC = known.EndSoC
		}
	}
	return &s
}

// plugged reports whether a car of the trip stands at a plug.
func plugged(t trip.Trip) bool {
	for _, l := range t.Legs {
		if l.State == charging.Reserved && l.Session != nil && !l.Session.Over() {
			return true
		}
	}
	return false
}

// isOver reports whether the last window of a CONFIRMED trip has ended, and
// nobody is still at a plug.
func (r *run) isOver() bool {
	left := r.c.o.Until(r.t.Span().End)
	return left < -30*time.Second && (!plugged(r.t) || left < -longestSession)
}
