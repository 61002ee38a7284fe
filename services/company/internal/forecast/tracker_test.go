package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// drive is a car between two towns that reports as a test wants.
type drive struct {
	t     *testing.T
	v     vehicle.Vehicle
	route road.Route
	way   Way
	rand  *rand.Rand

	use, pace float64 // of the car, as multiples of the model's
	noise     float64 // of the charge that it reports, standard deviation
	km, soc   float64
	at        time.Time
	track     *Tracker
}

func newDrive(t *testing.T, seed uint64) *drive {
	t.Helper()
	net := road.Default()
	from, err1 := net.Place("João Pessoa, PB")
	to, err2 := net.Place("Caruaru, PE")
	v, ok := vehicle.ByID("byd-dolphin")
	if err1 != nil || err2 != nil || !ok {
		t.Fatal(err1, err2, ok)
	}
	route, err := net.Route(from.Point, to.Point)
	if err != nil {
		t.Fatal(err)
	}
	spot, err := net.Locate(to.Point)
	if err != nil {
		t.Fatal(err)
	}
	tree := net.From(spot)
	d := &drive{
		t: t, v: v, route: route, rand: rand.New(rand.NewPCG(seed, 1)), use: 1, pace: 1, noise: 0.004, soc: 0.95, at: noon, track: New(v),
		way: func(p geo.Point) (road.Leg, bool) {
			s, err := net.Locate(p)
			if err != nil {
				return road.Leg{}, false
			}
			return tree.To(s)
		},
	}
	d.track.Aim(d.way)
	return d
}

func (d *drive) point() geo.Point { return d.pointAt(d.km) }

// pointAt is where the route is after so many km.
func (d *drive) pointAt(km float64) geo.Point {
	length := 0.0
	for i := 1; i < len(d.route.Points); i++ {
		length += geo.Distance(d.route.Points[i-1], d.route.Points[i])
	}
	left := km / d.route.Km * length
	for i := 1; i < len(d.route.Points); i++ {
		a, b := d.route.Points[i-1], d.route.Points[i]
		if piece := geo.Distance(a, b); left > piece {
			left -= piece
		} else {
			return geo.Between(a, b, left/piece)
		}
	}
	return d.route.Points[len(d.route.Points)-1]
}

// on drives so many km without a word, at the road's speeds.
func (d *drive) on(km float64) {
	for left := min(km, d.route.Km-d.km); left > 0; left -= 1.5 {
		soc, took := d.piece(d.km, min(left, 1.5))
		d.km += min(left, 1.5)
		d.soc -= soc
		d.at = d.at.Add(took)
	}
}

// piece is what a short drive takes.
func (d *drive) piece(from, km float64) (soc float64, took time.Duration) {
	a, _ := d.way(d.pointAt(from))
	b, _ := d.way(d.pointAt(from + km))
	kmh := (a.Km - b.Km) / (a.Drive - b.Drive).Hours()
	if !(kmh > 20 && kmh < 120) {
		kmh = d.route.Kmh()
	}
	return d.use * d.v.SoCFor(km, kmh), time.Duration(km / kmh * d.pace * float64(time.Hour))
}

// report is what the car would say here.
func (d *drive) report() Report {
	p := d.point()
	p.Lat += d.rand.NormFloat64() * 0.0002 // some 20 m
	p.Lon += d.rand.NormFloat64() * 0.0002
	return Report{At: d.at, Heard: d.at.Add(time.Second), Point: p, SoC: min(max(d.soc+d.noise*d.rand.NormFloat64(), 0), 1)}
}

// cruise drives so many km and reports every kilometre and a half.
func (d *drive) cruise(km float64) {
	for end := d.km + km; d.km < min(end, d.route.Km-0.1); {
		d.on(1.5)
		d.track.Hear(d.report())
	}
}

func (d *drive) forecast() Forecast {
	d.t.Helper()
	f, ok := d.track.Forecast(d.at, 0)
	if !ok {
		d.t.Fatal("no forecast")
	}
	return f
}

// truth is what the arrival will be.
func (d *drive) truth() (soc float64, at time.Time) {
	end := *d
	end.on(d.route.Km)
	return end.soc, end.at
}

