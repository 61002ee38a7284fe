package trips

import (
	"context"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// Decide answers a trip that asks. NOT_AWAITING_DECISION, UNKNOWN_ALTERNATIVE,
// INVALID_FIELD, INVALID_WINDOW, SLOT_TAKEN (nobody to wait for).
func (s *Service) Decide(ctx context.Context, id charging.TripID, req api.DecisionRequest) (trip.Trip, error) {
	t, err := s.load(ctx, id)
	if err != nil {
		return trip.Trip{}, err
	}
	if t.Decision == nil && t.State == trip.Confirmed && t.Proposal != nil && req.Action == api.ActionContinue {
		return s.Swap(ctx, id, api.SwapRequest{AlternativeID: req.AlternativeID, Stop: req.Stop})
	}
	if t.Decision == nil {
		return trip.Trip{}, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(t.State)+" and awaits no decision")
	}
	c, err := s.choice(ctx, t, req)
	if err != nil {
		return trip.Trip{}, err
	}
	t, err = s.Sagas.Decide(ctx, id, c)
	return t.Public(), err
}

func (s *Service) choice(ctx context.Context, t trip.Trip, req api.DecisionRequest) (saga.Choice, error) {
	switch req.Action {
	case api.ActionWait:
		return saga.Choice{Wait: true}, nil
	case api.ActionGiveUp:
		return saga.Choice{GiveUp: true}, nil
	case api.ActionContinue:
		a, err := s.pick(ctx, t, req.AlternativeID, req.Stop, t.Decision.Leg, t.Decision.Alternatives)
		return saga.Choice{Take: a}, err
	}
	return saga.Choice{}, charging.Invalid("action", "must be continue, wait or give_up")
}

// pick finds the alternative that was offered, or makes one of a stop given by
// hand.
func (s *Service) pick(ctx context.Context, t trip.Trip, id string, stop *api.Stop, leg int, offered []trip.Alternative) (*trip.Alternative, error) {
	switch {
	case (id == "") == (stop == nil):
		return nil, charging.Invalid("alternative_id", "give either alternative_id or stop")
	case id != "":
		for i := range offered {
			if offered[i].ID == id {
				return &offered[i], nil
			}
		}
		return nil, charging.Refuse(charging.CodeUnknownAlternative, fmt.Sprintf("the trip offers no alternative %q; ask for the present ones", id))
	}
	if stop.Leg == 0 {
		stop.Leg = leg
	}
	if err := s.fits(ctx, t, *stop); err != nil {
		return nil, err
	}
	return &trip.Alternative{
		ID: "by-hand", Leg: stop.Leg, CompanyID: stop.EVSEID.Company(), EVSEID: stop.EVSEID,
		Start: stop.Start.UTC(), End: stop.End.UTC(),
	}, nil
}

// fits checks a stop given by hand against its neighbours.
func (s *Service) fits(ctx context.Context, t trip.Trip, stop api.Stop) error {
	if stop.Leg < 1 || stop.Leg > len(t.Legs) {
		return charging.Invalid("stop.leg", fmt.Sprintf("must be from 1 to %d", len(t.Legs)))
	}
	if err := s.known(ctx, stop.EVSEID, "stop."); err != nil {
		return err
	}
	w := charging.NewWindow(stop.Start, stop.End)
	if err := w.Validate(s.Now(), s.MaxAhead, "stop."); err != nil {
		return err
	}
	k := stop.Leg - 1
	if k > 0 && w.Start.Before(t.Legs[k-1].End) {
		return invalidWindow("stop.start", "is before the end of the stop before it")
	}
	if k+1 < len(t.Legs) && w.End.After(t.Legs[k+1].Start) {
		return invalidWindow("stop.end", "is after the start of the next stop")
	}
	return nil
}

func invalidWindow(field, reason string) error {
	return &charging.Refusal{
		Code: charging.CodeInvalidWindow, Detail: field + " " + reason,
		Fields: []charging.FieldError{{Field: field, Reason: reason}},
	}
}

// Cancel releases every stop. A booked trip may be canceled until the terms of
// its first coming stop say (CANCEL_TOO_LATE); canceling twice succeeds.
func (s *Service) Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	t, err := s.load(ctx, id)
	if err != nil {
		return trip.Trip{}, err
	}
	switch t.State {
	case trip.Aborted, trip.Canceled:
		return t.Public(), nil
	case trip.Completed:
		return trip.Trip{}, charging.Refuse(charging.CodeCancelTooLate, "the trip is completed")
	case trip.Confirmed:
		if err := s.cancelable(ctx, t); err != nil {
			return trip.Trip{}, err
		}
	}
	t, err = s.Sagas.Cancel(ctx, id)
	if err != nil || t.State == trip.Canceled {
		return t.Public(), err
	}
	t, err = s.Sagas.Wait(ctx, id)
	if err == nil && t.State == trip.Confirmed { // it was confirming when the cancel came
		t, err = s.Sagas.Cancel(ctx, id)
	}
	return t.Public(), err
}

