package booking

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// scene is something done to a booked trip, killed at each of its steps.
type scene struct {
	set, act func(s *stage, t trip.Trip)
	// again is what its car or driver does when no answer came.
	again bool
	// ends are the states that the stops may be left in.
	ends [][]charging.State
}

func sceneStates(all ...string) [][]charging.State {
	letters := map[rune]charging.State{'r': charging.Reserved, 'c': charging.Charging, 'f': charging.Fulfilled, '-': charging.Canceled}
	var out [][]charging.State
	for _, a := range all {
		var one []charging.State
		for _, l := range a {
			one = append(one, letters[l])
		}
		out = append(out, one)
	}
	return out
}

func plugAt(s *stage, t trip.Trip) {
	v := visit(t, 2, 0.2)
	v.Plug.At = windowOf(1).Start
	_, _ = s.c.Plug(s.t.Context(), testTrip, v)
}

func unplugAt(s *stage, t trip.Trip) {
	v := visit(t, 2, 0.7)
	v.Plug.At, v.Plug.EnergyKWh = windowOf(1).Start.Add(30*time.Minute), kWh(17)
	_, _ = s.c.Unplug(s.t.Context(), testTrip, v)
}

func loseTwo(s *stage, t trip.Trip) {
	s.lose(t, 2, charging.Canceled)
	s.lose(t, 3, charging.Canceled)
}

// scenes with their cars' and drivers' commands. Cancels meet a stop that cannot
// be released: the first, whose terms are over.
var scenes = map[string]scene{
	"plug":                   {act: plugAt, ends: sceneStates("rrr", "rcr")},
	"plug, and again":        {act: plugAt, again: true, ends: sceneStates("rcr")},
	"unplug":                 {set: plugAt, act: unplugAt, ends: sceneStates("rcr", "rfr")},
	"unplug, and again":      {set: plugAt, act: unplugAt, again: true, ends: sceneStates("rfr")},
	"the unplug first":       {act: func(s *stage, t trip.Trip) { unplugAt(s, t); plugAt(s, t) }, ends: sceneStates("rrr", "rcr", "rfr")},
	"the unplug, then again": {act: func(s *stage, t trip.Trip) { unplugAt(s, t); plugAt(s, t) }, again: true, ends: sceneStates("rfr")},
	"cancel in part": {
		act: func(s *stage, _ trip.Trip) { _, _ = s.c.Cancel(s.t.Context(), testTrip) }, again: true, ends: sceneStates("r--"),
	},
	"a lost stop is taken anew": {
		set: loseTwo, again: true, ends: sceneStates("rr-"),
		act: func(s *stage, t trip.Trip) {
			alts, _ := others{}.Alternatives(s.t.Context(), t, 2)
			_, _ = s.c.Decide(s.t.Context(), testTrip, Choice{Leg: 2, Take: &alts[0]})
		},
	},
	"a lost stop is let go": {
		set: loseTwo, again: true, ends: sceneStates("r--"),
		act: func(s *stage, _ trip.Trip) { _, _ = s.c.Decide(s.t.Context(), testTrip, Choice{Leg: 2, GiveUp: true}) },
	},
}

// TestCrashAtEveryStepOfASession kills the server before each journal write, and
// before and after each call, of what is done to a booked trip. Another one takes
// over: the trip has what its companies have, and every bill is the trip's.
func TestCrashAtEveryStepOfASession(t *testing.T) {
	for name, sc := range scenes {
		t.Run(name, func(t *testing.T) {
			points := 0
			for at := 0; at <= points; at++ {
				t.Run(fmt.Sprint(at), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						n := crashSession(t, at, sc)
						if at == 0 {
							points = n
						}
					})
				})
			}
			if points < 3 {
				t.Fatalf("only %d crash points", points)
			}
		})
	}
}

func crashSession(t *testing.T, at int, sc scene) int {
	tune := func(o *Options) {
		o.CancelableUntil = func(_ context.Context, l trip.Leg) (time.Time, bool) {
			return time.Now().Add(time.Duration(l.Leg-2)*time.Hour + time.Minute), true
		}
	}
	s := newStage(t, tune)
	got := s.book(trip.Ask)
	s.settleOrDie()
	if sc.set != nil {
		sc.set(s, got)
		s.settleOrDie()
	}
	p := &crashPoint{at: at, kill: s.c.Kill}
	s.m.before = func(int, trip.Trip) error { return p.pass() }
	s.w.fault = func(string, int, charging.Ref, int, bool) error {
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		return p.pass()
	}
	sc.act(s, got)
	s.settleOrDie()
	dead(s.c)
	synctest.Wait()
	s.m.mu.Lock()
	p.at = -1
	s.m.mu.Unlock()
	s.c = s.server("two", tune)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go s.c.Run(ctx)
	if sc.again {
		time.Sleep(10 * time.Second)
		sc.act(s, got)
	}
	time.Sleep(10 * time.Second) // the dead one's lease
	s.deliver()
	time.Sleep(2 * time.Minute) // the clock is the test's
	rec := s.rested()
	if !slices.ContainsFunc(sc.ends, func(e []charging.State) bool { return slices.Equal(e, states(rec)) }) {
		t.Errorf("left %v, want one of %v", states(rec), sc.ends)
	}
	s.agrees(rec)
	cancel()
	synctest.Wait()
	return p.seen
}

// agrees asserts that a trip at rest has what its companies have: nothing is held
// that is not one of its stops, no stop is held that it believes gone, and every
// bill is on one of its stops.
func (s *stage) agrees(rec trip.Trip) {
	s.t.Helper()
	if g := rec.Saga; g.Plugging != nil || g.Shift != nil || len(g.Abandoned) > 0 || g.Stuck != nil {
		s.t.Errorf("at rest with plugging %+v, shift %+v, left %+v, stuck %+v", g.Plugging, g.Shift, g.Abandoned, g.Stuck)
	}
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.w.twice > 0 {
		s.t.Errorf("the vehicle had two sessions at once, %d times", s.w.twice)
	}
	for id, r := range s.w.rsv {
		if r.TripID != testTrip {
			continue
		}
		k := slices.IndexFunc(rec.Legs, func(l trip.Leg) bool { return l.ReservationID == id })
		switch billed := r.State == charging.Fulfilled && r.Session.EnergyKWh > 0; {
		case k < 0 && (r.live() || billed):
			s.t.Errorf("%s at %s is no stop of the trip any more", r.State, r.EVSEID)
		case k < 0:
		case r.State != rec.Legs[k].State && (r.live() || billed || rec.Legs[k].State.Booked()):
			s.t.Errorf("stop %d is %s, its company has it %s", k+1, rec.Legs[k].State, r.State)
		case billed && (rec.Legs[k].Session == nil || rec.Legs[k].Session.EnergyKWh != r.Session.EnergyKWh):
			s.t.Errorf("stop %d is billed %v kWh, the trip has %+v", k+1, r.Session.EnergyKWh, rec.Legs[k].Session)
		case r.State.Booked() && !r.Window.Equal(rec.Legs[k].Window()):
			s.t.Errorf("stop %d is in %s, the trip has %s", k+1, r.Window, rec.Legs[k].Window())
		}
	}
}
