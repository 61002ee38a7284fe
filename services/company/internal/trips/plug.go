package trips

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Plug says that a car stands at an EVSE and has plugged in: the session of the
// stop that it has reserved there begins. NO_RESERVATION_HERE, TOO_EARLY,
// TOO_LATE, each with what to do next.
func (s *Service) Plug(ctx context.Context, vehicle charging.VehicleID, p charging.Plug) (charging.Reservation, error) {
	t, k, at, err := s.stop(ctx, vehicle, p.EVSEID)
	if err != nil {
		return charging.Reservation{}, err
	}
	res, err := at.Start(ctx, t.Ref(k), charging.Arrival{At: p.At, PlannedKWh: t.Legs[k].EnergyKWh})
	if err != nil {
		return res, s.advise(ctx, t, k, err)
	}
	if res.Session == nil {
		res.Session = &charging.Session{StartedAt: res.Started}
	}
	res.Session.StartSoC = p.SoC
	return res, s.keep(ctx, t, k, res)
}

// Unplug says that the car has left: the stop is FULFILLED, its session is
// billed, and the rest of its window is free again.
func (s *Service) Unplug(ctx context.Context, vehicle charging.VehicleID, p charging.Plug) (charging.Reservation, error) {
	t, k, at, err := s.stop(ctx, vehicle, p.EVSEID)
	if err != nil {
		return charging.Reservation{}, err
	}
	res, err := at.Complete(ctx, t.Ref(k), charging.Leaving{EnergyKWh: taken(t, k, p), At: p.At})
	if err != nil {
		return res, s.advise(ctx, t, k, err)
	}
	if res.Session != nil {
		if known := t.Legs[k].Session; known != nil {
			res.Session.StartSoC = known.StartSoC
		}
		res.Session.EndSoC = p.SoC
	}
	return res, s.keep(ctx, t, k, res)
}

// taken is the energy that a car has charged: what its meter says, else what
// its battery has gained, else what was planned.
func taken(t trip.Trip, k int, p charging.Plug) float64 {
	l := t.Legs[k]
	if p.EnergyKWh != nil {
		return *p.EnergyKWh
	}
	usable := 0.0
	if t.Saga != nil && t.Saga.Journey != nil {
		usable = usableKWh(*t.Saga.Journey)
	}
	if usable == 0 || l.Session == nil {
		return l.EnergyKWh
	}
	return math.Round(max(0, p.SoC-l.Session.StartSoC)*usable*1000) / 1000
}

// keep writes a session into its trip. A store that is away does not undo what
// has happened at the plug: the company tells it again until it is heard.
func (s *Service) keep(ctx context.Context, t trip.Trip, k int, res charging.Reservation) error {
	if s := t.Legs[k].Session; s.Over() {
		return nil // a repeat
	}
	err := s.Sagas.Notice(ctx, charging.Notice{
		TripID: t.ID, ReservationID: res.ID, Leg: t.Legs[k].Leg, State: res.State, Session: res.Session,
	})
	if res.State == charging.Fulfilled {
		return nil
	}
	return err
}

// stop finds the vehicle's stop at an EVSE, and the company that has it.
func (s *Service) stop(ctx context.Context, vehicle charging.VehicleID, evse charging.EVSEID) (trip.Trip, int, charging.Sessions, error) {
	if err := evse.Validate(); err != nil {
		return trip.Trip{}, 0, nil, err
	}
	t, k, err := s.stopAt(ctx, vehicle, evse)
	if err != nil {
		return t, k, nil, err
	}
	at, err := s.Catalogue.Sessions(evse.Company())
	return t, k, at, err
}

// stopAt finds the vehicle's stop at an EVSE: the one whose car is at the plug,
// else the one whose window is nearest to now, else the one that has just been
// left. Otherwise it says where the vehicle is expected.
func (s *Service) stopAt(ctx context.Context, vehicle charging.VehicleID, evse charging.EVSEID) (trip.Trip, int, error) {
	recent, _, err := s.Records.List(ctx, trip.Query{VehicleID: vehicle, Limit: 20})
	if err != nil {
		return trip.Trip{}, 0, err
	}
	var best trip.Trip
	at, rank := -1, math.Inf(1)
	for _, t := range recent {
		if t.State != trip.Confirmed && t.State != trip.Completed {
			continue
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
	if at < 0 {
		return best, 0, s.elsewhere(vehicle, evse, recent)
	}
	return best, at, nil
}

// rank orders the stops that a car at the plug can mean: the smaller the more
// likely; infinity is none.
func (s *Service) rank(t trip.Trip, l trip.Leg) float64 {
	const unlikely = 1e9
	away := distance(l.Window(), s.Now()).Minutes()
	switch {
	case l.State == charging.Reserved && l.Session != nil:
		return -1
	case l.State == charging.Reserved && t.State == trip.Confirmed:
		return away
	case l.State == charging.Fulfilled || l.State == charging.NoShow:
		return unlikely + away // a repeat, or one who comes too late
	}
	return math.Inf(1)
}

// elsewhere says that a vehicle has nothing booked at an EVSE, and where it has.
func (s *Service) elsewhere(vehicle charging.VehicleID, evse charging.EVSEID, recent []trip.Trip) error {
	detail := string(vehicle) + " has no booked stop at " + string(evse)
	for _, t := range recent {
		if t.State != trip.Confirmed {
			continue
		}
		for _, l := range t.Legs {
			if l.State == charging.Reserved && s.Now().Before(l.End) {
				return charging.Refuse(charging.CodeNoReservationHere, fmt.Sprintf(
					"%s; stop %d of trip %s is %s from %s to %s: plug in there, or swap that stop",
					detail, l.Leg, t.ID, l.EVSEID, clock(l.Start), clock(l.End)))
			}
		}
	}
	return charging.Refuse(charging.CodeNoReservationHere, detail+", nor anywhere else now: plan a trip from here")
}

// advise adds to a refusal at the plug what the driver can do about it.
func (s *Service) advise(ctx context.Context, t trip.Trip, k int, err error) error {
	var r *charging.Refusal
	if !errors.As(err, &r) {
		return err
	}
	out, l := *r, t.Legs[k]
	switch r.Code {
	case charging.CodeTooEarly:
		from := l.Start
		if loc, err := s.Catalogue.LocationOf(ctx, l.EVSEID); err == nil {
			from = from.Add(-loc.Terms.EarlyPlug)
		}
		if wait := from.Sub(s.Now()); wait > 0 {
			out.RetryAfter = wait
		}
		out.Detail = fmt.Sprintf("stop %d at %s begins at %s: plug in from %s on, or swap the stop for an earlier time",
			l.Leg, l.EVSEID, clock(l.Start), clock(from))
	case charging.CodeTooLate:
		out.Detail = fmt.Sprintf("stop %d at %s was from %s to %s and nobody had come in time, so it is free for others: ask for the alternatives of this stop, or plan anew",
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
