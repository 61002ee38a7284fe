package trip

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// whole is a trip of which every field is set, and every list has two elements
// of their own.
func whole() Trip {
	var t Trip
	n := int64(0)
	fill(reflect.ValueOf(&t).Elem(), &n)
	return t
}

func fill(v reflect.Value, n *int64) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(1_800_000_000+*n, 0).UTC()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
				fill(v.Field(i), n)
			}
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprint("s", *n))
	case v.CanInt():
		v.SetInt(*n)
	case v.CanFloat():
		v.SetFloat(float64(*n) / 4)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	default:
		panic("a trip has a field that this test cannot set: " + v.Type().String())
	}
}

func tree(t interface{ Fatal(...any) }, doc []byte) map[string]any {
	var m map[string]any
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func encoded(t interface{ Fatal(...any) }, tr Trip) []byte {
	doc, err := tr.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func decoded(t interface{ Fatal(...any) }, doc []byte) Trip {
	tr, err := Decode(string(doc))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// inject puts unknown fields into the objects that choose picks.
func inject(v any, path string, choose func(path string) any) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			inject(e, fmt.Sprintf("%s[%d]", path, i), choose)
		}
	case map[string]any:
		for name, e := range v {
			inject(e, path+"."+name, choose)
		}
		if value := choose(path); value != nil {
			v["new_in_9"], v["leg_s"] = value, value
		}
	}
}

// Shows a server that drops or moves what a newer one has written: unknown
// fields in any object of a record are where they were after any number of
// writes, and every known field is as it is without them.
func TestUnknownFieldsSurviveEveryWrite(t *testing.T) {
	plain := encoded(t, whole())
	if got := decoded(t, plain); got.foreign != nil || !reflect.DeepEqual(got, whole()) {
		t.Fatalf("a record of this version does not come back as it was:\n%+v\n%+v", got, whole())
	}
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Bool().Draw(t, "everywhere")
		values := rapid.SampledFrom([]any{1.5, "x<y", false, []any{"a", map[string]any{"leg": 1.0}}, map[string]any{"reservation_id": "r"}})
		want := tree(t, plain)
		inject(want, "", func(path string) any {
			if all || rapid.IntRange(0, 9).Draw(t, path) == 0 {
				return values.Draw(t, path)
			}
			return nil
		})
		doc, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			doc = encoded(t, decoded(t, doc).Clone())
		}
		if got := tree(t, doc); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

// Shows unknown fields that stay with a place instead of what they were about.
func TestUnknownFieldsGoWithTheirObject(t *testing.T) {
	m := tree(t, encoded(t, whole()))
	inject(m, "", func(path string) any { return path })
	doc, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	tr := decoded(t, doc)
	tr.Legs = []Leg{tr.Legs[1], {Leg: 9, ReservationID: "new"}}
	tr.Legs[0].State, tr.Legs[0].Attempts = charging.Reserved, 77
	tr.Answered(tr.Decisions[0].Leg)
	tr.Saga.Abandoned = tr.Saga.Abandoned[1:]
	tr.Saga.Shift = &Shift{Phase: ShiftTake, Takes: []Take{{Leg: Leg{Leg: 1, ReservationID: "another"}}}}
	tr.Saga.Stuck = nil
	tr.Legs[0].Session.EnergyKWh = 3
	got := tree(t, encoded(t, tr))
	saga, legs := got["saga"].(map[string]any), got["legs"].([]any)
	for _, c := range []struct {
		what string
		in   any
		want any
	}{
		{"the trip", got, ""},
		{"the second leg, now the first", legs[0], ".legs[1]"},
		{"its session, changed", legs[0].(map[string]any)["session"], ".legs[1].session"},
		{"a new leg", legs[1], nil},
		{"the question that is left", got["decisions"].([]any)[0], ".decisions[1]"},
		{"the first question, another than it was", got["decision"], nil},
		{"the abandoned id that is left", saga["abandoned"].([]any)[0], ".saga.abandoned[1]"},
		{"a shift of other stops", saga["shift"], nil},
		{"the journey", saga["journey"], ".saga.journey"},
	} {
		if is := c.in.(map[string]any)["new_in_9"]; is != c.want {
			t.Errorf("%s has %v, want %v", c.what, is, c.want)
		}
	}
	if _, there := saga["stuck"]; there {
		t.Error("what is over is there again, for the sake of its unknown fields")
	}
	if legs[0].(map[string]any)["attempts"] != 77.0 {
		t.Error("a known field is not as it was written")
	}
}

