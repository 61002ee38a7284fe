package httpapi

import (
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses is how many addresses one generation of a limiter remembers.
const maxAddresses = 8192

// limiter gives each address a bucket of one second's requests. Its memory is
// bounded by two generations: an address that has not come for a whole
// generation is forgotten, and has a full bucket when it comes again.
type limiter struct {
	rate  rate.Limit
	burst int

	mu         sync.Mutex
	young, old map[netip.Addr]*rate.Limiter
}

// newLimiter allows perSecond requests a second and address; nil, which limits
// nobody, for less than 0.
func newLimiter(perSecond float64) *limiter {
	if perSecond < 0 {
		return nil
	}
	return &limiter{
		rate: rate.Limit(perSecond), burst: max(1, int(math.Ceil(perSecond))),
		young: map[netip.Addr]*rate.Limiter{},
	}
}

// wait takes a request from an address ("ip:port"): zero, or how long until one
// would be taken.
func (l *limiter) wait(from string, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(address(from))
	if b.AllowN(now, 1) {
		return 0
	}
	return time.Duration((1 - b.TokensAt(now)) / float64(l.rate) * float64(time.Second))
}

func (l *limiter) bucket(a netip.Addr) *rate.Limiter {
	b := l.young[a]
	if b != nil {
		return b
	}
	if b = l.old[a]; b == nil {
		b = rate.NewLimiter(l.rate, l.burst)
	}
	if len(l.young) >= maxAddresses {
		l.old, l.young = l.young, map[netip.Addr]*rate.Limiter{}
	}
	l.young[a] = b
	return b
}

// address is what a caller cannot change at will: an IPv4 address, or the /64
// of an IPv6 one.
func address(from string) netip.Addr {
	ap, err := netip.ParseAddrPort(from)
	if err != nil {
		return netip.Addr{}
	}
	a := ap.Addr().Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	net, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return net.Addr()
}
