package aftermath

import (
	"net/http"
	"testing"
	"time"
)

// tomorrow is a window of an hour, so many hours after this time tomorrow.
func (f *federation) tomorrow(evse string, hours int) stop {
	from := f.in(24*time.Hour + time.Duration(hours)*time.Hour)
	return stop{EVSE: evse, Start: from, End: from.Add(time.Hour)}
}

// asksAbout reports whether a CONFIRMED trip asks about just these legs.
func asksAbout(legs ...int) func(tripView) bool {
	return func(t tripView) bool {
		if t.State != "CONFIRMED" || len(t.Decisions) != len(legs) || (t.Decision == nil) != (len(legs) == 0) {
			return false
		}
		for i, q := range t.Decisions {
			if q.Leg != legs[i] || q.Code == "" {
				return false
			}
		}
		return len(legs) == 0 || t.Decision.Leg == legs[0]
	}
}

// TestTheLastStopIsLost: it is asked about like any other. The trips are on
// days of their own, so that none is offered what another has.
func TestTheLastStopIsLost(t *testing.T) {
	f := start(t)
	t.Run("the only one, changed over REST", func(t *testing.T) {
		f := f.with(t)
		d := f.driver(vehicle(1), "SER")
		booked := d.book(f.tomorrow("BR*MAR*E0001*1", 0))
		f.withdraw("BR*MAR*E0001*1")
		now := d.sees(booked.ID, "it asks", asksAbout(1))
		if len(now.Decision.Alternatives) == 0 {
			t.Fatalf("no alternatives: %+v", now.Decision)
		}
		if a := d.decide(booked.ID, object{"action": "continue", "alternative_id": now.Decision.Alternatives[0].ID}); a.Status != http.StatusOK {
			t.Fatalf("continue: %s", a)
		}
		d.sees(booked.ID, "it is whole again", func(t tripView) bool {
			return asksAbout()(t) && t.Legs[0].State == "RESERVED" && t.Legs[0].EVSE != "BR*MAR*E0001*1"
		})
	})
	t.Run("the only one, given up", func(t *testing.T) {
		f := f.with(t)
		d := f.driver(vehicle(2), "SER")
		booked := d.book(f.tomorrow("BR*MAR*E0002*1", 48))
		f.withdraw("BR*MAR*E0002*1")
		d.sees(booked.ID, "it asks", asksAbout(1))
		if a := d.decide(booked.ID, object{"action": "give_up", "leg": 1}); a.Status != http.StatusOK {
			t.Fatalf("give up: %s", a)
		}
		d.sees(booked.ID, "nothing is left of it", func(t tripView) bool {
			return t.State == "CANCELED" && t.Legs[0].State == "CANCELED" && t.Decision == nil && len(t.Decisions) == 0
		})
	})
	t.Run("the earlier ones are over", func(t *testing.T) {
		f := f.with(t)
		d := f.driver(vehicle(3), "SER")
		car := f.car(d.user, "SER")
		booked := d.book(stop{EVSE: "BR*MAR*E0004*1", Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute)}, f.tomorrow("BR*MAR*E0005*1", 96))
		car.plugged("BR*MAR*E0004*1")
		car.billed("BR*MAR*E0004*1", 0.1)
		f.withdraw("BR*MAR*E0005*1")
		d.sees(booked.ID, "it asks", asksAbout(2))
		if a := d.decide(booked.ID, object{"action": "give_up", "leg": 2}); a.Status != http.StatusOK {
			t.Fatalf("give up: %s", a)
		}
		d.sees(booked.ID, "it has come to its end", func(t tripView) bool { return t.State == "COMPLETED" && t.Legs[1].State == "CANCELED" })
	})
	t.Run("the car was away, and answers over MQTT", func(t *testing.T) {
		f := f.with(t)
		d := f.driver(vehicle(4), "SER")
		booked := d.book(f.tomorrow("BR*MAR*E0006*1", 144))
		f.withdraw("BR*MAR*E0006*1")
		d.sees(booked.ID, "it asks", func(t tripView) bool { return t.Decision != nil })
		car := f.car(d.user, "SER")
		if !f.within(5*time.Second, func() bool { return car.keeps("trips/"+booked.ID) && car.alerted(booked.ID, true) }) {
			t.Errorf("nothing has waited for the car: trip %t, alert %t", car.keeps("trips/"+booked.ID), car.alerted(booked.ID, true))
		}
		now := d.trip(booked.ID)
		if a := car.ask("decision", object{"trip_id": booked.ID, "action": "continue", "leg": 1, "alternative_id": now.Decision.Alternatives[0].ID}); a.Status != http.StatusOK {
			t.Fatalf("continue: %s", a)
		}
		d.sees(booked.ID, "it is whole again", func(t tripView) bool { return asksAbout()(t) && t.Legs[0].State == "RESERVED" })
		f.until(8*time.Second, "the alert waits no longer", func() bool {
			car.leave()
			car = f.car(d.user, "SER")
			car.ask("cancel", object{"trip_id": "01890a5d-ac96-774b-bcce-b302099a8057"}) // the kept ones come before its reply
			return !car.alerted(booked.ID, true)
		})
	})
}

