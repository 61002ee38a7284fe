package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

// recorder makes the trips and keeps what is to be said of them.
type recorder struct {
	*fleet
	ctx    context.Context
	day    time.Time // the hour at which most trips begin, a day from now
	trips  []*made
	others []fixture.Other
}

// made is a trip of the recording.
type made struct {
	fixture.Trip
	at   rest // its driver, at its company
	want string
}

func newRecorder(ctx context.Context, f *fleet) *recorder {
	return &recorder{fleet: f, ctx: ctx, day: time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)}
}

// stop is one stop of a request.
type stop struct {
	Leg   int       `json:"leg,omitempty"`
	EVSE  string    `json:"evse_id"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// evse is the n-th of a company. Most trips have a number of their own, so that
// none is in the way of another.
func evse(company string, n int) string { return fmt.Sprintf("BR*%s*E%04d*1", company, n) }

// hour is the k-th hour of the day on which most trips are.
func (r *recorder) hour(company string, n, k int) stop {
	start := r.day.Add(time.Duration(k) * time.Hour)
	return stop{EVSE: evse(company, n), Start: start, End: start.Add(time.Hour)}
}

// soon is a window that begins shortly.
func soon(company string, n int, in, length time.Duration) stop {
	start := time.Now().UTC().Truncate(time.Second).Add(in)
	return stop{EVSE: evse(company, n), Start: start, End: start.Add(length)}
}

// order is a trip that is to be made.
type order struct {
	name, what, company string
	policy              string
	stops               []stop
	plan, key           string
	// as is another trip whose vehicle this one is for.
	as *made
}

// begin registers a vehicle for a trip, asks for it, and waits until it is
// settled or asks, at most wait seconds (0: for nothing).
func (r *recorder) begin(o order, wait int) *made {
	m := &made{Trip: fixture.Trip{Name: o.name, What: o.what, Company: o.company, Key: o.key}}
	if o.as != nil {
		m.VehicleID, m.Secret = o.as.VehicleID, o.as.Secret
	} else {
		m.VehicleID, m.Secret = r.register(o.company, "EV-"+o.name)
	}
	m.at = rest{base: r.company[o.company].nobody.base, user: m.VehicleID, secret: m.Secret}
	body := map[string]any{"vehicle_id": m.VehicleID, "on_conflict": o.policy, "decision_timeout_seconds": 600}
	if o.plan != "" {
		body["plan_id"] = o.plan
	} else {
		body["stops"] = o.stops
	}
	raw, err := json.Marshal(body)
	check(err)
	at := m.at
	if o.key != "" {
		m.Request, at = raw, at.with("Idempotency-Key", o.key)
	}
	if wait > 0 {
		at = at.with("Prefer", fmt.Sprintf("wait=%d", wait))
	}
	var got struct {
		ID    string `json:"trip_id"`
		State string `json:"state"`
	}
	at.must(r.ctx, http.MethodPost, "/api/v1/trips", json.RawMessage(raw), &got)
	m.TripID, m.State = got.ID, got.State
	r.trips = append(r.trips, m)
	return m
}

// book makes a trip that must be in a state by then.
func (r *recorder) book(state string, o order) *made {
	if o.policy == "" {
		o.policy = "ask"
	}
	m := r.begin(o, 20)
	m.want = state
	if m.State != state {
		check(fmt.Errorf("%s is %s, want %s", o.name, m.State, state))
	}
	return m
}

// run starts a trip that will be in a state when everything ends.
func (r *recorder) run(state string, o order) *made {
	if o.policy == "" {
		o.policy = "ask"
	}
	m := r.begin(o, 0)
	m.want = state
	return m
}

func (r *recorder) register(company, id string) (vehicle, secret string) {
	var got struct {
		VehicleID string `json:"vehicle_id"`
		Secret    string `json:"secret"`
	}
	r.company[company].nobody.must(r.ctx, http.MethodPost, "/api/v1/vehicles", map[string]string{"vehicle_id": id, "model": "byd-dolphin"}, &got)
	return got.VehicleID, got.Secret
}

func (m *made) path(action string) string {
	p := "/api/v1/trips/" + m.TripID
	if action != "" {
		p += "/" + action
	}
	return p
}

// shown is a trip as REST shows it, as far as this program reads it.
type shown struct {
	State string `json:"state"`
	Legs  []struct {
		EVSE    string          `json:"evse_id"`
		State   string          `json:"state"`
		Start   time.Time       `json:"start"`
		Session json.RawMessage `json:"session"`
	} `json:"legs"`
	Decision *struct {
		Alternatives []alternative `json:"alternatives"`
	} `json:"decision"`
	Proposal json.RawMessage `json:"proposal"`
}

type alternative struct {
	ID      string            `json:"alternative_id"`
	Company string            `json:"company_id"`
	EVSE    string            `json:"evse_id"`
	Later   []json.RawMessage `json:"later_stops"`
}

func (r *recorder) see(m *made) shown {
	var s shown
	_, err := m.at.get(r.ctx, m.path(""), &s)
	check(err)
	return s
}

// await polls a trip until it shows something.
func (r *recorder) await(m *made, what string, ok func(shown) bool) {
	r.until(m.Name+" "+what, func() bool { return ok(r.see(m)) })
}

// swap asks for another stop and does not wait for the answer.
func (r *recorder) swap(m *made, leg int, s stop) {
	s.Leg = leg
	go func() { _, _ = m.at.call(r.ctx, http.MethodPost, m.path("swap"), map[string]any{"stop": s}, nil) }()
}

// withLater finds an alternative at another company with which later stops move.
func (r *recorder) withLater(m *made, leg int) alternative {
	var all []alternative
	_, err := m.at.get(r.ctx, fmt.Sprintf("%s?leg=%d", m.path("alternatives"), leg), &all)
	check(err)
	for _, a := range all {
		if a.Company != m.Company && len(a.Later) > 0 {
			return a
		}
	}
	check(fmt.Errorf("%s has no alternative that moves a later stop: %+v", m.Name, all))
	return alternative{}
}

// take asks for an alternative and does not wait for the answer.
func (r *recorder) take(m *made, a alternative) {
	go func() {
		_, _ = m.at.call(r.ctx, http.MethodPost, m.path("swap"), map[string]any{"alternative_id": a.ID}, nil)
	}()
}

// withdraw takes an EVSE out of service.
func (r *recorder) withdraw(company, evse string) {
	r.company[company].operator.must(r.ctx, http.MethodPut, "/api/v1/evses/"+evse+"/status",
		map[string]string{"status": "OUTOFORDER", "reason": "BROKEN_CHARGER"}, nil)
}

// peer calls a company as another one.
func (r *recorder) peer(from, to string) rest {
	return rest{base: r.company[to].nobody.base, token: tokenOf(from)}
}
