package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// edits are what is asked of a plan with n stops: what can hold, or what cannot.
func edits(base trip.Plan, can bool) []string {
	last := len(base.Stops)
	if can {
		return []string{
			`"changes":[{"leg":1,"fix":true}]`,
			fmt.Sprintf(`"changes":[{"leg":1,"fix":true},{"leg":%d,"fix":true}]`, last),
			`"changes":[{"leg":1,"depart_soc":0.95}]`,
			fmt.Sprintf(`"changes":[{"leg":%d,"stay_minutes":75}]`, last),
			fmt.Sprintf(`"changes":[{"leg":1,"replace":{"location_id":%q}}]`, base.Stops[0].LocationID),
			`"via":[{"city":"Recife, PE","stay_minutes":20}]`,
			`"via":[{"city":"Maceió, AL"},{"city":"Aracaju, SE","stay_minutes":30}]`,
			fmt.Sprintf(`"changes":[{"avoid":{"locations":[%q]}}]`, base.Stops[0].LocationID),
		}
	}
	return []string{
		`"changes":[{"leg":1,"depart_soc":0.06}]`,
		fmt.Sprintf(`"changes":[{"leg":1,"fix":true},{"leg":%d,"depart_soc":0.07}]`, last),
		`"changes":[{"avoid":{"companies":["MAR","SER","CAJ"]}}]`,
		fmt.Sprintf(`"changes":[{"leg":1,"fix":true},{"avoid":{"evses":[%q]}}]`, base.Stops[0].EVSEID),
		`"changes":[{"leg":1,"replace":{"evse_id":"BR*MAR*E9999*1"}}]`,
		fmt.Sprintf(`"changes":[{"leg":%d,"fix":true},{"avoid":{"companies":["MAR","SER"]}},{"leg":1,"depart_soc":0.2}]`, last),
	}
}

// BenchmarkEditsOverHTTP is an edit of a plan as a page asks for it: over HTTP, at one of
// three companies that run, with what their calendars say then. Each round makes a plan,
// which is not measured, and edits it in all ways that can hold, or cannot. What is
// reported is of one edit, by the clock.
func BenchmarkEditsOverHTTP(b *testing.B) {
	apps := boot(b, func(o *Options) { o.Around = nil }) // nothing but the server is measured
	at := apps["SER"].URL() + "/api/v1/plans"
	for name, can := range map[string]bool{"held": true, "refused": false} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			answers := map[int]int{}
			for n := 0; b.Loop(); n++ {
				base := planned(b, at, n)
				for _, changes := range edits(base, can) {
					began := time.Now()
					status, raw := post(b, at, fmt.Sprintf(`{"base_plan_id":%q,%s}`, base.ID, changes))
					took = append(took, time.Since(began))
					answers[status]++
					if (status == http.StatusOK) != can {
						b.Fatalf("%s: %d %s", changes, status, raw)
					}
				}
			}
			slices.Sort(took)
			for _, p := range []int{50, 99} {
				b.ReportMetric(float64(took[(len(took)-1)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms/edit", p))
			}
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms/edit")
			b.Logf("%d edits, by status: %v", len(took), answers)
		})
	}
}

// planned makes the n-th base: another charge and departure each time.
func planned(b *testing.B, at string, n int) trip.Plan {
	b.Helper()
	q, soc := journey(), 0.7+float64(n%10)/40
	q.SoC, q.Departure = &soc, time.Now().Add(time.Duration(1+n%20)*time.Hour).UTC().Truncate(time.Minute)
	asked, err := json.Marshal(q)
	if err != nil {
		b.Fatal(err)
	}
	status, raw := post(b, at, string(asked))
	var got api.PlanResponse
	if err := json.Unmarshal(raw, &got); err != nil || status != http.StatusOK || len(got.Plans) == 0 || len(got.Plans[0].Stops) < 2 {
		b.Fatalf("%d %s", status, raw)
	}
	return got.Plans[0]
}

func post(b *testing.B, at, body string) (int, []byte) {
	b.Helper()
	resp, err := http.Post(at, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, raw
}
