package trips

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
)

// Decide answers what a trip asks, one question or several. Every answer is judged
// before the first is carried out; they are carried out in their order. Where one
// is refused then, those before it stand, and the refusal names its stop. To
// continue with an alternative of the proposal is to swap.
//
// NOT_AWAITING_DECISION, UNKNOWN_ALTERNATIVE, INVALID_FIELD, INVALID_WINDOW,
// SLOT_TAKEN (nobody to wait for); the refusals of Swap, and to give up the whole
// trip those of Cancel.
func (s *Service) Decide(ctx context.Context, id charging.TripID, req api.DecisionRequest) (trip.Trip, error) {
	t, err := s.load(ctx, id)
	if err != nil {
		return trip.Trip{}, err
	}
	answers := req.All()
	choices := make([]verdict, len(answers))
	for i, a := range answers {
		at := ""
		if len(req.Answers) > 0 {
			at = fmt.Sprintf("answers[%d].", i)
		}
		if choices[i], err = s.judge(ctx, t, a, at); err != nil {
			return trip.Trip{}, err
		}
		twice := slices.ContainsFunc(choices[:i], func(c verdict) bool { return c.leg == choices[i].leg })
		if len(answers) > 1 && (twice || choices[i].leg == 0) {
			return trip.Trip{}, charging.Invalid(at+"leg", "is missing, or comes twice: several answers name a stop each")
		}
	}
	for i, c := range choices {
		if c.legs != nil {
			t, err = s.Sagas.Shift(ctx, id, c.legs)
		} else {
			t, err = s.Sagas.Decide(ctx, id, c.Choice)
		}
		if err != nil {
			return trip.Trip{}, afterOthers(i, c.leg, err)
		}
	}
	return t.Public(), nil
}

// verdict is an answer that was judged: a choice, or the stops of a proposal.
type verdict struct {
	booking.Choice
	leg  int
	legs []trip.Leg
}

// afterOthers says of a refusal that earlier answers stand.
func afterOthers(before, leg int, err error) error {
	var r *charging.Refusal
	if before == 0 || !errors.As(err, &r) {
		return err
	}
	out := *r
	out.Detail = fmt.Sprintf("stop %d: %s (the %d answers before this one are carried out)", leg, r.Detail, before)
	return &out
}

// judge finds the question that an answer is to, and checks the answer.
func (s *Service) judge(ctx context.Context, t trip.Trip, a api.DecisionAnswer, at string) (verdict, error) {
	q := questionOf(t, a)
	if p := t.Proposal; q == nil && t.State == trip.Confirmed && p != nil && a.Action == api.ActionContinue && (a.Leg == 0 || a.Leg == p.Leg) {
		to, err := s.offered(ctx, t, api.SwapRequest{AlternativeID: a.AlternativeID, Stop: a.Stop})
		if err != nil {
			return verdict{}, err
		}
		return verdict{leg: to.Leg, legs: t.Taking(*to)}, nil
	}
	if q == nil {
		detail := "the trip is " + string(t.State) + " and awaits no decision"
		if a.Leg > 0 {
			detail += fmt.Sprintf(" about stop %d", a.Leg)
		}
		return verdict{}, charging.Refuse(charging.CodeNotAwaitingDecision, detail)
	}
	switch a.Action {
	case api.ActionWait:
		return verdict{Choice: booking.Choice{Leg: q.Leg, Wait: true}, leg: q.Leg}, nil
	case api.ActionGiveUp:
		return verdict{Choice: booking.Choice{Leg: a.Leg, GiveUp: true}, leg: a.Leg}, nil
	case api.ActionContinue:
		offered := q.Alternatives
		if a.AlternativeID != "" {
			var err error
			if offered, err = s.choices(ctx, t, *q); err != nil {
				return verdict{}, err
			}
		}
		take, err := s.pick(ctx, t, a.AlternativeID, a.Stop, q.Leg, offered)
		if err == nil && take.Leg != q.Leg {
			err = charging.Invalid(at+"stop.leg", fmt.Sprintf("is %d; the question is about stop %d", take.Leg, q.Leg))
		}
		return verdict{Choice: booking.Choice{Leg: q.Leg, Take: take}, leg: q.Leg}, err
	}
	return verdict{}, charging.Invalid(at+"action", "must be continue, wait or give_up")
}

