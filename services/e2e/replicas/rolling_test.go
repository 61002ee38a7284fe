package replicas

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// patient books until it is answered, as an app does behind a load balancer: it
// repeats with the same key what was refused for now or not answered, and looks
// at the trip until it has come to its end.
func (d driver) patient(key string, stops ...stopAt) (got trip.Trip, repeats int, err error) {
	d = d.with("Idempotency-Key", key).with("Prefer", "wait=20")
	body := map[string]any{"vehicle_id": d.user, "stops": stops, "on_conflict": trip.Abort}
	ends := time.Now().Add(90 * time.Second)
	method, path := "POST", "/api/v1/trips"
	for ; ; repeats++ {
		status, p, err := d.try(method, path, body, &got)
		again := err != nil || status == 429 || status == 502 || status == 503
		switch {
		case !again && status >= 300:
			return got, repeats, fmt.Errorf("%s %s: %d %+v", method, path, status, p)
		case !again && got.State.Settled():
			return got, repeats, nil
		case time.Now().After(ends):
			return got, repeats, fmt.Errorf("%s %s: no end after %d tries: %d %+v %w", method, path, repeats, status, p, err)
		case !again:
			method, path, body = "GET", "/api/v1/trips/"+string(got.ID), nil
		default:
			<-time.After(50 * time.Millisecond)
		}
	}
}

// Every server of every company is replaced, one after the other, under load:
// each trip is booked, none fails because of it.
func TestRollingRestart(t *testing.T) {
	w := newWorld(t, map[string]int{"MAR": 2})
	callers, times := 6, 1
	if program.Long() {
		callers, times = 16, 5
	}
	var order []string
	for range times {
		order = append(order, "MAR", "MAR", "SER", "CAJ")
	}
	w.rollingRestart(callers, order...)
}

// rollingRestart replaces servers while so many callers book over all companies.
func (w *world) rollingRestart(callers int, order ...string) {
	t := w.t
	l := w.load(callers, func(c, k int) []stopAt {
		return []stopAt{w.stop(evse("MAR", 5+c), k), w.stop(evse("SER", 5+c), k+1), w.stop(evse("CAJ", 5+c), k+2)}
	})
	for _, id := range order {
		w.replace(id)
	}
	l.stop()
	t.Logf("%d trips, %d requests repeated, while %d servers were replaced", len(l.said)+l.others, l.repeats, len(order))
	if l.others > 0 {
		t.Errorf("%d trips were not booked: %s", l.others, l.last)
	}
	if len(l.said) < callers {
		t.Errorf("only %d trips", len(l.said))
	}
	w.judge(l.said)
}

// replace starts a new server of a company and ends its oldest.
func (w *world) replace(id string) {
	w.t.Helper()
	c := w.companies[id]
	w.known(w.add(id))
	s := c.live()[0]
	gone := make(chan struct{})
	go func() { // it says that it goes before it does
		defer close(gone)
		for {
			resp, err := behind.Get(s.url + "/readyz")
			if err != nil {
				return
			}
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusServiceUnavailable {
				return
			}
			<-time.After(20 * time.Millisecond)
		}
	}()
	s.end(40 * time.Second)
	<-gone
	c.front.set(c.urls()...)
}
