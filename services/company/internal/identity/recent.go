package identity

import (
	"crypto/sha256"
	"sync"
)

// digest names what is remembered without keeping it: secrets and tokens lie in no map.
type digest = [sha256.Size]byte

// digestOf is of several texts; only the last may contain a zero byte.
func digestOf(texts ...string) digest {
	h := sha256.New()
	for i, t := range texts {
		if i > 0 {
			h.Write([]byte{0})
		}
		h.Write([]byte(t))
	}
	return digest(h.Sum(nil))
}

// recent remembers what has been found out, because each call shows the same again and
// finding out costs 60 µs, a round trip to the store or a question to another company. Two
// generations of so many bound it. Its zero value with a generation is ready.
type recent[V any] struct {
	generation int

	mu       sync.Mutex
	new, old map[digest]V
}

func (r *recent[V]) get(k digest) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.new[k]
	if !ok {
		v, ok = r.old[k]
	}
	return v, ok
}

func (r *recent[V]) put(k digest, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.new == nil || len(r.new) >= r.generation {
		r.old, r.new = r.new, make(map[digest]V)
	}
	r.new[k] = v
}
