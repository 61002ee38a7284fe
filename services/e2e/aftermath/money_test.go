package aftermath

import (
	"math"
	"net/http"
	"testing"
	"time"
)

// cents rounds money as bills have it.
func cents(v float64) float64 { return math.Round(v*100) / 100 }

// TestAStopCostsWhatWasOffered: the price of a stop that was changed is what it
// was and the difference that was offered, in cents, whichever way it was taken.
func TestAStopCostsWhatWasOffered(t *testing.T) {
	f := start(t)
	t.Run("by continue", func(t *testing.T) {
		f := f.with(t)
		d, rival := f.driver(vehicle(1), "MAR"), f.driver(vehicle(2), "SER")
		plan := d.plan(0.9, f.in(26*time.Hour))
		before := d.booked(d.asks("ask", object{"plan_id": plan}))
		last := before.Legs[len(before.Legs)-1]
		// The same plan is asked for again, once its last stop is another's.
		if a := d.cancel(before.ID); a.Status != http.StatusOK {
			t.Fatalf("cancel: %s", a)
		}
		rival.book(stop{EVSE: last.EVSE, Start: last.Start, End: last.End})
		a := d.asks("ask", object{"plan_id": plan})
		asking := as[tripView](a)
		if asking.State != "AWAITING_DECISION" || asking.Decision.Leg != last.Leg {
			t.Fatalf("it does not ask: %s", a)
		}
		offered := dearer(asking.Decision.Alternatives)
		if offered == nil {
			t.Fatalf("no alternative costs more or less: %+v", asking.Decision.Alternatives)
		}
		if a := d.decide(asking.ID, object{"action": "continue", "alternative_id": offered.ID}); a.Status != http.StatusOK {
			t.Fatalf("continue: %s", a)
		}
		d.sees(asking.ID, "the stop costs what was offered", func(t tripView) bool {
			return t.State == "CONFIRMED" && t.Legs[last.Leg-1].Price == cents(last.Price+offered.DeltaPrice)
		})
	})
	t.Run("by swap", func(t *testing.T) {
		f := f.with(t)
		d := f.driver(vehicle(3), "CAJ")
		booked := d.booked(d.asks("ask", object{"plan_id": d.plan(0.9, f.in(50*time.Hour))}))
		changed := 0
		for range 12 { // binary fractions do not always show
			for k := range booked.Legs {
				offered := dearer(d.alternatives(booked.ID, k+1))
				if offered == nil {
					continue
				}
				a := d.swap(booked.ID, object{"alternative_id": offered.ID})
				if a.Status != http.StatusOK {
					continue
				}
				changed++
				now := as[tripView](a)
				if want := cents(booked.Legs[k].Price + offered.DeltaPrice); now.Legs[k].Price != want {
					t.Fatalf("the stop costs %v, not %v", now.Legs[k].Price, want)
				}
				booked = now
			}
		}
		if changed < 5 {
			t.Errorf("%d swaps only", changed)
		}
	})
}

// dearer is an alternative that costs more or less and moves no other stop.
func dearer(found []alternative) *alternative {
	for i, a := range found {
		if a.DeltaPrice != 0 && len(a.LaterStops) == 0 {
			return &found[i]
		}
	}
	return nil
}

// TestChargeOfAByHandTrip: a car that says its charge is offered what it can
// reach.
func TestChargeOfAByHandTrip(t *testing.T) {
	f := start(t)
	registered := as[struct {
		ID     string `json:"vehicle_id"`
		Secret string `json:"secret"`
	}](f.driver("", "MAR").send(http.MethodPost, "/api/v1/vehicles", object{"model": "byd-dolphin"}))
	if registered.ID == "" {
		t.Fatal("the vehicle was not registered")
	}
	d := driver{f: f, user: registered.ID, secret: registered.Secret, company: "MAR"}
	// The first stop is too short to charge much.
	offered := func(soc float64, hours int) []alternative {
		t.Helper()
		one, two := f.tomorrow("BR*SER*E0001*1", hours), f.tomorrow("BR*SER*E0004*1", hours+3)
		one.End = one.Start.Add(6 * time.Minute)
		one.Energy, two.Energy = 1, 20
		booked := d.booked(d.asks("ask", object{"soc": soc}, one, two))
		return d.alternatives(booked.ID, 2)
	}
	full, empty := offered(0.95, 0), offered(0.16, 12)
	far := func(all []alternative) float64 {
		most := 0.0
		for _, a := range all {
			most = max(most, f.distance("BR*SER*E0001*1", a.EVSE))
		}
		return most
	}
	// 6 % of 45 kWh above the reserve, and 1 kWh, are some 25 km.
	if far(full) < 40 {
		t.Fatalf("the full battery is offered nothing far: %+v", full)
	}
	if far(empty) > 40 {
		t.Errorf("an empty battery is offered a stop %.0f km away", far(empty))
	}
}

// distance between two EVSEs' sites in km, as the crow flies.
func (f *federation) distance(a, b string) float64 {
	f.t.Helper()
	at := map[string]site{}
	for _, s := range f.sites("MAR") {
		for _, e := range s.EVSEs {
			at[e.ID] = s
		}
	}
	dy, dx := at[a].Lat-at[b].Lat, (at[a].Lon-at[b].Lon)*math.Cos(at[a].Lat*math.Pi/180)
	return 111.2 * math.Hypot(dx, dy)
}
