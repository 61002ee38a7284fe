package trips

import (
	"context"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Outcomes tells a participant what became of trips of this company. It answers
// from the journal, never from a run's memory: what it says is durable.
func (s *Service) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
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
		case ok:
			outcomes[i] = outcome(t, q.ReservationID)
		default:
			outcomes[i] = charging.OutcomeUnknown
			if q.ReservationID != "" {
				s.forgotten.note(q.TripID, q.ReservationID, time.Now())
			}
		}
	}
	return outcomes, nil
}

func outcome(t trip.Trip, id charging.ReservationID) charging.Outcome {
	if id != "" && !part(t, id) {
		return charging.OutcomeAborted
	}
	switch t.State {
	case trip.Confirmed, trip.Completed:
		if coming(t, id) {
			return charging.OutcomePending
		}
		return charging.OutcomeConfirmed
	case trip.Compensating, trip.Aborted, trip.Canceled:
		return charging.OutcomeAborted
	}
	return charging.OutcomePending
}

// coming reports whether a reservation is being taken by a swap or a shift that
// is not yet decided.
func coming(t trip.Trip, id charging.ReservationID) bool {
	switch {
	case t.Saga == nil:
		return false
	case t.Saga.Swap != nil && t.Saga.Swap.Leg.ReservationID == id:
		return true
	case t.Saga.Shift == nil || t.Saga.Shift.Phase != trip.ShiftTake:
		return false
	}
	return slices.ContainsFunc(t.Saga.Shift.Takes, func(k trip.Take) bool { return !k.Moves && k.Leg.ReservationID == id })
}

// part reports whether a reservation is a present stop of the trip, or the new
// stop of a swap in progress.
func part(t trip.Trip, id charging.ReservationID) bool {
	if coming(t, id) {
		return true
	}
	return slices.ContainsFunc(t.Legs, func(l trip.Leg) bool {
		return l.ReservationID == id && l.State != charging.Canceled
	})
}

// Notice takes what a company says about one of its stops in a trip of ours.
// FORBIDDEN unless it comes from the owner of the EVSE. Notices about ids that
// are no longer current, and about unknown trips, are acknowledged and ignored.
func (s *Service) Notice(ctx context.Context, from charging.CompanyID, n charging.Notice) error {
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
	case !t.State.Open():
		return nil
	}
	if n.Leg == 0 {
		n.Leg = l.Leg
	}
	return s.Sagas.Notice(ctx, n)
}

// stopOf finds the stop of a reservation id: a present one, or one that a swap
// or a shift is taking. What is said about the latter must not be acknowledged
// before it is decided whether it becomes the trip's.
func stopOf(t trip.Trip, id charging.ReservationID) (trip.Leg, bool) {
	legs := t.Legs
	if t.Saga != nil && t.Saga.Swap != nil {
		legs = append(slices.Clip(legs), t.Saga.Swap.Leg)
	}
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
	return n.Service.Outcomes(ctx, about)
}

// Preempted takes a notice of the own desk.
func (n Near) Preempted(ctx context.Context, notice charging.Notice) error {
	return n.Service.Notice(ctx, n.Service.Self, notice)
}

// Changed takes a notice of the own desk.
func (n Near) Changed(ctx context.Context, notice charging.Notice) error {
	return n.Service.Notice(ctx, n.Service.Self, notice)
}
