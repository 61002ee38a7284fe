package forecast

import (
	"math"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// Forecast is a car's arrival at its next stop as far as it can be known.
type Forecast struct {
	// From is where the car was at At (civil time) with charge SoC.
	From geo.Point
	At   time.Time
	SoC  float64
	// Km are left to drive.
	Km float64
	// ArriveSoC on arrival, negative where the battery will not do, and
	// ArriveAt, each with its standard deviation.
	ArriveSoC, SoCSigma float64
	ArriveAt            time.Time
	TimeSigma           time.Duration
	// Use and Pace are multiples of the model's consumption and driving time.
	Use, Pace float64
	// UseSigma is the standard deviation of Use.
	UseSigma float64
}

// Forecast gives the arrival as it is expected now (civil time), where the car will still
// stand for a while on the way; ok is false before it has said where it is, or where no road
// leads on.
func (t *Tracker) Forecast(now time.Time, stay time.Duration) (f Forecast, ok bool) {
	if !t.begun || t.way == nil {
		return f, false
	}
	leg, ok := t.way(t.last.Point)
	if !ok {
		return f, false
	}
	use, useSigma := t.use()
	pace, paceSigma := t.pace()
	kmh := leg.Kmh()
	if kmh == 0 {
		kmh = vehicle.RatedKmh
	}
	takes := t.v.SoCFor(leg.Km, kmh)
	const reading = 0.01
	f = Forecast{
		From: t.last.Point, At: t.when(t.last), SoC: t.SoC(), Km: leg.Km, Use: use, UseSigma: useSigma, Pace: pace,
		SoCSigma:  math.Hypot(takes*useSigma, reading),
		TimeSigma: time.Duration(float64(leg.Drive)*paceSigma) + time.Minute,
	}
	f.ArriveSoC = f.SoC - takes*use
	f.ArriveAt = f.At.Add(time.Duration(float64(leg.Drive)*pace) + stay)
	if f.ArriveAt.Before(now) && leg.Km > 1 {
		f.ArriveAt = now
	}
	return f, true
}

// Below is how likely the car arrives with less charge than soc, 0 … 1.
func (f Forecast) Below(soc float64) float64 { return normal((soc - f.ArriveSoC) / f.SoCSigma) }

// After is how likely it arrives later than at, 0 … 1.
func (f Forecast) After(at time.Time) float64 {
	return normal(f.ArriveAt.Sub(at).Seconds() / f.TimeSigma.Seconds())
}

// normal is the cumulative standard normal distribution.
func normal(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }

// Verdict says whether a car will do with the stop that it has booked.
type Verdict string

// The verdicts, the worst first.
const (
	// Battery: it will arrive with less than its reserve.
	Battery Verdict = "battery"
	// Late: it will arrive when the stop is no longer kept for it.
	Late Verdict = "late"
	// Short: what is left of the window will not do to charge what it needs.
	Short Verdict = "short"
	// Early: it will arrive long before its window.
	Early Verdict = "early"
	Fine  Verdict = "fine"
)

// Stop is a booked stop as a forecast is judged by it.
type Stop struct {
	Start, End time.Time
	// NoShow after the start the stop is given up; a car may plug in Early
	// before it.
	NoShow, Early time.Duration
	// Reserve is the least charge to arrive with.
	Reserve float64
	// Charge is how long charging takes with the charge on arrival; nil where
	// that is not known.
	Charge func(arriveSoC float64) time.Duration
}

const (
	// sure is how likely a miss must be before anything is said: a forecast
	// that is only doubtful gets better by waiting.
	sure = 0.8
	// sureSigma is the same in standard deviations.
	sureSigma = 0.84
	// margin before a stop is lost, to act in.
	margin = 3 * time.Minute
	// tooEarly is what a car must gain for an earlier window to be worth it.
	tooEarly = 20 * time.Minute
)

// Judge says how a forecast does with a stop. Calm says the same with the doubt
// on the other side: between the two nothing changes.
func (f Forecast) Judge(s Stop) Verdict { return f.judge(s, sure, sureSigma) }

// Calm reports whether a forecast is well within a stop, so that what was said
// about it can be taken back.
func (f Forecast) Calm(s Stop) bool { return f.judge(s, 1-sure, -sureSigma) == Fine }

func (f Forecast) judge(s Stop, sure, sigma float64) Verdict {
	switch {
	case f.Below(s.Reserve) >= sure:
		return Battery
	case f.After(s.Start.Add(s.NoShow-margin)) >= sure:
		return Late
	case f.short(s, sigma):
		return Short
	case f.After(s.Start.Add(-s.Early-tooEarly)) <= 1-sure && sigma > 0:
		return Early
	}
	return Fine
}

// short judges the window's rest by an arrival that is better (sigma > 0) or
// worse than expected.
func (f Forecast) short(s Stop, sigma float64) bool {
	if s.Charge == nil {
		return false
	}
	at := f.ArriveAt.Add(-time.Duration(float64(f.TimeSigma) * sigma))
	if at.Before(s.Start) {
		at = s.Start
	}
	return at.Add(s.Charge(max(f.ArriveSoC+sigma*f.SoCSigma, 0))).After(s.End.Add(margin))
}
