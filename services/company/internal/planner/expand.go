package planner

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// expand charges at the label's site and drives on from there.
func (s *search) expand(i int32) {
	l := s.labels[i]
	c := &s.cands[l.cand]
	if c.via() || c.mile != nil && c.mile.depart > 0 {
		s.pass(i, &l, c)
		return
	}
	s.build(c)
	s.stops, s.bases = s.stops[:0], s.bases[:0]
	for k := range c.kinds {
		base := c.kinds[k].session.until(l.soc)
		s.bases = append(s.bases, base)
		s.roundStops(c, k, &l, base)
	}
	s.dropLate(&l)
	s.dropWorse()
	for h := range c.hops {
		if c.hops[h].need > 1 {
			continue
		}
		s.onward(i, &l, c, h)
	}
}

// roundStops are the stops at a kind of charger up to each round level, and up to the end
// of the first gap.
func (s *search) roundStops(c *candidate, k int, l *label, base float64) {
	n := &c.kinds[k]
	all := n.session.fine
	if s.rough {
		all = n.session.rough
	}
	if c.must != 0 || c.mile != nil {
		s.addStop(n, k, l, base, min(l.soc+leastCharge+tiny, 1))
	}
	if c.mile != nil && c.mile.least > 0 {
		s.addStop(n, k, l, base, n.session.after(base, float64(c.mile.least)-Overhead.Seconds()-1))
	}
	if !s.rough && s.cal.free != nil {
		if _, start, end, ok := n.first(s.cal, c.soonest(l.at), int64(charging.MinWindow.Seconds())); ok {
			s.addStop(n, k, l, base, n.session.after(base, float64(end-start)-Overhead.Seconds()-1))
		}
	}
	for _, level := range all {
		s.addStop(n, k, l, base, level)
	}
}

func (s *search) addStop(n *kind, k int, l *label, base, level float64) {
	level = min(level, s.r.fullest())
	if level < l.soc+leastCharge {
		return
	}
	if d, ok := s.charge(n, k, l, level, n.session.until(level)-base); ok {
		s.stops = append(s.stops, d)
	}
}

// after is the charge, rounded down to a hundredth, that some seconds lead to, for a car
// with the charge that base seconds from empty lead to.
func (n *session) after(base, seconds float64) float64 {
	low, high := 0, boundSteps
	for low < high {
		mid := (low + high + 1) / 2
		if n.seconds[mid]-base <= seconds {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return float64(low) / boundSteps
}

// dropWorse leaves out the round stops that others end before, as full and as cheap.
func (s *search) dropWorse() {
	kept := s.stops[:0]
	for i, d := range s.stops {
		worse := false
		for j, o := range s.stops {
			if j != i && o.end <= d.end && o.soc >= d.soc && o.price <= d.price && (j < i || o.end < d.end || o.soc > d.soc || o.price < d.price) {
				worse = true
				break
			}
		}
		if !worse {
			kept = append(kept, d)
		}
	}
	s.stops = kept
}

// dropLate leaves out the round stops that lead to nothing better than what is found.
func (s *search) dropLate(l *label) {
	kept := s.stops[:0]
	for _, d := range s.stops {
		if l.score+s.w.stop+s.w.second*float64(d.end-l.at)+s.w.price*d.price+s.inflation*s.ahead.onLeaving(l.cand, d.soc) < s.upper {
			kept = append(kept, d)
		}
	}
	s.stops = kept
}

// onward drives to one next site, after charging just enough for it at each kind of
// charger, and after each of the round stops that give more.
func (s *search) onward(i int32, l *label, c *candidate, h int) {
	hop := &c.hops[h]
	enough := hop.need <= l.soc+leastCharge
	if !enough && hop.need <= s.r.fullest() {
		soonest := l.score + s.w.stop + s.w.second*(Overhead.Seconds()+float64(hop.seconds))
		if hop.to != dest {
			soonest += s.cands[hop.to].penalty + s.inflation*s.ahead.onArriving(hop.to, hop.need-hop.soc)
		}
		for k := range c.kinds {
			n := &c.kinds[k]
			if soonest+s.w.second*(n.until[h]-s.bases[k]) >= s.upper {
				continue
			}
			if d, ok := s.charge(n, k, l, hop.need, n.until[h]-s.bases[k]); ok {
				s.arrive(i, &d, hop)
			}
		}
	}
	if !enough && hop.to == dest {
		return // nobody needs more at the destination
	}
	for d := range s.stops {
		if s.stops[d].soc >= hop.need {
			s.arrive(i, &s.stops[d], hop)
		}
	}
}

// charge is a stop of some seconds' charging up to a level, at the EVSE of a kind that is
// free first.
func (s *search) charge(n *kind, k int, l *label, level, lasts float64) (departure, bool) {
	at, seconds := l.at, windowSeconds(time.Duration(lasts*float64(time.Second)))
	if m := s.cands[l.cand].mile; m != nil {
		at, seconds = max(at, m.start), max(seconds, m.least)
	}
	if seconds > maxWindowSeconds {
		return departure{}, false
	}
	evse, start, _, ok := n.first(s.cal, at, seconds)
	if !ok {
		return departure{}, false
	}
	kWh := (level - l.soc) * s.r.Vehicle.UsableBatteryKWh
	return departure{
		kind: k, evse: evse, start: start, end: start + seconds, soc: level, kWh: kWh,
		price: round(n.tariff.Price(kWh), 100),
	}, true
}

const maxWindowSeconds = int64(charging.MaxWindow / time.Second)

// windowSeconds is the length of the window for a charge: whole seconds, with the
// overhead, and no shorter than can be booked.
func windowSeconds(charge time.Duration) int64 {
	d := max(Overhead+charge, charging.MinWindow)
	return int64((d + time.Second - 1) / time.Second)
}
