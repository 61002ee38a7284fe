package forecast

import (
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

const (
	// priorKm of the model are believed before anything is seen; what is seen
	// loses weight by 1/e over memoryKm.
	priorKm, memoryKm = 10.0, 50.0
	// priorPaceKm is the same for the driving time: the delay so far is seen in the
	// position, and one stretch says little about the speed on the next one.
	priorPaceKm = 40.0
	// geometryKm is how far the way ahead may be off, wherever the car is: the
	// network's lines are simpler than the roads.
	geometryKm = 3.0
	// stepKm is the drive between two reports that are compared: shorter ones
	// drown in the noise of positions, charge and the network's geometry.
	stepKm = 5.0
	// Beyond fastestKmh, or socNoise and three times the model's consumption, a
	// report is not believed.
	fastestKmh, socNoise, most = 220.0, 0.03, 3.0
	// agree is how often the unbelievable must be said.
	agree = 3
	// slack is how far clocks and messages may be off without it meaning anything;
	// a car's clock that is set back further is believed after some reports.
	slack, setBack = 2 * time.Minute, 10 * time.Minute
	// straightFactor turns a great circle into a drive where no better is known.
	straightFactor = 1.1
	// pause: a step that takes longer than the model by this factor and time is
	// cut there: a rest is no pace.
	pauseFactor, pauseHours = 1.8, 0.02
)

// Report is what a car says about itself.
type Report struct {
	// At is the car's clock, Heard the server's (civil time) on receipt.
	At, Heard time.Time
	Point     geo.Point
	// SoC is the charge, 0 … 1.
	SoC float64
	// PowerKW is what the battery gives, negative while it is charged.
	PowerKW float64
}

// Way is the drive from a point to where the car is going; ok is false where no
// road leads.
type Way func(geo.Point) (leg road.Leg, ok bool)

// Tracker follows one car. It is not safe for use by many goroutines.
type Tracker struct {
	v   vehicle.Vehicle
	way Way

	last, anchor Report
	begun        bool
	recent       []float64 // charge in the last reports
	// offset is the least of Heard − At that was seen: how far the car's clock
	// is off, but for the quickest message's time.
	offset time.Duration
	odd    []Report // what was not believed, in a row
	back   int      // reports in a row from before the last one

	usedKWh, modelKWh   float64
	tookHours, modelled float64
	comparedKm          float64
	drivenKm            float64
}

// New follows a car of a model that heads nowhere yet.
func New(v vehicle.Vehicle) *Tracker { return &Tracker{v: v} }

// Aim says where the car is going. What was learned stays.
func (t *Tracker) Aim(w Way) { t.way = w }

// DrivenKm since the car was first heard, or has charged.
func (t *Tracker) DrivenKm() float64 { return t.drivenKm }

// Hear takes a report, and says whether it was believed.
func (t *Tracker) Hear(r Report) bool {
	if !t.begun {
		t.begin(r)
		return true
	}
	if !r.At.After(t.last.At) {
		return t.past(r)
	}
	t.back = 0
	elapsed := t.elapsed(r)
	switch {
	case t.charged(r, elapsed):
		t.begin(r)
		return true
	case !t.believable(t.last, r, elapsed):
		return t.doubt(r)
	}
	t.odd = nil
	t.accept(r, elapsed)
	return true
}

// begin starts afresh at a report; what was learned stays.
func (t *Tracker) begin(r Report) {
	if !t.begun {
		t.offset = r.Heard.Sub(r.At)
	}
	t.begun, t.last, t.anchor, t.odd, t.back = true, r, r, nil, 0
	t.recent = []float64{r.SoC}
	t.drivenKm = 0
	t.offset = min(t.offset, r.Heard.Sub(r.At))
}

// past leaves out what comes late or twice; a clock that was set back shows in
// several reports.
func (t *Tracker) past(r Report) bool {
	if t.last.At.Sub(r.At) < setBack {
		return false
	}
	if t.back++; t.back < agree {
		return false
	}
	t.offset = r.Heard.Sub(r.At)
	t.begin(r)
	return true
}

// elapsed is the time since the last report: by the car's clock, unless that
// was set forward, which shows as a message that came before it was sent.
func (t *Tracker) elapsed(r Report) time.Duration {
	offset := r.Heard.Sub(r.At)
	if offset < t.offset-slack {
		t.offset = offset
		return max(r.Heard.Sub(t.last.Heard), time.Second)
	}
	t.offset = min(t.offset, offset)
	return r.At.Sub(t.last.At)
}

// when a report was true, by the server's clock.
func (t *Tracker) when(r Report) time.Time { return r.At.Add(t.offset) }

// charged reports whether the battery was charged since the last report.
func (t *Tracker) charged(r Report, elapsed time.Duration) bool {
	gain := r.SoC - t.last.SoC
	if gain <= socNoise {
		return false
	}
	const quickest = 400.0 // kW, more than any car takes
	return r.PowerKW < -1 || gain*t.v.UsableBatteryKWh <= quickest*elapsed.Hours() && elapsed > slack
}

// believable reports whether a car can be at b so long after a.
func (t *Tracker) believable(a, b Report, elapsed time.Duration) bool {
	km := geo.Distance(a.Point, b.Point)
	if km > 1+fastestKmh*elapsed.Hours() {
		return false
	}
	drop := a.SoC - b.SoC
	if drop < -socNoise {
		return false
	}
	const idleKW = 10.0
	could := most*t.v.EnergyKWh(km*straightFactor, vehicle.RatedKmh) + idleKW*elapsed.Hours()
	return drop <= socNoise+could/t.v.UsableBatteryKWh
}

// doubt keeps what is not believed; said three times, and agreeing with itself,
// it is.
func (t *Tracker) doubt(r Report) bool {
	if n := len(t.odd); n > 0 {
		before := t.odd[n-1]
		if apart := r.At.Sub(before.At); apart <= 0 || !t.believable(before, r, apart) {
			t.odd = nil
		}
	}
	if t.odd = append(t.odd, r); len(t.odd) < agree {
		return false
	}
	t.begin(r)
	return true
}

func (t *Tracker) accept(r Report, _ time.Duration) {
	t.recent = append(t.recent, r.SoC)
	t.recent = t.recent[max(0, len(t.recent)-3):]
	t.last = r
	if geo.Distance(t.anchor.Point, r.Point) < stepKm {
		return
	}
	here := r
	here.SoC = t.SoC()
	t.step(t.anchor, here)
	t.anchor = here
}

// SoC is the middle one of the last three charges, so that one wrong report
// says nothing.
func (t *Tracker) SoC() float64 {
	s := slices.Clone(t.recent)
	slices.Sort(s)
	if len(s) == 2 {
		return (s[0] + s[1]) / 2
	}
	return s[len(s)/2]
}

// step compares a drive with the model.
func (t *Tracker) step(a, b Report) {
	leg := t.between(a.Point, b.Point)
	if leg.Km <= 0 || leg.Drive <= 0 {
		return
	}
	keep := math.Exp(-leg.Km / memoryKm)
	model := t.v.EnergyKWh(leg.Km, leg.Kmh())
	t.usedKWh = t.usedKWh*keep + (a.SoC-b.SoC)*t.v.UsableBatteryKWh
	t.modelKWh = t.modelKWh*keep + model
	hours := leg.Drive.Hours()
	took := min(max(t.when(b).Sub(t.when(a)).Hours(), 0.3*hours), pauseFactor*hours+pauseHours)
	t.tookHours, t.modelled = t.tookHours*keep+took, t.modelled*keep+hours
	t.comparedKm = t.comparedKm*keep + leg.Km
	t.drivenKm += leg.Km
}

// between is the drive between two reports: what the way ahead has become
// shorter by, where that is plausible.
func (t *Tracker) between(a, b geo.Point) road.Leg {
	straight := geo.Distance(a, b)
	guess := road.Leg{Km: straight * straightFactor}
	guess.Drive = time.Duration(guess.Km / vehicle.RatedKmh * float64(time.Hour))
	if t.way == nil {
		return guess
	}
	from, ok1 := t.way(a)
	to, ok2 := t.way(b)
	progress := road.Leg{Km: from.Km - to.Km, Drive: from.Drive - to.Drive}
	if !ok1 || !ok2 || progress.Km < 0.6*straight || progress.Km > 2*straight || progress.Drive <= 0 {
		return guess
	}
	return progress
}

// use is the consumption as a multiple of the model's, and pace the time; with
// their standard deviations.
func (t *Tracker) use() (mean, sigma float64) {
	prior := t.v.EnergyKWh(priorKm, vehicle.RatedKmh)
	weight := prior + t.modelKWh
	mean = (prior + t.usedKWh) / weight
	const doubt, floor = 0.2, 0.04
	noise := 0.01 * t.v.UsableBatteryKWh / weight
	sigma = math.Sqrt(doubt*doubt*prior/weight + noise*noise*min(1, t.modelKWh) + floor*floor)
	return min(max(mean, 0.4), most), math.Hypot(sigma, t.geometry(priorKm))
}

func (t *Tracker) pace() (mean, sigma float64) {
	prior := priorPaceKm / vehicle.RatedKmh
	weight := prior + t.modelled
	const doubt, floor = 0.15, 0.03
	sigma = math.Hypot(math.Sqrt(doubt*doubt*prior/weight+floor*floor), t.geometry(priorPaceKm))
	return min(max((prior+t.tookHours)/weight, 0.5), 2.5), sigma
}

// geometry is the part of the doubt that comes from the network's lines.
func (t *Tracker) geometry(prior float64) float64 {
	if t.comparedKm == 0 {
		return 0
	}
	return geometryKm / (prior + t.comparedKm)
}
