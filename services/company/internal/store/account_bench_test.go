package store_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// BenchmarkAccounts tells what counting costs: Redis's own time for a claim, a reserve, a
// confirm and a release of another company's trip, beside ten stops that its vehicle has.
func BenchmarkAccounts(b *testing.B) {
	if realURL == "" {
		b.Skip("needs redis-server")
	}
	for name, l := range map[string]charging.Limits{"off": {}, "on": charging.DefaultLimits(), "lifted": {TripClaims: 24, CompanyClaims: 400}} {
		b.Run(name, func(b *testing.B) {
			e := open(b, realURL, true)
			e.Store = e.again(b, store.Options{Limits: l})
			q := func(h *charging.Hold) { h.Quota = charging.Quota{Known: true, Share: 1e9} }
			for n := range 10 {
				e.reserved(b, e.hold(float64(n), q))
			}
			e.raw.ConfigResetStat(b.Context())
			for b.Loop() {
				h := e.hold(20, q)
				e.must(b, h)
				e.reserved(b, h)
				if _, err := e.Compensate(b.Context(), at(h)); err != nil {
					b.Fatal(err)
				}
			}
			for line := range strings.Lines(e.raw.Info(b.Context(), "commandstats").Val()) {
				if _, rest, ok := strings.Cut(line, "cmdstat_evalsha:calls="); ok {
					_, usec, _ := strings.Cut(rest, "usec=")
					usec, _, _ = strings.Cut(usec, ",")
					n, _ := strconv.ParseInt(usec, 10, 64)
					b.ReportMetric(float64(n)/float64(b.N), "redis-µs/op")
				}
			}
		})
	}
}
