package aftermath

import (
	"net/http"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// slow makes a company's store take its time with the writes of the next
// moment, as a disk does: what is answered before it is durable shows.
func (f *federation) slow(company string) {
	f.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: f.apps[company].StoreAddr()})
	defer c.Close()
	if err := c.Do(f.t.Context(), "CLIENT", "PAUSE", 150, "WRITE").Err(); err != nil {
		f.t.Fatal(err)
	}
}

// TestCancelWhileItAsks: whatever a trip that is not booked does, a cancel waits
// for its end.
func TestCancelWhileItAsks(t *testing.T) {
	f := start(t)
	const taken, other = "BR*CAJ*E0001*1", "BR*SER*E0001*1"
	f.driver(vehicle(1), "CAJ").book(stop{EVSE: taken, Start: f.in(24 * time.Hour), End: f.in(40 * time.Hour)})
	aborted := func(t *testing.T, d driver, a answer) {
		t.Helper()
		if got := as[tripView](a); a.Status != http.StatusOK || got.State != "ABORTED" {
			t.Errorf("cancel: %s", a)
		}
	}
	for name, cancel := range map[string]func(driver) func(string) answer{
		"over REST": func(d driver) func(string) answer { return d.cancel },
		"over MQTT": func(d driver) func(string) answer {
			car := d.f.car(d.user, d.company)
			return func(id string) answer { return car.ask("cancel", object{"trip_id": id}) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := f.with(t).driver(vehicle(2), "MAR")
			do := cancel(d)
			for k := range 4 {
				a := d.asks("ask", nil, f.tomorrow(other, k), f.tomorrow(taken, k+1))
				asking := as[tripView](a)
				if asking.State != "AWAITING_DECISION" {
					t.Fatalf("it does not ask: %s", a)
				}
				d.f.slow(d.company)
				aborted(t, d, do(asking.ID))
				d.sees(asking.ID, "it is ABORTED", func(t tripView) bool { return t.State == "ABORTED" })
			}
		})
	}
	t.Run("while it waits", func(t *testing.T) {
		f := f.with(t)
		old, young := f.driver(vehicle(3), "MAR"), f.driver(vehicle(4), "SER")
		for k := range 4 {
			a := old.asks("ask", nil, f.tomorrow("BR*MAR*E0001*1", 2*k), f.tomorrow(other, 2*k+1), f.tomorrow(taken, 2*k+2))
			ahead := as[tripView](a)
			if ahead.State != "AWAITING_DECISION" {
				t.Fatalf("it does not ask: %s", a)
			}
			young.wait = "0"
			w := as[tripView](young.send(http.MethodPost, "/api/v1/trips", object{
				"vehicle_id": young.user, "on_conflict": "wait", "stops": []stop{f.tomorrow("BR*SER*E0002*1", 2*k), f.tomorrow(other, 2*k+1)},
			}))
			f.slow("SER")
			aborted(t, young, young.cancel(w.ID))
			aborted(t, old, old.cancel(ahead.ID))
		}
	})
}

// TestCancelWhatCanBe: each coming stop is judged by its own terms.
func TestCancelWhatCanBe(t *testing.T) {
	states := func(t tripView) (all [3]string) {
		for i := range all {
			all[i] = t.Legs[i].State
		}
		return all
	}
	released := func(first string) [3]string { return [3]string{first, "CANCELED", "CANCELED"} }
	t.Run("just booked", func(t *testing.T) {
		f := start(t)
		d := f.driver(vehicle(1), "MAR")
		booked := d.book(stop{EVSE: "BR*MAR*E0001*1", Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute)},
			stop{EVSE: "BR*SER*E0001*1", Start: f.in(4 * time.Hour), End: f.in(5 * time.Hour)},
			stop{EVSE: "BR*CAJ*E0001*1", Start: f.in(7 * time.Hour), End: f.in(8 * time.Hour)})
		a := d.cancel(booked.ID)
		if got := as[tripView](a); a.Status != http.StatusOK || got.State != "CANCELED" || len(got.Kept) != 0 {
			t.Fatalf("cancel: %s", a)
		}
		again := d.book(stop{EVSE: "BR*MAR*E0001*1", Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute)})
		if again.ID == booked.ID {
			t.Errorf("the window was not released")
		}
	})
	t.Run("while it charges", func(t *testing.T) {
		c := start(t).with(t).charges("1", 1)
		a := c.cancel(c.trip.ID)
		got := as[tripView](a)
		if a.Status != http.StatusOK || got.State != "CONFIRMED" || len(got.Kept) != 1 || got.Kept[0].Leg != 1 || got.Kept[0].Code != "SESSION_OPEN" {
			t.Fatalf("cancel: %s", a)
		}
		c.sees(c.trip.ID, "the others are released", func(t tripView) bool { return states(t) == released("CHARGING") })
		for _, l := range c.trip.Legs[1:] {
			if s := c.stateAt("MAR", l).State; s != "CANCELED" {
				t.Errorf("%s says that leg %d is %s", l.Company, l.Leg, s)
			}
		}
		if a := c.cancel(c.trip.ID); !a.is(http.StatusConflict, "SESSION_OPEN") {
			t.Errorf("cancel once more: %s", a)
		}
		c.car.billed(c.evse, 0.1)
		c.sees(c.trip.ID, "it has come to its end", func(t tripView) bool { return t.State == "COMPLETED" })
	})
	t.Run("too late for the first", func(t *testing.T) {
		f := startAt(t, 120)
		d := f.driver(vehicle(1), "MAR")
		booked := d.book(stop{EVSE: "BR*MAR*E0001*1", Start: f.in(28 * time.Minute), End: f.in(60 * time.Minute)},
			stop{EVSE: "BR*SER*E0001*1", Start: f.in(4 * time.Hour), End: f.in(5 * time.Hour)},
			stop{EVSE: "BR*CAJ*E0001*1", Start: f.in(7 * time.Hour), End: f.in(8 * time.Hour)})
		f.pass(f.in(6 * time.Minute)) // beyond what a driver has to think better of it
		a := d.cancel(booked.ID)
		got := as[tripView](a)
		if a.Status != http.StatusOK || got.State != "CONFIRMED" || len(got.Kept) != 1 || got.Kept[0].Leg != 1 || got.Kept[0].Code != "CANCEL_TOO_LATE" {
			t.Fatalf("cancel: %s", a)
		}
		if until := got.Kept[0].Until; !until.Before(f.clock.Now()) || until.Before(booked.Legs[0].Start.Add(-time.Hour)) {
			t.Errorf("it could be canceled until %s", until)
		}
		d.sees(booked.ID, "the others are released", func(t tripView) bool { return states(t) == released("RESERVED") })
		if a := d.cancel(booked.ID); !a.is(http.StatusConflict, "CANCEL_TOO_LATE") {
			t.Errorf("cancel once more: %s", a)
		}
	})
}