// Shows an unknown field that comes to stand before a known one of its name.
func TestKnownFieldsWin(t *testing.T) {
	tr := decoded(t, []byte(`{"trip_id":"t","LEGS":[{"leg":1,"Fence":3,"x":1}],"legs_":0,"version":0}`))
	if len(tr.Legs) != 1 || tr.Legs[0].Fence != 3 {
		t.Fatalf("%+v", tr)
	}
	tr.Legs[0].Fence = 4
	got := string(encoded(t, tr))
	if strings.Contains(got, "LEGS") || strings.Contains(got, "Fence") || !strings.Contains(got, `"fence":4`) || !strings.Contains(got, `"x":1`) {
		t.Error(got)
	}
}

// Shows a server that lowers the version of a newer one's record, or writes none.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		doc  string
		want int
	}{
		{`{"trip_id":"t"}`, Version},
		{`{"trip_id":"t","version":0,"x":1}`, Version},
		{`{"trip_id":"t","version":7}`, 7},
		{`{"trip_id":"t","version":7,"x":1}`, 7},
	} {
		doc := []byte(c.doc)
		for range 2 {
			doc = encoded(t, decoded(t, doc).Clone())
		}
		if got := tree(t, doc); got["version"] != float64(c.want) || got["x"] != tree(t, []byte(c.doc))["x"] {
			t.Errorf("%s becomes %s", c.doc, doc)
		}
	}
	if got := tree(t, encoded(t, Trip{}))["version"]; got != float64(Version) {
		t.Errorf("a new trip's record has version %v", got)
	}
}

// Shows what a driver must never see: a record's own fields in the public form.
func TestPublicFormHasNoUnknownFields(t *testing.T) {
	tr := decoded(t, []byte(`{"trip_id":"t","version":7,"secret":1,"legs":[{"leg":1,"secret":2}],"saga":{"secret":3}}`))
	for _, shown := range []Trip{tr, tr.Public(), tr.Public().Clone()} {
		doc, err := json.Marshal(shown)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(doc, []byte("secret")) || bytes.Contains(doc, []byte("version")) {
			t.Errorf("%s", doc)
		}
	}
	if doc := encoded(t, tr.Public()); bytes.Contains(doc, []byte("secret")) {
		t.Errorf("the public trip still carries %s", doc)
	}
}

// Shows a question of version 0 that nobody could answer.
func TestVersionZeroHasOneQuestion(t *testing.T) {
	tr := decoded(t, []byte(`{"trip_id":"t","decision":{"leg":2,"code":"SLOT_TAKEN","x":1}}`))
	if q := tr.Question(2); q == nil || tr.Decision.Leg != 2 {
		t.Errorf("%+v", tr)
	}
}

func TestUnreadableRecords(t *testing.T) {
	for _, doc := range []string{``, `{`, `[]`, `{"legs":3}`, `{"legs":3,"x":1}`, `{"trip_id":"t"}}`, `{"trip_id":"t"}{}`} {
		if tr, err := Decode(doc); err == nil {
			t.Errorf("%s is read as %+v", doc, tr)
		}
	}
}

// Whatever is readable is written, and then stays as it is.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"trip_id":"t","version":3,"y":{"legs":[]},"legs":[{"leg":1,"x":1},{"leg":1,"x":2},null],"saga":{"shift":{"takes":[{"leg":{"z":1}}]},"x":null}}`))
	f.Add([]byte(`{"Legs":[{"leg":1,"x":1}],"legs":[{"LEG":2,"x":2}],"decision":{"leg":1,"q":0},"decisions":null}`))
	f.Add(encoded(f, whole()))
	f.Fuzz(func(t *testing.T, doc []byte) {
		tr, err := Decode(string(doc))
		if err != nil {
			return
		}
		once := encoded(t, tr)
		if twice := encoded(t, decoded(t, once)); !reflect.DeepEqual(tree(t, once), tree(t, twice)) {
			t.Errorf("%s\nis written as %s\nand then as    %s", doc, once, twice)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	tr := whole()
	doc := encoded(b, tr)
	m := tree(b, doc)
	inject(m, "", func(string) any { return "x" })
	newer, err := json.Marshal(m)
	if err != nil {
		b.Fatal(err)
	}
	text, odd := string(doc), string(newer)
	for name, f := range map[string]func() error{
		"encode":           func() error { _, err := tr.Encode(); return err },
		"encode, plain":    func() error { _, err := json.Marshal(tr); return err },
		"decode":           func() error { _, err := Decode(text); return err },
		"decode, plain":    func() error { var t Trip; return json.Unmarshal([]byte(text), &t) },
		"decode, all over": func() error { _, err := Decode(odd); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
