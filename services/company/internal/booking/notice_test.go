package booking

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// lose takes a stop away as its company does, and tells the saga.
func (s *stage) lose(t trip.Trip, leg int, to charging.State) trip.Trip {
	s.t.Helper()
	id := t.Legs[leg-1].ReservationID
	s.w.set(func() { s.w.rsv[id].State = to })
	n := charging.Notice{TripID: testTrip, ReservationID: id, Leg: leg, State: to, Reason: "POWER_OUTAGE"}
	if err := s.c.Notice(s.t.Context(), n); err != nil {
		s.t.Fatal(err)
	}
	s.settleOrDie()
	rec, err := s.m.Load(s.t.Context(), testTrip)
	if err != nil {
		s.t.Fatal(err)
	}
	return rec
}

// awake is a stage whose server looks after resting trips, and whose windows begin
// in so long (real time).
func awake(t *testing.T, first time.Duration) (*stage, context.CancelFunc) {
	began := time.Now()
	s := newStage(t, func(o *Options) {
		o.Poll = 10 * time.Second
		o.Until = func(at time.Time) time.Duration { return at.Sub(windowOf(0).Start) + first - time.Since(began) }
	})
	ctx, cancel := context.WithCancel(t.Context())
	go s.c.Run(ctx)
	return s, func() { cancel(); synctest.Wait() }
}

// The only stop that was left is lost days before its window: the trip stays, and
// asks, and can be answered.
func TestTheLastStopIsLost(t *testing.T) {
	for name, act := range map[string]struct {
		choice *Choice
		state  trip.State
	}{
		"taken anew": {&Choice{Leg: 1}, trip.Confirmed}, "let go": {&Choice{Leg: 1, GiveUp: true}, trip.Canceled},
		"given up": {&Choice{GiveUp: true}, trip.Canceled}, "unanswered": {nil, trip.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, stop := awake(t, 48*time.Hour)
				defer stop()
				one := draft(trip.Ask)
				one.Legs = one.Legs[:1]
				if _, err := s.c.Start(t.Context(), one); err != nil {
					t.Fatal(err)
				}
				rec := s.lose(s.wait(s.c), 1, charging.Canceled)
				time.Sleep(40 * time.Hour)
				if rec, _ = s.m.Load(t.Context(), testTrip); rec.State != trip.Confirmed || len(rec.Decisions) != 1 || rec.Decision == nil {
					t.Fatalf("%s, asks %+v", rec.State, rec.Decisions)
				}
				if c := act.choice; c != nil {
					if !c.GiveUp {
						c.Take = &rec.Decisions[0].Alternatives[0]
					}
					if _, err := s.c.Decide(t.Context(), testTrip, *c); err != nil {
						t.Fatal(err)
					}
					s.settleOrDie()
				} else {
					time.Sleep(9 * time.Hour)
				}
				if rec, _ = s.m.Load(t.Context(), testTrip); rec.State != act.state || len(rec.Decisions) != 0 {
					t.Errorf("%s, asks %+v", rec.State, rec.Decisions)
				}
			})
		})
	}
}

