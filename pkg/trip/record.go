package trip

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Version of the records that Encode writes. Records without one are of version
// 0, which had one question per trip.
const Version = 1

// record is a trip as it is kept: its JSON form, and the version of its writer.
type record struct {
	Version int `json:"version"`
	*Trip
}

// Encode gives the trip's record. What Decode has found in it and this version
// does not know is in it again, and a version newer than this one stays
// (docs/adr/0013-records-and-lists.md). Only records have these: a trip's plain JSON form does not.
func (t Trip) Encode() ([]byte, error) {
	doc, err := json.Marshal(record{t.foreign.atLeast(Version), &t})
	if err != nil || t.foreign == nil {
		return doc, err
	}
	return t.foreign.into(doc)
}

// Decode reads a trip's record, of whichever version.
func Decode(doc string) (Trip, error) {
	r := record{Trip: &Trip{}}
	if !decodeKnown(doc, &r) {
		r = record{Trip: &Trip{}}
		if err := json.Unmarshal([]byte(doc), &r); err != nil {
			return Trip{}, fmt.Errorf("a trip's record is not readable: %w", err)
		}
		r.foreign = &foreign{of: capture([]byte(doc), known)}
	}
	if r.Version > Version {
		if r.foreign == nil {
			r.foreign = &foreign{}
		}
		r.foreign.version = r.Version
	}
	if r.Version == 0 {
		r.Trip.upgrade()
	}
	return *r.Trip, nil
}

// strict reads JSON without unknown fields. It is used again after a success,
// because its buffer costs as much as a record.
type strict struct {
	from strings.Reader
	json *json.Decoder
}

var stricts = sync.Pool{New: func() any {
	s := &strict{}
	s.json = json.NewDecoder(&s.from)
	s.json.DisallowUnknownFields()
	return s
}}

// decodeKnown reads a record that has nothing unknown; false for any other.
func decodeKnown(doc string, r *record) bool {
	s, _ := stricts.Get().(*strict)
	s.from.Reset(doc)
	if s.json.Decode(r) != nil {
		return false
	}
	if n, err := s.json.Buffered().Read(make([]byte, 1)); s.from.Len() > 0 || n > 0 || err != io.EOF {
		return false
	}
	stricts.Put(s)
	return true
}
