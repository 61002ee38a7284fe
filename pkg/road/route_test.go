package road_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

func point(t testing.TB, name string) geo.Point {
	t.Helper()
	p, err := road.Default().Place(name)
	if err != nil {
		t.Fatal(err)
	}
	return p.Point
}

func spot(t testing.TB, p geo.Point) road.Spot {
	t.Helper()
	s, err := road.Default().Locate(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRoute(t *testing.T) {
	tests := []struct {
		from, to string
		km       float64 // by the kilometre posts of the highways
	}{
		{"João Pessoa, PB", "Campina Grande, PB", 121},
		{"Recife, PE", "Caruaru, PE", 135},
		{"Salvador, BA", "Feira de Santana, BA", 113},
		{"Natal, RN", "João Pessoa, PB", 180},
		{"Petrolina, PE", "Juazeiro, BA", 6},
		{"João Pessoa, PB", "Feira de Santana, BA", 880},
	}
	for _, tt := range tests {
		t.Run(tt.from+" to "+tt.to, func(t *testing.T) {
			from, to := point(t, tt.from), point(t, tt.to)
			r, err := road.Default().Route(from, to)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(r.Km-tt.km) > 0.1*tt.km+3 {
				t.Errorf("%.0f km, want about %.0f", r.Km, tt.km)
			}
			if v := r.Kmh(); v < 35 || v > 90 {
				t.Errorf("mean speed %.0f km/h", v)
			}
			if first, last := r.Points[0], r.Points[len(r.Points)-1]; first != from || last != to {
				t.Errorf("the way goes from %v to %v", first, last)
			}
		})
	}
}

func TestRouteRefusesWhatNoRoadReaches(t *testing.T) {
	home := point(t, "Natal, RN")
	tests := []struct {
		name string
		p    geo.Point
		want error
	}{
		{"an island", point(t, "Fernando de Noronha, PE"), road.ErrOffRoad},
		{"the ocean", geo.Point{Lat: -8, Lon: -30}, road.ErrOffRoad},
		{"another continent", geo.Point{Lat: 48.85, Lon: 2.35}, road.ErrOffRoad},
		{"no number", geo.Point{Lat: math.NaN()}, geo.ErrInvalid},
		{"off the globe", geo.Point{Lat: -91}, geo.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := road.Default().Route(home, tt.p); !errors.Is(err, tt.want) {
				t.Errorf("to it: error %v, want %v", err, tt.want)
			}
			if _, err := road.Default().Route(tt.p, home); !errors.Is(err, tt.want) {
				t.Errorf("from it: error %v, want %v", err, tt.want)
			}
		})
	}
}

// Every municipality but the island is reached, with a way that is neither shorter than
// the great circle nor absurdly long.
func TestEveryPlaceIsReached(t *testing.T) {
	n := road.Default()
	start := point(t, "Recife, PE")
	tree := n.From(spot(t, start))
	for _, p := range n.Places() {
		if p.Name == "Fernando de Noronha" {
			continue
		}
		leg, ok := tree.To(spot(t, p.Point))
		if !ok {
			t.Errorf("%s is not reached", p)
			continue
		}
		straight := geo.Distance(start, p.Point)
		if leg.Km < 0.92*straight-8 || leg.Km > 1.7*straight+60 {
			t.Errorf("%s: %.0f km by road, %.0f straight", p, leg.Km, straight)
		}
	}
}

func TestDrivesAreAMetric(t *testing.T) {
	n := road.Default()
	rng := rand.New(rand.NewPCG(1, 2))
	places := n.Places()
	pick := func() road.Spot {
		for {
			p := places[rng.IntN(len(places))].Point
			p.Lat, p.Lon = p.Lat+rng.Float64()*0.2, p.Lon+rng.Float64()*0.2
			if s, err := n.Locate(p); err == nil {
				return s
			}
		}
	}
	for range 150 {
		a, b, c := pick(), pick(), pick()
		ab, ok := n.From(a).To(b)
		ba, _ := n.From(b).To(a)
		bc, _ := n.From(b).To(c)
		ac, _ := n.From(a).To(c)
		if !ok || (ab.Drive-ba.Drive).Abs() > 10*time.Second {
			t.Errorf("%v – %v: there %v, back %v", a.Point(), b.Point(), ab.Drive, ba.Drive)
		}
		// Leaving and joining the network at b costs what a through drive does not pay.
		if ac.Drive > ab.Drive+bc.Drive+15*time.Second {
			t.Errorf("%v – %v: %v, but %v by %v", a.Point(), c.Point(), ac.Drive, ab.Drive+bc.Drive, b.Point())
		}
	}
	s := pick()
	if leg, ok := n.From(s).To(s); !ok || leg.Km > 0.001 || leg.Drive > time.Second {
		t.Errorf("to itself: %+v, %v", leg, ok)
	}
}

func TestAlong(t *testing.T) {
	r, err := road.Default().Route(point(t, "João Pessoa, PB"), point(t, "Maceió, AL"))
	if err != nil {
		t.Fatal(err)
	}
	last := 0.0
	for _, name := range []string{"Goiana, PE", "Igarassu, PE", "Palmares, PE", "Messias, AL"} {
		km, off := r.Along(point(t, name))
		if km <= last || off > 12 {
			t.Errorf("%s: %.0f km along (after %.0f), %.0f km off", name, km, last, off)
		}
		last = km
	}
	if _, off := r.Along(point(t, "Teresina, PI")); off < 500 {
		t.Errorf("Teresina is %.0f km off the coast road", off)
	}
}

func TestDetour(t *testing.T) {
	n := road.Default()
	from, to := spot(t, point(t, "João Pessoa, PB")), spot(t, point(t, "Maceió, AL"))
	on, ok := n.Detour(from, spot(t, point(t, "Palmares, PE")), to)
	if !ok || on.Km > 15 {
		t.Errorf("by Palmares, which lies on the road: %+v, %v", on, ok)
	}
	off, ok := n.Detour(from, spot(t, point(t, "Caruaru, PE")), to)
	if !ok || off.Km < 30 || off.Drive < 30*time.Minute {
		t.Errorf("by Caruaru, 130 km inland: %+v, %v", off, ok)
	}
}

func TestConcurrentUse(t *testing.T) {
	n := road.Default()
	places := n.Places()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				s, err := n.Locate(places[(g*31+i*7)%len(places)].Point)
				if err != nil {
					continue
				}
				n.From(s).To(s)
			}
		})
	}
	wg.Wait()
}
