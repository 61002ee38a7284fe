package geo

import (
	"fmt"
	"math"
	"strings"
)

// polylineUnits are how many units of an encoded polyline make a degree: about a
// metre each.
const polylineUnits = 1e5

// Polyline encodes a line as text: Google's "encoded polyline", five decimals. Latitude comes
// before longitude; each point is told by its difference from the one before.
func Polyline(line []Point) string {
	var b strings.Builder
	var lat, lon int64
	for _, p := range line {
		nextLat, nextLon := int64(math.Round(p.Lat*polylineUnits)), int64(math.Round(p.Lon*polylineUnits))
		encodeUnits(&b, nextLat-lat)
		encodeUnits(&b, nextLon-lon)
		lat, lon = nextLat, nextLon
	}
	return b.String()
}

func encodeUnits(b *strings.Builder, v int64) {
	u := uint64(v) << 1
	if v < 0 {
		u = ^u
	}
	for ; u >= 0x20; u >>= 5 {
		b.WriteByte(byte(u&0x1f|0x20) + 63)
	}
	b.WriteByte(byte(u) + 63)
}

// ParsePolyline reads what Polyline writes. The error wraps [ErrInvalid]; it says which point
// is cut off, or cannot exist.
func ParsePolyline(text string) ([]Point, error) {
	var line []Point
	var at [2]int64
	for rest := text; rest != ""; {
		for i := range at {
			v, left, ok := decodeUnits(rest)
			if !ok {
				return nil, fmt.Errorf("%w: point %d of the polyline is cut off or not readable", ErrInvalid, len(line)+1)
			}
			at[i], rest = at[i]+v, left
		}
		p := Point{Lat: float64(at[0]) / polylineUnits, Lon: float64(at[1]) / polylineUnits}
		if err := p.Validate(); err != nil {
			return nil, fmt.Errorf("point %d of the polyline: %w", len(line)+1, err)
		}
		line = append(line, p)
	}
	return line, nil
}

func decodeUnits(text string) (v int64, rest string, ok bool) {
	var u uint64
	for i := range min(len(text), 7) {
		c := text[i] - 63
		if c > 0x3f {
			return 0, "", false
		}
		u |= uint64(c&0x1f) << (5 * i)
		if c < 0x20 {
			v = int64(u >> 1)
			if u&1 != 0 {
				v = ^v
			}
			return v, text[i+1:], true
		}
	}
	return 0, "", false
}

// Simplify leaves out the points of a line that lie within a tolerance, in kilometres, of the
// line without them (Douglas and Peucker, 1973). The ends stay.
func Simplify(line []Point, toleranceKm float64) []Point {
	if len(line) < 3 {
		return line
	}
	first, last := line[0], line[len(line)-1]
	far, at := 0.0, 0
	for i, p := range line[1 : len(line)-1] {
		if _, off := Project(p, first, last); off > far {
			far, at = off, i+1
		}
	}
	if far <= toleranceKm {
		return []Point{first, last}
	}
	before := Simplify(line[:at+1], toleranceKm)
	return append(before[:len(before):len(before)], Simplify(line[at:], toleranceKm)[1:]...)
}
