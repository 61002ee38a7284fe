package planner

import (
	"cmp"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// slot is a window in whole seconds since 1970, half-open.
type slot struct{ start, end int64 }

// calendar remembers what Free said, for one search.
type calendar struct {
	free  Free
	known map[charging.EVSEID][]slot
	all   []slot // the room of known
}

func newCalendar(free Free) *calendar {
	return &calendar{free: free, known: map[charging.EVSEID][]slot{}}
}

// slots of an EVSE; a window's start is rounded up to a whole second, its end down.
func (c *calendar) slots(id charging.EVSEID) []slot {
	if s, ok := c.known[id]; ok {
		return s
	}
	windows := c.free(id)
	if len(windows) > cap(c.all)-len(c.all) {
		c.all = make([]slot, 0, max(1024, len(windows)))
	}
	start := len(c.all)
	for _, w := range windows {
		c.all = append(c.all, slot{ceilSecond(w.Start), w.End.Unix()})
	}
	s := c.all[start:len(c.all):len(c.all)]
	c.known[id] = s
	return s
}

func ceilSecond(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// earliest is the first start from a time on at which an EVSE is free for so long.
func (c *calendar) earliest(id charging.EVSEID, from, seconds int64) (start int64, ok bool) {
	if c.free == nil {
		return from, true
	}
	at, ok := fit(c.slots(id), from, seconds)
	return max(at.start, from), ok
}

// fit is the first slot with room for so long from a time on, no later than MaxWait.
func fit(slots []slot, from, seconds int64) (slot, bool) {
	i, _ := slices.BinarySearchFunc(slots, from+seconds, func(s slot, end int64) int { return cmp.Compare(s.end, end) })
	for ; i < len(slots) && slots[i].start-from <= int64(MaxWait/time.Second); i++ {
		if s := slots[i]; max(s.start, from)+seconds <= s.end {
			return s, true
		}
	}
	return slot{}, false
}

// first is the EVSE of a class that is free first.
func (c *calendar) first(k class, from, seconds int64) (id charging.EVSEID, start int64, ok bool) {
	for _, e := range k.evses {
		if at, free := c.earliest(e, from, seconds); free && (!ok || at < start) {
			id, start, ok = e, at, true
			if start == from {
				break
			}
		}
	}
	return id, start, ok
}

// without cuts a window out of disjoint ones.
func without(windows []charging.Window, w charging.Window) []charging.Window {
	var left []charging.Window
	for _, f := range windows {
		if !f.Overlaps(w) {
			left = append(left, f)
			continue
		}
		if f.Start.Before(w.Start) {
			left = append(left, charging.Window{Start: f.Start, End: w.Start})
		}
		if w.End.Before(f.End) {
			left = append(left, charging.Window{Start: w.End, End: f.End})
		}
	}
	return left
}

// with merges a window into disjoint ones.
func with(windows []charging.Window, w charging.Window) []charging.Window {
	var merged []charging.Window
	for _, f := range windows {
		if f.End.Before(w.Start) || w.End.Before(f.Start) {
			merged = append(merged, f)
			continue
		}
		if f.Start.Before(w.Start) {
			w.Start = f.Start
		}
		if f.End.After(w.End) {
			w.End = f.End
		}
	}
	merged = append(merged, w)
	slices.SortFunc(merged, func(a, b charging.Window) int { return a.Start.Compare(b.Start) })
	return merged
}
