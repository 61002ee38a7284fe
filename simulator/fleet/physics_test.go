package fleet

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

func TestCitiesAndWays(t *testing.T) {
	for _, c := range Cities {
		point(c) // panics for one that is unknown
	}
	w := wayOf(point("Natal, RN"), point("Salvador, BA"))
	if len(w.points) < 10 || w.km < 900 || w.km > 1200 || w.kmh < 50 || w.kmh > 110 {
		t.Fatalf("%d points, %.0f km at %.0f km/h from Natal to Salvador", len(w.points), w.km, w.kmh)
	}
	if got := w.at(0); got != w.points[0] {
		t.Errorf("begins at %v", got)
	}
	if got := w.at(2000); geo.Distance(got, point("Salvador, BA")) > 1 {
		t.Errorf("ends at %v", got)
	}
	last := 0.0
	for km := 0.0; km <= w.km; km += 50 {
		along := geo.Distance(point("Natal, RN"), w.at(km))
		if along+20 < last {
			t.Errorf("at %v km it goes back", km)
		}
		last = along
	}
	if sea := wayOf(point(from), geo.Point{Lat: -5, Lon: -20}); sea.km < 1000 || len(sea.points) != 2 {
		t.Errorf("to where no road leads: %+v", sea)
	}
}

// TestAfterIsTheInverseOfTime, for every model at every power.
func TestAfterIsTheInverseOfTime(t *testing.T) {
	for _, v := range vehicle.All() {
		for _, kW := range []float64{22, 60, 150} {
			for _, dc := range []bool{true, false} {
				o := outlet{kW: kW, dc: dc, efficiency: 0.9}
				c := o.charge(v, 0.2)
				for _, to := range []float64{0.3, 0.6, 0.85, 1} {
					d := c.until(to)
					if got := c.after(d); c.session.Possible() && math.Abs(got-to) > 1e-5 {
						t.Errorf("%s at %v kW: %v after %s, want %v", v.ID, kW, got, d, to)
					}
					// The meter counts no more than the EVSE gives.
					if h := d.Hours(); c.session.Possible() && (to-0.2)*v.UsableBatteryKWh/o.efficiency > kW*h*1.0001 {
						t.Errorf("%s draws more than %v kW", v.ID, kW)
					}
				}
			}
		}
	}
	var none charge
	if none.after(time.Hour) != 0 {
		t.Error("a session that cannot be charges")
	}
}

func TestOutletOf(t *testing.T) {
	all, _ := sites(t.Context())
	o, ok := outletOf(all[0], evse1, charging.PlugsOf("IEC_62196_T2_COMBO"))
	if !ok || o.kW != 60 || !o.dc || o.tariff.PerKWh != 2 || o.efficiency != efficiencyDC {
		t.Errorf("%+v", o)
	}
	if o, ok := outletOf(all[0], evse1, charging.PlugsOf("CHADEMO")); !ok || o.kW != 100 {
		t.Errorf("by CHAdeMO: %+v", o)
	}
	if _, ok := outletOf(all[0], evse1, charging.PlugsOf("IEC_62196_T2")); ok {
		t.Error("a car without a plug for it is plugged in")
	}
	if _, ok := outletOf(all[0], evse2, charging.AllPlugs()); ok {
		t.Error("an EVSE that is not there")
	}
}