// Two stops are lost by one outage: two questions, each with its own deadline and
// its own answer; on the way to the first one the car stays somewhere for 20 min.
func TestTwoStopsAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := awake(t, 10*time.Hour)
		defer stop()
		d := draft(trip.Ask)
		d.Legs[1].DriveMinutes, d.Legs[2].DriveMinutes = 90, 30
		d.Saga.Journey = &trip.Journey{Via: []trip.Waypoint{{StayMinutes: 20, AfterLeg: 1}}}
		if _, err := s.c.Start(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		booked := s.wait(s.c)
		s.lose(booked, 2, charging.Canceled)
		rec := s.lose(booked, 3, charging.Canceled)
		if len(rec.Decisions) != 2 || rec.Decision.Leg != 2 || rec.Question(3) == nil {
			t.Fatalf("asks %+v", rec.Decisions)
		}
		for leg, want := range map[int]time.Duration{2: 10*time.Hour + 10*time.Minute, 3: 13*time.Hour + 30*time.Minute} {
			if left := rec.Question(leg).ExpiresAt.Sub(began); left < want-time.Minute || left > want+time.Minute {
				t.Errorf("stop %d can be decided about for %s, want %s", leg, left, want)
			}
		}
		for name, c := range map[string]Choice{
			"wait for nobody": {Leg: 3, Wait: true}, "no question": {Leg: 1, GiveUp: true}, "another's alternative": {Leg: 2, Take: &rec.Question(3).Alternatives[0]},
		} {
			if _, err := s.c.Decide(t.Context(), testTrip, c); charging.CodeOf(err) == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Leg: 3, Take: &rec.Question(3).Alternatives[0]}); err != nil {
			t.Fatal(err)
		}
		if rec = s.rested(); len(rec.Decisions) != 1 || rec.Decision.Leg != 2 || rec.Legs[2].State != charging.Reserved {
			t.Fatalf("asks %+v, %v", rec.Decisions, states(rec))
		}
		time.Sleep(11 * time.Hour) // the other's deadline
		if rec = s.rested(); rec.State != trip.Confirmed || len(rec.Decisions) != 0 || rec.Legs[1].State != charging.Canceled || rec.Legs[2].State != charging.Reserved {
			t.Errorf("%s, asks %+v, %v", rec.State, rec.Decisions, states(rec))
		}
	})
}

// rested is the trip's record once its run has come to rest.
func (s *stage) rested() trip.Trip {
	s.t.Helper()
	s.settleOrDie()
	rec, err := s.m.Load(s.t.Context(), testTrip)
	if err != nil {
		s.t.Fatal(err)
	}
	return rec
}

// Nobody came: what the plug recommends can be done.
func TestANoShowIsAskedAbout(t *testing.T) {
	for name, answer := range map[string]bool{"answered": true, "unanswered": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, stop := awake(t, -30*time.Minute)
				defer stop()
				one := draft(trip.Ask)
				one.Legs = one.Legs[:1]
				if _, err := s.c.Start(t.Context(), one); err != nil {
					t.Fatal(err)
				}
				rec := s.lose(s.wait(s.c), 1, charging.NoShow)
				if q := rec.Question(1); rec.State != trip.Confirmed || q == nil || q.Code != charging.CodeTooLate || time.Until(q.ExpiresAt) < 29*time.Second {
					t.Fatalf("%s, asks %+v", rec.State, rec.Decisions)
				}
				if _, err := s.c.Plug(t.Context(), testTrip, visit(rec, 1, 0.2)); charging.CodeOf(err) != charging.CodeTooLate {
					t.Errorf("at the plug: %v", err)
				}
				want, state := trip.Completed, charging.NoShow
				if answer {
					if _, err := s.c.Decide(t.Context(), testTrip, Choice{Take: &rec.Decision.Alternatives[0]}); err != nil {
						t.Fatal(err)
					}
					want, state = trip.Confirmed, charging.Reserved
				} else {
					time.Sleep(time.Minute)
				}
				if rec = s.rested(); rec.State != want || rec.Legs[0].State != state || len(rec.Saga.Abandoned) != 0 {
					t.Errorf("%s %v, asks %+v", rec.State, states(rec), rec.Decisions)
				}
				if n := s.w.count["compensate/"+string(evses[0])]; n != 0 {
					t.Errorf("its company was asked %d times to release what is over", n)
				}
			})
		})
	}
}

// A car that stays at home: under replan the first stop that it misses is replaced,
// the next one is asked about, and the trip ends.
func TestReplanAnswersANoShowOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := awake(t, -30*time.Minute)
		defer stop()
		one := draft(trip.Replan)
		one.Legs = one.Legs[:1]
		if _, err := s.c.Start(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		first := s.wait(s.c)
		second := s.lose(first, 1, charging.NoShow)
		if l := second.Legs[0]; l.State != charging.Reserved || l.ReservationID == first.Legs[0].ReservationID || second.Saga.Missed != 1 {
			t.Fatalf("not replaced: %+v, missed %d, asks %+v", l, second.Saga.Missed, second.Decisions)
		}
		third := s.lose(second, 1, charging.NoShow)
		if third.State != trip.Confirmed || third.Legs[0].State != charging.NoShow || third.Question(1) == nil {
			t.Fatalf("%s %v, asks %+v", third.State, states(third), third.Decisions)
		}
		time.Sleep(time.Minute)
		if rec := s.rested(); rec.State != trip.Completed {
			t.Errorf("%s %v, asks %+v", rec.State, states(rec), rec.Decisions)
		}
	})
}

