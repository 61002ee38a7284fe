package planner

import (
	"math"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	leastCharge = 0.02   // a stop for less is not worth its overhead
	gridPercent = 10     // of the round levels that a charge may end at
	maxLabels   = 400000 // ends a search that has gone astray
	fineLabels  = 5000   // ends a fine search, which only betters what a rough one found
	stageLabels = 20000  // ends a search over stages
	// requestLabels end the searches over stages of one request.
	requestLabels = 5 * stageLabels
	socTolerance  = 0.004 // in which two charges count as alike
	tiny          = 1e-6  // of a score
)

// reaches are how much more than the quickest way a journey may drive in the first,
// rough search: the next one is tried where the one before leads nowhere.
var reaches = []reach{{1.06, 1200}, {1.35, 3600}, anyReach}

// reach is how much more than the quickest way one may drive.
type reach struct{ factor, seconds float64 }

var anyReach = reach{math.Inf(1), 0}

// of is the limit, in seconds, for a way that takes a drive at best.
func (r reach) of(direct drive) int64 {
	return int64(min(float64(direct.second)*r.factor+r.seconds, math.MaxInt64/2))
}

// weights turn seconds, money and stops into one score.
type weights struct {
	second, price, stop float64
	slack               int64 // seconds that a dominating label may be later, where time is not what counts
	// Inflations of the lower bound in rough searches for the best way and for others, and
	// the share of the score that a fine search does not look for.
	rough, others, epsilon float64
}

func weightsOf(o trip.Objective) weights {
	switch o {
	case trip.Cheapest:
		return weights{second: 12.0 / 3600, price: 1, slack: 1800, rough: 1.05, others: 1.1, epsilon: 0.01} // an hour counts as 12 reais: nobody waits a day to save a few
	case trip.FewestStops:
		return weights{second: 1, price: 1e-3, stop: 1e6, rough: 1.0, others: 1.02}
	}
	return weights{second: 1, price: 1e-2, rough: 1.02, others: 1.06, epsilon: 0.005}
}

// search is one question on its way to an answer.
type search struct {
	p        *Planner
	r        Request
	w        weights
	cal      *calendar
	start    int64 // departure
	sessions map[sessionKey]*session
	kinds    [][]kind // by site, where they were asked for

	direct     drive
	stages     []stage
	miles      []milestone // between them
	farthest   float64     // km that a full battery drives at most
	bound      bound
	fullCharge float64 // seconds for a full charge at the quickest charger
	all        uint8   // bits of what the request insists on
	penalties  map[string]float64

	*room
	rough bool
	reach int // in which a rough search found something
	// The lower bound counts as so much more in a rough search, and a fine one does not
	// look for what is less than epsilon better.
	inflation, epsilon float64
	upper              float64 // score of the best way found
	best               int32   // its label, −1
}

// room is what a search fills, kept for the next one.
type room struct {
	cands, spare []candidate
	ahead        outlook
	coarse, fine links     // of rough searches, and of the last fine one
	until        []float64 // seconds from empty to the hops' needs
	labels       []label
	queue        queue
	stops        []departure
	bases        []float64 // seconds from empty to the charge of the label in hand, by kind of charger
}

type sessionKey struct {
	kw float64
	dc bool
}

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
		p: p, r: r, room: p.rooms.Get().(*room), w: weightsOf(r.Objective), cal: newCalendar(free), start: ceilSecond(r.Departure),
		sessions: map[sessionKey]*session{}, kinds: make([][]kind, len(p.sites)),
	}
	s.direct = driveOf(p.net.From(from).To(to))
	if s.direct.km < 0 {
		return nil, charging.Invalid("destination", "cannot be reached by road from the origin")
	}
	for kmh := 20.0; kmh <= 140; kmh += 5 { // consumption has one minimum, and is flat about it
		s.farthest = max(s.farthest, 1.05*r.Vehicle.RangeKm(1-r.MinArrivalSoC, kmh))
	}
	for i := range p.sites {
		for _, c := range p.sites[i].classes {
			s.meet(c)
		}
	}
	s.fullCharge = math.Inf(1)
	for _, n := range s.sessions {
		if n.Possible() {
			s.fullCharge = min(s.fullCharge, 2*(n.seconds[60]-n.seconds[10]))
		}
	}
	s.coarse.sites = s.coarse.sites[:0] // another search's
	if err := s.insist(); err != nil {
		return nil, err
	}
	use, err := s.stage(from, to)
	if err != nil {
		return nil, err
	}
	s.bound = newBound(s.once(), 1.3*use+1)
	return s, nil
}

