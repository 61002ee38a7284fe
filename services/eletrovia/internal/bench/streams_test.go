package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/flood"
)

// Each way in which a measurement may not keep its bounds is a failure that says why, and
// one that keeps them has none. It fails where a phase in which nobody could book, whose
// p99 is that of nothing, passes, or where what went wrong is not told.
func TestTheVerdictOnACrowd(t *testing.T) {
	w := crowd{streams: 10, rate: 2, duration: 10 * time.Second, mostCores: 1, mostSlower: 2}
	good := func() crowdReport {
		return crowdReport{
			Streams: 10, StreamsCores: 0.5, Heard: flood.Heard{Frames: 200, Overviews: 100},
			Without: flood.Phase{Booked: 100, P99: 20}, With: flood.Phase{Booked: 100, P99: 30},
		}
	}
	for what, c := range map[string]struct {
		spoil func(*crowdReport)
		said  string
	}{
		"kept":               {func(*crowdReport) {}, ""},
		"nobody with":        {func(r *crowdReport) { r.With = flood.Phase{} }, "nobody could book in 10s with streams"},
		"nobody without":     {func(r *crowdReport) { r.Without = flood.Phase{} }, "nobody could book in 10s without streams"},
		"one was refused":    {func(r *crowdReport) { r.With.Failed, r.With.Why = 1, "SER does not answer" }, "1 bookings of 101 were not confirmed with streams, the first: SER does not answer"},
		"slower":             {func(r *crowdReport) { r.With.P99 = 41 }, "p99 is 41.0 ms"},
		"too much CPU":       {func(r *crowdReport) { r.StreamsCores = 1.1 }, "1.10 cores"},
		"a stream has ended": {func(r *crowdReport) { r.Heard.Ended = 1 }, "1 streams have ended"},
		"too few frames":     {func(r *crowdReport) { r.Heard.Frames = 70 }, "0.70 frames"},
	} {
		r := good()
		c.spoil(&r)
		r.judge(w)
		if all := strings.Join(r.Failures, "; "); (all == "") != (c.said == "") || !strings.Contains(all, c.said) {
			t.Errorf("%s: %q, want %q", what, all, c.said)
		}
	}
}
