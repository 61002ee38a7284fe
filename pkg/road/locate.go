package road

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// How a point off the network joins it, and how two near points are joined
// without it: the way is the great circle times a factor.
const (
	joinFactor  = 1.3
	joinKmh     = 60.0
	joinLimitKm = 60.0
	joinSpread  = 3.0  // km that a second way to the network may be longer
	joinWays    = 3    // ways to the network kept for a point
	directKm    = 12.0 // great circle up to which a direct way is considered
	directKmh   = 40.0
	// directDegrees of latitude are more than directKm.
	directDegrees = directKm / 110
	seatKm        = 1.5 // up to which a point counts as at a municipality's seat
	cellDegrees   = 0.25
)

// ErrOffRoad is wrapped by the error for a point that no road is near to (an
// island, the sea, another part of the world).
var ErrOffRoad = errors.New("no road near")

// Spot is a point joined to a network: what From and To work on.
type Spot struct {
	at    geo.Point
	joins []join
	ends  []end
}

// end is a node that a spot's joins lead to, with the drive to it.
type end struct {
	node      int32
	hours, km float32
}

// Point is where the spot is.
func (s Spot) Point() geo.Point { return s.at }

// join is one way from a spot to the network: km to the point at fraction f of an edge.
type join struct {
	edge int32
	f    float32
	km   float32
}

type cell struct{ lat, lon int16 }

func cellOf(p geo.Point) cell {
	return cell{int16(math.Floor(p.Lat / cellDegrees)), int16(math.Floor(p.Lon / cellDegrees))}
}

func (n *Network) index(i int32) {
	a, b := cellOf(n.points[n.edges[i].a]), cellOf(n.points[n.edges[i].b])
	for lat := min(a.lat, b.lat); lat <= max(a.lat, b.lat); lat++ {
		for lon := min(a.lon, b.lon); lon <= max(a.lon, b.lon); lon++ {
			c := cell{lat, lon}
			n.cells[c] = append(n.cells[c], i)
		}
	}
}

// Locate joins a point to the network at its nearest roads (great circle × 1.3, at
// 60 km/h). The error wraps geo.ErrInvalid, or ErrOffRoad where no road is within 60 km.
func (n *Network) Locate(p geo.Point) (Spot, error) {
	if err := p.Validate(); err != nil {
		return Spot{}, err
	}
	if j, ok := n.atSeat(p); ok {
		return n.spot(p, []join{j}), nil
	}
	for ring := int16(1); ring <= 3; ring++ {
		near := n.nearEdges(p, ring)
		// A road beyond the ring can be as near as its border.
		if len(near) > 0 && float64(near[0].km) <= min(float64(ring)*cellDegrees*110, joinLimitKm) {
			return n.spot(p, near), nil
		}
	}
	return Spot{}, fmt.Errorf("%w %s: the nearest is more than %.0f km away", ErrOffRoad, p, joinLimitKm)
}

// spot works out the drives to the ends of the edges that are joined.
func (n *Network) spot(p geo.Point, joins []join) Spot {
	s := Spot{at: p, joins: joins}
	for _, j := range joins {
		e := n.edges[j.edge]
		km, hours := joinCost(j)
		if j.f < 1 {
			s.ends = append(s.ends, end{e.a, hours + j.f*e.hours, km + j.f*e.km})
		}
		if j.f > 0 {
			s.ends = append(s.ends, end{e.b, hours + (1-j.f)*e.hours, km + (1-j.f)*e.km})
		}
	}
	return s
}

// atSeat joins a point in the middle of a town to the town's own node. (A highway
// is drawn through the seat of a town that it passes by.)
func (n *Network) atSeat(p geo.Point) (join, bool) {
	best, node := seatKm, int32(-1)
	for i, place := range n.places {
		if dlat := place.Point.Lat - p.Lat; dlat > 0.02 || dlat < -0.02 {
			continue
		}
		if d := geo.Distance(p, place.Point); d <= best && len(n.next[i]) > 0 {
			best, node = d, int32(i)
		}
	}
	if node < 0 {
		return join{}, false
	}
	j := join{edge: n.next[node][0].edge, km: float32(best)}
	if n.edges[j.edge].b == node {
		j.f = 1
	}
	return j, true
}

// nearEdges are the joins to the nearest edges in a square of cells, nearest first.
func (n *Network) nearEdges(p geo.Point, ring int16) []join {
	var near []join
	at := cellOf(p)
	seen := map[int32]bool{}
	for lat := at.lat - ring; lat <= at.lat+ring; lat++ {
		for lon := at.lon - ring; lon <= at.lon+ring; lon++ {
			for _, i := range n.cells[cell{lat, lon}] {
				if seen[i] {
					continue
				}
				seen[i] = true
				e := n.edges[i]
				f, km := geo.Project(p, n.points[e.a], n.points[e.b])
				near = append(near, join{i, float32(f), float32(km)})
			}
		}
	}
	slices.SortFunc(near, func(a, b join) int {
		if a.km != b.km {
			return cmp.Compare(a.km, b.km)
		}
		return int(a.edge - b.edge)
	})
	return n.keepJoins(near)
}

// keepJoins keeps the nearest few; of those that meet one node, the first.
func (n *Network) keepJoins(near []join) []join {
	var kept []join
	nodes := map[int32]bool{}
	for _, j := range near {
		if len(kept) > 0 && j.km > kept[0].km+joinSpread || len(kept) == joinWays {
			break
		}
		if end, ok := n.endOf(j); ok {
			if nodes[end] {
				continue
			}
			nodes[end] = true
		}
		kept = append(kept, j)
	}
	return kept
}

// endOf is the node that a join meets, where it meets one.
func (n *Network) endOf(j join) (int32, bool) {
	switch j.f {
	case 0:
		return n.edges[j.edge].a, true
	case 1:
		return n.edges[j.edge].b, true
	}
	return 0, false
}
