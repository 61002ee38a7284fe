package frames

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
)

// kept is how many frames a view keeps for readers that are late.
const kept = 8

// view is what readers with the same identity and boxes see. All of it is guarded by
// Traffic.mu.
type view struct {
	key     string
	filter  events.Filter
	readers map[*Reader]struct{}

	// index numbers the vehicles in view; a number is given once in a view's life.
	index map[charging.VehicleID]*place
	next  int
	seq   uint64 // of the last frame; a view begins with 1, which is full
	last  []*events.Item
	// full and fullItem are of frame fullSeq.
	full     []byte
	fullItem *events.Item
	fullSeq  uint64
	encoded  int // frames that were encoded, for tests
}

// place is a vehicle's number in a view, and the trip that readers know it by.
type place struct {
	n    int
	trip charging.TripID
}

func newView(key string, f events.Filter, cars map[charging.VehicleID]*Car) *view {
	v := &view{key: key, filter: f, readers: map[*Reader]struct{}{}, index: map[charging.VehicleID]*place{}, seq: 1}
	for id, c := range cars {
		if v.sees(c) {
			v.admit(id, c)
		}
	}
	return v
}

func (v *view) sees(c *Car) bool {
	return c != nil && (v.filter.Only == "" || v.filter.Only == c.Vehicle) && v.filter.Covers(c.At)
}

func (v *view) admit(id charging.VehicleID, c *Car) {
	v.index[id] = &place{v.next, c.trip}
	v.next++
}

// frame makes the next frame of what has changed, if anything in view has, and wakes
// the readers.
func (v *view) frame(changed []charging.VehicleID, cars map[charging.VehicleID]*Car, now time.Time) {
	f := frame{seq: v.seq + 1}
	for _, id := range changed {
		c := cars[id]
		p := v.index[id]
		switch {
		case v.sees(c) && (p == nil || p.trip != c.trip):
			if p == nil {
				v.admit(id, c)
			}
			v.index[id].trip = c.trip
			f.name(v.index[id].n, c)
			f.row(v.index[id].n, c)
		case v.sees(c):
			f.row(p.n, c)
		case p != nil:
			delete(v.index, id)
			f.gone = append(f.gone, p.n)
		}
	}
	if f.empty() {
		return
	}
	v.seq++
	v.last = append(v.last, itemOf(f.json(), now))
	v.encoded++
	if len(v.last) > kept {
		v.last = slices.Delete(v.last, 0, len(v.last)-kept)
	}
	for r := range v.readers {
		r.bell.Ring()
	}
}

// since are the frames after a given one, or a full one where they are not there.
func (v *view) since(at uint64, cars map[charging.VehicleID]*Car) []*events.Item {
	behind := v.seq - at
	if at > 0 && behind <= uint64(len(v.last)) {
		return slices.Clone(v.last[len(v.last)-int(behind):])
	}
	v.content(cars)
	if v.fullItem == nil {
		v.fullItem = itemOf(v.full, time.Now())
	}
	return []*events.Item{v.fullItem}
}

// content is the present full frame, made once a frame. Its rows may be newer than the
// frame; then the next one repeats them.
func (v *view) content(cars map[charging.VehicleID]*Car) []byte {
	if v.fullSeq == v.seq {
		return v.full
	}
	f := frame{seq: v.seq, full: true}
	ids := make([]charging.VehicleID, 0, len(v.index))
	for id := range v.index {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b charging.VehicleID) int { return v.index[a].n - v.index[b].n })
	for _, id := range ids {
		if c := cars[id]; c != nil { // else it is gone with the next frame
			f.name(v.index[id].n, &Car{Vehicle: id, trip: v.index[id].trip})
			f.row(v.index[id].n, c)
		}
	}
	v.full, v.fullItem, v.fullSeq = f.json(), nil, v.seq
	v.encoded++
	return v.full
}

func itemOf(content []byte, now time.Time) *events.Item {
	item, err := events.Encode(trip.Event{Type: trip.EventCars, At: now.UTC(), Data: content})
	if err != nil {
		panic(err) // JSON that was made here: cannot be
	}
	return item
}

// frame is one that is being written.
type frame struct {
	seq   uint64
	full  bool
	names []byte
	rows  []byte
	gone  []int
}

func (f *frame) empty() bool { return len(f.rows) == 0 && len(f.gone) == 0 }

// name says which vehicle a number stands for, and on which trip it is.
func (f *frame) name(n int, c *Car) {
	raw, err := json.Marshal(named{n, c.Vehicle, c.trip})
	if err != nil {
		panic(err) // plain data: cannot be
	}
	f.names = comma(f.names)
	f.names = append(f.names, raw...)
}

type named struct {
	Number  int                `json:"i"`
	Vehicle charging.VehicleID `json:"vehicle_id"`
	Trip    charging.TripID    `json:"trip_id,omitempty"`
}

// row is where a car is: degrees to about a metre, charge to a thousandth, km/h.
func (f *frame) row(n int, c *Car) {
	f.rows = append(comma(f.rows), '[')
	f.rows = strconv.AppendInt(f.rows, int64(n), 10)
	for _, v := range [...]struct {
		value  float64
		digits int
	}{{c.At.Lat, 5}, {c.At.Lon, 5}, {c.SoC, 3}, {c.SpeedKMH, 0}} {
		f.rows = strconv.AppendFloat(append(f.rows, ','), v.value, 'f', v.digits, 64)
	}
	f.rows = append(f.rows, ']')
}

func comma(list []byte) []byte {
	if len(list) == 0 {
		return list
	}
	return append(list, ',')
}

func (f *frame) json() []byte {
	out := make([]byte, 0, len(f.names)+len(f.rows)+128)
	out = strconv.AppendUint(append(out, `{"seq":`...), f.seq, 10)
	out = strconv.AppendBool(append(out, `,"full":`...), f.full)
	out = append(append(out, `,"vehicles":[`...), f.names...)
	out = append(append(out, `],"cars":[`...), f.rows...)
	out = append(out, `],"gone":[`...)
	for i, n := range f.gone {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendInt(out, int64(n), 10)
	}
	return append(out, "]}"...)
}
