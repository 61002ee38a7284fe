package trips

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
)

// Plug says that a car stands at an EVSE and has plugged in: the session of the
// stop that it has reserved there begins, CHARGING. One whose unplug had come
// before it is FULFILLED at once. NO_RESERVATION_HERE, TOO_EARLY, TOO_LATE,
// SESSION_ENDED, VEHICLE_BUSY, each with what to do next; EVSE_OCCUPIED is a
// *trip.Offer with what may be taken instead, by swap.
func (s *Service) Plug(ctx context.Context, vehicle charging.VehicleID, p charging.Plug) (charging.Reservation, error) {
	return s.visit(ctx, vehicle, p, s.Sagas.Plug, arriving)
}

// Unplug says that the car has left: the stop is FULFILLED, its session is
// billed, and the rest of its window is free again. One that says when it was and
// comes before its plug is kept for it: the answer is still RESERVED then.
// NO_RESERVATION_HERE, TOO_EARLY, TOO_LATE.
func (s *Service) Unplug(ctx context.Context, vehicle charging.VehicleID, p charging.Plug) (charging.Reservation, error) {
	return s.visit(ctx, vehicle, p, s.Sagas.Unplug, leaving)
}

// What a car at the plug is about to do.
const (
	arriving = false
	leaving  = true
)

// visit finds the stop that a car means, and asks its trip. A stop that has been
// changed meanwhile is looked for once more.
func (s *Service) visit(ctx context.Context, vehicle charging.VehicleID, p charging.Plug,
	tell func(context.Context, charging.TripID, booking.Visit) (trip.Trip, error), goes bool,
) (charging.Reservation, error) {
	if err := p.EVSEID.Validate(); err != nil {
		return charging.Reservation{}, err
	}
	for again := true; ; again = false {
		was, k, err := s.stopAt(ctx, vehicle, p.EVSEID)
		if err != nil {
			return charging.Reservation{}, err
		}
		id := was.Legs[k].ReservationID
		v := booking.Visit{ReservationID: id, Plug: p}
		if was.Saga != nil && was.Saga.Journey != nil {
			v.UsableKWh = usableKWh(*was.Saga.Journey)
		}
		t, err := tell(ctx, was.ID, v)
		if err == nil {
			return sessionOf(t, id), nil
		}
		if again && charging.CodeOf(err) == charging.CodeNoReservationHere && s.changed(ctx, was.ID, id) {
			continue
		}
		return charging.Reservation{}, s.advise(ctx, was, k, goes, err)
	}
}

// changed reports whether a trip no longer has a reservation.
func (s *Service) changed(ctx context.Context, id charging.TripID, rsv charging.ReservationID) bool {
	t, err := s.load(ctx, id)
	return err == nil && !slices.ContainsFunc(t.Legs, func(l trip.Leg) bool { return l.ReservationID == rsv })
}

// sessionOf is a stop's reservation as its trip has it.
func sessionOf(t trip.Trip, id charging.ReservationID) charging.Reservation {
	for _, l := range t.Legs {
		if l.ReservationID != id {
			continue
		}
		res := charging.Reservation{
			ID: l.ReservationID, TripID: t.ID, Origin: t.Origin, Leg: l.Leg, EVSEID: l.EVSEID, Window: l.Window(),
			VehicleID: t.VehicleID, State: l.State, Fence: l.Fence, Settled: true, Session: l.Session,
		}
		if l.Session != nil {
			res.Started = l.Session.StartedAt
		}
		return res
	}
	return charging.Reservation{ID: id, TripID: t.ID, Origin: t.Origin}
}

// stopAt finds the vehicle's stop at an EVSE: the one whose car is at the plug,
// else the one whose window is nearest to now, else the one that has just been
// left. Otherwise it says where the vehicle is expected.
func (s *Service) stopAt(ctx context.Context, vehicle charging.VehicleID, evse charging.EVSEID) (trip.Trip, int, error) {
	var best, expected trip.Trip
	at, rank := -1, math.Inf(1)
	for _, state := range []trip.State{trip.Confirmed, trip.Completed, trip.Canceled} {
		found, _, err := s.Records.List(ctx, trip.Query{VehicleID: vehicle, State: state, Limit: 20})
		if err != nil {
			return trip.Trip{}, 0, err
		}
		for _, t := range found {
			if next := s.comingStop(t); next != nil && (len(expected.Legs) == 0 || next.Start.Before(s.comingStop(expected).Start)) {
				expected = t
			}
			for k, l := range t.Legs {
				if l.EVSEID != evse {
					continue
				}
				if r := s.rank(t, l); r < rank {
					best, at, rank = t, k, r
				}
			}
		}
		if rank < unlikely {
			break // a stop that is open
		}
	}
	if at < 0 {
		return best, 0, s.elsewhere(vehicle, evse, expected)
	}
	return best, at, nil
}