// questionOf is what an answer answers: the question about the stop that it
// names, or that offered its alternative, else the first one.
func questionOf(t trip.Trip, a api.DecisionAnswer) *trip.Decision {
	switch {
	case a.Leg > 0:
		return t.Question(a.Leg)
	case a.Stop != nil && a.Stop.Leg > 0:
		return t.Question(a.Stop.Leg)
	}
	for i, q := range t.Decisions {
		if slices.ContainsFunc(q.Alternatives, func(o trip.Alternative) bool { return o.ID == a.AlternativeID }) {
			return &t.Decisions[i]
		}
	}
	return t.Question(0)
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
	if err := s.bookable(ctx, stop.EVSEID, w, "stop."); err != nil {
		return err
	}
	if why, not := s.misfit(ctx, stop.EVSEID, s.plugsOf(ctx, t, nil)); not {
		return charging.Invalid("stop.evse_id", why)
	}
	for _, l := range t.Legs {
		switch {
		case l.State.Final() || l.Leg == stop.Leg: // what is lost or over is in nobody's way
		case l.Leg < stop.Leg && w.Start.Before(l.End):
			return invalidWindow("stop.start", "is before the end of the stop before it")
		case l.Leg > stop.Leg && w.End.After(l.Start):
			return invalidWindow("stop.end", "is after the start of the next stop")
		}
	}
	return nil
}

// bookable refuses a window that its company does not take bookings for yet.
// Terms that cannot be read are the company's to judge.
func (s *Service) bookable(ctx context.Context, evse charging.EVSEID, w charging.Window, at string) error {
	loc, err := s.Catalogue.LocationOf(ctx, evse)
	if err != nil || loc.Terms.MaxAhead <= 0 || !w.Start.After(s.Now().Add(loc.Terms.MaxAhead)) {
		return nil
	}
	return invalidWindow(at+"start", fmt.Sprintf("is more than %d days ahead: %s takes no bookings at %s beyond that",
		int(loc.Terms.MaxAhead.Hours()/24), evse.Company(), evse))
}

func invalidWindow(field, reason string) error {
	return &charging.Refusal{
		Code: charging.CodeInvalidWindow, Detail: field + " " + reason,
		Fields: []charging.FieldError{{Field: field, Reason: reason}},
	}
}

// Cancel ends a trip. One that is not booked gives up, and its end is the answer,
// ABORTED. Of a booked one every coming stop that is within its own terms is
// released; those that are not are in the answer's Kept, and the trip stays
// CONFIRMED with them. With none kept it is CANCELED; canceling twice succeeds.
//
// CANCEL_TOO_LATE, SESSION_OPEN: nothing could be released. PEER_UNAVAILABLE when
// the context ends first: the wish is journaled, and will be carried out.
func (s *Service) Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	t, err := s.load(ctx, id)
	switch {
	case err != nil:
		return trip.Trip{}, err
	case t.State == trip.Aborted || t.State == trip.Canceled:
		return t.Public(), nil
	case t.State == trip.Completed:
		return trip.Trip{}, charging.Refuse(charging.CodeCancelTooLate, "the trip is completed")
	}
	t, err = s.Sagas.Cancel(ctx, id)
	if err != nil || t.State.Settled() {
		return t.Public(), err
	}
	t, err = s.Sagas.WaitEnd(ctx, id)
	switch {
	case err != nil || t.State.Settled() || t.State == trip.Compensating:
		return t.Public(), err
	}
	return trip.Trip{}, &charging.Refusal{
		Code: charging.CodePeerUnavailable, RetryAfter: time.Second,
		Detail: "the trip is being canceled, which takes longer than this request may; look at the trip",
	}
}

// CancelableUntil is the saga's way to a booked stop's terms.
func CancelableUntil(c Catalogue) func(context.Context, trip.Leg) (time.Time, bool) {
	return func(ctx context.Context, l trip.Leg) (time.Time, bool) {
		loc, err := c.LocationOf(ctx, l.EVSEID)
		return loc.Terms.CancelableUntil(l.Start, l.BookedAt), err == nil
	}
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
	if q := t.Question(leg); q != nil {
		return s.choices(ctx, t, *q)
	}
	if t.Proposal != nil && t.Proposal.Leg == leg {
		return t.Proposal.Alternatives, nil
	}
	return s.Advisor.Alternatives(ctx, t, leg)
}

// choices are what may be answered to a question. A stop of a booked trip may have been
// lost while those who have others near it could not be asked, as where its own company
// has just started again: a question that offers nothing offers what there is now.
func (s *Service) choices(ctx context.Context, t trip.Trip, q trip.Decision) ([]trip.Alternative, error) {
	if len(q.Alternatives) > 0 || t.State != trip.Confirmed {
		return q.Alternatives, nil
	}
	return s.Advisor.Alternatives(ctx, t, q.Leg)
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
	if t, err = s.Sagas.Shift(ctx, id, t.Taking(*a)); err != nil {
		return trip.Trip{}, err
	}
	return t.Public(), nil
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
