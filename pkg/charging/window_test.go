package charging

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestWindowValidate(t *testing.T) {
	const ahead = 7 * 24 * time.Hour
	in := func(start, length time.Duration) Window {
		return Window{Start: noon.Add(start), End: noon.Add(start + length)}
	}
	tests := []struct {
		name  string
		w     Window
		field string // "" when valid
	}{
		{"an hour from now", in(time.Hour, time.Hour), ""},
		{"beginning now", in(0, time.Hour), ""},
		{"shortest", in(time.Hour, MinWindow), ""},
		{"longest", in(time.Hour, MaxWindow), ""},
		{"seven days ahead", in(ahead, time.Hour), ""},
		{"zero", Window{}, "stops[0].start"},
		{"no end", Window{Start: noon}, "stops[0].end"},
		{"a part of a second at the start", in(time.Hour+time.Millisecond, time.Hour), "stops[0].start"},
		{"a part of a second at the end", Window{Start: noon, End: noon.Add(time.Hour + 1)}, "stops[0].end"},
		{"empty", in(time.Hour, 0), "stops[0].end"},
		{"backwards", in(time.Hour, -time.Minute), "stops[0].end"},
		{"too short", in(time.Hour, MinWindow-time.Second), "stops[0].end"},
		{"too long", in(time.Hour, MaxWindow+time.Second), "stops[0].end"},
		{"years", in(time.Hour, 3*365*24*time.Hour), "stops[0].end"},
		{"past", in(-time.Second, time.Hour), "stops[0].start"},
		{"too far ahead", in(ahead+time.Second, time.Hour), "stops[0].start"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.w.Validate(noon, ahead, "stops[0].")
			if tt.field == "" {
				if err != nil {
					t.Fatalf("Validate(%s) = %v, want nil", tt.w, err)
				}
				return
			}
			var r *Refusal
			if !errors.As(err, &r) || r.Code != CodeInvalidWindow {
				t.Fatalf("Validate(%s) = %v, want INVALID_WINDOW", tt.w, err)
			}
			if r.Fields[0].Field != tt.field {
				t.Errorf("Validate(%s) names %s, want %s", tt.w, r.Fields[0].Field, tt.field)
			}
		})
	}
}

func TestWindowIsHalfOpen(t *testing.T) {
	a := Window{Start: noon, End: noon.Add(time.Hour)}
	b := Window{Start: a.End, End: a.End.Add(time.Hour)}
	if a.Overlaps(b) || b.Overlaps(a) {
		t.Error("windows that only touch overlap")
	}
	if !a.Contains(a.Start) || a.Contains(a.End) {
		t.Error("a window must contain its start and not its end")
	}
	recife := time.FixedZone("-03", -3*3600)
	if c := NewWindow(a.Start.In(recife), a.End.In(recife)); !c.Equal(a) || c.String() != "2026-05-01T12:00:00Z/2026-05-01T13:00:00Z" {
		t.Errorf("NewWindow keeps the zone: %s", c)
	}
}

// Two windows overlap exactly when some second lies in both.
func TestOverlapsIsSharingAnInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) Window {
			s := rapid.IntRange(0, 40).Draw(t, label+" start")
			n := rapid.IntRange(1, 20).Draw(t, label+" length")
			return Window{Start: noon.Add(time.Duration(s) * time.Second), End: noon.Add(time.Duration(s+n) * time.Second)}
		}
		a, b := draw("a"), draw("b")
		shared := false
		for i := range 60 {
			at := noon.Add(time.Duration(i) * time.Second)
			shared = shared || a.Contains(at) && b.Contains(at)
		}
		if a.Overlaps(b) != shared || b.Overlaps(a) != shared {
			t.Fatalf("%s, %s: Overlaps = %v, shared second = %v", a, b, a.Overlaps(b), shared)
		}
	})
}

// FuzzWindow reads a window as a request carries it and checks that Validate
// lets nothing through that a calendar could not hold.
func FuzzWindow(f *testing.F) {
	f.Add("2026-05-01T13:00:00Z", "2026-05-01T14:00:00Z")
	f.Add("2026-05-01T13:00:00-03:00", "2026-05-01T16:30:00Z")
	f.Add("2026-05-01T13:00:00.5Z", "2026-05-01T14:00:00Z")
	f.Add("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, start, end string) {
		body, err := json.Marshal(map[string]string{"start": start, "end": end})
		if err != nil {
			t.Skip()
		}
		var w Window
		if json.Unmarshal(body, &w) != nil {
			return
		}
		w = NewWindow(w.Start, w.End)
		if err := w.Validate(noon, MaxAhead, ""); err != nil {
			if CodeOf(err) != CodeInvalidWindow {
				t.Fatalf("%s: %v is no INVALID_WINDOW", w, err)
			}
			return
		}
		if w.Start.Before(noon) || w.Duration() < MinWindow || w.Duration() > MaxWindow ||
			w.Start.Unix()*1e9 != w.Start.UnixNano() || w.End.Unix()*1e9 != w.End.UnixNano() {
			t.Fatalf("%s passed", w)
		}
		again, err := json.Marshal(w)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", w, err)
		}
		var back Window
		if err := json.Unmarshal(again, &back); err != nil || !back.Equal(w) {
			t.Fatalf("%s came back as %s (%v)", w, back, err)
		}
	})
}
