package trip

import (
	"encoding/json"
	"errors"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

const (
	// MaxDriven is how many sights of a car are kept of a trip.
	MaxDriven = 100
	// SetsOut is how long before its departure a car may set out: what it does before that is no
	// part of its trip.
	SetsOut = time.Hour
)

// Sight is a car on its trip, as it reported itself.
type Sight struct {
	// At is civil time, in whole seconds where it was kept.
	At    time.Time
	Point geo.Point
	// SoC is the charge, 0…1.
	SoC float64
}

// Driven is what a car has reported on its trip, in the order of time.
type Driven []Sight

// dull is what a sight counts for that lies on the straight line between its neighbours, as a
// bend in the charge: so that a drive without one is not forgotten.
const dull = 0.005

// finest is into how many parts of time a drive is told apart, twice that at most: of each part the last sight
// is weighed against the others, which would take too long for each report.
const finest = 8 * MaxDriven

// Add is d with another sight, which must be later than all; d is not to be used any more. Beyond MaxDriven that one is left
// out which says least: which bends the line of the charge least, over the shortest time (as
// Visvalingam and Whyatt, 1993, weigh it). The first and the last one stay.
func (d Driven) Add(s Sight) Driven {
	n := len(d)
	switch {
	case n > 0 && !s.At.After(d[n-1].At):
		return d
	case n == MaxDriven && d.part(s.At) == d.part(d[n-1].At):
		d[n-1] = s
		return d
	}
	if d = append(d, s); len(d) <= MaxDriven {
		return d
	}
	least, at := math.Inf(1), 1
	for k := 1; k < len(d)-1; k++ {
		if w := d.says(k); w < least {
			least, at = w, k
		}
	}
	return slices.Delete(d, at, at+1)
}

// part numbers the parts of time: each is a power of two seconds long.
func (d Driven) part(at time.Time) int64 {
	seconds := uint64(d[len(d)-1].At.Sub(d[0].At)/time.Second) / finest
	return at.Unix() >> max(bits.Len64(seconds)-1, 0)
}

// says is how much a sight adds to what its neighbours say.
func (d Driven) says(k int) float64 {
	before, here, after := d[k-1], d[k], d[k+1]
	span := after.At.Sub(before.At).Minutes()
	f := here.At.Sub(before.At).Minutes() / span
	return span * (math.Abs(here.SoC-before.SoC-f*(after.SoC-before.SoC)) + dull)
}

// driven is Driven as it is kept: some 15 bytes a sight.
type driven struct {
	Line string  `json:"line"`
	At   []int64 `json:"at"`  // seconds since 1970, then since the sight before
	SoC  []int64 `json:"soc"` // 1/10,000
}

const socUnits = 10_000

// MarshalJSON writes the sights by their differences.
func (d Driven) MarshalJSON() ([]byte, error) {
	var out driven
	line, last := make([]geo.Point, len(d)), int64(0)
	for i, s := range d {
		line[i] = s.Point
		out.At, last = append(out.At, s.At.Unix()-last), s.At.Unix()
		out.SoC = append(out.SoC, int64(math.Round(s.SoC*socUnits)))
	}
	out.Line = geo.Polyline(line)
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Driven) UnmarshalJSON(b []byte) error {
	var in driven
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	line, err := geo.ParsePolyline(in.Line)
	if err != nil {
		return err
	}
	if len(line) != len(in.At) || len(line) != len(in.SoC) || len(line) > MaxDriven {
		return errors.New("trip: what a car has driven has points, times and charges of different numbers, or too many")
	}
	*d = make(Driven, len(line))
	at := int64(0)
	for i := range line {
		at += in.At[i]
		(*d)[i] = Sight{At: time.Unix(at, 0).UTC(), Point: line[i], SoC: float64(in.SoC[i]) / socUnits}
	}
	return nil
}

const (
	// offWay is how far a car may be off the plan's line and still be on its way, in
	// kilometres: the network's lines are simpler than the roads.
	offWay = 3.0
	// standing is how far a car that stands seems to move, in kilometres.
	standing = 0.1
	// winding turns a great circle into a drive where the car is on no road of the plan.
	winding = 1.1
)

// Along is the battery as it was driven, beside the plan's Profile: kilometres are those of the plan where
// the car is on its way, so that both can be drawn in one picture; off it, it goes on
// from there by the great circle and a tenth. Minutes are since the plan's departure: below 0
// where the car left before.
func (p Plan) Along(d Driven) Profile {
	w := p.way()
	var all Profile
	var last geo.Point // where it has come to
	km := 0.0
	for i, s := range d {
		moved := geo.Distance(last, s.Point)
		switch {
		case i == 0:
			km, last = w.begin(s.Point), s.Point
		case moved >= standing:
			km, last = w.next(km, moved, s.Point), s.Point
		}
		minutes := s.At.Sub(p.Departure).Minutes()
		all = append(all, [3]float64{math.Round(km*10) / 10, math.Round(minutes*10) / 10, math.Round(s.SoC*socUnits) / socUnits})
	}
	return all
}

// way is the road of a plan: pieces of a line, and between which kilometres of the plan.
type way []piece

type piece struct {
	from, to     geo.Point
	begins, ends float64
}

func (p Plan) way() way {
	var w way
	km := 0.0
	for _, s := range p.Stops {
		if !s.PassedBy {
			w = w.lead(s.Line, km, km+s.DistanceKM)
			km += s.DistanceKM
		}
	}
	return w.lead(p.Line, km, max(km, p.DistanceKM))
}

// lead goes on along a line that a plan says leads from one kilometre to another.
func (w way) lead(line string, from, to float64) way {
	points, err := geo.ParsePolyline(line)
	if err != nil || len(points) < 2 {
		return w
	}
	lengths, total := make([]float64, len(points)), 0.0
	for i := range points[1:] {
		total += geo.Distance(points[i], points[i+1])
		lengths[i+1] = total
	}
	at := func(i int) float64 {
		if total == 0 {
			return from
		}
		return from + lengths[i]/total*(to-from)
	}
	for i := range points[1:] {
		w = append(w, piece{points[i], points[i+1], at(i), at(i + 1)})
	}
	return w
}

// begin is where a car is that is seen for the first time: at the beginning where it is near
// that, else where the way is nearest.
func (w way) begin(p geo.Point) float64 {
	if len(w) == 0 || geo.Distance(w[0].from, p) <= offWay {
		return 0
	}
	km, off := w.nearest(p, 0, math.Inf(1))
	if off > offWay {
		return 0
	}
	return km
}

// next is where a car is that was at some kilometre and has moved that far since.
func (w way) next(km, moved float64, p geo.Point) float64 {
	at, off := w.nearest(p, km, km+2*moved+offWay)
	if off > offWay {
		return km + winding*moved
	}
	return max(at, km)
}

// nearest is the kilometre between two at which the way passes nearest to a point, and how
// far off that is.
func (w way) nearest(p geo.Point, from, to float64) (km, off float64) {
	off = math.Inf(1)
	for _, s := range w {
		if s.ends < from || s.begins > to {
			continue
		}
		f, _ := geo.Project(p, s.from, s.to)
		at := min(max(s.begins+f*(s.ends-s.begins), from), to)
		if s.ends > s.begins {
			f = (at - s.begins) / (s.ends - s.begins)
		}
		if d := geo.Distance(p, geo.Between(s.from, s.to, f)); d < off {
			km, off = at, d
		}
	}
	return km, off
}
