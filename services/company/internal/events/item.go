package events

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/instants"
)

// Item is an event as all its readers get it: server-sent, encoded once. It must not be
// changed.
type Item struct {
	ID   uint64
	Type trip.EventType
	Text []byte
}

// Encode makes an item of an event; one with ID 0 does not change from where a stream
// resumes. The error is of data that has no JSON form.
func Encode(e trip.Event) (*Item, error) {
	raw, err := json.Marshal(e) // one line: JSON escapes line ends
	if err != nil {
		return nil, err
	}
	var text []byte
	if e.ID > 0 {
		text = append(strconv.AppendUint(append(text, "id: "...), e.ID, 10), '\n')
	}
	text = append(append(append(text, "event: "...), e.Type...), "\ndata: "...)
	text = append(append(text, instants.Millis(raw)...), "\n\n"...)
	return &Item{ID: e.ID, Type: e.Type, Text: text}, nil
}

// Plain are the types of a reader that chooses none: those that there were before one
// could choose.
var Plain = []trip.EventType{
	trip.EventTrip, trip.EventReservation, trip.EventCar, trip.EventPeer, trip.EventCompany, trip.EventCalendar, trip.EventAudit, trip.EventMessage,
}

// Filter is what a reader wants; a reset is for all.
type Filter struct {
	// Only is the vehicle whose events are wanted; empty is everybody's.
	Only charging.VehicleID
	// Types that are wanted; nil is Plain.
	Types []trip.EventType
	// Boxes are where cars are wanted; none is everywhere.
	Boxes []geo.Box
	// Everywhere is for a vehicle that is followed everywhere: with what is imported.
	Everywhere bool
}

// wants reports whether an event is for the reader. Nobody is woken for what others do:
// there may be many readers.
func (f Filter) wants(r *record) bool {
	if r.foreign && !(f.Everywhere && f.Only != "" && r.event.VehicleID == f.Only) {
		return false
	}
	if r.event.Type == trip.EventReset {
		return true
	}
	if f.Only != "" && r.event.VehicleID != f.Only {
		return false
	}
	types := f.Types
	if types == nil {
		types = Plain
	}
	for _, kind := range types {
		if kind == r.event.Type {
			return r.at == nil || f.Covers(*r.at)
		}
	}
	return false
}

// Covers reports whether a place is among the boxes, or there are none.
func (f Filter) Covers(p geo.Point) bool {
	for _, b := range f.Boxes {
		if b.Contains(p) {
			return true
		}
	}
	return len(f.Boxes) == 0
}

// record is an event whose data has no JSON form yet: most events are read by nobody.
type record struct {
	event trip.Event
	at    *geo.Point // where, for what is somewhere
	// foreign is one that another company has told of its vehicle.
	foreign bool
	data    any // until it has been encoded, or tried to be
	item    *Item
	tried   bool
}

// encoded is the event in its readers' form; nil for data that has none, which then has
// no reader either.
func (r *record) encoded() *Item {
	if r.tried {
		return r.item
	}
	e := r.event
	raw, err := json.Marshal(r.data)
	r.tried, r.data = true, nil
	if err != nil {
		return nil
	}
	e.Data = raw
	r.item, _ = Encode(e) // nil where it cannot be
	return r.item
}

func newRecord(id uint64, kind trip.EventType, at time.Time, v charging.VehicleID, t charging.TripID, data any) *record {
	return &record{event: trip.Event{ID: id, Type: kind, At: at.UTC(), VehicleID: v, TripID: t}, data: data}
}