// TestTwoStopsAreLost: each has a question of its own.
func TestTwoStopsAreLost(t *testing.T) {
	f := start(t)
	lost := func(t *testing.T, n string, car int) (*federation, driver, tripView) {
		t.Helper()
		f := f.with(t)
		d := f.driver(vehicle(car), "CAJ")
		mar, ser := "BR*MAR*E000"+n+"*1", "BR*SER*E000"+n+"*1"
		booked := d.book(f.tomorrow(mar, 96*car), f.tomorrow(ser, 96*car+8), f.tomorrow("BR*CAJ*E000"+n+"*1", 96*car+16))
		f.withdraw(mar)
		f.withdraw(ser)
		now := d.sees(booked.ID, "it asks about both", asksAbout(1, 2))
		for _, q := range now.Decisions {
			if len(q.Alternatives) == 0 {
				t.Fatalf("no alternatives: %+v", q)
			}
			// By hand and without a known drive, there is time until its start.
			if start := now.Legs[q.Leg-1].Start; q.ExpiresAt.After(start) || q.ExpiresAt.Before(start.Add(-6*time.Hour)) {
				t.Errorf("the stop begins at %s and its question ends at %s", start, q.ExpiresAt)
			}
		}
		return f, d, now
	}
	t.Run("answered at once", func(t *testing.T) {
		_, d, now := lost(t, "1", 1)
		a := d.decide(now.ID, object{"answers": []object{
			{"leg": 1, "action": "continue", "alternative_id": now.Decisions[0].Alternatives[0].ID}, {"leg": 2, "action": "give_up"},
		}})
		if a.Status != http.StatusOK {
			t.Fatalf("answers: %s", a)
		}
		d.sees(now.ID, "both are answered", func(t tripView) bool {
			return asksAbout()(t) && t.Legs[0].State == "RESERVED" && t.Legs[1].State == "CANCELED" && t.Legs[2].State == "RESERVED"
		})
	})
	t.Run("answered one by one", func(t *testing.T) {
		_, d, now := lost(t, "2", 2)
		if a := d.decide(now.ID, object{"action": "continue", "leg": 2, "alternative_id": now.Decisions[1].Alternatives[0].ID}); a.Status != http.StatusOK {
			t.Fatalf("continue: %s", a)
		}
		d.sees(now.ID, "it asks about the first", func(t tripView) bool { return asksAbout(1)(t) && t.Legs[1].State == "RESERVED" })
		if a := d.decide(now.ID, object{"action": "give_up", "leg": 1}); a.Status != http.StatusOK {
			t.Fatalf("give up: %s", a)
		}
		d.sees(now.ID, "both are answered", func(t tripView) bool { return asksAbout()(t) && t.Legs[0].State == "CANCELED" })
	})
}

// TestNobodyAnswers: at its deadline, which is the start of the stop, a lost
// stop is let go of, and a trip with nothing left is CANCELED.
func TestNobodyAnswers(t *testing.T) {
	f := startAt(t, 240)
	d := f.driver(vehicle(1), "SER")
	begins := f.in(20 * time.Minute)
	booked := d.booked(d.asks("ask", object{"decision_timeout_seconds": 1}, stop{EVSE: "BR*MAR*E0001*1", Start: begins, End: begins.Add(30 * time.Minute)}))
	f.withdraw("BR*MAR*E0001*1")
	d.sees(booked.ID, "it asks", asksAbout(1))
	f.pass(begins.Add(-6 * time.Minute))
	if now := d.trip(booked.ID); !asksAbout(1)(now) {
		t.Errorf("before the stop's start it does not ask any more: %+v", now)
	}
	d.sees(booked.ID, "it is CANCELED", func(t tripView) bool {
		return t.State == "CANCELED" && t.Legs[0].State == "CANCELED" && t.Decision == nil && len(t.Decisions) == 0
	})
}

// TestAfterANoShow: what the plug recommends then can be done.
func TestAfterANoShow(t *testing.T) {
	f := startAt(t, 120)
	for n, c := range []struct {
		name string
		more []stop
		take func(driver, string, stop) answer
	}{
		{"swapped, it was the only one", nil, func(d driver, id string, s stop) answer { return d.swap(id, object{"stop": s}) }},
		{"decided, another is to come", []stop{f.tomorrow("BR*SER*E0001*1", 0)}, func(d driver, id string, s stop) answer {
			return d.decide(id, object{"action": "continue", "leg": 1, "stop": s})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := f.with(t)
			evse := []string{"BR*MAR*E0001*1", "BR*MAR*E0002*1"}[n]
			d := f.driver(vehicle(1+n), "MAR")
			car := f.car(d.user, "MAR")
			booked := d.book(append([]stop{{EVSE: evse, Start: f.in(3 * time.Minute), End: f.in(60 * time.Minute)}}, c.more...)...)
			f.pass(booked.Legs[0].Start.Add(15 * time.Minute))
			d.sees(booked.ID, "nobody has come", func(t tripView) bool { return t.Legs[0].State == "NO_SHOW" })
			if a := car.plug(evse); !a.is(http.StatusConflict, "TOO_LATE") {
				t.Errorf("plug: %s", a)
			}
			now := d.trip(booked.ID)
			if !asksAbout(1)(now) || now.Decision.Code != "TOO_LATE" {
				t.Errorf("it does not ask about the stop: %+v", now)
			}
			if len(d.alternatives(booked.ID, 1)) == 0 {
				t.Errorf("no alternatives")
			}
			next := stop{Leg: 1, EVSE: []string{"BR*MAR*E0004*1", "BR*MAR*E0005*1"}[n], Start: f.in(60 * time.Minute), End: f.in(90 * time.Minute)}
			if a := c.take(d, booked.ID, next); a.Status != http.StatusOK {
				t.Fatalf("the stop cannot be changed: %s", a)
			}
			d.sees(booked.ID, "it has a stop again", func(t tripView) bool {
				return asksAbout()(t) && t.Legs[0].State == "RESERVED" && t.Legs[0].EVSE == next.EVSE
			})
		})
	}
}
