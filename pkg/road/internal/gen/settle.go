package main

import (
	"log"
	"sort"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// settle gives every junction a point: those that stand in a town get its seat,
// unless the kilometres to their neighbours say that this is another town of
// the same name; the others lie between, in proportion to the kilometres.
func (s *survey) settle() {
	dropped := 0
	for s.dropWorstAnchor() {
		dropped++
	}
	s.oneJunctionATown()
	s.dropUnreached()
	s.interpolate()
	log.Printf("gen: %d names of towns did not fit their kilometres and were not used", dropped)
}

// dropWorstAnchor forgets the anchor that contradicts most of its neighbours: the
// great circle cannot be longer than the road (8 km allowed, for a seat is not
// its junction).
func (s *survey) dropWorstAnchor() bool {
	next := s.neighbours()
	worst, worstShare := -1, 0.0
	for i := len(s.towns); i < len(s.nodes); i++ {
		if !s.nodes[i].anchored {
			continue
		}
		bad, all := 0, 0
		for j, km := range s.reach(next, i, 120) {
			if j == i || !s.nodes[j].anchored {
				continue
			}
			all++
			if geo.Distance(s.nodes[i].at, s.nodes[j].at) > km+8 {
				bad++
			}
		}
		if all > 0 && float64(bad)/float64(all) > worstShare {
			worst, worstShare = i, float64(bad)/float64(all)
		}
	}
	if worst < 0 || worstShare < 0.34 {
		return false
	}
	s.nodes[worst].anchored, s.nodes[worst].town = false, -1
	return true
}

// oneJunctionATown keeps the most central of a town's junctions at its seat. A bypass
// has several, some kilometres apart: all of them at the seat would make it a
// short cut.
func (s *survey) oneJunctionATown() {
	next := s.neighbours()
	sums := map[int]float64{}
	central := map[int]int{}
	for i := len(s.towns); i < len(s.nodes); i++ {
		if !s.nodes[i].anchored {
			continue
		}
		for j, km := range s.reach(next, i, 60) {
			if j != i && s.nodes[j].town == s.nodes[i].town {
				sums[i] += km
			}
		}
		if best, ok := central[s.nodes[i].town]; !ok || sums[i] < sums[best] {
			central[s.nodes[i].town] = i
		}
	}
	for i := len(s.towns); i < len(s.nodes); i++ {
		if n := &s.nodes[i]; n.anchored && central[n.town] != i {
			n.anchored, n.town = false, -1
		}
	}
}

func (s *survey) neighbours() [][]edge {
	next := make([][]edge, len(s.nodes))
	for _, e := range s.edges {
		next[e.a] = append(next[e.a], e)
		e.a, e.b = e.b, e.a
		next[e.a] = append(next[e.a], e)
	}
	return next
}

// reach is the road distance from one node to all within a limit.
func (s *survey) reach(next [][]edge, from int, limit float64) map[int]float64 {
	km := map[int]float64{from: 0}
	queue := []int{from}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, e := range next[i] {
			d := km[i] + e.km
			if old, ok := km[e.b]; d <= limit && (!ok || d < old-1e-9) {
				km[e.b] = d
				queue = append(queue, e.b)
			}
		}
	}
	return km
}

// dropUnreached removes the highways that no known point is on, and the loose
// ends beyond the last known point.
func (s *survey) dropUnreached() {
	for again := true; again; {
		again = false
		next := s.neighbours()
		dead := map[int]bool{}
		for i := len(s.towns); i < len(s.nodes); i++ {
			n := s.nodes[i]
			if n.alive && !n.anchored && n.toward < 0 && len(next[i]) < 2 {
				s.nodes[i].alive, dead[i], again = false, true, true
			}
		}
		s.keepEdges(func(e edge) bool { return !dead[e.a] && !dead[e.b] })
	}
	next := s.neighbours()
	for i := len(s.towns); i < len(s.nodes); i++ {
		if s.nodes[i].alive && !s.knows(next, i) {
			s.nodes[i].alive = false
		}
	}
	s.keepEdges(func(e edge) bool { return s.nodes[e.a].alive && s.nodes[e.b].alive })
}

func (s *survey) knows(next [][]edge, from int) bool {
	for i := range s.reach(next, from, 1e9) {
		if s.nodes[i].anchored {
			return true
		}
	}
	return false
}

func (s *survey) keepEdges(keep func(edge) bool) {
	var kept []edge
	for _, e := range s.edges {
		if keep(e) {
			kept = append(kept, e)
		}
	}
	s.edges = kept
}

// interpolate solves for the points that are not known: each is the mean of its
// neighbours, weighted by nearness (Gauss-Seidel).
func (s *survey) interpolate() {
	next := s.neighbours()
	var free []int
	for i := len(s.towns); i < len(s.nodes); i++ {
		if s.nodes[i].alive && !s.nodes[i].anchored {
			free = append(free, i)
			s.nodes[i].at = s.nearestAnchor(next, i)
		}
	}
	for range 3000 {
		for _, i := range free {
			var lat, lon, weight float64
			for _, e := range next[i] {
				w := 1 / max(e.km, 0.1)
				lat, lon, weight = lat+w*s.nodes[e.b].at.Lat, lon+w*s.nodes[e.b].at.Lon, weight+w
			}
			s.nodes[i].at = geo.Point{Lat: lat / weight, Lon: lon / weight}
		}
	}
}

func (s *survey) nearestAnchor(next [][]edge, from int) geo.Point {
	best, at := 1e18, geo.Point{}
	for i, km := range s.reach(next, from, 1e9) {
		if s.nodes[i].anchored && km < best {
			best, at = km, s.nodes[i].at
		}
	}
	return at
}

// contract merges the two edges of a junction that only passes on.
func (s *survey) contract() {
	next := s.neighbours()
	for i := len(s.towns); i < len(s.nodes); i++ {
		if !s.nodes[i].alive || s.nodes[i].anchored || len(next[i]) != 2 {
			continue
		}
		one, two := next[i][0], next[i][1]
		if one.b == two.b || one.road != two.road || geo.Distance(s.nodes[one.b].at, s.nodes[two.b].at) > 40 {
			continue
		}
		s.nodes[i].alive = false
		joined := edge{one.b, two.b, one.km + two.km, one.hours + two.hours, one.road}
		s.keepEdges(func(e edge) bool { return e.a != i && e.b != i })
		s.edges = append(s.edges, joined)
		next = s.neighbours()
	}
	sort.Slice(s.edges, func(i, j int) bool {
		a, b := s.edges[i], s.edges[j]
		if a.a != b.a {
			return a.a < b.a
		}
		if a.b != b.b {
			return a.b < b.b
		}
		return a.km < b.km
	})
}
