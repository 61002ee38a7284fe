package planner

import (
	"math"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// label is an arrival, and the stop before the drive that led to it.
type label struct {
	cand   int32 // dest; at the start, too
	prev   int32 // −1 at the origin
	at     int64
	soc    float64
	score  float64
	price  float64
	driven int64 // seconds at the wheel so far
	km     float64
	leg    hop
	stop   departure // where prev is not the origin
	must   uint8     // what the request insists on and has been done
	beaten bool      // by a better label of the candidate
}

// departure is a stop, done: with so much charge, at that time.
type departure struct {
	kind, evse int
	start, end int64
	soc        float64
	kWh, price float64
}

// arrive adds the label of a drive after a departure, if the charge allows it and no other
// label is better.
func (s *search) arrive(from int32, d *departure, h *hop) {
	soc := d.soc - h.soc
	if h.to != dest && soc < s.r.MinArrivalSoC || h.to == dest && soc < s.r.atDestination() {
		return
	}
	before := &s.labels[from]
	at := d.end + h.seconds
	score := before.score + s.w.second*float64(at-before.at) + s.w.price*d.price
	must := before.must
	if before.prev >= 0 && !s.cands[before.cand].via() {
		score += s.w.stop
		must |= s.cands[before.cand].must
	}
	low := score
	if h.to == dest {
		if must != s.all {
			return
		}
	} else {
		c := &s.cands[h.to]
		if c.overfull(soc) {
			return
		}
		score += c.penalty
		low = s.notBelow(c.stage, score+s.inflation*s.ahead.onArriving(h.to, soc))
	}
	if low >= s.upper || h.to != dest && s.dominated(&s.cands[h.to], at, soc, score, must) {
		return
	}
	i := int32(len(s.labels))
	s.labels = append(s.labels, label{
		cand: h.to, prev: from, at: at, soc: soc, must: must, score: score,
		price: before.price + d.price, driven: before.driven + h.seconds, km: before.km + h.km, leg: *h, stop: *d,
	})
	if h.to == dest {
		s.upper, s.best = score*(1-s.epsilon), i
		return
	}
	c := &s.cands[h.to]
	c.front = append(c.front, front{at, soc, score, must, i})
	s.queue.push(entry{i, low})
}

// dominated is true where another label of the candidate is as early, as full and as
// good. Otherwise it drops those that the new one dominates.
func (s *search) dominated(c *candidate, at int64, soc, score float64, must uint8) bool {
	kept := 0
	for i := range c.front {
		o := &c.front[i]
		if o.at <= at+s.w.slack && c.fuller(o.soc, soc-socTolerance) && o.score <= score && o.must&must == must {
			if kept != i {
				kept += copy(c.front[kept:], c.front[i:])
				c.front = c.front[:kept]
			}
			return true
		}
		if at <= o.at && c.fuller(soc, o.soc) && score <= o.score && must&o.must == o.must {
			s.labels[o.label].beaten = true
			continue
		}
		if kept != i {
			c.front[kept] = *o
		}
		kept++
	}
	c.front = c.front[:kept]
	return false
}

// outrun is true where a settled label of the candidate, which came with less charge,
// has charged as much before this one can begin, in a gap that lasts; for each kind of
// charger that there is.
func (s *search) outrun(l *label) bool {
	c := &s.cands[l.cand]
	if c.mile != nil {
		return false
	}
	return slices.ContainsFunc(c.settled, func(i int32) bool {
		o := &s.labels[i]
		if o.at > l.at || o.must&l.must != l.must {
			return false
		}
		for k := range c.kinds {
			if !s.catches(&c.kinds[k], o, l) {
				return false
			}
		}
		return true
	})
}

func (s *search) catches(k *kind, o, l *label) bool {
	lack := max(l.soc-o.soc, 0)
	var catchUp int64
	base := k.session.until(o.soc)
	if lack > 0 {
		catchUp = int64(math.Ceil(k.session.until(l.soc) - base))
	}
	if o.at+catchUp > l.at+s.w.slack && s.cal.free == nil {
		return false
	}
	begin, earliest := l.at, o.at
	if s.cal.free != nil {
		e, start, end, ok := k.first(s.cal, l.at, int64(charging.MinWindow.Seconds()))
		if !ok {
			return true // nothing is free here for the one that comes later
		}
		for _, gap := range k.slots[e] {
			if gap.end == end {
				earliest = max(gap.start, o.at)
			}
		}
		whole := int64(k.session.seconds[boundSteps]-base) + int64(Overhead.Seconds()) + 1
		if earliest+whole > end {
			return false // a longer charge may have to go elsewhere
		}
		begin = start
	}
	caughtUp := earliest + catchUp
	if caughtUp > begin+s.w.slack {
		return false
	}
	price := s.w.price * k.tariff.PerKWh * lack * s.r.Vehicle.UsableBatteryKWh
	return o.score+s.w.second*float64(caughtUp-o.at)+price <= l.score+s.w.second*float64(begin-l.at)+tiny
}
