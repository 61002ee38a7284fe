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
	net   *Network
	from  Spot
	hours []float32 // +Inf where no road leads
	km    []float32
	prev  []int32 // −1 at the start
}

// From finds the quickest drives from a spot to everywhere, by Dijkstra's algorithm;
// what it found for some two thousand spots is remembered.
func (n *Network) From(s Spot) *Tree {
	return n.trees.get(s.at, func() *Tree { return n.grow(s) })
}

func (n *Network) grow(s Spot) *Tree {
	t := &Tree{
		net: n, from: s,
		hours: make([]float32, len(n.points)), km: make([]float32, len(n.points)), prev: make([]int32, len(n.points)),
	}
	for i := range t.hours {
		t.hours[i], t.prev[i] = float32(math.Inf(1)), -1
	}
	var q frontier
	for _, e := range s.ends {
		t.offer(&q, e.node, e.hours, e.km, -1)
	}
	for len(q) > 0 {
		at := q.pop()
		if at.hours > t.hours[at.node] {
			continue
		}
		for _, h := range n.next[at.node] {
			t.offer(&q, h.to, at.hours+h.hours, t.km[at.node]+h.km, at.node)
		}
	}
	return t
}

func (t *Tree) offer(q *frontier, node int32, hours, km float32, prev int32) {
	if hours < t.hours[node] {
		t.hours[node], t.km[node], t.prev[node] = hours, km, prev
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
// about 36 kB, so a full cache takes about 75 MB.
type treeCache struct {
	mu    sync.Mutex
	trees map[geo.Point]*Tree
}

const treesRemembered = 2048

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
