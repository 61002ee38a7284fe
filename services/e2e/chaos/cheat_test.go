package chaos

import (
	"testing"
	"time"
)

// TestCheat is the short form of go tool task chaos -- --cheat: a company that tries what
// it can, and nobody else's trip is lost to it. It shows whether a false stamp is believed
// anywhere, more than its share is given away, another's stop can be touched, or a trip
// through the cheat is left without an end.
func TestCheat(t *testing.T) {
	t.Parallel()
	o := Options{
		Seed: 20261129, Duration: 12 * time.Second, Drivers: 16, Nemeses: -1, Cheat: true,
		Binary: built(t), Dir: short(t), Skew: true, Out: t.Output(), Around: answers(t),
	}
	rep, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rep.Last())
	for _, v := range rep.Verdict.Violations {
		t.Error(v)
	}
	if t.Failed() {
		t.Logf("the history: %s, drawings: %v", rep.History, rep.Verdict.Drawings)
	}
	c := rep.Cheated
	if c.FalseStamps == 0 || c.Granted == 0 || c.Meddled == 0 || c.Through == 0 || rep.Settled() < int(o.Duration/time.Second) {
		t.Errorf("%d false stamps, %d claims granted, %d calls about others' stops, %d trips through it, %d settled: that proves nothing",
			c.FalseStamps, c.Granted, c.Meddled, c.Through, rep.Settled())
	}
}
