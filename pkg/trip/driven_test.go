package trip

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

var setOut = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// sawtooth is a battery that falls for three hours from 90% to 15%, is charged to 80% in 40 minutes, and falls again.
func sawtooth(minute float64) float64 {
	switch {
	case minute < 180:
		return 0.9 - 0.75*minute/180
	case minute < 220:
		return 0.15 + 0.65*(minute-180)/40
	}
	return 0.8 - 0.6*(minute-220)/180
}

// TestDrivenKeepsItsShape: ten reports a minute for 400 minutes, with noise. Shows sights that are kept without bound, the newest
// ones instead of those that bend, and a long even drive of which nothing is left.
func TestDrivenKeepsItsShape(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var d Driven
	for i := range 4000 {
		minute := float64(i) / 10
		at := setOut.Add(time.Duration(i) * 6 * time.Second)
		d = d.Add(Sight{At: at, Point: geo.Point{Lat: -7 - minute/100, Lon: -35}, SoC: sawtooth(minute) + 0.004*(rnd.Float64()-0.5)})
		if again := d.Add(Sight{At: at, SoC: 0}); len(d) > MaxDriven || len(again) != len(d) {
			t.Fatalf("%d sights, one more of the same second: %d", len(d), len(again))
		}
	}
	for minute := 0.0; minute < 399; minute++ {
		at := setOut.Add(time.Duration(minute * float64(time.Minute)))
		k := 1
		for d[k].At.Before(at) {
			k++
		}
		a, b := d[k-1], d[k]
		f := float64(at.Sub(a.At)) / float64(b.At.Sub(a.At))
		if got := a.SoC + f*(b.SoC-a.SoC); math.Abs(got-sawtooth(minute)) > 0.015 {
			t.Errorf("after %v minutes it says %.4f, was %.4f", minute, got, sawtooth(minute))
		}
		if b.At.Sub(a.At) > 20*time.Minute {
			t.Errorf("nothing from %s to %s", a.At, b.At)
		}
	}
}

// TestDrivenIsKeptSmall: what is written is read, in less than 3 kB; what somebody has damaged is refused.
func TestDrivenIsKeptSmall(t *testing.T) {
	var d Driven
	for i := range 2 * MaxDriven {
		d = d.Add(Sight{At: setOut.Add(time.Duration(i) * 97 * time.Second), Point: geo.Point{Lat: -7 - float64(i)*0.01234, Lon: -35.5}, SoC: 0.9 - float64(i)*0.004})
	}
	doc, err := json.Marshal(d)
	if err != nil || len(doc) > 3000 {
		t.Fatalf("%d bytes, %v", len(doc), err)
	}
	var got Driven
	if err := json.Unmarshal(doc, &got); err != nil || len(got) != len(d) {
		t.Fatalf("%d of %d sights, %v", len(got), len(d), err)
	}
	for i := range d {
		if !got[i].At.Equal(d[i].At) || math.Abs(got[i].SoC-d[i].SoC) > 1e-4 || geo.Distance(got[i].Point, d[i].Point) > 0.002 {
			t.Fatalf("%+v became %+v", d[i], got[i])
		}
	}
	if again, _ := json.Marshal(got); !reflect.DeepEqual(again, doc) {
		t.Error("written again it is something else")
	}
	for _, bad := range []string{`{`, `{"line":"_p~iF~ps|U","at":[],"soc":[]}`, `{"line":"_p~iF~ps|U","at":[1],"soc":[]}`, `{"line":"_","at":[1],"soc":[1]}`} {
		if json.Unmarshal([]byte(bad), &got) == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// there is the plan of a drive to the east and back again, of 130 km each: the lines are 111 km long.
func thereAndBack() Plan {
	home, stop := geo.Point{Lat: 0, Lon: -40}, geo.Point{Lat: 0, Lon: -39}
	return Plan{
		Departure: setOut, DistanceKM: 260, Line: geo.Polyline([]geo.Point{stop, home}),
		Stops: []PlanStop{{DistanceKM: 130, Line: geo.Polyline([]geo.Point{home, {Lat: 0, Lon: -39.5}, stop})}},
	}
}

// TestAlongFollowsTheWay: kilometres of the plan, on a way that comes back by the same road, which a car leaves and comes back to.
// Shows kilometres of the great circle, a car that jumps to the way back, one that stands and
// drives on by its noise, and one that is lost off the road.
func TestAlongFollowsTheWay(t *testing.T) {
	at := func(minute int, lat, lon, soc float64) Sight {
		return Sight{At: setOut.Add(time.Duration(minute) * time.Minute), Point: geo.Point{Lat: lat, Lon: lon}, SoC: soc}
	}
	d := Driven{
		at(-10, 0, -40, 0.9), at(30, 0.001, -39.75, 0.8), at(60, 0, -39.5, 0.7), at(80, 0.09, -39.4, 0.65), // off the way
		at(100, 0, -39.25, 0.6), at(120, 0, -39, 0.5), at(121, 0.0002, -39, 0.51), at(160, 0, -39.0002, 0.9), at(190, 0, -39.25, 0.8), at(280, 0, -40, 0.5),
	}
	want := []float64{0, 32.5, 65, 81.4, 97.5, 130, 130, 130, 162.5, 260}
	got := thereAndBack().Along(d)
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i, km := range want {
		if math.Abs(got[i][0]-km) > 0.5 || got[i][1] != d[i].At.Sub(setOut).Minutes() || got[i][2] != d[i].SoC {
			t.Errorf("%d: %v, want %v km", i, got[i], km)
		}
	}
	var slow Driven // a report a second: each is nearer to the one before than a car that stands moves
	for i := range 90 {
		slow = append(slow, at(0, 0, -40+float64(i)*0.0003, 0.9))
	}
	if end := thereAndBack().Along(slow)[89][0]; math.Abs(end-130*89*0.0003) > 0.2 {
		t.Errorf("after %d small steps it is at km %v", len(slow), end)
	}
	if late := thereAndBack().Along(d[2:4]); late[0][0] != 65 {
		t.Errorf("first seen half-way it is at km %v", late[0][0])
	}
	if none := (Plan{Departure: setOut}).Along(d[:2]); math.Abs(none[1][0]-1.1*27.8) > 0.5 {
		t.Errorf("without a road it is at km %v", none[1][0])
	}
}
