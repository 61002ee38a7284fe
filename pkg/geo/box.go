package geo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Box is a part of the Earth's surface between two meridians and two parallels, in
// degrees, WGS 84, its edges included. One whose West is above its East crosses the
// antimeridian.
type Box struct{ West, South, East, North float64 }

// ParseBox reads "west,south,east,north" in degrees, as RFC 7946 (§5) orders them. Its
// error wraps [ErrInvalid].
func ParseBox(s string) (Box, error) {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return Box{}, fmt.Errorf(`%w: %.80q is not "west,south,east,north"`, ErrInvalid, s)
	}
	var v [4]float64
	for i, part := range parts {
		var err error
		if v[i], err = strconv.ParseFloat(strings.TrimSpace(part), 64); err != nil {
			return Box{}, fmt.Errorf("%w: %.20q is not a number", ErrInvalid, part)
		}
	}
	b := Box{v[0], v[1], v[2], v[3]}
	for _, p := range []Point{{Lat: b.South, Lon: b.West}, {Lat: b.North, Lon: b.East}} {
		if err := p.Validate(); err != nil {
			return Box{}, err
		}
	}
	if b.South > b.North {
		return Box{}, fmt.Errorf("%w: its south, %v, is north of its north, %v", ErrInvalid, b.South, b.North)
	}
	return b, nil
}

// Contains reports whether a point lies in the box.
func (b Box) Contains(p Point) bool {
	if p.Lat < b.South || p.Lat > b.North {
		return false
	}
	if b.West > b.East {
		return p.Lon >= b.West || p.Lon <= b.East
	}
	return p.Lon >= b.West && p.Lon <= b.East
}

// Widened is the box with its edges moved out to whole multiples of step, degrees.
func (b Box) Widened(step float64) Box {
	down := func(v, least float64) float64 { return max(least, math.Floor(v/step)*step) }
	up := func(v, most float64) float64 { return min(most, math.Ceil(v/step)*step) }
	return Box{down(b.West, -180), down(b.South, -90), up(b.East, 180), up(b.North, 90)}
}

// String writes the box as ParseBox reads it.
func (b Box) String() string {
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	return f(b.West) + "," + f(b.South) + "," + f(b.East) + "," + f(b.North)
}
