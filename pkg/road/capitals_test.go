package road_test

import (
	"math"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/road"
)

// capitals are road distances and driving times between capitals, computed with
// OSRM over OpenStreetMap (ODbL): what the graph is calibrated on.
var capitals = []struct {
	from, to  string
	km, hours float64
}{
	{"Salvador", "Recife", 805.3, 10.99},
	{"Salvador", "Fortaleza", 1184.8, 18.00},
	{"Salvador", "São Luís", 1578.1, 22.15},
	{"Salvador", "Teresina", 1147.7, 15.62},
	{"Salvador", "Natal", 1086.9, 14.93},
	{"Salvador", "João Pessoa", 919.1, 12.65},
	{"Salvador", "Maceió", 580.5, 8.06},
	{"Salvador", "Aracaju", 324.2, 4.45},
	{"Recife", "Salvador", 803.8, 10.79},
	{"Recife", "Fortaleza", 803.3, 11.41},
	{"Recife", "São Luís", 1555.9, 20.49},
	{"Recife", "Teresina", 1125.5, 13.95},
	{"Recife", "Natal", 283.6, 4.03},
	{"Recife", "João Pessoa", 115.9, 1.76},
	{"Recife", "Maceió", 258.8, 3.58},
	{"Recife", "Aracaju", 500.0, 6.76},
}

func TestCapitals(t *testing.T) {
	n := road.Default()
	var sumKm, sumHours float64
	for _, c := range capitals {
		from, err := n.Place(c.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := n.Place(c.to)
		if err != nil {
			t.Fatal(err)
		}
		r, err := n.Route(from.Point, to.Point)
		if err != nil {
			t.Fatal(err)
		}
		km, hours := r.Km/c.km-1, r.Drive.Hours()/c.hours-1
		sumKm, sumHours = sumKm+math.Abs(km), sumHours+math.Abs(hours)
		t.Logf("%s – %s: %.0f km (%+.1f%%), %.2f h (%+.1f%%)", c.from, c.to, r.Km, 100*km, r.Drive.Hours(), 100*hours)
		if math.Abs(km) > 0.12 {
			t.Errorf("%s – %s: %.0f km, OSRM has %.0f: more than 12%% off", c.from, c.to, r.Km, c.km)
		}
	}
	count := float64(len(capitals))
	t.Logf("mean error: %.1f%% of the distance, %.1f%% of the time", 100*sumKm/count, 100*sumHours/count)
	if sumKm/count > 0.05 {
		t.Errorf("distances are %.1f%% off on average, want at most 5%%", 100*sumKm/count)
	}
	if sumHours/count > 0.12 {
		t.Errorf("driving times are %.1f%% off on average, want at most 12%%", 100*sumHours/count)
	}
}
