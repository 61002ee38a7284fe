package replicas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// driver talks REST to one server, or to a company's address.
type driver struct {
	t          *testing.T
	base       string
	user, pass string
	head       http.Header
}

var wire = &http.Client{Timeout: 90 * time.Second}

func (w *world) client(s *server, user, pass string) driver { return w.at(s.url, user, pass) }

func (w *world) at(base, user, pass string) driver {
	return driver{t: w.t, base: base, user: user, pass: pass, head: http.Header{}}
}

// register makes a vehicle known at a server; id has the company's prefix.
func (w *world) register(s *server, id string) (pass string) {
	w.t.Helper()
	var got struct {
		ID     string `json:"vehicle_id"`
		Secret string `json:"secret"`
	}
	if status, p := w.client(s, "", "").send("POST", "/api/v1/vehicles", map[string]any{"model": "byd-dolphin", "vehicle_id": id}, &got); status != http.StatusCreated {
		w.t.Fatalf("register %s: %d %+v", id, status, p)
	}
	if got.ID != id {
		w.t.Fatalf("%s is called %s", id, got.ID)
	}
	return got.Secret
}

func (d driver) with(key, value string) driver {
	d.head = d.head.Clone()
	d.head.Set(key, value)
	return d
}

type problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (d driver) send(method, path string, body, into any) (int, problem) {
	d.t.Helper()
	status, p, err := d.try(method, path, body, into)
	if err != nil {
		d.t.Fatalf("%s %s%s: %v", method, d.base, path, err)
	}
	return status, p
}

func (d driver) try(method, path string, body, into any) (int, problem, error) {
	var p problem
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, p, err
	}
	if body == nil {
		raw = nil
	}
	req, err := http.NewRequest(method, d.base+path, bytes.NewReader(raw))
	if err != nil {
		return 0, p, err
	}
	req.Header = d.head.Clone()
	req.Header.Set("Content-Type", "application/json")
	if d.user != "" {
		req.SetBasicAuth(d.user, d.pass)
	}
	resp, err := wire.Do(req)
	if err != nil {
		return 0, p, err
	}
	defer resp.Body.Close()
	raw, err = io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return resp.StatusCode, p, err
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json"):
		return resp.StatusCode, p, json.Unmarshal(raw, &p)
	case into != nil && resp.StatusCode < 300:
		return resp.StatusCode, p, json.Unmarshal(raw, into)
	}
	return resp.StatusCode, p, nil
}

func (d driver) get(path string, into any) {
	d.t.Helper()
	if status, p := d.send("GET", path, nil, into); status != http.StatusOK {
		d.t.Fatalf("GET %s%s: %d %+v", d.base, path, status, p)
	}
}

// stopAt is one stop of a request.
type stopAt struct {
	EVSE  string    `json:"evse_id"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// stop is at an EVSE for the k-th half hour.
func (w *world) stop(evse string, k int) stopAt {
	start := w.base.Add(time.Duration(k) * 30 * time.Minute)
	return stopAt{evse, start, start.Add(30 * time.Minute)}
}

// book asks for a trip; wait 0 does not wait for its end.
func (d driver) book(policy trip.Policy, wait int, stops ...stopAt) trip.Trip {
	d.t.Helper()
	var t trip.Trip
	status, p := d.with("Prefer", fmt.Sprint("wait=", wait)).send("POST", "/api/v1/trips",
		map[string]any{"vehicle_id": d.user, "stops": stops, "on_conflict": policy}, &t)
	if status != http.StatusCreated {
		d.t.Fatalf("book at %s: %d %+v", d.base, status, p)
	}
	return t
}

// settled waits at this server until the trip is settled or asks.
func (d driver) settled(id string, wait int) trip.Trip {
	d.t.Helper()
	var t trip.Trip
	if status, p := d.with("Prefer", fmt.Sprint("wait=", wait)).send("GET", "/api/v1/trips/"+id, nil, &t); status != http.StatusOK {
		d.t.Fatalf("trip %s at %s: %d %+v", id, d.base, status, p)
	}
	return t
}

func (d driver) history(id string) []trip.Entry {
	d.t.Helper()
	var h []trip.Entry
	d.get("/api/v1/trips/"+id+"/history?limit=500", &h)
	return h
}

// must fails the test when a trip is not in a state.
func must(t *testing.T, got trip.Trip, want trip.State) {
	t.Helper()
	if got.State != want {
		t.Fatalf("trip %s is %s, want %s: %+v", got.ID, got.State, want, got.Problem)
	}
}

// mustHold asserts that a CONFIRMED trip is RESERVED at every company, and one
// that ended otherwise is held nowhere.
func (w *world) mustHold(got trip.Trip) {
	w.t.Helper()
	for _, l := range got.Legs {
		kind, ok := w.companies[string(l.CompanyID)].held(w.t)[string(l.ReservationID)]
		if booked := got.State == trip.Confirmed; ok != booked || booked && kind != "R" {
			w.t.Errorf("trip %s is %s, and its stop at %s is held: %v %s", got.ID, got.State, l.CompanyID, ok, kind)
		}
	}
}
