package httpapi

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxPayers is how many callers one generation of a limiter remembers.
const maxPayers = 8192

// limiter gives each caller (an address, or a name) a bucket of one second's
// requests. Its memory is bounded by two generations: who has not come for a whole
// generation is forgotten, and has a full bucket when he comes again.
type limiter[K comparable] struct {
	rate  rate.Limit
	burst int

	mu         sync.Mutex
	young, old map[K]*rate.Limiter
}

// newLimiter allows perSecond requests a second and caller; nil, which limits
// nobody, for less than 0.
func newLimiter[K comparable](perSecond float64) *limiter[K] {
	return newBurst[K](perSecond, max(1, int(math.Ceil(perSecond))))
}

// newBurst is newLimiter with another bucket than one second's.
func newBurst[K comparable](perSecond float64, burst int) *limiter[K] {
	if perSecond < 0 {
		return nil
	}
	return &limiter[K]{rate: rate.Limit(perSecond), burst: burst, young: map[K]*rate.Limiter{}}
}

// wait takes a request of a caller: zero, or how long until one would be taken.
func (l *limiter[K]) wait(from K, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(from)
	if b.AllowN(now, 1) {
		return 0
	}
	return time.Duration((1 - b.TokensAt(now)) / float64(l.rate) * float64(time.Second))
}

func (l *limiter[K]) bucket(a K) *rate.Limiter {
	b := l.young[a]
	if b != nil {
		return b
	}
	if b = l.old[a]; b == nil {
		b = rate.NewLimiter(l.rate, l.burst)
	}
	if len(l.young) >= maxPayers {
		l.old, l.young = l.young, map[K]*rate.Limiter{}
	}
	l.young[a] = b
	return b
}
