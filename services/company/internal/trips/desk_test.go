package trips

import (
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func booked(t *testing.T, s *Service) trip.Trip {
	t.Helper()
	got, _, err := s.Start(t.Context(), request(at("MAR", 2), at("SER", 4)), "")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCancelWithinTheTerms(t *testing.T) {
	s, _, _ := counter(t)
	tr := booked(t, s)
	s.Now = func() time.Time { return now.Add(61 * time.Minute) } // the first stop is 59 min away, the terms ask for 60
	if _, err := s.Cancel(t.Context(), tr.ID); charging.CodeOf(err) != charging.CodeCancelTooLate {
		t.Fatalf("%v", err)
	}
	s.Now = func() time.Time { return now.Add(59 * time.Minute) }
	for range 2 {
		if got, err := s.Cancel(t.Context(), tr.ID); err != nil || got.State != trip.Canceled {
			t.Fatalf("%v %s", err, got.State)
		}
	}
	if _, err := s.Cancel(t.Context(), newTripID()); charging.CodeOf(err) != charging.CodeUnknownTrip {
		t.Errorf("%v", err)
	}
}

func TestOutcome(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	id := g.started[0].Legs[0].ReservationID
	for state, want := range map[trip.State]charging.Outcome{
		trip.Reserving: charging.OutcomePending, trip.AwaitingDecision: charging.OutcomePending, trip.Confirming: charging.OutcomePending,
		trip.Confirmed: charging.OutcomeConfirmed, trip.Completed: charging.OutcomeConfirmed,
		trip.Compensating: charging.OutcomeAborted, trip.Aborted: charging.OutcomeAborted, trip.Canceled: charging.OutcomeAborted,
	} {
		rec := g.r.trips[tr.ID]
		rec.State = state
		g.r.trips[tr.ID] = rec
		if got, err := ask(t, s, tr.ID, id); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", state, got, err, want)
		}
		if got, _ := ask(t, s, tr.ID, charging.ReservationID(newTripID())); got != charging.OutcomeAborted {
			t.Errorf("%s: a reservation that is no part of the trip is %s", state, got)
		}
	}
	rec := g.r.trips[tr.ID]
	rec.State, rec.Saga = trip.Confirmed, &trip.Saga{Swap: &trip.Swap{Leg: trip.Leg{ReservationID: "new"}}}
	g.r.trips[tr.ID] = rec
	if got, _ := ask(t, s, tr.ID, "new"); got != charging.OutcomePending {
		t.Errorf("the new stop of a swap is %s", got)
	}
	if got, _ := ask(t, s, newTripID(), id); got != charging.OutcomeUnknown {
		t.Errorf("an unknown trip is %s", got)
	}
}

// TestForgottenTripsAreListed is the originator's side of interleaving 10: what
// a company keeps for a trip that the journal has lost is listed here, too.
func TestForgottenTripsAreListed(t *testing.T) {
	s, _, _ := counter(t)
	tr := booked(t, s)
	lost, stop := newTripID(), charging.ReservationID(newTripID())
	for range 2 {
		if got, err := ask(t, s, lost, stop); err != nil || got != charging.OutcomeUnknown {
			t.Fatalf("%s, %v", got, err)
		}
		if _, err := ask(t, s, tr.ID, stop); err != nil {
			t.Fatal(err)
		}
	}
	list := s.Forgotten()
	if len(list) != 1 || list[0].TripID != lost || list[0].ReservationID != stop || list[0].Since.After(list[0].Last) {
		t.Fatalf("%+v", list)
	}
	s.forgotten.prune(time.Now().Add(2 * forgottenFor))
	if list := s.Forgotten(); len(list) != 0 {
		t.Errorf("nobody asks any more, still listed: %+v", list)
	}
}

func TestNoticesComeFromTheOwnerOnly(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	n := charging.Notice{TripID: tr.ID, ReservationID: g.started[0].Legs[1].ReservationID, State: charging.Canceled}
	if err := s.Notice(t.Context(), "CAJ", n); charging.CodeOf(err) != charging.CodeForbidden {
		t.Fatalf("%v", err)
	}
	if err := s.Notice(t.Context(), "SER", n); err != nil || len(g.notices) != 1 || g.notices[0].Leg != 2 {
		t.Fatalf("%v %+v", err, g.notices)
	}
	n.ReservationID = "former"
	if err := s.Notice(t.Context(), "SER", n); err != nil || len(g.notices) != 1 {
		t.Errorf("a notice about a former id: %v, %d passed on", err, len(g.notices))
	}
	n.TripID = newTripID()
	if err := s.Notice(t.Context(), "SER", n); err != nil {
		t.Errorf("a notice about an unknown trip: %v", err)
	}
}

// TestNoticeAboutAStopThatIsBeingTaken: a new stop that is withdrawn before its
// swap or shift is journaled as done would else be the trip's and nobody told.
// Found by the model (services/e2e/model, NoticeOfSwapKept).
func TestNoticeAboutAStopThatIsBeingTaken(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	rec := g.r.trips[tr.ID]
	swapped, shifted := rec.Legs[1], rec.Legs[1]
	swapped.ReservationID, shifted.ReservationID = "swapped", "shifted"
	saga := *rec.Saga
	saga.Swap = &trip.Swap{Leg: swapped}
	saga.Shift = &trip.Shift{Phase: trip.ShiftTake, Takes: []trip.Take{{Leg: shifted}}}
	rec.Saga = &saga
	g.r.trips[tr.ID] = rec
	for n, id := range []charging.ReservationID{"swapped", "shifted"} {
		notice := charging.Notice{TripID: tr.ID, ReservationID: id, State: charging.Canceled}
		if err := s.Notice(t.Context(), "CAJ", notice); charging.CodeOf(err) != charging.CodeForbidden {
			t.Errorf("%s, by a stranger: %v", id, err)
		}
		if err := s.Notice(t.Context(), "SER", notice); err != nil || len(g.notices) != n+1 || g.notices[n].Leg != 2 {
			t.Errorf("%s: %v, passed on: %+v", id, err, g.notices)
		}
	}
}

func TestDecide(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	ctx := t.Context()
	if _, err := s.Decide(ctx, tr.ID, api.DecisionRequest{Action: api.ActionWait}); charging.CodeOf(err) != charging.CodeNotAwaitingDecision {
		t.Fatalf("%v", err)
	}
	rec := g.r.trips[tr.ID]
	rec.State, rec.Decision = trip.AwaitingDecision, &trip.Decision{Leg: 2, Alternatives: []trip.Alternative{{ID: "a", Leg: 2, EVSEID: "BR*SER*E0001*2"}}}
	g.r.trips[tr.ID] = rec
	late := at("SER", 5)
	early := at("SER", 1)
	for name, c := range map[string]struct {
		req  api.DecisionRequest
		code charging.Code
	}{
		"continue":    {api.DecisionRequest{Action: api.ActionContinue, AlternativeID: "a"}, ""},
		"by hand":     {api.DecisionRequest{Action: api.ActionContinue, Stop: &late}, ""},
		"wait":        {api.DecisionRequest{Action: api.ActionWait}, ""},
		"give up":     {api.DecisionRequest{Action: api.ActionGiveUp}, ""},
		"too early":   {api.DecisionRequest{Action: api.ActionContinue, Stop: &early}, charging.CodeInvalidWindow},
		"not offered": {api.DecisionRequest{Action: api.ActionContinue, AlternativeID: "z"}, charging.CodeUnknownAlternative},
		"nothing":     {api.DecisionRequest{Action: api.ActionContinue}, charging.CodeInvalidField},
		"no action":   {api.DecisionRequest{}, charging.CodeInvalidField},
	} {
		if _, err := s.Decide(ctx, tr.ID, c.req); charging.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
}

// ask asks one question.
func ask(t *testing.T, s *Service, id charging.TripID, reservation charging.ReservationID) (charging.Outcome, error) {
	t.Helper()
	got, err := s.Outcomes(t.Context(), []charging.Question{{TripID: id, ReservationID: reservation}})
	if err != nil {
		return "", err
	}
	if len(got) != 1 {
		t.Fatalf("%d answers to one question", len(got))
	}
	return got[0], nil
}

func TestManyQuestionsAreAnsweredInOrder(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	stop := g.started[0].Legs[0].ReservationID
	lost := newTripID()
	got, err := s.Outcomes(t.Context(), []charging.Question{
		{TripID: lost, ReservationID: stop}, {TripID: tr.ID, ReservationID: "another"}, {TripID: tr.ID, ReservationID: stop},
	})
	want := []charging.Outcome{charging.OutcomeUnknown, charging.OutcomeAborted, charging.OutcomeConfirmed}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if list := s.Forgotten(); len(list) != 1 || list[0].TripID != lost {
		t.Errorf("forgotten %+v", list)
	}
}
