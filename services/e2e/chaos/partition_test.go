package chaos

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// TestPartition cuts one company off: for 8 s here, for 60 s with
// ELETROVIA_LONG=1. The bound on the latency is generous: other tests run beside
// it. go tool task chaos -- --scenario partition --duration 60s is strict.
func TestPartition(t *testing.T) {
	t.Parallel()
	o := Options{Seed: 1, Duration: 8 * time.Second, Binary: built(t), Dir: short(t), Out: t.Output(), Around: answers(t)}
	if program.Long() {
		o.Duration = time.Minute
	}
	rep, err := Partition(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rep.Last())
	for _, v := range rep.Verdict.Violations {
		t.Error(v)
	}
	if rep.Longest > HoldTTL+HoldSlack {
		t.Errorf("a stop was held for %s", rep.Longest)
	}
	if rep.During.Confirmed == 0 || rep.Before.Confirmed == 0 || rep.Across.Trips == 0 {
		t.Errorf("before %+v, during %+v, across %+v: that proves nothing", rep.Before, rep.During, rep.Across)
	}
	if lost := rep.During.Trips - rep.During.Confirmed; lost > 0 {
		t.Errorf("%d trips that do not need the company were not CONFIRMED", lost)
	}
	if rep.During.P99 > 2*rep.Before.P99+2*time.Second {
		t.Errorf("p99 of trips that do not need it: %s during, %s before", rep.During.P99, rep.Before.P99)
	}
}
