package history

import (
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Reservation is a record of a store.
type Reservation struct {
	ID        charging.ReservationID
	Trip      charging.TripID
	Origin    charging.CompanyID
	Slot      Slot
	State     charging.State
	Fence     int64
	GrantedAt string // of the ticket, µs; empty without one
	Settled   bool
	// Billed is true once its session has a bill, of EnergyKWh.
	Billed    bool
	EnergyKWh float64
}

// Booking is an entry of a calendar.
type Booking struct {
	Slot Slot
	ID   charging.ReservationID
	// Held is true for a CLAIMED or PENDING, false for a RESERVED or CHARGING.
	Held bool
}

// Store is what one company's store contains.
type Store struct {
	Reservations []Reservation
	Calendar     []Booking
	// Locks are the keys of the holds in force.
	Locks []string
	// Unsettled are RESERVED whose originator has not said that the trip is CONFIRMED,
	// without those that have only just been granted.
	Unsettled []charging.ReservationID
	// Notices that no originator has acknowledged.
	Notices int
	// Trips that the company originated, with their Saga.
	Trips []trip.Trip
	// Journals of those trips: who wrote, in order.
	Journals map[charging.TripID][]Wrote
}

// Wrote is one line of a trip's journal: its step, and who wrote it.
type Wrote struct {
	Step  string
	State trip.State // of the trip
	Epoch int64
	Owner string
}

// TakeOver is the step with which an owner begins that did not create the trip.
const TakeOver = "take-over"

// Final is what all stores contain after the end.
type Final map[charging.CompanyID]Store

// Trips of all companies, by id.
func (f Final) Trips() map[charging.TripID]trip.Trip {
	all := map[charging.TripID]trip.Trip{}
	for _, s := range f {
		for _, t := range s.Trips {
			all[t.ID] = t
		}
	}
	return all
}

// unheard reports whether a car is or was at a stop, and its trip says otherwise.
func unheard(r Reservation, t trip.Trip) bool {
	return (r.State == charging.Charging || r.State == charging.Fulfilled) && slices.ContainsFunc(t.Legs, func(l trip.Leg) bool {
		return l.ReservationID == r.ID && l.State != r.State
	})
}

// NothingToCome reports whether a CONFIRMED trip has no reason to stay so.
func NothingToCome(t trip.Trip) bool {
	return t.State == trip.Confirmed && len(t.Decisions) == 0 &&
		!slices.ContainsFunc(t.Legs, func(l trip.Leg) bool { return !l.State.Final() })
}

// LeftToDo reports whether a trip has stops to release or to exchange, or a plug
// that is not answered.
func LeftToDo(t trip.Trip) bool {
	s := t.Saga
	return len(s.Abandoned) > 0 || s.Shift != nil || s.Plugging != nil
}

// Restless counts what is still moving: trips without an end or with something
// left to release, holds, RESERVED that are not settled, notices and sessions that
// their trips have not heard of.
func (f Final) Restless() (trips, locks, unsettled, notices int) {
	all := f.Trips()
	for _, s := range f {
		for _, r := range s.Reservations {
			if unheard(r, all[r.Trip]) {
				notices++
			}
		}
		for _, t := range s.Trips {
			if !t.State.Settled() || t.Saga.Stuck != nil || LeftToDo(t) || NothingToCome(t) {
				trips++
			}
		}
		locks += len(s.Locks)
		unsettled += len(s.Unsettled)
		notices += s.Notices
	}
	return trips, locks, unsettled, notices
}
