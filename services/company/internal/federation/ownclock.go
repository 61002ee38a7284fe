package federation

import (
	"slices"
	"time"
)

// Comparison is how far another clock is ahead of ours, Give or take.
type Comparison struct{ Ahead, Give time.Duration }

// OwnClock judges whether it is our clock that is off, and by how much it is ahead,
// from the comparisons with the clocks of others that could be made: at least two,
// each of them surely off by more than limit, and all by the same, within limit.
func OwnClock(others []Comparison, limit time.Duration) (ahead time.Duration, off bool) {
	if len(others) < 2 {
		return 0, false
	}
	low, high, give := others[0].Ahead, others[0].Ahead, time.Duration(0)
	for _, c := range others {
		if c.Ahead.Abs()-c.Give <= limit {
			return 0, false
		}
		low, high, give = min(low, c.Ahead), max(high, c.Ahead), max(give, c.Give)
	}
	if high-low > limit+2*give {
		return 0, false
	}
	slices.SortFunc(others, func(a, b Comparison) int { return int(a.Give - b.Give) })
	return -others[0].Ahead, true // the comparison that is surest
}

// OwnClock judges whether it is this company's clock that is off, not those of its
// peers, and by how much it is ahead of theirs: most peers must have been compared.
func (f *Federation) OwnClock() (ahead time.Duration, off bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Comparison
	for _, p := range f.order {
		if h := &p.health; len(h.clocks) > 0 && h.state() == Online {
			c := h.best()
			all = append(all, Comparison{Ahead: c.skew, Give: c.trip / 2})
		}
	}
	if 2*len(all) <= len(f.order) {
		return 0, false
	}
	return OwnClock(all, f.o.MaxSkew)
}
