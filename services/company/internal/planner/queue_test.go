package planner

import (
	"math/rand/v2"
	"testing"
)

func TestQueueGivesTheLowestBoundFirst(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var q queue
	pushed := 0
	for range 50 {
		for range 1 + rng.IntN(40) {
			q.push(entry{int32(pushed), float64(rng.IntN(30))})
			pushed++
		}
		last := entry{-1, -1}
		for range rng.IntN(len(q) + 1) {
			e := q.pop()
			pushed--
			if e.before(last) {
				t.Fatalf("%v after %v", e, last)
			}
			last = e
		}
		if len(q) != pushed {
			t.Fatalf("%d entries, want %d", len(q), pushed)
		}
	}
}
