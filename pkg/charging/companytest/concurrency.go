package companytest

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const crowd = 24

// all runs f(0) … f(n-1) at once.
func all(n int, f func(i int)) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	wg.Wait()
}

var concurrencyTests = []test{
	{"the same window: exactly one", func(b *bench) {
		errs := make([]error, crowd)
		requests := make([]charging.HoldRequest, crowd)
		for i := range requests {
			requests[i] = b.hold(0, 60)
		}
		all(crowd, func(i int) { _, errs[i] = b.Company.Reserve(b.ctx, requests[i]) })
		won := 0
		for i, err := range errs {
			switch charging.CodeOf(err) {
			case charging.CodePriorityLost:
			case "":
				if err != nil {
					b.Fatalf("reserve %d: %v", i, err)
				}
				won++
			default:
				b.Errorf("reserve %d: %v", i, err)
			}
		}
		if won != 1 {
			b.Errorf("%d of %d hold the window", won, crowd)
		}
	}},
	{"the same id: granted once", func(b *bench) {
		h := b.hold(0, 60)
		h.Leg = 1
		answers := make([]charging.Reservation, crowd)
		errs := make([]error, crowd)
		all(crowd, func(i int) { answers[i], errs[i] = b.Company.Reserve(b.ctx, h) })
		first := 0
		for i, res := range answers {
			b.granted("reserve", h, res, errs[i], charging.Pending)
			if !res.Replay {
				first++
			}
			if res.Fence != answers[0].Fence || res.Ticket != answers[0].Ticket {
				b.Errorf("answer %d differs: %+v, %+v", i, res, answers[0])
			}
		}
		if first != 1 {
			b.Errorf("%d of %d answers are no repeats", first, crowd)
		}
	}},
	{"tickets at once: the oldest is left", func(b *bench) {
		requests := make([]charging.HoldRequest, crowd)
		for i := range requests {
			requests[i] = b.aged(time.Duration(i+1)*time.Second, 0, 60) // the last is the oldest
		}
		all(crowd, func(i int) { _, _ = b.Company.Claim(b.ctx, requests[i]) })
		for i, h := range requests {
			_, err := b.Company.Renew(b.ctx, h.Ref, ttl)
			if i == crowd-1 && err != nil {
				b.Errorf("the oldest lost its claim: %v", err)
			}
			if i < crowd-1 && err == nil {
				b.Errorf("claim %d is in force beside the oldest", i)
			}
		}
	}},
	{"reserve and compensate race: nothing stays held", func(b *bench) {
		for range 10 {
			h := b.hold(0, 60)
			all(4, func(i int) {
				if i == 0 {
					_, _ = b.Company.Compensate(b.ctx, h.Ref)
				} else {
					_, _ = b.Company.Reserve(b.ctx, h)
				}
			})
			b.state(h, charging.Canceled)
		}
		b.reserve(b.hold(0, 60))
	}},
	{"random windows: no two overlap", func(b *bench) {
		var mu sync.Mutex
		var held []charging.Window
		all(crowd, func(i int) {
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			for range 12 {
				from := rng.IntN(600)
				h := b.hold(from, from+5+rng.IntN(60))
				if _, err := b.Company.Reserve(b.ctx, h); err != nil {
					continue
				}
				if _, err := b.Company.Confirm(b.ctx, h.Ref); err != nil {
					continue
				}
				mu.Lock()
				held = append(held, h.Window())
				mu.Unlock()
			}
		})
		for i, w := range held {
			for _, o := range held[:i] {
				if w.Overlaps(o) {
					b.Errorf("%s and %s are both RESERVED", w, o)
				}
			}
		}
		if len(held) < 5 {
			b.Errorf("only %d of %d windows were granted", len(held), crowd*12)
		}
	}},
}
