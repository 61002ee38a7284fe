package aftermath

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestOnePlugOneCar: an EVSE looks at its neighbours before it lets a car in.
func TestOnePlugOneCar(t *testing.T) {
	const evse = "BR*MAR*E0001*1"
	t.Run("another's window is first", func(t *testing.T) {
		f := start(t)
		a, b := f.driver(vehicle(1), "MAR"), f.driver(vehicle(2), "MAR")
		first, second := f.car(a.user, "MAR"), f.car(b.user, "MAR")
		t0 := f.in(0)
		a.book(stop{EVSE: evse, Start: t0.Add(2 * time.Minute), End: t0.Add(7 * time.Minute)})
		b.book(stop{EVSE: evse, Start: t0.Add(7 * time.Minute), End: t0.Add(17 * time.Minute)})
		if got := second.plug(evse); !got.is(http.StatusConflict, "TOO_EARLY") {
			t.Errorf("the second plugs in before the first one's window: %s", got)
		}
		first.plugged(evse)
		if got := second.plug(evse); got.Status != http.StatusConflict {
			t.Errorf("two cars at one plug: %s", got)
		}
		first.billed(evse, 0.1)
		second.plugged(evse)
	})
	t.Run("somebody is still there", func(t *testing.T) {
		f := startAt(t, 120)
		a, b := f.driver(vehicle(1), "MAR"), f.driver(vehicle(2), "MAR")
		first, second := f.car(a.user, "MAR"), f.car(b.user, "MAR")
		t0 := f.in(0)
		a.book(stop{EVSE: evse, Start: t0.Add(3 * time.Minute), End: t0.Add(9 * time.Minute)})
		waits := b.book(stop{EVSE: evse, Start: t0.Add(12 * time.Minute), End: t0.Add(30 * time.Minute)})
		first.plugged(evse)
		f.pass(t0.Add(10 * time.Minute))
		got := second.plug(evse)
		if p := as[problem](got); !got.is(http.StatusConflict, "EVSE_OCCUPIED") || p.Detail == "" || len(p.Alternatives) == 0 {
			t.Errorf("the second plugs in while the first is there: %s", got)
		}
		if !f.within(time.Until(time.Now().Add(f.clock.Until(t0.Add(20*time.Minute)))), func() bool { return second.alerted(waits.ID, false) }) {
			t.Errorf("the second was not told that the first has not left")
		}
		first.billed(evse, 0.1)
		second.plugged(evse)
	})
}

// TestOneCarOnePlug: a vehicle charges at one EVSE of the federation at a time.
func TestOneCarOnePlug(t *testing.T) {
	f := start(t)
	soon := func(evse string) stop {
		return stop{EVSE: evse, Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute)}
	}
	t.Run("on two trips", func(t *testing.T) {
		f := f.with(t)
		const here, there = "BR*MAR*E0001*1", "BR*CAJ*E0001*1"
		mar, caj := f.driver(vehicle(1), "MAR"), f.driver(vehicle(1), "CAJ")
		one, other := f.car(mar.user, "MAR"), f.car(caj.user, "CAJ")
		mar.book(soon(here))
		far := caj.book(soon(there))
		one.plugged(here)
		if got := other.plug(there); !got.is(http.StatusConflict, "VEHICLE_BUSY") {
			t.Errorf("it charges at both: %s", got)
		}
		if l := caj.trip(far.ID).Legs[0]; l.State != "RESERVED" || l.Session != nil {
			t.Errorf("the stop that it did not get is %s, with %+v", l.State, l.Session)
		}
		one.billed(here, 0.1)
		other.plugged(there)
	})
	t.Run("on two trips at once", func(t *testing.T) {
		f := f.with(t)
		const here, there = "BR*MAR*E0002*1", "BR*CAJ*E0002*1"
		cars := []*car{f.car(vehicle(2), "MAR"), f.car(vehicle(2), "CAJ")}
		f.driver(vehicle(2), "MAR").book(soon(here))
		f.driver(vehicle(2), "CAJ").book(soon(there))
		var got [2]answer
		var both sync.WaitGroup
		for i, evse := range []string{here, there} {
			both.Go(func() { got[i] = cars[i].plug(evse) })
		}
		both.Wait()
		if (got[0].Status == http.StatusOK) == (got[1].Status == http.StatusOK) {
			t.Fatalf("one of two has to yield: %s and %s", got[0], got[1])
		}
		for _, a := range got {
			if a.Status != http.StatusOK && !a.is(http.StatusConflict, "VEHICLE_BUSY") {
				t.Errorf("it yields with %s", a)
			}
		}
	})
	t.Run("at two stops of one trip", func(t *testing.T) {
		f := f.with(t)
		const here, there = "BR*MAR*E0004*1", "BR*CAJ*E0004*1"
		d := f.driver(vehicle(3), "SER")
		c := f.car(d.user, "SER")
		t0 := f.in(0)
		d.book(stop{EVSE: here, Start: t0.Add(2 * time.Minute), End: t0.Add(7 * time.Minute)},
			stop{EVSE: there, Start: t0.Add(8 * time.Minute), End: t0.Add(18 * time.Minute)})
		c.plugged(here)
		if got := c.plug(there); got.Status != http.StatusConflict {
			t.Errorf("it charges at both: %s", got)
		}
		c.billed(here, 0.1)
		c.plugged(there)
	})
}

// TestUnplugBeforePlug: messages of a car may overtake each other.
func TestUnplugBeforePlug(t *testing.T) {
	t.Run("a passing refusal is not the answer for ever", func(t *testing.T) {
		f := start(t)
		const evse = "BR*MAR*E0001*1"
		d := f.driver(vehicle(1), "MAR")
		c := f.car(d.user, "MAR")
		d.book(stop{EVSE: evse, Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute)})
		leaves := func() object { return object{"evse_id": evse, "soc": 0.4, "energy_kwh": 0.1} }
		if got := c.askAs("leaves", "unplug", leaves()); got.Status != http.StatusConflict {
			t.Fatalf("unplug before plug: %s", got)
		}
		c.plugged(evse)
		c.bill(c.askAs("leaves", "unplug", leaves()))
	})
	t.Run("with its instant it is kept for its plug", func(t *testing.T) {
		f := startAt(t, 60)
		const evse = "BR*SER*E0001*1"
		d := f.driver(vehicle(1), "MAR")
		c := f.car(d.user, "MAR")
		booked := d.book(stop{EVSE: evse, Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute), Energy: 10})
		came := f.in(time.Minute)
		left := came.Add(2 * time.Minute)
		f.pass(left.Add(time.Second))
		if got := c.ask("unplug", object{"evse_id": evse, "soc": 0.4, "energy_kwh": 0.5, "at": left}); got.Status != http.StatusAccepted {
			t.Fatalf("unplug before plug: %s", got)
		}
		if got := c.ask("plug", object{"evse_id": evse, "soc": 0.3, "at": came}); got.Status != http.StatusOK {
			t.Fatalf("the plug that was overtaken: %s", got)
		}
		d.sees(booked.ID, "the session is over and billed", func(t tripView) bool {
			l := t.Legs[0]
			return l.State == "FULFILLED" && l.Session != nil && l.Session.Price != nil && l.Session.EnergyKWh == 0.5
		})
	})
}
