package replicas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// Ten times the load that three servers can bear: what is too much is turned
// away with 429 or 503 and Retry-After, what is let in is booked, the memory is
// bounded, and afterwards everything is as before. How much goodput
// is kept is asserted in the long form only: with the race detector on a noisy
// machine it says little.
func TestTenTimesTheLoad(t *testing.T) {
	args := []string{"bench", "--json", "--overload", "10", "--concurrency", "16", "--duration", "3s", "--rounds", "1", "--lines", "768", "--store", "redis-server"}
	if program.Long() {
		args = []string{"bench", "--json", "--overload", "10", "--duration", "10s", "--store", "redis-server"}
	}
	cmd := exec.CommandContext(t.Context(), program.Racing(t), args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1") // what is let in goes by the CPUs, what is asked for by the connections
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	type phase struct {
		Offered, Confirmed, Shed, Failed int
		Goodput                          float64
		Why                              map[string]int
	}
	type round struct {
		Peak phase
		Over phase   `json:"overload"`
		Kept float64 `json:"goodput_kept"`
	}
	var r struct {
		Rounds    []round
		After     phase
		Kept      float64 `json:"goodput_kept"`
		Recovered float64 `json:"recovered_seconds"`
		Before    float64 `json:"memory_before_mb"`
		Most      float64 `json:"memory_most_mb"`
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	for _, x := range r.Rounds {
		t.Logf("peak %.0f/s, at 10 times %.0f/s of %d offered (%.0f%% kept), %d shed, %v",
			x.Peak.Goodput, x.Over.Goodput, x.Over.Offered, 100*x.Kept, x.Over.Shed, x.Over.Why)
		if x.Over.Shed == 0 || x.Over.Why["429"]+x.Over.Why["503"]+x.Over.Why["500"] > 0 {
			t.Errorf("shed %d; without Retry-After, or failed inside: %v", x.Over.Shed, x.Over.Why)
		}
		if x.Over.Confirmed == 0 {
			t.Error("nothing is booked under overload")
		}
		if program.Long() && x.Over.Failed > x.Over.Confirmed/20 {
			t.Errorf("%d trips that were let in failed, %d were booked: %v", x.Over.Failed, x.Over.Confirmed, x.Over.Why)
		}
	}
	t.Logf("after %.0f/s; %.0f%% kept; recovered in %.1f s; %.0f to %.0f MB", r.After.Goodput, 100*r.Kept, r.Recovered, r.Before, r.Most)
	if program.Long() && r.Kept < 0.6 {
		t.Errorf("%.0f%% of the goodput are kept", 100*r.Kept)
	}
	if r.Recovered < 0 {
		t.Errorf("recovered after %.1f s", r.Recovered)
	}
	if r.Most > r.Before+1024 {
		t.Errorf("the memory went from %.0f to %.0f MB", r.Before, r.Most)
	}
}

// One company hangs: trips that need it do not slow those that do not.
func TestAHangingCompanySlowsNobodyElse(t *testing.T) {
	w := newWorld(t, nil)
	mar := w.companies["MAR"].servers[0]
	const callers = 3
	d := 2 * time.Second
	if program.Long() {
		d = 20 * time.Second
	}
	var pass []string
	for c := range 2 * callers {
		pass = append(pass, w.register(mar, fmt.Sprint("BR-MAR-EV-", c)))
	}
	next := make([]int, 2*callers)
	measure := func(withCAJ bool) []time.Duration {
		ends := time.Now().Add(d)
		var mu sync.Mutex
		var took []time.Duration
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				me := w.client(mar, fmt.Sprint("BR-MAR-EV-", c), pass[c])
				for ; time.Now().Before(ends); next[c]++ {
					began := time.Now()
					got := me.book(trip.Abort, 30, w.stop(evse("MAR", 1+c), 2*next[c]), w.stop(evse("SER", 1+c), 2*next[c]+1))
					mu.Lock()
					took = append(took, time.Since(began))
					mu.Unlock()
					if got.State != trip.Confirmed {
						t.Errorf("%s %+v", got.State, got.Problem)
					}
				}
			})
			if !withCAJ {
				continue
			}
			wg.Go(func() {
				c := callers + c
				me := w.client(mar, fmt.Sprint("BR-MAR-EV-", c), pass[c])
				for ; time.Now().Before(ends); next[c]++ {
					me.book(trip.Abort, 1, w.stop(evse("MAR", 1+c), 2*next[c]), w.stop(evse("CAJ", 1), 2*next[c]+1))
				}
			})
		}
		wg.Wait()
		slices.Sort(took)
		return took
	}
	before := measure(false)
	w.companies["CAJ"].stall()
	during := measure(true)
	w.companies["CAJ"].resume()
	at := func(all []time.Duration, part float64) time.Duration { return all[int(part*float64(len(all)-1))] }
	t.Logf("p50 %s, p99 %s before; p50 %s, p99 %s while CAJ hangs (%d and %d trips)",
		at(before, .5), at(before, .99), at(during, .5), at(during, .99), len(before), len(during))
	if limit := 2*at(before, .5) + time.Second; at(during, .5) > limit {
		t.Errorf("p50 went from %s to %s", at(before, .5), at(during, .5))
	}
	if during[len(during)-1] > 2*before[len(before)-1]+5*time.Second {
		t.Errorf("the slowest went from %s to %s", before[len(before)-1], during[len(during)-1])
	}
}
