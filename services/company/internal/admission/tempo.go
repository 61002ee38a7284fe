package admission

import (
	"math"
	"time"
)

const (
	// beat is over how long durations are gathered before they are judged, and
	// enough is how many they must be.
	beat   = 100 * time.Millisecond
	enough = 8
	// slack is how many times as long as at its best the work may take before
	// the limit shrinks.
	slack = 4.0
	// aging is how much the best grows a second, so that a world that has become
	// slower is accepted in the end: twice as slow in about ten minutes.
	aging = 1.0012
)

// tempo knows how long work takes now, and how long at its best.
type tempo struct {
	best, last time.Duration
	agedAt     time.Time

	since time.Time
	sum   time.Duration
	n     int
}

// note takes one duration; ok is true at the end of a beat, with the gradient:
// 1 while the work is at its best, down to one half.
func (t *tempo) note(now time.Time, took time.Duration) (gradient float64, ok bool) {
	if t.n == 0 {
		t.since = now
	}
	t.sum += took
	t.n++
	if t.n < enough || now.Sub(t.since) < beat {
		return 0, false
	}
	t.last = t.sum / time.Duration(t.n)
	t.sum, t.n = 0, 0
	t.age(now)
	if t.best == 0 || t.last < t.best {
		t.best = t.last
	}
	return min(max(slack*float64(t.best)/float64(t.last), 0.5), 1), true
}

func (t *tempo) age(now time.Time) {
	if passed := now.Sub(t.agedAt); !t.agedAt.IsZero() && t.best > 0 {
		t.best = time.Duration(float64(t.best) * math.Pow(aging, passed.Seconds()))
	}
	t.agedAt = now
}
