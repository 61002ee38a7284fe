package trips

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Plug says that a car stands at an EVSE and has plugged in: the session of the
// stop that it has reserved there begins. NO_RESERVATION_HERE, TOO_EARLY,
// TOO_LATE.
func (s *Service) Plug(ctx context.Context, vehicle charging.VehicleID, evse charging.EVSEID) (charging.Reservation, error) {
	return s.session(ctx, vehicle, evse, charging.Sessions.Start)
}

// Unplug says that the car has left: the stop is FULFILLED and the rest of its
// window is free again.
func (s *Service) Unplug(ctx context.Context, vehicle charging.VehicleID, evse charging.EVSEID) (charging.Reservation, error) {
	return s.session(ctx, vehicle, evse, charging.Sessions.Complete)
}

type sessionCall func(charging.Sessions, context.Context, charging.Ref) (charging.Reservation, error)

func (s *Service) session(ctx context.Context, vehicle charging.VehicleID, evse charging.EVSEID, call sessionCall) (charging.Reservation, error) {
	if err := evse.Validate(); err != nil {
		return charging.Reservation{}, err
	}
	t, k, err := s.stopAt(ctx, vehicle, evse)
	if err != nil {
		return charging.Reservation{}, err
	}
	at, err := s.Catalogue.Sessions(evse.Company())
	if err != nil {
		return charging.Reservation{}, err
	}
	return call(at, ctx, t.Ref(k))
}

// stopAt finds the vehicle's stop at an EVSE whose window is nearest to now.
func (s *Service) stopAt(ctx context.Context, vehicle charging.VehicleID, evse charging.EVSEID) (trip.Trip, int, error) {
	open, _, err := s.Records.List(ctx, trip.Query{State: trip.Confirmed, VehicleID: vehicle, Limit: 100})
	if err != nil {
		return trip.Trip{}, 0, err
	}
	var best trip.Trip
	at, away := -1, time.Duration(0)
	for _, t := range open {
		for k, l := range t.Legs {
			if l.EVSEID != evse || l.State != charging.Reserved {
				continue
			}
			if d := distance(l.Window(), s.Now()); at < 0 || d < away {
				best, at, away = t, k, d
			}
		}
	}
	if at < 0 {
		return best, 0, charging.Refuse(charging.CodeNoReservationHere, string(vehicle)+" has no booked stop at "+string(evse))
	}
	return best, at, nil
}

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
