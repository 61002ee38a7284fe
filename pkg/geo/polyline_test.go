package geo_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// TestPolyline: the example of the format's own description, and lines as they come back. It
// shows a wrong sign, order or difference.
func TestPolyline(t *testing.T) {
	example := []geo.Point{{Lat: 38.5, Lon: -120.2}, {Lat: 40.7, Lon: -120.95}, {Lat: 43.252, Lon: -126.453}}
	if got, want := geo.Polyline(example), "_p~iF~ps|U_ulLnnqC_mqNvxq`@"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r := rand.New(rand.NewPCG(1, 2))
	line := make([]geo.Point, 200)
	for i := range line {
		line[i] = geo.Point{Lat: 180*r.Float64() - 90, Lon: 360*r.Float64() - 180}
	}
	back, err := geo.ParsePolyline(geo.Polyline(line))
	if err != nil || len(back) != len(line) {
		t.Fatalf("%d points (%v), want %d", len(back), err, len(line))
	}
	for i, p := range line {
		if math.Abs(p.Lat-back[i].Lat) > 6e-6 || math.Abs(p.Lon-back[i].Lon) > 6e-6 {
			t.Fatalf("point %d: %v came back as %v", i, p, back[i])
		}
	}
}

// TestParsePolylineRefuses: nothing that is cut off, no line's text, or nowhere on Earth becomes a line.
func TestParsePolylineRefuses(t *testing.T) {
	for _, text := range []string{"_p~iF", "_p~iF~ps|", "_p~iF ~ps|U", "\x00", "~~~~~~~~~~~~", geo.Polyline([]geo.Point{{Lat: 91}})} {
		if line, err := geo.ParsePolyline(text); !errors.Is(err, geo.ErrInvalid) {
			t.Errorf("%q became %v (%v)", text, line, err)
		}
	}
}

// TestSimplify: what is left out lies within the tolerance, what is farther stays, and so do the ends.
func TestSimplify(t *testing.T) {
	line := []geo.Point{{Lat: -8, Lon: -35}, {Lat: -8.1, Lon: -35.001}, {Lat: -8.2, Lon: -35}, {Lat: -8.3, Lon: -35.2}, {Lat: -8.4, Lon: -35}}
	got := geo.Simplify(line, 0.2)
	want := []geo.Point{line[0], line[2], line[3], line[4]}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("point %d is %v, want %v", i, got[i], want[i])
		}
	}
	if got := geo.Simplify(line[:2], 0.2); len(got) != 2 {
		t.Errorf("two points became %v", got)
	}
}
