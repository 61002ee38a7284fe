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

// terms let a stop be canceled until so long before its start, at the civil time
// now.
func terms(now *time.Time, before time.Duration, grace time.Duration) func(*Options) {
	return func(o *Options) {
		o.Now = func() time.Time { return *now }
		o.CancelableUntil = func(_ context.Context, l trip.Leg) (time.Time, bool) {
			return charging.Terms{CancelUntil: before, CancelGrace: grace}.CancelableUntil(l.Start, l.BookedAt), true
		}
	}
}

// states of the trip's stops.
func states(t trip.Trip) []charging.State {
	var out []charging.State
	for _, l := range t.Legs {
		out = append(out, l.State)
	}
	return out
}

// Each stop is judged by its own terms.
func TestCancelReleasesWhatItCan(t *testing.T) {
	const c, r, ch, f = charging.Canceled, charging.Reserved, charging.Charging, charging.Fulfilled
	for name, tt := range map[string]struct {
		now   time.Duration // after the start of the first window
		plug  bool          // at the first stop
		leave bool
		end   trip.State
		code  charging.Code
		kept  []trip.Kept
		stops []charging.State
	}{
		"all in time":                   {-2 * time.Hour, false, false, trip.Canceled, "", nil, []charging.State{c, c, c}},
		"the first is too near":         {-30 * time.Minute, false, false, trip.Confirmed, "", []trip.Kept{{Leg: 1, Code: charging.CodeCancelTooLate, Until: windowOf(0).Start.Add(-time.Hour)}}, []charging.State{r, c, c}},
		"while charging":                {0, true, false, trip.Confirmed, "", []trip.Kept{{Leg: 1, Code: charging.CodeSessionOpen}}, []charging.State{ch, c, c}},
		"after charging":                {0, true, true, trip.Canceled, "", nil, []charging.State{f, c, c}},
		"all are too near":              {3*time.Hour + time.Minute, false, false, trip.Confirmed, charging.CodeCancelTooLate, nil, []charging.State{r, r, r}},
		"charging, the others too near": {3*time.Hour + time.Minute, true, false, trip.Confirmed, charging.CodeSessionOpen, nil, []charging.State{ch, r, r}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := windowOf(0).Start.Add(-2 * time.Hour)
				s := newStage(t, terms(&now, time.Hour, 5*time.Minute))
				got := s.book(trip.Ask)
				if tt.plug {
					if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 1, 0.2)); err != nil {
						t.Fatal(err)
					}
				}
				if tt.leave {
					if _, err := s.c.Unplug(t.Context(), testTrip, visit(got, 1, 0.8)); err != nil {
						t.Fatal(err)
					}
				}
				if now = windowOf(0).Start.Add(tt.now); tt.code != "" {
					now = windowOf(2).Start.Add(-time.Minute)
				}
				got, err := s.c.Cancel(t.Context(), testTrip)
				if charging.CodeOf(err) != tt.code {
					t.Fatalf("%v, want %q", err, tt.code)
				}
				if err == nil && (got.State != tt.end || !slices.Equal(got.Kept, tt.kept)) {
					t.Errorf("%s, kept %+v; want %s, %+v", got.State, got.Kept, tt.end, tt.kept)
				}
				s.settleOrDie()
				rec, _ := s.m.Load(t.Context(), testTrip)
				if rec.State != tt.end || !slices.Equal(states(rec), tt.stops) || len(rec.Kept) != 0 || len(rec.Saga.Abandoned) != 0 {
					t.Errorf("%s %v, left %+v, kept on record %+v", rec.State, states(rec), rec.Saga.Abandoned, rec.Kept)
				}
				for k, l := range got.Legs {
					if err == nil && s.w.is(l.ReservationID).State != tt.stops[k] {
						t.Errorf("its company has stop %d as %s", k+1, s.w.is(l.ReservationID).State)
					}
				}
			})
		})
	}
}

