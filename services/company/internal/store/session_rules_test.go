package store_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// While a car is at the plug no other is let to it, whether that one's window has
// begun, or its own is over.
func TestOnePlugOneCar(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		there, next := e.reserved(t, e.hold(0)), e.reserved(t, e.hold(1))
		e.civil.set(there.Start)
		e.plug(t, there, charging.Arrival{})
		e.civil.set(next.Start.Add(time.Minute))
		_, err := e.Start(t.Context(), at(next), charging.Arrival{}, within(testEarly, testNoShow))
		if r := refused(t, err, charging.CodeEVSEOccupied); !r.Conflict.Window.Equal(there.Window()) {
			t.Errorf("in the way is %s", r.Conflict.Window)
		}
		if _, err := e.Complete(t.Context(), at(there), testMeter); err != nil {
			t.Fatal(err)
		}
		e.plug(t, next, charging.Arrival{})
	})
}

// A plug that is repeated after its session was over is the repeat of one.
func TestAPlugOfBeforeTheEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.reserved(t, e.hold(0))
		e.civil.set(h.Start)
		e.plug(t, h, charging.Arrival{})
		if _, err := e.Complete(t.Context(), at(h), testMeter); err != nil {
			t.Fatal(err)
		}
		r, err := e.Start(t.Context(), at(h), charging.Arrival{}, within(testEarly, testNoShow))
		if err != nil || !r.Replay || r.State != charging.Fulfilled || !r.Session.Over() {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// A claim that has yielded to one yields to all: else each would leave the vehicle to
// the other, and it charges nowhere.
func TestAClaimYieldsForGood(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.hold(0)
		if _, mine, err := e.ClaimCar(t.Context(), "EV-1", at(h), nil); err != nil || !mine {
			t.Fatalf("%t, %v", mine, err)
		}
		for _, began := range []string{"1", strconv.FormatInt(time.Now().Add(time.Hour).UnixMicro(), 10)} {
			k := charging.Contest{VehicleID: "EV-1", ReservationID: e.hold(1).ID, EVSEID: "BR*SER*E1*1", StartedAt: began}
			if _, busy, err := e.ContestCar(t.Context(), k); err != nil || busy {
				t.Errorf("one that began at %s µs: %t, %v", began, busy, err)
			}
		}
	})
}
