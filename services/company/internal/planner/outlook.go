package planner

import (
	"math"
	"slices"
)

// outlookStep is the step of charge in which an outlook is worked out.
const outlookStep = 0.02

// outlook is a lower bound of the score that is still to come, by candidate and charge:
// that of the best way to the destination in a world without bookings. Charges are rounded
// in the car's favour: up on arrival, and what a drive takes down, so no real way is
// better. (A chain of different chargers at one site, one after the other, is left out.)
//
// It is worked out backwards, nearest to the destination first. Time to charge from q to x
// is until(x) − until(q), so what is to come on leaving a site with x does not depend on
// the charge on arrival there:
//
//	leaving(c, x) = min over hops to j of drive + penalty(j) + arriving(j, x − used)
//	arriving(c, q) = min over chargers, x ≥ q of overhead + until(x) − until(q) + price + leaving(c, x)
//
// which takes O(hops × steps) for the first, and with a minimum from the top
// O(chargers × steps) for the second. A second pass looks at the hops that lead away from
// the destination; more follow while that changes something.
//
// Candidates are in order, so what leads towards the destination is in front of what leads
// away from it, in a candidate's hops, too.
type outlook struct {
	reserve  float64
	steps    int       // charges are reserve + i × outlookStep, i from 0 to steps
	arriving []float64 // by candidate and step; +Inf where no way leads on
	leaving  []float64
	moved    []bool // by candidate, in the last pass
}

// lookForth works out what is to come from a candidate by the hops that lead towards the
// destination, which are in front.
func (s *search) lookForth(i int, hops []hop) {
	for n := range hops {
		if int(hops[n].to) >= i {
			hops = hops[:n]
			break
		}
	}
	s.lookFrom(i, hops, nil)
}

// lookBack betters the outlook by the hops that lead away from the destination, and what
// follows from them.
func (s *search) lookBack() {
	for again, moved := 0, true; moved && again < 4; again++ {
		moved = false
		for i := range s.cands {
			s.ahead.moved[i] = s.lookFrom(i, s.cands[i].hops, s.ahead.moved)
			moved = moved || s.ahead.moved[i]
		}
	}
}

// hopeless is true for a candidate by which nothing leads that is better than what is
// found: whatever the charge with which the car arrives there, to get there with so much
// and what is to come are too much.
func (s *search) hopeless(i int) bool {
	if math.IsInf(s.upper, 1) || s.all != 0 {
		return false
	}
	c, o := &s.cands[i], &s.ahead
	if c.mile != nil {
		return false
	}
	there := energySlack*(s.stages[c.stage].beforeUse+s.use(c.from)) - s.r.SoC
	for q := range o.steps + 1 {
		soc := o.reserve + float64(q-1)*outlookStep
		score := s.w.second*c.fromSeconds + s.bound.of(there+soc) + o.arriving[i*(o.steps+1)+q]
		if score < s.upper {
			return false
		}
	}
	return true
}

func (o *outlook) giveUp(i int) {
	row := o.arriving[i*(o.steps+1):][:o.steps+1]
	for q := range row {
		row[q] = math.Inf(1)
	}
}

func (o *outlook) reset(reserve float64, candidates int) {
	o.reserve = reserve
	o.steps = int(math.Ceil((1-reserve)/outlookStep - 1e-9))
	n := candidates * (o.steps + 1)
	o.arriving, o.leaving = fill(o.arriving, n), fill(o.leaving, n)
	o.moved = slices.Grow(o.moved[:0], candidates)[:candidates]
	clear(o.moved)
}

func fill(v []float64, n int) []float64 {
	v = slices.Grow(v[:0], n)[:n]
	for i := range v {
		v[i] = math.Inf(1)
	}
	return v
}

// lookFrom betters what is to come from a candidate by its hops, and reports whether it
// did; where moved is given, only by those that lead away from the destination, or where
// something has moved.
func (s *search) lookFrom(i int, hops []hop, moved []bool) bool {
	o, wide := &s.ahead, s.ahead.steps+1
	leaving := o.leaving[i*wide:][:wide]
	changed := false
	for h := range hops {
		hop := &hops[h]
		base, used := s.w.second*float64(hop.seconds), int(hop.soc/outlookStep+1e-9)
		if hop.to == dest {
			// What is to be left there may be more than elsewhere, or less.
			used = max(int((hop.soc+s.r.atDestination()-o.reserve)/outlookStep+1e-9), 0)
			for x := used; x < wide && moved == nil; x++ {
				leaving[x], changed = min(leaving[x], base), true
			}
			continue
		}
		if moved != nil && int(hop.to) <= i && !moved[hop.to] || int(hop.to) == i {
			continue
		}
		base += s.cands[hop.to].penalty
		there := o.arriving[int(hop.to)*wide:][:wide-used]
		here := leaving[used:][:len(there)]
		if there[len(there)-1] > math.MaxFloat64 && s.cands[hop.to].most == 1 {
			continue // nothing leads on from there, and with less no more
		}
		for x, v := range there {
			if v += base; v < here[x] {
				here[x], changed = v, true
			}
		}
	}
	return changed && s.lookOn(&s.cands[i], leaving, o.arriving[i*wide:][:wide])
}

// lookOn works out arriving from leaving, and reports whether that is better now.
func (s *search) lookOn(c *candidate, leaving, arriving []float64) (changed bool) {
	if c.mile != nil {
		return s.lookOnAt(c, leaving, arriving)
	}
	perStep := s.w.price * s.r.Vehicle.UsableBatteryKWh * outlookStep
	for k := range c.kinds {
		n := &c.kinds[k]
		until := n.session.steps
		once := s.w.stop + s.w.second*Overhead.Seconds() + s.w.price*n.tariff.PerSession
		rise := perStep * n.tariff.PerKWh
		least := math.Inf(1) // of leaving with more, up to the step before it
		for q := len(leaving) - 1; q >= 0; q-- {
			if q+1 < len(leaving) {
				least = min(least, s.w.second*until[q]+rise*float64(q)+leaving[q+1])
			}
			v := once + min(leaving[q], least-s.w.second*until[q]-rise*float64(q))
			if v < arriving[q]-tiny {
				arriving[q], changed = v, true
			}
		}
	}
	return changed
}

// at is the step of a charge, rounded up.
func (o *outlook) at(soc float64) int {
	i := int(math.Ceil((soc-o.reserve)/outlookStep - 1e-6))
	return min(max(i, 0), o.steps)
}

// onArriving is what is to come for a car at a candidate, where it stops.
func (o *outlook) onArriving(c int32, soc float64) float64 {
	return o.arriving[int(c)*(o.steps+1)+o.at(soc)]
}

// onLeaving is what is to come for a car that has charged at a candidate.
func (o *outlook) onLeaving(c int32, soc float64) float64 {
	return o.leaving[int(c)*(o.steps+1)+o.at(soc)]
}
