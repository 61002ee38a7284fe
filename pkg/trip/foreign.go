package trip

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"strings"
)

// foreign is what a record has that this version does not know. It is never
// changed, so copies of a trip share it; nil where there is nothing.
//
// The rule: an unknown field belongs to the object that it stands in, and is
// written where that object is written. An object of a list, and one that can be
// replaced by another of its kind, is recognised by its identity (see who); one
// that is gone has taken its unknown fields with it. What is known always wins.
type foreign struct {
	version int
	of      *object
}

// object holds the unknown fields in one JSON object and in those below it.
type object struct {
	who    string
	fields map[string]json.RawMessage
	// inner are the objects under a known name, items those of a list.
	inner map[string]*object
	items map[string]map[string]*object
}

func (f *foreign) atLeast(version int) int {
	if f == nil {
		return version
	}
	return max(version, f.version)
}

// into puts the unknown fields back into a record.
func (f *foreign) into(doc []byte) ([]byte, error) {
	if f.of == nil {
		return doc, nil
	}
	return f.of.into(doc)
}

func (o *object) into(doc []byte) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(doc, &all); err != nil {
		return nil, err
	}
	maps.Copy(all, o.fields) // of which none has a known name
	for name, in := range o.inner {
		if value, there := all[name]; there && who(value) == in.who {
			merged, err := in.into(value)
			if err != nil {
				return nil, err
			}
			all[name] = merged
		}
	}
	for name, items := range o.items {
		if value, there := all[name]; there {
			merged, err := intoList(items, value)
			if err != nil {
				return nil, err
			}
			all[name] = merged
		}
	}
	return json.Marshal(all)
}

func intoList(items map[string]*object, doc []byte) (json.RawMessage, error) {
	list := listOf(doc)
	for i, id := range whoEach(list) {
		if o := items[id]; o != nil {
			merged, err := o.into(list[i])
			if err != nil {
				return nil, err
			}
			list[i] = merged
		}
	}
	return json.Marshal(list)
}

// capture finds what a form does not know in a JSON value; nil for nothing.
func capture(doc []byte, f form) *object {
	var all map[string]json.RawMessage
	if json.Unmarshal(doc, &all) != nil {
		return nil
	}
	o := &object{who: who(doc), fields: map[string]json.RawMessage{}, inner: map[string]*object{}, items: map[string]map[string]*object{}}
	for name, value := range all {
		field, below, ok := f.find(name)
		switch {
		case !ok:
			o.fields[name] = bytes.Clone(value)
		case below == nil:
		case value[0] == '[':
			if items := captureList(value, below); len(items) > 0 {
				o.items[field] = items
			}
		default:
			if in := capture(value, below); in != nil {
				o.inner[field] = in
			}
		}
	}
	if len(o.fields)+len(o.inner)+len(o.items) == 0 {
		return nil
	}
	return o
}

func captureList(doc []byte, f form) map[string]*object {
	list, items := listOf(doc), map[string]*object{}
	for i, id := range whoEach(list) {
		if o := capture(list[i], f); o != nil {
			items[id] = o
		}
	}
	return items
}

func listOf(doc []byte) []json.RawMessage {
	var list []json.RawMessage
	_ = json.Unmarshal(doc, &list) // null, or no list: nothing
	return list
}

// identity are the fields by which objects of a trip are told from others of
// their kind: a stop, a reservation that must be released, a question and its
// alternatives, a ticket, a session, why a trip is stuck, a shift by its stops.
var identity = []string{"leg", "reservation_id", "alternative_id", "code", "granted_at", "started_at", "since", "takes"}

// nothing are the values that say as much as a field that is left out.
var nothing = map[string]bool{"": true, "null": true, `""`: true, "0": true, `"0001-01-01T00:00:00Z"`: true}

// who is an object's identity; empty for one that is known by its place alone.
func who(doc []byte) string {
	var all map[string]json.RawMessage
	if json.Unmarshal(doc, &all) != nil {
		return ""
	}
	var id strings.Builder
	for _, name := range identity {
		value := all[name]
		if nothing[string(value)] {
			continue
		}
		id.WriteString(name + "=")
		switch value[0] {
		case '{':
			id.WriteString("(" + who(value) + ")")
		case '[':
			id.WriteString("[" + strings.Join(whoEach(listOf(value)), ",") + "]")
		default:
			id.Write(value)
		}
		id.WriteByte(' ')
	}
	return id.String()
}

// whoEach is the identity of each object of a list; those with the same are
// numbered.
func whoEach(list []json.RawMessage) []string {
	ids, seen := make([]string, len(list)), map[string]int{}
	for i, doc := range list {
		id := who(doc)
		seen[id]++
		ids[i] = id + "#" + strconv.Itoa(seen[id])
	}
	return ids
}

// form is what the fields of an object are called, and the form of the objects
// under those that have some; nil for a value without fields.
type form map[string]form

// known is the form of a trip's record.
var known = formOf(reflect.TypeFor[record]())

func formOf(t reflect.Type) form {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	f := form{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			f[name] = formOf(field.Type)
		}
	}
	return f
}

// find is the known field that a name in a record means, as encoding/json reads
// it: also in other letters' case.
func (f form) find(name string) (field string, below form, ok bool) {
	if below, ok = f[name]; ok {
		return name, below, true
	}
	for field, below := range f {
		if strings.EqualFold(field, name) {
			return field, below, true
		}
	}
	return "", nil, false
}
