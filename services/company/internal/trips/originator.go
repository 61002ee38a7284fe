package trips

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Outcomes tells a participant what became of trips of this company. It answers
// from the journal, never from a run's memory: what it says is durable. Who has no
// part in a trip hears of it what is heard of a trip that nobody knows.
func (s *originator) Outcomes(ctx context.Context, from charging.CompanyID, about []charging.Question) ([]charging.Outcome, error) {
	ids := make([]charging.TripID, len(about))
	for i, q := range about {
		ids[i] = q.TripID
	}
	known, err := s.Records.LoadEach(ctx, ids)
	if err != nil {
		return nil, err
	}
	outcomes := make([]charging.Outcome, len(about))
	for i, q := range about {
		t, ok := known[q.TripID]
		switch {
		case ok && takesPart(t, from, q.ReservationID):
			outcomes[i] = outcome(t, q.ReservationID)
		case ok:
			outcomes[i] = charging.OutcomeUnknown
		default:
			outcomes[i] = charging.OutcomeUnknown
			if q.ReservationID != "" {
				s.forgotten.note(q.TripID, q.ReservationID, time.Now())
			}
		}
	}
	return outcomes, nil
}

// takesPart reports whether a company may ask about a stop of a trip, or about the
// trip (an empty id): it has a stop of it, present, being taken or being released, and
// the one that it asks about is not another's. A stop that was released long ago is still
// its company's.
func takesPart(t trip.Trip, who charging.CompanyID, about charging.ReservationID) bool {
	part := false
	for id, company := range stops(t) {
		if about != "" && id == about {
			return company == who
		}
		part = part || company == who
	}
	if t.Saga != nil && slices.Contains(t.Saga.Former, about) {
		return t.Saga.Knew(who, about)
	}
	return part
}

// stops are the reservations whose company the journal knows.
func stops(t trip.Trip) iter.Seq2[charging.ReservationID, charging.CompanyID] {
	return func(yield func(charging.ReservationID, charging.CompanyID) bool) {
		for _, l := range slices.Concat(t.Saga.Taking(), t.Legs) {
			if !yield(l.ReservationID, l.EVSEID.Company()) {
				return
			}
		}
		if t.Saga == nil {
			return
		}
		for _, a := range t.Saga.Abandoned {
			if !yield(a.ReservationID, a.EVSEID.Company()) {
				return
			}
		}
	}
}

func outcome(t trip.Trip, id charging.ReservationID) charging.Outcome {
	k := slices.IndexFunc(t.Legs, func(l trip.Leg) bool { return l.ReservationID == id })
	switch {
	case coming(t, id):
		return charging.OutcomePending
	case id != "" && (k < 0 || t.Legs[k].State == charging.Canceled):
		return charging.OutcomeAborted
	case k >= 0 && (t.Legs[k].State == charging.Charging || t.Legs[k].State == charging.Fulfilled) && t.State != trip.Aborted:
		return charging.OutcomeConfirmed // its car has come, whatever became of the other stops
	}
	switch t.State {
	case trip.Confirmed, trip.Completed:
		return charging.OutcomeConfirmed
	case trip.Compensating, trip.Aborted, trip.Canceled:
		return charging.OutcomeAborted
	}
	return charging.OutcomePending
}

// coming reports whether a reservation is a new one that a shift is taking, which
// is not yet decided.
func coming(t trip.Trip, id charging.ReservationID) bool {
	return id != "" && slices.ContainsFunc(t.Saga.Taking(), func(l trip.Leg) bool { return l.ReservationID == id }) &&
		!slices.ContainsFunc(t.Legs, func(l trip.Leg) bool { return l.ReservationID == id })
}

// Notice takes what a company says about one of its stops in a trip of ours.
// FORBIDDEN unless it comes from the owner of the EVSE. Notices about ids that
// are no longer current, and about unknown trips, are acknowledged and ignored.
func (s *originator) Notice(ctx context.Context, from charging.CompanyID, n charging.Notice) error {
	t, err := s.Records.Load(ctx, n.TripID)
	if charging.CodeOf(err) == charging.CodeUnknownTrip {
		return nil
	}
	if err != nil {
		return err
	}
	l, ours := stopOf(t, n.ReservationID)
	switch {
	case !ours:
		return nil
	case l.CompanyID != from:
		return charging.Refuse(charging.CodeForbidden, "only the owner of "+string(l.EVSEID)+" may speak about its reservation")
	case !t.State.Open() && (n.State != charging.Fulfilled || t.State == trip.Aborted):
		return nil // a bill may still come
	}
	if n.Leg == 0 {
		n.Leg = l.Leg
	}
	return s.Sagas.Notice(ctx, n)
}

// stopOf finds the stop of a reservation id: a present one, or one that a shift
// is taking. What is said about the latter must not be acknowledged
// before it is decided whether it becomes the trip's.
func stopOf(t trip.Trip, id charging.ReservationID) (trip.Leg, bool) {
	legs := t.Legs
	if t.Saga != nil && t.Saga.Shift != nil {
		for _, k := range t.Saga.Shift.Takes {
			legs = append(slices.Clip(legs), k.Leg)
		}
	}
	for _, l := range legs {
		if l.ReservationID == id {
			return l, true
		}
	}
	return trip.Leg{}, false
}

// Near is this company as an originator to its own desk.
type Near struct{ Service *Service }

var _ charging.Originator = Near{}

// Outcomes answers like the federation's route.
func (n Near) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	return n.Service.Outcomes(ctx, n.Service.Self, about)
}

// Preempted takes a notice of the own desk.
func (n Near) Preempted(ctx context.Context, notice charging.Notice) error {
	return n.Service.Notice(ctx, n.Service.Self, notice)
}

// Changed takes a notice of the own desk.
func (n Near) Changed(ctx context.Context, notice charging.Notice) error {
	return n.Service.Notice(ctx, n.Service.Self, notice)
}