// near checks a forecast against the truth, within so many points of charge and
// minutes.
func (d *drive) near(points float64, minutes float64) {
	d.t.Helper()
	f := d.forecast()
	soc, at := d.truth()
	if math.Abs(f.ArriveSoC-soc)*100 > points {
		d.t.Errorf("after %.0f km: arrives with %.1f%% ± %.1f, in truth %.1f%% (use %.2f)", d.km, 100*f.ArriveSoC, 100*f.SoCSigma, 100*soc, f.Use)
	}
	if off := f.ArriveAt.Sub(at).Minutes(); math.Abs(off) > minutes {
		d.t.Errorf("after %.0f km: arrives %.0f min off the truth, ± %.0f (pace %.2f)", d.km, off, f.TimeSigma.Minutes(), f.Pace)
	}
}

func TestANoisyDriveIsForecast(t *testing.T) {
	for _, use := range []float64{0.8, 1, 1.3, 1.6} {
		for _, pace := range []float64{0.9, 1, 1.4} {
			t.Run(fmt.Sprintf("use %.1f pace %.1f", use, pace), func(t *testing.T) {
				d := newDrive(t, 7)
				d.use, d.pace = use, pace
				d.cruise(80)
				d.near(8, 40)
				d.cruise(120)
				d.near(5, 12)
			})
		}
	}
}

// TestTheUncertaintyIsHonest: the truth lies within two standard deviations
// nearly always.
func TestTheUncertaintyIsHonest(t *testing.T) {
	inside, all := 0, 0
	for seed := range uint64(24) {
		d := newDrive(t, seed)
		d.use, d.pace = 0.8+0.5*d.rand.Float64(), 0.9+0.4*d.rand.Float64()
		d.noise = 0.01
		for d.km < 200 {
			d.cruise(50)
			f := d.forecast()
			soc, _ := d.truth()
			all++
			if math.Abs(f.ArriveSoC-soc) <= 2*f.SoCSigma {
				inside++
			}
		}
	}
	if share := float64(inside) / float64(all); share < 0.9 {
		t.Errorf("the truth is within two standard deviations in %.0f%% of %d forecasts", 100*share, all)
	}
}

// TestFastDischargeIsFound: the longest drive until a car that uses half as
// much again is seen to miss its stop, and that a normal one never is.
func TestFastDischargeIsFound(t *testing.T) {
	for seed := range uint64(8) {
		for _, use := range []float64{1, 1.5} {
			d := newDrive(t, seed)
			d.use, d.noise = use, 0.01
			// With the model's consumption it arrives five points above the reserve.
			model := *d
			model.use = 1
			arrives, _ := model.truth()
			aim := Stop{Start: noon.Add(4 * time.Hour), End: noon.Add(5 * time.Hour), NoShow: time.Hour, Reserve: arrives - 0.05}
			found := 0.0
			for d.km < d.route.Km-1 && found == 0 {
				d.cruise(1.5)
				if d.forecast().Judge(aim) == Battery {
					found = d.km
				}
			}
			switch {
			case use == 1 && found > 0:
				t.Errorf("seed %d: a normal car was said to miss its stop after %.0f km", seed, found)
			case use > 1 && (found == 0 || found > 80):
				t.Errorf("seed %d: a car that uses %.1f was found after %.0f km (0: never)", seed, use, found)
			}
		}
	}
}

func TestADeadZoneIsOneStep(t *testing.T) {
	d := newDrive(t, 3)
	d.use = 1.3
	d.cruise(40)
	before := d.forecast()
	if later, _ := d.track.Forecast(d.at.Add(30*time.Minute), 0); later.ArriveSoC != before.ArriveSoC || !later.ArriveAt.Equal(before.ArriveAt) {
		t.Errorf("silence changed the forecast from %+v to %+v", before, later)
	}
	d.on(50)
	d.cruise(30)
	d.near(7, 16)
}

func TestWhatCannotBeIsLeftOut(t *testing.T) {
	for name, wrong := range map[string]func(d *drive, r Report) Report{
		"another place": func(d *drive, r Report) Report { r.Point = geo.Point{Lat: -3.7, Lon: -38.5}; return r },
		"empty":         func(d *drive, r Report) Report { r.SoC = 0; return r },
		"full":          func(d *drive, r Report) Report { r.SoC = 1; return r },
		"from the past": func(d *drive, r Report) Report { r.At = r.At.Add(-5 * time.Minute); return r },
		"twice":         func(d *drive, r Report) Report { return d.track.last },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, 5)
			d.use = 1.2
			for range 10 {
				d.cruise(10)
				before := d.forecast()
				if d.track.Hear(wrong(d, d.report())) {
					t.Errorf("after %.0f km it was believed", d.km)
				}
				if f := d.forecast(); f != before {
					t.Errorf("it changed %+v to %+v", before, f)
				}
			}
			d.near(7, 16)
		})
	}
}

