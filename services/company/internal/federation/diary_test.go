package federation

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Plans are made on what peers have said a while ago, and ask again only what may have
// changed.
func TestPeersAreNotAskedAtEveryPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.Locations(t.Context())
		evses := []charging.EVSEID{"BR*MAR*E1*1", "BR*SER*E1*1", "BR*CAJ*E1*1"}
		soon := charging.NewWindow(time.Now(), time.Now().Add(36*time.Hour))
		week := charging.NewWindow(time.Now(), time.Now().Add(9*24*time.Hour))
		plan := func(need charging.Window, what string, asked int) map[charging.CompanyID]time.Time {
			t.Helper()
			before := w.ser.count("availability")
			free, asOf, missing := w.Calendars(t.Context(), evses, need, week)
			if len(free) != 3 || len(asOf) != 3 || len(missing) != 0 {
				t.Errorf("%s: %d calendars of %v, missing %v", what, len(free), asOf, missing)
			}
			if n := w.ser.count("availability") - before; n != asked {
				t.Errorf("%s: SER was asked %d times, want %d", what, n, asked)
			}
			return asOf
		}
		plan(soon, "nothing is heard yet", 1)
		plan(soon, "nothing is heard yet", 1)
		w.Hear("SER", true)
		w.Hear("CAJ", true)
		began := plan(soon, "the first time", 1)["SER"]
		time.Sleep(10 * time.Second)
		if asOf := plan(soon, "ten seconds later", 0); !asOf["SER"].Equal(began) || !asOf["MAR"].Equal(time.Now()) {
			t.Errorf("as of %v; SER said so at %v", asOf, began)
		}
		plan(charging.NewWindow(time.Now().Add(5*24*time.Hour), time.Now().Add(7*24*time.Hour)), "another day", 0)
		w.Changed("BR*CAJ*E1*1")
		plan(soon, "another company's has changed", 0)
		w.Changed("BR*SER*E1*1")
		plan(soon, "it has changed", 1)
		plan(soon, "asked again", 0)
		time.Sleep(w.o.AvailabilityLife)
		plan(soon, "too old", 1)
		far, _ := w.Company("SER")
		_, _ = far.Reserve(t.Context(), charging.HoldRequest{Ref: charging.Ref{EVSEID: "BR*SER*E1*1"}})
		plan(soon, "this company has booked there", 1)
		w.Hear("SER", false)
		plan(soon, "its events are lost", 1)
		plan(soon, "its events are lost", 1)
	})
}

func TestAChangeWhileAskingIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.Locations(t.Context())
		w.Hear("SER", true)
		day := charging.NewWindow(time.Now(), time.Now().Add(24*time.Hour))
		w.ser.set(func(s *script) { s.took = time.Second })
		go func() {
			time.Sleep(time.Second / 2)
			w.Changed("BR*SER*E1*1")
		}()
		for range 2 {
			w.Calendars(t.Context(), []charging.EVSEID{"BR*SER*E1*1"}, day, day)
		}
		if n := w.ser.count("availability"); n != 2 {
			t.Errorf("asked %d times; the answer was old when it came", n)
		}
	})
}

func TestASilentPeersCalendarsAreMissing(t *testing.T) {
	w := newTrio(t, nil)
	w.ser.set(func(s *script) { s.err = errors.New("connection refused") })
	day := charging.NewWindow(time.Now(), time.Now().Add(24*time.Hour))
	free, asOf, missing := w.Calendars(t.Context(), []charging.EVSEID{"BR*SER*E1*1", "BR*CAJ*E1*1"}, day, day)
	if len(free) != 1 || missing["SER"] == nil || !asOf["SER"].IsZero() {
		t.Errorf("%v, as of %v, missing %v", free, asOf, missing)
	}
}
