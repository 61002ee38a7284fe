package planner

import (
	"math"

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
	fit      *fitting
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
		fit: p.fitting(r.Vehicle.Plugs()), sessions: map[sessionKey]*session{}, kinds: make([][]kind, len(p.sites)),
	}
	s.direct = driveOf(p.net.From(from).To(to))
	if s.direct.km < 0 {
		return nil, charging.Invalid("destination", "cannot be reached by road from the origin")
	}
	for kmh := 20.0; kmh <= 140; kmh += 5 { // consumption has one minimum, and is flat about it
		s.farthest = max(s.farthest, 1.05*r.Vehicle.RangeKm(1-min(r.MinArrivalSoC, r.atDestination()), kmh))
	}
	for _, classes := range s.fit.classes {
		for _, c := range classes {
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
	for _, id := range s.r.Insist.EVSEs {
		if at := s.p.evses[id]; !s.p.fits(at, s.fit.plugs) {
			return charging.Invalid("insist", misfit(s.p.evse(at), s.r.Vehicle.Plugs()))
		}
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
