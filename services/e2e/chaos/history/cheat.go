package history

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Cheat is what a dishonest company did, by its own word, and what others had given it.
type Cheat struct {
	Company charging.CompanyID
	// Stamps of all tickets that it has signed.
	Stamps []Stamp
	// Meddled are the calls by which it touched what is not its own.
	Meddled []Meddling
	// Through are the trips of others that have asked it for a stop.
	Through map[charging.TripID]bool
	// Readings of what the others had given it, through the run.
	Readings []Reading
	// Share of a company's coming EVSE-hours that it may have; 0 is DefaultShare.
	Share float64
}

// DefaultShare is what a company may have of another's coming EVSE-hours by default.
const DefaultShare = 0.25

// Stamp is a ticket that a cheat has signed.
type Stamp struct {
	Trip charging.TripID
	// GrantedAt is what it says (µs).
	GrantedAt string
	// Lie says what is wrong with it; empty for one that nobody can tell from an
	// honest one.
	Lie string
}

// Meddling is one call about a reservation, or a trip, that is another's.
type Meddling struct {
	// Step is the call: claim, confirm, compensate, outcome…
	Step string
	To   charging.CompanyID
	// Borrowed is true where it showed what another company had shown to it.
	Borrowed      bool
	Trip          charging.TripID
	ReservationID charging.ReservationID
	// Status of the answer, 0 without one; Code of a refusal; Outcome that was told.
	Status  int
	Code    charging.Code
	Outcome charging.Outcome
}

// Done reports whether the call was answered with a success.
func (m Meddling) Done() bool { return m.Status >= 200 && m.Status < 300 }

// Reading is how much of a company's time a cheat had at one moment.
type Reading struct {
	At      time.Duration
	Company charging.CompanyID
	// Taken and All are EVSE-time: its windows that are held or RESERVED, and all that
	// there is until the company's max_days_ahead.
	Taken, All time.Duration
}

// Share of all that was taken.
func (r Reading) Share() float64 {
	if r.All <= 0 {
		return 0
	}
	return r.Taken.Seconds() / r.All.Seconds()
}

// TakenBy is the time of the EVSEs in a store that an originator holds or has RESERVED.
// What has lapsed, and nobody has met yet, is nobody's.
func (s Store) TakenBy(origin charging.CompanyID) time.Duration {
	held := map[charging.ReservationID]bool{}
	for _, l := range s.Locks {
		held[lockOf(l)] = true
	}
	its := map[charging.ReservationID]bool{}
	for _, r := range s.Reservations {
		its[r.ID] = r.Origin == origin
	}
	var sum time.Duration
	for _, b := range s.Calendar {
		if its[b.ID] && (!b.Held || held[b.ID]) {
			sum += b.Slot.Window.End.Sub(b.Slot.Window.Start)
		}
	}
	return sum
}

// Without is a store without what an originator still holds, and without its RESERVED
// that nobody vouches for: it is its own affair when it comes to rest.
func (s Store) Without(origin charging.CompanyID) Store {
	its := map[charging.ReservationID]bool{}
	for _, r := range s.Reservations {
		its[r.ID] = r.Origin == origin
	}
	s.Locks = keep(s.Locks, func(l string) bool { return !its[lockOf(l)] })
	s.Unsettled = keep(s.Unsettled, func(id charging.ReservationID) bool { return !its[id] })
	return s
}

// lockOf is the reservation of a lock's key, its last part.
func lockOf(key string) charging.ReservationID {
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] == ':' {
			return charging.ReservationID(key[i+1:])
		}
	}
	return charging.ReservationID(key)
}

func keep[T any](all []T, ok func(T) bool) []T {
	var some []T
	for _, one := range all {
		if ok(one) {
			some = append(some, one)
		}
	}
	return some
}
