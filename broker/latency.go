package broker

import (
	"sync/atomic"
	"time"
)

// latencyBounds are the upper bounds of the histogram's buckets.
var latencyBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// latency counts durations in buckets.
type latency struct {
	counts [len(latencyBounds) + 1]atomic.Uint64
	sum    atomic.Int64
}

func (l *latency) observe(d time.Duration) {
	i := 0
	for i < len(latencyBounds) && d > latencyBounds[i] {
		i++
	}
	l.counts[i].Add(1)
	l.sum.Add(int64(d))
}

// Histogram is how long something took, counted.
type Histogram struct {
	Count uint64
	Sum   time.Duration
	// Buckets are how many took at most that many seconds.
	Buckets map[float64]uint64
}

func (l *latency) histogram() Histogram {
	h := Histogram{Sum: time.Duration(l.sum.Load()), Buckets: map[float64]uint64{}}
	for i := range l.counts {
		h.Count += l.counts[i].Load()
		if i < len(latencyBounds) {
			h.Buckets[latencyBounds[i].Seconds()] = h.Count
		}
	}
	return h
}
