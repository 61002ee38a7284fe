package road_test

import (
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

const twoPlaces = "# a comment\nAlfa\tPB\t-7\t-35\nBeta\tPE\t-7.2\t-35\n"

func TestParse(t *testing.T) {
	n, err := road.Parse(twoPlaces, "N\t-7.1\t-35\nE\t0\t2\t12.5\t60\tBR-1\nE\t2\t1\t12.5\t50\tBR-1\n")
	if err != nil {
		t.Fatal(err)
	}
	r, err := n.Route(geo.Point{Lat: -7, Lon: -35}, geo.Point{Lat: -7.2, Lon: -35})
	if err != nil {
		t.Fatal(err)
	}
	if r.Km != 25 || r.Drive.Minutes() != 27.5 || len(r.Points) < 3 {
		t.Errorf("route %+v, want 25 km in 27.5 min over the junction", r)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, places, network, want string }{
		{"a place without a point", "Alfa\tPB\n", "", "places: line 1"},
		{"a point off the globe", twoPlaces + "Gama\tPB\t-97\t0\n", "", "places: line 4"},
		{"an unknown line", twoPlaces, "X\t1\n", "network: line 1"},
		{"an edge to nowhere", twoPlaces, "E\t0\t2\t1\t60\tr\n", "network: line 1"},
		{"an edge of no length", twoPlaces, "\nE\t0\t1\t0\t60\tr\n", "network: line 2"},
		{"an edge that is not a number long", twoPlaces, "E\t0\t1\tNaN\t60\tr\n", "kilometres"},
		{"a speed of light", twoPlaces, "E\t0\t1\t5\t1e9\tr\n", "km/h"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := road.Parse(tt.places, tt.network); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(twoPlaces, "N\t-7.1\t-35\nE\t0\t2\t12.5\t60\tBR-1\n")
	f.Add("A\tPB\t90\t180\n", "E\t0\t0\t1\t60\t-")
	f.Add("\t\t\t", "E\t-1\t1\t1e-320\t60\t-\n")
	f.Add("A\tPB\t0\t0\nB\tPB\t80\t170\n", "E\t0\t1\t5\t60\t-\n")
	f.Fuzz(func(t *testing.T, places, network string) {
		n, err := road.Parse(places, network)
		if err != nil {
			return
		}
		for _, p := range n.Places() {
			s, err := n.Locate(p.Point)
			if err != nil {
				continue
			}
			if leg, ok := n.From(s).To(s); ok && (leg.Km < 0 || leg.Drive < 0) {
				t.Fatalf("a drive of %+v", leg)
			}
		}
	})
}
