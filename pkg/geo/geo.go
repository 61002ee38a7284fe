// Package geo knows points on the Earth's surface and the distance between them.
package geo

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// EarthRadiusKm is the mean radius of the Earth (IUGG, R1) in kilometres.
const EarthRadiusKm = 6371.0088

// ErrInvalid is what every error about a point that cannot exist wraps.
var ErrInvalid = errors.New("invalid point")

// Point is a position in degrees, WGS 84: north and east are positive.
type Point struct {
	Lat float64 `json:"lat"` // −90 … 90
	Lon float64 `json:"lon"` // −180 … 180
}

// Validate reports a latitude or longitude that is not finite or out of range;
// the error wraps [ErrInvalid] and names the field ("lat" or "lon").
func (p Point) Validate() error {
	if !within(p.Lat, 90) {
		return fmt.Errorf("%w: lat %v is not between -90 and 90 degrees", ErrInvalid, p.Lat)
	}
	if !within(p.Lon, 180) {
		return fmt.Errorf("%w: lon %v is not between -180 and 180 degrees", ErrInvalid, p.Lon)
	}
	return nil
}

// within is false for NaN and the infinities too.
func within(v, limit float64) bool { return v >= -limit && v <= limit }

// String writes the point as Parse reads it: "-7.11532,-34.861".
func (p Point) String() string {
	return strconv.FormatFloat(p.Lat, 'f', -1, 64) + "," + strconv.FormatFloat(p.Lon, 'f', -1, 64)
}

// Parse reads "lat,lon" in decimal degrees, spaces around either allowed.
// Its error wraps [ErrInvalid].
func Parse(s string) (Point, error) {
	lat, lon, ok := strings.Cut(s, ",")
	if !ok {
		return Point{}, fmt.Errorf("%w: %q is not \"lat,lon\"", ErrInvalid, s)
	}
	var p Point
	var err error
	if p.Lat, err = strconv.ParseFloat(strings.TrimSpace(lat), 64); err != nil {
		return Point{}, fmt.Errorf("%w: lat %q is not a number", ErrInvalid, lat)
	}
	if p.Lon, err = strconv.ParseFloat(strings.TrimSpace(lon), 64); err != nil {
		return Point{}, fmt.Errorf("%w: lon %q is not a number", ErrInvalid, lon)
	}
	return p, p.Validate()
}

// Distance is the great-circle distance between two valid points in kilometres,
// by the haversine formula (R. W. Sinnott, Sky and Telescope 68, 1984) on a
// sphere: within 0.5% of the ellipsoid.
func Distance(a, b Point) float64 {
	la, lb := radians(a.Lat), radians(b.Lat)
	sinLat := math.Sin((lb - la) / 2)
	sinLon := math.Sin(radians(b.Lon-a.Lon) / 2)
	h := sinLat*sinLat + math.Cos(la)*math.Cos(lb)*sinLon*sinLon
	return 2 * EarthRadiusKm * math.Asin(math.Sqrt(min(h, 1)))
}

// Between is the point at fraction f (0 … 1) of the straight way from a to b,
// taken in degrees: good for the short edges of a road, not for oceans.
func Between(a, b Point, f float64) Point {
	return Point{Lat: a.Lat + f*(b.Lat-a.Lat), Lon: a.Lon + f*(b.Lon-a.Lon)}
}

// Project finds the point of the straight way from a to b that is nearest to p:
// f is its fraction of the way (0 … 1), km its distance from p. It works on a
// local plane, good to 0.1% for ways shorter than about 200 km.
func Project(p, a, b Point) (f, km float64) {
	scale := math.Cos(radians(p.Lat))
	ax, ay := (a.Lon-p.Lon)*scale, a.Lat-p.Lat
	bx, by := (b.Lon-p.Lon)*scale, b.Lat-p.Lat
	dx, dy := bx-ax, by-ay
	if length := dx*dx + dy*dy; length > 0 {
		f = min(max(-(ax*dx+ay*dy)/length, 0), 1)
	}
	return f, radians(math.Hypot(ax+f*dx, ay+f*dy)) * EarthRadiusKm
}

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }
