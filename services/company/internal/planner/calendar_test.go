package planner

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func minutes(pairs ...int64) []charging.Window {
	var windows []charging.Window
	for i := 0; i < len(pairs); i += 2 {
		windows = append(windows, charging.NewWindow(time.Unix(60*pairs[i], 0), time.Unix(60*pairs[i+1], 0)))
	}
	return windows
}

func TestEarliest(t *testing.T) {
	c := newCalendar(func(charging.EVSEID) []charging.Window { return minutes(10, 20, 30, 60, 5000, 6000) })
	tests := []struct {
		from, length, want int64 // minutes; −1: never
	}{
		{0, 10, 10},
		{10, 10, 10},
		{11, 10, 30},
		{0, 30, 30},
		{31, 30, -1}, // the next gap is more than a day away
		{55, 5, 55},
		{4000, 60, 5000},
		{5990, 11, -1},
	}
	for _, tt := range tests {
		got, ok := c.earliest("x", 60*tt.from, 60*tt.length)
		if ok != (tt.want >= 0) || ok && got != 60*tt.want {
			t.Errorf("from %d for %d: %d min, %v, want %d", tt.from, tt.length, got/60, ok, tt.want)
		}
	}
	if at, ok := newCalendar(nil).earliest("x", 7, 1e6); !ok || at != 7 {
		t.Errorf("without calendars: %d, %v", at, ok)
	}
}

func TestEarliestKeepsToWholeSeconds(t *testing.T) {
	half := time.Unix(100, 5e8)
	c := newCalendar(func(charging.EVSEID) []charging.Window {
		return []charging.Window{{Start: half, End: half.Add(time.Hour)}}
	})
	if at, ok := c.earliest("x", 0, 3599); !ok || at != 101 {
		t.Errorf("starts at %d, %v, want 101", at, ok)
	}
	if _, ok := c.earliest("x", 0, 3600); ok {
		t.Error("an hour fits into whole seconds of an hour that starts half a second late")
	}
}

func TestWithAndWithout(t *testing.T) {
	free := minutes(0, 10, 20, 30, 40, 50)
	tests := []struct {
		name      string
		got, want []charging.Window
	}{
		{"the middle of one", without(free, minutes(22, 25)[0]), minutes(0, 10, 20, 22, 25, 30, 40, 50)},
		{"over several", without(free, minutes(5, 45)[0]), minutes(0, 5, 45, 50)},
		{"all", without(free, minutes(-5, 99)[0]), nil},
		{"what is not free anyway", without(free, minutes(10, 20)[0]), free},
		{"a bridge", with(free, minutes(10, 20)[0]), minutes(0, 30, 40, 50)},
		{"an island", with(free, minutes(33, 35)[0]), minutes(0, 10, 20, 30, 33, 35, 40, 50)},
		{"into nothing", with(nil, minutes(1, 2)[0]), minutes(1, 2)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if len(tt.got) != len(tt.want) {
				t.Fatalf("%v, want %v", tt.got, tt.want)
			}
			for i := range tt.got {
				if !tt.got[i].Equal(tt.want[i]) {
					t.Errorf("%v, want %v", tt.got, tt.want)
				}
			}
		})
	}
}