// A trip booked two minutes before its first stop can be given back for a while.
func TestTheGraceAfterBooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := windowOf(0).Start.Add(-2 * time.Minute)
		s := newStage(t, terms(&now, time.Hour, 5*time.Minute))
		s.book(trip.Ask)
		now = now.Add(time.Minute)
		if got, err := s.c.Cancel(t.Context(), testTrip); err != nil || got.State != trip.Canceled {
			t.Errorf("%s, %v", got.State, err)
		}
	})
}

// The grace of a stop that was taken later counts from then; a moved one keeps
// its own.
func TestTheGraceOfANewStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := windowOf(0).Start.Add(-10 * time.Hour)
		s := newStage(t, terms(&now, time.Hour, 5*time.Minute))
		got := s.book(trip.Ask)
		booked := now
		now = now.Add(time.Hour)
		other := got.Legs[1]
		other.EVSEID = "BR*SER*E0007*1"
		if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{other}); err != nil {
			t.Fatal(err)
		}
		longer := got.Legs[2]
		longer.End = longer.End.Add(time.Hour)
		if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{longer}); err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]time.Time{1: booked, 2: now, 3: booked} {
			if l := s.leg(n); !l.BookedAt.Equal(want) {
				t.Errorf("stop %d was booked at %s, want %s", n, l.BookedAt, want)
			}
		}
	})
}

// The rest of a trip that was canceled in part ends it.
func TestTheEndOfATripThatWasCanceledInPart(t *testing.T) {
	for name, end := range map[string]trip.State{"used": trip.Completed, "canceled, too": trip.Canceled} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := windowOf(0).Start.Add(-30 * time.Minute)
				s := newStage(t, terms(&now, time.Hour, 0))
				got := s.book(trip.Ask)
				now = now.Add(time.Minute)
				if _, err := s.c.Cancel(t.Context(), testTrip); err != nil {
					t.Fatal(err)
				}
				if name == "used" {
					for _, say := range []func(context.Context, charging.TripID, Visit) (trip.Trip, error){s.c.Plug, s.c.Unplug} {
						if _, err := say(t.Context(), testTrip, visit(got, 1, 0.2)); err != nil {
							t.Fatal(err)
						}
					}
				} else {
					now = now.Add(-time.Hour) // the operator was kind
					if _, err := s.c.Cancel(t.Context(), testTrip); err != nil {
						t.Fatal(err)
					}
				}
				s.settleOrDie()
				if rec, _ := s.m.Load(t.Context(), testTrip); rec.State != end {
					t.Errorf("%s %v", rec.State, states(rec))
				}
			})
		})
	}
}

// A shift that is not acknowledged yet is neither forgotten with the stops that
// are released, nor does it keep theirs from being released.
func TestCancelDuringAShift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := windowOf(1).Start.Add(-30 * time.Minute) // stops 1 and 2 are too near
		s := newStage(t, terms(&now, time.Hour, 0))
		s.must(s.book(trip.Abort), trip.Confirmed)
		now = now.Add(time.Minute)
		s.w.fault = func(step string, _ int, ref charging.Ref, _ int, after bool) error {
			if step == "move" && after { // nobody hears of what was moved
				return errNetwork
			}
			return nil
		}
		if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); err == nil {
			t.Fatal("shifted unheard")
		}
		got, err := s.c.Cancel(t.Context(), testTrip)
		if err != nil || len(got.Kept) != 2 || got.State != trip.Confirmed {
			t.Fatalf("%s, kept %+v, %v", got.State, got.Kept, err)
		}
		if sh := got.Saga.Shift; sh == nil || slices.ContainsFunc(sh.Takes, func(k trip.Take) bool { return k.Leg.Leg == 3 }) {
			t.Errorf("left of the shift: %+v", sh)
		}
		s.w.set(func() { s.w.fault = nil })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		time.Sleep(2 * time.Minute)
		rec, _ := s.m.Load(t.Context(), testTrip)
		if rec.Saga.Shift != nil || len(rec.Saga.Abandoned) != 0 || s.w.is(rec.Legs[2].ReservationID).State != charging.Canceled {
			t.Errorf("shift %+v, left %+v, stop 3 is %s", rec.Saga.Shift, rec.Saga.Abandoned, s.w.is(rec.Legs[2].ReservationID).State)
		}
		for _, l := range rec.Legs[:2] {
			if r := s.w.is(l.ReservationID); r.State != charging.Reserved || !r.Window.Equal(l.Window()) {
				t.Errorf("stop %d is %s in %s, the trip has %s", l.Leg, r.State, r.Window, l.Window())
			}
		}
		cancel()
		synctest.Wait()
	})
}

