package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

var _ charging.Mover = party{}

// Move is a company's, as pkg/charging/companytest holds the real ones to it.
func (p party) Move(ctx context.Context, m charging.Move) (charging.Reservation, error) {
	return p.do(ctx, "move", 0, m.Ref, func() (charging.Reservation, error) {
		s, err := p.find(m.Ref)
		switch {
		case err != nil:
			return charging.Reservation{}, err
		case s.State == charging.Charging && !s.Window.Start.Equal(m.To.Start):
			return s.Reservation, charging.Refuse(charging.CodeInvalidWindow, "")
		case !s.State.Booked():
			return s.Reservation, charging.Refuse(charging.CodeAlreadyCompensated, "")
		}
		last := p.w.moves[m.ID]
		same := s.Window.Equal(m.To)
		if m.Seq < last || m.Seq == last && !same {
			return s.Reservation, charging.Refuse(charging.CodeIDReused, "")
		}
		for _, o := range p.w.rsv {
			if o != s && o.EVSEID == s.EVSEID && o.live() && o.Window.Overlaps(m.To) {
				return s.Reservation, charging.Refuse(charging.CodeSlotTaken, "")
			}
		}
		p.w.moves[m.ID] = m.Seq
		if !same {
			p.w.fence++
			s.Window, s.Fence = m.To, p.w.fence
		}
		return s.Reservation, nil
	})
}

// delayed are stops 2 and 3 of the draft, so many minutes later.
func delayed(minutes int) []trip.Leg {
	legs := draft(trip.Abort).Legs[1:]
	for k := range legs {
		legs[k].Start = legs[k].Start.Add(time.Duration(minutes) * time.Minute)
		legs[k].End = legs[k].End.Add(time.Duration(minutes) * time.Minute)
	}
	return legs
}

// windows are the minutes that the trip's stops are late by, as it believes and
// as the companies have it; they must agree.
func (s *stage) late(tr trip.Trip) string {
	s.t.Helper()
	var out []string
	for k, l := range tr.Legs {
		s.w.mu.Lock()
		r := *s.w.rsv[l.ReservationID]
		s.w.mu.Unlock()
		if r.Fence != l.Fence {
			s.t.Errorf("leg %d has the fence %d, its company %d", l.Leg, l.Fence, r.Fence)
		}
		if r.State != charging.Reserved || !r.Window.Equal(l.Window()) || l.State != charging.Reserved {
			s.t.Errorf("leg %d is %s in %s; its company has %s in %s", l.Leg, l.State, l.Window(), r.State, r.Window)
		}
		out = append(out, fmt.Sprint(int(l.Start.Sub(windowOf(k).Start).Minutes())))
	}
	if held := s.w.held(testTrip); len(held) != len(tr.Legs) {
		s.t.Errorf("the trip holds %v", held)
	}
	return strings.Join(out, " ")
}

func TestShift(t *testing.T) {
	other := delayed(20)
	other[0].EVSEID = "BR*SER*E0007*1"
	longer := delayed(0)[:1]
	longer[0].End = longer[0].End.Add(30 * time.Minute)
	twice := append(delayed(20), delayed(20)...)
	for name, c := range map[string]struct {
		legs  []trip.Leg
		block *charging.Window // of a stranger at stop 2
		code  charging.Code
		want  string
	}{
		"twenty minutes later":       {legs: delayed(20), want: "0 20 20"},
		"earlier":                    {legs: delayed(-20), want: "0 -20 -20"},
		"so late that nothing meets": {legs: delayed(70), want: "0 70 70"},
		"longer":                     {legs: longer, want: "0 0 0"},
		"one of them elsewhere":      {legs: other, want: "0 20 20"},
		"a stranger comes next":      {legs: delayed(20), block: &charging.Window{Start: windowOf(1).End, End: windowOf(1).End.Add(time.Hour)}, code: charging.CodeSlotTaken, want: "0 0 0"},
		"a stranger far later":       {legs: delayed(70), block: &charging.Window{Start: windowOf(1).End.Add(30 * time.Minute), End: windowOf(1).End.Add(time.Hour)}, code: charging.CodeSlotTaken, want: "0 0 0"},
		"a stop comes twice":         {legs: twice, code: charging.CodeInvalidField, want: "0 0 0"},
		"not in travel order":        {legs: delayed(180)[:1], code: charging.CodeInvalidWindow, want: "0 0 0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.must(s.book(trip.Abort), trip.Confirmed)
				if c.block != nil {
					s.w.block(evses[1], *c.block, charging.Reserved, "", true)
				}
				_, err := s.c.Shift(t.Context(), testTrip, c.legs)
				if charging.CodeOf(err) != c.code {
					t.Fatalf("shift: %v, want %q", err, c.code)
				}
				s.settleOrDie() // a command is answered before its trip has come to rest
				got := s.wait(s.c)
				if late := s.late(got); late != c.want || got.Saga.Shift != nil {
					t.Errorf("late by %s, want %s; %+v", late, c.want, got.Saga.Shift)
				}
				if c.code == "" && !slices.EqualFunc(got.Legs[1:1+len(c.legs)], c.legs, func(a, b trip.Leg) bool { return a.EVSEID == b.EVSEID && a.End.Equal(b.End) }) {
					t.Errorf("legs %+v, want %+v", got.Legs, c.legs)
				}
			})
		})
	}
}

