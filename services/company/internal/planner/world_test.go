package planner_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// mainland are the municipalities that roads lead to.
var mainland = sync.OnceValue(func() []road.Place {
	var places []road.Place
	for _, p := range road.Default().Places() {
		if p.Name != "Fernando de Noronha" {
			places = append(places, p)
		}
	}
	return places
})

// world are n stations in and about the towns of the Northeast: more in some towns than
// in others, of 1 to 6 EVSEs of one or two powers each, at prices of their own; half of
// those for direct current have a CHAdeMO plug, too.
func world(n int, seed uint64) []charging.Location {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	places := mainland()
	companies := []charging.CompanyID{"MAR", "SER", "CAJ"}
	all := make([]charging.Location, n)
	for i := range all {
		town := places[int(float64(len(places))*rng.Float64()*rng.Float64())*7919%len(places)]
		company := companies[rng.IntN(len(companies))]
		l := charging.Location{
			ID: charging.LocationID(fmt.Sprintf("BR*%s*L%06d", company, i)), Company: company,
			Name: town.Name, City: town.Name, State: town.State,
			Point: geo.Point{Lat: town.Point.Lat + 0.06*(rng.Float64()-0.5), Lon: town.Point.Lon + 0.06*(rng.Float64()-0.5)},
		}
		for range 1 + rng.IntN(2) {
			addEVSEs(rng, &l, i)
		}
		all[i] = l
	}
	return all
}

// addEVSEs gives a location one to three EVSEs of one power.
func addEVSEs(rng *rand.Rand, l *charging.Location, number int) {
	powers := []float64{22, 30, 50, 50, 60, 60, 100, 120, 150, 180, 350}
	kw := powers[rng.IntN(len(powers))]
	standard := "IEC_62196_T2_COMBO"
	if kw < 30 {
		standard = "IEC_62196_T2"
	}
	tariff := charging.Tariff{
		ID: fmt.Sprintf("t%d", len(l.Tariffs)), Currency: "BRL",
		PerKWh: 1.2 + float64(rng.IntN(140))/100, PerSession: float64(rng.IntN(3)),
	}
	l.Tariffs = append(l.Tariffs, tariff)
	connectors := []charging.Connector{{ID: "1", Standard: standard, PowerKW: kw, TariffID: tariff.ID}}
	if standard == "IEC_62196_T2_COMBO" && number%2 == 0 {
		connectors = append(connectors, charging.Connector{ID: "2", Standard: "CHADEMO", PowerKW: min(kw, 50), TariffID: tariff.ID})
	}
	for range 1 + rng.IntN(3) {
		l.EVSEs = append(l.EVSEs, charging.EVSE{
			ID:         charging.EVSEID(fmt.Sprintf("BR*%s*E%06d*%d", l.Company, number, len(l.EVSEs)+1)),
			Status:     charging.StatusAvailable,
			Connectors: connectors,
		})
	}
}

// calendars are random ones, made once for each EVSE. About a third of the time is
// booked.
func calendars(locations []charging.Location, seed uint64) planner.Free {
	all := map[charging.EVSEID][]charging.Window{}
	for _, l := range locations {
		for _, e := range l.EVSEs {
			rng := rand.New(rand.NewPCG(seed, uint64(len(all))))
			at := monday.Add(-time.Duration(rng.IntN(5*3600)) * time.Second)
			for at.Before(monday.Add(72 * time.Hour)) {
				end := at.Add(time.Duration(600+rng.IntN(8*3600)) * time.Second)
				all[e.ID] = append(all[e.ID], charging.Window{Start: at, End: end})
				at = end.Add(time.Duration(600+rng.IntN(3*3600)) * time.Second)
			}
		}
	}
	return func(id charging.EVSEID) []charging.Window { return all[id] }
}

// journeys are random requests all over the Northeast, at least so many kilometres apart.
func journey(rng *rand.Rand, apart float64) planner.Request {
	places, cars := mainland(), vehicle.All()
	for {
		from, to := places[rng.IntN(len(places))], places[rng.IntN(len(places))]
		if geo.Distance(from.Point, to.Point) < apart {
			continue
		}
		return planner.Request{
			Origin: from.Point, Destination: to.Point, Vehicle: cars[rng.IntN(len(cars))],
			SoC: 0.5 + 0.5*rng.Float64(), MinArrivalSoC: planner.DefaultMinArrivalSoC, Objective: trip.Fastest,
			Departure: monday.Add(time.Duration(rng.IntN(86400)) * time.Second),
		}
	}
}

// long is true where the full numbers are asked for, with ELETROVIA_LONG=1.
func long(t testing.TB) bool {
	t.Helper()
	return os.Getenv("ELETROVIA_LONG") == "1"
}
