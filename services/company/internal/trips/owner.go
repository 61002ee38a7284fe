package trips

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Extend gives a stop of a CONFIRMED trip of this company more time at its end, also
// with the car at the plug. It is a shift like a driver's: the EVSE's calendar decides in
// one script, and the trip keeps what it has where the time is taken. UNKNOWN_TRIP,
// NOT_AWAITING_DECISION, UNKNOWN_RESERVATION, and the refusals of a move.
func (s *Service) Extend(ctx context.Context, id charging.TripID, reservation charging.ReservationID, by time.Duration) (trip.Trip, error) {
	_, l, err := s.bookedStop(ctx, id, reservation)
	if err != nil {
		return trip.Trip{}, err
	}
	l.End = l.End.Add(by)
	t, err := s.Sagas.Shift(ctx, id, []trip.Leg{l})
	if err != nil {
		return trip.Trip{}, err
	}
	return t.Public(), nil
}

// Rebook puts a stop of a CONFIRMED trip of this company at another EVSE or time, as a
// swap by its driver does. An empty EVSE keeps its own. It refuses like Swap;
// UNKNOWN_RESERVATION.
func (s *Service) Rebook(ctx context.Context, id charging.TripID, reservation charging.ReservationID, evse charging.EVSEID, w charging.Window) (trip.Trip, error) {
	_, l, err := s.bookedStop(ctx, id, reservation)
	if err != nil {
		return trip.Trip{}, err
	}
	if evse == "" {
		evse = l.EVSEID
	}
	return s.Swap(ctx, id, api.SwapRequest{Stop: &api.Stop{Leg: l.Leg, EVSEID: evse, Start: w.Start, End: w.End}})
}

// furthest is how far another company's word moves the start of a stop. What is more is
// for its driver to decide: let the owner cancel, and he is asked.
const furthest = time.Hour

// Rearrange is Extend and Rebook by the word of the company at whose EVSE the stop is: to
// an EVSE of its own, for no less time, and not by more than an hour. The trip decides as
// it does when its driver asks; a repeat answers what is. UNKNOWN_TRIP also for who has no
// stop of it; FORBIDDEN, and the refusals of Extend and Rebook.
func (s *Service) Rearrange(ctx context.Context, from charging.CompanyID, id charging.TripID, q api.Rearrange) (api.Rearranged, error) {
	t, l, err := s.bookedStop(ctx, id, q.ReservationID)
	there := func(l trip.Leg) bool { return l.CompanyID == from }
	if !slices.ContainsFunc(t.Legs, there) || err == nil && !there(l) {
		return api.Rearranged{}, charging.Refuse(charging.CodeUnknownTrip, "trip "+string(id)+" has no stop at "+string(from))
	}
	if err != nil {
		return api.Rearranged{}, err
	}
	w := charging.NewWindow(q.Start, q.End)
	switch {
	case q.EVSEID.Company() != from:
		return api.Rearranged{}, charging.Refuse(charging.CodeForbidden, "a company moves bookings among its own EVSEs")
	case w.Start.Sub(l.Start).Abs() > furthest || w.End.Sub(w.Start) < l.End.Sub(l.Start):
		return api.Rearranged{}, charging.Refuse(charging.CodeForbidden,
			"a stop of another company's trip is moved by an hour at most, and not shortened: cancel it, and its driver is asked")
	case q.EVSEID == l.EVSEID && w.Start.Equal(l.Start) && w.End.Equal(l.End):
	case q.EVSEID == l.EVSEID && w.Start.Equal(l.Start):
		t, err = s.Extend(ctx, id, q.ReservationID, w.End.Sub(l.End))
	default:
		t, err = s.Rebook(ctx, id, q.ReservationID, q.EVSEID, w)
	}
	if err != nil {
		return api.Rearranged{}, err
	}
	now := t.Legs[l.Leg-1]
	return api.Rearranged{Leg: now.Leg, Rearrange: api.Rearrange{ReservationID: now.ReservationID, EVSEID: now.EVSEID, Start: now.Start, End: now.End}}, nil
}

// bookedStop finds the booked stop of a CONFIRMED trip that a reservation is of.
func (s *Service) bookedStop(ctx context.Context, id charging.TripID, reservation charging.ReservationID) (trip.Trip, trip.Leg, error) {
	t, err := s.load(ctx, id)
	if err != nil {
		return t, trip.Leg{}, err
	}
	if t.State != trip.Confirmed {
		return t, trip.Leg{}, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(t.State)+"; only a CONFIRMED trip's stops can be moved")
	}
	for _, l := range t.Legs {
		if l.ReservationID == reservation && l.State.Booked() {
			return t, l, nil
		}
	}
	return t, trip.Leg{}, charging.Refuse(charging.CodeUnknownReservation, fmt.Sprintf("trip %s has no booked stop with reservation %s any more", id, reservation))
}