// TestShiftAgainAndAgain: each shift numbers its moves on, and a swap begins anew.
func TestShiftAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		for _, minutes := range []int{20, 10, 30, 0} {
			if _, err := s.c.Shift(t.Context(), testTrip, delayed(minutes)); err != nil {
				t.Fatal(err)
			}
			if got, want := s.late(s.wait(s.c)), fmt.Sprintf("0 %d %d", minutes, minutes); got != want {
				t.Fatalf("late by %s, want %s", got, want)
			}
		}
	})
}

func TestShiftWhoseAnswersAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		s.w.fault = func(step string, _ int, _ charging.Ref, n int, after bool) error {
			if step == "move" && after && n%2 == 1 {
				return errNetwork
			}
			return nil
		}
		if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		time.Sleep(2 * time.Minute)
		if got := s.late(s.wait(s.c)); got != "0 20 20" {
			t.Errorf("late by %s", got)
		}
		cancel()
		synctest.Wait()
	})
}

// movesUnanswered loses the answer to every move at the second stop's company.
func movesUnanswered(step string, _ int, ref charging.Ref, _ int, after bool) error {
	if step == "move" && ref.EVSEID == evses[1] && after {
		return errNetwork
	}
	return nil
}

// TestShiftWithACompanyAway: the trip keeps its stops, and what was taken is
// given back once the company answers.
func TestShiftWithACompanyAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		s.w.fault = movesUnanswered
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); err == nil {
			t.Fatal("shifted with a company away")
		}
		s.w.set(func() { s.w.fault = nil })
		time.Sleep(2 * time.Minute)
		got := s.wait(s.c)
		if late := s.late(got); late != "0 0 0" || got.Saga.Shift != nil {
			t.Errorf("late by %s, shift %+v", late, got.Saga.Shift)
		}
		cancel()
		synctest.Wait()
	})
}

// TestShiftOfATripThatComesToItsEnd: found by the chaos run. A change that is not
// acknowledged everywhere outlives neither the trip's stops nor, once its company
// answers, the trip.
func TestShiftOfATripThatComesToItsEnd(t *testing.T) {
	for name, end := range map[string]func(s *stage, got trip.Trip, over *atomic.Bool){
		"every stop is withdrawn": func(s *stage, got trip.Trip, _ *atomic.Bool) {
			for _, k := range []int{0, 2, 1} { // the one that is away last
				l := got.Legs[k]
				s.w.set(func() { s.w.rsv[l.ReservationID].State = charging.Canceled })
				n := charging.Notice{TripID: testTrip, ReservationID: l.ReservationID, Leg: k + 1, State: charging.Canceled, Reason: "BROKEN_CHARGER"}
				if err := s.c.Notice(s.t.Context(), n); err != nil {
					s.t.Fatal(err)
				}
			}
		},
		"the last window has ended": func(s *stage, _ trip.Trip, over *atomic.Bool) {
			over.Store(true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var over atomic.Bool
				s := newStage(t, func(o *Options) {
					o.Until = func(time.Time) time.Duration {
						if over.Load() {
							return -time.Hour
						}
						return time.Hour
					}
				})
				s.must(s.book(trip.Abort), trip.Confirmed)
				s.w.fault = movesUnanswered
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go s.c.Run(ctx)
				if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); err == nil {
					t.Fatal("shifted with a company away")
				}
				got := s.wait(s.c)
				if got.Saga.Shift == nil {
					t.Fatal("there is nothing left to settle: the test tests nothing")
				}
				end(s, got, &over)
				time.Sleep(2 * time.Minute)
				if got = s.wait(s.c); got.State == trip.Confirmed {
					if len(got.Decisions) != 3 || got.Saga.Shift != nil {
						t.Errorf("asks %+v, shift %+v", got.Decisions, got.Saga.Shift)
					}
					time.Sleep(time.Hour) // nobody answers
				}
				got = s.wait(s.c)
				want := trip.Completed
				if name == "every stop is withdrawn" {
					want = trip.Canceled
				}
				if got.State != want || got.Saga.Shift != nil {
					t.Errorf("%s, shift %+v", got.State, got.Saga.Shift)
				}
				epoch := got.Saga.Epoch
				time.Sleep(10 * time.Minute)
				if got = s.wait(s.c); got.Saga.Epoch != epoch {
					t.Errorf("still looked at: epoch %d, then %d", epoch, got.Saga.Epoch)
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}

// crashes kills the server at each of a shift's steps, lets another one take
// over, and checks that the trip is shifted whole or not at all.
func TestCrashAtEveryStepOfAShift(t *testing.T) {
	mixed := delayed(20)
	mixed[1].EVSEID = "BR*CAJ*E0007*1"
	scenes := map[string]struct {
		legs  []trip.Leg
		block bool
		ends  []string
	}{
		"moved":    {legs: delayed(20), ends: []string{"0 0 0", "0 20 20"}},
		"replaced": {legs: mixed, ends: []string{"0 0 0", "0 20 20"}},
		"refused":  {legs: delayed(20), block: true, ends: []string{"0 0 0"}},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			points := 0
			for at := 0; at <= points; at++ {
				t.Run(fmt.Sprint(at), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						n := crashShift(t, at, scene.legs, scene.block, scene.ends)
						if at == 0 {
							points = n
						}
					})
				})
			}
			if points < 8 {
				t.Fatalf("only %d crash points", points)
			}
		})
	}
}

