package road

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestFrontierGivesTheNearestFirst(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var f frontier
	var want []float32
	for i := range 500 {
		v := visit{int32(i), float32(rng.IntN(50))}
		f.push(v)
		want = append(want, v.hours)
	}
	slices.Sort(want)
	for i, w := range want {
		if got := f.pop(); got.hours != w {
			t.Fatalf("pop %d: %v, want %v", i, got.hours, w)
		}
	}
}

func BenchmarkTree(b *testing.B) {
	n := Default()
	s, err := n.Locate(n.places[7].Point)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n.grow(s)
	}
}
