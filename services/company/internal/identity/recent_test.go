package identity

import (
	"strconv"
	"testing"
)

// Strangers choose what is shown, so what is remembered of it is bounded; and what was
// shown last is remembered.
func TestRecentIsBounded(t *testing.T) {
	r := recent[int]{generation: 100}
	for i := range 1000 {
		r.put(digestOf(strconv.Itoa(i)), i)
		for back := range min(i+1, 100) {
			if v, ok := r.get(digestOf(strconv.Itoa(i - back))); !ok || v != i-back {
				t.Fatalf("after %d, %d is %d %v", i, i-back, v, ok)
			}
		}
	}
	if n := len(r.new) + len(r.old); n > 200 {
		t.Errorf("remembers %d", n)
	}
}

func TestDigestsDiffer(t *testing.T) {
	if digestOf("a", "bc") == digestOf("ab", "c") || digestOf("a", "") == digestOf("a") {
		t.Error("two that differ have one digest")
	}
}
