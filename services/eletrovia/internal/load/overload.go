package load

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"sync"
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
	// WarmUp is how long Callers book before anything is counted: until what
	// the servers do in the background for trips that are booked (settling sets in
	// after 15 to 20 s) takes its part, for a peak without it does not last.
	WarmUp time.Duration
	// Duration of each phase, and how many Rounds of peak and overload there
	// are; at least one.
	Duration time.Duration
	Rounds   int
	// Watch tells of each phase that begins; may be nil.
	Watch func(phase string)

	mu   sync.Mutex
	next int
	free []order // trips that were refused: their windows are as new
}

// order is a trip's number, and its request as it is sent.
type order struct {
	n       int
	request []byte
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

// Round is the peak, the overload after it, and what came then.
type Round struct {
	Peak Phase `json:"peak"`
	Over Phase `json:"overload"`
	// Kept is the goodput under overload as a part of the peaks' before and
	// after it, in the mean. Both count, for each trip makes the stores larger
	// and the next one a little slower, overload or not.
	Kept float64 `json:"goodput_kept"`
	// Recovered is how long after the overload half the peak's load is met
	// again without one refusal; -1 when it is not within the phase.
	Recovered float64 `json:"recovered_seconds"`
}

// Verdict of a course.
type Verdict struct {
	Rounds []Round `json:"rounds"`
	// After is the peak after the last round.
	After Phase `json:"after"`
	// Kept is the rounds' in the mean, Recovered the longest, or -1.
	Kept      float64 `json:"goodput_kept"`
	Recovered float64 `json:"recovered_seconds"`
}

// Run makes the whole course: peak and overload in turn, and the peak once more.
func (o *Overload) Run(ctx context.Context) Verdict {
	o.say("warm-up")
	o.closed(ctx, o.WarmUp)
	var v Verdict
	for n := range max(o.Rounds, 1) {
		name := " " + strconv.Itoa(n+1)
		o.say("peak" + name)
		r := Round{Peak: o.closed(ctx, o.Duration)}
		o.say("overload" + name)
		r.Over = o.open(ctx, o.Times*r.Peak.Goodput, o.Duration, nil)
		o.say("recovery" + name)
		r.Recovered = o.recovery(ctx, r.Peak.Goodput/2)
		v.Rounds = append(v.Rounds, r)
	}
	o.say("peak again")
	v.After = o.closed(ctx, o.Duration)
	v.judge()
	return v
}

// judge works out what was kept, and the longest recovery.
func (v *Verdict) judge() {
	for n := range v.Rounds {
		r, after := &v.Rounds[n], v.After
		if n+1 < len(v.Rounds) {
			after = v.Rounds[n+1].Peak
		}
		if peaks := r.Peak.Goodput + after.Goodput; peaks > 0 {
			r.Kept = r.Over.Goodput / (peaks / 2)
		}
		v.Kept += r.Kept / float64(len(v.Rounds))
		if r.Recovered < 0 || v.Recovered < 0 {
			v.Recovered = -1
		} else {
			v.Recovered = max(v.Recovered, r.Recovered)
		}
	}
}

func (o *Overload) say(phase string) {
	if o.Watch != nil {
		o.Watch(phase)
	}
}

// take gives a trip that nobody else has; back returns one that was refused.
func (o *Overload) take() order {
	o.mu.Lock()
	if n := len(o.free); n > 0 {
		t := o.free[n-1]
		o.free = o.free[:n-1]
		o.mu.Unlock()
		return t
	}
	n := o.next
	o.next++
	o.mu.Unlock()
	return order{n, request(o.Cars[n%len(o.Cars)], o.Windows.Stops(n), tripWait)}
}

func (o *Overload) back(t order) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.free = append(o.free, t)
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
	t := o.take()
	got, err := l.book(t.request, tripWait)
	again := s.count(got, err)
	if again {
		o.back(t)
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
