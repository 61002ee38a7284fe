package planner_test

import (
	"math/rand/v2"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// Plans among many stations, thinned, against those of a search that looks at all.
func TestThinningCostsLittle(t *testing.T) {
	t.Parallel()
	stations, journeys := 3000, 6
	if long(t) {
		stations, journeys = 10000, 100
	}
	all := world(stations, 1)
	p, free := planner.New(road.Default(), all), calendars(all, 2)
	rng := rand.New(rand.NewPCG(61, 62))
	sum, worst, count := 0.0, 0.0, 0.0
	for range journeys {
		r := journey(rng, 300)
		thinned, err := p.Plans(r, free)
		if err != nil {
			continue
		}
		whole, err := p.Plans(planner.Unthinned(r), free)
		if err != nil {
			t.Fatal(err)
		}
		gap := thinned[0].TotalMinutes - whole[0].TotalMinutes
		sum, worst, count = sum+max(gap, 0), max(worst, gap), count+1
	}
	t.Logf("%d stations, %.0f journeys: mean gap %.2f min, worst %.1f min", stations, count, sum/count, worst)
	if count < float64(journeys)/2 || sum/count > 2 {
		t.Errorf("%.0f of %d journeys, mean gap %.2f min; want at most 2", count, journeys, sum/count)
	}
}
