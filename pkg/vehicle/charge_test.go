package vehicle_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

func TestChargeTime(t *testing.T) {
	flat := vehicle.Vehicle{UsableBatteryKWh: 60, ConsumptionKWh100Km: 15, DCKW: 60, ACKW: 11, DCCurve: []vehicle.CurvePoint{{0, 60}, {100, 60}}}
	slope := flat
	slope.DCCurve = []vehicle.CurvePoint{{0, 60}, {100, 30}}
	tests := []struct {
		name         string
		v            vehicle.Vehicle
		from, to, kw float64
		dc           bool
		want         time.Duration
	}{
		{"a flat curve", flat, 0.1, 0.6, 150, true, 30 * time.Minute},
		{"the charger is weaker", flat, 0.1, 0.6, 30, true, time.Hour},
		{"on board", flat, 0, 0.11, 22, false, 36 * time.Minute},
		{"a weak socket", flat, 0, 0.1, 3, false, 2 * time.Hour},
		// ∫ ds/(60−30 s) from 0 to 1 = ln 2 / 30, times 60 kWh.
		{"a falling curve", slope, 0, 1, 150, true, hours(2 * math.Ln2)},
		// At 45 kW half of it is capped: ½/45 + ln(45/30)/30, times 60 kWh.
		{"a falling curve, capped", slope, 0, 1, 45, true, hours(30.0/45 + 2*math.Log(1.5))},
		{"nothing to charge", flat, 0.5, 0.5, 50, true, 0},
		{"backwards", flat, 0.6, 0.5, 50, true, 0},
		{"no power", flat, 0.1, 0.5, 0, true, 0},
		{"not a number", flat, math.NaN(), 0.5, 50, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.v.ChargeTime(tt.from, tt.to, tt.kw, tt.dc)
			if (got - tt.want).Abs() > time.Millisecond {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	if flat.At(0, true).Possible() || (vehicle.Vehicle{UsableBatteryKWh: 50, DCKW: 50}).At(11, false).Possible() {
		t.Error("charging without power is possible")
	}
}

// Every model at every power, against a plain sum of small steps.
func TestChargeTimeIsTheIntegral(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, v := range vehicle.All() {
		for _, kw := range []float64{22, 50, 60, 150, 400} {
			from := rng.Float64() * 0.5
			to := from + rng.Float64()*(1-from)
			got, want := v.At(kw, true).Time(from, to), stepped(v, from, to, kw)
			if (got - want).Abs() > want/500+time.Second {
				t.Errorf("%s at %v kW from %.3f to %.3f: %v, in small steps %v", v.ID, kw, from, to, got, want)
			}
		}
	}
}

func stepped(v vehicle.Vehicle, from, to, limit float64) time.Duration {
	const steps = 20000
	sum := 0.0
	for i := range steps {
		soc := from + (to-from)*(float64(i)+0.5)/steps
		sum += v.UsableBatteryKWh * (to - from) / steps / min(power(v.DCCurve, 100*soc), limit, v.DCKW)
	}
	return hours(sum)
}

func power(curve []vehicle.CurvePoint, percent float64) float64 {
	for i := 1; i < len(curve); i++ {
		a, b := curve[i-1], curve[i]
		if percent <= b[0] {
			return a[1] + (b[1]-a[1])*(percent-a[0])/(b[0]-a[0])
		}
	}
	return curve[len(curve)-1][1]
}

func TestChargeTimeAddsUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, v := range vehicle.All() {
		s := v.At(60, true)
		for range 20 {
			a, b, c := rng.Float64(), rng.Float64(), rng.Float64()
			a, b, c = min(a, b, c), a+b+c-min(a, b, c)-max(a, b, c), max(a, b, c)
			if d := s.Time(a, b) + s.Time(b, c) - s.Time(a, c); d.Abs() > time.Millisecond {
				t.Errorf("%s: %.2f to %.2f to %.2f differs by %v", v.ID, a, b, c, d)
			}
		}
	}
}

func FuzzVehicle(f *testing.F) {
	f.Add(60.5, 17.8, 88.0, 11.0, 40.0, 80.0, 10.0, 0.1, 0.8, 60.0)
	f.Add(5.0, 80.0, 3.0, 0.0, 0.0, 0.5, 1000.0, 0.0, 1.0, 1e-300)
	f.Add(math.NaN(), math.Inf(1), -1.0, 0.0, 100.0, 0.0, 0.0, -1.0, 2.0, math.Inf(1))
	f.Fuzz(func(t *testing.T, kwh, use, dc, ac, percent, kw0, kw1, from, to, evse float64) {
		v := vehicle.Vehicle{
			UsableBatteryKWh: kwh, ConsumptionKWh100Km: use, DCKW: dc, ACKW: ac,
			DCCurve: []vehicle.CurvePoint{{0, kw0}, {percent, kw1}},
		}
		if v.Validate() != nil {
			return
		}
		for _, direct := range []bool{true, false} {
			if d := v.At(evse, direct).Time(from, to); d < 0 || d > 3001*time.Hour {
				t.Errorf("%+v charges from %v to %v in %v", v, from, to, d)
			}
		}
		if e := v.EnergyKWh(100, to); !(e > 0) {
			t.Errorf("100 km take %v kWh", e)
		}
	})
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }
