package planner

import (
	"slices"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

// links are the drives between candidates.
type links struct {
	sites []siteAt // of the candidates
	hops  []hop    // of all candidates, one after the other
	ends  []int    // of each one's
}

// connect finds the drives from each candidate to the others within the battery's range,
// and the outlook from there. A candidate that leads to nothing better than what is found
// is given up. Rough searches for several plans have the same candidates as a rule.
func (s *search) connect() {
	l := &s.fine
	if s.rough {
		l = &s.coarse
	}
	known := s.rough && l.same(s.cands)
	if !known {
		l.reset(s.cands, s.p.sites)
	}
	s.until = s.until[:0]
	s.ahead.reset(s.r.MinArrivalSoC, len(s.cands))
	for i := range s.cands {
		if !known {
			s.connectOne(l, i)
		}
		s.lookForth(i, l.of(i))
		if s.hopeless(i) {
			s.ahead.giveUp(i)
			l.giveUp(i)
		}
	}
	for i := range s.cands {
		s.cands[i].hops = l.of(i)
	}
	s.lookBack()
}

func (l *links) same(cands []candidate) bool {
	return slices.EqualFunc(l.sites, cands, func(at siteAt, c candidate) bool {
		return int(at.site) == c.site && int(at.stage) == c.stage && at.mile == (c.mile != nil)
	})
}

func (l *links) reset(cands []candidate, sites []site) {
	l.sites, l.hops, l.ends = l.sites[:0], l.hops[:0], l.ends[:0]
	for i := range cands {
		c := &cands[i]
		at := siteAt{site: int32(c.site), stage: int16(c.stage), mile: c.mile != nil}
		if c.mile == nil {
			at.lat = sites[c.site].loc.Point.Lat
		}
		l.sites = append(l.sites, at)
	}
}

// of are the hops of a candidate.
func (l *links) of(i int) []hop {
	start := 0
	if i > 0 {
		start = l.ends[i-1]
	}
	return l.hops[start:l.ends[i]:l.ends[i]]
}

// giveUp drops the last candidate that is connected.
func (l *links) giveUp(i int) {
	l.hops = l.hops[:l.ends[i]-len(l.of(i))]
	l.sites[i].site, l.ends[i] = givenUp, len(l.hops)
}

// siteAt is where a candidate is.
type siteAt struct {
	site  int32
	stage int16
	mile  bool
	lat   float64
}

// givenUp is the site of a candidate that no drive leads to.
const givenUp = -2

func (s *search) connectOne(l *links, i int) {
	c := &s.cands[i]
	out := c.out()
	s.connectEnd(l, c, out)
	way := s.waysFrom(c)
	here, degrees := way.at.Lat, s.farthest/kmPerDegree
	for j, to := range l.sites {
		if int(to.stage) != out || to.mile || to.site == givenUp {
			continue
		}
		if off := to.lat - here; off > degrees || off < -degrees || int(to.site) == c.site && s.cal.free == nil {
			continue // with calendars, one may go on charging in another gap, or beside
		}
		leg := way.to(s.p, int(to.site))
		if leg.km < 0 || float64(leg.km) > s.farthest {
			continue
		}
		if h := s.hop(int32(j), leg); h.need <= 1 {
			l.hops = append(l.hops, h)
		}
	}
	l.ends = append(l.ends, len(l.hops))
}

// connectEnd is the drive from a candidate to the end of a stage.
func (s *search) connectEnd(l *links, c *candidate, stage int) {
	if stage == len(s.stages)-1 {
		l.hops = append(l.hops, s.hop(dest, c.to))
		return
	}
	if h := s.hop(s.mileAt(stage), c.to); h.need <= 1 {
		l.hops = append(l.hops, h)
	}
}

// ways are the drives from a candidate to sites.
type ways struct {
	at   geo.Point
	row  []drive // nil where they are not remembered
	tree *road.Tree
}

func (s *search) waysFrom(c *candidate) ways {
	if c.mile != nil {
		return ways{at: c.mile.spot.Point(), row: c.mile.row}
	}
	return s.p.waysFrom(c.site)
}

// waysFrom are the drives from a site for who asks for few of them.
func (p *Planner) waysFrom(site int) ways {
	if p.rows != nil {
		return ways{at: p.sites[site].loc.Point, row: p.row(site)}
	}
	return ways{at: p.sites[site].loc.Point, tree: p.net.From(p.sites[site].spot)}
}

func (w *ways) to(p *Planner, site int) drive {
	if w.row != nil {
		return w.row[site]
	}
	return driveOf(w.tree.To(p.sites[site].spot))
}

// kmPerDegree is less than what a road takes for a degree of latitude.
const kmPerDegree = 100

// build works out how long charging takes for each hop from a candidate.
func (s *search) build(c *candidate) {
	if c.built {
		return
	}
	c.built = true
	for k := range c.kinds {
		n := &c.kinds[k]
		start := len(s.until)
		for i := range c.hops {
			s.until = append(s.until, n.session.until(c.hops[i].need))
		}
		n.until = s.until[start:]
	}
}

func (s *search) hop(to int32, leg drive) hop {
	soc := s.use(leg)
	reserve := s.r.MinArrivalSoC
	if to == dest {
		reserve = s.r.atDestination()
	}
	need := soc + reserve
	if need <= 1 {
		need = min(need+margin, 1)
	}
	return hop{to: to, km: float64(leg.km), seconds: leg.seconds(), soc: soc, need: need}
}

func (s *search) use(leg drive) float64 { return s.r.Vehicle.SoCFor(float64(leg.km), leg.kmh()) }
