package planner

import (
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// levels are the charges that are tried beside "just enough".
var levels = []float64{0.6, 0.7, 0.8, 0.9, 1}

const (
	leastCharge  = 0.02   // a stop for less is not worth its overhead
	maxLabels    = 400000 // ends a search that has gone astray
	socTolerance = 0.005  // in which two charges count as alike
)

// reaches are how much more than the quickest way a journey may drive: the next one is
// tried where the one before leads nowhere.
var reaches = []struct{ factor, seconds float64 }{{1.06, 1200}, {1.35, 3600}, {math.Inf(1), 0}}

// weights turn seconds, money and stops into one score.
type weights struct {
	second, price, stop float64
	slack               int64 // seconds that a dominating label may be later, where time is not what counts
}

func weightsOf(o trip.Objective) weights {
	switch o {
	case trip.Cheapest:
		return weights{second: 12.0 / 3600, price: 1, slack: 1800} // an hour counts as 12 reais: nobody waits a day to save a few
	case trip.FewestStops:
		return weights{second: 1, price: 1e-3, stop: 1e6}
	}
	return weights{second: 1, price: 1e-2}
}

// search is one question on its way to an answer.
type search struct {
	p        *Planner
	r        Request
	w        weights
	cal      *calendar
	banned   []bool // sites that may not be used
	sessions map[sessionKey]vehicle.Session

	fromOrigin []road.Leg
	toDest     []road.Leg
	direct     road.Leg
	limit      int64   // of driving, in seconds
	bestCharge float64 // score of charging from 0 to 1, at the best class there is

	labels  []label
	queue   queue
	settled [][]int32 // by site, the last one is the destination
}

type sessionKey struct {
	kw float64
	dc bool
}

// label is an arrival, and the stop before the drive that led to it.
type label struct {
	site   int // len(sites): the destination; −1: the origin
	at     int64
	soc    float64
	driven int64 // seconds at the wheel so far
	price  float64
	stops  int
	score  float64
	prev   int32 // −1 at the origin
	stop   stop
	leg    road.Leg
}

// stop is what was done at the site of the label before.
type stop struct {
	evse       charging.EVSEID
	start, end int64
	soc        float64 // at the end
	kWh, price float64
}

func (p *Planner) newSearch(r Request, free Free) (*search, error) {
	from, err := p.net.Locate(r.Origin)
	if err != nil {
		return nil, charging.Invalid("origin", err.Error())
	}
	to, err := p.net.Locate(r.Destination)
	if err != nil {
		return nil, charging.Invalid("destination", err.Error())
	}
	s := &search{
		p: p, r: r, w: weightsOf(r.Objective), cal: newCalendar(free), sessions: map[sessionKey]vehicle.Session{},
		fromOrigin: p.drives(from), toDest: p.drives(to), banned: make([]bool, len(p.sites)),
	}
	direct, ok := p.net.From(from).To(to)
	if !ok {
		return nil, charging.Invalid("destination", "cannot be reached by road from the origin")
	}
	s.direct = direct
	s.bestCharge = math.Inf(1)
	for i := range p.sites {
		for _, c := range p.sites[i].classes {
			key := sessionKey{c.kw, c.dc}
			if _, ok := s.sessions[key]; !ok {
				s.sessions[key] = r.Vehicle.At(c.kw, c.dc)
			}
			s.bestCharge = min(s.bestCharge, s.chargeScore(c, s.sessions[key]))
		}
	}
	return s, nil
}

// chargeScore is what a full charge would cost at the best part of the curve.
func (s *search) chargeScore(c class, session vehicle.Session) float64 {
	if !session.Possible() {
		return math.Inf(1)
	}
	quickest := min(session.Time(0, 0.5), session.Time(0.25, 0.75)).Seconds() * 2
	return s.w.second*quickest + s.w.price*c.tariff.PerKWh*s.r.Vehicle.UsableBatteryKWh
}

// run finds the best way within a reach. It answers the label at the destination, or −1.
func (s *search) run() int32 {
	for _, reach := range reaches {
		s.limit = int64(min(s.direct.Drive.Seconds()*reach.factor+reach.seconds, math.MaxInt64/2))
		if end := s.once(); end >= 0 {
			return end
		}
	}
	return -1
}

func (s *search) once() int32 {
	s.labels, s.queue = s.labels[:0], s.queue[:0]
	s.settled = make([][]int32, len(s.p.sites)+1)
	start := label{site: -1, at: ceilSecond(s.r.Departure), soc: s.r.SoC, prev: -1}
	s.labels = append(s.labels, start)
	for j := range s.p.sites {
		s.arrive(0, stop{soc: start.soc, end: start.at}, j, s.fromOrigin[j])
	}
	s.arrive(0, stop{soc: start.soc, end: start.at}, len(s.p.sites), s.direct)
	for len(s.queue) > 0 && len(s.labels) < maxLabels {
		i := s.queue.pop().label
		l := s.labels[i]
		if s.dominated(l, i) {
			continue
		}
		if l.site == len(s.p.sites) {
			return i
		}
		s.settled[l.site] = append(s.settled[l.site], i)
		s.expand(i)
	}
	return -1
}

// arrive adds the label of a drive that the charge allows.
func (s *search) arrive(from int32, st stop, to int, leg road.Leg) {
	if leg.Km < 0 || to < len(s.p.sites) && s.banned[to] {
		return
	}
	before := s.labels[from]
	soc := st.soc - s.r.Vehicle.SoCFor(leg.Km, leg.Kmh())
	if soc < s.r.MinArrivalSoC {
		return
	}
	seconds := int64(math.Ceil(leg.Drive.Seconds()))
	l := label{
		site: to, at: st.end + seconds, soc: soc, driven: before.driven + seconds,
		price: before.price + st.price, stops: before.stops, prev: from, stop: st, leg: leg,
	}
	if st.evse != "" {
		l.stops++
	}
	if to < len(s.p.sites) && l.driven+int64(s.toDest[to].Drive.Seconds()) > s.limit {
		return
	}
	l.score = s.w.second*float64(l.at-ceilSecond(s.r.Departure)) + s.w.price*l.price + s.w.stop*float64(l.stops)
	i := int32(len(s.labels))
	if s.dominated(l, i) {
		return
	}
	s.labels = append(s.labels, l)
	s.queue.push(entry{i, l.score + s.remaining(l)})
}

// dominated is true where a settled label of the site is as early, as full and as good.
func (s *search) dominated(l label, self int32) bool {
	if l.site < 0 || l.site == len(s.p.sites) {
		return false
	}
	return slices.ContainsFunc(s.settled[l.site], func(i int32) bool {
		o := s.labels[i]
		return i != self && o.at <= l.at+s.w.slack && o.soc >= l.soc-socTolerance && o.score <= l.score
	})
}

// remaining is a lower bound of what is still to come.
func (s *search) remaining(l label) float64 {
	if l.site == len(s.p.sites) {
		return 0
	}
	leg := s.toDest[l.site]
	if leg.Km < 0 {
		return math.Inf(1)
	}
	seconds := leg.Drive.Seconds()
	missing := 0.95*s.r.Vehicle.SoCFor(leg.Km, leg.Kmh()) + s.r.MinArrivalSoC - l.soc
	if missing <= 0 {
		return s.w.second * seconds
	}
	return s.w.second*(seconds+Overhead.Seconds()) + missing*s.bestCharge + s.w.stop
}

// expand charges at the label's site and drives on from there.
func (s *search) expand(i int32) {
	l := s.labels[i]
	for _, c := range s.p.sites[l.site].classes {
		session := s.sessions[sessionKey{c.kw, c.dc}]
		if !session.Possible() {
			continue
		}
		round := s.roundStops(l, c, session)
		for j := range s.p.sites {
			if j != l.site && s.p.drive[l.site][j].Km > 0 {
				s.onward(i, c, session, round, j, s.p.drive[l.site][j])
			}
		}
		s.onward(i, c, session, round, len(s.p.sites), s.toDest[l.site])
	}
}

func (s *search) roundStops(l label, c class, session vehicle.Session) []stop {
	var stops []stop
	for _, level := range levels {
		if level < l.soc+leastCharge {
			continue
		}
		if st, ok := s.charge(l, c, session, level); ok {
			stops = append(stops, st)
		}
	}
	return stops
}

// onward drives to one next site, after charging just enough for it and after each of
// the round levels above that.
func (s *search) onward(i int32, c class, session vehicle.Session, round []stop, to int, leg road.Leg) {
	if leg.Km < 0 {
		return
	}
	l := s.labels[i]
	need := s.r.Vehicle.SoCFor(leg.Km, leg.Kmh()) + s.r.MinArrivalSoC + margin
	if need > 1 || to < len(s.p.sites) && (s.banned[to] || l.driven+int64(leg.Drive.Seconds()+s.toDest[to].Drive.Seconds()) > s.limit) {
		return
	}
	if need > l.soc+leastCharge {
		if st, ok := s.charge(l, c, session, need); ok {
			s.arrive(i, st, to, leg)
		}
	}
	if to == len(s.p.sites) && need > l.soc+leastCharge {
		return // nobody needs more at the destination
	}
	for _, st := range round {
		if st.soc >= need {
			s.arrive(i, st, to, leg)
		}
	}
}

// charge is a stop that charges to a level at the EVSE of a class that is free first.
func (s *search) charge(l label, c class, session vehicle.Session, level float64) (stop, bool) {
	seconds := windowSeconds(session.Time(l.soc, level))
	if seconds > int64(charging.MaxWindow/time.Second) {
		return stop{}, false
	}
	id, start, ok := s.cal.first(c, l.at, seconds)
	if !ok {
		return stop{}, false
	}
	kWh := (level - l.soc) * s.r.Vehicle.UsableBatteryKWh
	return stop{evse: id, start: start, end: start + seconds, soc: level, kWh: kWh, price: round(c.tariff.Price(kWh), 100)}, true
}

// windowSeconds is the length of the window for a charge: whole seconds, with the
// overhead, and no shorter than can be booked.
func windowSeconds(charge time.Duration) int64 {
	d := max(Overhead+charge, charging.MinWindow)
	return int64((d + time.Second - 1) / time.Second)
}