// unlikely is the rank from which on a stop is meant only where there is no other.
const unlikely = 1e9

// rank orders the stops that a car at the plug can mean: the smaller the more
// likely; infinity is none.
func (s *Service) rank(t trip.Trip, l trip.Leg) float64 {
	away := distance(l.Window(), s.Now()).Minutes()
	switch {
	case l.State == charging.Charging:
		return -1
	case l.State == charging.Reserved && t.State == trip.Confirmed:
		return away
	case l.State == charging.Fulfilled || l.State == charging.NoShow:
		return unlikely + away // a repeat, or one who comes too late
	}
	return math.Inf(1)
}

// comingStop is the next stop of a booked trip that has not ended, nil for none.
func (s *Service) comingStop(t trip.Trip) *trip.Leg {
	for k := range t.Legs {
		if l := &t.Legs[k]; t.State == trip.Confirmed && l.State == charging.Reserved && s.Now().Before(l.End) {
			return l
		}
	}
	return nil
}

// elsewhere says that a vehicle has nothing booked at an EVSE, and where it has.
func (s *Service) elsewhere(vehicle charging.VehicleID, evse charging.EVSEID, expected trip.Trip) error {
	detail := string(vehicle) + " has no booked stop at " + string(evse)
	l := s.comingStop(expected)
	if l == nil {
		return charging.Refuse(charging.CodeNoReservationHere, detail+", nor anywhere else now: plan a trip from here")
	}
	return charging.Refuse(charging.CodeNoReservationHere, fmt.Sprintf(
		"%s; stop %d of trip %s is %s from %s to %s: plug in there, or swap that stop",
		detail, l.Leg, expected.ID, l.EVSEID, clock(l.Start), clock(l.End)))
}

// advise adds to a refusal at the plug what the driver can do about it.
func (s *Service) advise(ctx context.Context, t trip.Trip, k int, goes bool, err error) error {
	var r *charging.Refusal
	if !errors.As(err, &r) {
		return err
	}
	out, l := *r, t.Legs[k]
	switch {
	case r.Code == charging.CodeEVSEOccupied:
		out.Detail = fmt.Sprintf("another car is still at the plug of stop %d, %s: plug in as soon as it has left, or swap the stop for one of the alternatives", l.Leg, l.EVSEID)
		found, lost := s.Advisor.Alternatives(ctx, t, l.Leg)
		if lost != nil || found == nil {
			found = []trip.Alternative{}
		}
		return &trip.Offer{Refusal: &out, Alternatives: found}
	case r.Code == charging.CodeTooEarly && goes:
		return err // in the saga's words
	case r.Code == charging.CodeTooEarly:
		from := l.Start
		if loc, err := s.Catalogue.LocationOf(ctx, l.EVSEID); err == nil {
			from = from.Add(-loc.Terms.EarlyPlug)
		}
		if wait := from.Sub(s.Now()); wait > 0 {
			out.RetryAfter = wait
			out.Detail = fmt.Sprintf("stop %d at %s begins at %s: plug in from %s on, or swap the stop for an earlier time",
				l.Leg, l.EVSEID, clock(l.Start), clock(from))
		}
	case r.Code == charging.CodeTooLate:
		out.Detail = fmt.Sprintf("stop %d at %s was from %s to %s and nobody had come in time, so it is free for others: take one of the alternatives of this stop instead (the trip asks), or plan anew",
			l.Leg, l.EVSEID, clock(l.Start), clock(l.End))
	default:
		return err
	}
	return &out
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// distance in time between a window and an instant; zero within it.
func distance(w charging.Window, t time.Time) time.Duration {
	switch {
	case t.Before(w.Start):
		return w.Start.Sub(t)
	case t.After(w.End):
		return t.Sub(w.End)
	}
	return 0
}
