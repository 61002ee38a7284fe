package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// lines writes a reservation's steps as kind:state, with by whom and the code.
func (e *env) lines(t testing.TB, h charging.Hold) (all []string) {
	t.Helper()
	_, steps, err := e.Steps(t.Context(), h.ID, []charging.LocationID{h.Location})
	if err != nil {
		t.Fatal(err)
	}
	from := charging.State("")
	for i, s := range steps {
		if s.From != from || s.Number != int64(i+1) || s.At.IsZero() || s.Civil.IsZero() {
			t.Errorf("step %d of %s: %+v, after %q", i+1, h.ID, s, from)
		}
		from = s.To
		by := string(s.By)
		if s.Operator {
			by = "operator"
		}
		all = append(all, strings.TrimRight(fmt.Sprintf("%s:%s %s %s", s.Kind, s.To, by, s.Code), " "))
	}
	return all
}

func (e *env) wantTold(t testing.TB, h charging.Hold, want ...string) {
	t.Helper()
	if got := e.lines(t, h); !slices.Equal(got, want) {
		t.Errorf("told %q\nwant %q", got, want)
	}
}

// A stop's whole life is told, with who did it, under which request, and what was
// refused: once where it is refused again. It fails where a step, its state, its
// request or the window of a move is missing.
func TestHistoryOfAStop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := charging.WithRequest(t.Context(), "SER-a|1")
		h := e.hold(0)
		if _, err := e.Hold(ctx, h); err != nil {
			t.Fatal(err)
		}
		e.must(t, h)
		e.reserved(t, h)
		if _, err := e.shifted(t, h, 1, time.Minute, time.Hour); err != nil {
			t.Fatal(err)
		}
		e.reserved(t, e.hold(3))
		for range 2 {
			_, err := e.shifted(t, h, 2, time.Minute, 3*time.Hour)
			refused(t, err, charging.CodeSlotTaken)
		}
		arrive := func() error {
			_, err := e.Start(t.Context(), at(h), charging.Arrival{}, within(time.Minute, time.Hour))
			return err
		}
		refused(t, arrive(), charging.CodeTooEarly)
		e.civil.set(h.Start.Add(5 * time.Minute))
		for range 2 {
			if err := arrive(); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Back(t.Context(), at(h)); err != nil {
				t.Fatal(err)
			}
		}
		e.plug(t, h, charging.Arrival{})
		if _, err := e.Complete(t.Context(), at(h), testMeter); err != nil {
			t.Fatal(err)
		}
		e.wantTold(t, h, "claim:CLAIMED SER", "reserve:PENDING SER", "confirm:RESERVED SER", "move:RESERVED SER", "move:RESERVED SER SLOT_TAKEN",
			"start:RESERVED SER TOO_EARLY", "start:CHARGING SER", "back:RESERVED  VEHICLE_BUSY", "start:CHARGING SER", "back:RESERVED  VEHICLE_BUSY",
			"start:CHARGING SER", "complete:FULFILLED SER")
		_, steps, err := e.Steps(t.Context(), h.ID, []charging.LocationID{site})
		if err != nil || steps[0].RequestID != "SER-a|1" || steps[1].RequestID != "" {
			t.Errorf("requests %q, %q, %v", steps[0].RequestID, steps[1].RequestID, err)
		}
		if w := steps[3].Window; !w.Start.Equal(h.Start.Add(time.Minute)) || !w.End.Equal(h.End.Add(time.Hour)) {
			t.Errorf("moved to %s", w)
		}
		if c := steps[8].Civil; !c.Equal(h.Start.Add(5*time.Minute)) || time.Since(steps[8].At).Abs() > time.Minute {
			t.Errorf("plugged in at %s, civil %s", steps[8].At, c)
		}
	})
}

// What is not the trip's own word is told, too: lost to an older trip and to whom, lapsed,
// ended by the owner for a reason, not used, released before anything was asked.
func TestHistoryOfWhatIsLost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		younger, older := e.hold(0, ticket("200")), e.hold(0, ticket("100"))
		older.Origin = "CAJ"
		e.must(t, younger)
		e.must(t, older)
		e.wantTold(t, younger, "claim:CLAIMED SER", "preempt:PREEMPTED CAJ")
		_, steps, _ := e.Steps(t.Context(), younger.ID, []charging.LocationID{site})
		if steps[1].YieldedTo != older.TripID {
			t.Errorf("yielded to %s, want %s", steps[1].YieldedTo, older.TripID)
		}

		lapsed := e.hold(2, pending)
		e.must(t, lapsed)
		e.lapse(t, lapsed)
		for range 3 {
			_, err := e.Confirm(t.Context(), at(lapsed))
			refused(t, err, charging.CodeHoldExpired)
		}
		e.wantTold(t, lapsed, "reserve:PENDING SER", "expire:EXPIRED", "confirm:EXPIRED SER HOLD_EXPIRED")

		ended := e.reserved(t, e.hold(4))
		if _, err := e.Cancel(t.Context(), site, charging.Reservation{ID: ended.ID, EVSEID: ended.EVSEID}, "the transformer", false); err != nil {
			t.Fatal(err)
		}
		e.wantTold(t, ended, "reserve:PENDING SER", "confirm:RESERVED SER", "cancel:CANCELED operator")
		if _, steps, _ := e.Steps(t.Context(), ended.ID, []charging.LocationID{site}); steps[2].Reason != "the transformer" {
			t.Errorf("ended for %q", steps[2].Reason)
		}

		never := e.hold(6)
		if _, err := e.Compensate(t.Context(), at(never)); err != nil {
			t.Fatal(err)
		}
		_, err := e.Hold(t.Context(), never)
		refused(t, err, charging.CodeAlreadyCompensated)
		e.wantTold(t, never, "compensate:CANCELED SER", "claim:CANCELED SER ALREADY_COMPENSATED")

		absent := e.reserved(t, e.hold(8))
		e.civil.set(absent.Start.Add(testNoShow))
		if _, err := e.Tidy(t.Context(), site, []charging.EVSEID{plug}, testNoShow, byMeter); err != nil {
			t.Fatal(err)
		}
		e.wantTold(t, absent, "reserve:PENDING SER", "confirm:RESERVED SER", "no_show:NO_SHOW")
	})
}

// A history has a bound, keeps what is newest and tells that something is missing. It
// fails where a record grows as long as somebody moves it.
func TestAHistoryHasABound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.reserved(t, e.hold(0))
		const moves = 150
		for n := range int64(moves) {
			by := time.Duration(n%2) * time.Minute
			if _, err := e.shifted(t, h, n+1, by, by+time.Duration(n+1)*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		_, steps, err := e.Steps(t.Context(), h.ID, []charging.LocationID{site})
		if err != nil || len(steps) == 0 {
			t.Fatal(steps, err)
		}
		if first, last := steps[0], steps[len(steps)-1]; last.Number != moves+2 || first.Number != last.Number-int64(len(steps))+1 || first.Number < 2 {
			t.Errorf("%d steps, from %d to %d", len(steps), first.Number, last.Number)
		}
		log, err := e.raw.HGet(t.Context(), fmt.Sprintf("%srsv:{%s}:%s", e.prefix, site, h.ID), "log").Result()
		if err != nil || len(log) > 4500 {
			t.Errorf("%d bytes, %v", len(log), err)
		}
	})
}