// The wish to end a trip that asks is in the journal before it is answered: with
// the server dead in that instant, the next one carries it out.
func TestAWishToCancelSurvivesItsServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.asks()
		p.m.before = func(_ int, tr trip.Trip) error {
			if tr.State == trip.Compensating && tr.Saga.Owner == "one" {
				p.c.Kill()
				return context.Canceled
			}
			return nil
		}
		got, err := p.c.Cancel(t.Context(), testTrip)
		if err != nil || !got.Saga.CancelAsked || got.State != trip.AwaitingDecision {
			t.Fatalf("%s, asked %v, %v", got.State, got.Saga.CancelAsked, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.two.Run(ctx)
		end, err := p.two.WaitEnd(t.Context(), testTrip)
		if err != nil || end.Saga.Owner != "two" {
			t.Fatalf("%s, %v", end.State, err)
		}
		p.must(end, trip.Aborted)
		cancel()
		synctest.Wait()
	})
}

// Whoever waits for the end is not content with a question, nor without limit.
func TestWaitEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.asks()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, _ := p.c.WaitEnd(ctx, testTrip); got.State != trip.AwaitingDecision || ctx.Err() == nil {
			t.Errorf("%s, %v", got.State, ctx.Err())
		}
		if _, err := p.c.Cancel(t.Context(), testTrip); err != nil {
			t.Fatal(err)
		}
		if got, err := p.c.WaitEnd(t.Context(), testTrip); err != nil || got.State != trip.Aborted {
			t.Errorf("%s, %v", got.State, err)
		}
	})
}

// What is kept is told by a server that does not have the trip, too.
func TestKeptIsToldThroughTheInbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := windowOf(0).Start.Add(-30 * time.Minute)
		p := newPair(t)
		one := p.server("kept", func(o *Options) { o.Inbox, o.Notify = p.inbox, func(charging.TripID) {}; terms(&now, time.Hour, 0)(o) })
		p.c = one
		p.book(trip.Ask)
		now = now.Add(time.Minute)
		hold := p.busy(one)
		answer := make(chan trip.Trip, 1)
		go func() {
			got, err := p.two.Cancel(t.Context(), testTrip)
			if err != nil {
				t.Error(err)
			}
			answer <- got
		}()
		time.Sleep(20 * time.Millisecond)
		one.OnNotify(testTrip)
		time.Sleep(20 * time.Millisecond)
		close(hold)
		if got := <-answer; len(got.Kept) != 1 || got.Kept[0].Leg != 1 || p.inbox.forwarded == 0 {
			t.Errorf("kept %+v, %d forwarded commands", got.Kept, p.inbox.forwarded)
		}
	})
}

// What is given back while its window was being moved is to be released in all
// that its company may hold: it is not forgotten before that is over.
func TestWhatIsGivenBackCoversBothWindows(t *testing.T) {
	tr := draft(trip.Ask)
	moved := tr.Legs[1]
	moved.End = moved.End.Add(time.Hour)
	tr.Saga.Shift = &trip.Shift{Phase: trip.ShiftUndo, Takes: []trip.Take{{Leg: moved, InPlace: true, Old: tr.Legs[1].Window()}}}
	r := &run{t: &tr}
	booked{r}.giveBack(1)
	if a := r.t.Saga.Abandoned; len(a) != 1 || !a[0].End.Equal(moved.End) || r.t.Saga.Shift != nil {
		t.Errorf("%+v, shift %+v", a, r.t.Saga.Shift)
	}
}
