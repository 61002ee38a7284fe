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

// A trip that is not booked yet is answered by its end, never by what it is on the
// way there.
func TestCancelWaitsForTheEnd(t *testing.T) {
	for state, want := range map[trip.State]struct {
		state trip.State
		code  charging.Code
	}{
		trip.Aborted: {trip.Aborted, ""}, trip.Compensating: {trip.Compensating, ""}, // a company is silent
		trip.AwaitingDecision: {"", charging.CodePeerUnavailable}, trip.Reserving: {"", charging.CodePeerUnavailable},
	} {
		s, g, _ := counter(t)
		tr := booked(t, s)
		rec := g.r.trips[tr.ID]
		rec.State = trip.AwaitingDecision
		g.r.trips[tr.ID] = rec
		g.canceled = func(t *trip.Trip) { t.State = state }
		if got, err := s.Cancel(t.Context(), tr.ID); charging.CodeOf(err) != want.code || got.State != want.state {
			t.Errorf("%s: answered %s, %v", state, got.State, err)
		}
	}
}

func TestCancelSaysWhatIsKept(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	g.canceled = func(t *trip.Trip) {
		t.Kept = []trip.Kept{{Leg: 1, Code: charging.CodeCancelTooLate, Until: now}}
	}
	if got, err := s.Cancel(t.Context(), tr.ID); err != nil || got.State != trip.Confirmed || len(got.Kept) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	g.canceled = nil
	for range 2 {
		if got, err := s.Cancel(t.Context(), tr.ID); err != nil || got.State != trip.Canceled {
			t.Fatalf("%v %s", err, got.State)
		}
	}
	if _, err := s.Cancel(t.Context(), newTripID()); charging.CodeOf(err) != charging.CodeUnknownTrip {
		t.Errorf("%v", err)
	}
}

// The terms of a stop, as its saga is told them.
func TestCancelableUntil(t *testing.T) {
	_, _, c := counter(t)
	l := trip.Leg{EVSEID: plugEVSE, Start: now.Add(2 * time.Hour)}
	if at, ok := CancelableUntil(c)(t.Context(), l); !ok || !at.Equal(now.Add(time.Hour)) {
		t.Errorf("%s %v", at, ok)
	}
	if _, ok := CancelableUntil(c)(t.Context(), trip.Leg{EVSEID: "BR*FAR*E1*1"}); ok {
		t.Error("terms that cannot be read bind")
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
	rec.State, rec.Saga = trip.Confirmed, &trip.Saga{Shift: &trip.Shift{Phase: trip.ShiftTake, Takes: []trip.Take{
		{Leg: trip.Leg{Leg: 1, ReservationID: "new", EVSEID: rec.Legs[0].EVSEID}}, {Leg: rec.Legs[1], InPlace: true},
	}}}
	g.r.trips[tr.ID] = rec
	if got, _ := ask(t, s, tr.ID, "new"); got != charging.OutcomePending {
		t.Errorf("the new stop of a shift is %s", got)
	}
	if got, _ := askAs(t, s, "SER", tr.ID, rec.Legs[1].ReservationID); got != charging.OutcomeConfirmed {
		t.Errorf("a stop that is being moved is %s", got)
	}
	// What was released, or lost, is no part of the trip; a session stays what it is.
	for state, want := range map[charging.State]charging.Outcome{
		charging.Canceled: charging.OutcomeAborted, charging.NoShow: charging.OutcomeConfirmed,
		charging.Charging: charging.OutcomeConfirmed, charging.Fulfilled: charging.OutcomeConfirmed,
	} {
		rec.Legs[0].State = state
		if got, _ := ask(t, s, tr.ID, id); got != want {
			t.Errorf("a stop that is %s: %s, want %s", state, got, want)
		}
	}
	rec.Legs[0].State, rec.State = charging.Fulfilled, trip.Canceled
	g.r.trips[tr.ID] = rec
	if got, _ := ask(t, s, tr.ID, id); got != charging.OutcomeConfirmed {
		t.Errorf("a used stop of a trip that was canceled then: %s", got)
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
	shifted := rec.Legs[1]
	shifted.ReservationID = "shifted"
	saga := *rec.Saga
	saga.Shift = &trip.Shift{Phase: trip.ShiftTake, Takes: []trip.Take{{Leg: shifted}}}
	rec.Saga = &saga
	g.r.trips[tr.ID] = rec
	for n, id := range []charging.ReservationID{"shifted"} {
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
	rec.State = trip.AwaitingDecision
	rec.Ask(trip.Decision{Leg: 2, Alternatives: []trip.Alternative{{ID: "a", Leg: 2, EVSEID: "BR*SER*E0001*2"}}})
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
	return askAs(t, s, "MAR", id, reservation)
}

func askAs(t *testing.T, s *Service, who charging.CompanyID, id charging.TripID, reservation charging.ReservationID) (charging.Outcome, error) {
	t.Helper()
	got, err := s.Outcomes(t.Context(), who, []charging.Question{{TripID: id, ReservationID: reservation}})
	if err != nil {
		return "", err
	}
	if len(got) != 1 {
		t.Fatalf("%d answers to one question", len(got))
	}
	return got[0], nil
}

// The fault: any company learns what became of anybody's trip. The other fault: a
// company whose stop was replaced is not told that it may let go of it.
func TestOutcomeIsForWhoTakesPart(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s) // MAR, then SER
	rec := g.r.trips[tr.ID]
	mine, theirs := rec.Legs[0].ReservationID, rec.Legs[1].ReservationID
	rec.State = trip.Confirmed
	rec.Saga = &trip.Saga{
		Abandoned: []trip.Abandoned{{Leg: 2, ReservationID: "let-go", CompanyID: "CAJ", EVSEID: "BR*CAJ*E0001*1"}},
		Former:    []charging.ReservationID{"let-go", "long-ago", "by-an-edition-before"},
		FormerAt:  []trip.Former{{ReservationID: "let-go", CompanyID: "CAJ"}, {ReservationID: "long-ago", CompanyID: "ZZZ"}},
	}
	g.r.trips[tr.ID] = rec
	const yes, no, unknown = charging.OutcomeConfirmed, charging.OutcomeAborted, charging.OutcomeUnknown
	for name, tt := range map[string]struct {
		who   charging.CompanyID
		about charging.ReservationID
		want  charging.Outcome
	}{
		"its own stop": {"MAR", mine, yes}, "its own, far": {"SER", theirs, yes}, "the trip": {"SER", "", yes},
		"another's stop": {"SER", mine, unknown}, "what is being released": {"CAJ", "let-go", no}, "of another": {"SER", "let-go", unknown},
		"what was released long ago": {"ZZZ", "long-ago", no}, "the same by an edition before": {"ZZZ", "by-an-edition-before", no},
		"a stranger who has overheard it": {"YYY", "long-ago", unknown}, "another of the trip, too": {"SER", "long-ago", unknown}, "an id that was never journaled": {"MAR", "never", no},
		"a stranger, of a stop": {"ZZZ", mine, unknown}, "a stranger, of the trip": {"ZZZ", "", unknown}, "a stranger who guesses": {"ZZZ", "never", unknown},
	} {
		if got, err := askAs(t, s, tt.who, tr.ID, tt.about); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, tt.want)
		}
	}
	if list := s.Forgotten(); len(list) != 0 {
		t.Errorf("a stranger's question is listed as lost data: %+v", list)
	}
}

func TestManyQuestionsAreAnsweredInOrder(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	stop := g.started[0].Legs[0].ReservationID
	lost := newTripID()
	got, err := s.Outcomes(t.Context(), "MAR", []charging.Question{
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
