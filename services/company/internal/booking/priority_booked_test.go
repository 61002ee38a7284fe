package booking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// withdraw takes the second stop of a booked trip away and tells the saga.
func (s *stage) withdraw(got trip.Trip) trip.Trip {
	s.t.Helper()
	id := got.Legs[1].ReservationID
	s.w.set(func() { s.w.rsv[id].State = charging.Canceled })
	n := charging.Notice{TripID: testTrip, ReservationID: id, Leg: 2, State: charging.Canceled, Reason: "BROKEN_CHARGER"}
	if err := s.c.Notice(s.t.Context(), n); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
	return s.wait(s.c)
}

func TestWithdrawnStopIsReplannedForThatStopAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block("BR*SER*E0002*1", windowOf(1), charging.Reserved, "", true) // the best alternative is taken
		was := s.book(trip.Replan)
		s.must(was, trip.Confirmed)
		got := s.withdraw(was)
		s.must(got, trip.Confirmed)
		if got.Decision != nil || got.Legs[1].EVSEID != "BR*SER*E0003*1" || got.Legs[1].State != charging.Reserved {
			t.Errorf("decision %+v, stop %+v", got.Decision, got.Legs[1])
		}
		for _, k := range []int{0, 2} {
			if got.Legs[k].ReservationID != was.Legs[k].ReservationID {
				t.Errorf("stop %d was touched", k+1)
			}
		}
	})
}

// moving offers first what moves a later stop, then what moves none.
type moving struct{ of Alternatives }

func (m moving) Alternatives(ctx context.Context, t trip.Trip, leg int) ([]trip.Alternative, error) {
	found, err := m.of.Alternatives(ctx, t, leg)
	a, w := found[0], windowOf(2)
	a.LaterStops = []trip.MovedStop{{Leg: 3, CompanyID: "CAJ", EVSEID: evses[2], Start: w.Start.Add(20 * time.Minute), End: w.End.Add(20 * time.Minute)}}
	return append([]trip.Alternative{a}, found...), err
}

func TestWithdrawnStopOffersWhatMovesLaterStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *Options) { o.Alternatives = moving{o.Alternatives} })
		was := s.book(trip.Ask)
		got := s.withdraw(was)
		if got.Decision == nil || len(got.Decision.Alternatives) == 0 || len(got.Decision.Alternatives[0].LaterStops) == 0 {
			t.Fatalf("%+v", got.Decision)
		}
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Take: &got.Decision.Alternatives[0]}); err != nil {
			t.Fatal(err)
		}
		got = s.wait(s.c)
		s.must(got, trip.Confirmed)
		if got.Legs[2].ReservationID != was.Legs[2].ReservationID || s.late(got) != "0 0 20" {
			t.Errorf("%+v", got.Legs)
		}
	})
}

// Another stop is preempted while the driver is asked: the trip shows it at once,
// and the choice is carried out all the same.
func TestPreemptedWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		got := s.book(trip.Ask)
		if got.State != trip.AwaitingDecision {
			t.Fatal(got.State)
		}
		id := got.Legs[2].ReservationID
		s.w.set(func() { s.w.rsv[id].State = charging.Preempted })
		ahead := s.w.block(evses[2], windowOf(2), charging.Claimed, older, false)
		if err := s.c.Notice(t.Context(), charging.Notice{TripID: testTrip, ReservationID: id, Leg: 3, State: charging.Preempted}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got = s.wait(s.c)
		if kept, _ := s.m.Load(t.Context(), testTrip); got.Legs[2].State != charging.Preempted || kept.Legs[2].State != charging.Preempted {
			t.Errorf("shown %s, in the journal %s", got.Legs[2].State, kept.Legs[2].State)
		}
		s.w.set(func() { ahead.State = charging.Canceled })
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Take: &got.Decision.Alternatives[0]}); err != nil {
			t.Fatal(err)
		}
		got = s.wait(s.c)
		if got.State != trip.AwaitingDecision || got.Decision.Leg != 3 || got.Decision.Code != charging.CodeHoldPreempted {
			t.Fatalf("%s %+v", got.State, got.Decision)
		}
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Wait: true}); err != nil {
			t.Fatal(err)
		}
		s.must(s.wait(s.c), trip.Confirmed)
	})
}
