package load

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Overload is a course that asks servers for many times what they can do.
type Overload struct {
	Servers []Server
	Cars    []Car
	Windows *Windows
	// Callers of the closed loop that finds the peak, Lines of the open loop:
	// how many connections it may have.
	Callers, Lines int
	// Times the peak is what the open loop offers.
	Times float64
	// Duration of each phase.
	Duration time.Duration
	// Watch tells of each phase that begins; may be nil.
	Watch func(phase string)

	next atomic.Int64
	mu   sync.Mutex
	free []int // trips that were refused: their windows are as new
}

// Phase is what one phase did.
type Phase struct {
	// Offered are requests that were due, Unsent those of them for which the
	// generator had no connection.
	Offered int `json:"offered"`
	Unsent  int `json:"unsent,omitempty"`
	// Confirmed trips; Shed: 429 or 503 with Retry-After; Failed: all else.
	Confirmed int `json:"confirmed"`
	Shed      int `json:"shed"`
	Failed    int `json:"failed"`
	// Why counts the failed ones by what was answered.
	Why map[string]int `json:"why,omitempty"`
	// Goodput is CONFIRMED trips a second.
	Goodput float64 `json:"goodput"`
	// P50 and P99 of a confirmed trip, ShedP99 of a refusal, in milliseconds.
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	ShedP99 float64 `json:"shed_p99_ms,omitempty"`
}

// Verdict of a course.
type Verdict struct {
	// Peak before the overload, Over while it lasts, After once it is over.
	Peak  Phase `json:"peak"`
	Over  Phase `json:"overload"`
	After Phase `json:"after"`
	// Kept is the goodput under overload as a part of the peak's.
	Kept float64 `json:"goodput_kept"`
	// Recovered is how long after the overload half the peak's load is met
	// again without one refusal; -1 when it is not within the phase.
	Recovered float64 `json:"recovered_seconds"`
}

// Run makes the whole course.
func (o *Overload) Run(ctx context.Context) Verdict {
	o.say("warm-up")
	o.closed(ctx, o.Duration/2)
	o.say("peak")
	v := Verdict{Peak: o.closed(ctx, o.Duration)}
	o.say("overload")
	v.Over = o.open(ctx, o.Times*v.Peak.Goodput, o.Duration, nil)
	if v.Peak.Goodput > 0 {
		v.Kept = v.Over.Goodput / v.Peak.Goodput
	}
	o.say("recovery")
	v.Recovered = o.recovery(ctx, v.Peak.Goodput/2)
	o.say("peak again")
	v.After = o.closed(ctx, o.Duration)
	return v
}

func (o *Overload) say(phase string) {
	if o.Watch != nil {
		o.Watch(phase)
	}
}

// take gives a trip's number that nobody else has; back returns one that was
// refused.
func (o *Overload) take() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.free); n > 0 {
		t := o.free[n-1]
		o.free = o.free[:n-1]
		return t
	}
	return int(o.next.Add(1) - 1)
}

func (o *Overload) back(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.free = append(o.free, n)
}

// score is one connection's part of a phase.
type score struct {
	took, refused []time.Duration
	failed        map[string]int
}

func (s *score) count(got shot, err error) (again bool) {
	switch {
	case err == nil && got.status == 201 && got.confirmed:
		s.took = append(s.took, got.took)
	case err == nil && (got.status == 429 || got.status == 503) && got.retryAfter:
		s.refused = append(s.refused, got.took)
		return true
	default:
		if s.failed == nil {
			s.failed = map[string]int{}
		}
		s.failed[why(got, err)]++
	}
	return false
}

func why(got shot, err error) string {
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return "no answer in time"
	case err != nil:
		return "connection lost"
	case got.status == 201:
		return got.state
	}
	return strconv.Itoa(got.status)
}

const tripWait = 20 * time.Second

func (o *Overload) shoot(l *line, s *score) bool {
	n := o.take()
	got, err := l.book(o.Cars[n%len(o.Cars)], o.Windows.Stops(n), tripWait)
	again := s.count(got, err)
	if again {
		o.back(n)
	}
	return !again
}

// closed keeps Callers busy: each asks again once it is answered.
func (o *Overload) closed(ctx context.Context, d time.Duration) Phase {
	ends := time.Now().Add(d)
	scores := make([]score, o.Callers)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range scores {
		wg.Go(func() {
			l := &line{at: o.Servers[i%len(o.Servers)]}
			defer l.close()
			for ctx.Err() == nil && time.Now().Before(ends) {
				if !o.shoot(l, &scores[i]) {
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	p := total(scores, time.Since(began))
	p.Offered = p.Confirmed + p.Shed + p.Failed
	return p
}

// open asks so often a second, whatever is answered. done, when given, ends it
// early.
func (o *Overload) open(ctx context.Context, rate float64, d time.Duration, done <-chan struct{}, told ...chan<- bool) Phase {
	due := make(chan struct{}, o.Lines)
	scores := make([]score, o.Lines)
	var wg sync.WaitGroup
	for i := range scores {
		wg.Go(func() {
			l := &line{at: o.Servers[i%len(o.Servers)]}
			defer l.close()
			for range due {
				good := o.shoot(l, &scores[i])
				for _, t := range told {
					t <- good
				}
			}
		})
	}
	began := time.Now()
	offered, unsent := pace(ctx, rate, d, done, due)
	close(due)
	wg.Wait()
	p := total(scores, time.Since(began)) // with its tail: nothing is counted twice
	p.Offered, p.Unsent = offered, unsent
	return p
}

// pace puts what is due into the channel, on time; what finds no room there is
// not sent.
func pace(ctx context.Context, rate float64, d time.Duration, done <-chan struct{}, due chan<- struct{}) (offered, unsent int) {
	began := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return offered, unsent
		case <-done:
			return offered, unsent
		case <-tick.C:
		}
		passed := time.Since(began)
		for want := int(rate * min(passed, d).Seconds()); offered < want; offered++ {
			select {
			case due <- struct{}{}:
			default:
				unsent++
			}
		}
		if passed >= d {
			return offered, unsent
		}
	}
}

// recovery offers a load that the servers can bear, and tells after how long
// half a second of it passes without a refusal; -1 if never.
func (o *Overload) recovery(ctx context.Context, rate float64) float64 {
	const calm = 500 * time.Millisecond
	told, done := make(chan bool, 4096), make(chan struct{})
	began := time.Now()
	since := make(chan float64, 1)
	go func() {
		from, out := time.Duration(0), -1.0
		for good := range told {
			switch now := time.Since(began); {
			case out >= 0:
			case !good:
				from = now
			case now-from >= calm:
				out = from.Seconds()
				close(done)
			}
		}
		since <- out
	}()
	o.open(ctx, rate, max(o.Duration, 10*time.Second), done, told)
	close(told)
	return <-since
}

func total(scores []score, lasted time.Duration) (p Phase) {
	var took, refused []time.Duration
	for _, s := range scores {
		took, refused = append(took, s.took...), append(refused, s.refused...)
		for w, n := range s.failed {
			if p.Why == nil {
				p.Why = map[string]int{}
			}
			p.Why[w] += n
			p.Failed += n
		}
	}
	slices.Sort(took)
	slices.Sort(refused)
	p.Confirmed, p.Shed = len(took), len(refused)
	p.Goodput = float64(p.Confirmed) / lasted.Seconds()
	p.P50, p.P99, p.ShedP99 = percentile(took, 0.50), percentile(took, 0.99), percentile(refused, 0.99)
	return p
}