// Who was late once and came then may be late again.
func TestAPlugEndsTheCountOfNoShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := awake(t, time.Hour)
		defer stop()
		was := s.book(trip.Replan)
		rec := s.lose(was, 1, charging.NoShow)
		if rec.Saga.Missed != 1 || rec.Legs[0].State != charging.Reserved {
			t.Fatalf("missed %d, %v", rec.Saga.Missed, states(rec))
		}
		rec, err := s.c.Plug(t.Context(), testTrip, visit(rec, 1, 0.2))
		if err != nil || rec.Legs[0].State != charging.Charging {
			t.Fatalf("%v, %v", states(rec), err)
		}
		if rec = s.rested(); rec.Saga.Missed != 0 {
			t.Errorf("missed %d after a plug", rec.Saga.Missed)
		}
	})
}

// A question that was put in the last minutes of a trip stays open for its time,
// and no longer.
func TestAQuestionOutlivesTheLastWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := awake(t, -59*time.Minute) // one minute of the window is left
		defer stop()
		one := draft(trip.Ask)
		one.Legs, one.Saga.DecisionTimeout = one.Legs[:1], 10*time.Minute
		if _, err := s.c.Start(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		s.lose(s.wait(s.c), 1, charging.NoShow)
		time.Sleep(5 * time.Minute)
		if rec := s.rested(); rec.State != trip.Confirmed || len(rec.Decisions) != 1 {
			t.Errorf("%s, asks %+v", rec.State, rec.Decisions)
		}
		time.Sleep(6 * time.Minute)
		if rec := s.rested(); rec.State != trip.Completed {
			t.Errorf("%s, asks %+v", rec.State, rec.Decisions)
		}
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		if !slices.ContainsFunc(s.m.log[testTrip], func(e trip.Entry) bool { return e.Step == "decide" && e.Answer == "missed" }) {
			t.Error("the journal does not say that the answer was missed")
		}
	})
}

// Where a stop was used the trip is COMPLETED, whatever was lost besides.
func TestAUsedTripThatLosesTheRestIsCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := awake(t, time.Hour)
		defer stop()
		got := s.plugged(1)
		if _, err := s.c.Unplug(t.Context(), testTrip, visit(got, 1, 0.8)); err != nil {
			t.Fatal(err)
		}
		s.lose(got, 2, charging.Canceled)
		rec := s.lose(got, 3, charging.Canceled)
		if rec.State != trip.Confirmed || len(rec.Decisions) != 2 {
			t.Fatalf("%s, asks %+v", rec.State, rec.Decisions)
		}
		for leg := 2; leg <= 3; leg++ {
			if _, err := s.c.Decide(t.Context(), testTrip, Choice{Leg: leg, GiveUp: true}); err != nil {
				t.Fatal(err)
			}
		}
		if rec = s.rested(); rec.State != trip.Completed {
			t.Errorf("%s %v", rec.State, states(rec))
		}
	})
}

// What a change rests on is looked at again when it is made: here the stop was
// moved, or exchanged, since the alternatives were asked for.
func TestAChangeOfAStopThatHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		was := s.book(trip.Ask)
		alts, _ := others{}.Alternatives(t.Context(), was, 2)
		longer := was.Legs[1]
		longer.End = longer.End.Add(20 * time.Minute)
		if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{longer}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.c.Shift(t.Context(), testTrip, was.Taking(alts[0])); charging.CodeOf(err) != charging.CodeUnknownAlternative {
			t.Errorf("moved meanwhile: %v", err)
		}
		now := s.rested()
		if _, err := s.c.Shift(t.Context(), testTrip, now.Taking(alts[0])); err != nil {
			t.Fatal(err)
		}
		if _, err := s.c.Shift(t.Context(), testTrip, now.Taking(alts[1])); charging.CodeOf(err) != charging.CodeUnknownAlternative {
			t.Errorf("exchanged meanwhile: %v", err)
		}
		if _, err := s.c.Propose(t.Context(), testTrip, &trip.Decision{Leg: 4}); charging.CodeOf(err) != charging.CodeUnknownAlternative {
			t.Errorf("a proposal for no stop: %v", err)
		}
	})
}