// TestConsumption: what uses more, uses more; what the planner is told covers a
// car that goes on as it is.
func TestConsumption(t *testing.T) {
	v, _ := vehicle.ByID("byd-dolphin")
	of := func(s Stretch, m manner) float64 { return pieceOf(v, 100, 80, s, m).kWh }
	flat := Stretch{Discharge: carlink.Normal, Pace: 1, Hill: 1}
	usual := of(flat, manner{air: 23})
	for name, more := range map[string]float64{
		"fast":     of(Stretch{carlink.Fast, 1, 1}, manner{air: 23}),
		"uphill":   of(Stretch{carlink.Normal, 1, 1.05}, manner{air: 23}),
		"heat":     of(flat, manner{air: 38}),
		"hurrying": of(flat, manner{air: 23, hurry: true}),
	} {
		if more <= usual*1.01 {
			t.Errorf("%s: %.2f kWh, usually %.2f", name, more, usual)
		}
	}
	for name, less := range map[string]float64{
		"slow": of(Stretch{carlink.Slow, 1, 1}, manner{air: 23}),
		"eco":  of(Stretch{carlink.Fast, 1, 1}, manner{air: 23, eco: true}),
	} {
		if less >= usual {
			t.Errorf("%s: %.2f kWh, usually %.2f", name, less, usual)
		}
	}
	for _, d := range []carlink.Discharge{carlink.Slow, carlink.Normal, carlink.Fast} {
		for _, air := range []float64{23, 28, 40} {
			told := expectation(v, d, air)["consumption_kwh_100km"].(float64)
			if real := pieceOf(v, 100, vehicle.RatedKmh, Stretch{d, 1, 1}, manner{air: air}).kWh; told < real {
				t.Errorf("%s at %v °C: the planner is told %.1f, and it takes %.1f", d, air, told, real)
			}
		}
	}
	if p := pieceOf(v, 5, 80, flat, manner{air: 23, eco: true}); (p.time() - minutes(60*5/(80*ecoPace))).Abs() > time.Second {
		t.Errorf("5 km at %v km/h take %s", p.kmh, p.time())
	}
}

func TestWorld(t *testing.T) {
	here, far := point(from), point(to)
	w := World{Events: []Event{
		{Kind: Heat, At: time.Hour, For: time.Hour, AirC: 40},
		{Kind: Closure, At: time.Hour, For: time.Hour, Near: here, RadiusKm: 20},
		{Kind: DeadZone, At: 0, For: time.Hour, Near: here, RadiusKm: 20},
	}}
	if w.Air(0) != usualAirC || w.Air(time.Hour) != 40 || w.Air(2*time.Hour) != usualAirC {
		t.Error("the heat has other hours")
	}
	if n, closed := w.Closed(90*time.Minute, here); !closed || n != 1 {
		t.Error("the road is open")
	}
	if _, closed := w.Closed(90*time.Minute, far); closed {
		t.Error("a far road is closed")
	}
	if w.Covered(0, here) || !w.Covered(0, far) || !w.Covered(time.Hour, here) {
		t.Error("the network has other places")
	}
	dead, again := 0, World{Dead: 0.1, Seed: 1}
	for i := range 2000 {
		p := geo.Point{Lat: -5 - float64(i%100)/10, Lon: -36 - float64(i/100)/10}
		if !again.Covered(0, p) {
			dead++
		}
		if again.Covered(0, p) != again.Covered(time.Hour, p) {
			t.Fatal("a dead zone comes and goes")
		}
	}
	if dead < 120 || dead > 280 {
		t.Errorf("%d of 2000 places are dead, want about 200", dead)
	}
}

func TestYard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var y yard
		leave, err := y.enter(t.Context(), evse1, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := y.enter(t.Context(), evse1, time.Minute); !errors.Is(err, errOccupied) {
			t.Errorf("two cars at a plug: %v", err)
		}
		if _, err := y.enter(t.Context(), evse2, 0); err != nil {
			t.Errorf("another plug: %v", err)
		}
		time.AfterFunc(time.Minute, leave)
		if _, err := y.enter(t.Context(), evse1, time.Hour); err != nil {
			t.Errorf("after it was left: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := y.enter(ctx, evse1, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestChargersAreReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := chargers{load: func(ctx context.Context) (_ []api.Location, err error) {
			if calls++; calls == 1 {
				return nil, errors.New("not yet")
			}
			return sites(ctx)
		}}
		for range 3 {
			if l, err := c.location(t.Context(), evse2); err != nil || l.CompanyID != "SER" {
				t.Errorf("%+v, %v", l, err)
			}
		}
		if _, err := c.location(t.Context(), charging.EVSEID("BR*XXX*E1")); err == nil {
			t.Error("an EVSE of nobody was found")
		}
		if calls != 2 {
			t.Errorf("read %d times", calls)
		}
	})
}
