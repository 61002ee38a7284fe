package trips

import (
	"context"
	"fmt"
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
