package events

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func publish(h *Hub, n int) {
	for range n {
		h.Publish(trip.EventTrip, time.Unix(0, 0), "EV-0001", "t", map[string]int{"n": n})
	}
}

func TestSubscriberSeesEventsInOrder(t *testing.T) {
	h := NewHub(4)
	s := h.Subscribe(t.Context(), 0, Filter{})
	publish(h, 3)
	for want := uint64(1); want <= 3; want++ {
		if e := <-s.C(); e.ID != want {
			t.Fatalf("event %d, want %d", e.ID, want)
		}
	}
}

func TestResume(t *testing.T) {
	h := NewHub(4)
	publish(h, 6) // the ring holds 3…6
	for _, c := range []struct {
		after  uint64
		first  uint64
		count  int
		missed bool
	}{
		{4, 5, 2, false},
		{2, 3, 4, false},
		{1, 3, 4, true},
		{99, 3, 4, true},
	} {
		s := h.Subscribe(t.Context(), c.after, Filter{})
		if s.Missed != c.missed || len(s.C()) != c.count {
			t.Fatalf("after %d: missed %v, %d events; want %v, %d", c.after, s.Missed, len(s.C()), c.missed, c.count)
		}
		if e := <-s.C(); e.ID != c.first {
			t.Errorf("after %d: first is %d, want %d", c.after, e.ID, c.first)
		}
	}
}

// A reader that comes from another server, or another life, has missed
// something, whichever of the two began first.
func TestResumeElsewhere(t *testing.T) {
	now := time.Now()
	first, second := NewHubAt(now, 4), NewHubAt(now.Add(time.Second), 4)
	for _, h := range []*Hub{first, second} {
		publish(h, 3)
	}
	for name, c := range map[string]struct{ from, to *Hub }{"to the younger": {first, second}, "to the older": {second, first}} {
		if s := c.to.Subscribe(t.Context(), c.from.last, Filter{}); !s.Missed {
			t.Errorf("%s: nothing missed", name)
		}
		if s := c.to.Subscribe(t.Context(), c.to.last-1, Filter{}); s.Missed || len(s.C()) != 1 {
			t.Errorf("%s: its own id: missed %v, %d events", name, s.Missed, len(s.C()))
		}
	}
}

func TestSlowSubscriberIsDroppedAndNobodyWaits(t *testing.T) {
	h := NewHub(2)
	slow, quick := h.Subscribe(t.Context(), 0, Filter{}), h.Subscribe(t.Context(), 0, Filter{})
	for range subscriberBuffer + 3 {
		publish(h, 1)
		<-quick.C()
	}
	n := 0
	for range slow.C() { // ends: it was closed
		n++
	}
	if subs, lagged := h.Stats(); subs != 1 || lagged != 1 || n == 0 {
		t.Fatalf("%d subscribers, %d lagged, slow one read %d", subs, lagged, n)
	}
}

func TestContextAndCloseEndSubscriptions(t *testing.T) {
	h := NewHub(0)
	ctx, cancel := context.WithCancel(t.Context())
	a, b := h.Subscribe(ctx, 0, Filter{}), h.Subscribe(t.Context(), 0, Filter{})
	cancel()
	if _, ok := <-a.C(); ok {
		t.Error("an ended context still delivers")
	}
	h.Close()
	if _, ok := <-b.C(); ok {
		t.Error("a closed hub still delivers")
	}
	publish(h, 1)
	if _, ok := <-h.Subscribe(t.Context(), 0, Filter{}).C(); ok {
		t.Error("a closed hub took a subscriber")
	}
}

// TestAVehiclesReaderHearsItsOwn, and resets, as they come and when it catches up; the
// others fill nothing of its buffer.
func TestAVehiclesReaderHearsItsOwn(t *testing.T) {
	h := NewHub(8)
	say := func(kind trip.EventType, v charging.VehicleID) { h.Publish(kind, time.Now(), v, "", nil) }
	say(trip.EventTrip, "EV-1")
	first := h.last
	say(trip.EventTrip, "EV-2")
	say(trip.EventTrip, "EV-1")
	late, live := h.Subscribe(t.Context(), first, Filter{Only: "EV-1"}), h.Subscribe(t.Context(), 0, Filter{Only: "EV-1"})
	for range 10 * (subscriberBuffer + 8) {
		say(trip.EventTrip, "EV-2")
	}
	say(trip.EventTrip, "EV-1")
	say(trip.EventReset, "")
	for name, want := range map[*Subscription]int{late: 3, live: 2} {
		if got := len(name.C()); got != want {
			t.Errorf("%d events, want %d", got, want)
		}
	}
	if _, lagged := h.Stats(); lagged != 0 {
		t.Errorf("%d were dropped for what others do", lagged)
	}
}

// What another company tells of a vehicle is for its readers who follow it everywhere:
// not for the operator, nor for a company that reads for it, nor for others; it is
// resumed under this hub's ids.
func TestImportedEvents(t *testing.T) {
	h := NewHub(0)
	first := h.Last()
	h.Publish(trip.EventTrip, time.Now(), "EV-0001", "", 1)
	readers := map[string]*Subscription{
		"operator": h.Subscribe(t.Context(), 0, Filter{Only: ""}), "company": h.Subscribe(t.Context(), 0, Filter{Only: "EV-0001"}),
		"other": h.Subscribe(t.Context(), 0, Filter{Only: "EV-0002", Everywhere: true}), "own": h.Subscribe(t.Context(), 0, Filter{Only: "EV-0001", Everywhere: true}), "nobody": h.Subscribe(t.Context(), 0, Filter{Only: "", Everywhere: true}),
	}
	h.Import(trip.Event{ID: 99, Type: trip.EventTrip, VehicleID: "EV-0001", Data: []byte(`{"a":1}`)})
	for name, r := range readers {
		if got := len(r.C()); got != map[bool]int{true: 1}[name == "own"] {
			t.Errorf("%s got %d", name, got)
		}
	}
	e := <-readers["own"].C()
	if e.ID != first+2 || e.ID != h.Last() || !strings.Contains(string(e.Text), `{"a":1}`) {
		t.Errorf("%s", e.Text)
	}
	if n := len(h.Subscribe(t.Context(), first+1, Filter{Only: "EV-0001", Everywhere: true}).C()); n != 1 {
		t.Errorf("resumed with %d", n)
	}
	if n := len(h.Subscribe(t.Context(), first+1, Filter{Only: "EV-0001"}).C()); n != 0 {
		t.Errorf("a company resumes with %d", n)
	}
}

// BenchmarkPublish is one event of a vehicle beside 300 streams of others.
func BenchmarkPublish(b *testing.B) {
	h := NewHub(0)
	for i := range 300 {
		h.Subscribe(b.Context(), 0, Filter{Only: charging.VehicleID("EV-" + strconv.Itoa(i))})
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Publish(trip.EventTrip, time.Time{}, "EV-1000", "", nil)
	}
}
