package road

import (
	"math"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Leg is a drive: how far and how long, at the network's mean speeds.
type Leg struct {
	Km    float64
	Drive time.Duration
}

// Kmh is the mean speed of the leg, 0 for one of no length.
func (l Leg) Kmh() float64 {
	if l.Drive <= 0 {
		return 0
	}
	return l.Km / l.Drive.Hours()
}

// Tree holds the quickest drives from one spot to every node of the network. It does
// not change; any number of goroutines may use it.
type Tree struct {
	net  *Network
	from Spot
	reach
}

// reach is how far it is to every node.
type reach struct {
	hours []float32 // +Inf where no road leads
	km    []float32
}

func newReach(nodes int) reach {
	r := reach{make([]float32, nodes), make([]float32, nodes)}
	for i := range r.hours {
		r.hours[i] = float32(math.Inf(1))
	}
	return r
}

// From finds the quickest drives from a spot to everywhere: a spot is joined to a few
// nodes, and Dijkstra's algorithm finds those from a node, once. What was found for some
// spots is remembered, too.
func (n *Network) From(s Spot) *Tree {
	return n.trees.get(s.at, func() *Tree { return n.grow(s) })
}

func (n *Network) grow(s Spot) *Tree {
	t := &Tree{net: n, from: s, reach: newReach(len(n.points))}
	for _, e := range s.ends {
		r := n.fromNode(e.node)
		km := r.km[:len(r.hours)]
		for i, hours := range r.hours {
			if hours += e.hours; hours < t.hours[i] {
				t.hours[i], t.km[i] = hours, km[i]+e.km
			}
		}
	}
	return t
}

// fromNode is the reach of a node, by Dijkstra's algorithm, found when first asked for:
// 24 kB each, 70 MB when all of the Northeast's have been asked for.
func (n *Network) fromNode(node int32) *reach {
	if known := n.reaches[node].Load(); known != nil {
		return known
	}
	r := newReach(len(n.points))
	var q frontier
	r.offer(&q, node, 0, 0)
	for len(q) > 0 {
		at := q.pop()
		if at.hours > r.hours[at.node] {
			continue
		}
		for _, h := range n.next[at.node] {
			r.offer(&q, h.to, at.hours+h.hours, r.km[at.node]+h.km)
		}
	}
	n.reaches[node].Store(&r)
	return &r
}

func (r *reach) offer(q *frontier, node int32, hours, km float32) {
	if hours < r.hours[node] {
		r.hours[node], r.km[node] = hours, km
		q.push(visit{node, hours})
	}
}

func joinCost(j join) (km, hours float32) {
	km = j.km * joinFactor
	return km, km / joinKmh
}

// To is the quickest drive from the tree's spot to another one; ok is false where no
// road leads.
func (t *Tree) To(s Spot) (leg Leg, ok bool) {
	best := t.arrive(s)
	if math.IsInf(float64(best.hours), 1) {
		return Leg{}, false
	}
	return Leg{
		Km:    float64(best.km),
		Drive: time.Duration(float64(best.hours) * float64(time.Hour)).Round(time.Second),
	}, true
}

// arrival is how a drive ends: at a node of the tree (−1: directly, not by one).
type arrival struct {
	hours, km float32
	node      int32
}

func (t *Tree) arrive(s Spot) arrival {
	best := arrival{float32(math.Inf(1)), 0, -1}
	consider := func(a arrival) {
		if a.hours < best.hours {
			best = a
		}
	}
	for _, e := range s.ends {
		consider(arrival{t.hours[e.node] + e.hours, t.km[e.node] + e.km, e.node})
	}
	for _, j := range s.joins {
		for _, own := range t.from.joins {
			if own.edge == j.edge {
				e := t.net.edges[j.edge]
				km, hours := joinCost(j)
				share := max(own.f-j.f, j.f-own.f)
				ownKm, ownHours := joinCost(own)
				consider(arrival{share*e.hours + hours + ownHours, share*e.km + km + ownKm, -1})
			}
		}
	}
	if dlat := t.from.at.Lat - s.at.Lat; dlat > directDegrees || dlat < -directDegrees {
		return best
	}
	if d := geo.Distance(t.from.at, s.at); d <= directKm {
		consider(arrival{float32(d * joinFactor / directKmh), float32(d * joinFactor), -1})
	}
	return best
}

// treeCache remembers trees by their spot: charging sites are asked for again and
// again. When full it forgets any one of them. A tree of the Northeast takes
// about 24 kB, so a full cache takes about 25 MB.
type treeCache struct {
	mu    sync.Mutex
	trees map[geo.Point]*Tree
}

const treesRemembered = 1024

func (c *treeCache) get(p geo.Point, grow func() *Tree) *Tree {
	c.mu.Lock()
	t := c.trees[p]
	c.mu.Unlock()
	if t != nil {
		return t
	}
	t = grow()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trees == nil {
		c.trees = make(map[geo.Point]*Tree, treesRemembered)
	}
	if len(c.trees) >= treesRemembered {
		for any := range c.trees {
			delete(c.trees, any)
			break
		}
	}
	c.trees[p] = t
	return t
}
