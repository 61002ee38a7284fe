package geo

import (
	"errors"
	"testing"
)

func TestBox(t *testing.T) {
	for _, bad := range []string{"", "1,2,3", "1,2,3,4,5", "x,1,2,3", "1,2,3,91", "1,9,3,8", "NaN,1,2,3", "-181,1,2,3"} {
		if _, err := ParseBox(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	b, err := ParseBox("-35.1, -7.3,-34.8,-7")
	if err != nil || b.String() != "-35.1,-7.3,-34.8,-7" {
		t.Fatalf("%v, %v", b, err)
	}
	pacific := Box{West: 179, South: -1, East: -179, North: 1}
	for _, c := range []struct {
		box  Box
		at   Point
		want bool
	}{
		{b, Point{Lat: -7.1, Lon: -34.9}, true},
		{b, Point{Lat: -7, Lon: -35.1}, true},
		{b, Point{Lat: -6.99, Lon: -34.9}, false},
		{b, Point{Lat: -7.1, Lon: -34.7}, false},
		{pacific, Point{Lon: -179.5}, true},
		{pacific, Point{Lon: 179.5}, true},
		{pacific, Point{}, false},
	} {
		if c.box.Contains(c.at) != c.want {
			t.Errorf("%v in %v: %v", c.at, c.box, !c.want)
		}
	}
	if got := b.Widened(0.25).String(); got != "-35.25,-7.5,-34.75,-7" {
		t.Errorf("widened: %s", got)
	}
	if got := (Box{-180, -90, 180, 90}).Widened(0.7); got != (Box{-180, -90, 180, 90}) {
		t.Errorf("the whole Earth widened: %v", got)
	}
}
