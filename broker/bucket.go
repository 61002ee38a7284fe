package broker

import (
	"sync"
	"time"
)

// bucket bounds a rate: it holds up to burst tokens and gets rate new ones a
// second. A rate that is not positive bounds nothing.
type bucket struct {
	rate, burst float64

	mu     sync.Mutex
	tokens float64
	filled time.Time // when tokens was right; zero for a full bucket
}

// take takes a token if there is one.
func (b *bucket) take(now time.Time) bool {
	if b.rate <= 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(now)
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// book takes a token in any case, and tells how long its taker has to wait to
// keep to the rate: at most most.
func (b *bucket) book(now time.Time, most time.Duration) time.Duration {
	if b.rate <= 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(now)
	b.tokens = max(b.tokens-1, -b.rate*most.Seconds())
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(-b.tokens / b.rate * float64(time.Second))
}

func (b *bucket) fill(now time.Time) {
	if b.filled.IsZero() {
		b.tokens = b.burst
	} else if since := now.Sub(b.filled); since > 0 {
		b.tokens = min(b.tokens+since.Seconds()*b.rate, b.burst)
	} else {
		return
	}
	b.filled = now
}

// full reports whether a bucket is as good as new.
func (b *bucket) full(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(now)
	return b.tokens >= b.burst
}