// cancelable judges the booking terms of the first stop that is still to come.
func (s *Service) cancelable(ctx context.Context, t trip.Trip) error {
	now := s.Now()
	for _, l := range t.Legs {
		if l.State != charging.Reserved {
			continue
		}
		loc, err := s.Catalogue.LocationOf(ctx, l.EVSEID)
		if err != nil {
			return nil // terms that cannot be read bind nobody
		}
		last := l.Start.Add(-loc.Terms.CancelUntil)
		if now.After(last) {
			return charging.Refuse(charging.CodeCancelTooLate, fmt.Sprintf(
				"stop %d at %s could be canceled until %s", l.Leg, l.EVSEID, last.UTC().Format(time.RFC3339)))
		}
		return nil
	}
	return nil
}

// Alternatives offers other choices for one stop of a trip, best first.
func (s *Service) Alternatives(ctx context.Context, id charging.TripID, leg int) ([]trip.Alternative, error) {
	t, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	if leg < 1 || leg > len(t.Legs) {
		return nil, charging.Invalid("leg", fmt.Sprintf("must be from 1 to %d", len(t.Legs)))
	}
	if t.Decision != nil && t.Decision.Leg == leg {
		return t.Decision.Alternatives, nil
	}
	if t.Proposal != nil && t.Proposal.Leg == leg {
		return t.Proposal.Alternatives, nil
	}
	return s.Advisor.Alternatives(ctx, t, leg)
}

// Swap takes a new stop for one of a CONFIRMED trip, and lets go of the old one
// after that. The trip is whole at every instant.
func (s *Service) Swap(ctx context.Context, id charging.TripID, req api.SwapRequest) (trip.Trip, error) {
	t, err := s.load(ctx, id)
	if err != nil {
		return trip.Trip{}, err
	}
	if t.State != trip.Confirmed {
		return trip.Trip{}, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(t.State)+"; only a CONFIRMED trip can swap a stop")
	}
	a, err := s.offered(ctx, t, req)
	if err != nil {
		return trip.Trip{}, err
	}
	if t, err = s.Sagas.Shift(ctx, id, newLegs(t, *a)); err != nil {
		return trip.Trip{}, err
	}
	return t.Public(), nil
}

// newLegs are the stops that an alternative gives a trip.
func newLegs(t trip.Trip, a trip.Alternative) []trip.Leg {
	was := t.Legs[a.Leg-1]
	legs := []trip.Leg{{
		Leg: a.Leg, CompanyID: a.CompanyID, EVSEID: a.EVSEID, Start: a.Start.UTC(), End: a.End.UTC(),
		EnergyKWh: was.EnergyKWh, Price: was.Price,
	}}
	if len(a.LaterStops) == 0 { // else it is the price of them all
		legs[0].Price += a.DeltaPrice
	}
	for _, m := range a.LaterStops {
		if m.Leg < 1 || m.Leg > len(t.Legs) {
			continue
		}
		was := t.Legs[m.Leg-1]
		legs = append(legs, trip.Leg{
			Leg: m.Leg, CompanyID: m.CompanyID, EVSEID: m.EVSEID, Start: m.Start.UTC(), End: m.End.UTC(),
			EnergyKWh: was.EnergyKWh, Price: was.Price,
		})
	}
	return legs
}

// offered finds what a swap names among the present alternatives of its leg.
func (s *Service) offered(ctx context.Context, t trip.Trip, req api.SwapRequest) (*trip.Alternative, error) {
	if req.AlternativeID == "" {
		if req.Stop != nil && req.Stop.Leg == 0 {
			return nil, charging.Invalid("stop.leg", "is missing")
		}
		return s.pick(ctx, t, "", req.Stop, 0, nil)
	}
	if p := t.Proposal; p != nil {
		if a, err := s.pick(ctx, t, req.AlternativeID, req.Stop, p.Leg, p.Alternatives); charging.CodeOf(err) != charging.CodeUnknownAlternative {
			return a, err
		}
	}
	for leg := 1; leg <= len(t.Legs); leg++ {
		found, err := s.Alternatives(ctx, t.ID, leg)
		if err != nil {
			return nil, err
		}
		a, err := s.pick(ctx, t, req.AlternativeID, req.Stop, leg, found)
		if charging.CodeOf(err) != charging.CodeUnknownAlternative {
			return a, err
		}
	}
	return nil, charging.Refuse(charging.CodeUnknownAlternative, "the trip offers no such alternative; ask for the present ones")
}
