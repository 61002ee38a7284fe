package planner_test

import (
	"fmt"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// crowded puts a station of four EVSEs in each of n towns near the mission's road.
func crowded(b *testing.B, n int) []charging.Location {
	b.Helper()
	way, err := road.Default().Route(at(b, "João Pessoa, PB"), at(b, "Feira de Santana, BA"))
	if err != nil {
		b.Fatal(err)
	}
	template := locations()
	var all []charging.Location
	for _, place := range road.Default().Places() {
		if _, off := way.Along(place.Point); off > 40 || len(all) == n {
			continue
		}
		l := template[len(all)%len(template)]
		l.ID = charging.LocationID(fmt.Sprintf("BR*%s*LX%d", l.Company, len(all)))
		l.Point = geo.Point{Lat: place.Point.Lat, Lon: place.Point.Lon}
		evses := make([]charging.EVSE, len(l.EVSEs))
		for i, e := range l.EVSEs {
			e.ID = charging.EVSEID(fmt.Sprintf("BR*%s*EX%d*%d", l.Company, len(all), i+1))
			evses[i] = e
		}
		l.EVSEs = evses
		all = append(all, l)
	}
	if len(all) < n {
		b.Fatalf("only %d towns near the road", len(all))
	}
	return all
}

func BenchmarkPlans(b *testing.B) {
	for _, bench := range []struct {
		name      string
		locations []charging.Location
	}{{"demo", locations()}, {"100 stations", crowded(b, 100)}} {
		p := planner.New(road.Default(), bench.locations)
		for _, objective := range []trip.Objective{trip.Fastest, trip.Cheapest, trip.FewestStops} {
			b.Run(bench.name+"/"+string(objective), func(b *testing.B) {
				b.ReportAllocs()
				r := mission(b)
				r.Objective = objective
				for b.Loop() {
					if _, err := p.Plans(r, randomFree(1)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
