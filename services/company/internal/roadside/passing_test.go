package roadside

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// outing is a car that goes from João Pessoa by a place to where its stop is, as the model
// drives.
type outing struct {
	t       *testing.T
	p       *passing
	there   road.Route
	on      road.Route
	now     time.Time
	soc     float64
	passing int // places that got behind by what was seen
}

func newOuting(t *testing.T, place, stop string, stay float64) *outing {
	t.Helper()
	net := road.Default()
	point := func(name string) geo.Point {
		p, err := net.Place(name)
		if err != nil {
			t.Fatal(err)
		}
		return p.Point
	}
	from, by, to := point("João Pessoa, PB"), point(place), point(stop)
	there, err1 := net.Route(from, by)
	on, err2 := net.Route(by, to)
	v, ok := vehicle.ByID("byd-dolphin")
	if err1 != nil || err2 != nil || !ok {
		t.Fatal(err1, err2, ok)
	}
	o := &outing{t: t, there: there, on: on, now: noon, soc: 0.9}
	o.p = newPassing(net, v, trip.Journey{Departure: noon, Via: []trip.Waypoint{{Point: by, StayMinutes: stay}}})
	spot, err := net.Locate(from)
	if err != nil {
		t.Fatal(err)
	}
	o.p.setsOut(0, sight{spot, noon, o.soc})
	return o
}

// at is where one is after so many kilometres of a route.
func at(r road.Route, km float64) geo.Point {
	total := 0.0
	for i := range r.Points[1:] {
		total += geo.Distance(r.Points[i], r.Points[i+1])
	}
	left := km / r.Km * total
	for i := range r.Points[1:] {
		piece := geo.Distance(r.Points[i], r.Points[i+1])
		if left <= piece && piece > 0 {
			return geo.Between(r.Points[i], r.Points[i+1], left/piece)
		}
		left -= piece
	}
	return r.Points[len(r.Points)-1]
}

// drive goes from one kilometre of a route to another, and reports every so many.
func (o *outing) drive(r road.Route, from, to, every float64) {
	for km := from; km < to; {
		step := min(every, to-km)
		km += step
		o.now = o.now.Add(time.Duration(step / r.Kmh() * float64(time.Hour)))
		o.soc -= o.p.v.SoCFor(step, r.Kmh())
		o.see(at(r, km))
	}
}

// silent is drive without a report.
func (o *outing) silent(r road.Route, from, to float64) {
	o.rest(60 * (to - from) / r.Kmh())
	o.soc -= o.p.v.SoCFor(to-from, r.Kmh())
}

// rest stands for so many minutes without a word.
func (o *outing) rest(minutes float64) {
	o.now = o.now.Add(time.Duration(minutes * float64(time.Minute)))
}

func (o *outing) see(p geo.Point) {
	if o.p.sees(0, p, o.now, o.soc) {
		o.passing++
	}
}

// TestWhatIsBehind: shows a place that the car has yet to pass and that is not counted, and one that it has passed and goes back
// to; the road out of Campina Grande to João Pessoa is the one that leads there.
func TestWhatIsBehind(t *testing.T) {
	const away = "Campina Grande, PB"
	for name, tt := range map[string]struct {
		stop   string
		drive  func(o *outing)
		behind bool
	}{
		"on the way there": {"Caruaru, PE", func(o *outing) { o.drive(o.there, 0, o.there.Km-20, 2) }, false},
		"there":            {"Caruaru, PE", func(o *outing) { o.drive(o.there, 0, o.there.Km, 2) }, false},
		"beyond":           {"Caruaru, PE", func(o *outing) { o.drive(o.there, 0, o.there.Km, 2); o.drive(o.on, 0, 8, 2) }, true},
		"beyond, after a silence": {"Caruaru, PE", func(o *outing) {
			o.drive(o.there, 0, 80, 2)
			o.silent(o.there, 80, o.there.Km)
			o.drive(o.on, 0, 40, 40)
		}, true},
		"a rest in silence before":                   {"Caruaru, PE", func(o *outing) { o.drive(o.there, 0, 60, 2); o.rest(120); o.drive(o.there, 60, 62, 2) }, false},
		"on the way back":                            {"Bayeux, PB", func(o *outing) { o.drive(o.there, 0, o.there.Km, 2); o.drive(o.on, 0, 8, 2) }, true},
		"half the way there":                         {"Bayeux, PB", func(o *outing) { o.drive(o.there, 0, o.there.Km/2, 2) }, false},
		"late, half the way there":                   {"Bayeux, PB", func(o *outing) { o.rest(180); o.drive(o.there, 0, o.there.Km/2, 2) }, false},
		"seen for the first time half the way there": {"Bayeux, PB", func(o *outing) { o.drive(o.there, 0, o.there.Km/2, 1e9) }, false},
		"turned away":                                {"Bayeux, PB", func(o *outing) { o.drive(o.there, 0, 30, 2); o.turnedAway() }, true},
		"elsewhere before it begins":                 {"Bayeux, PB", func(o *outing) { o.now = noon.Add(-5 * time.Hour); o.drive(o.on, 0, 60, 2) }, false},
		"elsewhere, and then it goes": {"Bayeux, PB", func(o *outing) {
			o.now = noon.Add(-5 * time.Hour)
			o.drive(o.on, 0, 60, 2)
			o.now = noon
			o.drive(o.there, 0, 80, 2)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOuting(t, away, tt.stop, 30)
			tt.drive(o)
			if got := len(o.p.ahead(0)) == 0; got != tt.behind || o.passing == 1 != tt.behind {
				t.Errorf("behind: %v, said %d times; want %v", got, o.passing, tt.behind)
			}
		})
	}
}

