package model

import (
	"fmt"
	"hash/maphash"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Result of a walk.
type Result struct {
	// States that can be reached, steps between them, and how many steps the
	// farthest is away from the start.
	States, Steps, Depth int
	// Settled states are those where every trip has come to its end.
	Settled int
	Took    time.Duration
	// Complete is false when the walk ended at its limit.
	Complete bool
	// Violation is the first broken promise, nil when all are kept.
	Violation *Violation
	// Arrows are the changes of trips' states that were taken.
	Arrows map[[2]trip.State]bool
}

// Violation is a broken promise and the shortest way to it.
type Violation struct {
	Kind  Kind
	What  string
	Trace []string
	// End is where the trips and the calendars are then.
	End string
}

// walk is one exploration. A state is known by a 64-bit hash: of the millions of
// states of the largest world two share one with a chance of about 1 in 10⁵.
type walk struct {
	sc     *Scenario
	seed   maphash.Seed
	number map[uint64]int32
	parent []int32
	// targets of the steps that are no fault and no wish, state by state.
	first   []int32
	targets []int32
	good    []bool
	result  Result
}

// Explore walks through every state of a scenario, up to limit states (0: all).
func Explore(sc *Scenario, limit int) *Result {
	began := time.Now()
	x := &walk{sc: sc, seed: maphash.MakeSeed(), number: map[uint64]int32{}}
	x.result.Arrows = map[[2]trip.State]bool{}
	if x.breadthFirst(limit) {
		x.progress()
	}
	x.result.States, x.result.Took = len(x.parent), time.Since(began)
	return &x.result
}

// found is a state that was met for the first time.
func (x *walk) found(w *world, from int32) (int32, bool) {
	h := maphash.Comparable(x.seed, w.State)
	if n, known := x.number[h]; known {
		return n, false
	}
	n := int32(len(x.parent))
	x.number[h] = n
	x.parent = append(x.parent, from)
	x.good = append(x.good, w.settled())
	if x.good[n] {
		x.result.Settled++
	}
	return n, true
}

// breadthFirst reports whether it came to the end without a violation.
func (x *walk) breadthFirst(limit int) bool {
	begin := world{start(x.sc), x.sc}
	x.found(&begin, -1)
	level := []State{begin.State}
	for n := int32(0); len(level) > 0; x.result.Depth++ {
		var next []State
		for _, s := range level {
			x.first = append(x.first, int32(len(x.targets)))
			next = x.expand(world{s, x.sc}, n, next)
			if x.result.Violation != nil {
				return false
			}
			n++
		}
		level = next
		if limit > 0 && len(x.parent) > limit {
			return false
		}
	}
	x.first = append(x.first, int32(len(x.targets)))
	x.result.Complete = true
	return true
}

// expand takes every step out of state n.
func (x *walk) expand(from world, n int32, next []State) []State {
	k := walker{from: from}
	k.emit = func(to *world, s step) {
		if to.State == from.State || x.result.Violation != nil {
			return
		}
		x.result.Steps++
		m, isNew := x.found(to, n)
		if isNew {
			next = append(next, to.State)
		}
		if to.spent == from.spent && to.had == from.had {
			x.targets = append(x.targets, m)
		}
		x.arrows(&from, to, s)
		if b := judge(&from, to, s); b.kind != "" {
			way, _ := x.trace(n)
			x.result.Violation = &Violation{b.kind, b.what, append(way, tell(to, s)), to.String()}
		}
	}
	k.steps()
	return next
}

func (x *walk) arrows(from, to *world, s step) {
	if s.do == vRestore || s.do == vWipe || s.do == vFormer {
		return
	}
	for t := range x.sc.Trips {
		if a, b := from.trips[t].phase, to.trips[t].phase; a != b {
			x.result.Arrows[[2]trip.State{phaseNames[a], phaseNames[b]}] = true
		}
	}
}

// progress looks for states without a way to a settled one along which nothing
// goes wrong.
func (x *walk) progress() {
	for changed := true; changed; {
		changed = false
		for n := len(x.good) - 1; n >= 0; n-- {
			if x.good[n] {
				continue
			}
			for _, m := range x.targets[x.first[n]:x.first[n+1]] {
				if x.good[m] {
					x.good[n], changed = true, true
					break
				}
			}
		}
	}
	for _, kind := range [...]Kind{Deadlock, Livelock} {
		for n, fine := range x.good {
			if stuck := x.first[n] == x.first[n+1]; !fine && (stuck || kind == Livelock) {
				way, end := x.trace(int32(n))
				x.result.Violation = &Violation{kind, "not every trip is settled, and there is no way to that", way, end.String()}
				return
			}
		}
	}
}

// trace walks again from the start to state n, telling each step.
func (x *walk) trace(n int32) ([]string, *world) {
	var way []int32
	for ; n >= 0; n = x.parent[n] {
		way = append(way, n)
	}
	now := world{start(x.sc), x.sc}
	var out []string
	for i := len(way) - 2; i >= 0; i-- {
		k := walker{from: now}
		done := false
		k.emit = func(to *world, s step) {
			if !done && x.number[maphash.Comparable(x.seed, to.State)] == way[i] {
				done, now = true, *to
				out = append(out, tell(to, s))
			}
		}
		k.steps()
	}
	return out, &now
}

func (r *Result) String() string {
	return fmt.Sprintf("%d states, %d steps, depth %d, %d settled, %.1f s", r.States, r.Steps, r.Depth, r.Settled, r.Took.Seconds())
}
