package trips

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// lost puts two questions to a booked trip: both of its stops are withdrawn.
func lost(t *testing.T, s *Service, g *sagas) trip.Trip {
	t.Helper()
	rec := g.r.trips[booked(t, s).ID]
	for k := range rec.Legs {
		rec.Legs[k].State = charging.Canceled
		l := rec.Legs[k]
		rec.Ask(trip.Decision{Leg: l.Leg, Alternatives: []trip.Alternative{{
			ID: "a" + string(rune('0'+l.Leg)), Leg: l.Leg, EVSEID: l.EVSEID, Start: l.Start, End: l.End,
		}}})
	}
	g.r.trips[rec.ID] = rec
	return rec
}

func TestSeveralAnswersAtOnce(t *testing.T) {
	take := func(leg int) api.DecisionAnswer {
		return api.DecisionAnswer{Leg: leg, Action: api.ActionContinue, AlternativeID: "a" + string(rune('0'+leg))}
	}
	for name, tt := range map[string]struct {
		req  api.DecisionRequest
		code charging.Code
		done int
	}{
		"both":                       {api.DecisionRequest{Answers: []api.DecisionAnswer{take(2), {Leg: 1, Action: api.ActionGiveUp}}}, "", 2},
		"one of them":                {api.DecisionRequest{Answers: []api.DecisionAnswer{take(2)}}, "", 1},
		"the second by its offer":    {api.DecisionRequest{Action: api.ActionContinue, AlternativeID: "a2"}, "", 1},
		"the whole trip":             {api.DecisionRequest{Action: api.ActionGiveUp}, "", 1},
		"one twice":                  {api.DecisionRequest{Answers: []api.DecisionAnswer{take(1), take(1)}}, charging.CodeInvalidField, 0},
		"one that names none":        {api.DecisionRequest{Answers: []api.DecisionAnswer{take(1), {Action: api.ActionGiveUp}}}, charging.CodeInvalidField, 0},
		"a bad one after a good one": {api.DecisionRequest{Answers: []api.DecisionAnswer{take(1), {Leg: 2, Action: "think"}}}, charging.CodeInvalidField, 0},
		"about another stop":         {api.DecisionRequest{Leg: 3, Action: api.ActionGiveUp}, charging.CodeNotAwaitingDecision, 0},
		"another's offer":            {api.DecisionRequest{Leg: 1, Action: api.ActionContinue, AlternativeID: "a2"}, charging.CodeUnknownAlternative, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, g, _ := counter(t)
			tr := lost(t, s, g)
			if _, err := s.Decide(t.Context(), tr.ID, tt.req); charging.CodeOf(err) != tt.code || g.decided != tt.done {
				t.Errorf("%v after %d decisions; want %q after %d", err, g.decided, tt.code, tt.done)
			}
		})
	}
}

// Where the second of two answers fails, the first stands, and the refusal says so.
func TestAnAnswerThatFailsAfterOthers(t *testing.T) {
	s, g, _ := counter(t)
	tr := lost(t, s, g)
	g.refuse = charging.Refuse(charging.CodeSlotTaken, "taken")
	_, err := s.Decide(t.Context(), tr.ID, api.DecisionRequest{Answers: []api.DecisionAnswer{
		{Leg: 1, Action: api.ActionGiveUp}, {Leg: 2, Action: api.ActionContinue, AlternativeID: "a2"},
	}})
	if charging.CodeOf(err) != charging.CodeSlotTaken || !strings.Contains(err.Error(), "stop 2") || !strings.Contains(err.Error(), "carried out") {
		t.Errorf("%v", err)
	}
}

// The fault: a stop that was lost while nobody could be asked what else is free has a
// question without an answer until its deadline, days later.
func TestAQuestionThatOffersNothingOffersWhatIsFree(t *testing.T) {
	s, g, _ := counter(t)
	tr := lost(t, s, g)
	tr.Decisions[1].Alternatives = []trip.Alternative{}
	g.r.trips[tr.ID] = tr
	now, err := s.Alternatives(t.Context(), tr.ID, 2)
	if err != nil || len(now) == 0 {
		t.Fatalf("%v, %v", now, err)
	}
	if first, err := s.Alternatives(t.Context(), tr.ID, 1); err != nil || len(first) != 1 || first[0].ID != "a1" {
		t.Errorf("what was offered for the other stop: %v, %v", first, err)
	}
	take := api.DecisionRequest{Leg: 2, Action: api.ActionContinue, AlternativeID: now[0].ID}
	if _, err := s.Decide(t.Context(), tr.ID, take); err != nil || g.choice.Take == nil || g.choice.Take.EVSEID != now[0].EVSEID {
		t.Errorf("%v, %+v", err, g.choice)
	}
	take.AlternativeID = "none"
	if _, err := s.Decide(t.Context(), tr.ID, take); charging.CodeOf(err) != charging.CodeUnknownAlternative {
		t.Errorf("%v", err)
	}
}

// A stop by hand may stand where a lost one was, and not before a coming one.
func TestAStopByHandAmongLostOnes(t *testing.T) {
	s, g, _ := counter(t)
	tr := lost(t, s, g)
	early := at("SER", 1) // before the first stop, which is lost
	if _, err := s.Decide(t.Context(), tr.ID, api.DecisionRequest{Leg: 2, Action: api.ActionContinue, Stop: &early}); err != nil || g.choice.Take == nil || g.choice.Leg != 2 {
		t.Errorf("%v, %+v", err, g.choice)
	}
}

