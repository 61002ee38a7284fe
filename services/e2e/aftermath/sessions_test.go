package aftermath

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// guest is a car that charges at stop 1 of a trip, whose other stops are
// hours away. Each has EVSEs of its own.
type guest struct {
	*federation
	driver
	car  *car
	trip tripView
	evse string
}

// charges books and plugs in: stop 1 at MAR, the others at SER and CAJ, at EVSEs
// that end in the given number.
func (f *federation) charges(n string, car int) guest {
	f.t.Helper()
	d := f.driver(vehicle(car), "MAR")
	evse, at := "BR*MAR*E000"+n+"*1", f.car(d.user, "MAR")
	booked := d.book(
		stop{EVSE: evse, Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute), Energy: 20},
		stop{EVSE: "BR*SER*E000" + n + "*1", Start: f.in(4 * time.Hour), End: f.in(5 * time.Hour)},
		stop{EVSE: "BR*CAJ*E000" + n + "*1", Start: f.in(7 * time.Hour), End: f.in(8 * time.Hour)})
	c := guest{f, d, at, booked, evse}
	c.car.plugged(evse)
	return c
}

// stays checks that stop 1 goes on charging where it is, and is billed when the
// car leaves.
func (c guest) stays() {
	c.t.Helper()
	l := c.driver.trip(c.trip.ID).Legs[0]
	if l.State != "CHARGING" || l.EVSE != c.evse || l.Reservation != c.trip.Legs[0].Reservation {
		c.t.Errorf("the stop of the car at the plug is %s at %s", l.State, l.EVSE)
	}
	c.car.billed(c.evse, 1)
	c.sees(c.trip.ID, "stop 1 is FULFILLED, with its bill", func(t tripView) bool {
		l := t.Legs[0]
		return l.State == "FULFILLED" && l.EVSE == c.evse && l.Session != nil && l.Session.Price != nil
	})
}

// TestASessionIsAState: nothing but the car's leaving ends a session.
func TestASessionIsAState(t *testing.T) {
	f := start(t)
	elsewhere := func(c guest) object {
		return object{"stop": stop{Leg: 1, EVSE: "BR*MAR*E0010*1", Start: c.in(20 * time.Minute), End: c.in(50 * time.Minute)}}
	}
	t.Run("the trip shows it", func(t *testing.T) {
		c := f.with(t).charges("1", 1)
		c.stays()
	})
	t.Run("it cannot be swapped away", func(t *testing.T) {
		c := f.with(t).charges("2", 2)
		if a := c.swap(c.trip.ID, elsewhere(c)); !a.is(http.StatusConflict, "SESSION_OPEN") {
			t.Errorf("swap: %s", a)
		}
		c.stays()
	})
	t.Run("its window cannot be shifted", func(t *testing.T) {
		c := f.with(t).charges("3", 3)
		l := c.trip.Legs[0]
		a := c.swap(c.trip.ID, object{"stop": stop{Leg: 1, EVSE: l.EVSE, Start: c.in(10 * time.Minute), End: l.End.Add(20 * time.Minute)}})
		if !a.is(http.StatusConflict, "SESSION_OPEN") {
			t.Errorf("shift: %s", a)
		}
		c.stays()
	})
	t.Run("a decision about another stop does not move it", func(t *testing.T) {
		c := f.with(t).charges("4", 4)
		c.withdraw(c.trip.Legs[1].EVSE)
		c.sees(c.trip.ID, "it asks about stop 2", func(t tripView) bool { return t.Decision != nil && t.Decision.Leg == 2 })
		body := elsewhere(c)
		body["action"] = "continue"
		if a := c.decide(c.trip.ID, body); a.Status != http.StatusConflict {
			t.Errorf("decision: %s", a)
		}
		c.stays()
	})
	t.Run("giving up the trip leaves it", func(t *testing.T) {
		c := f.with(t).charges("5", 5)
		c.withdraw(c.trip.Legs[1].EVSE)
		c.sees(c.trip.ID, "it asks about stop 2", func(t tripView) bool { return t.Decision != nil && t.Decision.Leg == 2 })
		if a := c.decide(c.trip.ID, object{"action": "give_up"}); a.Status != http.StatusOK {
			t.Errorf("decision: %s", a)
		}
		c.stays()
		c.sees(c.trip.ID, "the trip is over", func(t tripView) bool { return t.State == "COMPLETED" && t.Legs[2].State == "CANCELED" })
	})
	t.Run("compensate does not end it", func(t *testing.T) {
		f := f.with(t)
		const evse = "BR*CAJ*E0009*1"
		d := f.driver(vehicle(6), "SER")
		car := f.car(d.user, "SER")
		booked := d.book(stop{EVSE: evse, Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute), Energy: 20})
		l := booked.Legs[0]
		car.plugged(evse)
		if got := f.stateAt("SER", l); got.State != "CHARGING" {
			t.Errorf("its company says %s", got.State)
		}
		a := f.peer("SER", "CAJ", http.MethodPost, "/reservations/"+l.Reservation+"/compensate", ref("SER", booked.ID, l, 99))
		if got := as[reservationView](a); a.Status != http.StatusOK || got.State != "CHARGING" || got.Session == nil {
			t.Errorf("compensate: %s", a)
		}
		a = f.peer("CAJ", "SER", http.MethodGet, "/trips/"+booked.ID+"/outcome?reservation_id="+l.Reservation, nil)
		if !strings.Contains(string(a.Body), `"CONFIRMED"`) {
			t.Errorf("its outcome: %s", a)
		}
		car.billed(evse, 1)
	})
}

