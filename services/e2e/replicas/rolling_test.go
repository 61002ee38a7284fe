package replicas

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
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
	if long() {
		callers, times = 16, 5
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	booked, repeated := 0, 0
	for c := range callers {
		id := fmt.Sprintf("EV-%d", c)
		d := w.at(w.companies["MAR"].url, id, w.register(w.companies["MAR"].servers[0], id))
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				k := 6 * n
				got, repeats, err := d.patient(fmt.Sprint(c, "-", n), w.stop(evse("MAR", 1+c), k), w.stop(evse("SER", 1+c), k+1), w.stop(evse("CAJ", 1+c), k+2))
				mu.Lock()
				repeated += repeats
				if booked++; err != nil || got.State != trip.Confirmed {
					t.Errorf("trip %d of %s: %v, %s %+v", n, id, err, got.State, got.Problem)
				}
				mu.Unlock()
			}
		})
	}
	for range times {
		for _, id := range []string{"MAR", "MAR", "SER", "CAJ"} {
			w.replace(id)
		}
	}
	close(stop)
	wg.Wait()
	t.Logf("%d trips, %d requests repeated, while %d servers were replaced", booked, repeated, 4*times)
	if booked < callers {
		t.Errorf("only %d trips", booked)
	}
	var open []trip.Trip
	for _, s := range []trip.State{trip.Reserving, trip.Confirming, trip.Compensating, trip.AwaitingDecision} {
		w.client(w.companies["MAR"].servers[2], "operator", secret).get("/api/v1/trips?state="+string(s), &open)
		if len(open) != 0 {
			t.Errorf("%d trips are %s", len(open), s)
		}
	}
	for _, c := range w.companies {
		for id, kind := range c.held(t) {
			if kind != "R" {
				t.Errorf("%s: reservation %s is left as %s", c.id, id, kind)
			}
		}
	}
}

// replace starts a new server of a company and ends its oldest.
func (w *world) replace(id string) {
	w.t.Helper()
	c := w.companies[id]
	w.known(w.add(id))
	for _, s := range c.servers {
		select {
		case <-s.ended:
			continue
		default:
		}
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
		break
	}
	c.front.set(c.urls()...)
}
