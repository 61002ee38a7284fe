package planner

import (
	"math"
	"slices"
)

// addMilestone adds the end of a stage to the candidates, behind those of the next one.
func (s *search) addMilestone(k int) {
	m := &s.miles[k]
	c := s.addCandidate()
	c.site, c.stage, c.mile, c.kinds, c.most = m.site, k, m, slices.Clone(m.kinds), s.stages[k].most
	if m.site >= 0 {
		c.must = s.must(m.site)
	}
	c.from, c.to = s.stages[k].direct, s.stages[k+1].direct
	c.fromSeconds, c.toSeconds = s.stages[k].before+float64(c.from.second), float64(c.to.second)
}

// mileAt is the candidate that ends a stage.
func (s *search) mileAt(stage int) int32 {
	return int32(slices.IndexFunc(s.cands, func(c candidate) bool { return c.mile == &s.miles[stage] }))
}

// soonest is when a stop may begin, of a car that arrives at a time.
func (c *candidate) soonest(at int64) int64 {
	if c.mile != nil {
		return max(at, c.mile.start)
	}
	return at
}

// pass goes on from a via, or from a stop that must be left with an exact charge: with one
// charge, wherever that reaches.
func (s *search) pass(i int32, l *label, c *candidate) {
	if c.via() {
		s.everywhere(i, c, &departure{start: l.at, end: l.at + c.mile.least, soc: l.soc})
		return
	}
	s.stops = s.stops[:0]
	for k := range c.kinds {
		n := &c.kinds[k]
		if d, ok := s.charge(n, k, l, c.mile.depart, n.session.until(c.mile.depart)-n.session.until(l.soc)); ok {
			s.stops = append(s.stops, d)
		}
	}
	s.dropLate(l)
	s.dropWorse()
	for d := range s.stops {
		s.everywhere(i, c, &s.stops[d])
	}
}

func (s *search) everywhere(i int32, c *candidate, d *departure) {
	for h := range c.hops {
		s.arrive(i, d, &c.hops[h])
	}
}

// lookOnAt is lookOn for a milestone: its stay counts, and the charge to leave with.
func (s *search) lookOnAt(c *candidate, leaving, arriving []float64) (changed bool) {
	m, o := c.mile, &s.ahead
	for q := range arriving {
		least := math.Inf(1)
		switch {
		case m.site < 0:
			least = s.w.second*float64(m.least) + leaving[q]
		case m.depart > 0:
			if x := o.at(m.depart); q <= x {
				least = s.stopAt(c, q, x, m.depart) + leaving[x]
			}
		default:
			for x := q; x < len(leaving); x++ {
				least = min(least, s.stopAt(c, q, x, o.reserve+float64(x)*outlookStep)+leaving[x])
			}
		}
		if least < arriving[q]-tiny {
			arriving[q], changed = least, true
		}
	}
	return changed
}

// stopAt is the least score of a stop at a milestone, from the charge of a step to another.
func (s *search) stopAt(c *candidate, q, x int, soc float64) float64 {
	best := math.Inf(1)
	for k := range c.kinds {
		n := &c.kinds[k]
		lasts := max(min(n.session.steps[x], n.session.until(soc))-n.session.steps[q], 0) + Overhead.Seconds()
		kWh := max(soc-s.ahead.reserve-float64(q)*outlookStep, 0) * s.r.Vehicle.UsableBatteryKWh
		best = min(best, s.w.second*max(lasts, float64(c.mile.least))+s.w.price*(n.tariff.PerSession+n.tariff.PerKWh*kWh))
	}
	return best + s.w.stop
}

// floor finds what scores cannot be below, by the windows that held stops wait for.
func (s *search) floor() {
	floor := math.Inf(-1)
	for k := len(s.miles) - 1; k >= 0; k-- {
		if m := &s.miles[k]; m.start > 0 {
			wide := s.ahead.steps + 1
			rest := slices.Min(s.ahead.arriving[int(s.mileAt(k))*wide:][:wide])
			floor = max(floor, s.w.second*float64(m.start-s.start)+rest)
		}
		s.stages[k].floor = floor
	}
}

// notBelow raises a lower bound to the floor of a stage; of those on the floor the one comes
// first that was lower.
func (s *search) notBelow(stage int, low float64) float64 {
	if floor := s.stages[stage].floor; len(s.miles) > 0 && stage < len(s.miles) && low < floor {
		return floor + 1e-9*low
	}
	return low
}