// priced offers the lost stop for 2.66 more.
type priced struct{ of Alternatives }

func (p priced) Alternatives(ctx context.Context, t trip.Trip, leg int) ([]trip.Alternative, error) {
	found, err := p.of.Alternatives(ctx, t, leg)
	for i := range found {
		found[i].DeltaPrice = 2.66
	}
	return found, err
}

// What was offered is the price, to the cent, by whatever way it is taken.
func TestAnAlternativesPriceIsTheStops(t *testing.T) {
	for name, take := range map[string]func(s *stage){
		"continue": func(s *stage) {
			s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
			d := draft(trip.Ask)
			d.Legs[1].Price = 85.88
			if _, err := s.c.Start(s.t.Context(), d); err != nil {
				s.t.Fatal(err)
			}
			asks := s.wait(s.c)
			if _, err := s.c.Decide(s.t.Context(), testTrip, Choice{Take: &asks.Decision.Alternatives[0]}); err != nil {
				s.t.Fatal(err)
			}
		},
		"replan": func(s *stage) {
			s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
			d := draft(trip.Replan)
			d.Legs[1].Price = 85.88
			if _, err := s.c.Start(s.t.Context(), d); err != nil {
				s.t.Fatal(err)
			}
		},
		"a lost stop": func(s *stage) {
			d := draft(trip.Replan)
			d.Legs[1].Price = 85.88
			if _, err := s.c.Start(s.t.Context(), d); err != nil {
				s.t.Fatal(err)
			}
			s.lose(s.wait(s.c), 2, charging.Canceled)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, func(o *Options) { o.Alternatives = priced{o.Alternatives} })
				take(s)
				got := s.wait(s.c)
				s.must(got, trip.Confirmed)
				if got.Legs[1].Price != 88.54 || got.Legs[1].EVSEID == evses[1] {
					t.Errorf("%v at %s", got.Legs[1].Price, got.Legs[1].EVSEID)
				}
			})
		})
	}
}

// While a trip asks, one silent company costs it its own stop only.
func TestASilentCompanyCostsItsOwnStopOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *Options) {
			o.CallTimeout, o.HoldTTL, o.Lease, o.ConfirmBudget = 5*time.Second, 12*time.Second, 6*time.Second, 4*time.Second
		})
		d := draft(trip.Ask)
		for n := range 4 { // a trip of seven stops
			l := d.Legs[2]
			l.Leg, l.Start, l.End = 4+n, windowOf(3+n).Start, windowOf(3+n).End
			d.Legs = append(d.Legs, l)
		}
		silent := func(step string, _ int, ref charging.Ref, _ int, after bool) error {
			if step == "renew" && ref.EVSEID == evses[2] && !after {
				time.Sleep(5 * time.Second) // until its call's time is up
				return context.DeadlineExceeded
			}
			return nil
		}
		s.w.fault = silent
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		if _, err := s.c.Start(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := s.wait(s.c); got.State != trip.AwaitingDecision {
			t.Fatal(got.State)
		}
		time.Sleep(25 * time.Second)
		got, _ := s.c.Peek(testTrip)
		if r := s.w.is(got.Legs[0].ReservationID); r.State != charging.Pending && r.State != charging.Claimed || !s.holds(got.Legs[0].ReservationID) {
			t.Errorf("the first stop, at a healthy company, is %s; %v", r.State, s.w.held(testTrip))
		}
	})
}

// holds reports whether a stop is held in force.
func (s *stage) holds(id charging.ReservationID) bool {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.w.rsv[id].live()
}
