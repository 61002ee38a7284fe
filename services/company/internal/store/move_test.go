package store_test

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// shifted moves a stop, its start and its end by so much each.
func (e *env) shifted(t testing.TB, h charging.Hold, seq int64, start, end time.Duration) (charging.Reservation, error) {
	t.Helper()
	to := charging.NewWindow(h.Start.Add(start), h.End.Add(end))
	return e.Move(t.Context(), at(h), charging.Move{Ref: h.Ref, Seq: seq, To: to}, testNoShow)
}

// A move that comes late, and a number that is used for two windows, change nothing.
func TestMovesInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.reserved(t, e.hold(0))
		for n, by := range []time.Duration{time.Hour, 2 * time.Hour} {
			seq := int64(n + 1)
			if r, err := e.shifted(t, h, seq, by, by); err != nil || r.Replay {
				t.Fatalf("%d: %+v, %v", seq, r, err)
			}
			if r, err := e.shifted(t, h, seq, by, by); err != nil || !r.Replay {
				t.Errorf("%d repeated: %+v, %v", seq, r, err)
			}
		}
		_, err := e.shifted(t, h, 1, time.Hour, time.Hour)
		refused(t, err, charging.CodeIDReused)
		_, err = e.shifted(t, h, 2, 3*time.Hour, 3*time.Hour)
		refused(t, err, charging.CodeIDReused)
		if r := e.read(t, h); !r.Window.Start.Equal(h.Start.Add(2 * time.Hour)) {
			t.Errorf("it is %s", r.Window)
		}
	})
}

// The start of a session has been: only its end moves.
func TestTheStartOfASessionStays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.reserved(t, e.hold(0))
		e.civil.set(h.Start.Add(-5 * time.Minute))
		e.plug(t, h, charging.Arrival{})
		_, err := e.shifted(t, h, 1, time.Minute, time.Hour)
		refused(t, err, charging.CodeInvalidWindow)
		if r, err := e.shifted(t, h, 2, 0, time.Hour); err != nil || r.State != charging.Charging {
			t.Errorf("its end: %+v, %v", r, err)
		}
		if r := e.read(t, h); !r.Window.Start.Equal(h.Start) || !r.Window.End.Equal(h.End.Add(time.Hour)) {
			t.Errorf("it is %s", r.Window)
		}
	})
}