// A swap, and to continue with a proposal, say what they rest on.
func TestASwapSaysWhatItRestsOn(t *testing.T) {
	s, g, _ := counter(t)
	rec := g.r.trips[booked(t, s).ID]
	rec.Legs[1].MoveSeq, rec.Legs[1].Price = 6, 85.88
	l := rec.Legs[1]
	rec.Proposal = &trip.Decision{Leg: 2, Alternatives: []trip.Alternative{{ID: "p", Leg: 2, EVSEID: l.EVSEID, Start: l.Start, End: l.End, DeltaPrice: 2.66}}}
	g.r.trips[rec.ID] = rec
	for _, ask := range []func() error{
		func() error {
			_, err := s.Decide(t.Context(), rec.ID, api.DecisionRequest{Action: api.ActionContinue, AlternativeID: "p"})
			return err
		},
		func() error {
			_, err := s.Swap(t.Context(), rec.ID, api.SwapRequest{AlternativeID: "p"})
			return err
		},
	} {
		g.swapped = trip.Leg{}
		if err := ask(); err != nil || g.swapped.ReservationID != l.ReservationID || g.swapped.MoveSeq != 6 || g.swapped.Price != 88.54 {
			t.Errorf("%v, %+v", err, g.swapped)
		}
	}
}

// Terms are looked at before anything is journaled, for every stop.
func TestABookingFartherAheadThanItsCompanyTakes(t *testing.T) {
	s, g, c := counter(t)
	c.ahead = 7 * 24 * time.Hour
	_, _, err := s.Start(t.Context(), request(at("MAR", 20*24), at("SER", 20*24+2)), "")
	var r *charging.Refusal
	if !errors.As(err, &r) || r.Code != charging.CodeInvalidWindow || r.Fields[0].Field != "stops[1].start" || !strings.Contains(r.Detail, "SER") || len(g.started) != 0 {
		t.Errorf("%v, %d begun", err, len(g.started))
	}
	tr := lost(t, s, g)
	far := at("SER", 20*24)
	_, err = s.Decide(t.Context(), tr.ID, api.DecisionRequest{Leg: 2, Action: api.ActionContinue, Stop: &far})
	if charging.CodeOf(err) != charging.CodeInvalidWindow {
		t.Errorf("by hand: %v", err)
	}
}

// With soc, and a model that is known, alternatives of stops by hand are judged
// for the battery.
func TestSoCOfATripByHand(t *testing.T) {
	s, g, _ := counter(t)
	g.models = map[charging.VehicleID]string{"EV-0001": "byd-dolphin", "EV-0003": "fusca"}
	for vehicle, want := range map[charging.VehicleID]bool{"EV-0001": true, "EV-0002": false, "EV-0003": false} {
		req := request(at("MAR", 2), at("SER", 6))
		req.VehicleID, req.SoC = vehicle, soc(0.5)
		got, _, err := s.Start(t.Context(), req, "")
		if err != nil {
			t.Fatal(err)
		}
		j := g.r.trips[got.ID].Saga.Journey
		if (j != nil) != want || j != nil && (j.SoC != 0.5 || j.VehicleModel != "byd-dolphin" || !j.Departure.Equal(got.Legs[0].Start)) {
			t.Errorf("%s remembers %+v", vehicle, j)
		}
		if want {
			if alts, err := s.Alternatives(t.Context(), got.ID, 2); err != nil || len(alts) == 0 {
				t.Errorf("alternatives: %v, %v", alts, err)
			}
		}
	}
	one := request(at("MAR", 30))
	one.SoC = soc(0.5)
	if got, _, err := s.Start(t.Context(), one, ""); err != nil || g.r.trips[got.ID].Saga.Journey != nil {
		t.Errorf("a single stop leads nowhere: %v", err)
	}
}

// The drive to a stop comes with its plan: a lost one is decided about before it.
func TestAPlansDrivesAreRemembered(t *testing.T) {
	s, g, _ := counter(t)
	plans, err := s.Plan(t.Context(), api.PlanRequest{
		Origin: api.Endpoint{City: "joao pessoa, pb"}, Destination: api.Endpoint{City: "Feira de Santana, BA"},
		Vehicle: api.Vehicle{Model: "byd-dolphin"}, SoC: soc(0.9), Departure: now.Add(time.Hour),
	}, "somebody")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Start(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plans[0].ID}, ""); err != nil {
		t.Fatal(err)
	}
	for k, l := range g.started[0].Legs {
		if want := plans[0].Stops[k].DriveMinutes; l.DriveMinutes != want || want == 0 {
			t.Errorf("stop %d: %v min, want %v", k+1, l.DriveMinutes, want)
		}
	}
}

// A bill that comes after the trip's end, or in the place of an estimated one, is
// heard; nothing else is.
func TestABillAfterTheEnd(t *testing.T) {
	s, g, _ := counter(t)
	rec := g.r.trips[booked(t, s).ID]
	rec.State = trip.Completed
	g.r.trips[rec.ID] = rec
	n := charging.Notice{TripID: rec.ID, ReservationID: rec.Legs[0].ReservationID, State: charging.NoShow}
	for state, want := range map[charging.State]int{charging.NoShow: 0, charging.Fulfilled: 1} {
		g.notices, n.State = nil, state
		if err := s.Notice(t.Context(), "MAR", n); err != nil || len(g.notices) != want {
			t.Errorf("%s: %v, %d passed on", state, err, len(g.notices))
		}
	}
}
