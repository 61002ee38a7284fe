package booking

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

var (
	_ charging.Sessions = party{}
	_ charging.Reader   = party{}
)

func (w *world) Sessions(charging.CompanyID) (charging.Sessions, error) { return party{w}, nil }

// Start is a company's; the world keeps books of what must never be.
func (p party) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	return p.do(ctx, "start", 0, ref, func() (charging.Reservation, error) {
		s, err := p.find(ref)
		switch {
		case err != nil || s.State != charging.Reserved && s.State != charging.Charging && s.State != charging.Fulfilled:
			return charging.Reservation{}, charging.Refuse(charging.CodeNoReservationHere, "")
		case s.State != charging.Reserved:
			return s.Reservation, nil // a repeat
		}
		for _, o := range p.w.rsv {
			if o != s && o.State == charging.Charging && (o.VehicleID == s.VehicleID || o.EVSEID == s.EVSEID) {
				p.w.twice++ // a company asks its peers; the originator must not let it come to that
			}
		}
		at := a.At
		if at.IsZero() {
			at = s.Window.Start
		}
		s.State, s.Started, s.Session = charging.Charging, at, &charging.Session{StartedAt: at}
		return s.Reservation, nil
	})
}

// Complete bills once; the figure of the car replaces an estimated one, once.
func (p party) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	return p.do(ctx, "complete", 0, ref, func() (charging.Reservation, error) {
		s, err := p.find(ref)
		switch {
		case err != nil:
			return charging.Reservation{}, charging.Refuse(charging.CodeNoReservationHere, "")
		case s.State == charging.Reserved:
			return s.Reservation, charging.Refuse(charging.CodeTooEarly, "it has not plugged in")
		case s.State == charging.Fulfilled && !s.Session.Estimated:
			return s.Reservation, nil
		case s.State != charging.Charging && s.State != charging.Fulfilled:
			return s.Reservation, charging.Refuse(charging.CodeNoReservationHere, "")
		}
		p.w.bill(s, l.EnergyKWh, false)
		return s.Reservation, nil
	})
}

// bill ends a session.
func (w *world) bill(s *stop, kWh float64, estimated bool) {
	billed := charging.Tariff{ID: "t", Currency: "BRL", PerKWh: 2}.Bill(s.Window, s.Session.StartedAt, s.Session.StartedAt.Add(30*time.Minute), kWh)
	billed.Estimated = estimated
	s.State, s.Session = charging.Fulfilled, &billed
	w.tell(s, "")
}

// tell puts a stop's state into the outbox. It needs w.mu.
func (w *world) tell(s *stop, reason string) {
	n := charging.Notice{TripID: s.TripID, ReservationID: s.ID, Leg: s.Leg, State: s.State, Reason: reason}
	if s.Session != nil {
		told := *s.Session
		n.Session = &told
	}
	w.outbox = append(w.outbox, n)
}

// deliver brings what companies have to tell to the saga, in order, as far as it
// is heard.
func (s *stage) deliver() {
	for {
		s.w.mu.Lock()
		if len(s.w.outbox) == 0 {
			s.w.mu.Unlock()
			return
		}
		n := s.w.outbox[0]
		s.w.mu.Unlock()
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
		err := s.c.Notice(ctx, n)
		cancel()
		if err != nil {
			return // it is told again
		}
		s.w.mu.Lock()
		s.w.outbox = s.w.outbox[1:]
		s.w.mu.Unlock()
	}
}

func (p party) Reservation(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
	p.w.mu.Lock()
	ref := charging.Ref{ID: id}
	if s := p.w.rsv[id]; s != nil {
		ref.EVSEID = s.EVSEID
	}
	p.w.mu.Unlock()
	return p.do(ctx, "read", 0, ref, func() (charging.Reservation, error) {
		s, err := p.find(ref)
		if err != nil {
			return charging.Reservation{}, err
		}
		return s.Reservation, nil
	})
}

// is is a stop's reservation as its company has it.
func (w *world) is(id charging.ReservationID) charging.Reservation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rsv[id].Reservation
}

// visit is a car at a stop of a trip, with a charge of its battery.
func visit(t trip.Trip, leg int, soc float64) Visit {
	l := t.Legs[leg-1]
	return Visit{ReservationID: l.ReservationID, Plug: charging.Plug{EVSEID: l.EVSEID, SoC: soc}}
}