// TestAnOutcomeDoesNotEndASession: an originator that says ABORTED of a stop
// whose car charges is too late.
func TestAnOutcomeDoesNotEndASession(t *testing.T) {
	f := start(t)
	const evse, trip, id = "BR*MAR*E0001*1", "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"
	l := legView{Reservation: id, EVSE: evse, Company: "MAR", Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute)}
	hold := ref("SER", trip, l, 1)
	hold["leg"], hold["start"], hold["vehicle_id"], hold["ttl_seconds"] = 1, l.Start, vehicle(1), 20
	var outcome atomic.Value
	outcome.Store("PENDING")
	f.links["SER"].meets("/outcome", func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/outcomes") { // asked for one at a time
			http.Error(w, "", http.StatusNotFound)
			return true
		}
		_, _ = w.Write([]byte(`{"outcome":"` + outcome.Load().(string) + `"}`))
		return true
	})
	for _, action := range []string{"reserve", "confirm", "start"} {
		if a := f.peer("SER", "MAR", http.MethodPost, "/reservations/"+id+"/"+action, hold); a.Status >= 300 {
			t.Fatalf("%s: %s", action, a)
		}
	}
	outcome.Store("ABORTED")
	d := f.driver(vehicle(2), "MAR")
	for range 2 { // whoever meets it makes its company ask
		if got := as[tripView](d.asks("abort", nil, stop{EVSE: evse, Start: f.in(10 * time.Minute), End: f.in(30 * time.Minute)})); got.State == "CONFIRMED" {
			t.Fatalf("the window was sold under the car at the plug")
		}
	}
	if got := f.stateAt("SER", l); got.State != "CHARGING" {
		t.Errorf("after ABORTED the stop is %s", got.State)
	}
	hold["energy_kwh"] = 0.1
	a := f.peer("SER", "MAR", http.MethodPost, "/reservations/"+id+"/complete", hold)
	if got := as[reservationView](a); a.Status != http.StatusOK || got.Session == nil || got.Session.Price == nil {
		t.Errorf("complete: %s", a)
	}
}

// TestASessionThatEnded: a billed stop stays as it is.
func TestASessionThatEnded(t *testing.T) {
	f := start(t)
	c := f.charges("1", 1)
	bill := c.car.billed(c.evse, 1)
	c.sees(c.trip.ID, "stop 1 is FULFILLED", func(t tripView) bool { return t.Legs[0].State == "FULFILLED" })
	a := c.swap(c.trip.ID, object{"stop": stop{Leg: 1, EVSE: "BR*MAR*E0010*1", Start: c.in(20 * time.Minute), End: c.in(50 * time.Minute)}})
	if !a.is(http.StatusConflict, "SESSION_ENDED") {
		t.Errorf("swap: %s", a)
	}
	l := c.driver.trip(c.trip.ID).Legs[0]
	if l.State != "FULFILLED" || l.EVSE != c.evse || l.Session == nil || l.Session.Price == nil || *l.Session.Price != *bill.Price {
		t.Errorf("the billed stop is %+v", l)
	}
}

// TestAnEVSEBreaksWhileCharging: the session ends with a bill, which is an
// estimate until the car says what it has got.
func TestAnEVSEBreaksWhileCharging(t *testing.T) {
	f := startAt(t, 120)
	for n, c := range []struct {
		name          string
		planned, says float64
		// bounded: the car says more than the EVSE could give.
		bounded bool
	}{
		{"the car says less", 20, 0.5, false},
		{"the plan says less", 0.5, 0.25, false},
		{"the car says more than can be", 20, 500, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := f.with(t)
			d := f.driver(vehicle(1+n), "SER")
			evse := []string{"BR*MAR*E0001*1", "BR*MAR*E0002*1", "BR*MAR*E0004*1"}[n] // of 60 kW
			car := f.car(d.user, "SER")
			booked := d.book(stop{EVSE: evse, Start: f.in(2 * time.Minute), End: f.in(time.Hour), Energy: c.planned})
			before := f.clock.Now()
			car.plugged(evse)
			f.pass(f.in(2*time.Minute + time.Second))
			f.withdraw(evse)
			most := 60*f.clock.Now().Sub(before).Hours() + 0.1
			now := d.sees(booked.ID, "the session has ended with an estimate", func(t tripView) bool {
				s := t.Legs[0].Session
				return t.Legs[0].State == "FULFILLED" && s != nil && s.EndedAt != nil && s.Price != nil && s.Estimated
			})
			s := *now.Legs[0].Session
			if s.EnergyKWh < min(1.9, c.planned) || s.EnergyKWh > min(most, c.planned) {
				t.Errorf("%.3f kWh are estimated, where %.3f could be given and %.3f were planned", s.EnergyKWh, most, c.planned)
			}
			f.pass(f.in(10 * time.Minute))
			figure := car.billed(evse, c.says)
			const grace = 6 // kWh: of six minutes, as for any session
			if figure.Estimated || !c.bounded && figure.EnergyKWh != c.says || figure.EnergyKWh > most+grace {
				t.Errorf("the car said %.3f kWh, of at most %.3f up to the break: %+v", c.says, most, figure)
			}
			if again := car.billed(evse, c.says/2); again.EnergyKWh != figure.EnergyKWh || *again.Price != *figure.Price {
				t.Errorf("billed %+v, and then %+v", figure, again)
			}
			d.sees(booked.ID, "the trip has the figure", func(t tripView) bool {
				s := t.Legs[0].Session
				return t.Legs[0].State == "FULFILLED" && s != nil && !s.Estimated && s.EnergyKWh == figure.EnergyKWh
			})
		})
	}
}
