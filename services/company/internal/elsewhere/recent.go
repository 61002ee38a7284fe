package elsewhere

import (
	"sync"
	"time"
)

// recent remembers values for a while. Two generations bound it: strangers' keys push
// out the oldest, and what was pushed out is found out again.
type recent[K comparable, V any] struct {
	most int

	mu       sync.Mutex
	new, old map[K]kept[V]
}

type kept[V any] struct {
	value V
	until time.Time
}

func (r *recent[K, V]) get(k K, now time.Time) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.new[k]
	if !ok {
		v, ok = r.old[k]
	}
	if !ok || !now.Before(v.until) {
		var none V
		return none, false
	}
	return v.value, true
}

func (r *recent[K, V]) put(k K, v V, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(k, kept[V]{v, until})
}

// update changes a value, the zero one where there is none, and keeps it until then.
func (r *recent[K, V]) update(k K, until time.Time, change func(*V)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.new[k]
	if !ok {
		v = r.old[k]
	}
	change(&v.value)
	v.until = until
	r.set(k, v)
}

// set needs r.mu.
func (r *recent[K, V]) set(k K, v kept[V]) {
	if r.new == nil || len(r.new) >= r.most {
		r.old, r.new = r.new, map[K]kept[V]{}
	}
	r.new[k] = v
}

func (r *recent[K, V]) drop(k K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.new, k)
	delete(r.old, k)
}