func crashShift(t *testing.T, at int, legs []trip.Leg, block bool, ends []string) int {
	s := newStage(t)
	s.must(s.book(trip.Abort), trip.Confirmed)
	s.settleOrDie()
	if block {
		s.w.block(evses[1], charging.Window{Start: windowOf(1).End, End: windowOf(1).End.Add(time.Hour)}, charging.Reserved, "", true)
	}
	p := &crashPoint{at: at, kill: s.c.Kill}
	s.m.before = func(int, trip.Trip) error { return p.pass() }
	s.w.fault = func(string, int, charging.Ref, int, bool) error {
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		return p.pass()
	}
	_, err := s.c.Shift(t.Context(), testTrip, slices.Clone(legs))
	if err == nil && block {
		t.Fatal("shifted over a stranger's stop")
	}
	s.settleOrDie()
	dead(s.c)
	synctest.Wait()
	s.m.mu.Lock()
	p.at = -1
	s.m.mu.Unlock()
	two := s.server("two")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go two.Run(ctx)
	time.Sleep(2 * time.Minute) // the clock is the test's
	got := s.wait(two)
	if late := s.late(got); got.State != trip.Confirmed || !slices.Contains(ends, late) || got.Saga.Shift != nil {
		t.Fatalf("%s, late by %s, want one of %q; shift %+v", got.State, late, ends, got.Saga.Shift)
	}
	if got.Legs[1].MoveSeq > 0 {
		// A message from the past must not undo what is now.
		s.w.set(func() { s.w.fault = nil })
		l := got.Legs[1]
		_, err := party{s.w}.Move(t.Context(), charging.Move{Ref: got.Ref(1), Seq: l.MoveSeq - 1, To: windowOf(5)})
		if !errors.Is(err, charging.CodeIDReused) {
			t.Errorf("an old move: %v", err)
		}
	}
	cancel()
	synctest.Wait()
	return p.seen
}

func TestCancelAfterAShift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.c.Cancel(t.Context(), testTrip); err != nil {
			t.Fatal(err)
		}
		s.must(s.wait(s.c), trip.Canceled)
	})
}

// TestAPluggedCarOnlyStaysLonger: its stop cannot be exchanged under it.
func TestAPluggedCarOnlyStaysLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Abort)
		if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 2, 0.2)); err != nil {
			t.Fatal(err)
		}
		elsewhere := delayed(70)
		if _, err := s.c.Shift(t.Context(), testTrip, elsewhere); charging.CodeOf(err) != charging.CodeSessionOpen {
			t.Errorf("a stop was taken from under its car: %v", err)
		}
		longer := delayed(0)[:1]
		longer[0].End = longer[0].End.Add(20 * time.Minute)
		if _, err := s.c.Shift(t.Context(), testTrip, longer); err != nil {
			t.Fatal(err)
		}
		got = s.wait(s.c)
		if l := got.Legs[1]; l.State != charging.Charging || l.Session == nil || l.Session.StartSoC != 0.2 || !l.End.Equal(longer[0].End) {
			t.Errorf("the session is lost: %s %+v", l.State, l.Session)
		}
		if r := s.w.is(got.Legs[1].ReservationID); r.State != charging.Charging || !r.Window.Equal(longer[0].Window()) {
			t.Errorf("its company has it %s in %s", r.State, r.Window)
		}
	})
}

// TestProposal is put up once, and goes with the change or when it is taken down.
func TestProposal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.must(s.book(trip.Abort), trip.Confirmed)
		l := delayed(20)[0]
		p := &trip.Decision{Leg: 2, Code: charging.CodeTooLate, Alternatives: []trip.Alternative{{
			ID: "a", Leg: 2, CompanyID: l.CompanyID, EVSEID: l.EVSEID, Start: l.Start, End: l.End,
		}}}
		for range 2 {
			if got, err := s.c.Propose(t.Context(), testTrip, p); err != nil || got.Proposal == nil {
				t.Fatalf("%+v %v", got.Proposal, err)
			}
			if got, err := s.c.Propose(t.Context(), testTrip, nil); err != nil || got.Proposal != nil {
				t.Fatalf("%+v %v", got.Proposal, err)
			}
		}
		if _, err := s.c.Propose(t.Context(), testTrip, p); err != nil {
			t.Fatal(err)
		}
		if got, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{l}); err != nil || got.Proposal != nil {
			t.Fatalf("%+v %v", got.Proposal, err)
		}
	})
}