// meet remembers how the car charges at a class of EVSEs, and the least that it costs.
func (s *search) meet(c class) {
	key := sessionKey{c.kw, c.dc}
	n, ok := s.sessions[key]
	if !ok {
		n = s.newSession(key)
		s.sessions[key] = n
	}
	n.perKWh, n.perSession = min(n.perKWh, c.tariff.PerKWh), min(n.perSession, c.tariff.PerSession)
}

// insist checks what the request insists on, and notes it.
func (s *search) insist() error {
	for i := range s.p.sites {
		s.all |= s.must(i)
	}
	if n := len(s.r.Insist.Locations) + len(s.r.Insist.EVSEs); s.all != 1<<n-1 {
		return charging.Invalid("insist", "names a location or an EVSE that is not in the catalogue, or is out of order")
	}
	return nil
}

// run finds the best way: a rough one within a reach first, then the best of all that
// could be better. It answers false where there is none.
func (s *search) run() (found, bool) {
	f, ok := s.runRough()
	if !ok {
		return found{}, false
	}
	s.rough, s.inflation, s.epsilon = false, 1, s.w.epsilon
	if s.explore(anyReach, f.score*(1-s.epsilon)) {
		return found{s.plan(s.best), s.labels[s.best].score}, true
	}
	return f, true
}

func (s *search) runRough() (found, bool) {
	s.rough, s.epsilon = true, 0
	s.inflation = s.w.rough
	if s.penalties != nil {
		s.inflation = s.w.others
	}
	for ; s.reach < len(reaches); s.reach++ {
		if s.explore(reaches[s.reach], math.Inf(1)) {
			return found{s.plan(s.best), s.labels[s.best].score}, true
		}
	}
	s.reach = 0
	return found{}, false
}

// explore is A* over what choose finds: true if it found a way with a score below upper.
func (s *search) explore(reach reach, upper float64) bool {
	s.upper, s.best = upper, -1
	s.choose(reach, upper)
	s.connect()
	s.floor()
	s.labels, s.queue = s.labels[:0], s.queue[:0]
	s.labels = append(s.labels, label{cand: dest, at: s.start, soc: s.r.SoC, prev: -1})
	s.depart()
	for most := s.mostLabels(); len(s.queue) > 0 && len(s.labels) < most; {
		e := s.queue.pop()
		if e.bound >= s.upper {
			break
		}
		l := s.labels[e.label]
		if l.beaten || s.outrun(&l) {
			continue
		}
		c := &s.cands[l.cand]
		c.settled = append(c.settled, e.label)
		s.expand(e.label)
	}
	if s.r.Labels != nil {
		*s.r.Labels -= len(s.labels)
	}
	return s.best >= 0
}

// depart drives from the origin to all of the first stage.
func (s *search) depart() {
	first := departure{soc: s.r.SoC, end: s.start}
	if len(s.miles) == 0 {
		h := s.hop(dest, s.direct)
		s.arrive(0, &first, &h)
	}
	for j := range s.cands {
		if s.cands[j].stage == 0 {
			h := s.hop(int32(j), s.cands[j].from)
			s.arrive(0, &first, &h)
		}
	}
}

// mostLabels ends a search.
func (s *search) mostLabels() int {
	switch {
	case s.r.unthinned:
		return maxLabels
	case s.r.Labels != nil:
		return min(max(*s.r.Labels, 0), stageLabels)
	case s.rough:
		return maxLabels
	}
	return fineLabels
}

// arrive adds the label of a drive after a departure, if the charge allows it and no other
// label is better.
func (s *search) arrive(from int32, d *departure, h *hop) {
	soc := d.soc - h.soc
	if soc < s.r.MinArrivalSoC {
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
