package planner

import (
	"math"

	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

const (
	boundSteps = 100 // per battery
	// energySlack is how much less than the quickest way another one may take from the
	// battery.
	energySlack = 0.97
)

// bound is a lower bound of the score of charging: by how much is missing in all, in
// hundredths of the battery. It is the best way to share the missing energy out over
// stops, each at the best charger there is, and each from its best state of charge.
type bound []float64

// newBound computes the bound for what a single stop costs at least: once[x] for a charge
// of x hundredths. What is missing beyond most batteries counts as most.
func newBound(once []float64, most float64) bound {
	b := make(bound, int(most*boundSteps)+3)
	b[0] = 0
	for m := 1; m < len(b); m++ {
		b[m] = math.Inf(1)
		for x := 1; x < len(once); x++ {
			b[m] = min(b[m], once[x]+b[max(m-x, 0)])
		}
	}
	return b
}

// of a missing share of the battery; a stop is needed where it is above 0.
func (b bound) of(missing float64) float64 {
	if missing <= 0 {
		return 0
	}
	m := missing * boundSteps
	low := int(m)
	switch {
	case low+1 >= len(b):
		return b[len(b)-1]
	case low == 0:
		return b[1] * (1 - 1e-9)
	}
	// A step that takes one more stop counts from its end on.
	rise := b[low+1] - b[low]
	if low+2 < len(b) && rise > 1.5*(b[low+2]-b[low+1]) {
		return b[low]
	}
	return b[low] + rise*(m-float64(low))
}

// once is the least score of a stop by what it charges, over the sessions that there are.
func (s *search) once() []float64 {
	reserve := int(s.r.MinArrivalSoC * boundSteps)
	once := make([]float64, boundSteps-reserve+1)
	for i := range once {
		once[i] = math.Inf(1)
	}
	for _, session := range s.sessions {
		if !session.Possible() {
			continue
		}
		for x := range once {
			quickest := math.Inf(1)
			for from := reserve; from+x <= boundSteps; from++ {
				quickest = min(quickest, session.seconds[from+x]-session.seconds[from])
			}
			score := s.w.second*max(quickest+Overhead.Seconds(), 300) + s.w.stop +
				s.w.price*(session.perSession+session.perKWh*float64(x)/boundSteps*s.r.Vehicle.UsableBatteryKWh)
			once[x] = min(once[x], score)
		}
	}
	return once
}

// session is a kind of charger as the request's vehicle sees it.
type session struct {
	vehicle.Session
	seconds            [boundSteps + 1]float64 // from empty to each hundredth
	steps              []float64               // from empty to each step of the outlook
	fine, rough        []float64               // round levels to charge to
	perKWh, perSession float64                 // the least that such a charger asks
}

func (s *search) newSession(key sessionKey) *session {
	n := &session{Session: s.r.Vehicle.At(key.kw, key.dc), perKWh: math.Inf(1), perSession: math.Inf(1)}
	for i := range n.seconds {
		n.seconds[i] = n.until(float64(i) / boundSteps)
	}
	for soc := s.r.MinArrivalSoC; soc < 1+outlookStep; soc += outlookStep {
		n.steps = append(n.steps, n.until(min(soc, 1)))
	}
	n.rough = []float64{0.6, 0.8, 1}
	n.fine = levels(n.Breaks())
	return n
}

// until is the seconds from empty to a state of charge.
func (n *session) until(soc float64) float64 { return n.Time(0, soc).Seconds() }

// levels are the round charges that are tried: a grid and the curve's breakpoints.
func levels(breaks []float64) []float64 {
	var all []float64
	at := 0
	for percent := 20; percent <= 100; percent += gridPercent {
		level := float64(percent) / 100
		for at < len(breaks) && breaks[at] < level-gridPercent/300.0 {
			if b := breaks[at]; b > 0.15 && (len(all) == 0 || b > all[len(all)-1]+gridPercent/300.0) {
				all = append(all, b)
			}
			at++
		}
		all = append(all, level)
	}
	return all
}
