package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// interval is what a calendar's member says, in seconds.
type interval struct {
	start, end int64
	name       string
}

// disjoint reads a calendar and checks its invariant.
func disjoint(t testing.TB, raw redis.UniversalClient, key string) []interval {
	t.Helper()
	got, err := raw.ZRangeWithScores(context.Background(), key, 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	all := make([]interval, 0, len(got))
	for _, z := range got {
		name, _ := z.Member.(string)
		parts := strings.SplitN(name, "|", 3)
		end, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil || len(parts) != 3 {
			t.Fatalf("%s: member %q", key, name)
		}
		all = append(all, interval{int64(z.Score), end, name})
	}
	slices.SortFunc(all, func(a, b interval) int { return int(a.start - b.start) })
	for i := 1; i < len(all); i++ {
		if all[i].start < all[i-1].end {
			t.Errorf("%s: %s overlaps %s", key, all[i].name, all[i-1].name)
		}
	}
	return all
}

// book lets 64 clients book random windows on 20 EVSEs, with and without
// tickets, some confirming, some giving up, and reads the calendars afterwards.
// Nothing that was confirmed may be missing.
func book(t *testing.T, e *env, n int) {
	t.Helper()
	var next, confirmed atomic.Int64
	var mu sync.Mutex
	promised := map[charging.ReservationID]charging.Hold{}
	var wg sync.WaitGroup
	base := e.tomorrow()
	for w := range 64 {
		rnd := rand.New(rand.NewPCG(uint64(w), 7))
		wg.Go(func() {
			ctx := context.Background()
			for next.Add(1) <= int64(n) {
				h := e.hold(0, func(h *charging.Hold) {
					h.EVSEID = benchEVSE(rnd.IntN(20))
					h.Start = base.Add(time.Duration(rnd.IntN(7*24*12)) * 5 * time.Minute)
					h.End = h.Start.Add(time.Duration(5+rnd.IntN(120)) * time.Minute)
					if rnd.IntN(2) == 0 {
						h.GrantedAt = strconv.Itoa(1_000_000 + rnd.IntN(1_000_000))
					}
				})
				pending(&h)
				if _, err := e.Hold(ctx, h); err != nil {
					if c := charging.CodeOf(err); c != charging.CodeSlotTaken && c != charging.CodePriorityLost {
						t.Errorf("hold: %v", err)
					}
					continue
				}
				if rnd.IntN(4) == 0 {
					continue // gone: its hold stands until it lapses
				}
				if _, err := e.Confirm(ctx, at(h)); err != nil {
					if c := charging.CodeOf(err); c != charging.CodeHoldPreempted {
						t.Errorf("confirm: %v", err)
					}
					continue
				}
				if rnd.IntN(5) == 0 {
					if _, err := e.Compensate(ctx, at(h)); err != nil {
						t.Errorf("compensate: %v", err)
					}
					continue
				}
				confirmed.Add(1)
				mu.Lock()
				promised[h.ID] = h
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	kept := 0
	for i := range 20 {
		for _, m := range disjoint(t, e.raw, e.prefix+"cal:{"+string(site)+"}:"+string(benchEVSE(i))) {
			parts := strings.SplitN(m.name, "|", 3)
			if parts[0] != "R" {
				continue
			}
			kept++
			h, ok := promised[charging.ReservationID(parts[2])]
			if !ok || h.Start.Unix() != m.start || h.End.Unix() != m.end || h.EVSEID != benchEVSE(i) {
				t.Errorf("%s was not promised like that", m.name)
			}
		}
	}
	if kept != int(confirmed.Load()) || kept < n/20 {
		t.Errorf("%d RESERVED in the calendars, %d were confirmed", kept, confirmed.Load())
	}
}

func TestNoOverlapUnderLoad(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		n := 10_000
		if !e.real {
			n = 1_500 // a new Lua machine a call: a tenth of the speed
		}
		book(t, e, n)
	})
}

// Of many that want the same instant, with the same right, exactly one gets it.
func TestOneWinner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for round := range 20 {
			var won atomic.Int64
			var wg sync.WaitGroup
			for range 16 {
				h := e.hold(float64(round))
				wg.Go(func() {
					if _, err := e.Hold(context.Background(), h); err == nil {
						won.Add(1)
					} else if charging.CodeOf(err) != charging.CodePriorityLost {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d won", won.Load())
			}
		}
	})
}

// Fences of one EVSE increase strictly with every grant, whoever asks.
func TestFencesAreUnique(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		var mu sync.Mutex
		seen := map[int64]string{}
		var wg sync.WaitGroup
		for i := range 100 {
			h := e.hold(float64(i))
			wg.Go(func() {
				g, err := e.Hold(context.Background(), h)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || seen[g.Fence] != "" {
					t.Errorf("fence %d twice, %v", g.Fence, err)
				}
				seen[g.Fence] = fmt.Sprint(i)
			})
		}
		wg.Wait()
	})
}
