package road

import (
	"fmt"
	"math"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Route is one drive with the way it takes.
type Route struct {
	Leg
	Points []geo.Point // from the first point to the last, at least two
}

// Route is the quickest drive between two points. The error wraps geo.ErrInvalid
// or ErrOffRoad and says which end it is about.
func (n *Network) Route(from, to geo.Point) (Route, error) {
	start, err := n.Locate(from)
	if err != nil {
		return Route{}, fmt.Errorf("route: from: %w", err)
	}
	end, err := n.Locate(to)
	if err != nil {
		return Route{}, fmt.Errorf("route: to: %w", err)
	}
	tree := n.From(start)
	leg, ok := tree.To(end)
	if !ok {
		return Route{}, fmt.Errorf("route: %w: no way leads from %s to %s", ErrOffRoad, from, to)
	}
	return Route{Leg: leg, Points: tree.Way(end)}, nil
}

// Way is the polyline of the drive that To measures; its straight pieces are shorter
// than the road.
func (t *Tree) Way(s Spot) []geo.Point {
	points := []geo.Point{s.at}
	for node := t.arrive(s).node; node >= 0; node = t.before(node) {
		points = append(points, t.net.points[node])
	}
	points = append(points, t.from.at)
	slices.Reverse(points)
	return points
}

// before is the node before another one on the way there; −1 for one that the tree's spot
// is joined to on that way.
func (t *Tree) before(node int32) int32 {
	best, hours := int32(-1), float32(math.Inf(1))
	for _, e := range t.from.ends {
		if e.node == node {
			hours = min(hours, e.hours)
		}
	}
	for _, h := range t.net.next[node] {
		if d := t.hours[h.to] + h.hours; d < hours && t.hours[h.to] < t.hours[node] {
			best, hours = h.to, d
		}
	}
	return best
}

// Along says where a point lies beside the route: the kilometres driven when the
// route passes nearest to it, and how far off that is (great circle).
func (r Route) Along(p geo.Point) (km, off float64) {
	length, at, off := 0.0, 0.0, 1e9
	for i := 1; i < len(r.Points); i++ {
		a, b := r.Points[i-1], r.Points[i]
		piece := geo.Distance(a, b)
		if f, d := geo.Project(p, a, b); d < off {
			off, at = d, length+f*piece
		}
		length += piece
	}
	if length == 0 {
		return 0, off
	}
	return at / length * r.Km, off
}

// Detour is what a stop at via adds to the drive from one spot to another; ok is
// false where no road leads.
func (n *Network) Detour(from, via, to Spot) (extra Leg, ok bool) {
	start := n.From(from)
	straight, ok1 := start.To(to)
	there, ok2 := start.To(via)
	on, ok3 := n.From(via).To(to)
	if !ok1 || !ok2 || !ok3 {
		return Leg{}, false
	}
	return Leg{
		Km:    max(there.Km+on.Km-straight.Km, 0),
		Drive: max(there.Drive+on.Drive-straight.Drive, 0),
	}, true
}
