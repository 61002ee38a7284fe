package planner

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
)

// candidate is a site that a search may stop at.
//
// A milestone is a candidate, too: the end of its stage, and the origin of the next one.
type candidate struct {
	site                   int        // −1 of a via
	stage                  int        // that it belongs to
	mile                   *milestone // nil for a site that is free to choose
	from, to               drive      // from the origin of its stage, to the end of it; of a milestone, to the next one
	fromSeconds, toSeconds float64    // of the whole journey to there; to the end of its stage
	most                   float64    // charge up to which a fuller label is a better one
	penalty                float64    // score of stopping here again, when other plans are looked for
	must                   uint8      // bit of what the request insists on
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

// choose finds the candidates within a reach, whose bound is below an upper one: of the last
// stage first, behind those of each stage the milestone that it begins at, and in each the
// nearest to its end first.
func (s *search) choose(reach reach, upper float64) {
	s.cands = s.cands[:0]
	for k := len(s.stages) - 1; k >= 0; k-- {
		s.chooseIn(k, reach.of(s.stages[k].direct), upper)
		if k > 0 {
			s.addMilestone(k - 1)
		}
	}
}

// chooseIn finds the candidates of one stage.
func (s *search) chooseIn(k int, limit int64, upper float64) {
	g, start := &s.stages[k], len(s.cands)
	for i := range s.p.sites {
		from, to := g.from[i], g.to[i]
		if from.km < 0 || to.km < 0 || g.begins(i) || g.ends(i) {
			continue
		}
		must := s.must(i)
		drive := from.seconds() + to.seconds()
		if must == 0 && drive > limit {
			continue
		}
		missing := energySlack*(g.otherUse+s.use(from)+s.use(to)) + s.r.atDestination() - s.r.SoC
		if must == 0 && s.w.second*(g.otherSeconds+float64(drive))+s.bound.of(max(missing, leastCharge)) > upper {
			continue
		}
		if kinds := s.usable(i); len(kinds) > 0 {
			if len(s.stages) > 1 {
				kinds = slices.Clone(kinds) // a site may be in several, with other drives on
			}
			c := s.addCandidate()
			c.site, c.stage, c.from, c.to, c.kinds, c.must, c.most = i, k, from, to, kinds, must, g.most
			c.fromSeconds, c.toSeconds, c.penalty = g.before+float64(from.second), float64(to.second), s.penalties[s.p.sites[i].town]
		}
	}
	above := thinAbove + len(s.p.sites)/100
	for keep := perCell; keep > 0 && len(s.cands)-start > above*(perCell+1-keep) && !s.r.unthinned; keep-- {
		s.thin(start, keep)
	}
	s.nearestFirst(start)
}

// addCandidate is one more candidate, of which only the room that it has is not new.
func (s *search) addCandidate() *candidate {
	n := len(s.cands)
	s.cands = slices.Grow(s.cands, 1)[:n+1]
	c := &s.cands[n]
	*c = candidate{front: c.front[:0], settled: c.settled[:0]}
	return c
}

// nearestFirst orders the candidates from one on by the drive to the end of their stage.
func (s *search) nearestFirst(start int) {
	some := s.cands[start:]
	order := make([]int32, len(some))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(some[a].toSeconds, some[b].toSeconds), int(a-b))
	})
	s.spare = s.spare[:0]
	for _, i := range order {
		s.spare = append(s.spare, some[i])
	}
	copy(some, s.spare)
	clear(s.spare)
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
	for c, k := range s.fit.classes[site] {
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

// thin keeps, of each cell and power class, the candidates from one on with the shortest
// detour, where the charger is free about when the car would come.
func (s *search) thin(start, most int) {
	type key struct {
		cell  cell
		power int
	}
	groups := map[key][]int32{}
	for i := start; i < len(s.cands); i++ {
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
	kept := start
	for i := start; i < len(s.cands); i++ {
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
	if missing := s.stages[c.stage].beforeUse + s.use(c.from) + s.r.MinArrivalSoC - s.r.SoC; missing > 0 {
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
