package planner

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

// candidate is a site that a search may stop at.
type candidate struct {
	site                   int
	from, to               drive // from the origin, to the destination
	fromSeconds, toSeconds float64
	penalty                float64 // score of stopping here again, when other plans are looked for
	must                   uint8   // bit of what the request insists on
	kinds                  []kind
	built                  bool
	hops                   []hop   // by the number of the candidate that they lead to
	front                  []front // labels that no other one is better than, open or settled
	settled                []int32
}

// front is what dominance compares, of a label.
type front struct {
	at         int64
	soc, score float64
	must       uint8
	label      int32
}

// kind is a class of EVSEs, as the request's car and wishes see it.
type kind struct {
	class   int
	session *session
	tariff  charging.Tariff
	evses   []charging.EVSEID
	slots   [][]slot  // by EVSE, once asked for
	until   []float64 // seconds from empty to a hop's need, by hop
}

// hop is a drive from a candidate to another one (dest: the destination).
type hop struct {
	to        int32
	km        float64
	seconds   int64
	soc, need float64 // what it takes; with which one must leave
}

// dest is the destination in the place of a candidate.
const dest = -1

// cell is a square of the map in which alike stations stand for each other.
type cell struct{ lat, lon int16 }

const (
	cellDegrees = 0.25
	// thinAbove is how many candidates a search has before they are thinned, and one more
	// for each hundred sites.
	thinAbove = 70
	// perCell is how many of each power class stay in a cell; one, where they are still
	// twice as many.
	perCell = 2
)

func cellOf(p geo.Point) cell {
	return cell{int16(math.Floor(p.Lat / cellDegrees)), int16(math.Floor(p.Lon / cellDegrees))}
}

// choose finds the candidates within a limit of driving, whose bound is below an upper
// one; the nearest to the destination first.
func (s *search) choose(limit int64, upper float64) {
	s.cands = s.cands[:0]
	for i := range s.p.sites {
		from, to := s.fromOrigin[i], s.toDest[i]
		if from.km < 0 || to.km < 0 {
			continue
		}
		must := s.must(i)
		drive := from.seconds() + to.seconds()
		if must == 0 && drive > limit {
			continue
		}
		toSoC := s.use(to)
		missing := energySlack*(s.use(from)+toSoC) + s.r.MinArrivalSoC - s.r.SoC
		if must == 0 && s.w.second*float64(drive)+s.bound.of(max(missing, leastCharge)) > upper {
			continue
		}
		if kinds := s.usable(i); len(kinds) > 0 {
			c := s.addCandidate()
			c.site, c.from, c.to, c.kinds, c.must = i, from, to, kinds, must
			c.fromSeconds, c.toSeconds, c.penalty = float64(from.second), float64(to.second), s.penalties[s.p.sites[i].town]
		}
	}
	above := thinAbove + len(s.p.sites)/100
	for keep := perCell; keep > 0 && len(s.cands) > above*(perCell+1-keep) && !s.r.unthinned; keep-- {
		s.thin(keep)
	}
	s.nearestFirst()
}

// addCandidate is one more candidate, of which only the room that it has is not new.
func (s *search) addCandidate() *candidate {
	n := len(s.cands)
	s.cands = slices.Grow(s.cands, 1)[:n+1]
	c := &s.cands[n]
	*c = candidate{front: c.front[:0], settled: c.settled[:0]}
	return c
}

// nearestFirst orders the candidates by the drive to the destination.
func (s *search) nearestFirst() {
	order := make([]int32, len(s.cands))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.cands[a].toSeconds, s.cands[b].toSeconds), int(a-b))
	})
	s.spare = s.spare[:0]
	for _, i := range order {
		s.spare = append(s.spare, s.cands[i])
	}
	s.cands, s.spare = s.spare, s.cands
	clear(s.spare[:cap(s.spare)])
}

// must are the bits of what the request insists on at a site, 0 for others.
func (s *search) must(site int) (bits uint8) {
	l := &s.p.sites[site].loc
	for b, id := range s.r.Insist.Locations {
		if l.ID == id {
			bits |= 1 << b
		}
	}
	for b, id := range s.r.Insist.EVSEs {
		if at, ok := s.p.evses[id]; ok && !at.closed && at.site == site {
			bits |= 1 << (b + len(s.r.Insist.Locations))
		}
	}
	return bits
}

// usable are the kinds of chargers at a site that suit the car and the request.
func (s *search) usable(site int) []kind {
	if known := s.kinds[site]; known != nil {
		return known
	}
	s.kinds[site] = []kind{}
	l := s.p.sites[site].loc
	if len(s.r.Insist.Companies) > 0 && !slices.Contains(s.r.Insist.Companies, l.Company) {
		return nil
	}
	var kinds []kind
	for c, k := range s.p.sites[site].classes {
		session := s.sessions[sessionKey{k.kw, k.dc}]
		if !session.Possible() {
			continue
		}
		n := kind{class: c, session: session, tariff: k.tariff, evses: s.wanted(l, k.evses)}
		if len(n.evses) > 0 {
			kinds = append(kinds, n)
		}
	}
	s.kinds[site] = append(s.kinds[site], kinds...)
	return kinds
}

// wanted leaves out the EVSEs that are to be avoided, and where the request insists on
// some of a site, the others.
func (s *search) wanted(l charging.Location, evses []charging.EVSEID) []charging.EVSEID {
	insisted := slices.ContainsFunc(l.EVSEs, func(e charging.EVSE) bool { return slices.Contains(s.r.Insist.EVSEs, e.ID) })
	if !insisted && s.r.Avoid.empty() {
		return evses
	}
	var left []charging.EVSEID
	for _, id := range evses {
		if !s.r.Avoid.has(l, id) && (!insisted || slices.Contains(s.r.Insist.EVSEs, id)) {
			left = append(left, id)
		}
	}
	return left
}

