package frames

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
)

// told is a frame as a reader understands it.
type told struct {
	Seq      uint64
	Full     bool
	Vehicles []struct {
		I       int
		Vehicle charging.VehicleID `json:"vehicle_id"`
		Trip    charging.TripID    `json:"trip_id"`
	}
	Cars [][5]float64
	Gone []int
}

// screen is what a reader makes of its frames: vehicle → place, and its trip.
type screen struct {
	t       *testing.T
	seq     uint64
	names   map[int]charging.VehicleID
	trips   map[charging.VehicleID]charging.TripID
	at      map[charging.VehicleID][5]float64
	full, n int
}

func newScreen(t *testing.T) *screen {
	return &screen{t: t, names: map[int]charging.VehicleID{}, trips: map[charging.VehicleID]charging.TripID{}, at: map[charging.VehicleID][5]float64{}}
}

func (s *screen) take(items []*events.Item) {
	s.t.Helper()
	for _, item := range items {
		_, data, _ := strings.Cut(string(item.Text), "data: ")
		var e trip.Event
		if err := json.Unmarshal([]byte(data), &e); err != nil || e.Type != trip.EventCars {
			s.t.Fatalf("%v: %s", err, item.Text)
		}
		s.show(e.Data)
	}
}

func (s *screen) show(raw []byte) {
	s.t.Helper()
	var f told
	if err := json.Unmarshal(raw, &f); err != nil {
		s.t.Fatalf("%v: %s", err, raw)
	}
	if s.n++; f.Full {
		s.full++
		clear(s.names)
		clear(s.at)
		clear(s.trips)
	} else if f.Seq != s.seq+1 {
		s.t.Fatalf("frame %d after %d", f.Seq, s.seq)
	}
	s.seq = f.Seq
	for _, v := range f.Vehicles {
		s.names[v.I], s.trips[v.Vehicle] = v.Vehicle, v.Trip
	}
	for _, row := range f.Cars {
		id, ok := s.names[int(row[0])]
		if !ok {
			s.t.Fatalf("row %v of nobody", row)
		}
		s.at[id] = row
	}
	for _, n := range f.Gone {
		delete(s.at, s.names[n])
		delete(s.names, n)
	}
}

func car(n int, lat float64) Car {
	return Car{Vehicle: charging.VehicleID(fmt.Sprintf("EV-%04d", n)), At: geo.Point{Lat: lat, Lon: -35}, SoC: 0.5, SpeedKMH: 80}
}

// TestReadersOfAViewShareItsFrames: encoded once whoever reads, and every one of them
// knows after any frames what is true, also the one that comes late or falls behind.
// Frames for each reader, or a delta to one who lacks its base, would fail it.
func TestReadersOfAViewShareItsFrames(t *testing.T) {
	c := New()
	for n := range 200 {
		c.Hear(car(n, -7))
	}
	c.frame(time.Now())
	var readers []*Reader
	var screens []*screen
	for range 500 {
		readers, screens = append(readers, c.Watch("", nil)), append(screens, newScreen(t))
	}
	for i, r := range readers {
		screens[i].take(r.Take())
	}
	v := readers[0].view
	if len(c.views) != 1 || v.encoded != 1 {
		t.Fatalf("%d views, %d frames encoded for 500 readers", len(c.views), v.encoded)
	}
	for round := range 20 {
		for n := range 200 {
			c.Hear(car(n, -7-float64(round)/100))
		}
		c.frame(time.Now())
		for i, r := range readers {
			if i > 0 && (i != 1 || round%3 == 0) { // 0 takes none, 1 each third
				items := r.Take()
				if i > 2 && &items[0].Text[0] != &v.last[len(v.last)-1].Text[0] {
					t.Fatal("a reader has bytes of its own")
				}
				screens[i].take(items)
			}
		}
	}
	screens[0].take(readers[0].Take())
	screens[1].take(readers[1].Take())
	if v.encoded != 1+20+1 { // the first full one, a frame a round, a full one for the last
		t.Errorf("%d frames were encoded", v.encoded)
	}
	for i, s := range screens {
		if len(s.at) != 200 || s.at["EV-0007"][1] != -7.19 {
			t.Errorf("reader %d: %d cars, %v", i, len(s.at), s.at["EV-0007"])
		}
	}
	if screens[0].full != 2 || screens[1].full != 1 || screens[2].full != 1 {
		t.Errorf("full frames: %d, %d, %d", screens[0].full, screens[1].full, screens[2].full)
	}
}

// TestWhatAViewShows: a vehicle itself alone, a box what is in it, a car with its trip,
// and one that left or fell silent no more.
func TestWhatAViewShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		c.Changed(trip.Trip{ID: "t1", VehicleID: "EV-0001", State: trip.Confirmed})
		c.Hear(car(1, -7.1))
		c.Hear(car(2, -9))
		box, _ := geo.ParseBox("-35.2,-7.2,-34.8,-7.05")
		near, same := c.Watch("", []geo.Box{box}), c.Watch("", []geo.Box{{West: -35.1, South: -7.2, East: -34.9, North: -7.01}})
		own, all := c.Watch("EV-0002", nil), c.Watch("", nil)
		if near.view != same.view || len(c.views) != 3 {
			t.Errorf("%d views; boxes that are much the same share one", len(c.views))
		}
		screens := map[*Reader]*screen{near: newScreen(t), own: newScreen(t), all: newScreen(t)}
		check := func(when string, want map[*Reader]int) {
			t.Helper()
			c.frame(time.Now())
			for r, s := range screens {
				s.take(r.Take())
				if len(s.at) != want[r] {
					t.Errorf("%s: %v", when, s.at)
				}
			}
		}
		check("at first", map[*Reader]int{near: 1, own: 1, all: 2})
		if screens[near].trips["EV-0001"] != "t1" || screens[own].at["EV-0002"] != [5]float64{0, -9, -35, 0.5, 80} {
			t.Errorf("%v %v", screens[near].trips, screens[own].at)
		}
		c.Hear(car(1, -8))
		c.Hear(car(2, -7.1))
		c.Changed(trip.Trip{ID: "t1", VehicleID: "EV-0001", State: trip.Canceled})
		check("one left the box and one came", map[*Reader]int{near: 1, own: 1, all: 2})
		if screens[near].at["EV-0002"][1] != -7.1 || screens[all].trips["EV-0001"] != "" {
			t.Errorf("%v %v", screens[near].at, screens[all].trips)
		}
		time.Sleep(silent - time.Second)
		c.Hear(car(1, -8))
		time.Sleep(2 * time.Second)
		check("one is silent", map[*Reader]int{near: 0, own: 0, all: 1})
		for r := range screens {
			r.Close()
		}
		same.Close()
		if len(c.views) != 0 || c.Count() != 1 {
			t.Errorf("%d views are left, %d cars", len(c.views), c.Count())
		}
	})
}

// TestAnIdleViewIsQuiet: nobody is woken while nothing changes.
func TestAnIdleViewIsQuiet(t *testing.T) {
	c := New()
	c.Hear(car(1, -7))
	c.frame(time.Now())
	r := c.Watch("", nil)
	s := newScreen(t)
	s.show(r.Full())
	for range 3 {
		c.frame(time.Now())
	}
	if got := r.Take(); len(r.C()) != 0 || len(got) != 0 || len(s.at) != 1 {
		t.Errorf("woken %d times, %d frames", len(r.C()), len(got))
	}
}
