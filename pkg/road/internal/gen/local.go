package main

import (
	"sort"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// apart are neighbouring states with a broad river between them: only what the
// highway table knows, a bridge, crosses it.
var apart = map[string]bool{"AL SE": true, "AL BA": true, "BA PE": true, "MA PI": true}

// localRoads ties each town to the junction it stands at, to those that point to
// it, to the two nearest junctions, and to its nearest towns: great circle × 1.3.
func (s *survey) localRoads() {
	junctions := len(s.nodes)
	seen := map[[2]int]bool{}
	tie := func(a, b int, limit, kmh float64) {
		d := geo.Distance(s.nodes[a].at, s.nodes[b].at)
		if a > b {
			a, b = b, a
		}
		if d > limit || seen[[2]int{a, b}] {
			return
		}
		seen[[2]int{a, b}] = true
		km := max(d*detour, 0.5)
		s.edges = append(s.edges, edge{a, b, km, km / kmh, "-"})
	}
	for i := len(s.towns); i < junctions; i++ {
		n := s.nodes[i]
		if n.alive && n.anchored {
			km := townKm
			if s.towns[n.town].capital {
				km = capitalKm
			}
			seen[[2]int{n.town, i}] = true
			s.edges = append(s.edges, edge{n.town, i, km, km / townKmh, "-"})
		} else if n.alive && n.toward >= 0 {
			tie(n.toward, i, 50, localKmh)
		}
	}
	for t := range s.towns {
		for _, i := range s.nearest(t, len(s.towns), junctions, 2) {
			tie(t, i, 25, localKmh)
		}
		for _, i := range s.nearest(t, 0, len(s.towns), 4) {
			a, b := s.towns[t].uf, s.towns[i].uf
			if a > b {
				a, b = b, a
			}
			if !apart[a+" "+b] {
				tie(t, i, 60, localKmh)
			}
		}
	}
}

// nearest are the k nearest living nodes of a range to a town.
func (s *survey) nearest(t, from, to, k int) []int {
	var all []int
	for i := from; i < to; i++ {
		if i != t && s.nodes[i].alive {
			all = append(all, i)
		}
	}
	d := func(i int) float64 { return geo.Distance(s.towns[t].at, s.nodes[all[i]].at) }
	near := make([]float64, len(all))
	for i := range all {
		near[i] = d(i)
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return near[order[i]] < near[order[j]] })
	var found []int
	for _, i := range order[:min(k, len(order))] {
		found = append(found, all[i])
	}
	return found
}

// joinIslands ties what hangs together only in itself to the rest, by the shortest way
// that there is; what is more than 150 km off stays an island.
func (s *survey) joinIslands() {
	for {
		next := s.neighbours()
		main := s.reach(next, s.capital(), 1e9)
		best, a, b := 150.0, -1, -1
		for t := range s.towns {
			if _, ok := main[t]; ok {
				continue
			}
			for i := range s.towns {
				if _, ok := main[i]; !ok || s.towns[i].uf != s.towns[t].uf {
					continue
				}
				if d := geo.Distance(s.towns[t].at, s.towns[i].at); d < best {
					best, a, b = d, t, i
				}
			}
		}
		if a < 0 {
			return
		}
		km := best * detour
		s.edges = append(s.edges, edge{a, b, km, km / localKmh, "-"})
	}
}

func (s *survey) capital() int {
	for i, t := range s.towns {
		if t.capital {
			return i
		}
	}
	return 0
}