// thin keeps, of each cell and power class, the candidates with the shortest detour,
// where the charger is free about when the car would come.
func (s *search) thin(most int) {
	type key struct {
		cell  cell
		power int
	}
	groups := map[key][]int32{}
	for i := range s.cands {
		c := &s.cands[i]
		k := key{s.p.sites[c.site].cell, 0}
		for _, n := range c.kinds {
			k.power = max(k.power, powerClass(n.session))
		}
		groups[k] = append(groups[k], int32(i))
	}
	keep := make([]bool, len(s.cands))
	for _, group := range groups {
		s.thinGroup(group, most, keep)
	}
	kept := 0
	for i := range s.cands {
		if keep[i] || s.cands[i].must != 0 {
			s.cands[kept], s.cands[i] = s.cands[i], s.cands[kept]
			kept++
		}
	}
	s.cands = s.cands[:kept]
}

// powerClass tells chargers apart that the car feels to be different: by the time for a
// charge from 10 to 60%, in steps of half as long again.
func powerClass(n *session) int {
	return -int(math.Floor(math.Log(n.seconds[60]-n.seconds[10]) / math.Log(1.5)))
}

func (s *search) thinGroup(group []int32, most int, keep []bool) {
	type ranked struct {
		i    int32
		rank float64
	}
	all := make([]ranked, len(group))
	for g, i := range group {
		c := &s.cands[i]
		all[g] = ranked{i, s.w.second*float64(c.from.seconds()+c.to.seconds()) + s.w.price*c.kinds[0].tariff.Price(30) + c.penalty}
	}
	order := func(a, b ranked) int {
		if a.rank != b.rank {
			if a.rank < b.rank {
				return -1
			}
			return 1
		}
		return int(a.i - b.i)
	}
	slices.SortFunc(all, order)
	if len(all) > most && s.cal.free != nil {
		all = all[:min(len(all), 3*most)]
		for g := range all {
			all[g].rank += s.w.second * s.likelyWait(&s.cands[all[g].i])
		}
		slices.SortFunc(all, order)
	}
	for _, r := range all[:min(len(all), most)] {
		keep[r.i] = true
	}
}

// likelyWait is the seconds until half an hour is free at a candidate, for a car that
// comes when the drive there, and charging on the way, suggest.
func (s *search) likelyWait(c *candidate) float64 {
	at := s.start + int64(c.fromSeconds)
	if missing := s.use(c.from) + s.r.MinArrivalSoC - s.r.SoC; missing > 0 {
		at += int64(missing * s.fullCharge)
	}
	wait := MaxWait.Seconds()
	for k := range c.kinds {
		if _, start, _, ok := c.kinds[k].first(s.cal, at, int64(30*time.Minute/time.Second)); ok {
			wait = min(wait, float64(start-at))
		}
	}
	return wait
}

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
	return slices.EqualFunc(l.sites, cands, func(at siteAt, c candidate) bool { return int(at.site) == c.site })
}

func (l *links) reset(cands []candidate, sites []site) {
	l.sites, l.hops, l.ends = l.sites[:0], l.hops[:0], l.ends[:0]
	for i := range cands {
		l.sites = append(l.sites, siteAt{int32(cands[i].site), sites[cands[i].site].loc.Point.Lat})
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
	site int32
	lat  float64
}

// givenUp is the site of a candidate that no drive leads to.
const givenUp = -1

func (s *search) connectOne(l *links, i int) {
	c := &s.cands[i]
	var row []drive
	var tree *road.Tree
	if s.p.rows != nil {
		row = s.p.row(c.site)
	} else {
		tree = s.p.net.From(s.p.sites[c.site].spot)
	}
	l.hops = append(l.hops, s.hop(dest, c.to))
	here, degrees := s.p.sites[c.site].loc.Point.Lat, s.farthest/kmPerDegree
	for j, to := range l.sites {
		if off := to.lat - here; off > degrees || off < -degrees || to.site == givenUp || int(to.site) == c.site && s.cal.free == nil {
			continue // with calendars, one may go on charging in another gap, or beside
		}
		var leg drive
		if row != nil {
			leg = row[to.site]
		} else {
			leg = driveOf(tree.To(s.p.sites[to.site].spot))
		}
		if leg.km < 0 || float64(leg.km) > s.farthest {
			continue
		}
		if h := s.hop(int32(j), leg); h.need <= 1 {
			l.hops = append(l.hops, h)
		}
	}
	l.ends = append(l.ends, len(l.hops))
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
	need := soc + s.r.MinArrivalSoC
	if need <= 1 {
		need = min(need+margin, 1)
	}
	return hop{to: to, km: float64(leg.km), seconds: leg.seconds(), soc: soc, need: need}
}

func (s *search) use(leg drive) float64 { return s.r.Vehicle.SoCFor(float64(leg.km), leg.kmh()) }

// first is the EVSE of a kind that is free first for so long, and the end of the gap.
func (k *kind) first(cal *calendar, from, seconds int64) (evse int, start, end int64, ok bool) {
	if cal.free == nil {
		return 0, from, math.MaxInt64, true
	}
	if k.slots == nil {
		k.slots = make([][]slot, len(k.evses))
		for i, id := range k.evses {
			k.slots[i] = cal.slots(id)
		}
	}
	for i, slots := range k.slots {
		at, free := fit(slots, from, seconds)
		if begin := max(at.start, from); free && (!ok || begin < start) {
			evse, start, end, ok = i, begin, at.end, true
			if start == from {
				break
			}
		}
	}
	return evse, start, end, ok
}
