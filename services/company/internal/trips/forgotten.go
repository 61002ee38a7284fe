package trips

import (
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Forgotten is a RESERVED stop that its company keeps for a trip which began
// here and which the journal does not know: data was lost here.
type Forgotten struct {
	TripID        charging.TripID
	ReservationID charging.ReservationID
	// Since is when its company first asked, Last when it last did.
	Since, Last time.Time
}

const (
	// forgottenFor is how long after the last question one stays listed: a
	// company that keeps such a stop asks about every minute.
	forgottenFor = 10 * time.Minute
	// forgottenMost bounds the list.
	forgottenMost = 1000
)

// forgotten lists what companies have asked about in vain.
type forgotten struct {
	mu   sync.Mutex
	list map[charging.ReservationID]Forgotten
}

func (f *forgotten) note(id charging.TripID, reservation charging.ReservationID, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	had, known := f.list[reservation]
	if !known {
		f.prune(now)
		had = Forgotten{TripID: id, ReservationID: reservation, Since: now}
	}
	if f.list == nil {
		f.list = map[charging.ReservationID]Forgotten{}
	}
	if had.Last = now; known || len(f.list) < forgottenMost {
		f.list[reservation] = had
	}
}

func (f *forgotten) prune(now time.Time) {
	for id, e := range f.list {
		if now.Sub(e.Last) > forgottenFor {
			delete(f.list, id)
		}
	}
}

// Forgotten lists the stops that companies keep for trips of this one that it
// does not know, the oldest first, as far as this server was asked. Their
// companies list them as orphans and keep them until no-show.
func (s *originator) Forgotten() []Forgotten {
	s.forgotten.mu.Lock()
	defer s.forgotten.mu.Unlock()
	s.forgotten.prune(time.Now())
	out := make([]Forgotten, 0, len(s.forgotten.list))
	for _, e := range s.forgotten.list {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Forgotten) int { return a.Since.Compare(b.Since) })
	return out
}