// turnedAway goes back, and past where it came from.
func (o *outing) turnedAway() {
	net := road.Default()
	south, err := net.Place("Recife, PE")
	if err != nil {
		o.t.Fatal(err)
	}
	r, err := net.Route(at(o.there, 30), south.Point)
	if err != nil {
		o.t.Fatal(err)
	}
	o.drive(r, 0, r.Km, 2)
}

// TestPassedInSilence: shows a place that is passed while nobody hears of the car, and is ahead of it for good, or the other way round.
func TestPassedInSilence(t *testing.T) {
	for _, server := range []string{"hears it before", "begins anew"} {
		for _, beyond := range []bool{true, false} {
			o := newOuting(t, "Campina Grande, PB", "Bayeux, PB", 30)
			km := o.there.Km - 40
			if server == "hears it before" {
				o.drive(o.there, 0, km, 2)
			} else {
				o.silent(o.there, 0, km)
			}
			if beyond {
				// There and back to the same place, with the stay.
				o.silent(o.there, km, o.there.Km)
				o.rest(30)
				o.silent(o.there, km, o.there.Km)
			} else {
				o.rest(120)
				o.soc -= 0.01
			}
			o.see(at(o.there, km))
			if behind := len(o.p.ahead(0)) == 0; behind != beyond {
				t.Errorf("%s, and it was there: %v; taken as behind: %v", server, beyond, behind)
			}
		}
	}
}

// TestStandsAtAPlace: shows a stay that is counted from its beginning once it is half over.
func TestStandsAtAPlace(t *testing.T) {
	o := newOuting(t, "Campina Grande, PB", "Caruaru, PE", 60)
	o.drive(o.there, 0, o.there.Km, 2)
	if left := stays(o.p.ahead(0)); left < 56*time.Minute {
		t.Errorf("%v are left on arrival", left)
	}
	o.rest(40)
	o.see(o.there.Points[len(o.there.Points)-1])
	if left := stays(o.p.ahead(0)).Minutes(); math.Abs(left-18) > 4 {
		t.Errorf("%.0f min are left after 40 of 60", left)
	}
	o.rest(60)
	o.see(o.there.Points[len(o.there.Points)-1])
	if left := stays(o.p.ahead(0)); left != 0 || len(o.p.ahead(0)) != 1 {
		t.Errorf("%v are left of what is over", left)
	}
}

// byWay lets the trip pass a place first.
func (w *world) byWay(place string, stay float64) {
	p, err := road.Default().Place(place)
	if err != nil {
		w.t.Fatal(err)
	}
	w.trip.Saga.Journey.Via = []trip.Waypoint{{Point: p.Point, StayMinutes: stay}}
	w.trip.Legs[0].Start, w.trip.Legs[0].End = noon.Add(10*time.Hour), noon.Add(14*time.Hour)
	w.w.Changed(w.trip)
}

// TestAForecastByWhatIsAhead: shows a stop that the car reaches directly, and not by the place off the way, and nobody says so.
func TestAForecastByWhatIsAhead(t *testing.T) {
	for place, warns := range map[string]bool{"": false, "Patos, PB": true} {
		w := newWorld(t, trip.Ask)
		w.soc = 0.9
		if place != "" {
			w.byWay(place, 0)
		}
		w.drive(12, true)
		if (len(w.proposals) > 0) != warns {
			t.Errorf("by %q: %d proposals", place, len(w.proposals))
		}
		if warns && (w.alerts[0].Code != charging.CodeInfeasibleTrip || len(w.here.Ahead) != 1 || !strings.Contains(w.alerts[0].Detail, "places")) {
			t.Errorf("by %q: %+v, looked for from %+v", place, w.alerts[0], w.here)
		}
	}
}

// TestAWindowTooShortForAPlace: shows a window in which the car takes what it needs to the destination, not what it needs to get there
// by a place behind the stop.
func TestAWindowTooShortForAPlace(t *testing.T) {
	for place, short := range map[string]bool{"": false, "João Pessoa, PB": true} {
		w := newWorld(t, trip.Ask)
		if place != "" {
			w.byWay(place, 0)
			w.trip.Saga.Journey.Via[0].AfterLeg = 1
		}
		w.trip.Legs[0].Start = noon.Add(w.route.Drive)
		w.trip.Legs[0].End = w.trip.Legs[0].Start.Add(20 * time.Minute)
		w.w.Changed(w.trip)
		w.drive(40, true)
		if (len(w.alerts) > 0) != short || short && w.alerts[0].Code != charging.CodeTooLate {
			t.Errorf("by %q: %+v", place, w.alerts)
		}
	}
}

// TestAStayMakesLate: shows a stay on the way that the forecast takes no time for.
func TestAStayMakesLate(t *testing.T) {
	for stay, late := range map[float64]bool{0: false, 120: true} {
		w := newWorld(t, trip.Ask)
		w.soc = 0.95
		by := at(w.route, 100)
		w.trip.Saga.Journey.Via = []trip.Waypoint{{Point: by, StayMinutes: stay}}
		w.w.Changed(w.trip)
		w.drive(60, true)
		if (len(w.alerts) > 0) != late || late && w.alerts[0].Code != charging.CodeTooLate {
			t.Errorf("stays %.0f min: %+v", stay, w.alerts)
		}
	}
}
