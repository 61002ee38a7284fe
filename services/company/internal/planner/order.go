package planner

import (
	"math"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/road"
)

// ways over i held stops and j vias, of which a held stop or (last = 1) a via is the last.
type chainStep struct {
	seconds float64
	before  int // last, of the way without the last one
}

// ordering finds the shortest drive over held stops and vias that keeps the order of each.
type ordering struct {
	s          *search
	from, to   road.Spot
	held, vias []milestone
	best       [][][2]chainStep
}

// inOrder puts the vias between the held stops, both in their order, so that the drive is
// the shortest.
func (s *search) inOrder(from, to road.Spot, held, vias []milestone) []milestone {
	if len(held) == 0 || len(vias) == 0 {
		return append(held, vias...)
	}
	o := ordering{s: s, from: from, to: to, held: held, vias: vias, best: make([][][2]chainStep, len(held)+1)}
	never := chainStep{seconds: math.Inf(1)}
	for i := range o.best {
		o.best[i] = make([][2]chainStep, len(vias)+1)
		for j := range o.best[i] {
			o.best[i][j] = [2]chainStep{never, never}
		}
	}
	o.best[0][0][0] = chainStep{}
	for i := range o.best {
		for j := range o.best[i] {
			for last := range 2 {
				o.goOn(i, j, last)
			}
		}
	}
	return o.back()
}

// goOn drives from a way to one held stop more, and to one via more.
func (o *ordering) goOn(i, j, last int) {
	here := o.best[i][j][last].seconds
	if math.IsInf(here, 1) {
		return
	}
	if i < len(o.held) {
		o.better(i+1, j, 0, chainStep{here + o.drive(o.at(i, j, last), o.held[i].spot), last})
	}
	if j < len(o.vias) {
		o.better(i, j+1, 1, chainStep{here + o.drive(o.at(i, j, last), o.vias[j].spot), last})
	}
}

func (o *ordering) better(i, j, last int, by chainStep) {
	if by.seconds < o.best[i][j][last].seconds {
		o.best[i][j][last] = by
	}
}

// at is where a way has come to.
func (o *ordering) at(i, j, last int) road.Spot {
	switch {
	case i+j == 0:
		return o.from
	case last == 1:
		return o.vias[j-1].spot
	}
	return o.held[i-1].spot
}

func (o *ordering) drive(from, to road.Spot) float64 {
	d := driveOf(o.s.p.net.From(from).To(to))
	if d.km < 0 {
		return math.MaxInt32 // what cannot be reached is told by the stage that ends there
	}
	return float64(d.second)
}

// back follows the best way from its end.
func (o *ordering) back() (order []milestone) {
	i, j, last := len(o.held), len(o.vias), 0
	ends := o.best[i][j]
	if ends[1].seconds+o.drive(o.at(i, j, 1), o.to) < ends[0].seconds+o.drive(o.at(i, j, 0), o.to) {
		last = 1
	}
	for i+j > 0 {
		before := o.best[i][j][last].before
		if last == 1 {
			j--
			order = append(order, o.vias[j])
		} else {
			i--
			order = append(order, o.held[i])
		}
		last = before
	}
	slices.Reverse(order)
	return order
}