func TestWhatIsSaidThreeTimesIsBelieved(t *testing.T) {
	d := newDrive(t, 5)
	d.cruise(30)
	d.on(120) // and its clock stood still
	d.at = d.at.Add(-95 * time.Minute)
	heard := 0
	for range 6 {
		d.on(1.5)
		if d.track.Hear(d.report()) {
			heard++
		}
	}
	if f := d.forecast(); heard == 0 || math.Abs(f.Km-(d.route.Km-d.km)) > 10 {
		t.Errorf("believed %d; %.0f km left, in truth %.0f", heard, f.Km, d.route.Km-d.km)
	}
}

func TestWrongClocks(t *testing.T) {
	for name, clock := range map[string]func(i int, r *Report){
		"an hour fast":     func(_ int, r *Report) { r.At = r.At.Add(time.Hour) },
		"a year slow":      func(_ int, r *Report) { r.At = r.At.AddDate(-1, 0, 0) },
		"set forward":      func(i int, r *Report) { r.At = r.At.Add(time.Duration(i/40) * 3 * time.Hour) },
		"set back":         func(i int, r *Report) { r.At = r.At.Add(-time.Duration(i/40) * 2 * time.Hour) },
		"messages delayed": func(i int, r *Report) { r.Heard = r.Heard.Add(time.Duration(i%7) * 10 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, 9)
			d.use, d.pace = 1.3, 1.2
			for i := 0; d.km < 150; i++ {
				d.on(1.5)
				r := d.report()
				clock(i, &r)
				d.track.Hear(r)
			}
			d.near(7, 16)
		})
	}
}

// TestChargingIsNoDrive: what is charged says nothing about consumption.
func TestChargingIsNoDrive(t *testing.T) {
	d := newDrive(t, 2)
	d.use = 1.3
	d.cruise(90)
	before := d.forecast().Use
	for range 20 {
		d.at = d.at.Add(2 * time.Minute)
		d.soc = min(d.soc+0.03, 0.95)
		r := d.report()
		r.PowerKW = -50
		d.track.Hear(r)
	}
	if after := d.forecast().Use; math.Abs(after-before) > 0.05 || d.track.DrivenKm() > 1 {
		t.Errorf("use went from %.2f to %.2f; %.0f km driven since", before, after, d.track.DrivenKm())
	}
	d.cruise(60)
	d.near(7, 16)
}

// TestARestIsNoPace: who stands for an hour does not drive slower for it.
func TestARestIsNoPace(t *testing.T) {
	d := newDrive(t, 2)
	d.cruise(90)
	before := d.forecast().Pace
	for range 30 {
		d.at = d.at.Add(2 * time.Minute)
		d.track.Hear(d.report())
	}
	d.cruise(6)
	if after := d.forecast().Pace; after > before+0.2 {
		t.Errorf("pace went from %.2f to %.2f", before, after)
	}
	d.cruise(60)
	d.near(7, 16)
}

func TestJudge(t *testing.T) {
	s := Stop{
		Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour), NoShow: 15 * time.Minute, Early: 10 * time.Minute, Reserve: 0.1,
		Charge: func(soc float64) time.Duration { return time.Duration((0.8 - soc) * float64(time.Hour)) },
	}
	for name, tt := range map[string]struct {
		soc     float64
		minutes int
		want    Verdict
		calm    bool
	}{
		"as booked":                {0.3, 55, Fine, true},
		"at the reserve":           {0.1, 55, Fine, false},
		"below the reserve":        {0.04, 55, Battery, false},
		"empty on the way":         {-0.2, 55, Battery, false},
		"a little late":            {0.3, 65, Fine, true},
		"after the no-show":        {0.3, 90, Late, false},
		"too late to charge":       {0.12, 71, Short, false},
		"half an hour early":       {0.3, 29, Fine, true},
		"an hour early":            {0.3, 0, Early, true},
		"early and without charge": {0, 0, Battery, false},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.want == Short {
				s.End = noon.Add(100 * time.Minute)
			} else {
				s.End = noon.Add(2 * time.Hour)
			}
			f := Forecast{ArriveSoC: tt.soc, SoCSigma: 0.02, ArriveAt: noon.Add(time.Duration(tt.minutes) * time.Minute), TimeSigma: 2 * time.Minute}
			if got := f.Judge(s); got != tt.want || f.Calm(s) != tt.calm {
				t.Errorf("%s, calm %v; want %s, %v", got, f.Calm(s), tt.want, tt.calm)
			}
		})
	}
}
