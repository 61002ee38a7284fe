package main

import (
	"fmt"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Speeds are means over a drive with towns, lorries and speed bumps: calibrated
// on driving times between the capitals (OSRM over OpenStreetMap), about 72 km/h.
const (
	trunkKmh   = 76.0 // highways with two carriageways over most of their length
	pavedKmh   = 70.0
	unpavedKmh = 40.0
	localKmh   = 50.0
	townKmh    = 40.0
	townKm     = 1.0 // from a seat to the junction in its town
	capitalKm  = 5.0
	detour     = 1.3 // road over great circle, where only the ends are known
)

// survey turns names into a graph. Its first nodes are the towns' seats; the
// others are the junctions that the highway table names. A junction of two
// highways, or of a highway with a border, bears the same label in both their
// lists: this is what ties the highways together.
type survey struct {
	towns  []town
	byName map[string][]int // folded name + state
	nodes  []node
	byKey  map[string]int
	edges  []edge
}

type node struct {
	at       geo.Point
	anchored bool // at is known, not interpolated
	alive    bool
	town     int // the town that stands at the junction, or −1
	toward   int // the town that a side road leads to, or −1
}

type edge struct {
	a, b      int
	km, hours float64
	road      string
}

func newSurvey(towns []town) *survey {
	s := &survey{towns: towns, byName: map[string][]int{}, byKey: map[string]int{}}
	for i, t := range towns {
		key := t.uf + " " + spell(t.name)
		s.byName[key] = append(s.byName[key], i)
		s.nodes = append(s.nodes, node{at: t.at, anchored: true, alive: true, town: i, toward: -1})
	}
	return s
}

func (s *survey) addSegments(segments []segment) {
	sort.SliceStable(segments, func(i, j int) bool {
		a, b := segments[i], segments[j]
		return a.kind == mainAxis && b.kind != mainAxis
	})
	seen := map[string]float64{} // key → km of its first use on the highway's main axis
	for _, g := range segments {
		if g.kind == "Acesso" || g.kind == "Travessia Urbana" {
			continue
		}
		a, b := s.junction(g, g.from, g.fromKm, seen), s.junction(g, g.to, g.toKm, seen)
		kmh := pavedKmh
		switch {
		case !g.paved:
			kmh = unpavedKmh
		case trunks[g.highway]:
			kmh = trunkKmh
		}
		if a != b {
			s.edges = append(s.edges, edge{a, b, g.km, g.km / kmh, g.highway})
		}
	}
}

var trunks = map[string]bool{"BR-101": true, "BR-324": true}

const mainAxis = "Eixo Principal"

var (
	twoHighways = regexp.MustCompile(`br-\d{3}/\d{3}`)
	border      = regexp.MustCompile(`div [a-z]{2}/[a-z]{2}`)
)

// junction finds or makes the node of a label. A label that comes twice on one
// highway, at kilometres far apart, means two places.
func (s *survey) junction(g segment, label string, km float64, seen map[string]float64) int {
	key := g.uf + " " + g.highway + " " + label
	switch {
	case border.MatchString(label):
		key = g.highway + " " + border.FindString(label)
	case twoHighways.MatchString(label):
		key = g.uf + " " + label
	}
	if g.kind == mainAxis && !border.MatchString(label) {
		own := g.highway + " " + key
		if first, ok := seen[own]; !ok {
			seen[own] = km
		} else if km-first > 1 || first-km > 1 {
			key = fmt.Sprintf("%s km %.0f", own, km)
		}
	}
	if n, ok := s.byKey[key]; ok {
		return n
	}
	n := node{alive: true, town: -1, toward: -1}
	if name, toward := townOf(label); name != "" {
		if t := s.find(g.uf, name); t >= 0 && toward {
			n.toward = t
		} else if t >= 0 {
			n.town, n.at, n.anchored = t, s.towns[t].at, true
		}
	}
	s.nodes = append(s.nodes, n)
	s.byKey[key] = len(s.nodes) - 1
	return len(s.nodes) - 1
}

var (
	inParens = regexp.MustCompile(`\(([^()]*)\)`)
	access   = regexp.MustCompile(`^(fim |inicio )?(acesso|contorno|anel)( (norte|sul|leste|oeste))?( (de|a|p/))? `)
)

// townOf reads the town out of a junction's label: "entr pb-041 (mamanguape)"
// stands in it, "entr pb-018 (p/conde)" points to it.
func townOf(label string) (name string, toward bool) {
	parens := inParens.FindAllStringSubmatch(label, -1)
	if len(parens) == 0 {
		return spell(access.ReplaceAllString(label, "")), false
	}
	name = parens[len(parens)-1][1]
	if rest, ok := strings.CutPrefix(name, "p/"); ok {
		name, toward = rest, true
	}
	name, _, _ = strings.Cut(name, "/")
	return spell(access.ReplaceAllString(strings.TrimSpace(name), "")), toward
}

// find is the town of that name in the state, one letter off allowed in long
// names; −1 if there is none or more than one.
func (s *survey) find(uf, name string) int {
	if t := s.byName[uf+" "+name]; len(t) == 1 {
		return t[0]
	}
	if len(name) < 7 {
		return -1
	}
	found := -1
	for i, t := range s.towns {
		if t.uf == uf && oneOff(spell(t.name), name) {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

func spell(name string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(fold(name), "-", " ")), " ")
}

// oneOff is true where one letter was changed, added or left out.
func oneOff(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i < len(a) && a[i+1:] == b[i+1:]
	}
	return a[i:] == b[i+1:]
}

// addLinks reads the project's own table of state highways: road, km/h, then
// "Town-UF" and the kilometres to the next, in turn.
func (s *survey) addLinks(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.addLink(strings.Split(line, "\t")); err != nil {
			return fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	return nil
}

func (s *survey) addLink(fields []string) error {
	if len(fields) < 5 || len(fields)%2 == 0 {
		return fmt.Errorf("%d fields, want road, km/h, town, km, town, …", len(fields))
	}
	kmh, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return err
	}
	last := -1
	for i := 2; i < len(fields); i += 2 {
		name, uf, _ := strings.Cut(fields[i], "-")
		t := s.find(uf, spell(name))
		if t < 0 {
			return fmt.Errorf("no town %q", fields[i])
		}
		if last >= 0 {
			km, err := strconv.ParseFloat(fields[i-1], 64)
			if err != nil {
				return err
			}
			s.edges = append(s.edges, edge{last, t, km, km / kmh, fields[0]})
		}
		last = t
	}
	return nil
}
