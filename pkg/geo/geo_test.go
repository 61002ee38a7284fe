package geo_test

import (
	"errors"
	"math"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

var (
	joaoPessoa = geo.Point{Lat: -7.11509, Lon: -34.8641}
	recife     = geo.Point{Lat: -8.04666, Lon: -34.8771}
	salvador   = geo.Point{Lat: -12.9718, Lon: -38.5011}
)

func TestDistance(t *testing.T) {
	tests := []struct {
		name string
		a, b geo.Point
		km   float64
	}{
		{"same point", recife, recife, 0},
		{"a degree of the meridian", geo.Point{}, geo.Point{Lat: 1}, 111.195},
		{"João Pessoa to Recife", joaoPessoa, recife, 103.6},
		{"Recife to Salvador", recife, salvador, 675},
		{"antipodes", geo.Point{Lat: 90}, geo.Point{Lat: -90}, math.Pi * geo.EarthRadiusKm},
		{"across the date line", geo.Point{Lon: 179.5}, geo.Point{Lon: -179.5}, 111.195},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, back := geo.Distance(tt.a, tt.b), geo.Distance(tt.b, tt.a)
			if math.Abs(got-tt.km) > 0.002*tt.km+0.001 {
				t.Errorf("Distance = %.3f km, want %.3f", got, tt.km)
			}
			if math.Abs(got-back) > 1e-9 {
				t.Errorf("there %.9f km, back %.9f", got, back)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	good := []geo.Point{{}, {Lat: 90, Lon: 180}, {Lat: -90, Lon: -180}, joaoPessoa}
	for _, p := range good {
		if err := p.Validate(); err != nil {
			t.Errorf("%v: %v", p, err)
		}
	}
	bad := []geo.Point{
		{Lat: 90.01},
		{Lon: -180.5},
		{Lat: math.NaN()},
		{Lon: math.NaN()},
		{Lat: math.Inf(1)},
		{Lon: math.Inf(-1)},
	}
	for _, p := range bad {
		if err := p.Validate(); !errors.Is(err, geo.ErrInvalid) {
			t.Errorf("%v: error %v, want ErrInvalid", p, err)
		}
	}
}

func TestProject(t *testing.T) {
	a, b := geo.Point{Lat: -8, Lon: -35}, geo.Point{Lat: -8, Lon: -36}
	tests := []struct {
		name  string
		p     geo.Point
		f, km float64
	}{
		{"on the way", geo.Point{Lat: -8, Lon: -35.25}, 0.25, 0},
		{"beside it", geo.Point{Lat: -8.1, Lon: -35.5}, 0.5, 11.1195},
		{"before its start", geo.Point{Lat: -8, Lon: -34.9}, 0, 11.011},
		{"beyond its end", geo.Point{Lat: -8, Lon: -36.1}, 1, 11.011},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, km := geo.Project(tt.p, a, b)
			if math.Abs(f-tt.f) > 1e-6 || math.Abs(km-tt.km) > 0.01 {
				t.Errorf("Project = %.6f, %.4f km, want %.6f, %.4f km", f, km, tt.f, tt.km)
			}
		})
	}
	if f, km := geo.Project(recife, joaoPessoa, joaoPessoa); f != 0 || math.Abs(km-geo.Distance(recife, joaoPessoa)) > 0.5 {
		t.Errorf("way of no length: %v, %v km", f, km)
	}
}

func TestBetween(t *testing.T) {
	if got := geo.Between(joaoPessoa, recife, 0); got != joaoPessoa {
		t.Errorf("start is %v", got)
	}
	mid := geo.Between(joaoPessoa, recife, 0.5)
	if d := geo.Distance(joaoPessoa, mid) - geo.Distance(mid, recife); math.Abs(d) > 0.1 {
		t.Errorf("middle is %.3f km off", d)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "1", "1,", ",1", "a,b", "91,0", "0,181", "NaN,0", "1,2,3"} {
		if p, err := geo.Parse(s); !errors.Is(err, geo.ErrInvalid) {
			t.Errorf("Parse(%q) = %v, %v, want ErrInvalid", s, p, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"-7.115,-34.861", " 0 , 0 ", "1e2,3", "NaN,Inf", "-90,180", "0x1p3,1", ",", "-0,0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := geo.Parse(s)
		if err != nil {
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("Parse(%q) let an invalid point through: %v", s, err)
		}
		again, err := geo.Parse(p.String())
		if err != nil || again != p {
			t.Fatalf("Parse(%q) = %v, but its text %q reads as %v, %v", s, p, p.String(), again, err)
		}
	})
}
